"""What an operator watches: how much a worker takes, how long it needs and how far it is behind, for Prometheus.

No label names a gym, an athlete or a device: one process works for many gyms, and its numbers are seen together.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipeline.clock import Clock
from pipeline.errors import StorageError
from pipeline.headers import Headers
from pipeline.log.base import Log
from pipeline.worker.stage import Staged

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a number began is of no use to anybody here, and doubles the list

LATE_S = 24 * 3600
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LAG_RECORDS = "Records of the log that are not applied yet."
_LAG_SECONDS = "Time since the oldest record that is not applied was received, else 0."


class Taken(NamedTuple):
    """What one batch brings, read before its rows are let go."""

    records: int
    sets: int
    late_sets: int
    results: dict[str, int]
    reasons: dict[str, int]
    conflicts: int
    received_us: dict[str, int]  # decoder -> newest receipt


class Measures:
    """The numbers of one worker since it started."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._committed_at = time.monotonic()
        self._batch = Histogram(
            "spotter_batch_seconds", "Time of a batch, from its records to the commit.", registry=registry,
            buckets=_SECONDS,
        )  # fmt: skip
        self._commit = Histogram(
            "spotter_commit_seconds", "Time of the commit of a batch.", registry=registry, buckets=_SECONDS
        )
        self.day_lane = Histogram(
            "spotter_day_lane_seconds", "Time of one transaction of the day-level lane.", registry=registry,
            buckets=_SECONDS,
        )  # fmt: skip
        self._records = Counter("spotter_records_applied", "Records of the log that were applied.", registry=registry)
        self._items = Counter(
            "spotter_items_applied", "Items that were applied, by what became of them.", ["result"], registry=registry
        )
        self._rejected = Counter("spotter_items_rejected", "Rejected items.", ["reason"], registry=registry)
        self._conflicts = Counter(
            "spotter_document_conflicts", "Documents of equal version and different content.", registry=registry
        )
        self._sets = Counter("spotter_sets_applied", "Sets that were stored.", registry=registry)
        self._late = Counter(
            "spotter_late_sets_applied", "Sets performed more than a day before they were received.", registry=registry
        )
        self._received = Gauge(
            "spotter_newest_receipt_timestamp_seconds", "When the newest record of a decoder was received.",
            ["decoder"], registry=registry,
        )  # fmt: skip
        age = Gauge("spotter_ledger_age_seconds", "Time since the last commit, or since the start.", registry=registry)
        age.set_function(lambda: time.monotonic() - self._committed_at)

    def watch_log(self, log: Log, partition: int, applied: Callable[[], int], clock: Clock) -> None:
        """How far behind the log's end a partition is, looked up when somebody asks for it."""
        lag = Gauge("spotter_lag_records", _LAG_RECORDS, registry=self.registry)
        lag.set_function(lambda: log.end_offset(partition) - applied())
        behind = Gauge("spotter_lag_seconds", _LAG_SECONDS, registry=self.registry)
        behind.set_function(lambda: _behind_s(log, partition, applied(), clock))

    def watch_shards(self, log: Log, applied: Callable[[], Mapping[int, int]], clock: Clock) -> None:
        """The same of every partition a worker holds, by partition."""
        self.registry.register(_LagOfShards(log, applied, clock))

    def committed(self, taken: Taken, begun: float, closing: float) -> None:
        """One batch is in; ``begun`` and ``closing`` are monotonic seconds, of its start and of its commit."""
        now = self._committed_at = time.monotonic()
        self._batch.observe(now - begun)
        self._commit.observe(now - closing)
        self._records.inc(taken.records)
        self._conflicts.inc(taken.conflicts)
        self._sets.inc(taken.sets)
        self._late.inc(taken.late_sets)
        for result, count in taken.results.items():
            self._items.labels(result).inc(max(0, count))  # a withdrawal gives back what was superseded before
        for reason, count in taken.reasons.items():
            self._rejected.labels(reason).inc(count)
        for decoder, at_us in taken.received_us.items():
            self._received.labels(decoder).set(at_us / 1e6)

    def exposition(self) -> bytes:
        """All numbers as Prometheus reads them."""
        text: bytes = generate_latest(self.registry)
        return text


class _LagOfShards(Collector):
    """Looked up when somebody asks; while the brokers are away nobody knows, and nothing is said."""

    def __init__(self, log: Log, applied: Callable[[], Mapping[int, int]], clock: Clock) -> None:
        self._log, self._applied, self._clock = log, applied, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        records = GaugeMetricFamily("spotter_lag_records", _LAG_RECORDS, labels=["partition"])
        seconds = GaugeMetricFamily("spotter_lag_seconds", _LAG_SECONDS, labels=["partition"])
        for number, offset in sorted(self._applied().items()):
            with contextlib.suppress(StorageError):
                records.add_metric([str(number)], self._log.end_offset(number) - offset)
                seconds.add_metric([str(number)], _behind_s(self._log, number, offset, self._clock))
        yield records
        yield seconds


def _behind_s(log: Log, partition: int, applied: int, clock: Clock) -> float:
    waiting = log.read(partition, applied, items_max=1, bytes_max=1)
    if not waiting:
        return 0.0
    received_at = waiting[0].record.head().received_at
    return max(0.0, (clock.now() - datetime.fromisoformat(received_at)).total_seconds())


def taken_of(headers: Headers, staged: Staged) -> Taken:
    """What a staged batch brings; its sets are late by the earliest receipt of the batch."""
    by_decoder = {shared.decoder: headers.where(shared.decoder) for shared in headers.shared}
    received = {decoder: int(headers.received_us[rows].max()) for decoder, rows in by_decoder.items() if len(rows)}
    performed = staged.sets["performed_at"].drop_null().cast(pa.int64()).to_numpy()
    reasons = pc.value_counts(staged.rejected["reason"]).to_pylist() if staged.rejected.num_rows else []
    ignored, rejected = staged.ignored.num_rows, staged.rejected.num_rows
    return Taken(
        records=len(headers),
        sets=staged.sets.num_rows,
        late_sets=int(np.count_nonzero(performed < int(headers.received_us.min()) - LATE_S * 1_000_000)),
        results={
            "stored": staged.items - staged.superseded - ignored - rejected,
            "superseded": staged.superseded,
            "ignored": ignored,
            "rejected": rejected,
        },
        reasons={row["values"]: row["counts"] for row in reasons},
        conflicts=staged.conflicts,
        received_us=received,
    )
