"""play.py - run the commands that a chapter shows, several at a time; Ctrl-C
ends them with all that they started."""
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading

from fences import Fault

LIMIT_S = 120  # for one command; a demonstration's own waits are 5 s each
PLAYING = set()
INTERRUPTED = threading.Event()


def end(process):
    """Ends a run with all that it started, after 3 s to tidy up."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def call(command):
    """What the command prints. It has a session of its own, so that end() can
    reach all of it, and Ctrl-C does so only through end()."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, 'NO_COLOR': '1', 'LC_ALL': 'C.UTF-8'})
    except OSError as error:
        raise Fault(f'{command[0]}: {error.strerror}') from None
    PLAYING.add(process)
    try:
        if INTERRUPTED.is_set():
            end(process)
        out, errors = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        end(process)
        raise Fault(f'{" ".join(command)}: not done after {LIMIT_S} s') from None
    except KeyboardInterrupt:
        end(process)
        raise
    finally:
        PLAYING.discard(process)
    if process.returncode != 0:
        raise Fault(f'{" ".join(command)}: exit status {process.returncode}\n'
                    + out + errors)
    return out


@contextlib.contextmanager
def interruptible_pool(jobs):
    """Threads; Ctrl-C ends what they play, and what waits is not begun."""
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            INTERRUPTED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(PLAYING):
                end(process)
            raise
