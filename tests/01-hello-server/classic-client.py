"""classic-client.py HOST PORT - the client of many a first Python lesson."""

import socket
import sys

s = socket.socket()
s.connect((sys.argv[1] or socket.gethostname(), int(sys.argv[2])))
print(s.recv(1024).decode(), end="")
s.close()
