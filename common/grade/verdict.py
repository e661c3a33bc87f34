"""verdict.py - from checks and events to one word, and why."""

import re

import sandbox

CRASHES = {132: "SIGILL", 133: "SIGTRAP", 134: "SIGABRT", 135: "SIGBUS", 136: "SIGFPE",
           139: "SIGSEGV", 141: "SIGPIPE", 159: "SIGSYS"}
REPORTS = (99, 98, 66)  # the exit statuses that box.c gives to sanitizers
LATE = re.compile(r"still running after|did not end in time|^got: it said nothing within|"
                  r"time was up|not done in time|no end in time|the end of the connection", re.M)
LIMITS = {"tasks": ("process_limit", f"{sandbox.LIMITS['tasks']} processes and threads"),
          "memory": ("memory_limit", f"{sandbox.LIMITS['memory'] >> 20} MB of memory"),
          "output": ("output_limit", f"{sandbox.LIMITS['file'] >> 20} MB of output")}


def statuses(events: list) -> list:
    """The exit statuses of the programs that ran."""
    return [int(line.split()[1]) for line in events if line.startswith("exit ")]


def limits_hit(events: list) -> list:
    """The keys of LIMITS that were hit, the gravest first."""
    return [key for key in LIMITS if key in events]


def reports(checks: list, events: dict) -> bool:
    """Whether a sanitizer had something to say."""
    said = any("no report from the sanitizers" in check["message"] for check in checks)
    return said or any(status in REPORTS for status in statuses(events["faults"]))


def summary(checks: list) -> str:
    """The first failure and how many there are, in one line."""
    failed = [check for check in checks if check["status"] == "fail"]
    if not failed:
        return "nothing was really checked"
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"failed: {failed[0]['id']}{more}"


def judge(checks: list, events: dict) -> tuple:
    """(verdict, reason, limits hit). events: lines by layer."""
    lines = [line for layer in events.values() for line in layer]
    faults = [line for line in lines if line.startswith("fault ")]
    broken = [check for check in checks if check["status"] == "error"]
    hit = limits_hit(lines)
    limits = [LIMITS[key][1] for key in hit]
    if faults:
        return "grader_error", faults[0].removeprefix("fault "), limits
    if broken and not hit:
        return "grader_error", f"{broken[0]['id']}: {broken[0]['message']}", limits
    if "begin" not in lines:
        return "grader_error", "no program ever began", limits
    if hit:
        return LIMITS[hit[0]][0], f"{limits[0]} is the most that a program gets", limits
    if reports(checks, events):
        return "sanitizer", f"a sanitizer found a fault; {summary(checks)}", limits
    failed = [check for check in checks if check["status"] == "fail"]
    if not failed and any(check["status"] == "pass" for check in checks):
        return "pass", "", limits
    crash = [status for status in statuses(lines) if status in CRASHES]
    why = summary(checks) + (f"; ended by {CRASHES[crash[0]]}" if crash else "")
    if any(check["points"] for check in checks):
        return "partial", why, limits
    if crash:
        return "crashed", why, limits
    late = any(LATE.search(check["message"]) for check in failed)
    return "timeout" if late else "fail", why, limits
