"""A shard that moves: its newest copy is kept in the snapshot store, and whoever gets the partition begins from it.

Copying reads one moment of the shard beside the worker, which goes on meanwhile. A copy stands for the log below the
offset its own ledger names, so it is of no consequence who made it, and when.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from pipeline.clock import Clock
from pipeline.errors import StorageError
from pipeline.store.connection import Connection
from pipeline.store.shard import remove_files, settle_file, sync_folder
from pipeline.store.snapshot import copy_to, working_copy
from pipeline.store.snapshot_store import SnapshotStore, Stored

log = structlog.get_logger("spotter.worker")


def publish(store: SnapshotStore, partition: int, connection: Connection, folder: Path, clock: Clock) -> Stored:
    """Copy what ``connection``, a reader of the shard, sees now, and store it; raises StorageError."""
    temporary = folder / f"shard-{partition}.snapshot"
    remove_files(folder, f"{temporary.name}*")
    try:
        begun_at = clock.now().isoformat(timespec="seconds")  # readers say how old their data are
        state = copy_to(connection, temporary, name=f"snapshot_of_{partition}")
        versions = {name: str(state[name]) for name in ("model_version", "rule_version", "catalogue_version")}
        return store.publish(partition, temporary, int(str(state["next_offset"])), versions, begun_at)
    finally:
        remove_files(folder, f"{temporary.name}*")


def restore(store: SnapshotStore, partition: int, shard: Path, *, first_offset: int) -> Stored | None:
    """Put the newest copy in the shard's place; None when there is none from which the log goes on.

    ``first_offset``: the log's first record; a copy that ends before it is of no use.
    """
    try:
        stored = store.newest(partition)
        if stored is None or stored.next_offset < first_offset:
            return None
        fetched, fresh = (shard.with_name(f"{shard.name}.{what}") for what in ("fetched", "new"))
        remove_files(shard.parent, f"{shard.name}.new*")
        try:
            store.fetch(stored, fetched)
            working_copy(fetched, fresh).close()
            settle_file(fresh)
        except BaseException:
            remove_files(shard.parent, f"{fresh.name}*")
            raise
        finally:
            remove_files(shard.parent, f"{fetched.name}*")
    except StorageError as error:
        log.warning("no snapshot could be restored", partition=partition, what=error.what, why=error.why)
        return None
    remove_files(shard.parent, f"{shard.name}.wal")  # of the file that makes room
    fresh.replace(shard)
    sync_folder(shard.parent)
    log.info("snapshot restored", partition=partition, next_offset=stored.next_offset)
    return stored
