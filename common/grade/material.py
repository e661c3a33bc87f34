"""material.py - what a job works on: the student's files, the teacher's tests."""

import json
import os
import pathlib

import intake
from archive import Refused
from sandbox import COURSE


def take(exercise: str, source: pathlib.Path) -> tuple:
    """(verdict, reason, {name: bytes}) of the exercise's files."""
    try:
        told = json.loads((source.parent / "intake.json").read_text())
    except (OSError, ValueError):
        told = {}
    about = told.get("exercises", {}).get(exercise, {})
    problem = about.get("problem") or told.get("problem")
    if problem:
        return "rejected", problem, {}
    files = {}
    for name in intake.exercises()[exercise]:
        if not os.path.lexists(source / name):
            others = ", ".join(about.get("others", []))
            return "missing", f"{exercise}/{name} was not handed in" + (
                f"; there is {others}" if others else ""), {}
        try:
            data = intake.read_file(source / name)
        except Refused as error:
            return "rejected", f"{name} {error}", {}
        files[name] = data
    return "", "", files


def mirror(job: pathlib.Path, exercise: str, files: list) -> dict:
    """Hidden tests, copied to where they find tests/lib beside them."""
    tests = job / "course/tests"
    (tests / exercise).mkdir(parents=True)
    for name in ("lib", "gremlins"):
        (tests / name).symlink_to(COURSE / "tests" / name)
    for file in (COURSE / "tests" / exercise).iterdir():
        (tests / exercise / file.name).symlink_to(file)
    copies = {}
    for file in files:
        for beside in file.parent.iterdir():
            copy = tests / exercise / f"hidden-{beside.name}" if beside.suffix == ".bats" \
                else tests / exercise / beside.name
            if beside.is_file() and not copy.exists():
                copy.write_bytes(beside.read_bytes())
        copies[file] = tests / exercise / f"hidden-{file.name}"
    return copies
