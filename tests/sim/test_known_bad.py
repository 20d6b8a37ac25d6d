"""Builds that are wrong on purpose: the simulator and the oracle must catch each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.worker import stage
from pipeline.worker.apply import Engine
from pipeline.worker.embedded import Embedded
from pipeline.worker.versions import greatest_versions
from tests.sim.simulator import run

Patch = Callable[[pytest.MonkeyPatch], None]
RUNS_MAX = 2  # a planted fault must show within so many runs
CUTS = 12  # of few histories; a cut for each upload would show the same


def offsets_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    close, apply = Engine._close, Engine.apply

    class HoldsTheLedgerBack:
        def __init__(self, connection: Any, late: list[Any]) -> None:
            self.connection, self.late = connection, late

        def __getattr__(self, name: str) -> Any:
            return getattr(self.connection, name)

        def execute(self, sql: str, *parameters: Any) -> Any:
            if sql.startswith("update base.ledger"):
                self.late.append((sql, *parameters))
                return self.connection
            return self.connection.execute(sql, *parameters)

    late: list[Any] = []

    def bad_close(self: Engine, connection: Any, staged: Any) -> None:
        close(self, HoldsTheLedgerBack(connection, late), staged)

    def bad_apply(self: Engine, *arguments: Any, **named: Any) -> int:
        late.clear()
        end = apply(self, *arguments, **named)
        for statement in late:
            self.shard.connection.execute(*statement)
        return end

    patch.setattr(Engine, "_close", bad_close)
    patch.setattr(Engine, "apply", bad_apply)


def no_reduction_inside_the_batch(patch: pytest.MonkeyPatch) -> None:
    def each_its_own_slot(athlete_no: Any, doc_key: Any) -> Any:
        pairs = np.empty(len(doc_key), dtype=[("doc_key", np.int64), ("athlete_no", np.int32)])
        pairs["doc_key"], pairs["athlete_no"] = doc_key, athlete_no
        return pairs, np.arange(len(doc_key))

    patch.setattr(stage, "_slots", each_its_own_slot)


def last_arrival_wins(patch: pytest.MonkeyPatch) -> None:
    def bare(incoming: Any, stored: Any, slots: int) -> Any:
        incoming.rank[:] = 0
        stored.rank, stored.value = np.zeros_like(stored.rank), stored.offset
        return greatest_versions(incoming, stored, slots)

    patch.setattr(stage, "greatest_versions", bare)


def acknowledged_before_it_is_in_the_log(patch: pytest.MonkeyPatch) -> None:
    append, opened = Embedded.append, Embedded.open.__func__
    waiting: list[Any] = []

    def bad_append(self: Embedded, records: Any, decoded: Any = None) -> int:
        waiting.extend(records)
        end = self.log.end_offset(0) + len(waiting)
        if len(waiting) > 5:
            append(self, waiting)
            waiting.clear()
        return end

    def after_death(cls: type[Embedded], *arguments: Any, **named: Any) -> Embedded:
        waiting.clear()
        return opened(cls, *arguments, **named)

    patch.setattr(Embedded, "append", bad_append)
    patch.setattr(Embedded, "open", classmethod(after_death))


def a_bare_delete_is_an_ordinary_version(patch: pytest.MonkeyPatch) -> None:
    def without_deletes(incoming: Any, stored: Any, slots: int) -> Any:
        incoming.deleted = np.zeros_like(incoming.deleted)
        return greatest_versions(incoming, stored, slots)

    patch.setattr(stage, "greatest_versions", without_deletes)


@pytest.mark.parametrize(
    "plant",
    [
        offsets_outside_the_transaction,
        no_reduction_inside_the_batch,
        last_arrival_wins,
        acknowledged_before_it_is_in_the_log,
        a_bare_delete_is_an_ordinary_version,
    ],
    ids=lambda plant: plant.__name__,
)
def test_a_planted_fault_is_caught(plant: Patch, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert any(run(seed, together=4, cuts=CUTS).failures for seed in range(RUNS_MAX)), "it went unnoticed"
