"""lms.py - the gradebook as CSV, as Canvas or Moodle imports it.

usage: lms.py canvas|moodle GRADEBOOK.json >grades.csv

Columns come from roster.csv: name, id, sis, login, section for Canvas; id,
login and email for Moodle, which asks on import what each column is. Where
there is no grade yet the cell is empty, and the platform keeps what it has.
The formats are those that Canvas and Moodle document; nobody has imported
these files into a live one.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from text import table  # noqa: E402


def canvas(book: dict) -> list:
    """Canvas: a second row with the points possible."""
    slugs = [e["exercise"] for e in book["exercises"]]
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *slugs],
            ["    Points Possible", "", "", "", "", *(e["max"] for e in book["exercises"])]]
    for s in book["students"]:
        known = s["roster"]
        rows.append([known.get("name") or s["student"], known.get("id", ""), known.get("sis", ""),
                     known.get("login") or s["student"], known.get("section", ""),
                     *(s["grades"][slug]["points"] for slug in slugs)])
    return rows


def moodle(book: dict) -> list:
    slugs = [e["exercise"] for e in book["exercises"]]
    rows = [["Username", "ID number", "Email address", *slugs]]
    for s in book["students"]:
        known = s["roster"]
        rows.append([known.get("login") or s["student"], known.get("id", ""), known.get("email", ""),
                     *(s["grades"][slug]["points"] for slug in slugs)])
    return rows


def main() -> int:
    kinds = {"canvas": canvas, "moodle": moodle}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit("usage: lms.py canvas|moodle GRADEBOOK.json")
    try:
        book = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
        sys.stdout.write(table(kinds[sys.argv[1]](book)))
    except (OSError, ValueError, KeyError, TypeError):
        sys.exit(f"{sys.argv[2]}: no gradebook (course/gradebook/v1)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
