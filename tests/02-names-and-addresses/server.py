"""server.py - what a client meets: four servers in one process.

usage: server.py DATA

Prints four ports in one line, those of
  1. 127.0.0.1: sends the bytes that file DATA holds by then, and closes
  2. ::1: the same (0 where there is no IPv6)
  3. 127.0.0.1: sends them, and keeps the connection until the client leaves
  4. 127.0.0.1: sends them, and resets the connection
and serves any number of clients until a signal ends it. Where 127.0.0.1 has a
server, nobody listens on the same port of ::1.
"""

import errno
import socket
import struct
import sys
import threading


def close(client):
    client.close()


def keep(client):
    client.recv(1)
    client.close()


def reset(client):
    now = struct.pack("ii", 1, 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    client.close()


def serve(client, then):
    with open(sys.argv[1], "rb") as data:
        try:
            client.sendall(data.read())
            then(client)
        except OSError:
            pass  # it left early, which a test may want


def accept(listener, then):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, then), daemon=True).start()


def keep_out(port):
    """Takes the port of ::1, so that a connection to it is refused. False
    when somebody has it, as the second server may, once in some thousand runs.
    """
    try:
        taken.append(socket.socket(socket.AF_INET6))
        taken[-1].bind(("::1", port))
    except OSError as error:
        return error.errno != errno.EADDRINUSE  # else there is no IPv6 here
    return True


def start(family, host, then):
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        return 0
    if family == socket.AF_INET and not keep_out(listener.getsockname()[1]):
        return start(family, host, then)
    threading.Thread(target=accept, args=(listener, then)).start()
    return listener.getsockname()[1]


taken = []
v6 = start(socket.AF_INET6, "::1", close)
v4, stall, broken = (start(socket.AF_INET, "127.0.0.1", then)
                     for then in (close, keep, reset))
print(v4, v6, stall, broken, flush=True)
