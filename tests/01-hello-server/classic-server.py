"""classic-server.py HOST - the server of many a first Python lesson.

It binds HOST, or the machine's own name if HOST is empty. Two things are ours:
it takes any free port and says which, and it ends after one client.
"""

import socket
import sys

s = socket.socket()
s.bind((sys.argv[1] or socket.gethostname(), 0))
s.listen(5)
print("listening on %s:%d" % s.getsockname(), flush=True)
c, addr = s.accept()
print("Got connection from", addr, flush=True)
c.send(b"Thank you for connecting")
c.close()
