#!/usr/bin/env -S python3 -IS
"""udp-peer.py - the other end of an exchange of datagrams.

usage: udp-peer.py ask HOST PORT [--replies N] [--timeout SECONDS] [--watch PID]
                       DATAGRAM...
       udp-peer.py serve [--bind ADDR] [STEP...]

ask sends each DATAGRAM from one socket, waits for N replies (1), and prints
each on a line of its own, in the form below. Exit status: 0, or 1 with one line
on stderr when fewer came in time (5 s), or when process PID has ended.

serve prints "listening on ADDR:PORT". For each datagram that comes it prints
"MS BYTES", the milliseconds since the first one and what it held, and takes
the next STEP; the last one is repeated. A STEP is actions with "," between them:
  silent          nothing
  reply BYTES     an answer
  stranger BYTES  the same, from another port
  flood BYTES     an answer every 50 ms from now on
It runs until a signal ends it.

DATAGRAM and BYTES are words: 0a1b two bytes, 00*500 a byte 500 times, "text the
letters text, @2:6 bytes 2 to 5 of what has come, ~2:6 the same with every bit
turned (both for serve). No word at all is an empty datagram. What is printed
has the first two kinds only, with more than 8 equal bytes as one word.
"""

import argparse
import itertools
import select
import socket
import struct
import sys
import threading
import time

SO_TIMESTAMPNS = 35  # the kernel says when a datagram came: we may be late


def to_bytes(words, came=b""):
    data = b""
    for word in words.split():
        if word.startswith('"'):
            data += word[1:].encode()
        elif word[0] in "@~":
            first, last = word[1:].split(":")
            turn = 0xFF if word[0] == "~" else 0
            data += bytes(byte ^ turn for byte in came[int(first):int(last)])
        else:
            digits, _, count = word.partition("*")
            data += bytes.fromhex(digits) * int(count or 1)
    return data


def show(data):
    """As to_bytes() reads it; more than 8 equal bytes become one word."""
    runs = ((f"{byte:02x}", len(list(run))) for byte, run in itertools.groupby(data))
    return " ".join(f"{byte}*{count}" if count > 8 else " ".join([byte] * count)
                    for byte, count in runs)


def has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def ask(args):
    target = socket.getaddrinfo(args.host, args.port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(target[0], socket.SOCK_DGRAM)
    for words in args.datagrams:
        sock.sendto(to_bytes(words), target[4])
    end, count = time.monotonic() + args.timeout, 0
    while count < args.replies:
        ended = args.watch and has_ended(args.watch)
        if select.select([sock], [], [], 0 if ended else 0.05)[0]:
            print(show(sock.recv(65535)))
            count += 1
        elif ended:
            sys.exit(f"udp-peer ask: {count} of {args.replies} replies, and the server has ended")
        elif time.monotonic() > end:
            sys.exit(f"udp-peer ask: {count} of {args.replies} replies in time")


def flood(sock, data, client):
    while True:
        time.sleep(0.05)
        try:
            sock.sendto(data, client)
        except OSError:
            pass  # the client has gone


def act(action, sock, stranger, came, client):
    verb, _, words = action.strip().partition(" ")
    data = to_bytes(words, came)
    if verb == "reply":
        sock.sendto(data, client)
    elif verb == "stranger":
        stranger.sendto(data, client)
    elif verb == "flood":
        threading.Thread(target=flood, args=(sock, data, client), daemon=True).start()
    elif verb != "silent":
        sys.exit(f"udp-peer serve: no action '{verb}'")


def serve(args):
    family = socket.AF_INET6 if ":" in args.bind else socket.AF_INET
    sock, stranger = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
    sock.bind((args.bind, 0))
    stranger.bind((args.bind, 0))
    host = f"[{args.bind}]" if ":" in args.bind else args.bind
    print(f"listening on {host}:{sock.getsockname()[1]}", flush=True)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    steps, start = args.steps or ["silent"], None
    while True:
        came, extra, _, client = sock.recvmsg(65535, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        arrived = seconds * 1000 + nanoseconds // 1000000
        start = start or arrived
        print(f"{arrived - start} {show(came)}", flush=True)
        for action in steps[0].split(","):
            act(action, sock, stranger, came, client)
        if len(steps) > 1:
            steps.pop(0)


def main():
    parser = argparse.ArgumentParser(
        prog="udp-peer", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    verb = verbs.add_parser("ask")
    verb.set_defaults(function=ask)
    verb.add_argument("host")
    verb.add_argument("port")
    verb.add_argument("--replies", type=int, default=1)
    verb.add_argument("--timeout", type=float, default=5)
    verb.add_argument("--watch", type=int, metavar="PID")
    verb.add_argument("datagrams", nargs="+")
    verb = verbs.add_parser("serve")
    verb.set_defaults(function=serve)
    verb.add_argument("--bind", default="127.0.0.1")
    verb.add_argument("steps", nargs="*")
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
