"""Fetched batches that wait for the worker's thread: those of one partition are handed over together.

A batch of many records costs a fraction of many batches of a few. Used in the worker's event loop alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

from faust.types import TP

from pipeline.log.base import Logged

BYTES_MAX = 24 << 20  # of payloads that wait, before the next fetched batch has to
RECORDS_MAX = 40_000


@dataclass(frozen=True)
class Fetched:
    """The records of one fetch of a partition, and what to call once they are applied."""

    place: TP
    records: list[Logged]
    acknowledge: Callable[[], Awaitable[object]]

    @cached_property
    def size_bytes(self) -> int:
        """Of the payloads."""
        return sum(len(logged.record.payload) for logged in self.records)


class Waiting:
    """What was fetched and is not being applied yet, the partition that waits longest first."""

    def __init__(self) -> None:
        self._batches: dict[TP, list[Fetched]] = {}
        self._bytes = self._records = 0
        self._some, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, fetched: Fetched) -> None:
        """Add a batch; waits while what waits already is enough."""
        size, count = fetched.size_bytes, len(fetched.records)
        while self._batches and (self._bytes + size > BYTES_MAX or self._records + count > RECORDS_MAX):
            self._room.clear()
            await self._room.wait()
        self._batches.setdefault(fetched.place, []).append(fetched)
        self._bytes, self._records = self._bytes + size, self._records + count
        self._some.set()

    async def next(self) -> list[Fetched]:
        """All batches of one partition, in their order; waits until there are any."""
        while not self._batches:
            self._some.clear()
            await self._some.wait()
        return self._take(next(iter(self._batches)))

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
