"""archive.py - look into a .tar.gz, .tar or .zip that may mean harm.

Nothing is ever unpacked to disk: entries are handed out one by one, with their
bytes on request, and every number has a bound.
"""

import contextlib
import gzip
import pathlib
import resource
import signal
import stat
import tarfile
import zipfile
import zlib

COURSE = pathlib.Path(__file__).resolve().parents[2]
LIMIT_FILE = 262_144  # bytes of one source; make submit refuses more, too
LIMIT_ARCHIVE = 16 << 20  # bytes of the archive itself
LIMIT_UNPACKED = 64 << 20  # bytes of all that is in it
LIMIT_ENTRIES = 10_000
LIMIT_MEMORY = 1 << 30


class Refused(Exception):
    """Why something is not taken; reads on after its name."""


def shown(name: str) -> str:
    """A name on one line, its odd characters escaped, of bounded length."""
    plain = name.encode("utf-8", "backslashreplace").decode()
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                    for c in plain)
    return plain if len(plain) <= 100 else plain[:97] + "..."


@contextlib.contextmanager
def bounded(seconds: int):
    """No more time and memory than that for what happens inside."""
    def late(*_):
        raise Refused(f"took longer than {seconds} s to look through")
    old = resource.getrlimit(resource.RLIMIT_AS)
    hard = LIMIT_MEMORY if old[1] == resource.RLIM_INFINITY else min(LIMIT_MEMORY, old[1])
    resource.setrlimit(resource.RLIMIT_AS, (hard, old[1]))
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, old)


def kind(path: pathlib.Path) -> str:
    """gzip, tar, zip, or "" for anything else, by the first bytes."""
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" else ""


class Counted:
    """A file that ends in a refusal after LIMIT_UNPACKED bytes."""

    def __init__(self, file):
        self.file, self.left = file, LIMIT_UNPACKED

    def read(self, size: int) -> bytes:
        """Like a file's."""
        data = self.file.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Refused(f"unpacks to more than {LIMIT_UNPACKED >> 20} MB")
        return data


def parts(name: str) -> tuple:
    """A path's folders and name; refuses one that leads out."""
    path = pathlib.PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise Refused(f"has an entry that leads out of it: {shown(name)}")
    return path.parts


def tar_entries(file):
    """Yields (path, read) of a tar's entries."""
    count = 0
    # A stream: nothing is read twice, and what lies between is counted too.
    with tarfile.open(fileobj=Counted(file), mode="r|", bufsize=65536) as tar:
        for entry in tar:
            count += 1
            if count > LIMIT_ENTRIES:
                raise Refused(f"has more than {LIMIT_ENTRIES} entries")
            path = parts(entry.name)
            if path and not entry.isdir():
                yield path, lambda entry=entry: tar_read(tar, entry)


def tar_read(tar, entry) -> bytes:
    """One entry's bytes."""
    if not entry.isreg() or entry.issparse():
        what = ("a symbolic link, not a file" if entry.issym() else
                "a hard link, not a file" if entry.islnk() else "not a regular file")
        raise Refused(f"is {what}")
    if entry.size > LIMIT_FILE:
        raise Refused(f"has {entry.size} bytes; {LIMIT_FILE} are allowed")
    data = tar.extractfile(entry).read(LIMIT_FILE + 1)
    if len(data) != entry.size:
        raise Refused("is cut off")
    return data


def zip_entries(file):
    """Yields (path, read) of a zip's entries."""
    with zipfile.ZipFile(file) as packed:
        if len(packed.infolist()) > LIMIT_ENTRIES:
            raise Refused(f"has more than {LIMIT_ENTRIES} entries")
        for entry in packed.infolist():
            path = parts(entry.filename)
            if path and not entry.is_dir():
                yield path, lambda entry=entry: zip_read(packed, entry)


def zip_read(packed, entry) -> bytes:
    """One entry's bytes; what it says about its size is not believed."""
    mode = entry.external_attr >> 16
    if entry.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Refused("is a symbolic link, not a file" if stat.S_ISLNK(mode)
                      else "is not a regular file")
    with packed.open(entry) as file:
        data = file.read(LIMIT_FILE + 1)
    if len(data) > LIMIT_FILE:
        raise Refused(f"has more than the {LIMIT_FILE} bytes that are allowed")
    return data


def entries(path: pathlib.Path):
    """Yields (path, read) of an archive's entries; Refused for what is none."""
    if not path.is_file():
        raise Refused("is neither a folder nor a file")
    if path.stat().st_size > LIMIT_ARCHIVE:
        raise Refused(f"is larger than {LIMIT_ARCHIVE >> 20} MB")
    what = kind(path)
    if not what:
        raise Refused("is not a .tar.gz, .tar or .zip")
    try:
        with open(path, "rb") as file:
            if what == "zip":
                yield from zip_entries(file)
            else:
                yield from tar_entries(gzip.open(file) if what == "gzip" else file)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError,
            NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused(f"cannot be unpacked: {shown(str(error))}") from error
