"""groups.py - control groups around the programs of a job: level L3.

Limits for all of a job's programs together, which no rlimit gives; and word of
each that was hit.
"""

import os
import pathlib
import re
import signal
import time

CGROUPS = pathlib.Path("/sys/fs/cgroup")
NAME = "hello-socket"


def controllers() -> list:
    """The folders of cgroup version 1 in which groups can be made, or []."""
    found = [CGROUPS / name for name in ("pids", "memory", "cpu")]
    return found if all((folder / "tasks").exists() for folder in found) else []


def unified():
    """A cgroup version 2 folder with the controllers that a job needs, or None.
    Nobody has seen this work yet: the machines we had use version 1."""
    try:
        have = (CGROUPS / "cgroup.subtree_control").read_text().split()
    except OSError:
        return None
    return CGROUPS if {"pids", "memory", "cpu"} <= set(have) else None


def of(job: int) -> list:
    """The control groups of a job, by its process number."""
    return [folder / f"{NAME}.{job}" for folder in controllers() or
            ([unified()] if unified() else [])]


def make(job: int, uid: int, limits: dict) -> list:
    """Makes them; [] where that is refused."""
    made = of(job)
    settings = {"pids.max": limits["tasks"], "cpu.cfs_quota_us": 100_000,
                "memory.limit_in_bytes": 2 * limits["memory"],
                "memory.max": 2 * limits["memory"], "memory.swap.max": 0,
                "cpu.max": "100000 100000"}
    try:
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


def remove(job: int) -> None:
    """Kills what is in them, and removes them."""
    for folder in of(job):
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
