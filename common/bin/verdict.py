"""verdict.py - judge one exercise and say what to do next.

usage: verdict.py LESSON BIN SOURCE     SOURCE: where its files are, for people
Environment: ONLY='words' of one check, ALL=1 every failure in full, SEED=n,
  MODE, NO_COLOR; STATE=DIR remembers what happened (passed, failed).
Exit status: 0 when nothing failed and something passed, else 1.
"""

import os
import pathlib
import re
import signal
import sys
import textwrap

import sessions
import tap

COLOURS = {"ok": "32", "FAIL": "31", "skip": "33", "not run": "2"}
WIDTH = 78


def paint(word: str, kind: str) -> str:
    """word in the colour of its kind, on a terminal."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return word
    return f"\x1b[{COLOURS[kind]}m{word}\x1b[0m"


def field(name: str, text: str) -> str:
    """One field of a failure, folded below its own start."""
    indent = " " * 18
    wrapped = textwrap.wrap(text, WIDTH, initial_indent=f"        {name:<10}",
                            subsequent_indent=indent, break_long_words=False,
                            break_on_hyphens=False)
    return "\n".join(wrapped) or f"        {name}"


def explain(check: tap.Check, number: int, mode: str, seed: int) -> list:
    """The lines under a failure."""
    fields = check.told()
    again = f"make check-{number} SEED={seed}"
    again += f" MODE={mode}" if mode != "fast" else ""
    # stderr comes last: it may be long
    lines = [field(name, text) for name, text in fields if name != "stderr"]
    lines.append(f"        {'hint':<10}{f'make hint-{number}':<19}replay  {again}")
    lines += [f"        {name:<10}{text}" for name, text in fields if name == "stderr"]
    return lines


def line(check: tap.Check) -> str:
    """The one line of a check."""
    word = "FAIL" if check.status == "fail" else check.status
    tail = f"  ({check.reason})" if check.reason and check.status == "skip" else ""
    return f"  {paint(word, word)}{' ' * (8 - len(word))}{check.name}{tail}"


def remember(state: pathlib.Path, checks: list, whole: bool) -> None:
    """What hint-N, progress and the front desk ask for later."""
    failed = [check.name for check in checks if check.status != "ok"
              and check.status != "skip"]
    state.mkdir(parents=True, exist_ok=True)
    if failed:
        (state / "failed").write_text(failed[0] + "\n")
    elif whole:
        (state / "passed").touch()
        (state / "failed").unlink(missing_ok=True)


def part(lesson: str, title: str) -> str:
    """That section of the lesson's chapter without its heading, or ''."""
    path = tap.COURSE / "lessons" / lesson / "README.md"
    text = path.read_text() if path.exists() else ""
    found = re.search(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", found[1]) if found else ""
    return plain.strip()


def fold(text: str, first: str, rest: str) -> str:
    """A paragraph at the terminal's width."""
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=first,
                         subsequent_indent=rest)


def next_lesson(lesson: str) -> str:
    """What comes after this one."""
    all_lessons = sorted(p.name for p in (tap.COURSE / "lessons").glob("[0-9]*-*"))
    later = [name for name in all_lessons if name > lesson]
    if not later:
        return "that was the last lesson here: make progress"
    return f"next: make lesson-{int(later[0][:2])}  ({later[0]})"


def congratulate(lesson: str, number: int) -> None:
    """Green: what they can do now, what it still cannot do, what comes next."""
    items = re.split(r"^- ", part(lesson, "You will be able to"), flags=re.M)[1:]
    if items:
        print("\n  You can now")
    for item in items:
        print(fold(item, "  - ", "    "))
    limits = part(lesson, "What it still cannot do").split("\n\n")[0]
    if limits:
        print("\n  What it still cannot do\n" + fold(limits, "    ", "    "))
    print(f"\n  our solution beside yours: make solution-{number}")
    print(f"  {next_lesson(lesson)}")


def at_fault(source: str, bad: list) -> str:
    """The file of the program that the first failure names, or source."""
    for check in bad[:1]:
        named = pathlib.Path(source).with_name(check.name.split()[0] + ".c")
        if named.exists():
            return str(named)
    return source


def ask(bats: pathlib.Path, count: int, **how) -> list:
    """Runs the checks; on a terminal it says how many of them are done."""
    shown, done = sys.stderr.isatty(), []

    def progress(check):
        done.append(check)
        if shown:
            print(f"\r  {len(done)} of {count}", end="", file=sys.stderr, flush=True)

    # One part more than cores: some test always waits for a clock.
    checks = tap.run(bats, parts=(os.cpu_count() or 1) + 1, on_check=progress, **how)
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return checks


def main() -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # make check-1 | head
    lesson, bin_dir, source = sys.argv[1:4]
    number = int(lesson.split("-")[0])
    only, mode = os.environ.get("ONLY", ""), os.environ.get("MODE") or "fast"
    seed = int(os.environ.get("SEED") or 1)
    bats = tap.COURSE / "tests" / lesson / "exercise.bats"
    count = len(tap.planned(bats, only))
    if not count:
        print(f"check-{number}: no check's name contains '{only}'", file=sys.stderr)
        return 1
    checks = ask(bats, count, bin_dir=bin_dir, lesson=lesson, mode=mode, seed=seed, only=only)
    passed = sum(check.status == "ok" for check in checks)
    names = " ".join(sorted(p.name for p in pathlib.Path(bin_dir).iterdir()))
    head = f"lesson {lesson[:2]} · {names}"
    print(f"{head:<57} {passed} of {len(checks)}")
    explained = False
    for check in checks:
        print(line(check))
        told = check.status == "fail" or check.status == "not run" and check.lines
        if told and (not explained or os.environ.get("ALL")):
            print("\n".join(explain(check, number, mode, seed)))
            explained = True
    if os.environ.get("STATE"):
        remember(pathlib.Path(os.environ["STATE"]), checks, not only)
    bad = [check for check in checks if check.status in ("fail", "not run")]
    if bad or not passed:
        if not bad:
            print("\n  nothing was really checked")
        print(f"\n  edit {at_fault(source, bad)}, then make check-{number}")
        return 1
    if not only:
        congratulate(lesson, number)
    return 0


if __name__ == "__main__":
    sys.exit(sessions.run(main))
