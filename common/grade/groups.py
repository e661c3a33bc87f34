"""groups.py - control groups around the programs of a job: level L3.

Limits for all of a job's programs together, which no rlimit gives; and word of
each that was hit. Version 1 has a folder for each controller. In version 2 a job
has one, and two in it: "box" for the programs, and "grader" for all else, since
who moves a process into a group must be allowed to write where both are in.
Source: cgroups(7), and the kernel's cgroup-v2.rst, "Delegation Containment".
"""

import os
import pathlib
import re
import signal
import time

CGROUPS = pathlib.Path("/sys/fs/cgroup")
NAME = "hello-socket"


def unified() -> bool:
    """Whether this machine has version 2."""
    return (CGROUPS / "cgroup.controllers").exists()


def above(job: int) -> pathlib.Path:
    """Version 2: the folder of a job, by its process number."""
    return CGROUPS / f"{NAME}.{job}"


def of(job: int) -> list:
    """The control groups of a job's programs."""
    if unified():
        return [above(job) / "box"]
    found = [CGROUPS / name for name in ("pids", "memory", "cpu")]
    return [folder / f"{NAME}.{job}" for folder in found] \
        if all((folder / "tasks").exists() for folder in found) else []


def divide(job: int, uid: int) -> None:
    """Version 2: makes what the programs' group stands in, and beside."""
    for folder in (CGROUPS, above(job)):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.subtree_control").write_text("+pids +memory +cpu")
    (above(job) / "grader").mkdir()
    os.chown(above(job) / "cgroup.procs", uid, uid)


def make(job: int, uid: int, limits: dict) -> list:
    """Makes them; [] where that is refused."""
    made = of(job)
    settings = {"pids.max": limits["tasks"], "cpu.cfs_quota_us": 100_000,
                "memory.limit_in_bytes": 2 * limits["memory"],
                "memory.max": 2 * limits["memory"], "memory.swap.max": 0,
                "cpu.max": "100000 100000"}
    try:
        if unified():
            divide(job, uid)
        for folder in made:
            folder.mkdir()
            for name, value in settings.items():
                if (folder / name).exists():
                    (folder / name).write_text(str(value))
            os.chown(folder / "cgroup.procs", uid, uid)
    except OSError:
        remove(job)
        return []
    return made


def enter(job: int) -> None:
    """From now on this process, and what it starts, may go into a job's groups."""
    if unified():
        (above(job) / "grader/cgroup.procs").write_text("0")


def remove(job: int) -> None:
    """Kills what is in them, and removes them."""
    more = [above(job) / "grader", above(job)] if unified() else []
    for folder in of(job) + more:
        for _ in range(200):
            try:
                for pid in (folder / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
                folder.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.01)


def events(job: int) -> list:
    """The limits that the control groups have seen hit."""
    told = {"memory": ("memory.oom_control", "memory.events", r"oom_kill (\d+)"),
            "tasks": ("pids.events", "pids.events", r"max (\d+)")}
    hit = []
    for event, (*names, pattern) in told.items():
        for file in {folder / name for folder in of(job) for name in names}:
            found = re.search(pattern, file.read_text()) if file.exists() else None
            if found and int(found[1]):
                hit.append(event)
    return hit
