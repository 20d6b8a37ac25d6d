"""The newest snapshots of all partitions, brought to this machine and opened for reading.

A snapshot is fetched to a folder of this process, opened read-only, and takes the place of the one before; that one is
closed and removed when nobody reads it any more. Whoever reads keeps what was opened at the beginning, so that all
that one page says is of one moment.
"""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import duckdb
import structlog

from pipeline.errors import RefusedError, StorageError
from pipeline.settings import make_private
from pipeline.store.shard import remove_files
from pipeline.store.snapshot import open_snapshot
from pipeline.store.snapshot_store import SnapshotStore, Stored

THREADS = 2
LOCK = "replicas.lock"

log = structlog.get_logger("spotter.web")


class Replica:
    """An opened snapshot. ``made_at``: when it was copied, None for one that does not say so."""

    def __init__(self, stored: Stored, path: Path) -> None:
        self.stored = stored
        self.made_at = datetime.fromisoformat(stored.made_at) if stored.made_at else None
        self._path = path
        self._readers = 0
        self._over = False
        self._lock = threading.Lock()
        try:
            self._connection = open_snapshot(path, threads=THREADS)
        except duckdb.Error as error:
            raise _unreadable(stored, error) from error

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Rows of a trusted query; safe from any thread."""
        with closing(self._connection.cursor()) as cursor:
            return cursor.records(sql, list(parameters))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep it open meanwhile."""
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                last = self._over and self._readers == 0
            if last:
                self._close()

    def begin(self) -> bool:
        """Count one more reader, who then enters ``reading``; False when it was retired before."""
        with self._lock:
            self._readers += not self._over
            return not self._over

    def retire(self) -> None:
        """Close it now, or with its last reader."""
        with self._lock:
            last = not self._over and self._readers == 0
            self._over = True
        if last:
            self._close()

    def _close(self) -> None:
        self._connection.close()
        self._path.unlink(missing_ok=True)


class Replicas:
    """The replicas of ``partitions`` partitions; ``folder`` is for this process alone.

    Raises RefusedError when another process has the folder. What lies in it from an earlier run is removed.
    """

    def __init__(self, store: SnapshotStore, folder: Path, partitions: int) -> None:
        self._store, self._folder = store, folder
        self._held: dict[int, Replica | None] = dict.fromkeys(range(partitions))
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: str | None = "the snapshot store has not been looked at yet"
        make_private(folder)
        self._lock = _lock(folder)
        remove_files(folder, "partition-*.duckdb*")

    def start(self, seconds: float) -> None:
        """Look now, and then every so many seconds until it is closed."""

        def look() -> None:
            while True:
                with suppress(StorageError):  # it is in the log, and readyz says it
                    self.refresh()
                if self._over.wait(seconds):
                    return

        self._thread = threading.Thread(target=look, name="replicas", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Take over what is newer in the store. What cannot be had leaves the older replica in use, costs no other
        partition, and is raised (StorageError) after all were looked at."""
        failed: StorageError | None = None
        for partition in self._held:
            if self._over.is_set():
                return
            try:
                self._refresh(partition)
            except StorageError as error:
                failed = error
                log.warning("no newer snapshot", partition=partition, what=error.what, why=error.why)
        self.failure = failed.what if failed else None
        if failed:
            raise failed

    def _refresh(self, partition: int) -> None:
        stored, held = self._store.newest(partition), self._held[partition]
        if stored is None or (held is not None and held.stored == stored):
            return
        if held is not None and held.stored.next_offset > stored.next_offset:
            raise StorageError(
                f"the snapshot store has an older snapshot of partition {partition} than is shown",
                f"its pointer says {stored.next_offset}, shown is {held.stored.next_offset}",
                "restart this role if the store was restored from a backup",
            )
        path = self._folder / f"partition-{partition}-{stored.sha256[:16]}.duckdb"
        try:
            self._store.fetch(stored, path)
            fresh = Replica(stored, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._held[partition] = fresh
        if held is not None:
            held.retire()
        log.info("snapshot opened", partition=partition, next_offset=stored.next_offset)

    @contextmanager
    def reading(self, partition: int) -> Iterator[Replica | None]:
        """The newest replica of a partition, which stays open meanwhile; None where the store has none."""
        held = self._held.get(partition)
        while held is not None and not held.begin():  # it was replaced this very moment
            newer = self._held.get(partition)
            held = newer if newer is not held else None
        if held is None:
            yield None
            return
        with held.reading():
            yield held

    def states(self) -> list[tuple[int, int, datetime | None]]:
        """(partition, next offset, when it was copied) of each that is open."""
        return [(number, one.stored.next_offset, one.made_at) for number, one in self._held.items() if one is not None]

    def close(self) -> None:
        """Stop looking; close and remove what is open as soon as nobody reads it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for held in self._held.values():
            if held is not None:
                held.retire()
        self._lock.close()


def _lock(folder: Path) -> IO[str]:
    handle = (folder / LOCK).open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise RefusedError(
            f"the folder {folder} is in use",
            "another process keeps its copies of snapshots there",
            "give each its own folder with --data",
        ) from error
    return handle


def _unreadable(stored: Stored, error: Exception) -> StorageError:
    return StorageError(
        f"the snapshot {stored.name} of partition {stored.partition} cannot be read",
        str(error),
        "run the same version of Spotter in all roles; the next snapshot takes its place",
    )
