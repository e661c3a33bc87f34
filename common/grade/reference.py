"""reference.py - how long our own solution takes on this machine.

    limits(exercise, level, seed)   Limits, in seconds: for the checks of one
                                    layer, of processor time for a program, and
                                    for the compiler

Time limits are multiples of what our own solution needs, so that they mean the
same on a slow machine and on a fast one. The first job of an exercise has it
judged and keeps the figures in build/grade/reference, for as long as neither
tests nor runner change. A machine on which it does not pass judges nobody.
"""

import collections
import fcntl
import json
import pathlib
import resource
import subprocess
import sys

import checks
from sandbox import COURSE, LIMITS

Limits = collections.namedtuple("Limits", "layer program compiler")

TIMES = Limits(20, 4, 1)  # what the whole of our own solution's job took
LEAST = Limits(2, 2, 20)
FIRST = Limits(400, LIMITS["cpu"], 60)  # for our own solution, and where we have none


def spent() -> float:
    """Processor time of all that was started here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def judge(exercise: str, level: str, seed: int, out: pathlib.Path) -> dict:
    """Has our own solution judged; what it took. Ends the job if it does not pass."""
    before = spent()
    subprocess.run(["setpriv", "--pdeathsig", "KILL", COURSE / "common/grade/job", exercise,
                    COURSE / "solutions" / exercise, out, "--level", level,
                    "--seed", str(seed), "--own"], check=True)
    told = json.loads(out.read_text(encoding="utf-8"))
    out.unlink()
    if told["verdict"] != "pass":
        sys.exit(f"on this machine our own solution of {exercise} does not pass, so nobody is "
                 f"judged here: {told['verdict']}: {told['reason']}")
    return {"seconds": told["seconds"], "cpu": spent() - before}


def limits(exercise: str, level: str, seed: int) -> Limits:
    """What a job of this exercise gets; measured first where nobody has yet."""
    if not (COURSE / "solutions" / exercise).is_dir():
        return FIRST
    key = f"{exercise}.{level}.{seed}.{checks.tests_hash(exercise)[:12]}{checks.runner_hash()[:12]}"
    kept = COURSE / "build/grade/reference" / f"{key}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open(kept.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            took = judge(exercise, level, seed, kept.with_suffix(".result"))
            new = kept.with_suffix(".new")
            new.write_text(json.dumps(took) + "\n", encoding="ascii")
            new.replace(kept)
    took = json.loads(kept.read_text(encoding="ascii"))
    whole = Limits(took["seconds"], took["cpu"], took["seconds"])
    return Limits(*(max(least, round(times * one))
                    for times, one, least in zip(TIMES, whole, LEAST)))
