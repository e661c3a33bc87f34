"""losses.py - what an ending costs the other side.

One end sends 3,000,000 bytes while a word of the other's waits unread, and
closes: at once, or as the chapter says. How much arrives? And what happens to
one that sends after the other has closed?
"""

import select
import socket
import threading

SIZE = 3_000_000


def listen():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        return listener.accept()[0], peer


def read_all(peer):
    got, how = 0, "end of file"
    try:
        while piece := peer.recv(65536):
            got += len(piece)
    except OSError as error:
        how = error.strerror
    return got, how


def trial(name, end):
    ours, peer = listen()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * SIZE)
    peer.sendall(b"extra")
    while not ours.recv(1, socket.MSG_PEEK):
        pass
    ours.sendall(bytes(SIZE))  # more than the peer's buffer takes unread
    thread = threading.Thread(target=end, args=[ours])
    if end is close:
        close(ours)
        got, how = read_all(peer)
    else:
        thread.start()
        got, how = read_all(peer)
        peer.close()
        thread.join()
    print(f"{name}: sent {SIZE}, the peer read {got}, then {how}")


def close(ours):
    ours.close()


def drain(ours):
    ours.shutdown(socket.SHUT_WR)
    while ours.recv(65536):
        pass
    ours.close()


def late():
    ours, peer = listen()
    peer.close()
    for attempt in "first", "second":
        try:
            print(f"{attempt}: sent {ours.send(b'hello')}")
        except OSError as error:
            print(f"{attempt}: {error.strerror}")
        select.select([], [], [ours], 0.1)  # the reset is on its way


trial("unread", close)
trial("drained", drain)
late()
