"""kv.py - a client of the KV protocol, written from its specification alone:
the chapter lessons/05-framing, "The KV protocol".

usage: kv.py HOST PORT REQUEST...
  REQUEST   "get KEY", "set KEY VALUE" or "del KEY"; KEY without a space
Prints one line for each reply: its name, and the value that it brought.
Exit status: 0, or 1 when the server broke the protocol or hung up.
"""

import socket
import struct
import sys

HEADER = struct.Struct(">IB")  # the body's length, the type; no padding
MAX_BODY = 1_048_576
GET, SET, DEL = 0x01, 0x02, 0x03
OK, NONE, BAD, TOO_LONG, FULL = 0x80, 0x81, 0x82, 0x83, 0x84
NAMES = {OK: "OK", NONE: "NONE", BAD: "BAD", TOO_LONG: "TOO LONG", FULL: "FULL"}


class Broken(Exception):
    """The server did not keep to the protocol, or has gone."""


def frame(kind, body=b""):
    return HEADER.pack(len(body), kind) + body


def get(key):
    return frame(GET, key)


def put(key, value):
    return frame(SET, bytes([len(key)]) + key + value)


def delete(key):
    return frame(DEL, key)


def read_exactly(stream, count, what):
    data = stream.read(count)
    if len(data) < count:
        raise Broken(f"end of stream after {len(data)} of the {count} bytes of {what}")
    return data


def read_reply(stream):
    """(type, body) of the next reply; None where the stream ends before it."""
    first = stream.read(1)
    if not first:
        return None
    rest = read_exactly(stream, HEADER.size - 1, "a header")
    length, kind = HEADER.unpack(first + rest)
    if kind not in NAMES or length > MAX_BODY or (length and kind != OK):
        raise Broken(f"the header {(first + rest).hex(' ')} of no reply")
    return kind, read_exactly(stream, length, "a body")


def request(words):
    verb, *rest = words.encode().split(b" ", 2)
    if verb == b"get" and len(rest) == 1:
        return get(rest[0])
    if verb == b"set" and len(rest) == 2:
        return put(*rest)
    if verb == b"del" and len(rest) == 1:
        return delete(rest[0])
    sys.exit(f"kv: not a request: '{words}'\n{__doc__}")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    requests = [request(words) for words in sys.argv[3:]]
    with socket.create_connection(sys.argv[1:3], timeout=8) as sock:
        stream = sock.makefile("rb")
        for data in requests:
            sock.sendall(data)
            reply = read_reply(stream)
            if reply is None:
                raise Broken("end of stream in place of a reply")
            kind, body = reply
            print(f"{NAMES[kind]} {body.decode(errors='replace')}".rstrip())


if __name__ == "__main__":
    try:
        main()
    except (Broken, OSError) as error:
        sys.exit(f"kv: {error}")
