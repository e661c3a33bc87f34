"""job.py - grade one exercise of one student.

usage: job EXERCISE SOURCE_DIR OUT.json [--id ID] [--student NAME] [--seed N]
           [--level auto|L1|L2|L3] [--hidden DIR] [--own]

SOURCE_DIR holds the exercise's files, as intake.py has copied them. Builds them
in a box, runs the checks, writes one result (see result.py). --own is for our own
solution, whose time is everybody's measure (reference.py). Exit status: 0 when the
result was written, whatever the verdict; 1 when it could not be.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import sys
import tempfile
import time

import build
import checks
import cleanup
import furnish
import groups
import intake
import material
import reference
import result
import sandbox
import tap
import verdict
from sandbox import COURSE
from words import wash


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    for name in ("exercise", "source", "out"):
        parser.add_argument(name)
    for name in ("--id", "--student", "--level", "--hidden"):
        parser.add_argument(name, default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own", action="store_true")
    return parser.parse_args()


def threaded(exercise: str) -> bool:
    """Whether the faults layer looks for data races instead of bad memory."""
    return "-pthread" in build.settings(exercise)[1]


class Job:
    """One job: its folder, its user, and how far it got."""

    def __init__(self, told, level: str):
        self.told, self.level = told, level
        self.limits = reference.FIRST if told.own else \
            reference.limits(told.exercise, level, told.seed)
        self.planned = checks.plan(told.exercise, told.hidden)
        self.mode = "tsan" if threaded(told.exercise) else "asan"
        bats = checks.layers(told.exercise, told.hidden)["visible"][0]
        self.wishes = checks.wishes(bats)
        self.wishes["limits"] = {"cpu": self.limits.program, **self.wishes.get("limits", {})}
        self.eintr = ("eintr" in self.wishes.get("faults", [])
                      or bool(re.search(r"--eintr|--storm", bats.read_text())))
        base = COURSE / "build/tmp"
        base.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"run.{os.getpid()}.", dir=base))
        self.cleaner = cleanup.Cleaner(str(self.folder))
        for name in ("src", "out", "out/fast", "out/faults", "bin", "pids", "tmp"):
            (self.folder / name).mkdir()
        self.uid, self.lock = sandbox.own_user() if os.getuid() == 0 else (0, None)
        self.cgroups = groups.make(os.getpid(), self.uid, furnish.limits(self.wishes)) \
            if level == "L3" else []
        if level == "L3" and not self.cgroups:
            self.cleaner.finish()
            sys.exit("level L3 needs control groups, and none can be made: LEVEL=L2")

    def prepare(self, files: dict) -> None:
        """Fills the folder, and builds our own tools while we may write there."""
        for name, data in files.items():
            (self.folder / "src" / name).write_bytes(data)
            (self.folder / "src" / name).chmod(0o644)
        build.tools()
        build.faults(self.mode, self.told.seed, self.eintr)
        hidden = checks.layers(self.told.exercise, self.told.hidden)["hidden"]
        self.copies = material.mirror(self.folder, self.told.exercise, hidden) if hidden else {}
        if not self.uid:
            return
        self.folder.chmod(0o711)
        if self.level == "L1":
            self.cleaner.remember_user(self.uid)
            for name in ("src", "out", "out/fast", "out/faults"):
                os.chown(self.folder / name, self.uid, self.uid)
                (self.folder / name).chmod(0o700)
            return
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def compile(self) -> tuple:
        """(verdict, reason) of building both programs."""
        sources = [name for name in intake.exercises()[self.told.exercise]
                   if name.endswith(".c")]
        return build.compile_all(
            self.folder, self.told.exercise, sources, mode=self.mode, seed=self.told.seed,
            eintr=self.eintr, wishes=self.wishes, boxed=self.level != "L1",
            words=sandbox.as_user(self.uid), seconds=self.limits.compiler)

    def layer(self, name: str) -> tuple:
        """(results of that layer's checks, events)."""
        planned = [item for item in self.planned if item.layer == name]
        kind, mode = ("faults", self.mode) if name == "faults" else ("fast", "fast")
        (self.folder / "real").unlink(missing_ok=True)
        (self.folder / "real").symlink_to(self.folder / "out" / kind)
        user = self.uid if self.level == "L1" else 0
        furnish.furnish(self.folder, mode, user, self.cgroups, self.wishes)
        env = tap.environment(self.folder / "bin", self.told.exercise, mode, self.told.seed,
                              str(self.folder / "tmp"))
        env["GRADE_BOX"] = str(self.folder)
        env["PATH"] = f"{self.folder}/tools:{env['PATH']}"
        if self.level == "L1":
            env["NETNS"] = "off"
        done = []
        for file in dict.fromkeys(item.file for item in planned):
            some = [item for item in planned if item.file == file]
            done += checks.run(some, self.copies.get(file, file), env, self.limits.layer)
        return done, self.events(name)

    def events(self, layer: str) -> list:
        """What box.c has noted; from now on it notes for another layer."""
        file = self.folder / "events"
        if not file.exists():
            return []
        lines = file.read_text(errors="replace").splitlines()
        os.replace(file, self.folder / f"events.{layer}")
        return lines

    def work(self) -> dict:
        """Compiles and checks; at L2 and L3 in a child, as another user."""
        word, reason = self.compile()
        if self.level == "L1":
            for path in (self.folder / "out", *(self.folder / "out").rglob("*")):
                os.chown(path, 0, self.uid)
                path.chmod(0o750)
        done, events = [], {"visible": [], "faults": [], "hidden": []}
        if word in ("", "cheating_suspected"):
            for file in (self.folder / "out/fast").iterdir():
                launcher = self.folder / "bin" / file.name
                launcher.write_bytes(sandbox.BOX.read_bytes())
                launcher.chmod(0o755)
            for name in events:
                if name == "faults" and word:  # its sanitizer may be off
                    done += [checks.unasked(item, f"not run: {reason}")
                             for item in self.planned if item.layer == name]
                    continue
                some, events[name] = self.layer(name)
                done += some
        return {"verdict": word, "reason": reason, "checks": done, "events": events}

    def work_apart(self) -> dict:
        """The same in a child; as self.uid, and where raw sockets are the lesson
        as root of a user namespace of its own, whose network netns then makes."""
        heard, line = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self.cleaner.forget()
                os.close(heard)
                if self.cgroups:
                    groups.enter(os.getppid())
                if self.uid:
                    os.setgroups([])
                    os.setresgid(self.uid, self.uid, self.uid)
                    os.setresuid(self.uid, self.uid, self.uid)
                if "raw" in self.wishes.get("allow", []):
                    sandbox.be_root_apart()
                sandbox.die_with_parent()
                with open(line, "w", encoding="utf-8") as told:
                    json.dump(self.work(), told)
                os._exit(0)
            except BaseException as error:  # its own words are all that gets out
                print(f"job: {error!r}", file=sys.stderr, flush=True)
                os._exit(1)
        os.close(line)
        with open(heard, encoding="utf-8") as file:
            text = file.read()
        os.waitpid(pid, 0)
        if not text:
            raise SystemExit(1)  # it has said why
        return json.loads(text)


def judged(told, level: str, files: dict) -> tuple:
    """(verdict, reason, checks, limits) of files that can be compiled."""
    job = Job(told, level)
    try:
        job.prepare(files)
        work = job.work() if level == "L1" else job.work_apart()
        events, done = work["events"], work["checks"]
        events["hidden"] += groups.events(os.getpid()) if job.cgroups else []
    finally:
        job.cleaner.finish()
    if not done:
        return work["verdict"], work["reason"], [], []
    word, reason, limits = verdict.judge(done, events)
    if work["verdict"] and word != "grader_error":
        word, reason = work["verdict"], work["reason"]
    return word, reason or work["reason"], done, limits


def grade(told, level: str) -> dict:
    """One submission's result."""
    started, since = time.time(), time.monotonic()
    word, reason, files = material.take(told.exercise, pathlib.Path(told.source))
    done, limits = [], []
    if not word:
        word, reason, done, limits = judged(told, level, files)
    if not done:
        done = [checks.unasked(item, "not run") for item in checks.plan(told.exercise, told.hidden)]
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return {
        "schema": result.SCHEMA, "id": told.id or told.exercise, "student": told.student,
        "exercise": told.exercise, "verdict": word, "reason": wash(reason, 4000),
        "points": sum(check["points"] for check in done),
        "max": sum(check["max"] for check in done), "level": level if files else "",
        "seed": told.seed, "submission": intake.digest(hashes) if files else "",
        "tests": checks.tests_hash(told.exercise, told.hidden), "runner": checks.runner_hash(),
        "checks": done, "limits": limits, "started": started,
        "seconds": time.monotonic() - since}


def need_open(*files) -> None:
    """Ends where root's checks, which run as another user, cannot get at them."""
    remedy = sandbox.barred(*files) if os.getuid() == 0 else ""
    if remedy:
        sys.exit(f"the checks run as a user who may not read this course: {remedy}")


def main() -> int:
    """The command."""
    told = arguments()
    if told.exercise not in intake.exercises():
        sys.exit(f"{told.exercise} is no exercise of this course")
    for mode in ("fast", "asan"):
        if not (COURSE / f"build/{mode}/common.a").exists():
            sys.exit(f"build/{mode}/common.a is missing: make programs MODE={mode}")
    # Or the trial as another user would fail, and the level be a lower one.
    if told.level in ("", "auto"):
        need_open(COURSE)
    # Who names a level has tried it: sandbox.py level. A box that does not open
    # is a grader_error.
    level = told.level if told.level in result.LEVELS[1:] else sandbox.level()
    if not level:
        sys.exit(sandbox.REFUSAL)
    if level in ("L1", "L3") and os.getuid() != 0:
        sys.exit(f"level {level} is for root")
    if level == "L1" and sandbox.readable(told.hidden):
        sys.exit("at level L1 programs could read the tests: chmod -R go-rwx "
                 + " ".join(sandbox.readable(told.hidden)))
    if level != "L1":
        need_open(COURSE / "tests" / told.exercise / "exercise.bats",
                  sandbox.BOX if sandbox.BOX.exists() else sandbox.NETNS)
    told.student = wash(told.student, 200)
    result.write(told.out, grade(told, level))
    return 0


if __name__ == "__main__":
    sys.exit(main())
