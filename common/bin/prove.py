"""prove.py - one job of `make test`, or the summary of all.

usage: prove.py bats NAME BATS BIN [LESSON]    the programs of BIN pass the file
       prove.py starter NAME BATS BIN LESSON   a starter fails it, politely
       prove.py mutants NAME BATS LESSON       each mutant fails as it says
       prove.py graded NAME LESSON             its solution, graded, gets all points
       prove.py summary RESULT...              seconds, skips, N passed, N failed
Environment: MODE SEED OUT=FILE (the job's result, JSON), and for mutants the
  compiler's variables from make. A job prints one line, and in full what
  failed; its exit status is 0, since the summary is what fails.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import sessions
import tap

MODE = os.environ.get("MODE") or "fast"
SEED = int(os.environ.get("SEED") or 1)


def finish(name: str, lesson: str, started: float, results: list) -> int:
    """Prints and stores [(check, status, message)] of one job."""
    seconds = time.monotonic() - started
    bad = [item for item in results if item[1] not in ("ok", "skip")]
    skipped = [item for item in results if item[1] == "skip"]
    word = "FAIL" if bad or not results else "ok"
    print(f"  {word:<6}{lesson or name:<28}{name if lesson else '':<28}"
          f"{len(results) - len(skipped):>4} checks {seconds:6.1f} s", flush=True)
    for check, status, message in bad:
        print(f"    {status}: {check}\n{message}", flush=True)
    out = pathlib.Path(os.environ["OUT"])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"name": name, "lesson": lesson or name,
                               "seconds": seconds, "results": results}))
    return 0


def message(check: tap.Check) -> str:
    """What a failed check said, indented."""
    return "\n".join("      " + line for line in check.lines)


def bats(name: str, file: str, bin_dir: str, lesson: str = "") -> int:
    """All tests; once they have passed with seed 1, others try what draws from it."""
    started = time.monotonic()
    again = MODE == "fast" and SEED > 1
    names = tap.seeded(pathlib.Path(file)) if again else None
    checks = tap.run(file, pathlib.Path(bin_dir).resolve(), lesson=lesson,
                     mode=MODE, seed=SEED, names=names, limit=400)
    if again and not names:
        return finish(name, lesson, started, [("no test draws from the seed", "ok", "")])
    return finish(name, lesson, started, [
        (check.name, check.status,
         check.reason if check.status == "skip" else message(check))
        for check in checks])


def starter(name: str, file: str, bin_dir: str, lesson: str) -> int:
    """It must fail, and every failure must say something to a person."""
    started = time.monotonic()
    checks = tap.run(file, pathlib.Path(bin_dir).resolve(), lesson=lesson,
                     mode=MODE, seed=SEED)
    failed = [check for check in checks if check.status == "fail"]
    mute = [check for check in failed if not check.field("got")]
    results = [("the starter fails its check",
                "ok" if failed else "fail", "      it passes")]
    results += [("the starter fails politely: " + check.name, "fail", message(check))
                for check in mute]
    return finish(name, lesson, started, results)


def header(patch: pathlib.Path) -> dict:
    """The lines KEY: VALUE at the top of a mutant."""
    head = patch.read_text().split("\n--- ")[0]
    return dict(re.findall(r"^(\w+): (.*)$", head, re.MULTILINE))


def build_mutant(patch: pathlib.Path, lesson: str, mode: str) -> pathlib.Path:
    """Applies the patch to a copy of the solution, and builds that."""
    place = tap.COURSE / "build/mutants" / lesson / patch.stem
    subprocess.run(["rm", "-rf", place], check=True)
    place.mkdir(parents=True)
    source = place / "source"
    subprocess.run(["cp", "-r", tap.COURSE / "solutions" / lesson, source], check=True)
    subprocess.run(["patch", "-s", "-p1", "-F0", "-d", source, "-i", patch.resolve()],
                   check=True, capture_output=True, text=True)
    # Many a mistake gives a warning, which CI=1 would make an error.
    flags = [word for word in os.environ["FLAGS_" + mode].split() if word != "-Werror"]
    env = {**os.environ, "MODE": mode, "FLAGS": " ".join(flags)}
    subprocess.run([tap.COURSE / "common/bin/build-exercise", lesson, source,
                    place / "bin"], check=True, env=env, capture_output=True, text=True)
    return place / "bin"


def mutant(patch: pathlib.Path, file: str, lesson: str) -> tuple:
    """(name, status, message): ok when the test it names rejects it, and says
    what it should."""
    head = header(patch)
    missing = [key for key in ("mistake", "expect", "likely") if not head.get(key)]
    if missing:
        return patch.name, "fail", f"      no line '{missing[0]}: ...'"
    if head["expect"] not in tap.planned(pathlib.Path(file)):
        return patch.name, "fail", f"      no test is named '{head['expect']}'"
    mode = head.get("mode", "fast")
    try:
        bin_dir = build_mutant(patch, lesson, mode)
    except subprocess.CalledProcessError as error:
        return patch.name, "fail", f"      {error.stdout}{error.stderr}"
    checks = tap.run(file, bin_dir, lesson=lesson, mode=mode, seed=SEED,
                     only=head["expect"])
    check = next(check for check in checks if check.name == head["expect"])
    if check.status == "skip":
        return patch.name, "skip", check.reason
    if check.status != "fail":
        return patch.name, "fail", f"      '{check.name}' lets it pass"
    if head["likely"] not in check.field("likely"):
        return patch.name, "fail", f"      likely: '{check.field('likely')}'\n{message(check)}"
    return patch.name, "ok", ""


def mutants(name: str, file: str, lesson: str) -> int:
    started = time.monotonic()
    patches = sorted(pathlib.Path(file).parent.glob("mutants/*.patch"))
    # Side by side: many a mutant is found by waiting for what never comes.
    with sessions.threads(4) as pool:
        results = list(pool.map(lambda patch: mutant(patch, file, lesson), patches))
    chapter = tap.COURSE / "lessons" / lesson / "README.md"
    if len(patches) < 5 and "<!-- draft -->" not in chapter.read_text():
        results.append(("at least five mutants", "fail", f"      {len(patches)}"))
    return finish(name, lesson, started, results)


def graded(name: str, lesson: str) -> int:
    """A reference solution, graded like a student's with this seed, passes."""
    started = time.monotonic()
    result = pathlib.Path(os.environ["OUT"]).with_suffix(".result")
    run = subprocess.run([tap.COURSE / "common/grade/job", lesson,
                          tap.COURSE / "solutions" / lesson, result, "--seed", str(SEED)],
                         capture_output=True, text=True, check=False)
    if run.returncode:
        return finish(name, lesson, started, [("it is graded", "fail", run.stderr)])
    told = json.loads(result.read_text())
    lost = [f"      {check['id']}: {check['message']}" for check in told["checks"]
            if check["status"] in ("fail", "error")]
    return finish(name, lesson, started, [(
        "it is graded as a pass", "ok" if told["verdict"] == "pass" else "fail",
        "\n".join([f"      {told['verdict']} {told['reason']}", *lost]))])


