"""peer.py - the other end of a connection, with good or with bad manners.

usage: peer.py VERB HOST PORT [options]        (peer.py VERB --help)

One verb, one process, one job. Exit status 0: it went as the verb says. 1: it
did not, and one line on stderr says what happened instead; what had arrived by
then is on stdout all the same. 2: bad usage. No verb lasts longer than
--timeout seconds (8). TEXT knows \\n, \\r, \\t, \\0, \\xHH and \\\\.
"""

import argparse
import fcntl
import hashlib
import pathlib
import random
import signal
import socket
import struct
import sys
import threading
import time

SIOCOUTQ = 0x5411  # how many bytes the other kernel has not acknowledged
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST = 4, 20, 1
ESTABLISHED, SYN_RECV, LISTEN = 1, 3, 10


class Failed(Exception):
    """What happened instead."""


def to_bytes(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def connect(args, rcvbuf=0):
    family, kind, _, _, address = socket.getaddrinfo(
        args.host, args.port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind)
    if rcvbuf:  # now: connecting settles how large the window may grow
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    sock.connect(address)
    return sock


def far_end(sock):
    """State, unread bytes and inode of the other side's socket. None: it is
    gone, or in another network. Source: sock_diag(7), as ss uses it."""
    try:
        ends = sock.getpeername(), sock.getsockname()
    except OSError:
        return None  # reset
    addresses = [socket.inet_pton(sock.family, end[0]) for end in ends]
    request = struct.pack(
        "=IHHIIBBBxIHH16s16sIII", 72, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST,
        0, 0, sock.family, socket.IPPROTO_TCP, 0, 0xFFFFFFFF,
        *(socket.htons(end[1]) for end in ends), *addresses, 0, *[0xFFFFFFFF] * 2)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as ask:
        ask.send(request)
        answer = ask.recv(4096)
    if struct.unpack_from("H", answer, 4)[0] != SOCK_DIAG_BY_FAMILY:
        return None
    state, unread, inode = struct.unpack_from("=xB54xI8xI", answer, 16)
    return None if state == LISTEN else (state, unread, inode)


def accepted(sock):
    """Has the program, not just its kernel, taken the connection?"""
    end = far_end(sock)
    return end is None or end[0] not in (ESTABLISHED, SYN_RECV) or end[2] != 0


def taken(sock):
    """Has the program read all that was sent? Or never will."""
    unacknowledged, = struct.unpack("i", fcntl.ioctl(sock, SIOCOUTQ, bytes(4)))
    end = far_end(sock)
    return end is None or end[1] == unacknowledged == 0


def wait_until(condition, sock):
    while not condition(sock):
        time.sleep(0.0002)


class Reader(threading.Thread):
    """Reads to the end of file beside whoever sends: both may talk at once."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock, self.data, self.error = sock, bytearray(), None
        self.start()

    def run(self):
        try:
            while piece := self.sock.recv(65536):
                self.data += piece
        except OSError as error:
            self.error = error


def show(data, digest=False):
    if digest:
        data = f"{len(data)} {hashlib.sha256(data).hexdigest()}\n".encode()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def send_pieces(sock, data, sizes):
    """Each piece is a segment, sent when the program has read the one before;
    what the sizes leave over is the last."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data:
        size = next(sizes, len(data))
        sock.sendall(data[:size])
        wait_until(taken, sock)
        data = data[size:]


def talk(args, data, shutdown=True, sizes=None):
    """Sends data, and shows what comes back up to end of file."""
    sock = connect(args)
    reader, broken = Reader(sock), None
    try:
        if sizes:
            send_pieces(sock, data, sizes)
        else:
            sock.sendall(data)
        if shutdown:
            sock.shutdown(socket.SHUT_WR)
    except OSError as error:
        broken = f"{error.strerror} while sending"  # yet an answer may be there
    try:
        reader.join()
    finally:
        show(reader.data, args.digest)
    if reader.error:
        broken = f"{reader.error.strerror} after {len(reader.data)} bytes of reply"
    if broken:
        raise Failed(broken)


def get(args):
    """Read to end of file; send nothing."""
    talk(args, b"", shutdown=False)


def send(args):
    """Send TEXT or stdin, close at once, read nothing."""
    with connect(args) as sock:
        sock.sendall(to_bytes(args.send) or sys.stdin.buffer.read())


def exchange(args):
    """Send TEXT or stdin, half-close, read to end of file."""
    data = to_bytes(args.send) or sys.stdin.buffer.read()
    sizes = iter(lambda: args.drip, 0) if args.drip else args.chunks
    talk(args, data, not args.no_shutdown, sizes)


def half_close(args):
    """Send TEXT or nothing, half-close, read to end of file."""
    talk(args, to_bytes(args.send))


def flood(args):
    """Send random bytes, half-close, read to end of file."""
    data = random.Random(args.seed).randbytes(args.bytes)
    if args.keep:
        pathlib.Path(args.keep).write_bytes(data)
    talk(args, data)


def garbage(args):
    """The same, but any ending in time is a fair answer."""
    try:
        flood(args)
    except (Failed, ConnectionError) as error:
        if str(error) == TOO_LONG:
            raise


def many(args):
    """COUNT connections one after the other, each as with half-close, or as
    with get if there is no TEXT."""
    for number in range(1, args.count + 1):
        try:
            talk(args, to_bytes(args.send), shutdown=args.send != "")
        except (Failed, OSError) as error:
            raise Failed(f"connection {number} of {args.count}: {error}") from error


def slow_read(args):
    """Read to end of file, in small pieces; print BYTES SHA256."""
    sock = connect(args, args.rcvbuf)
    sock.sendall(to_bytes(args.send))
    data = bytearray()
    try:
        while piece := sock.recv(args.chunk):
            data += piece
            time.sleep(args.pause_ms / 1000)
    finally:
        show(data, digest=True)


def reset(args):
    """Hang up with an RST: while the connection waits for accept(), after
    that, when TEXT has been read, or after some bytes of the reply."""
    sock = connect(args)
    sock.sendall(to_bytes(args.send))
    if args.when == "before-accept" and accepted(sock):
        raise Failed("accepted before the reset: freeze the program first")
    if args.when != "before-accept":
        wait_until(accepted, sock)
    if args.when == "mid-request":
        wait_until(taken, sock)
    if args.when == "mid-reply":
        got = len(sock.recv(args.after_bytes, socket.MSG_WAITALL))
        if got < args.after_bytes:
            raise Failed(f"end of file after {got} bytes of reply")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def unread(args):
    """Send TEXT, wait for an answer, close without reading it: an RST."""
    sock = connect(args)
    sock.sendall(to_bytes(args.send))
    if not sock.recv(1, socket.MSG_PEEK):
        raise Failed("end of file before any answer that could stay unread")
    sock.close()


def stall(args):
    """Send TEXT or nothing, print "connected", read nothing until stdin ends."""
    with connect(args, args.rcvbuf) as sock:
        sock.sendall(to_bytes(args.send))
        print("connected", flush=True)
        sys.stdin.buffer.read()


OPTIONS = {
    "after-bytes": dict(type=int, default=1, metavar="N", help="of the reply"),
    "bytes": dict(type=int, required=True, metavar="N"),
    "chunk": dict(type=int, default=4096, metavar="N", help="bytes read at a time"),
    "chunks": dict(type=lambda text: map(int, text.split(",")), metavar="N,N...",
                   help="bytes of each segment; the rest follows in one"),
    "digest": dict(action="store_true", help="print BYTES SHA256 of the reply"),
    "drip": dict(type=int, metavar="N", help="bytes of each segment"),
    "keep": dict(metavar="FILE", help="the bytes that are sent go there, too"),
    "no-shutdown": dict(action="store_true", help="do not half-close"),
    "pause-ms": dict(type=float, default=0, metavar="MS", help="after each chunk"),
    "rcvbuf": dict(type=int, default=0, metavar="N", help="SO_RCVBUF"),
    "seed": dict(type=int, default=1, metavar="N"),
    "send": dict(default="", metavar="TEXT"),
    "when": dict(default="after-connect", choices=[
        "before-accept", "after-connect", "mid-request", "mid-reply"]),
}
VERBS = {
    "get": (get, "digest"),
    "send": (send, "send"),
    "exchange": (exchange, "send drip chunks no-shutdown digest"),
    "half-close": (half_close, "send digest"),
    "flood": (flood, "bytes seed keep digest"),
    "garbage": (garbage, "bytes seed keep digest"),
    "many": (many, "send digest"),
    "slow-read": (slow_read, "send chunk pause-ms rcvbuf"),
    "reset": (reset, "when send after-bytes"),
    "unread": (unread, "send"),
    "stall": (stall, "send rcvbuf"),
    "silent": (stall, "send rcvbuf"),
}
TOO_LONG = "not done in time"


def read_arguments():
    parser = argparse.ArgumentParser(prog="peer", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB", dest="name")
    for name, (function, options) in VERBS.items():
        verb = verbs.add_parser(name, description=function.__doc__)
        verb.set_defaults(function=function)
        verb.add_argument("host")
        verb.add_argument("port")
        if function is many:
            verb.add_argument("count", type=int)
        verb.add_argument("--timeout", type=float, default=8, metavar="SECONDS")
        for option in options.split():
            verb.add_argument("--" + option, **OPTIONS[option])
    return parser.parse_args()


def too_long(_signal, _frame):
    raise Failed(TOO_LONG)


def main():
    args = read_arguments()
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, args.timeout)
    try:
        args.function(args)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except (Failed, OSError) as error:
        sys.exit(f"peer {args.name}: {getattr(error, 'strerror', None) or error}")


if __name__ == "__main__":
    main()
