#!/usr/bin/env python3
"""wire.py - a recorded conversation as a mermaid sequence diagram.

usage: wire.py PCAP TERMINAL.strace...

PCAP is tcpdump's record of the loopback interface; each TERMINAL.strace has
the system calls of what ran in that terminal (strace -f -o). The terminal
that listens is the server, the other one the client. What a process that was
forked does stands on its parent's side, marked "child: ", or "child 2: ".

Each segment is an arrow. Each system call is a note at its side, hung on the
segment that it causes or that it waited for: connect() on its SYN and, when
it returns, on the SYN, ACK; accept() on the ACK that completes the handshake;
send() on the segment with its first byte; recv() on the one with its last;
close() and shutdown() on the FIN (or RST). A close() while another process
holds the same socket causes nothing. The notes of one process keep its own
order; a child's begin behind its fork(), and of two processes that do something
at the same segment the elder comes first. No clock is read: two honest runs
give the same diagram."""
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
FORKS = {'fork', 'vfork', 'clone', 'clone3'}
DUPS = {'dup', 'dup2', 'dup3'}
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
    """A system call, and what it says. Later Side knows its socket, the one
    that it made, whether it closed the last descriptor of it, and its label."""

    def __init__(self, pid, name, args, value, error):
        self.pid, self.name, self.args = pid, name, args
        self.value, self.error, self.label = value, error, ''
        self.socket = self.made = None
        self.last = False
        self.child = None
        self.fd = int(args.split(',')[0]) if args[:1].isdigit() else -1

    def text(self, result=True):
        return self.label + self.bare(result)

    def bare(self, result):
        name, fd = NAMES.get(self.name, self.name), self.fd
        if name in FORKS:
            return f'fork() = {self.value}'
        if name in DUPS:
            return f'dup2({fd}, {self.value})'
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
    """The finished calls that may be about sockets, and the ends of processes
    (as a call exit()), in order. A fork stands where it began: the child may
    run before its parent returns from it."""
    found, waiting = [], {}
    for line in Path(path).read_text(encoding='utf-8', errors='replace').splitlines():
        pid, _, rest = line.partition(' ')
        rest, place = rest.strip(), len(found)
        if rest.endswith('<unfinished ...>'):
            waiting[pid] = place, rest[:-len('<unfinished ...>')]
            found.append(None)
            continue
        resumed = re.match(r'<\.\.\. \w+ resumed>(.*)', rest)
        if resumed:
            place, begun = waiting.pop(pid, (place, ''))
            rest = begun + resumed[1]
        match = re.match(r'(\w+)\((.*)\)\s+= (-?\d+)(?: (E[A-Z0-9]+))?', rest)
        call = None
        if rest.startswith('+++ '):
            call = Call(pid, 'exit', '', 0, None)
        elif match and match[1] in CALLS | FORKS | DUPS | {'fcntl', 'execve'}:
            call = Call(pid, match[1], match[2], int(match[3]), match[4])
        if resumed and call and call.name in FORKS:
            found[place] = call
        else:
            found.append(call)
    return [call for call in found if call]


class Socket:
    """What descriptors stand for, in one process or in several."""


class Table(dict):
    """The sockets of a process, by descriptor."""

    def __init__(self, other=()):
        super().__init__(other)
        self.exec_closes = set(getattr(other, 'exec_closes', ()))

    def open(self, fd, what, closes):
        self[fd] = what
        self.mark(fd, closes)
        return what

    def mark(self, fd, closes):
        (self.exec_closes.add if closes else self.exec_closes.discard)(fd)

    def close(self, fds):
        for fd in list(fds):
            self.pop(fd, None)


