"""Numbered copies of a shard for readers outside the owner, with a pointer to the newest.

``COPY FROM DATABASE`` into a new file, in a storage format that older DuckDB versions read. The
pointer names the log position and the versions the copy stands for, so a reader can tell without
opening anything whether it is current.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from pipeline import disk
from pipeline.store.connection import Connection
from pipeline.store.failure import is_disk_full
from pipeline.store.held import remove_unheld
from pipeline.store.pointer import FOLDER, POINTER
from pipeline.store.shard import STORAGE_VERSION, Shard, remove_files, sync_folder

SNAPSHOT_STORAGE_VERSION = "v1.2.0"
KEPT = 3
READER_MEMORY_MB = 256
_LEDGER = ("next_offset", "model_version", "rule_version", "catalogue_version")


def write_snapshot(shard: Shard, data: Path, path: Path | None = None) -> Path:
    """Copy the shard; without ``path`` the copy is numbered and becomes the current one."""
    folder = data / FOLDER
    disk.check(data, folders=(FOLDER,))
    folder.mkdir(exist_ok=True)
    state = _state(shard)
    target = path or folder / f"snapshot-{_next_number(folder):06d}.duckdb"
    temporary = target.with_name(target.name + ".part")
    remove_files(temporary.parent, temporary.name + "*")
    try:
        copy_to(shard.connection, temporary, name="copied")
    except BaseException as error:
        remove_files(temporary.parent, temporary.name + "*")  # half a copy must not keep the room that was missing
        if is_disk_full(error):
            raise disk.full("the snapshot could not be written", target.parent, "then run it again") from error
        raise
    remove_files(temporary.parent, temporary.name + ".wal")
    temporary.replace(target)
    if path is None:
        _point(folder, target, state)
    sync_folder(target.parent)
    return target


def copy_to(connection: Connection, target: Path, *, name: str) -> dict[str, object]:
    """Copy the database of a connection, as it is at one moment, to a new file; returns the ledger of the copy.

    ``name``: what the file is called meanwhile; no two copies at once may have the same. The owner may go on writing.
    """
    (database,) = connection.execute("select current_database()").fetchall()[0]
    quoted = str(target).replace("'", "''")
    connection.execute(f"attach '{quoted}' as {name} (storage_version '{SNAPSHOT_STORAGE_VERSION}')")
    try:
        connection.execute(f'copy from database "{database}" to {name}')
        found = connection.execute(f"select {', '.join(_LEDGER)} from {name}.base.ledger").fetchall()[0]
        return dict(zip(_LEDGER, found, strict=True))
    finally:
        connection.execute(f"detach {name}")


def open_snapshot(snapshot: Path, *, threads: int = 1, memory_mb: int = READER_MEMORY_MB) -> Connection:
    """A snapshot for statements of our own, read-only; what users write goes through the sandbox. Close it after use.

    Raises duckdb.Error when it cannot be read.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"threads": threads, "memory_limit": f"{memory_mb}MB"}
    connection = Connection(duckdb.connect(str(snapshot), read_only=True, config=config))
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        connection.execute("select next_offset from base.ledger").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def working_copy(snapshot: Path, target: Path) -> Shard:
    """A new shard at ``target`` with all that a snapshot holds: nobody reads it, and it is not made durable."""
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": STORAGE_VERSION}
    with duckdb.connect(str(target), config=config) as connection:
        (name,) = connection.execute("select current_database()").fetchall()[0]
        connection.execute(f"attach '{str(snapshot).replace(chr(39), chr(39) * 2)}' as taken (read_only)")
        connection.execute(f'copy from database taken to "{name}"')
        connection.execute("detach taken")
    return Shard(target, fsync=False)


def _state(shard: Shard) -> dict[str, object]:
    row = shard.connection.execute(
        "select next_offset, model_version, rule_version, catalogue_version, (select count(*) from base.mark)"
        " from base.ledger"
    ).fetchall()[0]
    return dict(zip(("next_offset", "model_version", "rule_version", "catalogue_version", "marks"), row, strict=True))


def _next_number(folder: Path) -> int:
    numbers = [path.stem.partition("-")[2] for path in folder.glob("snapshot-*.duckdb")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


def _point(folder: Path, target: Path, state: dict[str, object]) -> None:
    temporary = folder / (POINTER + ".part")
    temporary.write_text(json.dumps({"path": target.name, **state}))
    temporary.replace(folder / POINTER)
    for old in sorted(folder.glob("snapshot-*.duckdb"))[:-KEPT]:
        if old.is_file():
            remove_unheld(old)


def remove_snapshots(data: Path) -> None:
    """Remove all that nobody reads at this moment, and the pointer first: none of them is current any more."""
    folder = data / FOLDER
    for path in (folder / POINTER, *folder.glob("*")):
        if path.is_file():
            remove_unheld(path)
