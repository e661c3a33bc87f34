"""tls.py HOST PORT CERTS VERB [ARG]... [+ VERB [ARG]...]... - clients of tlsd
that no ready-made program is, one after the other. Each prints what it saw.
CERTS is a folder made by certs.

  ask KEY=VALUE...   one conversation: handshake, send, as much read, the end
                     max= the highest TLS version   alpn=A,B   cert=NAME
                     send=TEXT  end=close (close_notify) or cut (none)
                     bytes=N (in place of TEXT)  ca=NAME  again=1 (a second
                     time, with the session of the first)
                     ciphers=A:B (of TLS 1.2, and tells which one it was)
  eager KEY=VALUE    the same, but talks on although it may be refused
  many N             N clients, all connected before the first of them speaks
  beside KIND N      N clients that hang in their handshakes, then one that
                     talks, and how long that took.  KIND: silent or half
  late KIND          how long tlsd bears a client.  KIND: silent or dripping
  stall              a client that reads nothing, another one beside it, and
                     in the end everything is read
  slow               the server's first flight finds no room; it is read late
  whole              16 KiB in one record
  big MIB            so much, both ways at a time
  plain FIRST        FIRST is not TLS; then another client's record in two parts
  reset WHEN         WHEN: hello (in the handshake) or talk
  gone PID           three records and close(), while the server stands still
  after              the client's end, and then more of it
  lingers            it has closed and been answered, and sends on for ever
  stop PID           SIGTERM, twice; what a client sees that says nothing
  stuck PID          SIGTERM, with clients that never end
"""

import contextlib
import os
import select
import signal
import socket
import ssl
import struct
import sys
import time
import warnings

warnings.simplefilter("ignore")  # old versions of TLS are tried on purpose
host, port, certs, *verbs = sys.argv[1:]
LIMIT_S = 5


def context(options):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_verify_locations(f"{certs}/{options.get('ca', 'ca')}.pem")
    ctx.set_ciphers(options.get("ciphers", "ALL") + ":@SECLEVEL=0")  # so that old versions can be tried
    ctx.minimum_version = ssl.TLSVersion.TLSv1_1
    if "max" in options:
        ctx.maximum_version = ssl.TLSVersion[options["max"]]
    if "alpn" in options:
        ctx.set_alpn_protocols(options["alpn"].split(","))
    if "cert" in options:
        path = f"{certs}/{options['cert']}"
        ctx.load_cert_chain(path + ".pem", path + ".key")
    return ctx


class Client:
    """TLS by hand: every byte to and from the socket passes through here."""

    def __init__(self, ctx=None, session=None, small=False):
        self.sock = socket.socket()
        if small:  # both kernels' buffers stay small then
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect((host, int(port)))
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (ctx or context({})).wrap_bio(
            self.come, self.go, server_hostname="localhost", session=session)

    def flush(self):
        self.sock.sendall(self.go.read())

    def fill(self):
        data = self.sock.recv(1 << 18)
        if data:
            self.come.write(data)
        else:
            self.come.write_eof()

    def until_done(self, call, *args):
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.fill()

    def handshake(self):
        self.until_done(self.tls.do_handshake)
        return self

    def hello(self):
        """The first flight, not sent."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.go.read()

    def send(self, data):
        self.tls.write(data)
        self.flush()

    def recv(self, count):
        data = b""
        while len(data) < count:
            part = self.until_done(self.tls.read, count - len(data))
            if not part:
                break
            data += part
        return data

    def close_notify(self):
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()

    def end(self):
        """How the server ends."""
        try:
            return "more bytes" if self.recv(1) else "closed"
        except OSError as error:
            return told(error)


def told(error):
    """A failure, in one word or two."""
    if isinstance(error, ssl.SSLZeroReturnError):
        return "closed"
    if isinstance(error, ssl.SSLEOFError):
        return "end of file without close_notify"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens"
    if isinstance(error, ConnectionError):
        return "reset"
    if isinstance(error, TimeoutError):
        return f"nothing for {LIMIT_S} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate: " + error.verify_message
    reason = getattr(error, "reason", None) or str(error).partition(" (")[0]
    return reason.lower().replace("_", " ").rpartition("alert ")[2]


def is_end(client):
    """How the plain socket ends; there may be an alert before that."""
    try:
        while client.sock.recv(1 << 16) != b"":
            pass
        return "end of file"
    except TimeoutError:
        return f"nothing for {LIMIT_S} s"
    except ConnectionResetError:
        return "reset"


def converse(client, options):
    text = options.get("send", "").encode() or os.urandom(int(options.get("bytes", 0)))
    client.handshake()
    tls = client.tls
    words = [tls.version(), tls.selected_alpn_protocol() or "-",
             "resumed" if tls.session_reused else "new"]
    if "ciphers" in options:
        words.append(tls.cipher()[0])
    client.send(text)
    got = client.recv(len(text))
    if len(text) > 100:
        words.append("same bytes" if got == text else "other bytes")
    else:
        words.append(got.decode())
    session = tls.session
    if options.get("end") == "cut":
        client.sock.shutdown(socket.SHUT_WR)
        words.append(is_end(client))
    else:
        client.close_notify()
        words.append(client.end())
    print(" ".join(words))
    return session


def ask(*words):
    options = dict(word.split("=", 1) for word in words)
    ctx = context(options)
    session = None
    for _ in range(2 if "again" in options else 1):
        try:
            session = converse(Client(ctx, session), options)
        except OSError as error:
            print("refused:", told(error))


def eager(*words):
    """In TLS 1.3 a client has finished before the server looks at its
    certificate: what it says then must not cost it the server's alert."""
    options = dict(word.split("=", 1) for word in words)
    client = Client(context(options))
    client.handshake()
    for _ in range(20):
        client.send(b"x" * 10000)
    select.select([client.sock], [], [], LIMIT_S)  # it has been refused
    for _ in range(10):  # to a socket that is closed the second of these fails
        client.send(b"x")
        time.sleep(0.01)
    print(client.end())


