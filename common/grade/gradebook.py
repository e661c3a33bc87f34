"""gradebook.py - from the results of a class to its tables and pages.

Reads OUT/NAME/NN-slug.json and the teacher's CSV files (inputs.py); writes
gradebook.json (course/gradebook/v1: everything below), gradebook.csv,
gradebook-checks.csv, gradebook.html and NAME/feedback.html. Nothing in them
is a time, so the same results give the same bytes.
"""

import json
import os
import pathlib
import urllib.parse

import feedback
import lookalike
import page
import result
import scan
from inputs import Inputs, off
from text import clean, line, number, table, write

SCHEMA = "course/gradebook/v1"
COUNTED = ("pass", "fail")  # what a check can be for the item analysis


def without(found: dict, dropped) -> dict:
    """A result as if the checks that drop.csv names had never been."""
    checks = [c for c in found["checks"] if (found["exercise"], c["id"]) not in dropped]
    if len(checks) == len(found["checks"]):
        return found
    verdict = found["verdict"]
    if checks and all(c["status"] in ("pass", "skip") for c in checks) and \
            verdict in ("partial", "fail", "crashed", "timeout", "sanitizer"):
        verdict = "pass"
    return {**found, "checks": checks, "verdict": verdict,
            "points": sum(c["points"] for c in checks), "max": sum(c["max"] for c in checks)}


def grade(found, late, override) -> dict:
    """One cell of the gradebook. points is None where nobody can say yet."""
    cell = {"verdict": found["verdict"], "points": found["points"], "max": found["max"]}
    if found["verdict"] in ("grader_error", "not graded"):
        cell["points"] = None
    if late and cell["points"] is not None:
        cell["late"] = {"days": late["days"], "off": off(late), "before": cell["points"]}
        cell["points"] = round(cell["points"] * (100 - off(late)) / 100, 2)
    if override:
        cell["override"] = {"why": clean(override.get("why") or ""), "before": cell["points"]}
        cell["points"] = override["points"]
    return cell


def load(wish, the_class) -> dict:
    """{(student, exercise): result}, also for what is torn or not there yet."""
    found, done = {}, set(os.listdir(wish.state / "done"))
    for job in the_class.jobs:
        path = scan.result_path(wish.out, job)
        here = result.load(path)
        if not here:
            verdict = "grader_error" if os.path.exists(path) else "not graded"
            here = {"verdict": verdict, "points": 0, "max": 0, "checks": [],
                    "exercise": job.exercise, "reason": "its result is damaged" * os.path.exists(path)}
            (wish.state / "done" / job.name).unlink(missing_ok=True)
        here["stale"] = job.name not in done and here["verdict"] not in (
            "grader_error", "not graded")
        found[job.student, job.exercise] = here
    return found


def items(results: dict) -> list:
    """Every check of the class: how many of those who were asked passed it."""
    found = {}
    for here in results.values():
        for check in here["checks"]:
            entry = found.setdefault((here["exercise"], check["visibility"], check["id"]), {
                "exercise": here["exercise"], "check": check["id"], "max": check["max"],
                "visibility": check["visibility"], "passed": 0, "failed": 0})
            if check["status"] in COUNTED:
                entry["passed" if check["status"] == "pass" else "failed"] += 1
    return [found[key] for key in sorted(found)]


def complaints(inputs, the_class, results: dict) -> list:
    """What only the results can tell about the teacher's files."""
    lines = []
    if inputs.roster:
        lines += [f"{line(str(inputs.folder / 'roster.csv'))}: {line(name)} handed "
                  "something in and is not there" for name in the_class.students
                  if name not in inputs.roster]
    known = {(here["exercise"], c["id"]) for here in results.values() for c in here["checks"]}
    seen = {exercise for exercise, _ in known}
    for (exercise, check), row in inputs.drop.items():
        if exercise in seen and (exercise, check) not in known:
            inputs.complain("drop.csv", row, f"{exercise} has no check '{line(check)}'")
    return inputs.complaints + lines


def collect(wish, the_class, inputs) -> dict:
    """The gradebook, as in gradebook.json."""
    results = load(wish, the_class)
    wrong = complaints(inputs, the_class, results)
    results = {key: {**without(here, inputs.drop), "stale": here["stale"]}
               for key, here in results.items()}
    slugs = sorted({exercise for _, exercise in results} |
                   {exercise for _, exercise in inputs.override})
    most = {slug: max([r["max"] for (_, e), r in results.items() if e == slug] or [0])
            for slug in slugs}
    students, errors = [], []
    for name in sorted({*the_class.students, *inputs.roster}):
        grades = {}
        for slug in slugs:
            here = results.get((name, slug)) or {"verdict": "missing", "points": 0, "max": 0}
            if name in the_class.rejected:
                here = {**here, "verdict": "rejected"}
            cell = grade(here, inputs.late.get((name, slug)), inputs.override.get((name, slug)))
            cell["max"] = most[slug]
            if here.get("stale"):
                cell["stale"] = True
            if here["verdict"] == "grader_error":
                errors.append({"student": clean(name), "exercise": slug,
                               "reason": here["reason"]})
            grades[slug] = cell
        points = [cell["points"] for cell in grades.values()]
        there = f"./{urllib.parse.quote(os.fsencode(name))}/feedback.html"
        students.append({"student": clean(name), "roster": inputs.roster.get(name, {}),
                         "page": there if name in the_class.students else "",
                         "grades": grades, "max": sum(most.values()),
                         "total": round(sum(p for p in points if p is not None), 2),
                         "open": points.count(None)})
    return {"schema": SCHEMA, "exercises": [{"exercise": s, "max": most[s]} for s in slugs],
            "students": students, "grader_errors": errors, "complaints": wrong,
            "notes": [line(note) for note in the_class.notes] +
                     [f"{line(name)}: nothing could be taken in: {line(why)}"
                      for name, why in sorted(the_class.rejected.items())],
            "checks": items(results),
            "dropped": [{"exercise": e, "check": c} for e, c in sorted(inputs.drop)],
            "alike": lookalike.pairs(wish, the_class)}, results


