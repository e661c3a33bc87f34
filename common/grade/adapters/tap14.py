"""tap14.py - results as TAP, version 14.

usage: tap14.py RESULT.json... >report.tap
"""

import json
import sys

from shared import load, told, wash


def escaped(text: str) -> str:
    """A description: one line, in which # begins no directive."""
    return " ".join(wash(text).split()).replace("\\", "\\\\").replace("#", "\\#")


def lines(results: list):
    """The document, line by line."""
    checks = [(here, check) for here in results for check in told(here)]
    broken = [here for here in results if here["verdict"] == "grader_error"]
    yield "TAP version 14"
    yield f"1..{len(checks) + len(broken)}"
    for number, (here, check) in enumerate(checks, 1):
        word = "ok" if check["status"] in ("pass", "skip") else "not ok"
        line = f"{word} {number} - {escaped(here['student'] + ': ' + check['id'])}"
        yield line + (f" # SKIP {escaped(check['message'])}" if check["status"] == "skip" else "")
        if word == "not ok":  # JSON is YAML
            yield "  ---"
            yield f"  message: {json.dumps(wash(check['message']))}"
            yield f"  points: {json.dumps([check['points'], check['max']])}"
            yield "  ..."
    for number, here in enumerate(broken, len(checks) + 1):
        yield f"not ok {number} - {escaped(here['student'] + ': the grader itself: ' + here['reason'])}"


if __name__ == "__main__":
    print("\n".join(lines(load(sys.argv[1:]))))
