"""One partition's DuckDB file: opened once, by one process, under its own lock.

Settings follow what was measured: files in the 1.5 storage format, checkpoints only between
batches, planner order left to the text of the models.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import duckdb
import structlog

from pipeline.errors import StorageError
from pipeline.store.connection import Connection
from pipeline.store.failure import is_damage, is_out_of_memory, not_opened

T = TypeVar("T")
log = structlog.get_logger("spotter.store")
STORAGE_VERSION = "v1.5.0"
CHECKPOINT_WAL_BYTES = 48 << 20  # a checkpoint runs between batches once the WAL is this long
DEAD_SHARE_MAX = 0.25  # of the rows a shard holds
VACUUM_TASKS = 100
_SET_COLUMNS = "select name from pragma_table_info('base.set_log')"  # duckdb_columns() goes through every table
_MADE_BY = "select comment from duckdb_tables() where schema_name = 'base' and table_name = 'ledger'"
_SCHEMA = (
    ("pipeline.store", "tables.sql"),
    ("pipeline.store", "recovery_tables.sql"),
    ("pipeline.alerts", "tables.sql"),
    ("pipeline.store", "recovery_views.sql"),
    ("pipeline.store", "views.sql"),
    ("pipeline.alerts", "view.sql"),
)
THREADS = 1  # of a worker, whose batches are small; handing pieces to a second thread took longer than the work on them
MEMORY_MB = 160  # what DuckDB's buffers take; a transaction that needs more gets more, up to MEMORY_MB_MAX
NARROW_MEMORY_MB = 48  # see narrowed
WIDE_MEMORY_MB = 240  # see widen
WIDE_CHECKPOINT_BYTES = 16 << 20  # see widen
MEMORY_MB_MAX = 1600


def sql_text(package: str, name: str) -> str:
    """The text of a packaged SQL file."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


