"""build.py - compile a submission in a box where there is nothing to read but
/usr and the course's headers, and nothing to reach.

Two programs of each source: one as make check-N builds it, into W/fast, and one
with a sanitizer and the seeded faults of faults.c, into W/faults. A Verdict says
what came of it: "" for good, build_failed, or cheating_suspected.
"""

import fcntl
import os
import pathlib
import re
import shlex
import subprocess

import sandbox
from sandbox import COURSE
from words import wash

WRAPPED = re.findall(r"^WRAP\(\w+, (\w+),", (COURSE / "common/grade/faults.c").read_text(),
                     re.MULTILINE)
LIMITS = ["prlimit", "--as=2000000000", "--fsize=67108864", "--core=0"]
# Names with which a program would have the sanitizers look away, or step in
# between a test and its faults.
WATCHMEN = re.compile(r" [TtWVi] (__(?:asan|lsan|ubsan|tsan|msan|sanitizer|wrap|real)_\w+)$", re.M)
OURS = {f"__wrap_{name}" for name in WRAPPED}
BLINDERS = re.compile(r"\b_*(no_sanitize\w*|no_address_safety_analysis|"
                      r"no_profile_instrument_function)\b")
OTHERS = re.compile(r" [Uw] (system|popen|execl|execle|execlp|execv|execve|execvp|execvpe|"
                    r"fexecve|execveat|posix_spawnp?)(?:@|$)", re.M)


def flags(mode: str) -> list:
    """Compiler and flags as make uses them; warnings stay warnings."""
    return [word for word in (COURSE / f"build/{mode}/flags").read_text().split()
            if word != "-Werror"]


def settings(exercise: str) -> tuple:
    """(preprocessor flags, libraries) from the lines of programs.mk."""
    text = (COURSE / "common/make/programs.mk").read_text()
    cpp = re.search(r"^CPPFLAGS := (.*)$", text, re.M)[1].split()
    libs = re.search(rf"^LIBS_{exercise} := (.*)$", text, re.M)
    return cpp, libs[1].split() if libs else []


def up_to_date(made: pathlib.Path, sources: list) -> bool:
    """Whether made is there and newer than its sources."""
    return made.exists() and all(
        made.stat().st_mtime > source.stat().st_mtime for source in sources)


def make(made: pathlib.Path, sources: list, command: list) -> pathlib.Path:
    """Compiles a tool of ours when it is not up to date; one job at a time."""
    if not up_to_date(made, sources):
        made.parent.mkdir(parents=True, exist_ok=True)
        with open(made.parent / ".grade-tools.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not up_to_date(made, sources):
                new = made.with_name(f".{made.name}.new")
                subprocess.run([*command, "-o", new], check=True, cwd=COURSE)
                os.replace(new, made)
    return made


def tools() -> None:
    """The box's own program."""
    folder = COURSE / "common/grade"
    sources = [folder / name for name in ("box.c", "tell.c", "enter.c", "watch.c", "box.h")]
    make(sandbox.BOX, sources, [*flags("fast"), *settings("")[0], "-static", *sources[:4]])


def faults(mode: str, seed: int, eintr: bool) -> pathlib.Path:
    """faults.c as an object, for that mode and seed."""
    source = COURSE / "common/grade/faults.c"
    name = f"faults-{mode}-{seed}{'-eintr' if eintr else ''}.o"
    return make(COURSE / "build/grade" / name, [source],
                [*flags(mode), *settings("")[0], f"-DSEED={seed}",
                 *(["-DEINTR_TOO"] if eintr else []), "-c", source])


def box(job: pathlib.Path, binds: dict) -> list:
    """The words before a command that compiles: {place in the box: file}."""
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
             "--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "LC_ALL", "C",
             "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
             "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
             "--size", "134217728", "--tmpfs", "/tmp"]
    for place, file in binds.items():
        words += ["--ro-bind", str(file), place]
    return [*words, "--ro-bind", str(job / "src"), "/src", "--bind", str(job / "out"), "/out",
            "--remount-ro", "/", "--chdir", "/src", "--", "bash", "/out/script"]


