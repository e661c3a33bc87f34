"""ssh.py - the jobs of a class, spread over machines by ssh.

Run by grade.py, in the environment of the script `one`, with HOSTS=a,b. Each
host gets a copy of the course and of the submissions that are due, in a folder
of its own that only we may read, and builds what a job needs. GNU parallel
then hands out the jobs, tries one that fails on another host, and brings the
results back as lines. So the machines share no disk and need no names of
students; a host that dies costs time and nothing else. What is not done in
the end, grade.py does here.

Environment: SSH, the command to use instead of ssh (SSH='ssh -F config').
"""

import concurrent.futures
import json
import os
import pathlib
import secrets
import shlex
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import result  # noqa: E402

GRADE, COURSE = pathlib.Path(os.environ["GRADE"]), pathlib.Path(os.environ["COURSE"])
SSH = shlex.split(os.environ.get("SSH") or "ssh") + [
    "-oBatchMode=yes", "-oConnectTimeout=10", "-oServerAliveInterval=5", "-oServerAliveCountMax=3"]
RETRIES = 3
# $1 is the folder; a name that is there already is somebody else's trap. $2 is
# one in it, whose name nobody else can learn: root's jobs judge as another user,
# who must get there, but at L1 not to the tests.
UNPACK = """
umask 077 && mkdir "$1" "$1/$2" && cd "$1/$2" && mkdir grade && tar -xf - && cd course || exit
make -s grade-tools >&2 || exit
if test "$(id -u)" -eq 0; then
    chmod -R go+rX "$1/$2" && chmod 711 "$1" || exit
    test "$(python3 -SE common/grade/sandbox.py level)" != L1 ||
        chmod -R go-rwx tests solutions ../grade || exit
fi
nproc"""


def told(host: str, script: str, *words, **options):
    """A script of shell on that host."""
    command = "sh -c " + shlex.join([script, "sh", *words])
    return subprocess.run([*SSH, host, command], check=False, **options)


def packed(names: list) -> bytes:
    """The course, and of OUT/.grade what these jobs need, as one tar."""
    files = subprocess.run([COURSE / "common/bin/course-files"], check=True,
                           stdout=subprocess.PIPE).stdout.split(b"\0")
    ids = {name.split(".")[0] for name in names}
    parts = [(COURSE, "course", [f for f in files if f])]
    jobs = [f"jobs/{job}" for job in ids]
    sources = {(GRADE / "jobs" / job).read_text().split("\n")[0].removeprefix("source=")
               for job in ids}
    there = {os.fsencode(name) for name in [*jobs, *sources] if (GRADE / name).exists()}
    parts.append((GRADE, "grade", sorted(there)))
    if os.environ.get("HIDDEN"):
        parts.append((os.environ["HIDDEN"], "hidden", [b"."]))
    out = GRADE / "log/push.tar"
    out.unlink(missing_ok=True)
    for folder, name, names_in in parts:
        subprocess.run(["tar", "-rf", out, "-C", folder, "--null", f"--transform=s,^,{name}/,",
                        "--no-recursion" if name == "course" else "--recursion", "-T", "-"],
                       check=True, input=b"\0".join(names_in))
    data = out.read_bytes()
    out.unlink()
    return data


def push(host: str, place: str, inner: str, data: bytes):
    """Sets a host up; how many jobs it can do at once, or None."""
    done = told(host, UNPACK, place, inner, input=data, stdout=subprocess.PIPE)
    if done.returncode:
        print(f"{host} does not take part: see above", file=sys.stderr, flush=True)
        return None
    return int(done.stdout.split()[-1])


def spread(slots: dict, base: str, inner: str, names: list) -> None:
    """All jobs, over the hosts; each result that comes back goes into new/."""
    job = os.environ.get("JOB", "").replace(str(COURSE), "$d/course")
    words = [f"{key}={shlex.quote(os.environ[key])}" for key in ("LEVEL", "SEED")]
    words.append('HIDDEN="$d/hidden"' if os.environ.get("HIDDEN") else "HIDDEN=")
    remote = (f'd={base}$PARALLEL_SSHHOST/{inner} && mkdir -p "$d/grade/new" "$d/grade/log" && '
              f'env PRINT=1 GRADE="$d/grade" COURSE="$d/course" {" ".join(words)} '
              f'JOB="{job}" "$d/course/common/grade/one" {{}}')
    logins = ",".join(f"{n}/{host}" for host, n in slots.items())
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "parallel", "--will-cite", "-j100%", "-S", logins,
         "--retries", str(RETRIES), "--joblog", GRADE / "log/parallel", remote],
        env={**os.environ, "PARALLEL_SSH": shlex.join(SSH), "PARALLEL_HOME": str(GRADE / "log")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write("".join(f"{name}\n" for name in names).encode())
    process.stdin.close()
    try:
        for line in process.stdout:
            name, _, text = line.partition(b" ")
            if name.decode(errors="replace") in names:
                try:
                    result.write(GRADE / "new" / f"{name.decode()}.json", json.loads(text))
                except ValueError as error:
                    print(f"{name.decode()}: {error}", file=sys.stderr, flush=True)
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = (GRADE / "due").read_text().split()
    hosts = [host for host in os.environ["HOSTS"].split(",") if host]
    base = f"/tmp/hello-socket-{secrets.token_hex(8)}-"
    inner = secrets.token_hex(8)
    data = packed(names)
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        slots = pool.map(lambda host: push(host, base + host, inner, data), hosts)
        slots = {host: n for host, n in zip(hosts, slots) if n}
        try:
            if slots:
                spread(slots, base, inner, names)
        finally:
            list(pool.map(lambda host: told(host, 'rm -rf "$1"', base + host), slots))
    return 0


if __name__ == "__main__":
    sys.exit(main())
