#!/usr/bin/env python3
"""sync.py - keep the fences of chapters true: what they show is what happens.

usage: sync.py [--write] [--jobs N] CHAPTER...     (lessons/NN-slug/README.md,
                                                    book/back/NAME.md)

In a chapter, a fence is filled in from its attributes:
  ```c {include="x.c"}                   a whole file of the lesson
  ```c {include="x.c" function="f"}      a function with its comment
  ```c {include="x.c" snippet="part"}    from "//> part" to "//< part"
  ```console {run="demo.sh"}             what the demonstration prints
  ```mermaid {#fig-x capture="demo.sh" caption="..."}   what went over the wire
Without --write nothing is changed: each difference is named by file and line,
a unified diff follows, and the exit status is 1. With it the fences are
rewritten, and nothing else. A fence may say vary="REGEX": what matches may
differ from run to run. Lines wider than a page holds are refused.

A run needs a private network (build/tools/netns), a capture tcpdump and
strace too. Without them such fences are skipped, by name; under CI=1 that is
a failure. Exit status: 0 true, 1 not, 2 usage."""
import argparse
import difflib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'common/bin'))
import sessions  # noqa: E402
from fences import Fault, fences, piece  # noqa: E402

NETNS = ['build/tools/netns', '--ports', '54320-54399']
LIMIT_S = 120       # for one run; a demonstration's own waits are 5 s each
CODE_COLUMNS = 70   # at the size of the listings
CONSOLE_COLUMNS = 84  # transcripts are set smaller where they need it
TRIES = 3           # see left_to_chance

# What may differ between two honest runs, and only that. Each is replaced by
# its kind and, for ports and processes, by how many different ones came
# before: a transcript in which two ports should be the same and are not is
# still found.
RULES = [
    # The kernel picks clients' ports, here from 54320 to 54399: netns --ports.
    ('port', re.compile(r'\b543[2-9]\d\b')),
    # "pid 1234", "pid=1234", "PID: 1234".
    ('pid', re.compile(r'(?<=\bpid[ =])\d+|(?<=\bpid: )\d+', re.IGNORECASE)),
    # A time of day, perhaps with fractions: 09:41:07.123456.
    ('clock', re.compile(r'\b\d\d:\d\d:\d\d(\.\d+)?\b')),
    # What was measured: "1.24 s", "3 ms", "250 us". A whole number of seconds
    # ("5 s") is what somebody set, so it must agree.
    ('duration', re.compile(r'\b(\d+\.\d+ ?s|\d+(\.\d+)? ?(ms|us|µs|ns))\b')),
]


def normal(text, vary=None):
    """What two honest runs have in common."""
    rules = RULES + ([('varies', re.compile(vary))] if vary else [])
    for kind, rule in rules:
        seen = {}

        def name(match, kind=kind, seen=seen):
            value = match[0]
            if kind in ('port', 'pid'):
                return f'<{kind} {seen.setdefault(value, len(seen) + 1)}>'
            return f'<{kind}>'
        text = rule.sub(name, text)
    return text


def call(command):
    try:
        with sessions.session(
                command, signal.SIGINT, stderr=subprocess.PIPE,
                env={**os.environ, 'NO_COLOR': '1', 'LC_ALL': 'C.UTF-8'}) as process:
            out, errors = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        raise Fault(f'{" ".join(command)}: not done after {LIMIT_S} s') from None
    except OSError as error:
        raise Fault(f'{command[0]}: {error.strerror}') from None
    if process.returncode != 0:
        raise Fault(f'{" ".join(command)}: exit status {process.returncode}\n'
                    + out + errors)
    return out


@functools.cache
def lacking(kind):
    """Why a fence of this kind cannot be checked on this machine, or ''."""
    if kind == 'include':
        return ''
    # A network of its own is what makes two runs alike.
    if subprocess.run([NETNS[0], '--probe'], check=False).returncode:
        return 'needs a private network'
    if kind == 'capture':
        for tool in ('tcpdump', 'strace'):
            if not shutil.which(tool):
                return f'needs {tool}'
        try:
            call(NETNS + ['--raw', 'book/capture', '--probe'])
        except Fault:
            return 'tcpdump may not record here'
    return ''


def listing(lesson, a):
    return piece(lesson / a['include'], a.get('function'), a.get('snippet'))


def transcript(lesson, a):
    script = lesson / a['run']
    try:
        asks = re.search(r'^# netns: (.*)$', script.read_text(), re.MULTILINE)
    except OSError as error:
        raise Fault(f'{script}: {error.strerror}') from None
    words = asks[1].split() if asks else []
    network = [] if words == ['none'] else NETNS + words  # none: it makes its own
    name = lesson.name if lesson.parent.name == 'lessons' else str(lesson)
    return call(network + ['common/bin/demo', name, a['run']])


