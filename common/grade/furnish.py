"""furnish.py - what is in a box: libraries, tools, limits.

Writes what box.c reads for each program of a job: its limits, and what
bubblewrap is told.
"""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys

from sandbox import BOX, LIMITS

STRACE = """\
#!/bin/bash
# strace, for a program in a box: it attaches from outside, before the first call.
options=()
words=("$@")
while (($# > 0)) && [[ $1 != "$GRADE_BOX"/bin/* ]]; do
    [[ $1 == -D ]] || options+=("$1") # who attaches is nobody's parent anyway
    shift
done
(($# > 0)) || exec %s "${words[@]}"
GRADE_TRACE=$(mktemp "$GRADE_BOX/tmp/trace.XXXXXX") && export GRADE_TRACE
printf 'exec %s -p "$1" %%s\\n' "${options[*]@Q}" >"$GRADE_TRACE"
exec "$@"
"""
LIBRARIES = ("libc", "libm", "libpthread", "libdl", "librt", "libresolv", "libutil",
             "libnss_files", "libnss_dns", "libgcc_s", "libstdc++", "libasan", "libubsan",
             "libtsan", "libssl", "libcrypto", "libz", "liburing")
ETC = ("hosts", "nsswitch.conf", "resolv.conf", "host.conf", "gai.conf", "services",
       "protocols", "localtime", "ld.so.cache", "ssl/openssl.cnf")


def libraries() -> list:
    """bwrap's words for the libraries that a program may need, and no others."""
    words = []
    folders = {os.path.realpath(f) for f in ("/lib64", "/usr/lib64", "/lib",
                                             *glob.glob("/lib/*-linux-*"))}
    for folder in sorted(folders):
        for name in LIBRARIES:
            for file in glob.glob(f"{folder}/{name}.so.*"):
                if file.count(".so.") == 1 and re.search(r"\.so\.\d+(\.\d+)?$", file):
                    words += ["--ro-bind", os.path.realpath(file), file]
    for loader in glob.glob("/lib64/ld-linux*.so.*"):
        words += ["--ro-bind", os.path.realpath(loader), loader]
    return words


def tools(names: list) -> list:
    """bwrap's words for programs of the system that an exercise runs."""
    words, needed = [], set()
    for name in names:
        path = shutil.which(name) or sys.exit(f"the box needs {name}")
        words += ["--ro-bind", os.path.realpath(path), f"/usr/bin/{name}"]
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
        needed |= set(re.findall(r"=> (/\S+)", listed.stdout))
    for file in sorted(needed):
        words += ["--ro-bind", os.path.realpath(file), os.path.realpath(os.path.dirname(file))
                  + "/" + os.path.basename(file)]
    return [*words, "--setenv", "PATH", "/usr/bin:/bin"] if words else []


def box_args(job: pathlib.Path, wishes: dict) -> list:
    """What bubblewrap is told for each program of a job; box.c adds the rest."""
    raw = "raw" in wishes.get("allow", [])
    user = [] if raw else ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    words = [*user, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
             "--new-session", "--hostname", "classroom", "--cap-drop", "ALL",
             "--clearenv",
             "--proc", "/proc", "--dev", "/dev", "--size", "8388608", "--tmpfs", "/dev/shm",
             "--remount-ro", "/dev", "--size", "16777216", "--tmpfs", "/tmp",
             *libraries(), "--symlink", "usr/bin", "/bin"]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    words += tools(wishes.get("tools", []))
    return [*words, "--ro-bind", str(job / "real"), "/box", "--ro-bind", str(BOX), "/enter"]


def limits(wishes: dict) -> dict:
    """What a program of that exercise gets."""
    return {**LIMITS, **{word: int(value) for word, value in wishes.get("limits", {}).items()}}


def furnish(job: pathlib.Path, mode: str, uid: int, cgroups: list, wishes: dict) -> None:
    """Writes what box.c reads: the limits, and bubblewrap's arguments. uid is
    not 0 at L1 only."""
    bounds = {**limits(wishes), "uid": uid}
    if mode != "fast":
        bounds["space"] = 0  # a sanitizer takes terabytes of address space
    lines = [f"{key} {value}" for key, value in bounds.items()]
    lines += [f"allow {word}" for word in wishes.get("allow", [])]
    lines += [f"environment {word}" for word in wishes.get("environment", [])]
    lines += [f"cgroup {folder}/cgroup.procs" for folder in cgroups]
    strace = shutil.which("strace", path="/usr/bin:/bin:/usr/local/bin")
    if strace:
        (job / "tools").mkdir(exist_ok=True)
        (job / "tools/strace").write_text(STRACE % (strace, strace))
        (job / "tools/strace").chmod(0o755)
    (job / "box").write_text("\n".join(lines) + "\n")
    (job / "box.args").write_bytes(b"".join(
        os.fsencode(word) + b"\0" for word in box_args(job, wishes)))
