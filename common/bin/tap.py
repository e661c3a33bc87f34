"""tap.py - run one bats file and return what its tests said.

In: a .bats file, a folder of programs (BIN), a mode and a seed. Out: one Check
for each @test of the file, in its order, none twice and none missing. The file
runs in a private network; a line "# netns: --raw" in it keeps capabilities,
"# netns: none" does without the network. All limits are in seconds.
"""

import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import sessions

COURSE = pathlib.Path(__file__).resolve().parents[2]
FIELDS = ("did", "expected", "got", "likely", "read", "stderr")
RESULT = re.compile(r"(ok|not ok) \d+ (.*?)(?: # skip ?(.*))?$")
NAME = re.compile(r"""^@test\s+(["'])(.*)\1\s*\{""", re.MULTILINE)
NETNS = re.compile(r"^# netns: (.*)$", re.MULTILINE)


@dataclasses.dataclass
class Check:
    """One test: its name, what came of it, and what it said."""

    name: str
    status: str = "not run"  # ok, fail, skip, not run
    ms: int = 0
    reason: str = ""  # of a skip
    lines: list = dataclasses.field(default_factory=list)

    def field(self, key: str) -> str:
        """The text of one field of a failure, or ''."""
        found = [text for name, text in self.fields() if name == key]
        return found[0] if found else ""

    def fields(self) -> list:
        """(name, text) in the order in which they came."""
        split = (line.partition(" ") for line in self.lines)
        return [(name, text.strip()) for name, _, text in split if name in FIELDS]

    def told(self) -> list:
        """The same for a person: where a command of the test failed by itself
        and nothing says what came instead, bats's own words about it do."""
        told = self.fields()
        if not self.field("got"):
            seen = [line for line in self.lines if line.partition(" ")[0] not in FIELDS]
            told += [("got", line) for line in seen[-12:]]
        return told


def planned(bats_file: pathlib.Path, only: str = "") -> list:
    """The names of the file's tests; only those that contain `only`."""
    names = [match[2] for match in NAME.finditer(bats_file.read_text())]
    return [name for name in names if only in name]


def seeded(bats_file: pathlib.Path) -> list:
    """The names of the tests that draw from the seed."""
    bodies = re.split(r"^(?=@test )", bats_file.read_text(), flags=re.MULTILINE)[1:]
    return [NAME.search(body)[2] for body in bodies if re.search(r"SEED|rand\b", body)]


def prefix(bats_file: pathlib.Path) -> list:
    """The words that put a command into the network that the file asks for."""
    wish = NETNS.search(bats_file.read_text())
    words = wish[1].split() if wish else []
    return [] if words == ["none"] else [COURSE / "build/tools/netns", *words]


def environment(bin_dir, lesson: str, mode: str, seed: int, tmp: str) -> dict:
    """What a test file sees; nothing of make's own, nor of a bats around us."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("MAKE", "MFLAGS", "BATS_")) and k != "OUT"}
    env.update(BIN=str(bin_dir), LESSON=lesson, MODE=mode, SEED=str(seed), TMPDIR=tmp)
    env.update(GREMLINS=str(COURSE / "build/tools/gremlins"), LC_ALL="C.UTF-8")
    # This very Python for the tests too, and not a slow wrapper around it.
    env["PATH"] = f"{pathlib.Path(sys.executable).parent}:{env['PATH']}"
    return env


def command(bats_file: pathlib.Path, names: list) -> list:
    """bats on that file, for the tests of these names; its filter is a
    regular expression."""
    words = ["bats", "--formatter", "tap"]
    if names != planned(bats_file):
        # In brackets, since GNU's regex has meanings of its own for some \X.
        some = "|".join(re.sub(r"([^\w\s,^\\-])", r"[\1]", name) for name in names)
        words += ["--filter", f"^({some})$"]
    return [*prefix(bats_file), *words, str(bats_file)]


def parse(stream, checks: dict, on_check) -> list:
    """Fills in checks from TAP, calls on_check after each, and returns the
    lines that belong to none. bats could tell how long each took, but would
    start date(1) twice for it."""
    current, stray, since = None, [], time.monotonic()
    for line in stream:
        line = line.rstrip("\n")
        match = RESULT.match(line)
        if match and match[2] in checks:
            current = checks[match[2]]
            current.status = {"ok": "ok", "not ok": "fail"}[match[1]]
            before, since = since, time.monotonic()
            current.ms = int(1000 * (since - before))
            if match[3] is not None:
                current.reason = match[3]
                not_run = match[3].startswith("not run")
                current.status = "not run" if not_run else "skip"
            on_check(current)
        elif current and line.startswith("# "):
            current.lines.append(line[2:])
        else:
            stray.append(line)
    return stray


def run_some(bats_file, names: list, env: dict, limit: float, on_check) -> list:
    """One bats process for the tests of these names: a Check for each."""
    checks = {name: Check(name) for name in names}
    with sessions.session(
            command(bats_file, names), signal.SIGTERM, stderr=subprocess.STDOUT,
            errors="backslashreplace", cwd=COURSE, env=env) as process:
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGTERM))
        timer.daemon = True
        timer.start()
        stray = parse(process.stdout, checks, on_check)
        process.wait()
        timer.cancel()
    if not any(check.reason or check.status != "not run" for check in checks.values()):
        next(iter(checks.values())).lines = stray[-10:]  # why bats did not run
    return list(checks.values())


def run(bats_file, bin_dir, *, lesson="", mode="fast", seed=1, only="", limit=150,
        parts=1, names=None,
        on_check=lambda check: None) -> list:
    """Runs the file, or its tests of these names, or those whose names hold
    `only`; after `limit` seconds what has not run yet is "not run".
    Several parts, each with every n-th test, run side by side."""
    bats_file = pathlib.Path(bats_file)
    names = planned(bats_file, only) if names is None else names
    groups = [group for n in range(parts) if (group := names[n::parts])]
    base = COURSE / "build/tmp"
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"run.{os.getpid()}.", dir=base,
                                     ignore_cleanup_errors=True) as tmp:
        env = environment(bin_dir, lesson, mode, seed, tmp)
        with sessions.threads(len(groups)) as pool:
            done = pool.map(lambda group: run_some(bats_file, group, env, limit,
                                                   on_check), groups)
            checks = {check.name: check for some in done for check in some}
    return [checks[name] for name in names]


def runs(pid: str) -> bool:
    """Whether that process is there and is not a mere zombie."""
    try:
        return pathlib.Path("/proc", pid, "stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def sweep() -> None:
    """Removes what runs that were killed have left under build/tmp."""
    for left in (COURSE / "build/tmp").glob("run.*"):
        if not runs(left.name.split(".")[1]):
            subprocess.run(["rm", "-rf", str(left)], check=False)
