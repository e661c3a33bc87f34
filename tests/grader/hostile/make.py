"""make.py - the thirty submissions that a grader must survive, as a class.

usage: make.py COURSE CLASS CANARY    writes CLASS/NAME/... for each student
       make.py COURSE lesson          adds the small lessons to that course
       make.py verdicts L1|L2|L3      prints "NAME VERDICT[|VERDICT...]"

COURSE is a copy of the course. A student's answer is the right one, parrot.c,
with a mistake (CHANGED) or with something nasty from nasty/ before main().
"""

import gzip
import io
import os
import pathlib
import shutil
import sys
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
LESSON, THREADED = "90-parrot", "91-flock"
EINTR = """        if (len == -1 && errno == EINTR && !ending)
            continue;
"""
THREAD = """
static int served;

static void *serve(void *arg)
{
    int *client = arg;
    repeat(*client);
    close(*client);
    free(client);
    served++;
    return NULL;
}

int main("""
CHANGED = {  # name: (verdict, [(old, new)])
    "good": ("pass", []),
    "crlf": ("pass", [("\n", "\r\n"), ("/* parrot", "\ufeff/* parrot")]),
    "warns": ("pass", [("int listener", "int unused = 0;\n    int listener")]),
    "one-send": ("partial", [("send_all(client, buf, (size_t)len)",
                              "send(client, buf, (size_t)len, MSG_NOSIGNAL)")]),
    "eintr-fatal": ("partial", [(EINTR, "")]),
    "sigpipe": ("partial", [("send_all(client, buf, (size_t)len) == -1",
                             "write(client, buf, (size_t)len) == -1")]),
    "overflow": ("sanitizer", [("        if (len <= 0", "        buf[len > 0 ? len : 0] = 0;\n"
                                "        if (len <= 0")]),
    "fd-leak": ("partial", [("        repeat(client);", "        dup(0);\n        repeat(client);")]),
    "deaf": ("partial", [("on_signal(SIGTERM, end) == -1 || ", ""), ("static void end",
             "__attribute__((unused)) static void end")]),
    "stubborn": ("timeout", [("on_signal(SIGTERM, end)", "on_signal(SIGTERM, SIG_IGN)"),
                             ("        repeat(client);", "        pause();"),
                             ("static void end", "__attribute__((unused)) static void end"),
                             ("static void repeat", "__attribute__((unused)) static void repeat")]),
    "syntax": ("build_failed", [("int main(", "= ;\n" * 10_000 + "int main(")]),
}
NASTY = {
    "loop": "timeout", "fork-bomb": "process_limit", "memory-hog": "memory_limit",
    "disk-hog": "fail|crashed|output_limit", "flood": "output_limit", "stderr-flood": "output_limit",
    "reply-flood": "partial", "kill-all": "fail", "daemon": "fail", "constructor": "fail",
    "zero": "fail", "forger": "fail", "thief": "fail", "outside": "fail",
    "shell-out": "cheating_suspected", "hard-coded": "partial|fail", "detector": "fail", "litter": "pass",
    "asan-options": "cheating_suspected", "lsan-off": "cheating_suspected",
    "no-sanitize": "cheating_suspected", "noisy": "fail",
}
UNBUILDABLE = ("theft", "theft-asm", "theft-include", "theft-words", "huge-array", "repeat",
               "endless-include", "endless-file", "macro-tree")
REFUSED = ("link", "fifo", "folder", "hard-link", "dot-dot", "zeros", "entries", "large")
OTHER = {"starter": "fail", "nothing": "build_failed", "wrong-name": "missing", "extras": "pass",
         "race": "sanitizer", **{name: "build_failed" for name in UNBUILDABLE},
         **{name: "rejected" for name in REFUSED}}
# What no one without namespaces can keep from happening, or can tell apart.
AT_L1 = {"thief": None, "outside": None, "theft-words": None, "endless-file": "build_failed",
         "kill-all": "pass", "daemon": "fail|partial", "disk-hog": None}


def verdicts(level: str) -> dict:
    """{student: the verdicts that are right}."""
    found = {name: verdict for name, (verdict, _) in CHANGED.items()} | NASTY | OTHER
    if level == "L1":
        found |= AT_L1
    return {name: verdict for name, verdict in sorted(found.items()) if verdict}


def add_lessons(course: pathlib.Path) -> None:
    """The exercise, once plain and once with threads."""
    for lesson in (LESSON, THREADED):
        for folder, file, name in (
                (f"lessons/{lesson}/exercise", "starter.c", "parrot.c"),
                (f"solutions/{lesson}", "parrot.c", "parrot.c"),
                (f"tests/{lesson}", "exercise.bats", "exercise.bats")):
            (course / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / file, course / folder / name)
        (course / f"lessons/{lesson}/README.md").write_text("# Parrot\n\n<!-- draft -->\n")
    with open(course / "common/make/programs.mk", "a", encoding="utf-8") as file:
        file.write(f"LIBS_{THREADED} := -pthread\n")


