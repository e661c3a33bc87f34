"""server.py - what a client meets: four servers in one process.

usage: server.py DATA

Prints four ports in one line, those of
  1. 127.0.0.1: sends the bytes that file DATA holds by then, and closes
  2. ::1: the same (0 where there is no IPv6)
  3. 127.0.0.1: sends them, and keeps the connection until the client leaves
  4. 127.0.0.1: sends them, and resets the connection
and serves any number of clients until a signal ends it.
"""

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


def start(family, host, then):
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        return 0
    threading.Thread(target=accept, args=(listener, then)).start()
    return listener.getsockname()[1]


print(start(socket.AF_INET, "127.0.0.1", close),
      start(socket.AF_INET6, "::1", close),
      start(socket.AF_INET, "127.0.0.1", keep),
      start(socket.AF_INET, "127.0.0.1", reset), flush=True)
