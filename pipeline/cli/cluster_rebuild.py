"""One partition of a cluster worked out anew from the topic, in the folder of the worker that has it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import BusyError, UsageError
from pipeline.settings import PREFIX

if TYPE_CHECKING:
    from pipeline.settings import Settings


def rebuild_partition(data: Path, number: int, settings: Settings, *, check: bool) -> list[dict[str, Any]]:
    """Build the shard of a partition from its records and put it in the old one's place, and its copy in the snapshot
    store; or only ``check``: every difference between the tables and what the records say.

    Raises BusyError while a worker has the shard, GapError when the topic no longer has its first records.
    """
    from pipeline.clock import SystemClock
    from pipeline.log.kafka import KafkaLog
    from pipeline.settings import make_private
    from pipeline.store.snapshot_store import SnapshotStore
    from pipeline.worker.fresh import require_no_log
    from pipeline.worker.partition import Partition
    from pipeline.worker.place import Place
    from pipeline.worker.rules_in_force import RulesInForce

    if number >= settings.topic_partitions:
        raise UsageError(
            f"there is no partition {number}",
            f"the topic has {settings.topic_partitions}, counted from 0",
            f"correct --partition, or {PREFIX}TOPIC_PARTITIONS",
        )
    make_private(data)
    require_no_log(data)
    with closing(KafkaLog(settings)) as kafka:
        place = Place.of_worker(data, number, kafka.topic)
        lock = place.take()
        if lock is None:
            raise BusyError(
                f"partition {number} is in use", "a worker has its shard open", "stop the workers of this folder first"
            )
        try:
            store = SnapshotStore(settings.snapshots) if settings.snapshots else None
            partition = Partition(place, kafka, SystemClock(), RulesInForce(data), lock, snapshots=store)
        except BaseException:
            lock.close()
            raise
        with closing(partition):
            if not check:
                partition.rebuild()
            while not partition.settle(lambda: False):
                pass
            if check:
                return [asdict(row) for row in partition.differences()]
            if store is not None:
                partition.publish()
    return []
