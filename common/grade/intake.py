"""intake.py - take over one student's submission, and trust nothing in it.

usage: intake.py SUBMISSION DEST

SUBMISSION is a folder or an archive (.tar.gz, .tar, .zip, told by its bytes)
that holds NN-slug/NAME.c, at the top or up to two folders down; a folder that
holds exactly one archive, and no exercise, is that archive. Of each exercise
only the regular files that its starter names are copied, byte for byte, to
DEST/NN-slug; links, devices and whatever else is there are not. DEST/intake.json:

  {"exercises": {"NN-slug": {"files": {NAME: sha256}, "sha256": of them all,
                             "others": [names of other files, a few],
                             "problem": null or why a file was refused}},
   "problem": null or why nothing could be read}

Exit status: 0 when intake.json was written, whatever it says; 1 otherwise.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import sys
import tempfile

import archive
from archive import COURSE, LIMIT_FILE, Refused, shown

EXERCISE = re.compile(r"\d\d-[a-z0-9-]+\Z")
LIMIT_ENTRIES = 10_000  # of a folder
DEPTH = 3  # folders above a file, its exercise's own one counted
SECONDS = 60


def exercises() -> dict:
    """{NN-slug: the names of its files}, from the starters."""
    named = {}
    for file in sorted((COURSE / "lessons").glob("[0-9][0-9]-*/exercise/*.[ch]")):
        named.setdefault(file.parent.parent.name, []).append(file.name)
    return named


def digest(files: dict) -> str:
    """One SHA-256 for {name: sha256}."""
    text = "".join(f"{sha}  {name}\n" for name, sha in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def walk_folder(top: pathlib.Path):
    """Yields (path, read) of everything in a folder, like archive.entries();
    read() gives a regular file's bytes. Follows no link."""
    count, todo = 0, [(top, ())]
    while todo:
        folder, path = todo.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not path:
                raise Refused(f"cannot be read: {error.strerror}") from error
            yield path, refuse(f"cannot be read: {error.strerror}")
            continue
        for entry in found:
            count += 1
            if count > LIMIT_ENTRIES:
                raise Refused(f"has more than {LIMIT_ENTRIES} files")
            inner = (*path, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if len(inner) <= DEPTH:
                    todo.append((entry.path, inner))
                if path and EXERCISE.match(path[-1]):
                    yield inner, refuse("is a folder, not a file")
            else:
                yield inner, lambda name=entry.path: read_file(name)


def refuse(why: str):
    """A read() that refuses."""
    def read():
        raise Refused(why)
    return read


def read_file(name) -> bytes:
    """A regular file's bytes. Opened so that no link is followed and no FIFO
    waited for, and looked at once it is open: nobody can swap it in between."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = os.path.islink(name)
        raise Refused("is a symbolic link, not a file" if link else
                      f"cannot be read: {error.strerror}") from error
    with open(fd, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refused("is not a regular file")
        if status.st_nlink > 1 and status.st_uid == 0 != os.getuid():
            raise Refused("is a hard link to somebody else's file")
        data = file.read(LIMIT_FILE + 1)
    if len(data) > LIMIT_FILE:
        raise Refused(f"has more than the {LIMIT_FILE} bytes that are allowed")
    return data


def only_archive(top: pathlib.Path):
    """The one archive in a folder without exercises, or None."""
    try:
        names = [entry.name for entry in os.scandir(top) if not entry.name.startswith(".")]
    except OSError:
        return None
    if len(names) != 1 or EXERCISE.match(names[0]):
        return None
    inside = top / names[0]
    if inside.is_symlink() or not inside.is_file():
        return None
    return inside if archive.kind(inside) else None


def entries(source: pathlib.Path):
    """Yields (path, read) of all that was handed in."""
    if source.is_dir():
        inner = only_archive(source)
        return archive.entries(inner) if inner else walk_folder(source)
    if not source.exists():
        raise Refused("is not there")
    return archive.entries(source)


def exercise_of(path: tuple, known: dict):
    """(NN-slug, file name) of a path, or None if it is in no exercise."""
    if not 2 <= len(path) <= DEPTH + 1 or path[-2] not in known:
        return None
    return path[-2], path[-1]


def take(source: pathlib.Path, dest: pathlib.Path) -> dict:
    """Copies what counts, and returns what intake.json will say."""
    known, taken = exercises(), {}

    def record(slug):
        return taken.setdefault(slug, {"files": {}, "sha256": "", "others": [],
                                       "problem": None})
    for path, read in entries(source):
        if path[-1] in known and len(path) <= DEPTH:  # an unreadable folder, or no folder
            record(path[-1])["problem"] = f"{path[-1]} {why(read)}"
            continue
        place = exercise_of(path, known)
        if not place:
            continue
        slug, name = place
        told = record(slug)
        if name not in known[slug]:
            told["others"] = (told["others"] + [shown(name)])[:5]
            continue
        try:
            if name in told["files"]:
                raise Refused("is there twice")
            data = read()
        except Refused as error:
            told["problem"] = told["problem"] or f"{name} {error}"
            continue
        (dest / slug).mkdir(exist_ok=True)
        (dest / slug / name).write_bytes(data)
        told["files"][name] = hashlib.sha256(data).hexdigest()
    for told in taken.values():
        told["sha256"] = digest(told["files"])
    return {"exercises": dict(sorted(taken.items())), "problem": None}


def why(read) -> str:
    """What is wrong with something that stands where a folder should."""
    try:
        read()
    except Refused as error:
        return str(error)
    return "is a file, not a folder"


def replace(new: pathlib.Path, dest: pathlib.Path) -> None:
    """new becomes dest. Between the two moments dest is not there at all."""
    if dest.exists():
        old = pathlib.Path(tempfile.mkdtemp(prefix=".intake.", dir=dest.parent))
        os.rename(dest, old / "dest")
        os.rename(new, dest)
        shutil.rmtree(old)
    else:
        os.rename(new, dest)


def main() -> int:
    source, dest = (pathlib.Path(word) for word in sys.argv[1:3])
    signal.alarm(2 * SECONDS)  # should even refusing hang
    dest.parent.mkdir(parents=True, exist_ok=True)
    new = pathlib.Path(tempfile.mkdtemp(prefix=".intake.", dir=dest.parent))
    try:
        os.chmod(new, 0o755)
        try:
            with archive.bounded(SECONDS):
                told = take(source, new)
        except (Refused, OSError, MemoryError) as error:
            for left in new.iterdir():
                shutil.rmtree(left)
            text = str(error) if isinstance(error, Refused) else f"cannot be read: {error}"
            told = {"exercises": {}, "problem": f"{shown(source.name)} {text}"}
        (new / "intake.json").write_text(json.dumps(told, indent=1) + "\n")
        replace(new, dest)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    sys.exit(main())
