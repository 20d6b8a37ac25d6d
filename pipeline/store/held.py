"""Snapshots that somebody reads stay until they are let go.

A reader has a shared lock on the file; whoever removes old snapshots leaves those that are locked. The system lets go
of the locks of a process that died, so a crash keeps nothing: the next removal takes it along.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def held(path: Path) -> Iterator[Path]:
    """Keep a snapshot where it is for the time of reading; raises FileNotFoundError when it is gone already."""
    with path.open("rb") as handle:
        _lock(handle, fcntl.LOCK_SH)
        if not _is_still(path, handle):  # removed between opening and locking
            raise FileNotFoundError(errno.ENOENT, "the snapshot was removed", str(path))
        yield path


def remove_unheld(path: Path) -> bool:
    """Remove a snapshot unless somebody reads it; whether it is gone."""
    try:
        with path.open("rb") as handle:
            _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True


def _lock(handle: IO[bytes], how: int) -> None:
    try:
        fcntl.flock(handle, how)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks: its readers may find a snapshot gone and ask again
        return


def _is_still(path: Path, handle: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False
