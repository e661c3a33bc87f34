#!/usr/bin/env -S python3 -IS
"""tls-peer.py - a TLS server with good or bad manners.

usage: tls-peer.py DIR [--bind ADDR] [--port N] STEP...
       tls-peer.py DIR [--bind ADDR] [--port N] --steps FILE

It prints "listening on ADDR:PORT" and then serves one client after the other,
each as the next STEP says; the last one is repeated. In FILE each line is a
STEP; when FILE is another one than before (mv puts it there), the next client
is its first. A STEP is words, of which only the first has to be there:
  CASE           the certificate DIR/CASE.pem and DIR/CASE.key (see certs), or
                 "plain": no TLS at all
  NAME=CASE      another certificate for clients that ask for NAME (SNI)
  tls1.1         only that version; also tls1.2, tls1.3
  head:TEXT      what the reply begins with, in place of HTTP/1.0 200 OK and an
                 empty line; knows \\r, \\n, \\s (a space) and \\xHH
  body:TEXT      what comes then, in place of hello and a newline
  file:PATH      the same, from a file
  drip           each byte of the reply in a record of its own
and the ending, after the reply:
  notify         close_notify and end of file; this is what happens otherwise
  cut            end of file without close_notify
  reset          an RST
  forge          a record that was made without the keys, then as with hold
  hold           nothing, until the client has closed the connection
For each client it then prints a line:
  N sni=NAME VERSION got='REQUEST' end=END
NAME is "-" for a client that asked for none. REQUEST is up to its empty line,
as Python writes it. END is how the client left: "notify" (close_notify), "cut"
(end of file without it), "reset", "unasked" (with the reply not yet due), or
"failed: REASON" for a handshake that failed; the fields before it that are not
known are left out. It runs until a signal ends it.
"""

import argparse
import os
import select
import socket
import ssl
import struct
import sys
import warnings

VERSIONS = {"tls1.1": ssl.TLSVersion.TLSv1_1, "tls1.2": ssl.TLSVersion.TLSv1_2,
            "tls1.3": ssl.TLSVersion.TLSv1_3}
ENDINGS = ("notify", "cut", "reset", "forge", "hold")
FORGED = b"\x17\x03\x03\x00\x20" + bytes(32)  # application data, of 32 bytes
SECONDS = 6  # for a client that does not go on


def unescape(text):
    return text.replace("\\s", " ").encode("latin-1").decode("unicode_escape").encode("latin-1")


class Steps:
    """The STEPs of the command line, or of a file that may be replaced."""

    def __init__(self, steps, file, folder):
        self.file, self.folder, self.stamp = file, folder, None
        self.begin(steps)

    def begin(self, steps):
        self.steps, self.count = [Step(text, self.folder) for text in steps], 0

    def next(self):
        if self.file:
            found = os.stat(self.file)
            if self.stamp != (found.st_ino, found.st_mtime_ns):
                self.stamp = found.st_ino, found.st_mtime_ns
                with open(self.file) as file:
                    self.begin(file.read().splitlines())
        self.count += 1
        return self.steps[min(self.count, len(self.steps)) - 1]


class Step:
    def __init__(self, text, folder):
        self.case, *words = text.split()
        self.folder, self.others, self.version = folder, {}, None
        self.head, self.body = b"HTTP/1.0 200 OK\r\n\r\n", b"hello\n"
        self.drip, self.ending, self.sni = False, "notify", "-"
        for word in words:
            self.take(word)

    def take(self, word):
        name, _, text = word.partition(":")
        if word in VERSIONS:
            self.version = VERSIONS[word]
        elif word in ENDINGS:
            self.ending = word
        elif word == "drip":
            self.drip = True
        elif name == "head":
            self.head = unescape(text)
        elif name == "body":
            self.body = unescape(text)
        elif name == "file":
            with open(text, "rb") as file:
                self.body = file.read()
        elif "=" in word:
            host, _, case = word.partition("=")
            self.others[host] = case
        else:
            sys.exit(f"tls-peer.py: what is '{word}'? See --help")

    def context(self, case):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/{case}.pem", f"{self.folder}/{case}.key")
        context.minimum_version = self.version or ssl.TLSVersion.TLSv1_2
        if self.version:
            context.maximum_version = self.version
        if self.version == ssl.TLSVersion.TLSv1_1:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        return context

    def greeted(self, sock, name, _context):
        """The client has said hello, and perhaps whom it wants."""
        self.sni = name or "-"
        if name in self.others:
            sock.context = self.context(self.others[name])


def end_of(conn):
    """Waits until the client leaves; how it did."""
    try:
        while True:
            try:
                if not conn.recv(4096):
                    return "cut" if not isinstance(conn, ssl.SSLSocket) else "notify"
            except ssl.SSLZeroReturnError:
                return "notify"
    except ssl.SSLEOFError:
        return "cut"
    except (ConnectionError, ssl.SSLError):
        return "reset"


def request_of(conn):
    """What came up to an empty line, and how the client left before that."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        try:
            piece = conn.recv(4096)
        except (OSError, ssl.SSLError) as why:
            return request, f"unasked: {getattr(why, 'reason', None) or why}"
        if not piece:
            return request, "unasked"
        request += piece
    return request, ""


def converse(conn, step):
    """A request, the reply, the ending; what there is to say of it."""
    request, left = request_of(conn)
    said = f"got={request.decode('latin-1')!r}" if request else ""
    if left:
        return f"{said} end={left}".strip()
    reply = step.head + step.body
    try:
        for piece in ([bytes([byte]) for byte in reply] if step.drip else [reply]):
            conn.sendall(piece)
        if step.ending == "notify" and isinstance(conn, ssl.SSLSocket):
            conn.settimeout(SECONDS)
            conn = conn.unwrap()
            return f"{said} end=notify"
        if step.ending == "cut":
            conn.shutdown(socket.SHUT_WR)
        if step.ending == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return said
        if step.ending == "forge":
            os.write(conn.fileno(), FORGED)
        end = end_of(conn)
        select.select([conn.fileno()], [], [], SECONDS)  # for TCP's end
        return f"{said} end={end}"
    except (OSError, ssl.SSLError) as why:
        return f"{said} end={'cut' if isinstance(why, ssl.SSLEOFError) else 'reset'}"


def serve(sock, step):
    sock.settimeout(SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a reset drops what waits
    if step.case == "plain":
        sock.sendall(b"220 this is no TLS\r\n")
        return f"end={end_of(sock)}"
    context = step.context(step.case)
    context.sni_callback = step.greeted
    try:
        conn = context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
    except (OSError, ssl.SSLError) as why:
        return f"sni={step.sni} end=failed: {getattr(why, 'reason', None) or why}"
    with conn:
        return f"sni={step.sni} {conn.version()} {converse(conn, step)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir")
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--steps")
    parser.add_argument("step", nargs="*")
    args = parser.parse_intermixed_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # that TLS 1.1 is old is the point
    if bool(args.steps) == bool(args.step):
        parser.error("either STEPs or --steps FILE")
    steps = Steps(args.step, args.steps, args.dir)
    family = socket.AF_INET6 if ":" in args.bind else socket.AF_INET
    listener = socket.create_server((args.bind, args.port), family=family)
    port = listener.getsockname()[1]
    host = f"[{args.bind}]" if ":" in args.bind else args.bind
    print(f"listening on {host}:{port}", flush=True)
    while True:
        sock = listener.accept()[0]
        step = steps.next()
        step.sni = "-"
        with sock:
            print(steps.count, serve(sock, step), flush=True)


if __name__ == "__main__":
    main()
