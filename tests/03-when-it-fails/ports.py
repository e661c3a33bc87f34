"""ports.py - ports to knock at: where somebody listens, and where nobody does.

usage: ports.py HOST OPEN CLOSED [PORT]

Prints OPEN port numbers on one line, then CLOSED ones on another, and holds
them until it is killed or 60 s are over. On an open port the kernel answers,
nobody accepts. A closed one is taken, so that nobody else can begin to listen
there meanwhile. PORT is the number of the first; the others are the kernel's.
"""

import signal
import socket
import sys

host, (open_count, closed_count, port) = sys.argv[1], map(int, [*sys.argv[2:], 0][:3])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
taken = []
for _ in range(open_count + closed_count):
    taken.append(socket.socket(family))
    taken[-1].bind((host, port))
    port = 0
for sock in taken[:open_count]:
    sock.listen()
numbers = [str(sock.getsockname()[1]) for sock in taken]
print(" ".join(numbers[:open_count]))
print(" ".join(numbers[open_count:]), flush=True)
signal.alarm(60)
signal.pause()
