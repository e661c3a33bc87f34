"""regrade.py - what would change if everything that is due replaced what is
there: the difference in points, one line for each result. APPLY=1 replaces.
"""

import gradebook
import result
import scan
from text import line, number

MOST = 5  # checks named for each result


def word(found) -> str:
    """A result in two words."""
    if not found:
        return "not graded"
    if found["verdict"] == "grader_error":
        return "grader error"
    return f"{number(found['points'])} of {number(found['max'])} ({found['verdict'].replace('_', ' ')})"


def why(old, new) -> str:
    """What of the result's sources changed."""
    if not old:
        return "new"
    changed = [name for name in ("submission", "tests", "runner") if old[name] != new[name]]
    return " and ".join(changed) + " changed" if changed else "graded again"


def moved(old: dict, new: dict) -> list:
    """The checks that went another way, as lines."""
    before = {(c["visibility"], c["id"]): c["status"] for c in old["checks"]}
    lines = [f"      {check['id']}: {before[key]}, now {check['status']}"
             for check in new["checks"]
             if before.get(key := (check["visibility"], check["id"]), check["status"]) != check["status"]]
    return lines if len(lines) <= MOST else [*lines[:MOST], f"      and {len(lines) - MOST} more"]


def compare(wish, jobs, the_class, install) -> int:
    """Prints the differences; installs them where APPLY says so."""
    same = changed = 0
    for job in jobs:
        old = result.load(scan.result_path(wish.out, job))
        place = wish.state / "new" / f"{job.name}.json"
        new = result.load(place)
        if not wish.apply and new["verdict"] == "grader_error":
            place.unlink()  # so that the next run tries again
        if word(old) == word(new) and not (old and moved(old, new)):
            same += 1
            continue
        changed += 1
        print(f"  {line(job.student)}, {job.exercise}: {word(old)} -> {word(new)}"
              f"  [{why(old, new)}]")
        for text in moved(old, new) if old else []:
            print(text)
    print(f"{changed} of {len(jobs)} graded again come out otherwise, {same} the same")
    if wish.apply:
        install(wish, jobs)
        return gradebook.make(wish, the_class, len(jobs))
    if jobs:
        print("Nothing is replaced yet: make regrade APPLY=1 does it, with the same CLASS.")
    return 0
