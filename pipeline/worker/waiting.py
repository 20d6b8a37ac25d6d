"""Fetched batches that wait for the worker's thread: those of one partition are handed over together.

A batch of many records costs a fraction of many batches of a few, and one that fills whole row groups is written to the
file at once and not twice. So a worker that is far behind waits until it has that many. Used in the worker's event loop
alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

from faust.types import TP

from pipeline.log.base import Batch

BYTES_MAX = 64 << 20  # of payloads that wait, before the next fetched batch has to
RECORDS_MAX = 200_000
WHOLE_RECORDS = 122_880  # a row group of DuckDB
FAR_BEHIND_RECORDS = 20_000  # so many more are there to be fetched
GATHER_SECONDS_MAX = 2.0  # brokers that do not send them are not waited for


@dataclass(frozen=True)
class Fetched:
    """The records of one fetch of a partition, whose ``end`` was known then, and what to call once they are applied."""

    place: TP
    records: Batch
    end: int
    acknowledge: Callable[[], Awaitable[object]]

    @cached_property
    def size_bytes(self) -> int:
        """Of the payloads."""
        return int(self.records.records.payload_sizes().sum())


class Waiting:
    """What was fetched and is not being applied yet, the partition that waits longest first."""

    def __init__(self) -> None:
        self._batches: dict[TP, list[Fetched]] = {}
        self._bytes = self._records = self._held_up = 0
        self._some, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, fetched: Fetched) -> None:
        """Add a batch; waits while what waits already is enough."""
        size, count = fetched.size_bytes, len(fetched.records)
        self._held_up += 1
        try:
            while self._batches and (self._bytes + size > BYTES_MAX or self._records + count > RECORDS_MAX):
                self._some.set()
                self._room.clear()
                await self._room.wait()
        finally:
            self._held_up -= 1
        self._batches.setdefault(fetched.place, []).append(fetched)
        self._bytes, self._records = self._bytes + size, self._records + count
        self._some.set()

    async def next(self) -> list[Fetched]:
        """All batches of one partition, in their order; waits until there are enough, or all there are."""
        while True:
            for place, batches in self._batches.items():
                if self._held_up or _are_enough(batches):
                    return self._take(place)
            self._some.clear()
            waiting = next(iter(self._batches), None)
            try:
                async with asyncio.timeout(GATHER_SECONDS_MAX if waiting else None):
                    await self._some.wait()
            except TimeoutError:
                if waiting in self._batches:
                    return self._take(waiting)

    def drop(self, partitions: frozenset[int]) -> None:
        """Forget what waits of these: it is read again, here or by another worker."""
        for place in [place for place in self._batches if place.partition in partitions]:
            self._take(place)

    def _take(self, place: TP) -> list[Fetched]:
        taken = self._batches.pop(place)
        self._bytes -= sum(one.size_bytes for one in taken)
        self._records -= sum(len(one.records) for one in taken)
        self._room.set()
        return taken


def _are_enough(batches: list[Fetched]) -> bool:
    last = batches[-1]
    far_behind = last.end - last.records.next_offset >= FAR_BEHIND_RECORDS
    return not far_behind or sum(len(one.records) for one in batches) >= WHOLE_RECORDS
