"""big-book.py - gradebook.html and one feedback.html of 200 students and 30
exercises, made up: every verdict, late days, overrides, hostile names. And
first.html, a gradebook of the first 20.

usage: big-book.py FOLDER
"""

import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "common/grade"))
import feedback  # noqa: E402
import page  # noqa: E402
import result  # noqa: E402

NAMES = ("Ada Lovelace", "<b onclick=alert(1)>Bold", "李小龍", "محمد علي", "O'Neil, \"Q\"",
         "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh", "=cmd()", "Łukasz Żółć")
draw = random.Random(1)
slugs = [f"{n:02}-exercise-{n}" for n in range(1, 31)]
students, checks = [], []
for i in range(200):
    grades = {}
    for slug in slugs:
        verdict = draw.choice(["pass"] * 6 + ["partial"] * 5 + list(result.VERDICTS))
        points = {"pass": 20, "partial": draw.randint(1, 39) / 2}.get(verdict, 0)
        grades[slug] = {"verdict": verdict, "max": 20,
                        "points": None if verdict == "grader_error" else points}
        if draw.random() < .03 and verdict == "partial":
            grades[slug]["late"] = {"days": 1, "off": 10, "before": points}
        if draw.random() < .02:
            grades[slug]["override"] = {"why": "<i>so</i>", "before": None}
            grades[slug]["points"] = 20
    name = NAMES[i] if i < len(NAMES) else f"Student {i:03}"
    points = [grade["points"] for grade in grades.values()]
    students.append({"student": name, "roster": {}, "page": "./x/feedback.html", "grades": grades, "max": 600,
                     "total": sum(p for p in points if p), "open": points.count(None)})
for slug in slugs:
    checks += [{"exercise": slug, "check": f"{slug} answers <b>{n}</b> clients at once",
                "max": 2, "visibility": "visible", "passed": 200 - 4 * n, "failed": 4 * n}
               for n in range(10)]
book = {"exercises": [{"exercise": slug, "max": 20} for slug in slugs], "students": students,
        "grader_errors": [{"student": NAMES[1], "exercise": slugs[0], "reason": "no <space>"}],
        "complaints": ["late.csv row 2: nobody is called '<i>x</i>'"], "notes": ["torn.zip: torn"],
        "checks": checks, "dropped": [{"exercise": slugs[1], "check": "a <b>bad</b> one"}],
        "alike": [{"exercise": slugs[0], "percent": 97, "students": list(NAMES[1:3])}]}
folder = pathlib.Path(sys.argv[1])
(folder / "gradebook.html").write_text(page.gradebook(book))
(folder / "first.html").write_text(page.gradebook({**book, "students": students[:20]}))
results = {slug: {"exercise": slug, "reason": "it <b>hung</b>", "level": "L2", "seed": 1,
                  "limits": ["output, 64 KiB"], "checks": [
                      {"id": f"step <{n}>", "status": draw.choice(result.STATUSES), "points": 1,
                       "max": 2, "message": "got  \x1b[31m<script>\n" + "x" * 300,
                       "visibility": draw.choice(result.VISIBILITIES)} for n in range(8)]}
           for slug in slugs}
(folder / "feedback.html").write_text(feedback.page(students[1], results))
