"""sandbox.py - how strictly a submission is shut in, and as which user.

usage: sandbox.py level [WISH]    prints the level that this machine grants,
                                  or why there is none (exit status 1)

L3  root: as L2, as a user of its own, and control groups around the program
L2  user namespaces: bubblewrap around the program
L1  root without namespaces: another user and limits, no more
What the machine grants is found out by trying.
"""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import sys

import groups

COURSE = pathlib.Path(__file__).resolve().parents[2]
NETNS = COURSE / "build/tools/netns"
BOX = COURSE / "build/tools/box"
UIDS = range(61184, 65520)  # users that exist nowhere else: systemd's own spare ones
LIMITS = {"tasks": 256, "memory": 256 << 20, "space": 4 << 30, "file": 16 << 20,
          "cpu": 30}
# Each job has a network of its own, also where grading was begun in a private one
# (make shell-N): netns takes this word for "we are inside".
os.environ.pop("COURSE_NETNS", None)
REFUSAL = """\
Grading runs students' programs, and this machine grants no way to shut them in:
user namespaces are refused, and you are not root. One of these lets it work:
  sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (Ubuntu from 24.04)
  sudo sysctl -w kernel.unprivileged_userns_clone=1               (Debian)
  sudo sysctl -w user.max_user_namespaces=10000                   (any system)
  sudo make grade ...                                             (as root; level L1 at least)"""

NEEDS = {"L1": "it takes root", "L2": "it takes user namespaces",
         "L3": "it takes root, user namespaces, and control groups for pids, memory and cpu"}


def as_user(uid: int) -> list:
    """The words before a command that make it that user's."""
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"] \
        if uid else []


def works(words: list) -> bool:
    """Whether a command ends with status 0."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def try_namespaces(uid: int) -> bool:
    """A box in a private network, as in a real job."""
    if os.environ.get("NETNS") == "off":
        return False
    inner = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
             "--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return works([*as_user(uid), NETNS, "--probe"]) and works([*as_user(uid), NETNS, *inner])


def try_groups() -> bool:
    """Control groups, and another user's program in them, as in a real job."""
    job, uid = os.getpid(), UIDS[0]
    made = groups.make(job, uid, LIMITS)
    pid = os.fork()
    if pid == 0:
        try:
            groups.enter(job)
            os.setresuid(uid, uid, uid)
            for folder in made:
                (folder / "cgroup.procs").write_text("0")
            os._exit(0)
        except OSError:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    groups.remove(job)
    return bool(made) and status == 0


def level(wish: str = "auto") -> str:
    """The level, the one wished for or the best; "" and no other if not granted."""
    root = os.getuid() == 0
    spaces = wish in ("auto", "L2", "L3") and try_namespaces(UIDS[0] if root else 0)
    if wish in ("auto", "L3") and spaces and root and try_groups():
        return "L3"
    if wish in ("auto", "L2") and spaces:
        return "L2"
    return "L1" if wish in ("auto", "L1") and root else ""


def own_user() -> tuple:
    """(uid, lock): a user that no other job on this machine has at the moment."""
    first = os.getpid() % len(UIDS)
    for uid in (*UIDS[first:], *UIDS[:first]):
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0hello-socket-uid-{uid}")  # gone with its last owner
            return uid, lock
        except OSError:
            lock.close()
    raise RuntimeError("no free user")


def die_with_parent() -> None:
    """This process is killed when its parent ends. After setuid() anew."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def be_root_apart() -> None:
    """This process becomes root of a user namespace of its own, and no more."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(4, 1)  # PR_SET_DUMPABLE: after setuid() /proc/self was root's
    if libc.unshare(0x10000000) != 0:  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), "a user namespace")
    pathlib.Path("/proc/self/setgroups").write_text("deny")
    pathlib.Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    pathlib.Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def readable(hidden: str) -> list:
    """What at L1 any user of the machine can read, and should not."""
    secret = [COURSE / "tests", COURSE / "solutions", *([hidden] if hidden else [])]
    return [str(path) for path in map(pathlib.Path, secret)
            if path.exists() and path.stat().st_mode & 0o055]


def barred(*files) -> str:
    """What keeps other users from these files, and the remedy; "" if nothing does."""
    for file in files:
        for path in (file, *file.parents):
            if not path.stat().st_mode & (0o001 if path.is_dir() else 0o004):
                return f"chmod -R go+rX {COURSE}" if COURSE in (path, *path.parents) else \
                    f"chmod go+x {path}, or put the course into another folder"
    return ""


def refusal(wish: str) -> str:
    """What to say where level(wish) is none."""
    return REFUSAL if wish == "auto" else \
        f"level {wish} is not granted here: {NEEDS[wish]}"


if __name__ == "__main__":
    asked = (*sys.argv[2:3], "auto")[0]
    print(level(asked) or sys.exit(refusal(asked)))
