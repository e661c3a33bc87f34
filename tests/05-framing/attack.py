"""attack.py - conversations with the servers of this lesson, good and bad.

usage: attack.py HOST PORT VERB [ARG]... [++ VERB [ARG]...]...

Exit status 0: all went as the verbs say. 1: it did not; then stdout has a line
with what was expected, one with what came, and perhaps one with the likely
mistake. It never lasts longer than 9 seconds, and waits PATIENCE seconds
(default 5) for an answer.
"""

import array
import fcntl
import io
import os
import signal
import socket
import struct
import sys
import termios
import time

import kv

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "gremlins"))
PATIENCE_S = float(os.environ.get("PATIENCE") or 5)
LINGER_0 = struct.pack("ii", 1, 0)


class Failed(Exception):
    """expected, got, and perhaps the likely mistake."""


def gremlins():
    """tests/gremlins/peer.py. Most conversations do without, and begin sooner."""
    import peer
    return peer


def connect(where):
    sock = socket.create_connection(where, timeout=PATIENCE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def offer(sock, data, end=False):
    """Sends data, and perhaps the end, to a server that may have gone: what has
    come back will tell more than the error."""
    try:
        sock.sendall(data)
        if end:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def wait_until_taken(sock):
    """Until the program has read all that was sent."""
    gremlins().wait_until(gremlins().taken, sock)


def hang_up(sock):
    """With an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    sock.close()


# --- the KV protocol in words ---------------------------------------------------

def text(word):
    """The bytes of a word: "*9" is nine of them, "\\x00" is a NUL."""
    if word.startswith("*"):
        return b"abcdefghijklmno" * (int(word[1:]) // 15) + b"x" * (int(word[1:]) % 15)
    return word.encode().decode("unicode_escape").encode("latin-1")


def to_bytes(words):
    """One frame: GET KEY, SET KEY VALUE, DEL KEY; OK [VALUE], NONE, BAD...;
    frame TYPE BODY; bytes HEX."""
    verb, *rest = words.split(" ")
    if verb == "bytes":
        return bytes.fromhex("".join(rest))
    if verb == "frame":
        return kv.frame(int(rest[0], 0), text(rest[1]) if len(rest) > 1 else b"")
    if verb == "SET":
        return kv.put(*map(text, rest))
    for kind, name in {kv.GET: "GET", kv.DEL: "DEL", **kv.NAMES}.items():
        if name.replace(" ", "-") == verb:
            return kv.frame(kind, b"".join(map(text, rest)))
    raise SystemExit(f"attack: no such frame: '{words}'")


def brief(data):
    """Some bytes as a person can read them."""
    shown = "".join(chr(c) if 32 < c < 127 else f"\\x{c:02x}" for c in data[:24])
    return shown + (f"... ({len(data)} bytes)" if len(data) > 24 else "")


def say(data):
    """A stream of frames in words, as to_bytes() takes them."""
    stream, words = io.BytesIO(data), []
    try:
        while reply := kv.read_reply(stream):
            kind, body = reply
            words.append(f"{kv.NAMES[kind].replace(' ', '-')} {brief(body)}".strip())
    except kv.Broken as error:
        words.append(str(error))
    return ", ".join(words) or "nothing"


def receive(sock, count):
    """So many bytes, or fewer where the stream ends or breaks."""
    data = bytearray()
    try:
        while len(data) < count:
            piece = sock.recv(min(count - len(data), 1 << 20))
            if not piece:
                return bytes(data), "then the end of the stream"
            data += piece
    except socket.timeout:
        return bytes(data), "then nothing more"
    except OSError as error:
        return bytes(data), f"then {error.strerror}"
    return bytes(data), ""


def read_rest(sock, *likely):
    """What comes up to the end of the stream, which must come."""
    data, why = receive(sock, 1 << 30)
    if why != "then the end of the stream":
        raise Failed("the end of the stream", f"{say(data)}, {why}", *likely)
    return data


NOT_CLOSED = "after TOO LONG the server closes, and waits for nothing more from the client"
STALE_ERRNO = ("errno still says EMSGSIZE, of an earlier client: "
               "it means something only where a call has just returned -1")


def compare(got, want, why, context=""):
    if got != want:
        raise Failed(say(want) + context, f"{say(got)}{', ' if why else ''}{why}")


def converse(where, pieces, want, ending="ours"):
    """Sends the pieces, each when the program has read the one before; expects
    the answer, and then the end. "ours": we have ended our side before we read;
    "later": when all has come; "theirs": never."""
    with connect(where) as sock:
        context = f" (cut into {' + '.join(str(len(p)) for p in pieces)})" if len(
            pieces) == 2 else ""
        try:
            if len(pieces) > 1:
                gremlins().send_pieces(sock, b"".join(pieces[:-1]), map(len, pieces))
        except OSError:
            pass
        offer(sock, pieces[-1], end=ending == "ours")
        got, why = receive(sock, len(want))
        compare(got, want, why, context)
        offer(sock, b"", end=ending == "later")
        extra = read_rest(sock, *[NOT_CLOSED] * (ending == "theirs"))
        if extra:
            raise Failed(say(want) + ", and no more" + context, say(want + extra),
                         *[STALE_ERRNO] * (extra == kv.frame(kv.TOO_LONG)))


def split(words):
    """Requests and replies, on either side of "--"."""
    at = words.index("--")
    return ([to_bytes(word) for word in words[:at]],
            b"".join(to_bytes(word) for word in words[at + 1:]))


def talk(where, *words):
    """REQUEST... -- REPLY...: the requests in one piece, then half-close."""
    requests, want = split(words)
    converse(where, [b"".join(requests)], want)


def ends(where, *words):
    """The same, but it is the server who must end the conversation."""
    requests, want = split(words)
    converse(where, [b"".join(requests)], want, ending="theirs")


def cuts(where, *words):
    """The same, cut at every point between two bytes in turn."""
    requests, want = split(words)
    data = b"".join(requests)
    for at in range(1, len(data)):
        converse(where, [data[:at], data[at:]], want)


def drip(where, *words):
    """The same, a byte at a time."""
    requests, want = split(words)
    converse(where, [bytes([byte]) for byte in b"".join(requests)], want)


OTHER_LANGUAGES = {  # the header, and what is added to the length
    (">IB", 0): "the reply comes only at the end: answer each request as soon as it is whole",
    (">IB", 5): "the length counts the header: it is to be that of the body alone",
    ("<IB", 0): "byte order: the length is in the host's, not the network's",
    ("<IB3x", 0): "padding: a struct is copied to or from the wire, 8 bytes and not 5",
    (">IB3x", 0): "padding: a struct is copied to or from the wire, 8 bytes and not 5",
}
TWO_AT_ONCE = ("one request is understood, two at once are not: "
               "read a frame's body before anything is moved over it")


def first_words(where, *words):
    """As talk, but the client waits; where that fails, find out in what other
    language the server would have answered."""
    requests, want = split(words)
    try:
        converse(where, [b"".join(requests)], want, ending="later")
    except Failed as failure:
        if set(failure.args[1].partition(", then")[0].split(", ")) == {"BAD"}:
            raise Failed(*failure.args, "the frames are understood; "
                         "what GET and SET ask for in them is not") from failure
        for (header, added), why in OTHER_LANGUAGES.items():
            with connect(where) as sock:
                offer(sock, struct.pack(header, 7 + added, kv.GET) + b"unknown", end=True)
                got, _ = receive(sock, 64)
            if len(got) == struct.calcsize(header) and got[:5] in (
                    struct.pack(header, length, kv.NONE)[:5] for length in (0, added)):
                early = (header, added) == (">IB", 0) and failure.args[1][:7] != "nothing"
                raise Failed(*failure.args, TWO_AT_ONCE if early else why) from failure
        raise


def announce(where, count, header, want, body="0"):
    """COUNT clients one after the other send HEADER (hex) and BODY bytes, and
    hear WANT, or leave where that is "leave", with an RST where it is "reset"."""
    data = bytes.fromhex(header) + b"x" * int(body)
    for number in range(int(count)):
        with connect(where) as sock:
            offer(sock, data)
            if want in ("leave", "reset"):
                wait_until_taken(sock)
                if want == "reset":
                    hang_up(sock)
                continue
            answer = to_bytes(want)
            got, why = receive(sock, len(answer))
            compare(got, answer, why, f" (client {number + 1})")
            read_rest(sock, NOT_CLOSED)


def pipeline(where, count, words, size):
    """COUNT times the request in WORDS at once, each answered with OK and SIZE
    bytes, which are read slowly enough for all requests to have arrived."""
    data = to_bytes(words) * int(count)
    with connect(where) as sock:
        offer(sock, data)
        peer = gremlins()
        peer.wait_until(lambda s: stuck(s) or peer.taken(s), sock)
        want = int(count) * (kv.HEADER.size + int(size))
        got, why = receive(sock, want)
        if len(got) != want:
            raise Failed(f"{want} bytes of replies", f"{len(got)} bytes {why}")


# --- what any server must survive -----------------------------------------------------

def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


# A request, its reply, and a request whose replies soon fill every buffer.
PROGRAMS = {
    "lines": (b"hello\n", b"line 1: 5 bytes\n", b"\n" * 100_000),
    "tlv": (tlv(1, b"hello"), tlv(1, b"hello"), tlv(1, b"x" * 1000) * 100),
    "trusting": (tlv(1, b"hello"), tlv(1, b"hello"), tlv(1, b"x" * 60_000)),
    "kvd": (kv.get(b"?"), kv.frame(kv.NONE),
            kv.put(b"big", b"x" * 1_000_000) + kv.get(b"big") * 64),
}


def served(sock, program):
    """A good client's request is answered."""
    ask, want, _ = PROGRAMS[program]
    offer(sock, ask)
    got, why = receive(sock, len(want))
    if got != want:
        raise Failed(f"the next client is served: {brief(want)}",
                     f"{brief(got) or 'nothing'}{', ' if why else ''}{why}")


def unread(sock):
    """How many bytes have arrived for us and wait."""
    count = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, count)
    return count[0]


