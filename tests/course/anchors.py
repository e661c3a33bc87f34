"""anchors.py - what a verdict points to is there. For each lesson: every
`see ANCHOR` in its exercise.bats is a heading of its chapter; every
"### NAME" in hints.md is a test; every mutant expects one. Prints what is not,
and exits 1."""

import pathlib
import re
import sys


def slug(heading: str) -> str:
    """A heading's anchor, as pandoc and forges make it."""
    text = re.sub(r"[^\w\s-]", "", heading.lower().replace("`", ""))
    return re.sub(r"\s", "-", text.strip())


def breaches(lesson: pathlib.Path):
    tests = pathlib.Path("tests", lesson.name, "exercise.bats")
    if not tests.exists():
        return
    text = tests.read_text()
    chapter = (lesson / "README.md").read_text()
    anchors = {slug(h) for h in re.findall(r"^#+ (.*)$", chapter, re.MULTILINE)}
    names = set(re.findall(r'^@test "(.*)" \{', text, re.MULTILINE))
    for anchor in re.findall(r"^\s*see ([\w-]+)", text, re.MULTILINE):
        if anchor not in anchors:
            yield f"{tests}: see {anchor}: {lesson}/README.md has no such section"
    hints = lesson / "exercise/hints.md"
    for name in re.findall(r"^### (.*)$", hints.read_text(), re.MULTILINE):
        if name not in names:
            yield f"{hints}: no test is named '{name}'"


def main() -> int:
    found = [b for lesson in sorted(pathlib.Path("lessons").glob("[0-9]*-*"))
             if (lesson / "exercise/hints.md").exists() for b in breaches(lesson)]
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
