"""scan.py - a class as it stands: who handed in what, and which jobs are due.

A job is one exercise of one student. Its id is a hash of the two names, so
that make and the engines never see a name that somebody chose; its key is a
hash of all that its result depends on: the submitted files, the tests, what
runs them, the level and the seed. A job is done when OUT/.grade/done/ID.KEY
is there and so is its result, OUT/NAME/NN-slug.json. No clock takes part.

Below OUT/.grade: in/SID/NN-slug/ (the files as taken in), scan.json (what was
found, with a fingerprint, so that nothing is read twice), done/, jobs/, new/.
"""

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess
import sys
import unicodedata

import checks
from text import clean

COURSE = pathlib.Path(__file__).resolve().parents[2]
ARCHIVE = re.compile(r"(.+)\.(?:tar\.gz|tgz|zip)$", re.IGNORECASE | re.DOTALL)
MOST_ENTRIES = 5000  # of one submission, in its fingerprint

@dataclasses.dataclass
class Job:
    """One exercise of one student."""

    student: str
    exercise: str
    id: str
    key: str
    source: str  # below OUT/.grade
    submission: str  # SHA-256

    @property
    def name(self) -> str:
        return f"{self.id}.{self.key}"


@dataclasses.dataclass
class Class:
    """Everybody who handed something in."""

    students: list  # names, sorted
    jobs: list
    notes: list  # lines for the teacher
    rejected: dict  # student: why nothing of theirs could be taken in


def digest(*parts) -> str:
    """A short hash of these words."""
    return hashlib.sha256(os.fsencode("\0".join(map(str, parts)))).hexdigest()[:20]


def nfc(name: str) -> str:
    """One way to write letters with accents; file systems have two."""
    return unicodedata.normalize("NFC", name)


@functools.cache
def exercises() -> list:
    """NN-slug of each exercise that has tests."""
    found = COURSE.glob("lessons/[0-9][0-9]-*/exercise")
    return sorted(p.parent.name for p in found
                  if (COURSE / "tests" / p.parent.name / "exercise.bats").exists())


runner = functools.cache(checks.runner_hash)
tests = functools.cache(checks.tests_hash)


def fingerprint(path: str) -> str:
    """Changes whenever something below path does. The time of change (ctime),
    unlike the one of modification, cannot be brought along by an archive."""
    seen, waiting = [], [path]
    while waiting and len(seen) < MOST_ENTRIES:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    info = entry.stat(follow_symlinks=False)
                    seen.append((entry.path, info.st_mode, info.st_size, info.st_ino,
                                 info.st_ctime_ns))
                    if stat.S_ISDIR(info.st_mode):
                        waiting.append(entry.path)
        except NotADirectoryError:
            info = os.stat(place)
            seen.append((place, info.st_size, info.st_ino, info.st_ctime_ns))
        except OSError as error:
            seen.append((place, error.errno))
    return digest(repr(sorted(seen)))


def submissions(folder: pathlib.Path, notes: list) -> dict:
    """Each student's name, and the path of what they handed in."""
    found = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: (not e.is_dir(), e.name)):
            match = None if entry.is_dir() else ARCHIVE.match(entry.name)
            name = match[1] if match else entry.name
            if entry.name.startswith("."):
                continue
            if not entry.is_dir() and not match:
                notes.append(f"{entry.path}: neither a folder nor an archive; left out")
            elif name.startswith((".", "gradebook")):
                notes.append(f"{entry.path}: results have names like this one; "
                             "rename it and run again")
            elif name in found:
                notes.append(f"{entry.path}: {found[name]} is there too and was taken; "
                             "remove one of the two")
            else:
                found[name] = entry.path
    return found


def take_in(path: str, place: pathlib.Path) -> dict:
    """What intake.py found in one submission, now also below `place`."""
    done = subprocess.run([sys.executable, "-SE", COURSE / "common/grade/intake.py", path, place],
                          text=True, check=False, capture_output=True,
                          errors="backslashreplace")
    try:
        if done.returncode:
            raise OSError(done.stderr.strip()[-300:])
        return json.loads((place / "intake.json").read_text())
    except (OSError, ValueError) as error:
        return {"exercises": {}, "problem": f"the grader could not read it: {error}",
                "again": True}


def scan(folder: pathlib.Path, state: pathlib.Path, hidden: str, level: str,
         seed: int) -> Class:
    """Takes in what is new, and says which jobs the class has."""
    memory = {}
    try:
        memory = json.loads((state / "scan.json").read_text())
    except (OSError, ValueError):
        pass
    notes = []
    paths = submissions(folder, notes)
    prints = {name: fingerprint(path) for name, path in paths.items()}
    new = [name for name in paths if memory.get(name, {}).get("print") != prints[name]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        taken = pool.map(lambda name: take_in(paths[name], state / "in" / digest(name)),
                         new)
        for name, found in zip(new, taken):
            memory[name] = {**found, "print": "" if "again" in found else prints[name]}
    gone = [name for name in memory if name not in paths]
    if new or gone:
        for name in gone:
            del memory[name]
            shutil.rmtree(state / "in" / digest(name), ignore_errors=True)
        temporary = state / "scan.json.new"
        temporary.write_text(json.dumps(memory))
        temporary.replace(state / "scan.json")
    jobs, rejected = [], {}
    for name in sorted(paths):
        place = f"in/{digest(name)}"
        if memory[name]["problem"]:
            rejected[name] = memory[name]["problem"]
        for exercise, found in sorted(memory[name]["exercises"].items()):
            key = digest(found["sha256"], found["problem"], tests(exercise, hidden),
                         runner(), level, seed)
            jobs.append(Job(name, exercise, digest(name, exercise), key,
                            f"{place}/{exercise}", found["sha256"]))
    return Class(sorted(paths), jobs, notes, rejected)


def result_path(out: pathlib.Path, job: Job) -> str:
    return f"{out}/{job.student}/{job.exercise}.json"


def due(out: pathlib.Path, jobs: list) -> list:
    """The jobs whose result is missing or is one of something else."""
    done = set(os.listdir(out / ".grade/done"))
    out = str(out)
    return [job for job in jobs
            if job.name not in done or not os.path.exists(result_path(out, job))]


def write_jobs(out: pathlib.Path, jobs: list) -> None:
    """jobs/ID, what the script `one` reads: words that bash can take as they are.
    The name comes last, since it may look like anything."""
    for job in jobs:
        text = (f"source={job.source}\nexercise={job.exercise}\n"
                f"student={shlex.quote(clean(job.student))}\n")
        (out / ".grade/jobs" / job.id).write_text(text, encoding="utf-8")
