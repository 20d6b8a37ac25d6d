"""Where the files of one partition lie, and the lock that says whose they are."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.errors import BusyError
from pipeline.log.base import EMBEDDED_PARTITION
from pipeline.worker.fresh import LOG_NAME


def _taken(path: Path) -> IO[str] | None:
    """Take a lock; None while another process has it. Closing what is returned gives it free."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def lock_folder(data: Path, role: str) -> IO[str]:
    """The one right to be this role in a folder, until what is returned is closed; raises BusyError."""
    lock = _taken(data / f"{role}.lock")
    if lock is None:
        raise BusyError(
            f"another {role} works in {data}",
            "two on one folder would do the same work twice",
            "stop the other, or give this one a folder of its own with --data",
        )
    return lock


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of one partition lie; ``log_name`` is how its log is told of."""

    data: Path
    partition: int
    lock_name: str
    attempts_name: str
    log_name: str

    @classmethod
    def embedded(cls, data: Path) -> Place:
        """The one partition of a folder whose service owns everything in it."""
        return cls(data, EMBEDDED_PARTITION, "lock", "attempts.json", LOG_NAME)

    @classmethod
    def of_worker(cls, data: Path, partition: int, log_name: str) -> Place:
        """One of several partitions that lie side by side."""
        return cls(data, partition, f"shard-{partition}.lock", f"shard-{partition}.attempts.json", log_name)

    @property
    def shard_name(self) -> str:
        return f"shard-{self.partition}.duckdb"

    @property
    def shard(self) -> Path:
        return self.data / self.shard_name

    @property
    def opened(self) -> Path:
        """There while the shard is open; found before, the shard was not closed as it should be."""
        return self.data / f"shard-{self.partition}.opened"

    def take(self) -> IO[str] | None:
        """Take the lock; None while another process has it. Closing what is returned gives it free."""
        return _taken(self.data / self.lock_name)

    def take_or_refuse(self) -> IO[str]:
        """Take the lock; raises BusyError while another process has it."""
        lock = self.take()
        if lock is None:
            raise BusyError(
                f"the data folder {self.data} is in use",
                "another Spotter process owns it and did not answer on its socket",
                "stop that process, or wait until it is done",
            )
        return lock