def stuck(sock, quiet_s=0.05):
    """Nothing more arrives: the server waits for us to read."""
    before = unread(sock)
    time.sleep(quiet_s)
    return unread(sock) == before > 0


def overfill(sock, program):
    """Sends requests until the server waits for us to read the replies."""
    flood = PROGRAMS[program][2]
    sock.settimeout(0.1)
    try:
        for _ in range(400):
            sock.sendall(flood)
    except socket.timeout:
        pass  # the buffers are full both ways
    sock.settimeout(PATIENCE_S)
    if not sock.recv(1, socket.MSG_PEEK):
        raise Failed("replies to the requests", "the end of the stream")
    while not stuck(sock):
        pass


def reset(where, program, when):
    """A client resets: before-accept, after-connect, mid-request, mid-reply,
    too-long (before it is told so: sending to it raises SIGPIPE); the next one
    is served."""
    first, second = connect(where), None
    if when in ("before-accept", "too-long"):
        served(first, program)  # and now the server is busy with it
        second = connect(where)
        second.sendall(b"\xff" * 5 if when == "too-long" else PROGRAMS[program][0])
        if when == "too-long":
            second.shutdown(socket.SHUT_WR)
        hang_up(second)
        third = connect(where)
        first.close()
        served(third, program)
        return
    gremlins().wait_until(gremlins().accepted, first)
    if when == "mid-request":
        first.sendall(PROGRAMS[program][0][:-1])
        wait_until_taken(first)
    if when == "mid-reply":
        overfill(first, program)
        first.recv(1)
    hang_up(first)
    with connect(where) as sock:
        served(sock, program)


