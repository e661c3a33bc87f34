"""feedback.py - NAME/feedback.html: what one student gets back. Of hidden
checks it tells the points and nothing else, and of a grader error that a
person will look at it.
"""

from page import MEANING, document
from text import esc, number

# Verdicts whose reason a student needs; others name a check, perhaps a hidden one.
TOLD = ("build_failed", "rejected", "missing", "memory_limit", "process_limit",
        "output_limit")
STATUS = {"pass": "ok", "fail": "FAIL", "skip": "not run", "error": "not run"}


def check_row(check: dict) -> str:
    message = f"<pre>{chr(10).join(map(esc, check['message'].splitlines()))}</pre>" \
        if check["message"] and check["status"] != "pass" else ""
    return (f'<tr class="{"q4" if check["status"] == "pass" else "q0"}"><td class="kind">{STATUS[check["status"]]}</td>'
            f'<td>{esc(check["id"])}{message}</td>'
            f'<td class="num">{number(check["points"])} of {number(check["max"])}</td></tr>')


def hidden_row(checks: list) -> str:
    passed = sum(check["status"] == "pass" for check in checks)
    return (f"<tr><td></td><td>further checks: {passed} of {len(checks)} passed</td>"
            f'<td class="num">{number(sum(c["points"] for c in checks))} of '
            f'{number(sum(c["max"] for c in checks))}</td></tr>')


def notes(grade: dict, here: dict) -> list:
    """What explains the points, as HTML paragraphs."""
    found = []
    if grade["verdict"] in MEANING:
        found.append(MEANING[grade["verdict"]])
    if here.get("reason") and grade["verdict"] in TOLD:
        found.append(esc(here["reason"]))
    found += [f"limit reached: {esc(limit)}" for limit in here.get("limits", [])]
    if "late" in grade:
        late = grade["late"]
        found.append(f"{number(late['days'])} days late: {number(late['off'])} % off "
                     f"{number(late['before'])} points")
    if "override" in grade:
        why = esc(grade["override"]["why"])
        found.append("points set by your teacher" + (f": {why}" if why else ""))
    if grade.get("stale"):
        found.append("this is the result of an older submission")
    if here.get("level"):
        found.append(f"judged at level {here['level']}; to see it yourself: "
                     f"<code>make check-{int(here['exercise'][:2])} SEED={here['seed']}</code>")
    return found


def exercise(slug: str, grade: dict, here: dict) -> str:
    points = "no points yet" if grade["points"] is None else \
        f"{number(grade['points'])} of {number(grade['max'])}"
    shown = [c for c in here.get("checks", []) if c["visibility"] != "hidden"]
    hidden = [c for c in here.get("checks", []) if c["visibility"] == "hidden"]
    table = "".join(map(check_row, shown)) + (hidden_row(hidden) if hidden else "")
    if table:
        table = ('<div class="scroll" tabindex="0" role="region" aria-label="Checks of ' + slug +
                 '"><table><thead><tr><th scope="col">came out</th><th scope="col">check</th>'
                 f'<th scope="col">points</th></tr></thead>\n<tbody>{table}</tbody></table></div>')
    told = "".join(f"<p>{text}</p>" for text in notes(grade, here))
    return f'<h2 id="{slug}">{slug}: {points}</h2>\n{told}\n{table}'


def page(student: dict, results: dict) -> str:
    """The page of one student of the gradebook, with their results."""
    parts = [f"<p>{number(student['total'])} of {number(student['max'])} points"
             + (f", and {student['open']} still open" if student["open"] else "") + ".</p>"]
    parts += [exercise(slug, grade, results.get(slug, {}))
              for slug, grade in student["grades"].items()]
    return document(esc(student["student"]),
                    "\n".join(parts))
