#!/usr/bin/env -S python3 -IS
"""partner.py - a well-behaved server, for the tests of the gremlins.

usage: partner.py MODE     listens on 127.0.0.1, any free port; a thread a client
    echo      sends back what comes, until end of file
    sizes     answers each recv() with the number of its bytes, in a line
    once      answers the first recv() with its bytes, and hangs up
    segments  after end of file says how many segments the data came in
    source    sends 8 MiB of zeros
On its own stdout: "MODE: N bytes so far", and how each conversation ended,
"MODE: TEXT after N bytes"; TEXT is end, or the error.
"""

import socket
import struct
import sys
import threading

DATA_SEGS_IN = 152  # where tcpi_data_segs_in stands in struct tcp_info


def answers(mode, sock):
    """Converses; yields the bytes of each recv()."""
    if mode == "source":
        sock.sendall(bytes(8 << 20))
        return
    while data := sock.recv(65536):
        yield len(data)
        if mode in ("echo", "once"):
            sock.sendall(data)
        if mode == "sizes":
            sock.sendall(b"%d\n" % len(data))
        if mode == "once":
            return
    if mode == "segments":
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        sock.sendall(b"%d\n" % struct.unpack_from("I", info, DATA_SEGS_IN))


def serve(mode, sock):
    total, ending = 0, "end"
    try:
        for count in answers(mode, sock):
            total += count
            print(f"{mode}: {total} bytes so far", flush=True)
    except OSError as error:
        ending = error.strerror
    sock.close()
    print(f"{mode}: {ending} after {total} bytes", flush=True)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sys.argv[1], sock), daemon=True).start()


main()
