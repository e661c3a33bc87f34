"""checks.py - what is planned for an exercise, and what came of it.

Three layers: visible (the exercise's own checks against the program as make
check-N builds it), faults (the same against a build with seeded faults and a
sanitizer), hidden (the teacher's own files, against the first build).
"""

import collections
import hashlib
import os
import pathlib
import re
import sys

from words import wash

COURSE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(1, str(COURSE / "common/bin"))
import tap  # noqa: E402  pylint: disable=wrong-import-position

TAGS = re.compile(r"^# bats (file_tags|test_tags)=(.*)$")
WISH = re.compile(r"^# grade: (\w+) ?(.*)$", re.M)
# Checks that bring a bad day of their own, that measure, or that are about wrong
# arguments would tell nothing new under faults: these words in a test, or in its
# name, leave it out of that layer.
NOT_FAULTS = re.compile(r"\b(under|freeze|traced|strace|VmHWM|assert_idle)\b")
NO_TRAFFIC = re.compile(r"\bexits? (with )?[12]\b|\bargument")

# What a verdict depends on; the rest of this folder is about the class.
RUNNER = ("archive.py", "build.py", "checks.py", "furnish.py", "groups.py", "intake.py",
          "job.py", "material.py", "reference.py", "sandbox.py", "verdict.py", "words.py", "box.c", "box.h",
          "tell.c", "enter.c", "watch.c", "faults.c")

Plan = collections.namedtuple("Plan", "id name points layer file")


def wishes(bats_file: pathlib.Path) -> dict:
    """The lines "# grade: KEY WORDS" of a bats file: tools, allow, limits,
    environment, see README.md."""
    found = {}
    for key, words in WISH.findall(bats_file.read_text()):
        found.setdefault(key, []).extend(words.split())
    if "limits" in found:
        found["limits"] = dict(word.split("=") for word in found["limits"])
    return found


def tests_of(bats_file: pathlib.Path) -> list:
    """(name, tags, body) of each test."""
    every, own, found = [], [], []
    for line in bats_file.read_text().splitlines(keepends=True):
        tags, name = TAGS.match(line), tap.NAME.match(line)
        if tags:
            words = [word.strip() for word in tags[2].split(",")]
            if tags[1] == "file_tags":
                every = words
            else:
                own = words
        elif name:
            found.append((name[2], [*every, *own], []))
            own = []
        elif found:
            found[-1][2].append(line)
    return [(name, tags, "".join(body)) for name, tags, body in found]


def points(tags: list) -> float:
    """Of the tag points:N; 1 without one."""
    worth = [float(tag.removeprefix("points:")) for tag in tags if tag.startswith("points:")]
    return (int(worth[-1]) if worth[-1].is_integer() else worth[-1]) if worth else 1


def layers(exercise: str, hidden) -> dict:
    """{layer: its bats files}."""
    own = COURSE / "tests" / exercise / "exercise.bats"
    found = {"visible": [own], "faults": [own], "hidden": []}
    if hidden:
        found["hidden"] = sorted(pathlib.Path(hidden, exercise).glob("*.bats"))
    return found


def plan(exercise: str, hidden=None) -> list:
    """Every check, once, in order."""
    planned = []
    for layer, files in layers(exercise, hidden).items():
        for file in files:
            prefix = "" if layer == "visible" else f"{layer}: "
            prefix += f"{file.stem}: " if len(files) > 1 else ""
            for name, tags, body in tests_of(file):
                if layer == "faults" and ("faults:no" in tags or NOT_FAULTS.search(body)
                                          or NO_TRAFFIC.search(name)):
                    continue
                planned.append(Plan(prefix + name, name, points(tags), layer, file))
    return planned


def hashes(paths: list) -> str:
    """One SHA-256 of these files, by their names and bytes."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            whole.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def tests_hash(exercise: str, hidden=None) -> str:
    """Of all that decides what a submission is asked."""
    own = [path for path in (COURSE / "tests" / exercise).iterdir() if path.name != "lesson.bats"]
    more = [path for folder in ("lib", "gremlins", "gremlins/preload")
            for path in (COURSE / "tests" / folder).iterdir()]
    return hashes([*own, *more, *layers(exercise, hidden)["hidden"]])


def runner_hash() -> str:
    """Of all that asks."""
    grade = [COURSE / "common/grade" / name for name in RUNNER]
    shared = [*(COURSE / "common/bin" / name for name in ("sessions.py", "tap.py", "netns.c")),
              COURSE / "common/make/programs.mk", *(COURSE / "common").glob("*.[ch]"),
              *(COURSE / "build").glob("*/flags")]
    return hashes([*grade, *shared])


def result_of(planned: Plan, check: tap.Check, seen: int, late: bool) -> dict:
    """One check of a result. seen: how often bats spoke of it."""
    status, message = "error", "this check never ran"
    if seen > 1:
        message = "bats spoke of this check more than once"
    elif check.status == "ok":
        status, message = "pass", ""
    elif check.status == "skip":
        status, message = "skip", check.reason
    elif check.status == "fail":
        told = [f"{key}: {text}" for key, text in check.told()]
        status, message = "fail", "\n".join(told)
    elif seen or late:
        status = "fail"
        message = f"not run: {'the time was up' if late else check.reason.removeprefix('not run: ')}"
    worth = 0 if status == "skip" else planned.points  # what could not be asked
    return {"id": planned.id, "status": status, "max": worth, "ms": check.ms,
            "points": worth if status == "pass" else 0,
            "message": wash(message), "visibility": planned.layer}


def unasked(planned: Plan, why: str) -> dict:
    """A check that was never asked, and so earns nothing."""
    return {"id": planned.id, "status": "fail", "max": planned.points, "ms": 0, "points": 0,
            "message": wash(why), "visibility": planned.layer}


def run(planned: list, file: pathlib.Path, env: dict, limit: float) -> list:
    """Runs these checks of one file; a result for each."""
    seen = collections.Counter()
    started = os.times().elapsed
    done = tap.run_some(file, [item.name for item in planned], env, limit,
                        lambda check: seen.update([check.name]))
    late = os.times().elapsed - started >= limit
    by_name = {check.name: check for check in done}
    return [result_of(item, by_name[item.name], seen[item.name], late) for item in planned]
