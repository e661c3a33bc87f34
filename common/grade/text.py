"""text.py - names and numbers on their way to a terminal, a table or a page."""

import csv
import html
import io
import os
import pathlib
import re
import tempfile

FORMULA = re.compile(r"\s*[=+\-@\t\r]")  # how a spreadsheet's formula begins
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(name: str) -> str:
    """A name that UTF-8 can hold: its odd bytes become \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def line(text: str) -> str:
    """On one line, and without what moves a terminal's cursor or turns text."""
    return CONTROL.sub(lambda m: ascii(m[0])[1:-1], clean(text))


def esc(text) -> str:
    """Inert in HTML, wherever it stands."""
    return html.escape(line(str(text)))


def number(value) -> str:
    """Points as one writes them: 3, 2.5; nothing for None."""
    return "" if value is None else f"{round(value, 2):g}"


def cell(value) -> str:
    """One cell of CSV: what would be a formula becomes text."""
    text = number(value) if isinstance(value, (int, float)) else clean(value or "")
    return "'" + text if FORMULA.match(text) else text


def table(rows: list) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([cell(v) for v in row] for row in rows)
    return out.getvalue()


def write(path, text: str) -> None:
    """All of it or nothing; and nothing where the file says that already."""
    path, data = pathlib.Path(path), text.encode()
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    handle, name = tempfile.mkstemp(prefix=".gradebook.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