def script(exercise: str, sources: list, mode: str, objects: dict, at: dict) -> str:
    """The shell commands that build everything. at: the folders src, out and
    include, objects: what to link, as they are seen where the script runs."""
    cpp, libs = settings(exercise)
    cpp = [f"-I{at['include']}" if word == "-I." else word for word in cpp]
    wrap = [f"-Wl,--wrap={name}" for name in WRAPPED]
    bound = ["-fmax-errors=20", "-fmax-include-depth=30", "-fdiagnostics-color=never"]
    out = shlex.quote(at["out"])
    # What the compiler keeps for a while is the job's too, and goes with it.
    lines = [f"exec 2>{out}/log", f"export TMPDIR={shlex.quote(at['tmp'])}",
             f"cd {shlex.quote(at['src'])} || exit"]
    for source in sources:
        name = source.removesuffix(".c")
        for kind, how, more in (("fast", "fast", []), ("faults", mode, [objects["faults"], *wrap])):
            words = [*flags(how), *cpp, *bound, "-o", f"{at['out']}/{kind}/{name}", source,
                     *more, objects[how], *libs]
            quiet = f" 2>{out}/again" if kind == "faults" else ""
            lines.append(f"{shlex.join(words)}{quiet} || exit 1")
        flat = [flags("fast")[0], *cpp, "-E", "-P", source]
        lines.append(f"nm {out}/fast/{name} {out}/faults/{name} >>{out}/names")
        lines.append(f"{shlex.join(flat)} >>{out}/flat")
    return "\n".join(lines) + "\n"


def run(job: pathlib.Path, words: list, seconds: int) -> str:
    """Runs the script, for so long at most; "" or what was wrong, in words."""
    with open(job / "out/outside", "wb") as said:
        process = subprocess.Popen(
            [*LIMITS, f"--cpu={seconds}", "--", *words], stdin=subprocess.DEVNULL,
            stdout=said, stderr=said, cwd=job / "src")
        try:
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"the compiler was not done after {seconds} s"
    if status == 0:
        return ""
    text = "".join(read(job / "out" / name) for name in ("log", "again"))
    if not text:
        return f"the compiler ended with status {status}; {read(job / 'out/outside')}"
    return text


def read(file: pathlib.Path, most: int = 4000) -> str:
    """The beginning of a file, washed."""
    try:
        with open(file, "rb") as opened:
            return wash(opened.read(most), most)
    except OSError:
        return ""


def suspicions(job: pathlib.Path, wishes: dict) -> str:
    """What in a program is no honest mistake, or ""."""
    names = (job / "out/names").read_text(errors="replace")
    found = [name for name in WATCHMEN.findall(names) if name not in OURS]
    if found:
        return f"the program defines {found[0]}, with which a sanitizer is switched off"
    blinder = BLINDERS.search((job / "out/flat").read_text(errors="replace"))
    if blinder:
        return f"the source asks for {blinder[1]}, with which a sanitizer is switched off"
    other = OTHERS.search(names)
    if other and "tools" not in wishes:
        return f"the program calls {other[1]}(): it runs other programs, the exercise needs none"
    return ""


def compile_all(job: pathlib.Path, exercise: str, sources: list, *, mode: str, seed: int,
                eintr: bool, wishes: dict, boxed: bool, words: list, seconds: int) -> tuple:
    """(verdict, reason); words: what goes before the command, at L1; seconds:
    what the compiler may take."""
    objects = {how: COURSE / f"build/{how}/common.a" for how in {"fast", mode}}
    objects["faults"] = faults(mode, seed, eintr)
    binds = {f"/course/common/{file.name}": file for file in (COURSE / "common").glob("*.h")}
    binds |= {f"/course/{key}{file.suffix}": file for key, file in objects.items()}
    if boxed:
        at = {"src": "/src", "out": "/out", "include": "/course", "tmp": "/tmp"}
        objects = {key: f"/course/{key}{file.suffix}" for key, file in objects.items()}
    else:
        objects = {key: str(file) for key, file in objects.items()}
        at = {"src": str(job / "src"), "out": str(job / "out"), "tmp": str(job / "out"),
              "include": str(job / "include")}
        (job / "include").mkdir()
        (job / "include/common").symlink_to(COURSE / "common")
    (job / "out/script").write_text(script(exercise, sources, mode, objects, at))
    why = run(job, box(job, binds) if boxed else [*words, "bash", str(job / "out/script")],
              seconds)
    if why:
        return "build_failed", "\n".join(why.splitlines()[:60])
    odd = suspicions(job, wishes)
    return ("cheating_suspected", odd) if odd else ("", read(job / "out/log", 1000))
