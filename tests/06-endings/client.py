"""client.py VERB HOST PORT PID... - clients of echod that know its process, and
ask it to stop when it suits them. Each prints what it saw.

  finish   two lines, and between them SIGTERM, then the signals after PID
  queue    a client that is served, and one that waits; then SIGTERM
  midway   8,000,000 bytes, SIGTERM when half of them are back
  endless  bytes without end, SIGTERM when some are back
  leave    sends without reading until nothing moves, then leaves
These stay until they are killed, and print "ready" when they are served:
  deaf     sends without reading until nothing moves
  silent   a byte, SIGTERM, and no more; says when the end of file came
  drip     a byte and its echo, and SIGTERM each time; resets at the end of file
"""

import os
import random
import select
import signal
import socket
import struct
import sys
import time

verb, host, port, *rest = sys.argv[1:]
pid = int(rest[0]) if rest else 0
data = random.Random(1).randbytes(8_000_000)


def say(text):
    print(text, flush=True)


def connect():
    return socket.create_connection((host, int(port)), timeout=8)


def told(text):
    """Sends text, and says what comes back of it."""
    sock.sendall(text)
    back = b""
    while len(back) < len(text) and (piece := sock.recv(len(text) - len(back))):
        back += piece
    say(f"echo {back.decode()}" if back else "end of file")


def last_word():
    """Half-closes, and says what comes when nothing more should."""
    sock.shutdown(socket.SHUT_WR)
    piece = sock.recv(1)
    say(f"{piece!r} too many" if piece else "end of file")


def refused():
    """Whether echod stops listening, soon."""
    begun = time.monotonic()
    while time.monotonic() < begun + 1:
        try:
            connect().close()
        except ConnectionRefusedError:
            return say("refused")
        except ConnectionResetError:
            pass
        time.sleep(0.005)
    return say("still listening after 1 s")


def finish():
    told(b"one")
    os.kill(pid, signal.SIGTERM)
    refused()
    for name in rest[1:]:
        os.kill(pid, signal.Signals[name])
    told(b"two")
    last_word()


def queue():
    told(b"one")
    waiting = connect()
    waiting.sendall(b"hello?")
    os.kill(pid, signal.SIGTERM)
    try:
        say(f"the one in the queue: {waiting.recv(10)!r}")
    except ConnectionResetError:
        say("the one in the queue: reset")
    refused()
    told(b"two")
    last_word()


def exchange(total, stop_at):
    """Sends and reads side by side, SIGTERM when stop_at bytes are back, up to
    the end of file. Returns how many were sent, and how many came back."""
    sent = got = 0
    while True:
        readable, writable, _ = select.select([sock], [sock] * (sent < total), [], 8)
        if readable:
            piece = sock.recv(65536)
            if piece != part(got, len(piece)):
                raise OSError(f"wrong bytes after {got}")
            if got < stop_at <= got + len(piece):
                os.kill(pid, signal.SIGTERM)
            got += len(piece)
            if not piece:
                return sent, got
        elif writable:
            sent += sock.send(part(sent, min(65536, total - sent)))
            if sent == total:
                sock.shutdown(socket.SHUT_WR)
        else:
            raise OSError(f"nothing for 8 s after {got} bytes")


def midway():
    sent, got = exchange(len(data), len(data) // 2)
    say(f"end of file after {got} bytes of {sent}")


def endless():
    sent, got = exchange(1 << 40, 1_000_000)
    if got < 1_000_000:
        return say(f"end of file after {got} bytes, before any SIGTERM")
    until = time.monotonic() + 0.1
    try:
        while time.monotonic() < until:
            if select.select([], [sock], [], 0.02)[1]:
                sock.send(data[:4096])
    except OSError as error:
        return say(f"end of file, and then: {error.strerror}")
    sock.close()
    return say("end of file")


def part(at, size):
    """That part of an endless repetition of data."""
    at %= len(data)
    return data[at:at + size] + data[:max(0, at + size - len(data))]


def fill():
    """Sends until nothing has moved for a while, reading nothing."""
    while select.select([], [sock], [], 0.2)[1]:
        sock.send(data[:65536])


def leave():
    fill()


def deaf():
    fill()
    say("ready")
    time.sleep(8)


def silent():
    sock.sendall(b"x")
    sock.recv(1)
    say("ready")
    begun = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    piece = sock.recv(1)
    took = int(1000 * (time.monotonic() - begun))
    say(f"{piece!r}" if piece else f"end of file after {took} ms")
    time.sleep(8)


def drip():
    say("ready")
    while sock.send(b"x") and sock.recv(1):
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.02)
    linger = struct.pack("ii", 1, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    sock.close()


VERBS = [finish, queue, midway, endless, leave, deaf, silent, drip]
sock = connect()
if verb in ("midway", "endless", "leave", "deaf"):
    sock.setblocking(False)
try:
    next(act for act in VERBS if act.__name__ == verb)()
except OSError as error:
    say(error.strerror or error)
