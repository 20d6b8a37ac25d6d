"""Which errors of a shard come from the disk, and how they are told."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb

from pipeline import disk
from pipeline.errors import DamagedError, StorageError

_DISK_NUMBERS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)
_DISK_KINDS = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.TransactionException)
_NO_ROOM_TO_SPILL = "max_temp_directory_size"  # DuckDB takes its limit from what was free


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room to write: the one failure that passes by itself, so it is worth waiting for."""
    if disk.is_full(error):
        return True
    if isinstance(error, duckdb.OutOfMemoryException):
        return _NO_ROOM_TO_SPILL in str(error) or disk.says_full(str(error))
    # only these kinds: the message of any other may quote what an athlete wrote
    return (isinstance(error, _DISK_KINDS) or type(error) is duckdb.Error) and disk.says_full(str(error))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a statement needed more memory than it may use, with room left on the disk; or what led to an error."""
    found = [one for one in (error, error.__cause__) if isinstance(one, duckdb.OutOfMemoryException)]
    return bool(found) and not is_disk_full(found[0])


def is_query_failure(error: Exception) -> bool:
    """Whether a query could not be answered: its text, the values it met, or what it would have needed."""
    broken = (duckdb.FatalException, duckdb.IOException)
    return isinstance(error, duckdb.Error) and not isinstance(error, broken)


def is_storage_failure(error: Exception) -> bool:
    """Whether an error came from disk or memory rather than from data."""
    kinds = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, MemoryError, StorageError)
    failed = isinstance(error, OSError) and error.errno in _DISK_NUMBERS
    return failed or isinstance(error, kinds) or type(error) is duckdb.Error or is_disk_full(error)


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file cannot be read, as opposed to a disk that is full."""
    kinds = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
    unreadable = isinstance(error, (DamagedError, *kinds)) or type(error) is duckdb.Error
    return unreadable and not is_disk_full(error)


def not_opened(path: Path | None, error: duckdb.Error) -> StorageError:
    """Why a shard cannot be opened: only a file that is damaged is worth putting aside."""
    if path is not None and is_disk_full(error):
        return disk.full(f"the tables in {path.name} cannot be opened", path.parent, "then try again")
    if path is not None and "Is a directory" in str(error):
        return StorageError(f"{path} cannot be used", "it is a folder where a file belongs", "move it away")
    if any(said in str(error) for said in ("Permission denied", "Read-only file system")):
        return StorageError(
            f"the tables in {path} cannot be opened for writing",
            str(error).splitlines()[0],
            "give your user the right to write the folder and its files, or mount the disk for writing",
        )
    return DamagedError(f"the shard {path} cannot be opened", str(error), "it is put aside and rebuilt from the log")


def storage_failure(error: Exception, folder: Path) -> StorageError:
    """The error of a disk or memory failure, in words."""
    if isinstance(error, StorageError):
        return error
    if is_disk_full(error):
        return disk.full("the tables could not be written", folder, "then try again; the log has everything")
    if isinstance(error, OSError):
        return disk.in_words(error)
    return StorageError(
        "the shard could not be written",
        str(error),
        "check disk space and memory, then start again; the log has everything",
    )
