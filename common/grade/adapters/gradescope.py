"""gradescope.py - a result as Gradescope reads it, and the autograder's pack.

usage: gradescope.py convert RESULT.json    results.json, on stdout
       gradescope.py zero                   the one that is written first
       gradescope.py pack EXERCISE OUT.zip  what a teacher uploads

After Gradescope's documentation of results.json; not seen live.
"""

import json
import os
import pathlib
import subprocess
import sys
import zipfile

from shared import load, passed, wash

COURSE = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent / "gradescope"
# Hidden checks appear once the teacher publishes grades.
VISIBILITY = {"visible": "visible", "faults": "visible", "hidden": "after_published"}


def document(score: float, seconds: float, output: str, tests: list) -> dict:
    return {"score": score, "execution_time": round(seconds), "output": wash(output),
            "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden",
            "tests": tests}


def zero() -> dict:
    return document(0, 0, "The grader was stopped before it had a result. This zero is its, "
                          "not yours: hand in again, or ask your teacher.", [])


def convert(here: dict) -> dict:
    if here["verdict"] == "grader_error":
        return document(0, here["seconds"], "The grader failed, and your teacher must look at "
                                            "it: this is no grade.", [])
    tests = [{"name": wash(check["id"]), "number": str(number), "score": check["points"],
              "max_score": check["max"], "status": "passed" if passed(check) else "failed",
              "output": wash(check["message"]), "output_format": "text", "tags": [check["visibility"]],
              "visibility": VISIBILITY[check["visibility"]]}
             for number, check in enumerate(here["checks"], 1)]
    shown = not any(check["visibility"] == "hidden" for check in here["checks"])
    reason = f": {here['reason']}" if shown and here["reason"] else ""
    return document(here["points"], here["seconds"],
                    f"{here['exercise']}: {here['verdict']}{reason} (level {here['level'] or 'none'}, "
                    f"seed {here['seed']})", tests)


def pack(exercise: str, out: str) -> None:
    """setup.sh and run_autograder at the top, and the course beside them."""
    if not (COURSE / "tests" / exercise / "exercise.bats").exists():
        sys.exit(f"{exercise} is no exercise of this course")
    names = subprocess.run([COURSE / "common/bin/course-files"], check=True,
                           stdout=subprocess.PIPE).stdout.split(b"\0")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(HERE.iterdir()):
            packed.write(file, file.name)
        packed.writestr("exercise", exercise + "\n")
        for name in map(os.fsdecode, filter(None, names)):
            packed.write(COURSE / name, "hello-socket/" + name)


def main() -> int:
    match sys.argv[1:]:
        case ["zero"]:
            print(json.dumps(zero(), indent=1))
        case ["convert", path]:
            print(json.dumps(convert(load([path])[0]), indent=1, ensure_ascii=False))
        case ["pack", exercise, out]:
            pack(exercise, out)
        case _:
            sys.exit(__doc__.split("\n\n")[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
