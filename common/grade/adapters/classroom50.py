"""classroom50.py - a result as Classroom 50 collects it (classroom50/result/v1).

usage: classroom50.py RESULT.json CLASSROOM ASSIGNMENT USER[,USER] SUBMISSION COMMIT

Scores there are whole numbers; where our points are not, all are hundredths.
After its runner.py and collect_scores.py as published in 2026; not seen live.
"""

import datetime
import json
import sys

from shared import load, passed, told


def convert(here: dict, classroom: str, assignment: str, users: str, submission: str,
            commit: str) -> dict:
    """The document. A grader error has none: no score is not a zero."""
    if here["verdict"] == "grader_error":
        sys.exit(f"the grader failed ({here['reason']}): there is no score to hand in")
    checks = told(here)
    numbers = [check[key] for check in checks for key in ("points", "max")]
    scale = 1 if all(float(n).is_integer() for n in numbers) else 100
    tests = [{"test-name": check["id"], "passed": passed(check),
              "score": round(check["points"] * scale), "max-score": round(check["max"] * scale)}
             for check in checks]
    when = datetime.datetime.fromtimestamp(here["started"], datetime.timezone.utc)
    return {"schema": "classroom50/result/v1", "classroom": classroom, "assignment": assignment,
            "usernames": users.split(","), "submission": submission, "commit": commit,
            "release": "", "review": "", "datetime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "score": sum(test["score"] for test in tests),
            "max-score": sum(test["max-score"] for test in tests), "tests": tests}


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__.split("\n\n")[1])
    print(json.dumps(convert(load(sys.argv[1:2])[0], *sys.argv[2:]), indent=1, ensure_ascii=False))
