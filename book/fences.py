"""fences.py - the fenced blocks of a Markdown text, and pieces of C source.

Used by sync.py and links.py; standard library only."""
import re
import textwrap
from pathlib import Path

OPENING = re.compile(r'^ {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*)$')
MARKER = re.compile(r'^\s*//([><]) ([\w-]+)\s*$')


class Fault(Exception):
    """What is wrong with a chapter or a source, in words for its author."""


class Fence:
    """Lines first+1 to last of a text (from 0) between two fence lines."""

    def __init__(self, first, info):
        self.first = first
        self.last = first
        self.info = info
        self.attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', info))
        self.language = re.split(r'[\s{]', info)[0]

    @property
    def line(self):
        return self.first + 1


def fences(lines):
    """The fences of a text that stand at its top level, in order."""
    found, fence, mark = [], None, ''
    for number, line in enumerate(lines):
        line = line.rstrip('\r\n')
        if fence is None:
            opening = OPENING.match(line)
            if opening:
                mark, fence = opening[1], Fence(number, opening[2].strip())
            elif re.search(r'(```|~~~).*\{.*\b(include|run|capture)="', line):
                raise Fault(f'{number + 1}: a fence that is filled in starts '
                            'in column 1, outside of lists and boxes')
        elif re.fullmatch(rf' {{0,3}}{mark[0]}{{{len(mark)},}}\s*', line):
            fence.last = number
            found.append(fence)
            fence = None
    if fence is not None:
        raise Fault(f'{fence.line}: this fence is never closed')
    return found


def piece(path, function=None, snippet=None):
    """The text of a listing: a whole file, a function, or a marked part.
    Marker lines are never shown."""
    try:
        lines = Path(path).read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise Fault(f'{path}: {error.strerror}') from None
    first, last = 0, len(lines)
    if function:
        first, last = function_span(lines, function, path)
    elif snippet:
        first, last = snippet_span(lines, snippet, path)
    shown = [line for line in lines[first:last] if not MARKER.match(line)]
    return textwrap.dedent('\n'.join(shown)) + '\n'


def snippet_span(lines, name, path):
    opened = [i for i, line in enumerate(lines) if line.strip() == f'//> {name}']
    closed = [i for i, line in enumerate(lines) if line.strip() == f'//< {name}']
    if len(opened) != 1 or len(closed) != 1 or closed[0] < opened[0]:
        raise Fault(f'{path}: needs one line "//> {name}" and, after it, '
                    f'one line "//< {name}"')
    return opened[0] + 1, closed[0]


def function_span(lines, name, path):
    """A definition starts in column 1, has its name before a "(", perhaps a
    signature of several lines, and ends with a "}" in column 1. The comment
    that touches it belongs to it."""
    for number, line in enumerate(lines):
        if not re.match(r'[A-Za-z_]', line) or \
                not re.search(rf'\b{re.escape(name)}\(', line):
            continue
        body = number
        while body < len(lines) and not re.search(r'[;{}]\s*$', lines[body]):
            body += 1
        if body == len(lines) or not lines[body].rstrip().endswith('{'):
            continue  # only declared here
        last = body
        while last < len(lines) and not lines[last].startswith('}'):
            last += 1
        if last == len(lines):
            raise Fault(f'{path}: {name} has no "}}" in column 1')
        return with_head(lines, number), last + 1
    raise Fault(f'{path}: no function {name}')


def with_head(lines, first):
    """A return type on a line of its own, and the comment that touches it."""
    if first > 0 and re.fullmatch(r'[A-Za-z_][\w \t*]*', lines[first - 1]):
        first -= 1
    if first > 0 and lines[first - 1].rstrip().endswith('*/'):
        comment = first - 1
        while comment > 0 and '/*' not in lines[comment]:
            comment -= 1
        if lines[comment].startswith('/*'):
            return comment
    while first > 0 and lines[first - 1].startswith('//') and \
            not MARKER.match(lines[first - 1]):
        first -= 1
    return first
