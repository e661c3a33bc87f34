#!/usr/bin/env -S python3 -IS
"""datagrams.py - what relay-udp does with twenty datagrams.

usage: datagrams.py GREMLINS SEED [OPTION...]
Sends the numbers 1 to 20 through relay-udp of the folder GREMLINS, first to a
server, then back, and prints what arrived, a line for each direction. The relay
stands still while they are sent. After them go ENDs until three have come.
"""

import signal
import socket
import subprocess
import sys


def through(relay, send, receiver):
    relay.send_signal(signal.SIGSTOP)
    for number in range(1, 21):
        send(b"%d" % number)
    relay.send_signal(signal.SIGCONT)
    arrived = []
    receiver.settimeout(0.05)
    while arrived.count("END") < 3:
        send(b"END")
        try:
            arrived.append(receiver.recv(100).decode())
        except TimeoutError:
            pass
    print(*(number for number in arrived if number != "END"))


def main():
    gremlins, *options = sys.argv[1:]
    client, server = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    server.bind(("127.0.0.1", 0))
    port = str(server.getsockname()[1])
    command = ["setpriv", "--pdeathsig", "KILL", gremlins + "/relay-udp",
               *options, "127.0.0.1", port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
        client.connect(("127.0.0.1", int(relay.stdout.readline().split(":")[1])))
        through(relay, client.send, server)
        client.send(b"hello")
        address = server.recvfrom(100)[1]
        through(relay, lambda data: server.sendto(data, address), client)
        relay.kill()


main()
