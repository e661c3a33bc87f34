"""knock.py - say hello to a server on 127.0.0.1, and what Python makes of it.

usage: knock.py PORT

Prints the answer, or the name of the exception.
"""

import socket
import sys

try:
    with socket.create_connection(("127.0.0.1", sys.argv[1]), timeout=0.3) as sock:
        sock.settimeout(5)
        sock.sendall(b"hello\n")
        print(sock.recv(100))
except OSError as error:
    print(type(error).__name__)
