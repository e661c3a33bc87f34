"""page.py - gradebook.html: the class on one static page, without scripts.

What is data (names, messages) passes through esc(), and nothing else does.
"""

from text import esc, number

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --rule: #c6ccd4; --soft: #f1f3f6;
  --link: #0b57b0; --q0: #f7c9c0; --q1: #f9dcc0; --q2: #f7efc4; --q3: #e2f0c6; --q4: #c5e8c8; --alarm: #a3140b; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #16181c; --rule: #444a53;
  --soft: #22262c; --link: #8ab8ff; --q0: #6d2a20; --q1: #6b4216; --q2: #59500f; --q3: #3c5417; --q4: #1d5a2a; --alarm: #ff9b8f; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0; }
main { max-width: 84rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; } h3 { font-size: 1.05rem; margin: 1rem 0 .3rem; }
a { color: var(--link); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--rule); padding: .2rem .45rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { background: var(--soft); }
.num { text-align: right; } .num, .kind { white-space: nowrap; overflow-wrap: normal; } thead th { overflow-wrap: normal; }
.scroll { overflow-x: auto; }
.alarm { border-left: .4rem solid var(--alarm); background: var(--soft); padding: .5rem 1rem; }
.alarm h2 { margin: 0; color: var(--alarm); }
.tall { max-height: 90vh; overflow: auto; }
.tall thead th { position: sticky; top: 0; z-index: 1; }
.heat { font-size: .8rem; line-height: 1.2; }
.heat td { text-align: center; padding: .25rem .1rem; min-width: 2.1rem; height: 1.6rem; overflow-wrap: normal; }
.heat th { padding: .25rem .4rem; } .heat thead th { text-align: center; padding: .25rem .1rem; }
.heat th[scope=row] { position: sticky; left: 0; background: var(--paper); max-width: 16rem; min-width: 6.5rem; font-weight: normal; }
.heat small { display: block; font-size: .75em; }
.q0 { background: var(--q0); } .q1 { background: var(--q1); } .q2 { background: var(--q2); } .q3 { background: var(--q3); } .q4 { background: var(--q4); }
.open { outline: 2px solid var(--alarm); outline-offset: -3px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .4rem .6rem; margin: .2rem 0; font-size: .85rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; } dd { margin: 0; }
@media print { @page { size: A4 landscape; margin: 10mm; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } .scroll, .tall { overflow: visible; max-height: none; }
  .tall thead th { position: static; }
  .heat { font-size: 6.5pt; } .heat td { min-width: 0; height: auto; padding: 1pt; } .heat th { padding: 1pt 2pt; }
  .heat th[scope=row] { position: static; min-width: 0; max-width: 42mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  thead { display: table-header-group; } tr, .alarm { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""

# Verdicts that a number of points does not tell, as they stand in a cell.
SHORT = {"build_failed": "build", "rejected": "rej", "timeout": "time", "crashed": "crash",
         "sanitizer": "san", "memory_limit": "mem", "process_limit": "proc",
         "output_limit": "out", "cheating_suspected": "look", "missing": "–",
         "grader_error": "?", "not graded": "…"}
MEANING = {"build_failed": "does not compile", "rejected": "could not be taken in",
           "timeout": "ran out of time", "crashed": "crashed",
           "sanitizer": "a sanitizer found a mistake", "memory_limit": "too much memory",
           "process_limit": "too many processes", "output_limit": "too much output",
           "cheating_suspected": "a person should look at what it tried",
           "missing": "nothing handed in", "grader_error": "the grader failed: no grade yet",
           "not graded": "not graded yet"}


def document(title: str, body: str) -> str:
    return (f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n")


def rows(head: tuple, lines: list, numbers=()) -> str:
    """A table; the columns in numbers are figures. Cells are HTML already."""
    def cells(tag, line):
        return "".join(f'<{tag}{" class=num" * (i in numbers)}{" scope=col" * (tag == "th")}>'
                       f"{text}</{tag}>" for i, text in enumerate(line))
    body = "\n".join(f"<tr>{cells('td', line)}</tr>" for line in lines)
    return (f'<div class="scroll" tabindex="0" role="region" aria-label="{head[0]}"><table>'
            f"<thead><tr>{cells('th', head[1:])}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>")


def alarms(book: dict) -> str:
    """What a person must look at, before all else."""
    lines = [f"<li>{esc(e['student'])}, {e['exercise']}: {esc(e['reason'])}</li>"
             for e in book["grader_errors"]]
    parts = [("The grader failed here: no grade, and not a zero", lines)]
    parts += [("Rows that could not be used", [f"<li>{esc(t)}</li>" for t in book["complaints"]])]
    parts += [("Submissions that were left out", [f"<li>{esc(t)}</li>" for t in book["notes"]])]
    return "\n".join(f'<section class="alarm"><h2>{title}</h2><ul>{"".join(items)}</ul></section>'
                     for title, items in parts if items)


def cell(grade: dict) -> str:
    """One square of the heat map."""
    points, most = grade["points"], grade["max"]
    level = "" if points is None or not most else \
        f"q{4 if points >= most else min(3, int(4 * points / most))}"
    marks = SHORT.get(grade["verdict"], "")
    if "override" in grade:
        marks += " set"
    if "late" in grade:
        marks += " late"
    if grade.get("stale"):
        marks += " old"
    small = f"<small>{marks.strip()}</small>" if marks else ""
    if points is None:
        level = "open"
    return f'<td class="{level}">{number(points)}{small}</td>'


def heat_map(book: dict) -> str:
    head = "".join(f'<th scope="col"><abbr title="{e["exercise"]}">{e["exercise"][:2]}</abbr>'
                   f"<br>{number(e['max'])}</th>" for e in book["exercises"])
    lines = []
    for s in book["students"]:
        name = f"<bdi>{esc(s['student'])}</bdi>"
        if s["page"]:
            name = f'<a href="{esc(s["page"])}">{name}</a>'
        cells = "".join(cell(s["grades"][e["exercise"]]) for e in book["exercises"])
        lines.append(f'<tr><th scope="row">{name}</th>{cells}'
                     f'<td class="num">{number(s["total"])}{" ?" * bool(s["open"])}</td></tr>')
    body = "\n".join(lines)
    return ('<div class="scroll tall" tabindex="0" role="region" aria-label="Grades"><table class="heat">'
            f'<thead><tr><th scope="col">student</th>{head}<th scope="col">total</th></tr></thead>\n'
            f"<tbody>\n{body}\n</tbody></table></div>")


def legend(book: dict) -> str:
    used = {g["verdict"] for s in book["students"] for g in s["grades"].values()}
    items = "".join(f"<dt>{short}</dt><dd>{MEANING[v]}</dd>" for v, short in SHORT.items() if v in used)
    marks = {"set": ("override", "set by the teacher"), "late": ("late", "points taken off for days"),
             "old": ("stale", "the result of an older submission")}
    items += "".join(f"<dt>{short}</dt><dd>{text}</dd>" for short, (key, text) in marks.items()
                     if any(g.get(key) for s in book["students"] for g in s["grades"].values()))
    return f"<dl>{items}</dl>" if items else ""


def missed(book: dict) -> str:
    """The checks that most students miss."""
    asked = [(c, c["passed"] + c["failed"]) for c in book["checks"] if c["failed"]]
    asked.sort(key=lambda item: (-item[0]["failed"] / item[1], -item[1], item[0]["exercise"], item[0]["check"]))
    return rows(("Checks missed", "exercise", "check", "kind", "missed by", "of"),
                [(c["exercise"], esc(c["check"]), c["visibility"], c["failed"], n)
                 for c, n in asked[:40]], (3, 4)) if asked else "<p>None.</p>"


def gradebook(book: dict) -> str:
    alike = [(p["exercise"], "<bdi>" + "</bdi> and <bdi>".join(map(esc, p["students"])) + "</bdi>",
              f"{p['percent']} %") for p in book["alike"]]
    parts = [alarms(book), f"<h2>Grades</h2>\n{heat_map(book)}\n{legend(book)}",
             f"<h2>Checks that most miss</h2>\n{missed(book)}"]
    if book["dropped"]:
        parts.append("<h2>Checks that count for nobody</h2>\n" + rows(
            ("Dropped checks", "exercise", "check"),
            [(d["exercise"], esc(d["check"])) for d in book["dropped"]]))
    parts.append("<h2>Submissions that are alike</h2>\n" + (rows(
        ("Alike", "exercise", "students", "alike"), alike, (2,)) if alike else "<p>None.</p>"))
    return document(f"Gradebook: {len(book['students'])} students", "\n".join(filter(None, parts)))
