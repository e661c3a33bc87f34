"""lookalike.py - which submissions of an exercise are alike.

sim_c (Debian's similarity-tester) compares all pairs by their tokens, so that
other names, comments and layout hide nothing. What the starter has too is
taken out of each file first. A pair is reported for a person to look at; it
never costs points. Without sim_c there are no pairs.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import scan
from text import clean

ALIKE = 60  # percent from which a pair is worth a look; strangers have 8 to 40
MOST = 200  # pairs of the whole class
LINE = re.compile(r"(\w+)\.c consists for (\d+) % of (\w+)\.c material")


def own_lines(source: pathlib.Path, starter: set) -> str:
    """The files of one submission, without the starter's lines."""
    kept = []
    for file in sorted(source.glob("*.c")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        kept += [text for text in lines if text.strip() not in starter]
    return "\n".join(kept) + "\n"


def compare(exercise: str, sources: dict) -> list:
    """[(percent, id, id)] of one exercise, from {id: folder}."""
    starter = {text.strip() for file in (scan.COURSE / "lessons" / exercise / "exercise").glob("*.c")
               for text in file.read_text().splitlines()}
    with tempfile.TemporaryDirectory() as place:
        for name, source in sources.items():
            pathlib.Path(place, name + ".c").write_text(own_lines(source, starter))
        done = subprocess.run(["sim_c", "-p", "-t", str(ALIKE), *(n + ".c" for n in sources)],
                              cwd=place, text=True, capture_output=True, errors="replace",
                              check=False, timeout=600)
    found = {}
    for one, percent, other in LINE.findall(done.stdout):
        pair = tuple(sorted((one, other)))
        found[pair] = max(int(percent), found.get(pair, 0))
    return [(percent, *pair) for pair, percent in sorted(found.items())]


def pairs(wish, the_class) -> list:
    """The most alike first, by name. What was compared once is remembered."""
    if not shutil.which("sim_c"):
        return []
    memory, names, by_exercise = wish.state / "alike.json", {}, {}
    try:
        old = json.loads(memory.read_text())
    except (OSError, ValueError):
        old = {}
    for job in the_class.jobs:
        names["s" + job.id] = job.student
        by_exercise.setdefault(job.exercise, []).append(job)
    new, found = {}, []
    for exercise, jobs in sorted(by_exercise.items()):
        key = scan.digest(ALIKE, *(text for job in jobs for text in (job.id, job.submission)))
        if old.get(exercise, {}).get("key") == key:
            new[exercise] = old[exercise]
        else:
            sources = {"s" + job.id: wish.state / job.source for job in jobs}
            new[exercise] = {"key": key, "pairs": compare(exercise, sources)}
        found += [{"exercise": exercise, "percent": percent,
                   "students": sorted((clean(names[a]), clean(names[b])))}
                  for percent, a, b in new[exercise]["pairs"] if a in names and b in names]
    memory.write_text(json.dumps(new))
    return sorted(found, key=lambda p: (-p["percent"], p["exercise"], p["students"]))[:MOST]
