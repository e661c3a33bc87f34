"""result.py - one graded exercise of one student: course/result/v1.

    result.write(path, dict)     a temporary file beside it, then renamed
    result.load(path)            the dict, or None when torn or not valid
    result.validate(dict)        a list of problems; [] when there are none

A result is the only truth about a submission; tables and pages are derived
from it. The keys:

    schema       "course/result/v1"
    id           what the caller calls this job (letters, digits, . _ -)
    student      the student's name, as it came
    exercise     NN-slug
    verdict      one of VERDICTS
    reason       why, in words; "" for a pass
    points, max  numbers: the sums over the checks
    level        L1, L2 or L3: how the program was shut in; "" if it never ran
    seed         of whatever the checks draw by lot
    submission, tests, runner    SHA-256: what was judged, by what, with what
    checks       in the tests' order, each planned one exactly once:
                 id (the test's name), status, points, max, ms,
                 message, visibility
    limits       the limits that were hit, in words
    started      when, seconds since 1970; seconds: how long it took
"""

import json
import math
import os
import pathlib
import re
import tempfile

SCHEMA = "course/result/v1"
VERDICTS = ("pass", "partial", "fail", "build_failed", "rejected", "timeout",
            "crashed", "sanitizer", "memory_limit", "process_limit", "output_limit",
            "cheating_suspected", "missing", "grader_error")
STATUSES = ("pass", "fail", "skip", "error")
VISIBILITIES = ("visible", "faults", "hidden")
LEVELS = ("", "L1", "L2", "L3")

SHA256 = re.compile(r"([0-9a-f]{64})?\Z")
TEXTS = ("id", "student", "exercise", "reason")
NUMBERS = ("points", "max", "started", "seconds")
HASHES = ("submission", "tests", "runner")
CHECK_KEYS = {"id", "status", "points", "max", "ms", "message", "visibility"}
KEYS = {"schema", "verdict", "level", "seed", "checks", "limits",
        *TEXTS, *NUMBERS, *HASHES}


def is_number(value) -> bool:
    """A finite number from 0 on; True is none."""
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and math.isfinite(value) and value >= 0)


def check_problems(check, place: str) -> list:
    """What is wrong with one check."""
    if not isinstance(check, dict) or set(check) != CHECK_KEYS:
        return [f"{place}: its keys are not {', '.join(sorted(CHECK_KEYS))}"]
    bad = [f"{place}.{key} is not text" for key in ("id", "message")
           if not isinstance(check[key], str)]
    bad += [f"{place}.{key} is not a number" for key in ("points", "max", "ms")
            if not is_number(check[key])]
    if check["status"] not in STATUSES:
        bad.append(f"{place}.status is not one of {', '.join(STATUSES)}")
    if check["visibility"] not in VISIBILITIES:
        bad.append(f"{place}.visibility is not one of {', '.join(VISIBILITIES)}")
    if not bad and check["points"] > check["max"]:
        bad.append(f"{place} has more points than its max")
    return bad


def validate(result) -> list:
    """The problems of a result, in words; [] when it is one."""
    if not isinstance(result, dict):
        return ["it is not an object"]
    if result.get("schema") != SCHEMA:
        return [f"schema is not {SCHEMA}"]
    if set(result) != KEYS:
        odd = ", ".join(sorted(set(result) ^ KEYS))
        return [f"keys that are missing or too many: {odd}"]
    bad = [f"{key} is not text" for key in TEXTS if not isinstance(result[key], str)]
    bad += [f"{key} is not a number" for key in NUMBERS if not is_number(result[key])]
    bad += [f"{key} is not a SHA-256" for key in HASHES
            if not isinstance(result[key], str) or not SHA256.match(result[key])]
    if result["verdict"] not in VERDICTS:
        bad.append(f"verdict is not one of {', '.join(VERDICTS)}")
    if result["level"] not in LEVELS:
        bad.append("level is not L1, L2 or L3")
    if not isinstance(result["seed"], int) or isinstance(result["seed"], bool):
        bad.append("seed is not a whole number")
    if not isinstance(result["limits"], list) or \
            not all(isinstance(item, str) for item in result["limits"]):
        bad.append("limits is not a list of texts")
    if not isinstance(result["checks"], list):
        return bad + ["checks is not a list"]
    for i, check in enumerate(result["checks"]):
        bad += check_problems(check, f"checks[{i}]")
    return bad or sums(result)


def sums(result: dict) -> list:
    """What does not add up in a result whose parts are each in order."""
    checks, bad = result["checks"], []
    names = [(check["visibility"], check["id"]) for check in checks]
    bad += [f"the check {name} appears twice" for name in sorted(set(names))
            if names.count(name) > 1]
    for key in ("points", "max"):
        total = sum(check[key] for check in checks)
        if abs(total - result[key]) > 1e-6:
            bad.append(f"{key} is {result[key]}, and its checks' sum is {total}")
    if result["verdict"] == "pass" and (
            not checks or any(c["status"] in ("fail", "error") for c in checks)):
        bad.append("a pass without checks, or with one that failed")
    return bad


def write(path, result: dict) -> None:
    """Writes a valid result, all of it or nothing."""
    bad = validate(result)
    if bad:
        raise ValueError(f"{path}: {bad[0]}")
    path = pathlib.Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(result, file, ensure_ascii=False, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def load(path):
    """The result in that file, or None when there is none that is whole."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
        result = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None
    return None if validate(result) else result
