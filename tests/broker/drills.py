"""Accidents that a cluster gets over by itself, or of which it says exactly what to do: full disks, damaged shards,
a retention that took records which a shard lacks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaAdminClient, TopicPartition

from pipeline.gateway.accept import accept_events
from pipeline.log.base import Logged
from pipeline.log.kafka import KafkaLog
from pipeline.settings import Settings
from pipeline.store.snapshot_store import SnapshotStore
from tests.broker.deployment import Deployment
from tests.broker.judge import Findings, judge_sets, judge_tables, read_shard, tables_of_log
from tests.broker.load import Acknowledged, post
from tests.broker.roles import Role, running, settled, until

SMALL_BYTES = 48 << 20
CHUNK = 64 << 10
FULL_S = 6.0  # a disk is full so long before it is freed
GYM = "home"
DISKS = ("shards", "relay", "gateway")


# a full disk


def why_no_small_disk() -> str | None:
    """Why no small disk can be made here; None when one can."""
    if os.geteuid() != 0:
        return "only root may mount a small disk"
    return None if shutil.which("mount") else "there is no mount"


@contextlib.contextmanager
def small_disks(folder: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """A small disk of its own under each name."""
    made: list[Path] = []
    try:
        for name in names:
            path = folder / name
            path.mkdir(parents=True, exist_ok=True)
            command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES},mode=0700", "tmpfs", str(path)]
            subprocess.run(command, check=True, capture_output=True)
            made.append(path)
        yield made
    finally:
        for path in made:
            subprocess.run(["umount", "-l", str(path)], check=False, capture_output=True)


def fill(disk: Path) -> Path:
    """Take all room there is; the file to remove."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as handle, contextlib.suppress(OSError):
        while handle.write(bytes(CHUNK)):
            pass
    with ballast.open("ab", buffering=0) as handle, contextlib.suppress(OSError):
        while handle.write(b"x"):
            pass
    return ballast


def fill_and_free(deployment: Deployment, disks: Sequence[Path]) -> float:
    """Disks run full under load, stay so, are freed; how long until all was done."""
    said = {slot.name: len(slot.running.told()) for slot in deployment.slots}
    ballast = [fill(disk) for disk in disks]

    def waits() -> bool:
        return any("waiting for disk space" in slot.running.told()[said[slot.name] :] for slot in deployment.slots)

    until(waits, f"a worker that waits for room\n{deployment.said()}", 60)
    time.sleep(FULL_S)
    for file in ballast:
        file.unlink()
    return deployment.wait_for_lag_zero()


# damaged shards


def damage(deployment: Deployment) -> dict[str, str]:
    """Every worker is killed and its shards are damaged, each in another way; then they are started again."""
    files = sorted(deployment.holders().values())
    for slot in deployment.slots:
        slot.running.end(signal.SIGKILL)
    done = {}
    for number, path in enumerate(files):
        how = ("head", "middle", "missing", "short")[number % 4]
        done[path.name] = how
        size = path.stat().st_size
        if how == "missing":
            path.unlink()
        elif how == "short":
            os.truncate(path, size // 2)
        else:
            with path.open("r+b") as handle:
                handle.seek(4096 if how == "head" else size // 2 // 4096 * 4096)
                handle.write(os.urandom(4096))
    for slot in deployment.slots:
        deployment.start_worker(slot)
    deployment.wait_for_lag_zero()
    return done


# retention


class Kept:
    """A partition's log as it was before its retention took a part."""

    def __init__(self, log: KafkaLog, partition: int) -> None:
        self._records: list[Logged] = []
        while batch := log.read(partition, len(self._records), items_max=10_000, bytes_max=1 << 24):
            self._records += batch

    def read(self, partition: int, offset: int, *, items_max: int, bytes_max: int) -> list[Logged]:
        return self._records[offset : offset + items_max]


def retention(settings: Settings, folder: Path) -> tuple[Findings, str]:
    """A shard that the log ran away from is refused plainly; with the store the worker begins from its copy.

    ``settings`` are of one partition. The findings of the second, and what the first said.
    """
    store, data, stale = folder / "store", folder / "shards", folder / "stale"
    kept = {"SPOTTER_SNAPSHOTS": str(store), "SPOTTER_SNAPSHOT_SECONDS": "0.5"}
    log, today = KafkaLog(settings), datetime.now(UTC).replace(microsecond=0)
    acknowledged: Acknowledged = {}

    def send(numbers: range) -> int:
        end = 0
        for number in numbers:
            events = post(GYM, number, today)
            body = "\n".join(json.dumps(event) for event in events).encode()
            taken = accept_events(body, tenant=GYM, upload_id=f"u{number}", received_at=today)
            end = log.append(taken.records)
            acknowledged.update(
                {(GYM, event["document"]): (event["reps"], float(event["weight"]["value"])) for event in events}
            )
        return end

    def work(end: int, *, stored: bool) -> None:
        worker = Role("worker", data, settings, **kept)
        with running(worker):
            until(lambda: settled(data, worker.process.pid) == {0: end}, f"record {end}\n{worker.told()}")
            if stored:
                until(lambda: (found := SnapshotStore(str(store)).newest(0)) and found.next_offset == end, "a copy")
            assert worker.end() == 0, worker.told()

    work(first := send(range(6)), stored=False)
    shutil.copytree(data, stale)
    work(second := send(range(6, 12)), stored=True)
    send(range(12, 18))
    everything = Kept(log, 0)
    cut = second - 2
    assert first < cut
    with KafkaAdminClient(bootstrap_servers=settings.brokers) as admin:
        admin.delete_records({TopicPartition(log.topic, 0): cut})
    shutil.rmtree(data)
    stale.rename(data)
    without = Role("worker", data, settings)
    with running(without):
        until(lambda: without.process.poll() is not None, "the end of the worker without a store")
    assert without.process.returncode == 1 and read_shard(data / "shard-0.duckdb").ledger[0]["next_offset"] == first
    work(end := log.end_offset(0), stored=False)
    log.close()
    findings = Findings()
    found, wanted = read_shard(data / "shard-0.duckdb"), tables_of_log(everything, 0, folder)
    judge_sets(acknowledged, [found.views], findings)
    judge_tables(found, wanted, findings)
    assert found.ledger[0]["next_offset"] == end
    return findings, without.told()