def grades_table(book: dict) -> str:
    """gradebook.csv: a row a student, a column an exercise."""
    extra = list(dict.fromkeys(k for s in book["students"] for k in s["roster"]))
    slugs = [e["exercise"] for e in book["exercises"]]
    rows = [["student", *extra, *slugs, "total", "max"]]
    for s in book["students"]:
        rows.append([s["student"], *(s["roster"].get(k, "") for k in extra),
                     *(s["grades"][slug]["points"] for slug in slugs), s["total"], s["max"]])
    return table(rows)


def checks_table(results: dict) -> str:
    """gradebook-checks.csv: a row for each check of each student."""
    rows = [["student", "exercise", "verdict", "check", "visibility", "status", "points", "max"]]
    for (name, slug), here in sorted(results.items()):
        rows += [[name, slug, here["verdict"], c["id"], c["visibility"], c["status"],
                  c["points"], c["max"]] for c in here["checks"]]
    return table(rows)


def state_of(wish, the_class, folder: pathlib.Path) -> str:
    """Changes when the tables or pages have to be made anew."""
    out = str(wish.out)
    files = [scan.result_path(out, job) for job in the_class.jobs]
    files += sorted(folder.glob("*.csv")) + sorted(scan.COURSE.glob("common/grade/*.py"))
    files += [wish.out / name for name in ("gradebook.csv", "gradebook.html", "gradebook.json",
                                           "gradebook-checks.csv")]
    marks = []
    for file in files:
        try:
            info = os.stat(file)
            marks.append((info.st_ino, info.st_size, info.st_mtime_ns))
        except OSError:
            marks.append(None)
    return scan.digest(repr((marks, the_class.students, the_class.notes, the_class.rejected,
                             sorted(os.listdir(wish.state / "done")))))


def make(wish, the_class, graded: int) -> int:
    """Writes what changed; prints the summary. 1 when a person must look."""
    folder = wish.folder.resolve().parent
    memory = wish.state / "book.json"
    try:
        last = json.loads(memory.read_text())
    except (OSError, ValueError):
        last = {}
    if last.get("state") != state_of(wish, the_class, folder):
        inputs = Inputs(folder, the_class.students)
        book, results = collect(wish, the_class, inputs)
        write(wish.out / "gradebook.csv", grades_table(book))
        write(wish.out / "gradebook-checks.csv", checks_table(results))
        write(wish.out / "gradebook.html", page.gradebook(book))
        for student in the_class.students:
            mine = {slug: here for (name, slug), here in results.items() if name == student}
            grades = next(s for s in book["students"] if s["student"] == clean(student))
            (wish.out / student).mkdir(exist_ok=True)
            write(wish.out / student / "feedback.html", feedback.page(grades, mine))
        write(wish.out / "gradebook.json", json.dumps(book, indent=1, ensure_ascii=False) + "\n")
        last = {"lines": summary(book), "bad": bool(book["grader_errors"] or book["complaints"]),
                "state": state_of(wish, the_class, folder)}
        memory.write_text(json.dumps(last))
    print("\n".join(last["lines"]))
    print(f"{graded} graded now; {os.path.relpath(wish.out)}/gradebook.html")
    return 1 if last["bad"] else 0


def summary(book: dict) -> list:
    """What the teacher reads on the terminal."""
    lines = [f"for a person: {line(e['student'])}, {e['exercise']}: {e['reason']}"
             for e in book["grader_errors"]] + book["complaints"] + book["notes"]
    for entry in book["exercises"]:
        slug = entry["exercise"]
        verdicts = [s["grades"][slug]["verdict"] for s in book["students"]]
        counts = ", ".join(f"{verdicts.count(v)} {v.replace('_', ' ')}"
                           for v in (*result.VERDICTS, "not graded") if v in verdicts)
        stale = sum("stale" in s["grades"][slug] for s in book["students"])
        lines.append(f"{slug}, of {number(entry['max'])}: {counts}"
                     + (f"; {stale} from an older submission" if stale else ""))
    return lines
