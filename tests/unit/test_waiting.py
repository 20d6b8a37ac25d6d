"""Fetched batches wait in order, are handed over together, and hold up the stream when they are many."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from faust.types import TP

from pipeline.log.base import Batch, Logged
from pipeline.record import Record
from pipeline.worker import waiting
from pipeline.worker.waiting import Fetched, Waiting

ONE, TWO = TP("uploads", 1), TP("uploads", 2)


async def nothing() -> None:
    return None


def fetched(place: TP, *offsets: int, size: int = 10, end: int = 0) -> Fetched:
    records = Batch.of([Logged(offset, Record("ana", 0, b"", b"", bytes(size))) for offset in offsets])
    return Fetched(place, records, end, nothing)


def offsets(taken: Sequence[Fetched]) -> tuple[int, list[int]]:
    return taken[0].place.partition, [record.offset for one in taken for record in one.records]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


async def is_held_up(task: asyncio.Task[Any]) -> bool:
    await asyncio.sleep(0.02)
    return not task.done()


def test_batches_of_a_partition_come_together_and_in_order() -> None:
    async def work() -> None:
        held = Waiting()
        for one in (fetched(ONE, 4, 5), fetched(TWO, 0), fetched(ONE, 6), fetched(TWO, 1, 2)):
            await held.put(one)
        assert offsets(await held.next()) == (1, [4, 5, 6])
        await held.put(fetched(ONE, 7))
        assert offsets(await held.next()) == (2, [0, 1, 2])
        assert offsets(await held.next()) == (1, [7])

    run(work())


def test_whoever_asks_waits_for_the_next_one() -> None:
    async def work() -> None:
        held = Waiting()
        asking = asyncio.create_task(held.next())
        assert await is_held_up(asking)
        await held.put(fetched(ONE, 3))
        assert offsets(await asking) == (1, [3])

    run(work())


@pytest.mark.parametrize("limit", ["RECORDS_MAX", "BYTES_MAX"])
def test_a_stream_that_is_ahead_is_held_up(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(waiting, limit, {"RECORDS_MAX": 3, "BYTES_MAX": 30}[limit])

    async def work() -> None:
        held = Waiting()
        await held.put(fetched(ONE, *range(9)))  # alone it may be as large as it is
        second = asyncio.create_task(held.put(fetched(TWO, 0, 1, 2)))
        assert await is_held_up(second)
        assert offsets(await held.next()) == (1, list(range(9)))
        await second
        third = asyncio.create_task(held.put(fetched(ONE, 9)))
        assert await is_held_up(third)
        held.drop(frozenset({2}))
        await third
        assert offsets(await held.next()) == (1, [9])

    run(work())


def test_what_is_dropped_is_not_handed_over() -> None:
    async def work() -> None:
        held = Waiting()
        for one in (fetched(ONE, 4), fetched(TWO, 0), fetched(ONE, 5)):
            await held.put(one)
        held.drop(frozenset({1, 7}))
        assert offsets(await held.next()) == (2, [0])
        assert await is_held_up(asyncio.create_task(held.next()))

    run(work())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five records fill a row group, and ten are far behind."""
    monkeypatch.setattr(waiting, "WHOLE_RECORDS", 5)
    monkeypatch.setattr(waiting, "FAR_BEHIND_RECORDS", 10)


@pytest.mark.usefixtures("small")
def test_a_partition_that_is_far_behind_waits_for_a_whole_row_group() -> None:
    async def work() -> None:
        held = Waiting()
        await held.put(fetched(ONE, 0, 1, 2, end=100))
        asking = asyncio.create_task(held.next())
        assert await is_held_up(asking)
        await held.put(fetched(TWO, 0, end=10))  # and does not hold up another one that is nearly there
        assert offsets(await asking) == (2, [0])
        asking = asyncio.create_task(held.next())
        assert await is_held_up(asking)
        await held.put(fetched(ONE, 3, 4, end=100))
        assert offsets(await asking) == (1, [0, 1, 2, 3, 4])
        await held.put(fetched(ONE, 5, 6, end=16))  # the last nine follow: that is no reason to wait
        assert offsets(await held.next()) == (1, [5, 6])

    run(work())


@pytest.mark.usefixtures("small")
def test_what_holds_up_the_stream_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "RECORDS_MAX", 3)

    async def work() -> None:
        held = Waiting()
        await held.put(fetched(ONE, 0, 1, end=100))
        asking = asyncio.create_task(held.next())
        assert await is_held_up(asking)
        second = asyncio.create_task(held.put(fetched(ONE, 2, 3, end=100)))
        assert offsets(await asking) == (1, [0, 1])
        await second

    run(work())


@pytest.mark.usefixtures("small")
def test_brokers_that_send_nothing_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "GATHER_SECONDS_MAX", 0.05)

    async def work() -> None:
        held = Waiting()
        await held.put(fetched(ONE, 0, 1, end=100))
        assert offsets(await held.next()) == (1, [0, 1])
        await held.put(fetched(ONE, 2, end=100))
        asking = asyncio.create_task(held.next())
        await asyncio.sleep(0)
        held.drop(frozenset({1}))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await held.put(fetched(TWO, 0))
        assert offsets(await asking) == (2, [0])

    run(work())
