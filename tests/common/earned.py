"""earned.py COURSE - the rule of common/: a lesson includes only headers that
earlier lessons earned, and in the lesson that earns a header the reader writes
its functions, with the very lines of common/. Prints each breach on stderr and
exits 1 if there is any. Lessons that do not exist yet are no breach."""

import pathlib
import re
import sys

EARNED = re.compile(r"/\* (\w+\.h) - earned in lesson (\d\d)")
INCLUDE = re.compile(r'^#include "common/(\w+\.h)"', re.MULTILINE)
FUNCTION = re.compile(r"^(?:static )?((?:[\w*]+ )+\**(\w+)\([^;{}]*\)\n\{\n.*?^\}\n)",
                      re.MULTILINE | re.DOTALL)


def functions(path: pathlib.Path) -> dict:
    """{name: text} of the functions that a file defines, without `static`, and
    with white space folded: `static ` moves the line breaks of a head."""
    return {match[2]: " ".join(match[1].split())
            for match in FUNCTION.finditer(path.read_text())}


def early(course: pathlib.Path, earned: dict):
    """Headers that are included before they are earned."""
    for path in sorted([*course.glob("lessons/*/*.[ch]"), *course.glob("solutions/*/*.c"),
                        *course.glob("lessons/*/exercise/*.c")]):
        relative = path.relative_to(course)
        number = relative.parts[1][:2]
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            if earned.get(match[1], "00") >= number:
                line = text.count("\n", 0, match.start()) + 1
                yield (f"{relative}:{line}: common/{match[1]} is earned in lesson "
                       f"{earned[match[1]]}, and free only after it")


def unlike(course: pathlib.Path, earned: dict):
    """Functions of common/ that their lesson does not show as they are."""
    for header, number in earned.items():
        source = course / "common" / header.replace(".h", ".c")
        lesson = [path for path in course.glob(f"lessons/{number}-*")]
        if not lesson:
            continue
        shown = {}
        for path in sorted(lesson[0].glob("*.[ch]")):
            for name, text in functions(path).items():
                shown.setdefault(name, []).append(text)
        for name, text in functions(source).items():
            if name not in shown:
                yield f"{lesson[0].name}: the reader never writes {name} of {source.name}"
            elif text not in shown[name]:
                yield f"{lesson[0].name}: {name} is not the listing of common/{source.name}"


def main() -> int:
    course = pathlib.Path(sys.argv[1])
    heads = (EARNED.search(path.read_text()) for path in course.glob("common/*.h"))
    earned = {match[1]: match[2] for match in heads if match}
    breaches = [*early(course, earned), *unlike(course, earned)]
    for breach in breaches:
        print(breach, file=sys.stderr)
    return 1 if breaches or not earned else 0


if __name__ == "__main__":
    sys.exit(main())
