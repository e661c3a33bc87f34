"""uploader.py HOST PORT STEP... - what clients of wcd do, one after the other.

A STEP is VERB or VERB:ARG. Unless it says otherwise, TEXT is "ab\\n":
  upload:TEXT       upload TEXT, shut down sending, print the answer
  megabytes:N       the same with N MB of lines of 64 bytes, fast
  line:N            the same without a newline
  times:N           N clients; print the answer that all N had
  woken:PID         upload "ab\\n"; wait until signals have woken process PID
                    ten times; upload "cd\\n"; print the answer
  pause             upload "ab\\n" and, 0.3 s later, "cd\\n"; print the answer
  reset-early       upload and reset, whether the program has accepted or not
  reset-connected   reset when the program has accepted, nothing sent
  reset-upload      reset when the program has read "ab\\n"
  reset-unanswered  shut down sending and reset, too early for an answer
  reset-answered    shut down sending, read one byte of the answer, reset
  deaf              shut down sending, close when the answer is there, unread
  gone              close at once, which looks like shutting down
  silent            connect, say nothing; upload from a second client; leave;
                    print the second's answer
Exit status: 0, or 1 and one line on stderr.
"""

import os
import socket
import struct
import sys
import time

TEXT = b"ab\n"
LINE = b"x" * 63 + b"\n"
MEGABYTE = 1_000_000
ESTABLISHED = "01"


def connect():
    return socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)


def answer(server):
    """All that comes, to the end of file; no answer is as long as that."""
    text = b""
    while len(text) < 100 and (piece := server.recv(4096)):
        text += piece
    server.close()
    return text.decode("latin-1")


def answer_to(server):
    server.shutdown(socket.SHUT_WR)
    return answer(server)


def unread(server):
    """How much of ours the program has still to read, -1 if it has not even
    accepted: /proc/net/tcp shows the other end's state, its queue, and the
    inode that it has once it is somebody's. 0 if it is closed."""
    ours, theirs = (f":{end[1]:04X}" for end in (server.getsockname(), server.getpeername()))
    with open("/proc/net/tcp", encoding="ascii") as table:
        for row in map(str.split, table):
            if row[1].endswith(theirs) and row[2].endswith(ours) and row[3] == ESTABLISHED:
                return int(row[4].split(":")[1], 16) if row[9] != "0" else -1
    return 0


def wait_until(condition):
    while not condition():
        time.sleep(0.0002)


def reset(server):
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()


def half_closed():
    server = connect()
    server.sendall(TEXT)
    server.shutdown(socket.SHUT_WR)
    return server


def upload(text):
    server = connect()
    server.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    print(answer_to(server), end="")


def megabytes(count, text=LINE):
    server = connect()
    data = text * (MEGABYTE // len(text))
    for _ in range(int(count)):
        server.sendall(data)
    print(answer_to(server), end="")


def line(count):
    megabytes(count, b"x")


def times(count):
    answers = set()
    for _ in range(int(count)):
        server = connect()
        server.sendall(TEXT)
        answers.add(answer_to(server))
    print(*answers, sep="", end="")


def woken(pid):
    server = connect()
    server.sendall(b"ab\n")
    program = os.path.join(os.environ["GREMLINS"], "wakeups")
    if os.spawnl(os.P_WAIT, program, program, pid, "10") != 0:
        sys.exit("uploader: nothing waits there any more")
    server.sendall(b"cd\n")
    print(answer_to(server), end="")


def pause():
    server = connect()
    server.sendall(b"ab\n")
    time.sleep(0.3)
    server.sendall(b"cd\n")
    print(answer_to(server), end="")


def reset_early():
    server = connect()
    server.sendall(TEXT)
    reset(server)


def reset_connected():
    server = connect()
    wait_until(lambda: unread(server) >= 0)
    reset(server)


def reset_upload():
    server = connect()
    server.sendall(TEXT)
    wait_until(lambda: unread(server) == 0)
    reset(server)


def reset_unanswered():
    reset(half_closed())


def reset_answered():
    server = half_closed()
    server.recv(1)
    reset(server)


def deaf():
    server = half_closed()
    server.recv(1, socket.MSG_PEEK)
    server.close()  # what was not read makes it a reset


def gone():
    server = connect()
    server.sendall(TEXT)
    server.close()


def silent():
    first, second = connect(), half_closed()
    first.close()
    print(answer(second), end="")


def main():
    for step in sys.argv[3:]:
        verb, colon, arg = step.partition(":")
        globals()[verb.replace("-", "_")](*[arg] * len(colon))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"uploader: {error.strerror or error}")
