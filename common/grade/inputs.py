"""inputs.py - what a teacher knows and the tests do not, as CSV files beside
the class (in CLASS/..), each of them optional:

    roster.csv    student, and whatever else the gradebook should carry
                  (name, id, email, section ...)
    late.csv      student, exercise, days, and perhaps off (percent; without
                  it LATE_DAY for each day)
    override.csv  student, exercise, points, and perhaps why: the last word
    drop.csv      exercise, check: a check that counts for nobody

student is the name of the submission's folder or archive; exercise is NN or
NN-slug. A row that cannot be used is one line for the teacher, with file and
row, and stops nothing else.
"""

import csv
import io
import math
import pathlib

from scan import exercises, nfc
from text import clean, line

LATE_DAY = 10  # percent taken off for each day


class Inputs:
    """The usable rows, and a complaint about each of the others."""

    def __init__(self, folder: pathlib.Path, students: list):
        self.folder, self.complaints = folder, []
        # Under its own name, as tables write it, and as they guard it.
        self.names = {nfc(clean(name)): name for name in students}
        self.roster = {}
        for row, fields in self.rows("roster.csv", ("student",)):
            name = fields["student"]
            known = self.names.setdefault(nfc(self.unguarded(name)), name)
            if known in self.roster:
                self.complain("roster.csv", row, f"'{line(name)}' stands here twice")
            elif not name or name in (".", "..") or "/" in name:
                self.complain("roster.csv", row, f"'{line(name)}' is no name of a folder")
            else:
                self.roster[known] = {k: v for k, v in fields.items() if k != "student"}
        self.late = self.grades("late.csv", "days")
        self.override = self.grades("override.csv", "points")
        self.drop = {}
        for row, fields in self.rows("drop.csv", ("exercise", "check")):
            exercise = self.exercise("drop.csv", row, fields["exercise"])
            if exercise:
                self.drop.setdefault((exercise, fields["check"]), row)

    def complain(self, name: str, row: int, text: str) -> None:
        self.complaints.append(f"{line(str(self.folder / name))} row {row}: {text}")

    def unguarded(self, name: str) -> str:
        """A name as our own tables guard it ('=1) is the name."""
        return name[1:] if name[:1] == "'" and name[1:] in self.names else name

    def rows(self, name: str, columns: tuple):
        """(row, fields) of each row that has all columns; row 1 is the head."""
        try:
            text = (self.folder / name).read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or \
                "not UTF-8 text; save it as CSV UTF-8"
            self.complaints.append(f"{line(str(self.folder / name))}: {reason}; not used")
            return
        head = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text, newline=""),
                            delimiter=";" if ";" in head and "," not in head else ",")
        try:
            names = [title.strip().lower() for title in next(reader, [])]
            lacking = [column for column in columns if column not in names]
            if lacking:
                self.complain(name, 1, f"the first line names no column "
                              f"'{', '.join(lacking)}'; not used")
                return
            for row in reader:
                if not any(field.strip() for field in row):
                    continue
                if len(row) != len(names):
                    self.complain(name, reader.line_num, f"{len(row)} columns, and the "
                                  f"first line names {len(names)}")
                    continue
                yield reader.line_num, dict(zip(names, row))
        except csv.Error as error:
            self.complain(name, reader.line_num, f"{error}; nothing from here on is used")

    def exercise(self, name: str, row: int, text: str) -> str:
        text = text.strip()
        for exercise in exercises():
            if text == exercise or text.isdecimal() and int(text) == int(exercise[:2]):
                return exercise
        self.complain(name, row, f"there is no exercise '{line(text)}'")
        return ""

    def grades(self, name: str, value: str) -> dict:
        """{(student, exercise): fields}, with fields[value] a number."""
        found = {}
        for row, fields in self.rows(name, ("student", "exercise", value)):
            student = self.names.get(nfc(self.unguarded(fields["student"])))
            exercise = self.exercise(name, row, fields["exercise"])
            off = fields.get("off") or ""
            if not student:
                self.complain(name, row, f"nobody is called '{line(fields['student'])}'")
            elif exercise and (student, exercise) in found:
                self.complain(name, row, f"{line(fields['student'])}, {exercise} stands "
                              "here twice; the first counts")
            elif exercise:
                try:
                    fields[value] = amount(fields[value])
                    fields["off"] = amount(off) if off else None
                except ValueError as error:
                    self.complain(name, row, f"'{line(str(error))}' is no number from 0 on")
                else:
                    found[student, exercise] = fields
        return found


def amount(text: str) -> float:
    """A number of points, days or percent; 2,5 is 2.5."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        raise ValueError(text) from None
    if not math.isfinite(value) or value < 0:
        raise ValueError(text)
    return value


def off(late: dict) -> float:
    """Percent that a row of late.csv takes off."""
    percent = late["off"] if late["off"] is not None else late["days"] * LATE_DAY
    return min(100.0, percent)
