"""The embedded log: one SQLite file, one partition, durable before an append returns.

WAL with ``synchronous=FULL`` syncs the WAL at every commit. Appends of several threads that wait
at the same time share one commit (group commit), so a slow disk costs one sync per group.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import disk
from pipeline.errors import DiskFullError, StorageError
from pipeline.log.base import EMBEDDED_PARTITION, Batch, Logged
from pipeline.record import ITEM_BYTES, Record
from pipeline.records import Records

GROUP_APPENDS_MAX = 256  # waiting appends that may share one commit
RECORD_BYTES = 400  # what a record takes in memory beside its payload

_TABLES = """
create table if not exists record (
    log_offset integer primary key,
    tenant text not null,
    athlete text not null,
    part integer not null,
    import_id text,
    items blob not null,
    header blob not null,
    payload blob not null
);
create index if not exists record_import on record (import_id) where import_id is not null;
"""
_INSERT = (
    "insert into record (log_offset, tenant, athlete, part, import_id, items, header, payload)"
    " values (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = "select log_offset, athlete, part, items, header, payload from record "

_Append = tuple[list[tuple[object, ...]], "Future[int]"]


class SqliteLog:
    """The embedded implementation of ``Log``; safe to append from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        created = not path.exists()
        try:
            self._writer = _connect(path)
            self._writer.executescript(_TABLES)
            self._writer.commit()
            if created:
                _sync_folder(path.parent)
            row = self._writer.execute("select max(log_offset) from record").fetchone()
        except sqlite3.Error as error:
            raise _unreadable(path, error) from error
        self._end = 0 if row[0] is None else int(row[0]) + 1
        self._readers = threading.local()
        self._reader_list: list[sqlite3.Connection] = []
        self._appends: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write_groups, name="log-writer", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> int:
        """Append all records durably or none; returns the end offset after the last of them."""
        if self._closed:
            raise StorageError("the log is closed", "the service is stopping", "send the upload again")
        done: Future[int] = Future()
        self._appends.put(([_row(record) for record in records], done))
        return done.result()

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> Batch:
        """Records from ``offset`` on: at least one if there is any, then up to the limits."""
        _only_partition(partition)
        offsets: list[int] = []
        out: list[Record] = []
        items = size = 0
        same = b""  # parts of an upload share their header: one copy of it
        for at, athlete, part, packed, header, payload in self._rows(
            "where log_offset >= ? order by log_offset", (offset,)
        ):
            items += len(packed) // ITEM_BYTES
            size += len(payload) + RECORD_BYTES
            if out and (items > items_max or size > bytes_max):
                break
            same = same if header == same else header
            offsets.append(at)
            out.append(Record(athlete, part, packed, same, payload))
        return Batch(np.array(offsets, np.int64), Records(out))

    def read_athlete(self, partition: int, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        """All records of one athlete below ``end``, in order."""
        _only_partition(partition)
        where = "where tenant = ? and athlete = ? and log_offset < ? order by log_offset"
        for at, name, part, packed, header, payload in self._rows(where, (tenant, athlete, end)):
            yield Logged(at, Record(name, part, packed, header, payload))

    def end_offset(self, partition: int) -> int:
        """The offset the next record will get."""
        _only_partition(partition)
        return self._end

    def first_offset(self, partition: int) -> int:
        """Nothing is ever taken away."""
        _only_partition(partition)
        return 0

    def close(self) -> None:
        """Finish waiting appends and close the file."""
        if self._closed:
            return
        self._closed = True
        self._appends.put(None)
        self._thread.join()
        for reader in self._reader_list:
            reader.close()
        self._writer.close()

    def _rows(self, where: str, parameters: tuple[object, ...]) -> Iterator[Any]:
        if self._closed:  # else a thread that has not read before would open the file anew, for nobody to close
            raise _closed()
        try:
            with contextlib.closing(self._reader().execute(_SELECT + where, parameters)) as cursor:
                yield from cursor
        except sqlite3.Error as error:
            raise _unreadable(self.path, error, "read") from error

    def _reader(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if found is None:
            found = _connect(self.path)
            found.execute("pragma query_only = on")
            self._readers.connection = found
            self._reader_list.append(found)
        return found

    def _write_groups(self) -> None:
        while (first := self._appends.get()) is not None:
            group = [first]
            stop = False
            while len(group) < GROUP_APPENDS_MAX:
                try:
                    following = self._appends.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._write(group)
            if stop:
                return

    def _write(self, group: list[_Append]) -> None:
        ends = []
        end = self._end
        try:
            self._keep_room()
            with self._writer:
                for rows, _ in group:
                    self._writer.executemany(_INSERT, ((end + i, *row) for i, row in enumerate(rows)))
                    end += len(rows)
                    ends.append(end)
        except (sqlite3.Error, OSError, StorageError) as error:
            refusal = error if isinstance(error, StorageError) else _unwritable(self.path, error)
            for _, done in group:
                done.set_exception(refusal)
            return
        self._end = end
        for (_, done), at in zip(group, ends, strict=True):
            done.set_result(at)

    def _keep_room(self) -> None:
        if disk.free_bytes(self.path.parent) < disk.FREE_BYTES_MIN:
            raise DiskFullError(
                "the upload was not taken: the disk is nearly full",
                f"less than {disk.FREE_BYTES_MIN >> 20} MiB are free under {self.path.parent}",
                f"{disk.FREE_IT}, then send it again; nothing that was accepted is lost",
            )


def _row(record: Record) -> tuple[object, ...]:
    header = record.head()
    return (header.tenant, record.athlete, record.part, header.import_id, record.items, record.header, record.payload)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False, cached_statements=32)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma wal_autocheckpoint = 8000")
    return connection


def _only_partition(partition: int) -> None:
    if partition != EMBEDDED_PARTITION:
        raise ValueError(f"the embedded log has one partition, {EMBEDDED_PARTITION}; asked for {partition}")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _closed() -> StorageError:
    return StorageError("the log is closed", "the service is stopping", "ask again when it runs")


def _unreadable(path: Path, error: Exception, wanted: str = "opened") -> StorageError:
    if isinstance(error, sqlite3.ProgrammingError):  # the handle was closed under the reader; the file is as it was
        return _closed()
    what = f"the log {path.name} cannot be {wanted}"
    return disk.of_sqlite(path, what, error) or StorageError(
        what, str(error), "restore the data folder's log from a backup; do not delete it"
    )


def _unwritable(path: Path, error: Exception) -> StorageError:
    what = f"the upload was not taken: the log {path.name} could not be written"
    return disk.of_sqlite(path, what, error) or StorageError(
        what, str(error), "check the disk and its free space, then send the upload again"
    )
