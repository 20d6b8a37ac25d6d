"""A transaction that needs more memory than is usual gets more; one that needs too much says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipeline.errors import StorageError
from pipeline.store import shard as shard_module
from pipeline.store.shard import Shard
from tests.sim.driver import Driver


def crowded(sessions: int) -> list[dict[str, object]]:
    """One athlete with very many sessions of one exercise: every one looks back at all the others."""
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


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Shard.__init__.__kwdefaults__, "memory_mb", 50)


@pytest.mark.usefixtures("little_memory")
def test_a_batch_that_needs_more_memory_is_applied_and_so_is_a_rebuild() -> None:
    with Driver() as driver:
        driver.ingest(crowded(3000))
        assert driver.service._shard._memory_mb > 50, "the case is too small to show anything"
        assert driver.query("select count(*) as n from set_fact") == [{"n": 3000}]
        assert driver.service.check() == []


@pytest.mark.usefixtures("little_memory")
def test_what_needs_more_than_there_may_be_ends_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_module, "MEMORY_MB_MAX", 60)
    with Driver() as driver, pytest.raises(StorageError, match="could not be written"):
        driver.ingest(crowded(3000))


def test_only_want_of_memory_is_answered_with_memory() -> None:
    shard = Shard(None)
    assert not shard.more_memory(ValueError("x"))
    assert not shard.more_memory(duckdb.OutOfMemoryException("failed: max_temp_directory_size reached"))
    assert shard.more_memory(duckdb.OutOfMemoryException("failed to allocate data of size 16.0 MiB"))
    assert shard.connection.execute("select current_setting('memory_limit')").fetchone() == ("381.4 MiB",)
    shard.close()