def diagram(lesson, a):
    return call(NETNS + ['--raw', 'book/capture', lesson.name, a['capture']])


MAKERS = {'include': listing, 'run': transcript, 'capture': diagram}


def kind_of(fence):
    kinds = [kind for kind in MAKERS if kind in fence.attributes]
    if len(kinds) > 1:
        raise Fault(f'{fence.line}: a fence has one of {", ".join(MAKERS)}')
    return kinds[0] if kinds else None


def left_to_chance(kind, real, shown):
    """Whether another run may differ: a capture has timing, and clients of
    different servers now and then get the same port."""
    port = dict(RULES)['port']
    return kind == 'capture' or \
        len(set(port.findall(real))) != len(set(port.findall(shown)))


def truth(kind, lesson, fence, shown):
    """What the fence should show; the same text where it is true."""
    try:
        for _ in range(TRIES):
            real = MAKERS[kind](lesson, fence.attributes)
            if normal(real, fence.attributes.get('vary')) == \
                    normal(shown, fence.attributes.get('vary')):
                return shown
            if not left_to_chance(kind, real, shown):
                break
    except Fault as fault:
        raise Fault(f'{fence.line}: {fault}') from None
    return real


def too_wide(fence, text):
    limit = CONSOLE_COLUMNS if fence.language == 'console' else CODE_COLUMNS
    if fence.language == 'mermaid':
        return
    for number, line in enumerate(text.splitlines(), fence.line + 1):
        width = len(line.expandtabs(4))
        if width > limit:
            yield (f'{number}: {width} columns, and a page holds {limit}: '
                   f'{line.strip()}')


class Chapter:
    """One chapter's text and, on the way in the pool, what it should be."""

    def __init__(self, path, pool):
        self.path = path
        with open(path, encoding='utf-8', newline='') as file:
            self.old = file.read()
        self.lines = self.old.splitlines(keepends=True)
        self.jobs, self.skipped = [], []
        for fence in fences(self.lines):
            shown = ''.join(self.lines[fence.first + 1:fence.last])
            shown = shown.replace('\r\n', '\n')
            kind, real = kind_of(fence), None
            if kind and lacking(kind):
                self.skipped.append(f'{fence.line}: skipped, {lacking(kind)}: '
                                    f'{fence.attributes[kind]}')
            elif kind:
                real = pool.submit(truth, kind, path.parent, fence, shown)
            self.jobs.append((fence, shown, real))

    def settle(self):
        """Waits; then the true text is in new, what was wrong in stale and,
        where sync cannot mend it, in faults."""
        lines, self.faults, self.stale = list(self.lines), [], []
        ending = '\r\n' if '\r\n' in self.old else '\n'
        for fence, shown, real in reversed(self.jobs):  # line numbers hold
            text = shown
            try:
                text = real.result() if real else shown
            except Fault as fault:
                self.faults.append(str(fault))
            if text != shown:
                self.stale.append(f'{fence.line}: not what happens: {fence.info}')
                body = text.replace('\n', ending)
                lines[fence.first + 1:fence.last] = body.splitlines(True)
            self.faults += reversed(list(too_wide(fence, text)))
        self.new = ''.join(lines)

    def report(self, write):
        """True when the chapter is, or now is, true."""
        if write and self.stale:
            replace(self.path, self.new)
            print(f'{self.path}: brought up to date: {len(self.stale)}')
        wrong = self.faults + ([] if write else self.stale)
        for line in self.skipped + wrong[::-1]:
            print(f'{self.path}:{line}', file=sys.stderr)
        if self.stale and not write:
            for line in difflib.unified_diff(
                    self.old.splitlines(), self.new.splitlines(),
                    f'{self.path} (as written)', f'{self.path} (as it is)',
                    lineterm=''):
                print(line, file=sys.stderr)
        return not wrong


def replace(path, text):
    """Atomic, so that no reader ever sees half a chapter; the mode stays."""
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', newline='', delete=False,
                                     dir=path.parent, prefix='.sync-') as file:
        try:
            file.write(text)
            file.flush()
            shutil.copymode(path, file.name)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, usage=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('chapters', nargs='*', type=Path)
    args = parser.parse_args()
    chapters, good = [], True
    with sessions.threads(args.jobs) as pool:
        for path in args.chapters:
            try:
                chapters.append(Chapter(path, pool))
            except (Fault, OSError) as fault:
                print(f'{path}:{fault}', file=sys.stderr)
                good = False
        for chapter in chapters:
            chapter.settle()
            good = chapter.report(args.write) and good
    skipped = sum(len(c.skipped) for c in chapters)
    compared = sum(real is not None for c in chapters for _, _, real in c.jobs)
    print(f'book: {compared} fences compared with what happens, {skipped} skipped')
    if skipped and os.environ.get('CI'):
        print('CI: a fence that cannot be checked is a failure', file=sys.stderr)
        good = False
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(sessions.run(main))
