"""kvu.py - a client of the KVU protocol, written from its specification alone:
the chapter lessons/17-udp, "The KVU protocol".

usage: kvu.py HOST PORT KEY...           one line for each key
       kvu.py compare RELAY FIRST LAST KVQ SERVER_PORT KEY

The second form puts RELAY (relay-udp) in front of the server once for each
seed from FIRST to LAST, with much loss, duplication and reordering. The same
seed does the same to everybody's datagrams, so that KVQ must get through where
this client does, and give up where it does. Prints "SEED kvu: X kvq: Y" for
each seed where they differ, and then how many answers there were.
"""

import concurrent.futures
import os
import select
import socket
import subprocess
import sys
import time

GET, VALUE, NONE, SHORT = 0x01, 0x81, 0x82, 0x83
SIZE, TRIES, TRY_S = 512, 3, 0.2
NETWORK = ["--drop", "40", "--dup", "20", "--reorder", "20"]


def query(host, port, key):
    """The value, None where there is no such key, or TimeoutError."""
    ident = os.urandom(2)
    head = bytes([len(key)]) + key
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((host, int(port)))
        for _ in range(TRIES):
            sock.send((ident + bytes([GET]) + head).ljust(SIZE, b"\0"))
            end = time.monotonic() + TRY_S
            while (left := end - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
                reply = sock.recv(SIZE + 1)
                if len(reply) > SIZE or reply[:2] != ident or reply[3:3 + len(head)] != head:
                    continue
                if reply[2] == VALUE:
                    return reply[3 + len(head):]
                if reply[2] == NONE:
                    return None
    raise TimeoutError


def outcome(host, port, key):
    try:
        value = query(host, port, key)
    except TimeoutError:
        return "no answer"
    return "no such key" if value is None else value.decode(errors="replace")


def one_seed(relay, seed, kvq, server, key):
    """What came of the seed: equal or not, and the two outcomes."""
    with subprocess.Popen([relay, str(seed), *NETWORK, "127.0.0.1", server],
                          stdout=subprocess.PIPE, text=True) as running:
        port = running.stdout.readline().strip().rpartition(":")[2]
        for _ in range(3):  # on a busy machine an answer may be late; not thrice
            ours = outcome("127.0.0.1", port, key.encode())
            done = subprocess.run([kvq, "127.0.0.1", port, key], capture_output=True,
                                  text=True, timeout=5, check=False)
            theirs = {0: done.stdout.strip(), 1: "no answer"}.get(done.returncode, done.stderr)
            if theirs == ours:
                break
        running.kill()
    return seed, ours, theirs


def compare(relay, first, last, *rest):
    seeds = range(int(first), int(last) + 1)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda seed: one_seed(relay, seed, *rest), seeds))
    for seed, ours, theirs in found:
        if ours != theirs:
            print(f"SEED={seed} kvu: {ours}, kvq: {theirs}")
    answered = sum(ours != "no answer" for _, ours, _ in found)
    print(f"{answered} of {len(seeds)} answered")


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    else:
        for name in sys.argv[3:]:
            print(outcome(sys.argv[1], sys.argv[2], name.encode()))