class Shard:
    """An open shard. ``connection`` is the writer's; readers take cursors with ``reader()``."""

    def __init__(self, path: Path | None, *, memory_mb: int = MEMORY_MB, fsync: bool = True) -> None:
        """``fsync`` off is for a file nobody relies on until it is complete, see ``settle_file``."""
        self.path = path
        self.facts_are_old = False  # made before its facts had a column they have now: the log must be read again
        self._memory_mb = memory_mb
        self._memory_lock = threading.Lock()
        self._fsync_mode = "STANDARD" if fsync else "NONE"
        created = path is None or not path.exists()
        config: dict[str, str | bool | int | float | list[str]] = {
            "storage_compatibility_version": STORAGE_VERSION,
            "threads": THREADS,
            "memory_limit": f"{memory_mb}MB",
            "checkpoint_threshold": "4GB",  # no checkpoint inside a commit; see checkpoint_if_due
            "preserve_insertion_order": True,
            "max_vacuum_tasks": 0,  # see checkpoint
            "fsync_mode": self._fsync_mode,
        }
        try:
            self.connection = Connection(duckdb.connect(str(path) if path else ":memory:", config=config))
            self._prepare(created)
        except duckdb.Error as error:
            if hasattr(self, "connection"):
                self.connection.close()  # else the half-opened file stays locked by this process
            raise not_opened(path, error) from error

    def _prepare(self, created: bool) -> None:
        self.connection.execute("set TimeZone = 'UTC'")
        if self.path is not None:
            self._assert_storage()
        if created:
            _create(self.connection)
        else:
            self.connection.execute("select next_offset from base.ledger").fetchall()
            if self.connection.execute(_MADE_BY).fetchall() != [(_digest(),)]:
                _create(self.connection)
            self.facts_are_old = ("zone",) not in self.connection.execute(_SET_COLUMNS).fetchall()
        self.connection.execute("set disabled_optimizers = 'join_order'")
        if created and self.path is not None:
            self.connection.execute("checkpoint")
            sync_folder(self.path.parent)

    def _assert_storage(self) -> None:
        mode = self.connection.execute("select current_setting('fsync_mode')").fetchall()
        tags = self.connection.execute(
            "select tags from duckdb_databases() where not internal and path is not null"
        ).fetchall()
        if mode != [(self._fsync_mode,)] or not tags or STORAGE_VERSION not in str(tags[0]):
            raise StorageError(
                f"the shard {self.path} does not have the expected storage settings",
                f"fsync_mode {mode}, tags {tags}; commits would not be as durable or as portable as promised",
                "use DuckDB 2.0 and run `spotter rebuild`",
            )

    def reader(self) -> Connection:
        """A new cursor that sees committed data; close it after use."""
        return self.connection.cursor()

    def second_writer(self) -> Connection:
        """A connection that writes beside the first one, other rows than it; close it after use."""
        cursor = self.connection.cursor()
        cursor.execute("set TimeZone = 'UTC'")
        return cursor

    @contextlib.contextmanager
    def transaction(self, connection: Connection | None = None) -> Iterator[Connection]:
        """Everything inside is committed together or not at all; on the writer's connection if none is given."""
        writer = connection or self.connection
        writer.execute("begin transaction")
        try:
            yield writer
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                writer.execute("rollback")
            raise
        writer.execute("commit")

    def checkpoint_if_due(self) -> None:
        """Fold the WAL into the file when it has grown; called between batches only."""
        if self.path is None:
            return
        wal = Path(str(self.path) + ".wal")
        if wal.exists() and wal.stat().st_size > CHECKPOINT_WAL_BYTES:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Fold the WAL into the file, and give back the room of deleted rows once they are many.

        DuckDB would put rows together anew at every checkpoint: a tenth of the time of a million sets.
        """
        tables = self.connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
            " where schema_name in ('base', 'mart')"
        ).fetchall()
        held = sum(rows for _, rows in tables)
        counts = " + ".join(f"(select count(*) from {table})" for table, _ in tables)
        live = self.connection.execute(f"select {counts}").fetchall()[0][0]
        tidy = held - live > DEAD_SHARE_MAX * held
        if tidy:
            self.connection.execute(f"set max_vacuum_tasks = {VACUUM_TASKS}")
        self.connection.execute("checkpoint")
        if tidy:
            self.connection.execute("set max_vacuum_tasks = 0")

    def empty_marts(self) -> None:
        """New empty marts in place of those that are there, inside the caller's transaction."""
        run = self.connection.execute
        for (table,) in run("select table_name from duckdb_tables() where schema_name = 'mart'").fetchall():
            run(f"drop table mart.{table}")
        _create(self.connection)

    def move_samples(self) -> None:
        """Samples that an earlier version kept in payloads go to their own table, inside the caller's transaction."""
        self.connection.execute(sql_text("pipeline.store", "move_samples.sql"))

    def more_memory(self, error: BaseException) -> bool:
        """Whether it was memory that lacked and twice as much is now allowed; then the transaction is worth a retry."""
        if not is_out_of_memory(error):
            return False
        with self._memory_lock:
            if self._memory_mb * 2 > MEMORY_MB_MAX:
                return False
            self._memory_mb *= 2
            self._limit(self._memory_mb)
        log.warning("a statement needed more memory", memory_mb=self._memory_mb, memory_mb_max=MEMORY_MB_MAX)
        return True

    def with_room(self, work: Callable[[], T]) -> T:
        """Run ``work``, a whole transaction, again with more memory while memory is what it lacks."""
        while True:
            try:
                return work()
            except Exception as error:
                if not self.more_memory(error):
                    raise

    def widen(self) -> None:
        """More room, in blocks that are kept, for work over everything that is stored: a tenth faster, for DuckDB
        else gives its blocks back and asks for them again all the time. A commit of this length checkpoints instead of
        writing everything to the WAL first and to the file later: a twelfth faster. Only opening the file anew takes
        it back."""
        with self._memory_lock:
            self._memory_mb = max(self._memory_mb, WIDE_MEMORY_MB)
            self._limit(self._memory_mb)
            self.connection.execute(f"set block_allocator_memory = '{WIDE_MEMORY_MB}MB'")
            self.connection.execute(f"set checkpoint_threshold = '{WIDE_CHECKPOINT_BYTES}B'")

    @contextlib.contextmanager
    def narrowed(self) -> Iterator[None]:
        """What it keeps in memory is given back while another shard is built beside it; readers may ask for more."""
        self._limit(NARROW_MEMORY_MB)
        try:
            yield
        finally:
            self._limit(self._memory_mb)

    def _limit(self, memory_mb: int) -> None:
        with contextlib.closing(self.connection.cursor()) as cursor:  # another thread may be using the writer's
            cursor.execute(f"set memory_limit = '{memory_mb}MB'")

    def is_usable(self) -> bool:
        """Whether it can still be read: after some failures DuckDB gives a database up until it is opened anew."""
        try:
            with contextlib.closing(self.reader()) as cursor:
                cursor.execute("select next_offset from base.ledger").fetchall()
        except duckdb.Error:
            return False
        return True

    def verify(self) -> None:
        """Read every row of every table, so that the checksum of every block is compared; raises DamagedError."""
        tables = (
            "select schema_name, table_name from duckdb_tables() "
            "where schema_name in ('base', 'mart') and estimated_size > 0"
        )
        for schema, table in self.connection.execute(tables).fetchall():
            try:
                self.connection.execute(f"select bit_xor(hash(whole)) from {schema}.{table} as whole").fetchall()
            except duckdb.Error as error:
                if is_damage(error):
                    raise not_opened(self.path, error) from error
                raise

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self.connection.close()


def _create(connection: Connection) -> None:
    """Tables that are missing, macros and views as this version has them; the file says in the end which that was."""
    for text in _texts():
        for statement in connection.statements(text):
            connection.run(statement)
    connection.execute(f"comment on table base.ledger is '{_digest()}'")


@lru_cache(maxsize=1)
def _texts() -> tuple[str, ...]:
    return tuple(sql_text(package, name) for package, name in _SCHEMA)


@lru_cache(maxsize=1)
def _digest() -> str:
    """What the texts of tables and views are; to bind them again took half of the time of opening a file."""
    return hashlib.blake2b("".join(_texts()).encode(), digest_size=16).hexdigest()


def put_aside(path: Path, now: datetime) -> Path:
    """Rename a damaged shard (and its WAL) so that a fresh one can be built; returns the new name."""
    stamp = now.strftime("%Y%m%dT%H%M%S%fZ")
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    for suffix in ("", ".wal"):
        old = Path(str(path) + suffix)
        if old.exists():
            shutil.move(old, str(target) + suffix)
    sync_folder(path.parent)
    return target


def settle_file(path: Path) -> None:
    """Make a finished file durable that was written without syncing."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
    sync_folder(path.parent)


def remove_files(folder: Path, pattern: str) -> None:
    """Remove files of a folder by pattern, if there are any."""
    for path in folder.glob(pattern):
        if path.is_file():
            path.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames and new files in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
