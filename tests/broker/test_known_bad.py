"""Builds that are wrong on purpose: the checks of the soak must catch each of them, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.alerts import settle
from pipeline.gateway.log_only import LogOnly
from pipeline.log.base import Logged
from pipeline.record import Record
from pipeline.worker import reached
from pipeline.worker.apply import Engine
from pipeline.worker.shards import Shards
from tests.broker.in_process import PARTITIONS, Cluster, GatewayDies, Move, Post, Step, Stream, Work
from tests.broker.judge import Findings, judge

Plant = Callable[[pytest.MonkeyPatch], None]
HISTORY: tuple[Step, ...] = (
    Post(2), Work(), Post(1), Work(), Move(),  # what was built anew heals; so nothing is built after the next deaths
    Post(1), Work(dies_at="inside:4"),
    Post(3), GatewayDies(), Work(), Post(1), Work(dies_at="after:6"),
    Post(1), Stream(-2), Work(), Post(3), Stream(+1), Work(), Post(1), Work(dies_at="inside:6"), Work(),
)  # fmt: skip


def outcome(folder: Path, plant: Plant | None = None) -> Findings:
    """The history against a build; judged by one that is as it should be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reached, "REST_S", 0.0)
        if plant is not None:
            plant(patch)
        cluster = Cluster(folder)
        for step in HISTORY:
            cluster.do(step)
        tables = cluster.tables()
    return judge(cluster.acknowledged, tables, cluster.heard(), cluster.log, PARTITIONS, folder)


class HoldsTheLedgerBack:
    """A connection that keeps what is said of the ledger for later."""

    def __init__(self, connection: Any, kept: list[Any]) -> None:
        self._connection, self._kept = connection, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        if sql.startswith("update base.ledger"):
            self._kept.append((sql, *parameters))
            return self._connection
        return self._connection.execute(sql, *parameters)


def offsets_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Data first, then the ledger in a transaction of its own."""
    close, apply = Engine._close, Engine.apply
    kept: list[Any] = []

    def bad_close(self: Engine, connection: Any, staged: Any) -> None:
        close(self, HoldsTheLedgerBack(connection, kept), staged)

    def bad_apply(self: Engine, *arguments: Any, **named: Any) -> int:
        kept.clear()
        end = apply(self, *arguments, **named)
        for statement in kept:
            self.shard.connection.execute(*statement)
        return end

    patch.setattr(Engine, "_close", bad_close)
    patch.setattr(Engine, "apply", bad_apply)


def offsets_committed_before_data(patch: pytest.MonkeyPatch) -> None:
    """The ledger first, then the data."""
    apply = Engine.apply

    def bad_apply(self: Engine, batch: Sequence[Logged], *arguments: Any, **named: Any) -> int:
        fresh = self._fresh(batch)
        if not fresh:
            return self.next_offset
        self.shard.connection.execute("update base.ledger set next_offset = ?", (fresh[-1].offset + 1,))
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Engine, "_fresh", lambda self, batch: batch)
            return apply(self, fresh, *arguments, **named)

    patch.setattr(Engine, "apply", bad_apply)


def random_alert_ids(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settle, "alert_id", lambda *_: str(uuid.uuid4()))


def agent_without_guard(patch: pytest.MonkeyPatch) -> None:
    """What the stream brings is applied as it comes, holes and repetitions included."""

    def bad_apply(self: Shards, number: int, batch: Sequence[Logged]) -> bool:
        held = self._held[number]
        held.partition.apply(batch)
        held.offset = held.partition.next_offset
        return True

    patch.setattr(Engine, "_fresh", lambda self, batch: batch)
    patch.setattr(Shards, "apply", bad_apply)


def acknowledged_before_the_append(patch: pytest.MonkeyPatch) -> None:
    """The answer leaves, the records wait for more."""
    append = LogOnly.append

    def bad_append(self: Any, records: Sequence[Record], decoded: object = None) -> int:
        waiting = self.__dict__.setdefault("waiting", {})
        tenant = records[0].header
        waiting.setdefault(tenant, []).append(records)
        if len(waiting) > 3:
            for one in [one for several in waiting.values() for one in several]:
                append(self, one)
            waiting.clear()
        return 0

    patch.setattr(LogOnly, "append", bad_append)


CAUGHT_BY: dict[Plant, set[str]] = {
    offsets_committed_before_data: {"lost", "differences"},
    offsets_outside_the_transaction: {"uncounted", "differences"},
    random_alert_ids: {"two_ids", "differences"},
    agent_without_guard: {"lost", "differences"},
    acknowledged_before_the_append: {"lost"},
}


def test_the_build_as_it_is_holds(tmp_path: Path) -> None:
    found = outcome(tmp_path)
    assert found.holds, found.examples


@pytest.mark.parametrize("plant", CAUGHT_BY, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_caught(plant: Plant, tmp_path: Path) -> None:
    found = outcome(tmp_path, plant)
    caught = {name for name, count in vars(found).items() if name != "examples" and count}
    assert caught >= CAUGHT_BY[plant], found.examples
