"""show.py - bytes as a person can read them, for the messages of failed tests.

usage: show.py <FILE          stdin, escaped, in quotes
       show.py GOT WANT       where two files differ: line 1 what was expected,
                              line 2 what came; exit 1, or 0 if they are equal
"""

import pathlib
import sys

AROUND = 24  # bytes shown on either side of a difference
NAMES = {9: r"\t", 10: r"\n", 13: r"\r", 34: r"\"", 92: r"\\"}


def escape(data: bytes) -> str:
    """The bytes as a C string literal; text in UTF-8 stays as it is."""
    out = []
    for char in data.decode("utf-8", "surrogateescape"):
        code = ord(char)
        if code in NAMES:
            out.append(NAMES[code])
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif char.isprintable():
            out.append(char)
        else:
            out.extend(f"\\x{byte:02x}" for byte in char.encode())
    return '"' + "".join(out) + '"'


def first_difference(got: bytes, want: bytes) -> int:
    """The offset of the first byte that differs; a common start's length."""
    low, high = 0, min(len(got), len(want))
    while low < high:  # halves, so that megabytes cost nothing
        middle = (low + high + 1) // 2
        if got[:middle] == want[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def excerpt(data: bytes, offset: int) -> str:
    """What stands around offset, with the data's length."""
    start = max(0, offset - AROUND)
    part = escape(data[start : offset + AROUND])
    where = f" from byte {start}" if start else ""
    return f"{len(data)} bytes: {part}{where}"


def main() -> int:
    if len(sys.argv) == 1:
        sys.stdout.write(escape(sys.stdin.buffer.read()))
        return 0
    got, want = (pathlib.Path(name).read_bytes() for name in sys.argv[1:3])
    if got == want:
        return 0
    offset = first_difference(got, want)
    print(excerpt(want, offset))
    print(f"{excerpt(got, offset)}; differs at byte {offset}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
