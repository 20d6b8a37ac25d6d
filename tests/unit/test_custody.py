"""Assignments that change while shards are still being opened: each shard of the last one is held in the end."""

from __future__ import annotations

import asyncio
import random
import time
from types import SimpleNamespace
from typing import IO, Any

import pytest
from faust.types import TP

from pipeline.worker import custody as custody_module
from pipeline.worker.custody import Custody
from pipeline.worker.lease import Lease

TOPIC = "spotter.uploads"


class SlowShards:
    """Opens and closes after a moment, in the working thread, as the real ones do."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.lease = Lease(1000)
        self.offsets: dict[int, int] = {}
        self.locked: set[int] = set()

    def place(self, number: int) -> Any:
        return SimpleNamespace(take=lambda: self._take(number))

    def _take(self, number: int) -> IO[str] | None:
        if number in self.locked:
            return None
        self.locked.add(number)
        return open("/dev/null", encoding="utf-8")  # noqa: PTH123 - stands for the lock's file

    def _pause(self) -> None:
        time.sleep(self._rng.random() * 0.01)

    def open(self, number: int, lock: IO[str]) -> int:
        lock.close()
        self._pause()
        self.offsets[number] = 7
        return 7

    def give_up(self, numbers: frozenset[int]) -> None:
        pass

    def close(self, numbers: frozenset[int]) -> None:
        self._pause()
        for number in numbers & self.offsets.keys():
            del self.offsets[number]
            self.locked.discard(number)


class Group:
    """What the group says to this consumer."""

    def __init__(self) -> None:
        self.generation = 0
        self.given: set[TP] = set()
        self.went_on: dict[TP, int] = {}

    def assignment(self) -> set[TP]:
        return self.given

    def pause_partitions(self, places: set[TP]) -> None:
        pass

    async def seek_wait(self, places: dict[TP, int]) -> None:
        await asyncio.sleep(0)

    async def go_on(self, place: TP, offset: int) -> None:
        self.went_on[place] = offset


@pytest.mark.parametrize("seed", range(12))
def test_what_was_taken_away_and_given_back_while_it_was_opened_is_held(seed: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(custody_module, "OPEN_PATIENCE_S", 0.004)
    rng = random.Random(seed)
    failures: list[BaseException] = []

    async def live() -> tuple[set[int], dict[int, int], frozenset[int]]:
        shards, group = SlowShards(seed), Group()
        custody = Custody(shards, TOPIC, failures.append)  # type: ignore[arg-type]
        rounds: list[asyncio.Task[Any]] = []
        for _ in range(25):
            group.generation += 1
            await custody.revoked(frozenset(tp.partition for tp in group.given), group.generation - 1)
            group.given = {TP(TOPIC, number) for number in range(4) if rng.random() < 0.6}
            rounds.append(asyncio.create_task(custody.take_over(group)))  # type: ignore[arg-type]
            await asyncio.sleep(rng.random() * 0.02)
        await asyncio.gather(*rounds)
        for _ in range(200):
            if not custody._opening:
                break
            await asyncio.sleep(0.01)
        return {tp.partition for tp in group.given}, shards.offsets, custody.lacking

    given, held, lacking = asyncio.run(live())
    assert failures == []
    assert held.keys() == given and lacking == frozenset()
