"""keepalive.py HOST PORT - does anybody answer a probe of keepalive?

The connection is idle. When the last acknowledgement is younger than the
connection, it was the answer to a probe.
"""

import socket
import struct
import sys
import time

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
for option, seconds in (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1)):
    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
begun = time.monotonic()
while time.monotonic() < begun + 5:
    time.sleep(0.05)
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 60)
    last_ack_recv_ms = struct.unpack("8B13I", info)[-1]
    if (time.monotonic() - begun) * 1000 - last_ack_recv_ms > 500:
        sys.exit(print("a probe was answered"))
print("no answer within 5 s")
