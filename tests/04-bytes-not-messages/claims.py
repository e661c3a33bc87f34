"""claims.py CLAIM [PORT] - what the chapter says, as assertions.

Silent and 0 where it is so; an AssertionError where it is not. "deaf PORT" is
a client of the server there that sends until nothing more goes, never reads,
and leaves.
"""

import select
import signal
import socket
import sys
import threading

MEGABYTE = 1_000_000
LIMIT = 5


def pair():
    """Two ends of one TCP connection over the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname(), timeout=LIMIT)
        other, _ = listener.accept()
    other.settimeout(LIMIT)
    return one, other


def fill(sock):
    """Sends until nothing has gone for 0.2 s; how many bytes that were."""
    sock.setblocking(False)
    sent = 0
    while select.select([], [sock], [], 0.2)[1]:
        sent += sock.send(b"x" * 100_000)
    return sent


def deaf(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", int(port)))
    print(fill(sock))
    sock.close()


def stalls():
    one, _ = pair()
    sent = fill(one)
    assert MEGABYTE < sent < 50 * MEGABYTE, sent


def interrupt_after(seconds):
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def partial_send():
    one, _ = pair()
    one.setblocking(True)
    interrupt_after(0.2)
    sent = one.send(bytes(64 * MEGABYTE))
    assert MEGABYTE < sent < 50 * MEGABYTE, sent


def waitall():
    one, other = pair()
    other.setblocking(True)
    one.sendall(b"seat")
    interrupt_after(0.2)
    assert other.recv(8, socket.MSG_WAITALL) == b"seat"  # the signal
    one.sendall(b" 1")
    one.shutdown(socket.SHUT_WR)
    assert other.recv(8, socket.MSG_WAITALL) == b" 1"  # the end of file
    one, other = pair()  # with a timeout, Python does not let it wait
    one.sendall(b"seat")
    assert other.recv(8, socket.MSG_WAITALL) == b"seat"
    other.setblocking(True)
    one.sendall(b"seat")
    threading.Timer(0.1, one.sendall, [b" 12A"]).start()
    assert other.recv(8, socket.MSG_WAITALL) == b"seat 12A"


def python():
    one, other = pair()  # sendall() is a loop
    counts = []

    def read():
        while piece := other.recv(65536):
            counts.append(len(piece))
    reader = threading.Thread(target=read)
    reader.start()
    one.sendall(bytes(16 * MEGABYTE))
    one.close()
    reader.join()
    assert sum(counts) == 16 * MEGABYTE and len(counts) > 1

    one, other = pair()  # makefile().read(n) is recv_full
    stream = other.makefile("rb")
    one.sendall(b"seat")
    threading.Timer(0.1, one.sendall, [b" 12Aseat 07C"]).start()
    assert stream.read(8) == b"seat 12A"
    # ... with a buffer of its own, where the socket's next bytes now are
    other.setblocking(False)
    try:
        assert not other.recv(8), "recv() has found more"
    except BlockingIOError:
        pass
    other.settimeout(LIMIT)
    assert stream.read(8) == b"seat 07C"
    one.sendall(b"seat")
    one.shutdown(socket.SHUT_WR)
    assert stream.read(8) == b"seat"

    one, other = pair()  # a character may be cut in two
    one.sendall("é".encode()[:1])
    try:
        other.recv(100).decode()
        raise AssertionError("half a character was decoded")
    except UnicodeDecodeError:
        pass


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