def source(name: str, told: dict) -> str:
    """A student's parrot.c."""
    text = (HERE / "parrot.c").read_text()
    if name in CHANGED:
        for old, new in CHANGED[name][1]:
            assert old in text, (name, old)
            text = text.replace(old, new, 1 if old != "\n" else -1)
        return text
    nasty = (HERE / f"nasty/{name}.inc").read_text()
    for word, value in told.items():
        nasty = nasty.replace(word, value)
    if name in UNBUILDABLE:
        return nasty + "\n" + text
    head, main = text.split("int main(")
    return head + nasty + "\nint main(" + main.replace("{\n", "{\n    nasty();\n", 1)


def race(text: str) -> str:
    """A thread for each client, and a number that they all count up."""
    text = text.replace("\nint main(", THREAD, 1).replace("#include <signal.h>",
                                                          "#include <pthread.h>\n#include <signal.h>")
    return text.replace("        repeat(client);\n        close(client);\n", """\
        int *one = malloc(sizeof *one);
        *one = client;
        pthread_t thread;
        pthread_create(&thread, NULL, serve, one);
        pthread_detach(thread);
""")


def archive(path: pathlib.Path, entries: list) -> None:
    """A .tar.gz of (TarInfo, bytes)."""
    with tarfile.open(path, "w:gz") as tar:
        for entry, data in entries:
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = ""):
    """A TarInfo."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def refused(folder: pathlib.Path, name: str, good: str) -> None:
    """What no grader should open, unpack or wait for."""
    file = folder / LESSON / "parrot.c"
    if name in ("link", "fifo", "folder", "large"):
        file.parent.mkdir()
    if name == "link":
        file.symlink_to("/etc/passwd")
    elif name == "fifo":
        os.mkfifo(file)
    elif name == "folder":
        file.mkdir()
    elif name == "large":
        with open(file, "wb") as opened:
            opened.truncate(1 << 30)
    elif name == "hard-link":
        archive(folder / "work.tar.gz", [
            (entry("a"), good.encode()), (entry(f"{LESSON}/parrot.c", tarfile.LNKTYPE, "a"), b"")])
    elif name == "dot-dot":
        with zipfile.ZipFile(folder / "work.zip", "w") as packed:
            packed.writestr(f"{LESSON}/parrot.c", good)
            packed.writestr("../../../tmp/owned.c", good)
    elif name == "entries":
        with tarfile.open(folder / "work.tar.gz", "w:gz", compresslevel=1) as tar:
            for n in range(20_000):
                tar.addfile(entry(f"{LESSON}/{n}"))
    else:
        with gzip.open(folder / "work.tar.gz", "wb", compresslevel=1) as packed:
            head = entry(f"{LESSON}/zeros")
            head.size = 10 << 30
            packed.write(head.tobuf())
            for _ in range(200):
                packed.write(bytes(1 << 20))


def hand_in(students: pathlib.Path, name: str, told: dict) -> None:
    """One student's folder."""
    folder = students / name
    good = (HERE / "parrot.c").read_text()
    folder.mkdir(parents=True)
    if name in REFUSED:
        refused(folder, name, good)
        return
    place = folder / (THREADED if name == "race" else LESSON)
    place.mkdir()
    text = {"starter": (HERE / "starter.c").read_text(), "nothing": "", "wrong-name": good,
            "extras": good, "race": race(good)}.get(name)
    text = source(name, told) if text is None else text
    (place / ("main.c" if name == "wrong-name" else "parrot.c")).write_bytes(text.encode())
    if name == "extras":
        for extra, what in (("@args.c", ""), ("args.c", '-wrapper sh,-c,"touch owned"'),
                            ("-opt.c", "x"), ("GNUmakefile", "all:\n\ttouch owned\n"),
                            ("common/net.h.gch", "x"), ("common/net.h", "#error shadow"),
                            ("libc.a", "!<arch>"), ("a\nb.c", "x")):
            (place / extra).parent.mkdir(exist_ok=True)
            (place / extra).write_text(what)


def main() -> None:
    """The command."""
    if sys.argv[1] == "verdicts":
        for name, verdict in verdicts(sys.argv[2]).items():
            print(name, verdict)
    elif sys.argv[2] == "lesson":
        add_lessons(pathlib.Path(sys.argv[1]))
    else:
        told = {"COURSE": sys.argv[1], "CANARY": sys.argv[3]}
        for name in verdicts("L2"):
            hand_in(pathlib.Path(sys.argv[2]), name, told)


if __name__ == "__main__":
    main()
