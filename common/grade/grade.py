"""grade.py - grade a class: `make grade`, `make regrade`.

usage: grade.py [regrade]        everything else by environment variables:
  CLASS=DIR  OUT=DIR (CLASS/../grades)  ONLY=NN  STUDENT=NAME  HOSTS=a,b
  ENGINE=make|slurm  HIDDEN=DIR  LEVEL=auto|L1|L2|L3  SEED=N  J=N  APPLY=1
What is missing or stale is graded, results are put in their place, and the
tables and pages are made from them. Stopping it, in whatever way, loses at
most the jobs that were under way.
Exit status: 0; 1 when a person should look at something; 2 usage; 130 Ctrl-C.
"""

import argparse
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import gradebook
import regrade
import result
import sandbox
import scan
from text import clean, line

HERE = pathlib.Path(__file__).resolve().parent


class Refused(Exception):
    """Nothing can be done; the text says why, and what to type."""


def wishes(env) -> argparse.Namespace:
    """What the environment asks for; Refused where it makes no sense."""
    if not env.get("CLASS"):
        raise Refused("make grade CLASS=FOLDER: a folder with what each student handed in")
    folder = pathlib.Path(env["CLASS"])
    if not folder.is_dir():
        raise Refused(f"CLASS={folder}: " + ("this is a file; name the folder it is in"
                      if folder.exists() else "there is no such folder"))
    out = pathlib.Path(env.get("OUT") or folder.resolve().parent / "grades").resolve()
    if folder.resolve() in (out, *out.parents):
        raise Refused(f"OUT={out} is inside CLASS; results stand beside the submissions")
    only = re.match(r"0*(\d+)(?!\d)", env.get("ONLY") or "0")
    slugs = [e for e in scan.exercises() if only and int(e[:2]) == int(only[1])]
    if env.get("ONLY") and not slugs:
        raise Refused(f"ONLY={env['ONLY']}: no exercise has this number; there are "
                      + " ".join(e[:2] for e in scan.exercises()))
    hidden = env.get("HIDDEN", "")
    if hidden and not pathlib.Path(hidden).is_dir():
        raise Refused(f"HIDDEN={hidden}: there is no such folder")
    engine = "ssh" if env.get("HOSTS") else env.get("ENGINE") or "make"
    if engine not in ("make", "ssh", "slurm"):
        raise Refused(f"ENGINE={engine}: make or slurm; for ssh name HOSTS=a,b")
    level = env.get("LEVEL") or "auto"
    if level not in ("auto", "L1", "L2", "L3"):
        raise Refused(f"LEVEL={level}: auto, L1, L2 or L3")
    for name in ("J", "SEED"):
        if not re.fullmatch(r"[1-9]\d{0,8}", env.get(name) or "1"):
            raise Refused(f"{name}={env[name]}: a whole number from 1 on")
    return argparse.Namespace(
        folder=folder, out=out, state=out / ".grade", engine=engine, only=slugs,
        student=env.get("STUDENT", ""), hosts=env.get("HOSTS", ""), level=level,
        hidden=str(pathlib.Path(hidden).resolve()) if hidden else "",
        seed=int(env.get("SEED") or 1), width=int(env.get("J") or os.cpu_count()),
        apply=bool(env.get("APPLY")))


def prepare(wish) -> int:
    """Makes the folders of OUT; a descriptor that holds the lock."""
    try:
        for name in ("done", "jobs", "new", "log", "in"):
            (wish.state / name).mkdir(parents=True, exist_ok=True)
        lock = os.open(wish.state / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise Refused(f"OUT={wish.out}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused(f"Somebody is grading into {wish.out} already: wait for them, or "
                      "name another OUT") from None
    for left in (wish.state / "new").glob(".*"):  # of a grader that was killed
        left.unlink()
    for left in (wish.state / "in").glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
    return lock


def chosen(wish, the_class) -> list:
    """The jobs that ONLY and STUDENT leave."""
    if wish.student and wish.student not in the_class.students:
        raise Refused(f"STUDENT={line(wish.student)}: nothing in {wish.folder} has this name")
    return [job for job in the_class.jobs
            if job.student == (wish.student or job.student)
            and job.exercise in (wish.only or [job.exercise])]


def need_level(wish) -> None:
    """Refused where this machine does not grant the level: better once than by
    every job. Other machines (HOSTS, slurm) are asked by the jobs themselves."""
    if wish.engine == "make" and not os.environ.get("JOB") and not sandbox.level(wish.level):
        raise Refused(sandbox.refusal(wish.level))


def clock(seconds: float) -> str:
    minutes = int(seconds + 59) // 60
    return f"{minutes} min" if minutes > 1 else f"{int(seconds)} s"


def watch(process, wish, jobs) -> None:
    """Waits; on a terminal one line says how far it is."""
    want, start = {job.name + ".json" for job in jobs}, time.monotonic()
    while True:
        try:
            process.wait(0.5 if sys.stdout.isatty() else None)
        except subprocess.TimeoutExpired:
            done = len(want.intersection(os.listdir(wish.state / "new")))
            left = (time.monotonic() - start) / done * (len(want) - done) if done else None
            print(f"\r\x1b[K{done} graded, {len(want) - done} left"
                  + (f", {clock(left)}" if left else ""), end="", flush=True)
            continue
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)
        return


