"""cleanup.py - nothing of a job stays, however it ends.

A process of its own waits until the job is gone, killed with SIGKILL even, and
then ends what is left of it and removes its control groups and its folder.
"""

import os
import pathlib
import shutil
import signal
import time

import groups


def left_over(folder: str, uid: int) -> list:
    """Processes of that user, or with the job's folder in their environment."""
    found = []
    for entry in pathlib.Path("/proc").glob("[1-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            mine = uid and entry.stat().st_uid == uid
            if mine or folder.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass  # gone, or not ours to see: a stranger's
    return found


def end_all(folder: str, uid: int) -> None:
    """Kills them, and those that they have started meanwhile."""
    pid = os.fork()
    if pid == 0:  # all of that user's at once, faster than they can fork
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    for _ in range(200):
        pids = left_over(folder, uid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        if not pids:
            return
        time.sleep(0.01)


def sweep_up(uid: int) -> None:
    """Removes what that user has left where anybody may write."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        for entry in os.scandir(folder):
            try:
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
            except OSError:
                pass  # somebody was quicker


def clean(job: int, folder: str, uid: int) -> None:
    """Ends and removes all of a job that has ended."""
    if uid:  # L1; otherwise they end with their namespaces
        end_all(folder, uid)
        sweep_up(uid)
    if os.getuid() == 0:
        groups.remove(job)
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.02)


class Cleaner:
    """What stays behind to clean up after this process."""

    def __init__(self, folder: str):
        job = os.getpid()
        heard, self.line = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(heard)
            return
        os.close(self.line)
        os.setsid()
        for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signo, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):  # or who reads the job's output would wait for us
            os.dup2(null, fd)
        try:
            with open(heard, "rb") as file:
                told = file.read()  # ends with the job
            clean(job, folder, int(told or 0))
        finally:
            os._exit(0)

    def remember_user(self, uid: int) -> None:
        """At L1: whose processes are to be ended."""
        os.write(self.line, str(uid).encode())

    def forget(self) -> None:
        """In a child: only the job itself holds the line."""
        os.close(self.line)

    def finish(self) -> None:
        """Cleans now."""
        os.close(self.line)
        os.waitpid(self.pid, 0)
