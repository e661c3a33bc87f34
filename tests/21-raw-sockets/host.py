#!/usr/bin/env -S python3 -IS
"""host.py - a host that answers echo requests as it is told, packet by packet.

usage: host.py ADDR STEP...

ADDR is an address of this machine (127.0.0.9) in a network of its own, whose
kernel is told to answer no pings itself. The n-th echo request to ADDR gets the
n-th STEP, all further ones the last. A STEP is a list of actions, with commas:
  silent                nothing
  pause MS              a while passes before the next action
  flood                 a wrong answer every 50 ms, for 4 s
  reply [FIELD=VALUE]...               an echo reply, rightly made but for
      from=ADDR  type=N  code=N  ttl=N     these
      id=+N  seq=+N                        added to the request's
      data=+N                              added to the last byte
      cut=N  more=N                        bytes of data missing, or added
      options=N                            bytes of IP options, 4 to 40
      sum=+N                               added to the right checksum
      length=N                             only the first N bytes of all
  error TYPE CODE [FIELD=VALUE]...     an ICMP error, as from a router, with
      from=ADDR  ttl=N  sum=+N  options=N   the same meaning
      id=+N  seq=+N  to=ADDR  proto=N  quoted-type=N  quoted-code=N
      quoted-version=N  quoted-options=N   in what it quotes
      quote=N                              ... and the bytes of it (28)
For each request it prints "sum=ok id=1267 seq=0001 bytes=56 data=ok": the data
that the exercise asks for, or the bytes themselves. First it says "listening on
ADDR:0", for start in tests/lib. Source: raw(7), RFC 791, RFC 792.
"""

import socket
import struct
import sys
import time

ECHO_REPLY, ECHO_REQUEST = 0, 8
IGNORE = "/proc/sys/net/ipv4/icmp_echo_ignore_all"


def checksum(data):
    """RFC 1071, the slow and certain way: divided by 0xffff."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    rest = total % 0xffff
    return 0xffff - rest if rest or not total else 0


def icmp(kind, code, rest, data, change=0):
    """A message with its checksum, or one that is wrong by `change`."""
    right = checksum(struct.pack("!BBH4s", kind, code, 0, rest) + data)
    return struct.pack("!BBH4s", kind, code, (right + change) & 0xffff, rest) + data


def ip(source, target, payload, ttl=64, options=0, proto=socket.IPPROTO_ICMP, version=4):
    """A packet; options is how many bytes of them, each "no operation"."""
    words = 5 + options // 4
    head = struct.pack("!BBHHHBBH4s4s", version << 4 | words, 0, words * 4 + len(payload), 1, 0, ttl,
                       proto, 0, socket.inet_aton(source), socket.inet_aton(target))
    head += b"\x01" * options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


class Request:
    """An echo request to us, taken apart."""

    def __init__(self, packet):
        header = (packet[0] & 15) * 4
        self.asker, self.asked = (socket.inet_ntoa(packet[n:n + 4]) for n in (12, 16))
        self.message = packet[header:]
        self.kind = self.message[0]
        self.ident, self.seq = struct.unpack_from("!HH", self.message, 4)
        self.data = self.message[8:]

    def __str__(self):
        wanted = bytes(i & 255 for i in range(len(self.data)))
        good = "ok" if checksum(self.message) == 0 else "bad"
        data = "ok" if self.data == wanted else self.data[:64].hex()
        return (f"sum={good} id={self.ident:04x} seq={self.seq:04x} "
                f"bytes={len(self.data)} data={data}")

    def numbers(self, fields):
        """Bytes 4 to 7: the id and the number, changed as the fields say."""
        return struct.pack("!HH", (self.ident + fields.get("id", 0)) & 0xffff,
                           (self.seq + fields.get("seq", 0)) & 0xffff)

    def reply(self, fields):
        data = self.data
        if "data" in fields:
            data = data[:-1] + bytes([data[-1] + fields["data"] & 255])
        data = data[:len(data) - fields.get("cut", 0)] + b"\xff" * fields.get("more", 0)
        message = icmp(fields.get("type", ECHO_REPLY), fields.get("code", 0),
                       self.numbers(fields), data, fields.get("sum", 0))
        return ip(fields.get("from", self.asked), self.asker, message[:fields.get("length")],
                  fields.get("ttl", 64), fields.get("options", 0))

    def error(self, kind, code, fields):
        quoted = icmp(fields.get("quoted-type", ECHO_REQUEST), fields.get("quoted-code", 0),
                      self.numbers(fields), self.data)
        quoted = ip(self.asker, fields.get("to", self.asked), quoted, 1,
                    fields.get("quoted-options", 0), fields.get("proto", 1),
                    fields.get("quoted-version", 4))
        end = fields.get("quote", (quoted[0] & 15) * 4 + 8)
        message = icmp(int(kind), int(code), bytes(4), quoted[:end], fields.get("sum", 0))
        return ip(fields.get("from", "127.0.0.2"), self.asker, message,
                  fields.get("ttl", 64), fields.get("options", 0))


def fields_of(words):
    """FIELD=VALUE...: numbers as numbers, addresses as they are."""
    pairs = (word.split("=") for word in words)
    return {name: value if "." in value else int(value) for name, value in pairs}


def act(sock, request, action):
    verb, *words = action.split()
    if verb == "reply":
        packets = [request.reply(fields_of(words))]
    elif verb == "error":
        packets = [request.error(words[0], words[1], fields_of(words[2:]))]
    elif verb == "flood":
        packets = [request.reply({"id": 1})] * 80
    elif verb == "pause":
        packets = []
        time.sleep(int(words[0]) / 1000)
    elif verb == "silent":
        packets = []
    else:
        sys.exit(f"host: no action '{verb}'")
    for packet in packets:
        sock.sendto(packet, (request.asker, 0))
        if verb == "flood":
            time.sleep(0.05)


def main():
    addr, *steps = sys.argv[1:]
    with open(IGNORE, "w", encoding="ascii") as file:
        file.write("1")
    hears = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    speaks = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print(f"listening on {addr}:0", flush=True)
    number = 0
    while True:
        request = Request(hears.recv(65535))
        if request.kind != ECHO_REQUEST or request.asked != addr:
            continue
        print(request, flush=True)
        for action in steps[min(number, len(steps) - 1)].split(","):
            act(speaks, request, action)
        number += 1


if __name__ == "__main__":
    main()
