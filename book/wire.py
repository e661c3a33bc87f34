#!/usr/bin/env python3
"""wire.py - a recorded conversation as a mermaid sequence diagram.

usage: wire.py PCAP TERMINAL.strace...

PCAP is tcpdump's record of the loopback interface; each TERMINAL.strace has
the system calls of what ran in that terminal (strace -f -o). The terminal
that listens is the server, the other one the client.

Each segment is an arrow. Each system call is a note at its side, hung on the
segment that it causes or that it waited for: connect() on its SYN and, when
it returns, on the SYN, ACK; accept() on the ACK that completes the handshake;
send() on the segment with its first byte; recv() on the one with its last;
close() and shutdown() on the FIN (or RST). The notes of one side keep that
side's own order. No clock is read: two honest runs give the same diagram."""
import itertools
import re
import struct
import sys
from pathlib import Path

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
WORDS = [(SYN, 'SYN'), (FIN, 'FIN'), (RST, 'RST'), (PSH, 'PSH'), (ACK, 'ACK')]
CLIENT, SERVER = 'C', 'S'
# What strace calls send() and recv() is how the C library makes them.
NAMES = {'sendto': 'send', 'recvfrom': 'recv'}
SENDS = {'send', 'sendto', 'sendmsg', 'write', 'writev', 'sendfile'}
RECEIVES = {'recv', 'recvfrom', 'recvmsg', 'read', 'readv'}
CALLS = SENDS | RECEIVES | {'socket', 'bind', 'listen', 'connect', 'accept',
                            'accept4', 'shutdown', 'close'}
ANSWERED = {None, 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET', 'EINPROGRESS'}


class Fault(Exception):
    """What cannot be drawn, and why."""


class Segment:
    def __init__(self, source, target, flags, seq, length):
        self.source, self.target = source, target
        self.flags, self.seq, self.length = flags, seq, length
        self.index = self.side = None

    def text(self):
        words = ', '.join(word for flag, word in WORDS if self.flags & flag)
        size = f'{self.length} byte' + ('' if self.length == 1 else 's')
        return words + (f' + {size}' if self.length else '')


class Connection:
    """Its segments in order; offsets into each side's stream of bytes."""

    def __init__(self, first):
        self.client, self.server = first.source, first.target
        self.start = {}
        self.segments = []
        self.ended = set()

    def add(self, segment):
        side = CLIENT if segment.source == self.client else SERVER
        segment.side = side
        if segment.flags & SYN:
            self.start[side] = segment.seq + 1
        self.segments.append(segment)

    def of(self, side):
        return [s for s in self.segments if s.side == side]

    def first(self, side, flags):
        """The first segment of that side with any of these flags."""
        return next((s for s in self.of(side) if s.flags & flags), None)

    def carrier(self, side, offset):
        """The first segment with that byte of the side's stream."""
        for s in self.of(side):
            begin = (s.seq - self.start.get(side, 0)) % 2**32
            if s.length and begin <= offset < begin + s.length:
                return s
        return None

    def completed(self):
        """The ACK that ends the handshake, or None."""
        answer = self.first(SERVER, SYN)
        return answer and next((s for s in self.of(CLIENT)
                                if s.index > answer.index), None)


def packets(path):
    """The TCP segments in a pcap file of the loopback interface."""
    data = Path(path).read_bytes()
    magic = data[:4]
    order = '<' if magic in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    if struct.unpack_from(order + 'I', data, 20)[0] & 0xffff != 1:
        raise Fault(f'{path}: not a record of a loopback interface')
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + 'I', data, at + 8)[0]
        segment = decode(data[at + 16:at + 16 + size])
        if segment:
            yield segment
        at += 16 + size


def decode(frame):
    kind = struct.unpack_from('!H', frame, 12)[0]
    ip = frame[14:]
    if kind == 0x0800:
        head, protocol = (ip[0] & 15) * 4, ip[9]
        length = struct.unpack_from('!H', ip, 2)[0] - head
        source, target = ip[12:16], ip[16:20]
    elif kind == 0x86dd:
        head, protocol = 40, ip[6]
        length = struct.unpack_from('!H', ip, 4)[0]
        source, target = ip[8:24], ip[24:40]
    else:
        return None
    if protocol != 6:
        return None
    tcp = ip[head:]
    from_port, to_port, seq = struct.unpack_from('!HHI', tcp)
    return Segment((source, from_port), (target, to_port), tcp[13], seq,
                   length - (tcp[12] >> 4) * 4)


