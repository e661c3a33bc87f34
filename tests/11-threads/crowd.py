"""crowd.py VERB HOST PORT PID [ARG]... - clients of countd that one line of
shell cannot be. Each prints what it saw.

  exact CLIENTS TIMES   all have sent TIMES times INCR, and GET behind every
                        tenth, before the server, which stood still, goes on
  slow                  one client never reads its answers, while others talk
  drain                 SIGTERM comes when a server that could send no more had
                        received more requests than it had answered; two more
                        signals change nothing, and 0.4 s later the client reads
  ending                SIGTERM, with a client that is silent, one that never
                        reads, three that leave later, and one that never stops
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import termios
import threading
import time

verb, host, port, pid, *rest = sys.argv[1:]
LIMIT_S = 2
PING = b"*1\r\n$4\r\nPING\r\n"
INCR = b"*2\r\n$4\r\nINCR\r\n$4\r\nhits\r\n"
GET = b"*2\r\n$3\r\nGET\r\n$4\r\nhits\r\n"


def client(rcvbuf=None):
    sock = socket.socket()
    if rcvbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    sock.settimeout(8)
    sock.connect((host, int(port)))
    return sock


def ask(sock, request, what=""):
    """The one line that answers the request."""
    sock.sendall(request)
    answer = b""
    try:
        while not answer.endswith(b"\n"):
            piece = sock.recv(4096)
            if not piece:
                give_up(f"end of file after {what or request!r}")
            answer += piece
    except TimeoutError:
        give_up(f"no answer to {what or request!r} within 8 s")
    except ConnectionError as error:
        give_up(f"{what or request!r}: {error.strerror}")
    return answer


def give_up(text):
    print(text)
    sys.exit()


def greet(sock):
    if ask(sock, PING) != b"+PONG\r\n":
        give_up("no +PONG")


def greeted(count):
    """So many clients, each of which has a thread by now."""
    socks = [client() for _ in range(count)]
    for sock in socks:
        greet(sock)
    return socks


def state(of):
    """The letter of a process or a thread of it; Z as well when it has gone:
    open() says ENOENT then, and read() of a file opened just before ESRCH."""
    try:
        with open(f"/proc/{of}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2][1]
    except OSError:
        return "Z"


def stand_still():
    os.kill(int(pid), signal.SIGSTOP)
    for thread in os.listdir(f"/proc/{pid}/task"):
        while state(f"{pid}/task/{thread}") not in "TZX":
            time.sleep(0.002)


def go_on():
    os.kill(int(pid), signal.SIGCONT)


def until_end(sock):
    """All that comes, to the end of file."""
    got = []
    try:
        while piece := sock.recv(1 << 20):
            got.append(piece)
    except TimeoutError:
        give_up(f"no end of file within 8 s, after {len(b''.join(got))} bytes")
    except ConnectionResetError:
        got.append(b" and a reset")
    return b"".join(got)


def exact(clients, times):
    socks = greeted(clients)
    stand_still()
    for sock in socks:
        sock.sendall((INCR * 10 + GET) * (times // 10))
    go_on()
    seen = []
    for sock in socks:
        file = sock.makefile("rb")
        mine = []  # of ten INCR, and a GET
        try:
            for i in range(times // 10 * 12):
                line = file.readline()
                if i % 12 != 10:
                    mine.append(int(line.removeprefix(b":")))
        except TimeoutError:
            give_up("not all were answered within 8 s")
        except ValueError:
            give_up(f"{line!r}, which is no number")
        if mine != sorted(mine):
            give_up("a client's answers do not ascend")
        del mine[10::11]  # what GET said
        seen += mine
    total = clients * times
    value = ask(socks[0], INCR)
    if value != b":%d\r\n" % (total + 1):
        give_up(f"after {total} INCR the next gave {value.decode().strip()[1:]}")
    if sorted(seen) != list(range(1, total + 1)):
        give_up(f"the total is right, but {total - len(set(seen))} answers were given twice")
    print(f"{total} INCR, {total} numbers, each once")


def stalled(count=1):
    """Clients that ask and never read, until the server waits for them."""
    socks = [client(4096) for _ in range(count)]
    quiet_since = time.monotonic()
    for sock in socks:
        sock.setblocking(False)
    while time.monotonic() < quiet_since + 0.3:
        for sock in socks:
            try:
                sock.send(b"x\n" * 20_000)
                quiet_since = time.monotonic()
            except BlockingIOError:
                pass
        time.sleep(0.01)
    return socks


def slow():
    other, = greeted(1)
    kept, = stalled()
    worst = 0
    for request in [PING, INCR] * 50:
        begun = time.monotonic()
        ask(other, request, "a request beside the slow client")
        worst = max(worst, time.monotonic() - begun)
    begun = time.monotonic()
    greeted(1)
    worst = max(worst, time.monotonic() - begun)
    kept.close()
    print("nobody waited" if worst < LIMIT_S else f"one answer took {worst:.1f} s")


def runs():
    return state(pid) not in "ZX"


def drain():
    times = 80_000
    sock = client(4096)
    greet(sock)
    sock.sendall(b"x\n" * times)
    unsent = bytearray(4)
    until = time.monotonic() + 5
    while time.monotonic() < until:
        fcntl.ioctl(sock, termios.TIOCOUTQ, unsent)
        if not any(unsent):
            break
        time.sleep(0.005)
    else:
        give_up("not all requests were received within 5 s")
    os.kill(int(pid), signal.SIGTERM)
    begun = time.monotonic()
    while time.monotonic() < until:
        try:
            client().close()
        except ConnectionRefusedError:
            break
        except ConnectionResetError:
            pass  # it was in the listener's queue
    time.sleep(max(0, begun + 0.2 - time.monotonic()))  # it waits for its threads
    for number in signal.SIGTERM, signal.SIGINT:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), number)
    time.sleep(max(0, begun + 0.4 - time.monotonic()))
    early = not runs() and time.monotonic() < begun + 0.9
    got = until_end(sock)
    in_time = early or time.monotonic() < begun + 0.9  # else this machine is too busy
    if in_time and (got.count(b"\n") != times or not got.endswith(b"\n")):
        give_up(f"{got.count(10)} answers of {times}, then {got[-12:]!r}, the end")
    print("all was answered, and then came the end")


def ending():
    silent, talker = greeted(2)
    kept, *leaving = stalled(4)
    os.kill(int(pid), signal.SIGTERM)
    begun = time.monotonic()
    for number, sock in enumerate(leaving, 1):
        timer = threading.Timer(0.8 * number, sock.close)
        timer.daemon = True
        timer.start()
    try:
        while time.monotonic() < begun + 3:
            talker.sendall(PING)
            if not talker.recv(4096):
                break
        else:
            give_up("it still answers 3 s after SIGTERM")
    except OSError:
        pass
    got = until_end(silent)
    if got:
        give_up(f"the silent client got {got!r}")
    while runs():
        if time.monotonic() > begun + 3:
            give_up("it still runs 3 s after SIGTERM")
        time.sleep(0.01)
    kept.close()
    print("all ended")


if verb == "exact":
    exact(*map(int, rest))
else:
    {"slow": slow, "drain": drain, "ending": ending}[verb]()
