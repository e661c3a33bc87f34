"""junit.py - results as JUnit XML, for whatever reads that.

usage: junit.py RESULT.json... >report.xml
"""

import sys
from xml.etree import ElementTree as ET

from shared import load, told, wash


def case(suite, here: dict, check: dict) -> None:
    """One check, as a testcase."""
    element = ET.SubElement(suite, "testcase", name=wash(check["id"]), time=f"{check['ms'] / 1000:.3f}",
                            classname=wash(f"{here['exercise']}.{here['student']}"))
    kind = {"fail": "failure", "error": "error", "skip": "skipped"}.get(check["status"])
    if kind:
        lines = wash(check["message"]).split("\n")
        ET.SubElement(element, kind, message=lines[0]).text = "\n".join(lines[1:])


def suite_of(here: dict):
    """One result, as a testsuite."""
    count = [check["status"] for check in here["checks"]]
    failed = here["verdict"] == "grader_error" or not count
    suite = ET.Element("testsuite", name=wash(f"{here['exercise']} {here['student']}"),
                       tests=str(len(count) + failed), failures=str(count.count("fail")),
                       errors=str(count.count("error") + failed), skipped=str(count.count("skip")),
                       time=f"{here['seconds']:.3f}")
    for check in told(here):
        case(suite, here, check)
    if failed:
        case(suite, here, {"id": "the grader itself", "ms": 0, "status": "error",
                           "message": f"{here['verdict']}: {here['reason']}"})
    return suite


def main() -> int:
    top = ET.Element("testsuites")
    top.extend(suite_of(here) for here in load(sys.argv[1:]))
    ET.indent(top)
    sys.stdout.buffer.write(ET.tostring(top, encoding="utf-8", xml_declaration=True) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
