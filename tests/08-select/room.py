"""room.py VERB HOST PORT [ARG]... - clients of selchat that one line of shell
cannot be. Each prints what it saw.

  stalled PID       a client that never reads, while two others talk
  late PID          the same, but it reads in the end
  ending PID        SIGTERM, with a client that never reads and one that never
                    stops talking
  flood PID         a client with 200 KB to say, another with a line, and one who
                    comes meanwhile
  endless PID       a line of 8 MB
  together          a client that says what Python says, among others
"""

import os
import signal
import socket
import sys
import threading
import time

verb, host, port, *rest = sys.argv[1:]
pid = int(rest[0]) if rest else 0
LINES = 64  # at a time: 32 KB, which any socket's buffer takes
LIMIT_S = 2


class Client:
    def __init__(self, rcvbuf=None):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(5)
        self.sock.connect((host, int(port)))
        self.file = self.sock.makefile("rb")
        self.id = int(self.file.readline().removeprefix(b"you are "))


def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kb():
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line.split()[1] for line in file if line.startswith("VmRSS")))


def give_up(text):
    print(text)
    sys.exit()


def batch(number, speaker, listener):
    """LINES lines; returns them as the listener should hear them, and how
    long that took."""
    bodies = [f"{number:06}.{i:02}.{'x' * 490}".encode() for i in range(LINES)]
    begun = time.monotonic()
    speaker.sock.sendall(b"".join(body + b"\n" for body in bodies))
    want = b"".join(b"%d: %s\n" % (speaker.id, body) for body in bodies)
    try:
        got = listener.file.read(len(want))
    except TimeoutError:
        give_up(f"after {number * len(want)} bytes the others hear nothing: "
                "they wait for the one that does not read")
    if got != want:
        give_up("the others hear something else")
    return want, time.monotonic() - begun


def talk_beside_stalled(rcvbuf):
    """Returns the stalled client and all it should have heard."""
    stalled, speaker, listener = Client(rcvbuf), Client(), Client()
    before = descriptors()
    said, slowest, number = [], 0, 0
    while descriptors() == before and number < 600:  # 19 MB
        text, took = batch(number, speaker, listener)
        said.append(text)
        slowest = max(slowest, took)
        number += 1
    for _ in range(5):
        batch(number, speaker, listener)
    if slowest > LIMIT_S:
        print(f"the others waited {slowest:.1f} s for {LINES} lines")
    if number == 600:
        print("the stalled client still has its place after 19 MB")
    return stalled, b"".join(said)


def until_end(sock):
    got = []
    try:
        while piece := sock.recv(1 << 20):
            got.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(got)


if verb == "stalled":
    talk_beside_stalled(4096)
    print("the others never waited")
elif verb == "late":
    client, heard = talk_beside_stalled(None)
    rest = until_end(client.sock)
    print("heard the beginning, up to the end" if heard.startswith(rest) and rest
          else "heard lines with gaps in them")
elif verb == "ending":
    stalled, speaker, other = Client(4096), Client(), Client()
    before = descriptors()
    number = 0
    while number < 20:
        batch(number, speaker, other)
        number += 1
    os.kill(pid, signal.SIGTERM)
    begun = time.monotonic()
    speaker.sock.settimeout(3)
    try:
        while time.monotonic() < begun + 3:
            speaker.sock.sendall(b"still here\n" * 100)
            try:
                other.sock.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                pass
        print("it goes on 3 s after SIGTERM")
    except OSError:
        print("it ended")
elif verb == "flood":
    talker, other, listener = Client(), Client(), Client()
    lines = 400  # of 500 bytes
    os.kill(pid, signal.SIGSTOP)
    speech = threading.Thread(
        target=talker.sock.sendall, args=((b"x" * 499 + b"\n") * lines,))
    speech.start()
    speech.join(0.2)  # the kernel has taken all of it, or as much as it may
    other.sock.sendall(b"and I\n")
    late = socket.create_connection((host, int(port)), timeout=5)
    os.kill(pid, signal.SIGCONT)
    try:
        heard = [listener.file.readline() for _ in range(lines + 1)]
    except TimeoutError:
        give_up("5 s went by, and something was not heard")
    if b"2: and I\n" not in heard:
        give_up("client 2 was not heard")
    before = heard.index(b"2: and I\n")
    late_file = late.makefile("rb")
    talker.sock.sendall(b"end\n")
    seen = 0
    while late_file.readline() not in (b"", b"1: end\n"):
        seen += 1
    if before > lines / 2:
        print(f"client 2 was heard after {before} of {lines} lines of client 1")
    elif seen < lines / 2:
        print(f"client 4 came in after {lines - seen} of {lines} lines of client 1")
    else:
        print("each had its turn")
elif verb == "endless":
    talker, listener = Client(), Client()
    before = memory_kb()
    for _ in range(128):
        talker.sock.sendall(b"x" * 65536)
    if talker.file.readline() != b"too long\n":
        give_up("'too long' did not come")
    more = memory_kb() - before
    talker.sock.sendall(b"\nend\n")
    if listener.file.readline() != b"1: end\n":
        give_up("the next line was not heard")
    print("kept nothing" if more < 4096 else f"{more} KB more are in use")
elif verb == "together":
    client = Client()
    print("ready", flush=True)
    line = client.file.readline()
    client.sock.sendall(b"python heard " + line)
    client.file.read()
