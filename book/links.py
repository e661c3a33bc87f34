#!/usr/bin/env python3
"""links.py - whether the links of Markdown files lead somewhere.

usage: links.py FILE.md...

Checks relative links, the files and the headings (or labels) they name, and
that no chapter calls another one by its number. Links to other hosts are not
followed. Each fault is named by file and line; exit status 1 if there is one."""
import functools
import re
import sys
from pathlib import Path
from urllib.parse import unquote

sys.dont_write_bytecode = True
from fences import Fault, fences  # noqa: E402

LINK = re.compile(r'\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)')
REFERENCE = re.compile(r'^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?\s*$')
BY_NUMBER = re.compile(r'\b(?:[Ll]esson|[Cc]hapter)s? \d+\b')


def prose(path):
    """(number, line) for each line that is not in a fence, code blanked."""
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    inside = set()
    for fence in fences(lines):
        inside.update(range(fence.first, fence.last + 1))
    for number, line in enumerate(lines):
        if number not in inside:
            yield number + 1, line


def without_code(line):
    return re.sub(r'(`+)(?:(?!\1).)+\1', '', line)


def slug(heading):
    """The anchor that forges, and pandoc, give a heading."""
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
    text = re.sub(r'[`*]', '', text).strip().lower()
    return re.sub(r'[^\w\- ]', '', text).replace(' ', '-')


@functools.cache
def anchors(path):
    """The anchors of a Markdown file: headings, fences with ids, labels."""
    found, counts = set(), {}
    text = path.read_text(encoding='utf-8')
    for _, line in prose(path):
        heading = re.match(r'#{1,6}\s+(.*?)\s*#*$', line)
        if heading:
            name = slug(heading[1])
            seen = counts[name] = counts.get(name, -1) + 1
            found.add(f'{name}-{seen}' if seen else name)
    found.update(re.findall(r'^```\w*\s*\{#([\w-]+)', text, re.MULTILINE))
    found.update(re.findall(r'^<!-- label: (\S+) -->', text, re.MULTILINE))
    return found


def fault_of(path, target):
    """What is wrong with a link, or None."""
    if re.match(r'[a-z][a-z0-9+.-]*:', target):
        return None
    name, _, anchor = target.partition('#')
    there = (path.parent / unquote(name)) if name else path
    if not there.exists():
        return f'{target}: there is no such file'
    if anchor and there.suffix == '.md' and unquote(anchor) not in anchors(there.resolve()):
        return f'{target}: {there} has no heading or label #{anchor}'
    return None


def faults(path):
    ours = path.parent.parent.name == 'lessons'
    for number, line in prose(path):
        if line == '## Further reading':
            ours = False  # from here on, chapters of other books
        line = without_code(line)
        targets = LINK.findall(line) + REFERENCE.findall(line)
        for fault in filter(None, (fault_of(path, t) for t in targets)):
            yield f'{path}:{number}: {fault}'
        numbered = ours and BY_NUMBER.search(re.sub(r'<!--.*?-->', '', line))
        if numbered:
            yield (f'{path}:{number}: "{numbered[0]}": name the subject and link '
                   'to it; numbers come from the folders')


def main(paths):
    found = []
    for path in map(Path, paths):
        try:
            found += faults(path)
        except Fault as fault:
            found.append(f'{path}:{fault}')
    print('\n'.join(found), file=sys.stderr, end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
