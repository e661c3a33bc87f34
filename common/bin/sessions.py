"""sessions.py - commands that run side by side; Ctrl-C ends them all at once.

Each has a session of its own, so that all that it started can be ended with
it, and Ctrl-C comes to it only through here.
"""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading

RUNNING = {}  # process: the signal that ends it
INTERRUPTED = threading.Event()


def end(process: subprocess.Popen, signo: int) -> None:
    """Ends it with all that it started; it has 3 s to tidy up."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signo)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def session(command: list, signo: int, **options):
    """The process of a command, which signo ends when an exception leaves this
    context, or Ctrl-C comes to the main thread. Options are those of Popen."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True, start_new_session=True, **options) as process:
        RUNNING[process] = signo
        try:
            if INTERRUPTED.is_set():  # it came as we were starting
                end(process, signo)
            yield process
        except BaseException:
            end(process, signo)
            raise
        finally:
            del RUNNING[process]


@contextlib.contextmanager
def threads(count: int):
    """A pool of threads. After Ctrl-C no job of it begins, and those that run
    a session end."""
    with concurrent.futures.ThreadPoolExecutor(max(1, count)) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            INTERRUPTED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process, signo in list(RUNNING.items()):
                end(process, signo)
            raise


def run(main) -> int:
    """What main() returns, or 130 where Ctrl-C or SIGTERM ended it. What it
    starts does not ignore SIGINT, even where we did, as in the background."""
    for signo in signal.SIGINT, signal.SIGTERM:
        signal.signal(signo, signal.default_int_handler)
    try:
        return main()
    except KeyboardInterrupt:
        return 130