def summary(*files: str) -> int:
    paths = [pathlib.Path(file) for file in sorted(files)]
    lost = [path.stem for path in paths if not path.exists()]
    jobs = [json.loads(path.read_text()) for path in paths if path.exists()]
    seconds, totals, skipped = {}, {"ok": 0, "fail": len(lost), "skip": 0}, {}
    for job in jobs:
        seconds[job["lesson"]] = seconds.get(job["lesson"], 0) + job["seconds"]
        for check, status, text in job["results"]:
            totals["fail" if status == "not run" else status] += 1
            if status == "skip":
                skipped.setdefault((check, text), []).append(job["lesson"])
    print("\nseconds of test, by lesson")
    for lesson, spent in sorted(seconds.items()):
        print(f"  {lesson:<28}{spent:6.1f}")
    if skipped:
        print("\nskipped, and so not proved")
    for (check, text), where in sorted(skipped.items()):
        print(f"  {where[0]}: {check} ({text}){f' x{len(where)}' if len(where) > 1 else ''}")
    for name in lost:
        print(f"\n{name} left no result: is another make test running here?")
    line = f"{totals['ok']} passed, {totals['fail']} failed"
    line += f", {totals['skip']} skipped" if totals["skip"] else ""
    print(f"\n{line}")
    return 1 if totals["fail"] or not totals["ok"] else 0


def main() -> int:
    jobs = {"bats": bats, "starter": starter, "mutants": mutants, "graded": graded,
            "summary": summary}
    if "OUT" in os.environ:
        pathlib.Path(os.environ["OUT"]).unlink(missing_ok=True)
    return jobs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    sys.exit(sessions.run(main))