def silent(where, program):
    """A client says nothing and leaves; the next one waits, and is served."""
    with connect(where) as quiet, connect(where) as sock:
        offer(sock, PROGRAMS[program][0])
        quiet.close()
        want = PROGRAMS[program][1]
        got, why = receive(sock, len(want))
        if got != want:
            raise Failed("the next client is served", f"{brief(got)} {why}")


def deaf(where, program):
    """A client sends requests, never reads, and leaves; the next is served."""
    with connect(where) as sock:
        overfill(sock, program)
    with connect(where) as sock:
        served(sock, program)


def junk(program, seed):
    """Random bytes, then bytes that begin like requests."""
    import random
    dice = random.Random(seed)
    ask = PROGRAMS[program][0]
    yield dice.randbytes(100_000)
    for _ in range(30):
        start = dice.randrange(len(ask) + 1)
        yield ask * dice.randrange(3) + ask[:start] + dice.randbytes(dice.randrange(40))


def garbage(where, program, seed, *files):
    """Clients who send garbage, drawn from SEED and from FILES without their
    first byte, and take any answer; the next one is served."""
    bad = list(junk(program, int(seed)))
    for name in files:
        with open(name, "rb") as file:
            bad.append(file.read()[1:])
    for data in bad:
        with connect(where) as sock:
            offer(sock, data, end=True)
            receive(sock, 1 << 30)
    with connect(where) as sock:
        served(sock, program)


def many(where, program, count):
    """COUNT clients one after the other, each served."""
    for _ in range(int(count)):
        with connect(where) as sock:
            served(sock, program)


# --- memory ---------------------------------------------------------------------------

marks = {}


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        rows = [line.split() for line in status if line.startswith("Vm")]
    return {name.rstrip(":"): int(kb) for name, kb, _ in rows}


def mark(_where, pid):
    """Remember how much memory that process has."""
    marks[pid] = memory(pid)


def grown(_where, pid, field, limit):
    """Since then that has grown by less than LIMIT kB."""
    growth = memory(pid)[field] - marks[pid][field]
    if growth >= int(limit):
        raise Failed(f"{field} grows by less than {limit} kB", f"it grew by {growth} kB")


VERBS = {
    "talk": talk, "ends": ends, "cuts": cuts, "drip": drip,
    "first-words": first_words, "announce": announce, "pipeline": pipeline,
    "reset": reset, "silent": silent, "deaf": deaf, "garbage": garbage,
    "many": many, "mark": mark, "grown": grown,
}


def too_long(_signal, _frame):
    raise Failed("it is done within 9 s", "it is not")


def main():
    where, verbs = tuple(sys.argv[1:3]), sys.argv[3:]
    if not verbs:
        sys.exit(__doc__)
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(9)
    try:
        while verbs:
            end = verbs.index("++") if "++" in verbs else len(verbs)
            VERBS[verbs[0]](where, *verbs[1:end])
            verbs = verbs[end + 1:]
    except Failed as failure:
        print("\n".join(failure.args))
        return 1
    except OSError as error:
        print(f"a connection that holds\n{error.strerror or error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
