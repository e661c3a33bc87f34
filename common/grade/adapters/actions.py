"""actions.py - results in a step of GitHub Actions, or any other CI.

usage: actions.py RESULT.json...

Prints an annotation for each check that failed, appends a table to the file
that GITHUB_STEP_SUMMARY names, and writes points and max to GITHUB_OUTPUT.
Exit status 0 when all passed. Hidden checks keep their names to themselves.
"""

import html
import os
import sys

from shared import load, passed, told, wash


def escaped(text: str, also: str = "") -> str:
    """A workflow command's data; nothing in it can begin another command."""
    text = wash(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for character in also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def cell(text: str) -> str:
    """Inert in a Markdown table."""
    return html.escape(" ".join(wash(text).split())).replace("|", "&#124;").replace("`", "&#96;")


def summary(here: dict) -> str:
    rows = "".join(f"| {cell(check['id'])} | {check['status']} | {check['points']:g} of {check['max']:g} |\n"
                   for check in told(here))
    return (f"## {here['exercise']}: {here['points']:g} of {here['max']:g} ({here['verdict']})\n\n"
            f"| check | came out | points |\n|---|---|---|\n{rows}\n")


def append(name: str, text: str) -> None:
    if os.environ.get(name):
        with open(os.environ[name], "a", encoding="utf-8") as file:
            file.write(text)


def main() -> int:
    results = load(sys.argv[1:])
    for here in results:
        append("GITHUB_STEP_SUMMARY", summary(here))
        if here["verdict"] == "grader_error":
            print(f"::error title=the grader failed::{escaped(here['reason'])}")
        for check in told(here):
            if not passed(check) and check["status"] != "skip":
                print(f"::error title={escaped(check['id'], ':,')}::{escaped(check['message'] or 'failed')}")
        print(f"{here['exercise']}: {here['verdict']}, {here['points']:g} of {here['max']:g}")
    append("GITHUB_OUTPUT", f"points={sum(here['points'] for here in results):g}\n"
                            f"max={sum(here['max'] for here in results):g}\n")
    return 0 if all(here["verdict"] == "pass" for here in results) else 1


if __name__ == "__main__":
    sys.exit(main())
