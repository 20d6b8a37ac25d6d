"""What a disk refuses, in words: it is full, may not be written, or has another thing where a file belongs."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import DiskFullError, StorageError

FREE_BYTES_MIN = 64 << 20  # below this the log takes no uploads, so that there is room to stop cleanly
FREE_IT = "free some space there (of Spotter's own files, those in `snapshots` and those named *.corrupt-* may go)"
_FULL_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_FULL_TEXTS = ("No space left on device", "Disk quota exceeded", "database or disk is full")
_WHAT_TO_DO = {
    errno.EACCES: "give your user the right to read and write there, or run as the owner of the data",
    errno.EPERM: "give your user the right to read and write there, or run as the owner of the data",
    errno.EROFS: "mount the disk for writing, or name another folder",
    errno.EEXIST: "move away what lies there",
    errno.ENOTDIR: "move away the file that lies where a folder belongs",
    errno.EISDIR: "move away the folder that lies where a file belongs",
    errno.EIO: "look at the disk: it may be failing",
}


def free_bytes(folder: Path) -> int:
    """What this user may still write under a folder; 0 when that cannot be asked."""
    try:
        usage = os.statvfs(folder)
    except OSError:
        return 0
    return usage.f_bavail * usage.f_frsize


def says_full(text: str) -> bool:
    """Whether a message of a database says that there was no room."""
    return any(said in text for said in _FULL_TEXTS)


def is_full(error: BaseException) -> bool:
    """Whether the system said that there was no room."""
    return isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in _FULL_NUMBERS)


def full(what: str, folder: Path, then: str) -> DiskFullError:
    """The error of a full disk; ``then`` says what follows once there is room."""
    return DiskFullError(
        f"{what}: the disk is full",
        f"only {free_bytes(folder) >> 20} MiB are free under {folder}",
        f"{FREE_IT}, {then}",
    )


def in_words(error: OSError) -> StorageError:
    """What the system refused, why, and what to do."""
    name = str(error.filename2 or error.filename or "a file")
    if is_full(error):
        return full(f"{name} could not be written", Path(name).absolute().parent, "then run it again")
    why = error.strerror or str(error)
    do = _WHAT_TO_DO.get(error.errno or 0, "check the name, the rights and the disk; `spotter doctor` helps")
    return StorageError(f"{name} cannot be used", why, do)


def of_sqlite(path: Path, what: str, error: Exception) -> StorageError | None:
    """The disk's part in an error of SQLite, which tells little; None when the disk has none."""
    name = str(getattr(error, "sqlite_errorname", ""))
    short = free_bytes(path.parent) < FREE_BYTES_MIN
    if is_full(error) or name == "SQLITE_FULL" or (short and name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN"))):
        return full(what, path.parent, "then try again; what was accepted is still there")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return StorageError(
            what,
            f"{path} may not be opened for writing ({error})",
            "give your user the right to write the folder and its files, or mount the disk for writing",
        )
    return None


def check(data: Path, files: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
    """Raises StorageError unless the folder can be written and has files and folders where they belong."""
    if not data.exists():
        return
    if not data.is_dir():
        raise StorageError(
            f"{data} cannot hold data", "it is a file, not a folder", "name a folder with --data DIR, or move it away"
        )
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise StorageError(
            f"the data folder {data} cannot be written",
            "it is read-only, or its rights do not let your user write there",
            "give its owner's rights to your user, mount the disk for writing, or name another folder with --data DIR",
        )
    for path, is_folder in [*((data / name, False) for name in files), *((data / name, True) for name in folders)]:
        if path.exists():
            _check_one(path, is_folder=is_folder)


def _check_one(path: Path, *, is_folder: bool) -> None:
    if not (path.is_dir() if is_folder else path.is_file()):
        found = "a file where a folder belongs" if is_folder else "a folder where a file belongs"
        raise StorageError(f"{path} cannot be used", f"it is {found}", "move it away and run it again")
    if not os.access(path, os.R_OK | os.W_OK | (os.X_OK if is_folder else 0)):
        raise StorageError(
            f"{path} cannot be written",
            "it is read-only, or its rights do not let your user write there",
            f"give it to the user that runs Spotter (chown, chmod u+{'rwx' if is_folder else 'rw'})",
        )
