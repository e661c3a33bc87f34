"""meddle.py VERB HOST PORT [FILE] - be in the way while a server sends FILE.

  grow     add five bytes to FILE in the middle of the reply; read the rest
  shrink   empty FILE in the middle of the reply; read the rest
  leave    say FIN first, as `nc -N` does at the end of its input; read one
           byte and go, with the rest unread: the kernel answers it with RST

"In the middle" is after one byte: then the server has certainly opened FILE.
Prints how many bytes came; exit status 1 when they stopped without an end.
"""

import socket
import sys

verb, host, port, *path = sys.argv[1:]
with socket.create_connection((host, int(port)), timeout=5) as server:
    if verb == "leave":
        server.shutdown(socket.SHUT_WR)
    count = len(server.recv(1))
    if verb == "grow":
        with open(path[0], "ab") as file:
            file.write(b"more\n")
    if verb == "shrink":
        with open(path[0], "wb"):
            pass
    try:
        while verb != "leave" and (data := server.recv(65536)):
            count += len(data)
    except TimeoutError:
        sys.exit(f"{count} bytes, and then nothing for 5 s")
print(count)