def many(count):
    ctx = context({})
    clients = [Client(ctx).handshake() for _ in range(int(count))]
    for i, client in enumerate(clients):
        client.send(b"client %d" % i)
    for i, client in reversed(list(enumerate(clients))):
        want = b"client %d" % i
        if client.recv(len(want)) != want:
            return print(f"client {i} got something else")
        client.close_notify()
        if client.end() != "closed":
            return print(f"client {i} saw no close_notify")
    print(f"{count} clients")


def beside(kind, count):
    ctx = context({})
    hanging = [Client(ctx) for _ in range(int(count))]
    if kind == "half":
        for client in hanging:
            hello = client.hello()
            client.sock.sendall(hello[:len(hello) // 2])
    begun = time.monotonic()
    try:
        client = Client(ctx).handshake()
        client.send(b"hello")
        client.recv(5)
    except OSError as error:
        return print(told(error))
    seconds = time.monotonic() - begun
    print("not delayed" if seconds < 3 else f"{seconds:.1f} s later")


def late(kind):
    """tlsd runs with -t 1000."""
    begun = time.monotonic()
    client = Client()
    hello = client.hello()
    client.sock.settimeout(0.05 if kind == "dripping" else LIMIT_S)
    end, sent = "", 0
    while not end and time.monotonic() < begun + LIMIT_S:
        try:
            if kind == "dripping":
                client.sock.send(hello[sent:sent + 1])
                sent += 1
            end = "end" if client.sock.recv(1) == b"" else "bytes"
        except TimeoutError:
            pass
        except ConnectionError:
            end = "end"
    seconds = time.monotonic() - begun
    if not end:
        print(f"still connected after {LIMIT_S} s")
    elif seconds < 0.99:
        print(f"{end} after {seconds:.2f} s")
    else:
        print(f"{end} in time")


def stuck_client():
    """Sends until nothing more is taken. Returns it, and what it has sent."""
    client = Client(small=True).handshake()
    sent, waiting = b"", b""
    while len(sent) < 16 << 20:
        if not waiting:
            data = os.urandom(4000)
            client.tls.write(data)
            waiting = client.go.read()
            sent += data
        if not select.select([], [client.sock], [], 0.5)[1]:
            break
        client.sock.setblocking(False)
        waiting = waiting[client.sock.send(waiting):]
        client.sock.settimeout(LIMIT_S)
    return client, sent, waiting


def stall():
    client, sent, waiting = stuck_client()
    if len(sent) >= 16 << 20:
        return print("it takes 16 MiB of a client that reads nothing")
    beside("silent", 0)
    client.sock.setblocking(False)
    got = b""
    until = time.monotonic() + LIMIT_S
    while len(got) < len(sent) and time.monotonic() < until:
        readable, writable, _ = select.select(
            [client.sock], [client.sock] if waiting else [], [], LIMIT_S)
        if writable:
            waiting = waiting[client.sock.send(waiting):]
        if readable:
            client.fill()
        try:
            while True:
                part = client.tls.read(1 << 16)
                if not part:
                    return print(f"closed after {len(got)} of {len(sent)} bytes")
                got += part
        except ssl.SSLWantReadError:
            pass
        except OSError as error:
            return print(f"{told(error)} after {len(got)} of {len(sent)} bytes")
    print("all came back" if got == sent else
          f"{len(got)} of {len(sent)} bytes came back, and not the same"
          if got != sent[:len(got)] else f"{len(got)} of {len(sent)} bytes came back")


def slow():
    client = Client(small=True)
    client.sock.sendall(client.hello())
    beside("silent", 0)  # the server has met the full buffer by then
    try:
        client.handshake()
        client.send(b"hello")
        print(client.recv(5).decode())
    except OSError as error:
        print(told(error))


def whole():
    client = Client().handshake()
    data = os.urandom(16384)
    client.send(data)
    try:
        print("same bytes" if client.recv(16384) == data else "other bytes")
    except TimeoutError:
        print(f"nothing more for {LIMIT_S} s")


def big(mib):
    client = Client().handshake()
    client.sock.setblocking(False)
    block = os.urandom(1 << 20)
    twice = memoryview(block + block)
    total = int(mib) << 20
    sent = got = 0
    waiting = b""
    while got < total:
        if not waiting and sent < total:
            client.tls.write(block)
            waiting = memoryview(client.go.read())
            sent += len(block)
        readable, writable, _ = select.select(
            [client.sock], [client.sock] if waiting else [], [], LIMIT_S)
        if not readable and not writable:
            return print(f"nothing for {LIMIT_S} s after {got} bytes")
        if writable:
            waiting = waiting[client.sock.send(waiting):]
        if not readable:
            continue
        client.fill()
        try:
            while True:
                part = client.tls.read(1 << 20)
                at = got % len(block)
                if part != twice[at:at + len(part)] or not part:
                    return print(f"other bytes after {got}")
                got += len(part)
        except ssl.SSLWantReadError:
            pass
    client.sock.settimeout(LIMIT_S)
    client.close_notify()
    print("same bytes", client.end())


def plain(first):
    innocent = Client().handshake()
    innocent.send(b"one")
    innocent.recv(3)
    rude = Client()
    rude.sock.sendall(first.encode().decode("unicode_escape").encode("latin-1"))
    seen = is_end(rude)
    innocent.tls.write(b"hello")
    record = innocent.go.read()
    innocent.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    innocent.sock.sendall(record[:9])
    beside("silent", 0)
    innocent.sock.sendall(record[9:])
    try:
        print(seen, innocent.recv(5).decode())
    except OSError as error:
        print(seen, told(error))


def abort(client):
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()


def reset(when):
    for part in (1, 2, 3):
        client = Client()
        if when == "talk":
            client.handshake().send(b"hello")
        elif part > 1:
            hello = client.hello()
            client.sock.sendall(hello if part == 3 else hello[:100])
            if part == 3:
                client.fill()
        abort(client)
    beside("silent", 0)


def gone(pid):
    client = Client().handshake()
    client.send(b"hello")
    client.recv(5)  # and with it the tickets: nothing is unread
    os.kill(int(pid), signal.SIGSTOP)
    while open(f"/proc/{pid}/stat").read().rpartition(") ")[2][0] != "T":
        time.sleep(0.001)
    for _ in range(3):
        client.send(b"x" * 100)
    client.sock.close()
    os.kill(int(pid), signal.SIGCONT)
    beside("silent", 0)


def after():
    client = Client().handshake()
    data = os.urandom(100000)
    client.send(data)
    client.close_notify()
    client.sock.sendall(b"x" * 1000)  # nobody is to read this
    try:
        print("same bytes" if client.recv(len(data)) == data else "other bytes",
              client.end(), is_end(client))
    except OSError as error:
        print(told(error))


def lingers():
    client = Client().handshake()
    client.send(b"hello")
    client.recv(5)
    client.close_notify()
    seen = f"{client.end()} {is_end(client)}"
    until = time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < until:
            client.sock.send(b"x")
            time.sleep(0.05)
        print(seen, f"still connected after {LIMIT_S} s")
    except ConnectionError:
        print(seen, "gone")


def stop(pid):
    client = Client().handshake()
    client.send(b"hello")
    client.recv(5)
    silent = Client()
    beside("silent", 0)
    begun = time.monotonic()
    os.kill(int(pid), signal.SIGTERM)
    print(client.end(), is_end(silent))
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGTERM)
    time.sleep(0.1)
    if has_ended(pid) and time.monotonic() < begun + 1:
        print("it ended before its client")


def has_ended(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(") ")[2][0] == "Z"
    except OSError:
        return True


def stuck(pid):
    client, _, _ = stuck_client()
    others = [client, Client(), Client().handshake()]
    begun = time.monotonic()
    os.kill(int(pid), signal.SIGTERM)
    while time.monotonic() < begun + LIMIT_S and not has_ended(pid):
        time.sleep(0.01)
    seconds = time.monotonic() - begun
    print("it ended" if seconds < 4 else f"it took {seconds:.1f} s", len(others))


while verbs:
    end = verbs.index("+") if "+" in verbs else len(verbs)
    verb, *words = verbs[:end]
    verbs = verbs[end + 1:]
    try:
        globals()[verb](*words)
    except OSError as fault:
        print(told(fault))
