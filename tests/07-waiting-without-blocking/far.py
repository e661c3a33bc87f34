"""far.py - the far ends of a race: ports that answer, refuse, or do neither.

usage: far.py [--same] KIND/HOST...

Binds a port for each, all to the same number with --same, prints the numbers
on one line, and stays until it is killed or 60 s are over. KIND is
  open    listens; prints "accepted HOST", answers as HTTP, hangs up
  closed  refuses: taken, so that nobody else listens there, and no listener
  hole    neither: full, and nobody accepts
  late    a hole until SIGUSR1
"""

import signal
import socket
import sys
import threading
import time


def bind(specs, same):
    """A socket for each, or OSError when the one port of all is taken."""
    taken, port = [], 0
    for spec in specs:
        host = spec.split("/")[1]
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        taken.append(sock)
        sock.bind((host, port))
        port = sock.getsockname()[1] if same else 0
    return taken


def serve(sock, host):
    while True:
        client, _ = sock.accept()
        print("accepted", host, flush=True)
        try:
            client.settimeout(2)
            if client.recv(4096):
                client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass
        client.close()


def let_in(late):
    for sock in late:
        sock.accept()


def main():
    specs = sys.argv[1:]
    same = specs[0] == "--same"
    specs = specs[same:]
    while True:
        try:
            taken = bind(specs, same)
            break
        except OSError:
            if not same:
                raise
            time.sleep(0.001)
    late, held = [], []
    for spec, sock in zip(specs, taken):
        kind, host = spec.split("/")
        if kind == "open":
            sock.listen()
            threading.Thread(target=serve, args=(sock, host), daemon=True).start()
        elif kind in ("hole", "late"):
            sock.listen(0)
            held.append(socket.create_connection(sock.getsockname()[:2]))
            late += [sock] * (kind == "late")
    signal.signal(signal.SIGUSR1, lambda *_: let_in(late))
    print(*(sock.getsockname()[1] for sock in taken), flush=True)
    time.sleep(60)


main()
