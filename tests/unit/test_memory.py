"""A transaction that needs more memory than is usual gets more; one that needs too much says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipeline.errors import StorageError
from pipeline.store import shard as shard_module
from pipeline.store.shard import Shard
from pipeline.worker import room
from tests.sim.driver import Driver


def crowded(sessions: int) -> list[dict[str, object]]:
    """One athlete with very many sessions of one exercise."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    return [
        {
            "kind": "set", "athlete": "ana", "source": "bar", "document": f"d{n}", "session": f"s{n}",
            "performed_at": (start + timedelta(minutes=5 * n)).isoformat(), "exercise": "Squat (Barbell)",
            "set_index": 1, "set_type": "working", "weight": {"value": 80 + n % 40, "unit": "kg"}, "reps": 5,
            "effort": {"scale": "rir", "value": 2},
        }
        for n in range(sessions)
    ]  # fmt: skip


class Lack:
    """A fault: the models of the first batches need more memory than there may be."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, point: str) -> None:
        if point == "inside:4" and self.left:
            self.left -= 1
            raise duckdb.OutOfMemoryException("failed to allocate data of size 16.0 MiB")


def test_a_batch_that_needs_more_memory_is_applied() -> None:
    with Driver() as driver:
        driver.service._partition.fault = Lack(2)
        driver.ingest(crowded(10))
        assert driver.service._shard._memory_mb == 4 * shard_module.MEMORY_MB
        assert driver.query("select count(*) as n from set_fact") == [{"n": 10}]
        assert driver.service.check() == []


def test_what_needs_more_than_there_may_be_ends_with_the_reason_and_is_put_aside_after_three_deaths() -> None:
    doublings = 3  # from 160 MB to 1280 MB, then no more
    deaths = 3 + 3  # of the batch, and of its record alone
    lack = Lack((doublings + 1) * deaths)
    with Driver() as driver:
        for _ in range(deaths):
            driver.service._partition.fault = lack
            with pytest.raises(StorageError, match="could not be written"):
                driver.ingest(crowded(10)) if driver.serial == 0 else driver.service.apply_all()
            driver.restart()
        driver.service.apply_all()
        assert driver.query("select distinct reason from rejected") == [{"reason": "worker_crash"}]
        driver.ingest(crowded(12)[10:])
        assert driver.query("select count(*) as n from set_fact") == [{"n": 2}]


def test_a_reader_waits_for_memory_that_the_writer_holds_and_then_gets_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "READ_PAUSE_S", 0.0)
    with Driver() as driver:
        driver.ingest(crowded(3))
        read, service = driver.service._partition.read, driver.service
        lacks = iter([True] * 5)

        def hungry(sql: str, parameters: Sequence[object]) -> list[dict[str, object]]:
            if next(lacks, False):
                raise duckdb.OutOfMemoryException("failed to allocate data of size 16.0 MiB")
            return read(sql, parameters)

        monkeypatch.setattr(service._partition, "read", hungry)
        assert driver.query("select count(*) as n from set_fact") == [{"n": 3}]
        assert service._shard._memory_mb == shard_module.MEMORY_MB
        lacks = iter([True] * (room.READ_TRIES + 1))
        assert driver.query("select count(*) as n from set_fact") == [{"n": 3}]
        assert service._shard._memory_mb == 2 * shard_module.MEMORY_MB


def test_thousands_of_sessions_of_one_exercise_need_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each looks back at the hundred before it: a search among all of them needed gigabytes."""
    monkeypatch.setitem(Shard.__init__.__kwdefaults__, "memory_mb", 50)
    with Driver() as driver:
        driver.ingest(crowded(6000))
        assert driver.service._shard._memory_mb == 50
        assert driver.query("select max(n_obs) as n from mart.exercise_reference") == [{"n": 100}]
        assert driver.service.check() == []


def test_only_want_of_memory_is_answered_with_memory() -> None:
    shard = Shard(None)
    assert not shard.more_memory(ValueError("x"))
    assert not shard.more_memory(duckdb.OutOfMemoryException("failed: max_temp_directory_size reached"))
    assert shard.more_memory(duckdb.OutOfMemoryException("failed to allocate data of size 16.0 MiB"))
    assert shard.connection.execute("select current_setting('memory_limit')").fetchone() == ("305.1 MiB",)
    shard.close()