def connections(segments):
    """Groups them, and gives each segment its index in the whole."""
    found, open_now = [], {}
    for index, segment in enumerate(segments):
        segment.index = index
        key = frozenset((segment.source, segment.target))
        if key not in open_now or segment.flags & (SYN | ACK) == SYN:
            open_now[key] = Connection(segment)
            found.append(open_now[key])
        open_now[key].add(segment)
    return found


class Call:
    """A system call: what it says, and its slot among the segments. Slot 2k
    is before segment k, slot 2k+1 after it; None, beside its neighbour."""

    def __init__(self, pid, name, args, value, error):
        self.pid, self.name, self.args = pid, name, args
        self.value, self.error, self.slot = value, error, None
        self.fd = int(args.split(',')[0]) if args[:1].isdigit() else -1

    def text(self, result=True):
        name, fd = NAMES.get(self.name, self.name), self.fd
        port = re.search(r'sin6?_port=htons\((\d+)\)', self.args)
        inside = '' if name == 'socket' else str(fd)
        if port and name in ('bind', 'connect') and not (result and name == 'connect'):
            inside += f', port {port[1]}'
        if name == 'shutdown':
            inside += ', ' + self.args.split(', ')[1]
        text = f'{name}({inside})'
        if self.error:
            return f'{text} = {self.error}' if result else text
        quiet = name in ('bind', 'listen', 'shutdown', 'close')
        return text if quiet or not result else f'{text} = {self.value}'


def calls(path):
    """The finished calls that may be about sockets, in order."""
    waiting = {}
    for line in Path(path).read_text(encoding='utf-8', errors='replace').splitlines():
        pid, _, rest = line.partition(' ')
        rest = rest.strip()
        if rest.endswith('<unfinished ...>'):
            waiting[pid] = rest[:-len('<unfinished ...>')]
            continue
        resumed = re.match(r'<\.\.\. \w+ resumed>(.*)', rest)
        if resumed:
            rest = waiting.pop(pid, '') + resumed[1]
        match = re.match(r'(\w+)\((.*)\)\s+= (-?\d+)(?: (E[A-Z0-9]+))?', rest)
        if match and match[1] in CALLS:
            yield Call(pid, match[1], match[2], int(match[3]), match[4])


class Side:
    """One terminal: its calls on sockets, hung on segments."""

    def __init__(self, path):
        self.name = Path(path).stem
        self.calls = list(self.sockets_only(calls(path)))
        runs = [pid for pid, _ in itertools.groupby(c.pid for c in self.calls)]
        if len(runs) != len(set(runs)):
            raise Fault(f'{self.name}: the calls of several processes mix; '
                        'only one at a time can be drawn')
        self.listens = any(c.name == 'listen' for c in self.calls)

    @staticmethod
    def sockets_only(found):
        """Drops files, and what is not TCP: the resolver's sockets, say."""
        tcp = set()
        for c in found:
            if c.name == 'socket' and re.match('AF_INET6?, SOCK_STREAM', c.args):
                tcp.add((c.pid, c.value))
            elif (c.pid, c.fd) not in tcp:
                continue
            elif c.name in ('accept', 'accept4'):
                tcp.add((c.pid, c.value))
            elif c.name == 'close':
                tcp.remove((c.pid, c.fd))
            yield c

    def hang(self, side, found):
        """[name, slot or None, text] of each note, in this side's order."""
        desk, hung = Desk(side, found), []
        for c in self.calls:
            before, after = desk.place(c)
            if c.name == 'connect' and before and after and \
                    c.error != 'EINPROGRESS':  # it waits: two notes
                hung.append([c.name, 2 * before.index, c.text(result=False)])
                before = None
            slot = None
            if before or after:
                slot = 2 * before.index if before else 2 * after.index + 1
            hung.append([c.name, slot, c.text()])
        return in_order(hung)


