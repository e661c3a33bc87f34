"""words.py - text from a stranger's program, made fit for a file or a page."""


def wash(data, most: int = 2000) -> str:
    """Bytes or text as printable text: control characters, odd bytes and what
    no UTF-8 can hold escaped, lines kept, the end cut off after `most`."""
    if isinstance(data, bytes):
        data = data.decode("utf-8", "backslashreplace")
    plain = "".join(c if c.isprintable() or c in "\n " else
                    "    " if c == "\t" else c.encode("unicode_escape").decode() for c in data)
    return plain if len(plain) <= most else plain[:most - 3] + "..."
