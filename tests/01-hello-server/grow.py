"""grow.py HOST PORT FILE - add to FILE while a server is sending it.

Reads one byte, so that the server has certainly opened FILE; adds five bytes
to it; reads the rest. Prints how many bytes came.
"""

import socket
import sys

host, port, path = sys.argv[1:4]
with socket.create_connection((host, int(port)), timeout=5) as server:
    count = len(server.recv(1))
    with open(path, "ab") as file:
        file.write(b"more\n")
    while data := server.recv(65536):
        count += len(data)
print(count)