class Desk:
    """Which connection each descriptor of a side stands for, and how many
    bytes went through it in each direction."""

    def __init__(self, side, found):
        self.side, self.other = side, SERVER if side == CLIENT else CLIENT
        self.first = found[0]
        self.started = iter(found)
        self.accepted = iter(sorted((t for t in found if t.completed()),
                                    key=lambda t: t.completed().index))
        self.talks, self.sent, self.got = {}, {}, {}

    def place(self, c):
        """The segment that a call causes and the one that it waited for."""
        key = c.pid, c.fd
        if c.name == 'listen':
            return self.first.segments[0], None
        if c.name == 'connect' and c.error in ANSWERED:
            return self.connect(key)
        if c.name in ('accept', 'accept4') and c.value >= 0:
            return None, self.accept((c.pid, c.value))
        talk = self.talks.get(key)
        if c.name == 'close':
            self.talks.pop(key, None)
        if talk is None:
            return None, None
        if c.name in SENDS and c.value > 0:
            return self.send(key, talk, c.value), None
        if c.name in RECEIVES and c.value >= 0:
            return None, self.receive(key, talk, c.value)
        if c.error == 'ECONNRESET':
            return None, talk.first(self.other, RST)
        if c.name in ('close', 'shutdown') and 'SHUT_RD,' not in c.args + ',':
            return self.end(talk), None
        return None, None

    def connect(self, key):
        talk = self.begin(key, next(self.started, None))
        if talk is None:
            return None, None
        return talk.first(self.side, SYN), talk.first(SERVER, SYN | RST)

    def accept(self, key):
        talk = self.begin(key, next(self.accepted, None))
        return talk and talk.completed()

    def begin(self, key, talk):
        self.talks[key], self.sent[key], self.got[key] = talk, 0, 0
        return talk

    def send(self, key, talk, size):
        offset = self.sent.get(key, 0)
        self.sent[key] = offset + size
        return talk.carrier(self.side, offset)

    def receive(self, key, talk, size):
        self.got[key] = self.got.get(key, 0) + size
        if size == 0:
            return talk.first(self.other, FIN)
        return talk.carrier(self.other, self.got[key] - 1)

    def end(self, talk):
        """The FIN or RST; it has one cause, the first of such calls."""
        if self.side in talk.ended:
            return None
        talk.ended.add(self.side)
        return talk.first(self.side, FIN | RST)


def in_order(hung):
    """A side's own order rules. What prepares something stands beside the
    next call, everything else that is on no segment beside the one before."""
    latest = 0
    for note in hung:
        if note[1] is not None:
            latest = note[1] = max(latest, note[1])
        elif note[0] not in ('socket', 'bind'):
            note[1] = latest
    following = latest
    for note in reversed(hung):
        if note[1] is None:
            note[1] = following
        following = note[1]
    return hung


def diagram(segments, client, server):
    found = connections(segments)
    hung = {CLIENT: client.hang(CLIENT, found), SERVER: server.hang(SERVER, found)}
    yield 'sequenceDiagram'
    yield f'    participant {CLIENT} as {client.name}'
    yield f'    participant {SERVER} as {server.name}'

    events = []
    for segment in segments:
        pair = (CLIENT, SERVER) if segment.side == CLIENT else (SERVER, CLIENT)
        for slot in (2 * segment.index, 2 * segment.index + 1):
            if slot % 2:
                events.append((f'{pair[0]}->>{pair[1]}', segment.text()))
            for side in pair[::-1]:
                place = 'left of C' if side == CLIENT else 'right of S'
                events += [(f'Note {place}', text)
                           for _, where, text in hung[side] if where == slot]
    for what, group in itertools.groupby(events, key=lambda e: e[0]):
        texts = [text for _, text in group]
        if what.startswith('Note'):
            texts = ['<br/>'.join(texts)]
        yield from (f'    {what}: {text}' for text in texts)


def main(pcap, traces):
    segments = list(packets(pcap))
    if not segments:
        raise Fault('nothing went over the wire')
    sides = [side for side in map(Side, traces) if side.calls]
    servers = [side for side in sides if side.listens]
    clients = [side for side in sides if not side.listens]
    if len(servers) != 1 or len(clients) != 1:
        raise Fault('a captured demonstration has one server and one client, '
                    f'not servers: {[s.name for s in servers]}, '
                    f'clients: {[s.name for s in clients]}')
    print('\n'.join(diagram(segments, clients[0], servers[0])))


if __name__ == '__main__':
    try:
        main(sys.argv[1], sys.argv[2:])
    except Fault as fault:
        sys.exit(f'wire.py: {fault}')