def run(wish, engine: str, jobs: list) -> None:
    """Has an engine do these jobs; it leaves what it can in new/."""
    make = ["make", "-s", "-C", wish.state, "-f", HERE / "jobs.mk", f"-j{wish.width}"]
    command = {"make": make, "ssh": [sys.executable, HERE / "engines/ssh.py"],
               "slurm": [HERE / "engines/slurm"]}[engine]
    names = "".join(f"{job.name}\n" for job in jobs)
    (wish.state / "due").write_text(names)
    scan.write_jobs(wish.out, jobs)
    env = {key: value for key, value in os.environ.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "OUT", "STUDENT")}
    env.update(GRADE=str(wish.state), COURSE=str(scan.COURSE), LEVEL=wish.level,
               SEED=str(wish.seed), HIDDEN=wish.hidden, HOSTS=wish.hosts,
               # This very Python for the jobs too, and not a slow wrapper around it.
               PATH=f"{pathlib.Path(sys.executable).parent}:{env['PATH']}")
    with open(wish.state / "log/engine", "ab") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=env,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        watch(process, wish, jobs)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def missing(wish, jobs: list) -> list:
    there = set(os.listdir(wish.state / "new"))
    return [job for job in jobs if job.name + ".json" not in there]


def give_up(wish, job) -> None:
    """A job that failed twice is a matter for a person, never a zero."""
    try:
        log = (wish.state / "log" / job.id).read_text(errors="replace").strip()
    except OSError:
        log = ""
    result.write(wish.state / "new" / f"{job.name}.json", {
        "schema": result.SCHEMA, "id": job.id, "student": clean(job.student),
        "exercise": job.exercise, "verdict": "grader_error", "points": 0, "max": 0,
        "reason": line(log.splitlines()[-1])[:300] if log else "the grader ended early",
        "level": "", "seed": wish.seed, "submission": job.submission, "tests": "",
        "runner": "", "checks": [], "limits": [], "started": time.time(), "seconds": 0})


def judge(wish, jobs: list) -> None:
    """Leaves a result in new/ for each of these jobs."""
    jobs = missing(wish, jobs)  # what a killed grader has done is kept
    if jobs:
        run(wish, wish.engine, jobs)
    left = missing(wish, jobs)
    if left and wish.engine != "make":  # hosts that died; a queue that lost some
        print(f"{len(left)} jobs did not come back and are graded here: see "
              f"{wish.state}/log/engine", flush=True)
        run(wish, "make", left)
        left = missing(wish, left)
    if left:  # a full disk is not their fault: say so before trying again
        probe = wish.state / "new/.probe"
        probe.write_bytes(bytes(1 << 16))
        probe.unlink()
    for job in left:  # once more, each alone
        run(wish, "make", [job])
        if missing(wish, [job]):
            give_up(wish, job)


def install(wish, jobs: list) -> None:
    """Puts results in their place. Between the steps a kill costs at most that
    one job; grader errors are due again the next time."""
    done = wish.state / "done"
    old = {}
    for name in os.listdir(done):
        old.setdefault(name.split(".")[0], []).append(name)
    for job in jobs:
        new = wish.state / "new" / f"{job.name}.json"
        fresh = result.load(new)
        for name in old.get(job.id, []):
            (done / name).unlink()
        (wish.out / job.student).mkdir(exist_ok=True)
        os.replace(new, scan.result_path(wish.out, job))
        if fresh and fresh["verdict"] != "grader_error":
            (done / job.name).touch()


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        wish = wishes(os.environ)
        prepare(wish)
        the_class = scan.scan(wish.folder, wish.state, wish.hidden, wish.level, wish.seed)
        if not the_class.students:
            raise Refused(f"CLASS={wish.folder}: nobody has handed in anything here")
        jobs = scan.due(wish.out, chosen(wish, the_class))
        if jobs:
            need_level(wish)
        judge(wish, jobs)
        if sys.argv[1:] == ["regrade"]:
            return regrade.compare(wish, jobs, the_class, install)
        install(wish, jobs)
        return gradebook.make(wish, the_class, len(jobs))
    except Refused as refused:
        print(clean(str(refused)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: the same command goes on from here.")
        return 130
    except OSError as error:
        print(f"{line(str(error.filename or wish.out))}: {error.strerror}. What was graded "
              "is kept: mend this, and run the same command again.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
