"""shared.py - what the adapters share: results in, washed text out."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import result  # noqa: E402

# What XML 1.0 has no way to write; results are washed already, but may be old.
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def load(paths: list) -> list:
    """These results; ends the program with one line at what is none."""
    found = []
    for path in paths:
        here = result.load(path)
        if here is None:
            sys.exit(f"{path}: no result (course/result/v1)")
        found.append(here)
    if not found:
        sys.exit("no result is named")
    return found


def wash(text) -> str:
    """Text that every format below can hold."""
    return NOT_XML.sub("?", str(text))


def told(here: dict) -> list:
    """The checks as a student may see them: a hidden one has neither name nor
    message."""
    checks, hidden = [], 0
    for check in here["checks"]:
        if check["visibility"] == "hidden":
            hidden += 1
            check = {**check, "id": f"hidden check {hidden}", "message": ""}
        checks.append(check)
    return checks


def passed(check: dict) -> bool:
    return check["status"] == "pass"