class Side:
    """One terminal: its calls on sockets, hung on segments."""

    def __init__(self, path):
        self.name = Path(path).stem
        self.root = {}  # of a process that was forked: the first of its family
        self.calls = self.without_idle_forks(list(self.sockets_only(calls(path))))
        runs = [pid for pid, _ in itertools.groupby(
            self.root.get(c.pid, c.pid) for c in self.calls)]
        if len(runs) != len(set(runs)):
            raise Fault(f'{self.name}: the calls of several processes mix; '
                        'only one at a time, and its children, can be drawn')
        self.set_labels()
        self.listens = any(c.name == 'listen' for c in self.calls)

    def sockets_only(self, found):
        """Drops files, and what is not TCP: the resolver's sockets, say."""
        tables = {}
        for c in found:
            table = tables.setdefault(c.pid, Table())
            c.socket = table.get(c.fd)
            if c.name in FORKS:
                drawn = self.fork(c, tables)
            else:
                drawn = self.follow(c, table)
            if c.name == 'exit':
                del tables[c.pid]
            if c.name == 'close' and drawn:
                c.last = not any(c.socket in t.values() for t in tables.values())
            if drawn:
                yield c

    @staticmethod
    def follow(c, table):
        """Keeps the table true; whether the call is one to draw."""
        closes = 'CLOEXEC' in c.args
        if c.name == 'socket' and re.match('AF_INET6?, SOCK_STREAM', c.args):
            c.socket = table.open(c.value, Socket(), closes)
        elif c.name == 'execve' and c.value == 0:
            table.close(table.exec_closes)
        elif c.socket is None:
            return False
        elif c.name == 'fcntl':
            if 'F_SETFD' in c.args:
                table.mark(c.fd, closes)
            return False
        elif c.name in DUPS and c.value >= 0:
            table.open(c.value, c.socket, closes)
        elif c.name in ('accept', 'accept4') and c.value >= 0:
            c.made = table.open(c.value, Socket(), closes)
        elif c.name == 'close':
            table.close([c.fd])
        return c.socket is not None

    def fork(self, c, tables):
        """The child has a copy of the table; threads share one. To be drawn if
        there are sockets in it."""
        table = tables[c.pid]
        if c.value > 0:
            shared = 'CLONE_FILES' in c.args
            tables[str(c.value)] = table if shared else Table(table)
        if c.value > 0 and table:
            self.root[str(c.value)] = self.root.get(c.pid, c.pid)
        return c.value > 0 and bool(table)

    @staticmethod
    def without_idle_forks(found):
        """Leaves out the forks of processes that do nothing with sockets."""
        while True:
            busy = {c.pid for c in found}
            kept = [c for c in found if c.name not in FORKS or str(c.value) in busy]
            if len(kept) == len(found):
                return kept
            found = kept

    def set_labels(self):
        """The first process of a family has none, its only child is "child",
        and of several each has its number."""
        by_root = {}
        for c in self.calls:
            family = by_root.setdefault(self.root.get(c.pid, c.pid), {})
            family.setdefault(c.pid, None)
        label = {}
        for family in by_root.values():
            children = list(family)[1:]
            for number, pid in enumerate(children, 1):
                label[pid] = 'child' if len(children) == 1 else f'child {number}'
        for c in self.calls:
            if c.name in FORKS:
                c.child = str(c.value)
                c.value = label[c.child]
            if c.pid in label:
                c.label = label[c.pid] + ': '

    def hang(self, side, found):
        """[name, slot or None, text] of each note: slot 2k is before segment k,
        2k+1 after it. The processes one after the other, each in its order."""
        desk, hung, born = Desk(side, found), {}, {}
        for c in self.calls:
            notes = hung.setdefault(c.pid, [])
            before, after = desk.place(c)
            if c.name == 'connect' and before and after and \
                    c.error != 'EINPROGRESS':  # it waits: two notes
                notes.append([c.name, 2 * before.index, c.text(result=False)])
                before = None
            slot = None
            if before or after:
                slot = 2 * before.index if before else 2 * after.index + 1
            notes.append([c.name, slot, c.text()])
            if c.name in FORKS:
                born[c.child] = notes[-1]
        for pid, notes in hung.items():  # parents come before their children
            in_order(notes, born[pid][1] if pid in born else 0)
        return [note for notes in hung.values() for note in notes]


class Desk:
    """Which connection each socket of a side stands for, and how many bytes
    went through it in each direction."""

    def __init__(self, side, found):
        self.side, self.other = side, SERVER if side == CLIENT else CLIENT
        self.first = found[0]
        self.started = iter(found)
        self.accepted = iter(sorted((t for t in found if t.completed()),
                                    key=lambda t: t.completed().index))
        self.talks, self.sent, self.got = {}, {}, {}

    def place(self, c):
        """The segment that a call causes and the one that it waited for."""
        key = c.socket
        if c.name == 'listen':
            return self.first.segments[0], None
        if c.name == 'connect' and c.error in ANSWERED:
            return self.connect(key)
        if c.name in ('accept', 'accept4') and c.value >= 0:
            return None, self.accept(c.made)
        talk = self.talks.get(key)
        if talk is None or c.name == 'close' and not c.last:
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


def in_order(hung, latest):
    """A process's own order rules, from slot latest on. What prepares something stands beside the
    next call, everything else that is on no segment beside the one before."""
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
