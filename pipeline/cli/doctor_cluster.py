"""The doctor's checks where the log is on Kafka: topics, workers of this folder, copies, what the gateway shares."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.words import counted
from pipeline.cli.finding import Finding, Said, finding
from pipeline.clock import SystemClock
from pipeline.worker.fresh import LOG_NAME, SHARDS

if TYPE_CHECKING:
    from pipeline.settings import Settings

LAG_RECORDS_LOW = 10_000
COPY_INTERVALS_LOW = 10  # a copy that is behind and so many times older than it should be


def examine_cluster(data: Path) -> list[Finding]:
    """Findings about the cluster that the settings name, and about the worker, if one works in ``data``."""
    from pipeline.cli.cluster import cluster_settings

    found = [finding("topics", lambda: _topics(cluster_settings(None)))]
    if found[0]["status"] == "bad":  # nothing else could be asked
        return found
    settings = cluster_settings(None)
    ends = _ends(settings)
    if any(data.glob(SHARDS)) and not (data / LOG_NAME).exists():  # a gateway's folder has both, and both are empty
        found.append(finding("workers here", lambda: _workers(data, ends)))
    found.append(finding("copies", lambda: _copies(settings, ends)))
    found.append(finding("control data", lambda: _control(settings)))
    return found


def _topics(settings: Settings) -> Said:
    from pipeline.log.topics import describe

    rows = describe(settings)
    wrong = [f"{row['topic']}: {row['differs']}" for row in rows if row["differs"]]
    behind = [
        f"{row['topic']} has {row['in_sync']} of {row['replication']} replicas in sync"
        for row in rows
        if row.get("in_sync", 0) < row.get("replication", 0)
    ]
    says = ", ".join(f"{row['topic']} ({counted(row['partitions'], 'partition')})" for row in rows)
    if any(not row["partitions"] for row in rows):
        return Said("bad", "; ".join(wrong), "`spotter topics ensure` makes what is missing")
    if wrong or behind:
        return Said("low", "; ".join([*wrong, *behind]), "`spotter topics describe` shows more, `ensure` corrects it")
    return Said("good", says)


def _ends(settings: Settings) -> dict[int, int]:
    from pipeline.log.kafka import KafkaLog

    with closing(KafkaLog(settings)) as log:
        return {number: log.end_offset(number) for number in range(settings.topic_partitions)}


def _workers(data: Path, ends: dict[int, int]) -> Said:
    from pipeline.worker.told import told

    states = {process: state for process, state in told(data).items() if _runs(process)}
    if not states:
        return Said("low", "none is running", "start `spotter worker`; its shards wait where they are")
    applied = {
        int(number): state["next_offset"] for one in states.values() for number, state in one["partitions"].items()
    }
    lag = sum(max(ends.get(number, offset) - offset, 0) for number, offset in applied.items())
    held = ", ".join(str(number) for number in sorted(applied)) or "none"
    says = f"{counted(len(states), 'worker')}, partitions {held}, {counted(lag, 'record')} not yet in the tables"
    waiting = sorted({one["waiting"] for one in states.values() if one["waiting"]})
    if waiting:
        return Said("low", f"{says}; {'; '.join(waiting)}", "it goes on by itself once that is over")
    if lag > LAG_RECORDS_LOW:
        return Said("low", says, "it catches up; if the number grows, start one more worker")
    return Said("good", says)


def _runs(process: int) -> bool:
    """Whether there is such a process: one that was killed has left what it said last."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _copies(settings: Settings, ends: dict[int, int]) -> Said:
    from pipeline.store.snapshot_store import SnapshotStore

    if not settings.snapshots:
        return Said(
            "low",
            "SPOTTER_SNAPSHOTS names no store: a worker that takes over a shard builds it from the log",
            "name a folder or bucket that all workers and `spotter web` reach",
        )
    store, now = SnapshotStore(settings.snapshots), SystemClock().now()
    missing, old, oldest = [], [], 0
    for number, end in sorted(ends.items()):
        stored = store.newest(number)
        if stored is None:
            if end:
                missing.append(number)
            continue
        behind = end - stored.next_offset
        oldest = max(oldest, behind)
        seconds_max = COPY_INTERVALS_LOW * settings.snapshot_seconds
        if behind > 0 and stored.made_at and now - _instant(stored.made_at) > timedelta(seconds=seconds_max):
            old.append(f"partition {number}: {counted(behind, 'record')} behind since {stored.made_at[:16]}")
    if missing or old:
        says = [f"partition {number} has none" for number in missing] + old
        return Said("low", "; ".join(says), "look whether a worker has the partition, and at what it logs")
    return Said("good", f"at most {counted(oldest, 'record')} behind the log")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _control(settings: Settings) -> Said:
    from pipeline.log.control_topic import ControlTopic

    with closing(ControlTopic(settings)) as topic:
        rows = sum(value is not None for value in topic.news().values())
    if not rows:
        return Said(
            "low", "no gateway has published anything", "start `spotter gateway`; the relay and the pages wait for it"
        )
    return Said("good", f"{counted(rows, 'row')} shared by the gateway")
