"""Which shards a worker has: moved with the group's assignment, one thread for all work on them.

The loop only waits here. A shard whose lock another process still holds, or that is built for long, does not hold
up the others: its partition is paused and goes on when it can.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog
from aiokafka.errors import IllegalStateError
from faust.types import TP

from pipeline.errors import GapError, StorageError
from pipeline.log.alerts_topic import Told
from pipeline.log.base import Batch
from pipeline.log.kafka import batch_of
from pipeline.worker.consumer import LedgerConsumer
from pipeline.worker.shards import Shards
from pipeline.worker.waiting import FAR_BEHIND_RECORDS, Fetched, Waiting

T = TypeVar("T")
OPEN_PATIENCE_S = 5.0  # the other partitions wait so long for one that is being opened
LOCK_EVERY_S = 0.1
SETTLE_LOOK_EVERY_S = 0.05
NEWS_LOOK_EVERY_S = 0.25
COPIES_LOOK_EVERY_S = 1.0
TELL_AGAIN_S = 2.0
READ_AGAIN_MAX = 10  # in a row without getting on

log = structlog.get_logger("spotter.worker")


class Custody:
    """The worker's side of the group's assignment; everything here runs in its event loop.

    ``on_failure`` is told what ends the worker; ``offset_ends`` are the ends of the partitions as last seen.
    """

    def __init__(self, shards: Shards, topic: str, on_failure: Callable[[BaseException], None]) -> None:
        self.shards, self._topic, self._on_failure = shards, topic, on_failure
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shards")
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix="decoding")
        self._wanted: set[int] = set()
        self._opening: dict[int, asyncio.Task[int | None]] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._ends: dict[int, int] = {}
        self._waiting = Waiting()
        self._again: dict[int, tuple[int, int]] = {}
        self._stopping = False

    def _is_stopping(self) -> bool:
        return self._stopping

    async def _work(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def lacking(self) -> frozenset[int]:
        """Partitions of the assignment whose shard is neither open nor being opened: there should be none."""
        return frozenset(self._wanted - self.shards.offsets.keys() - self._opening.keys())

    # assignment

    async def take_over(self, consumer: LedgerConsumer) -> Mapping[TP, int]:
        """Hold exactly the assigned shards; the offsets of those that are open. Others are paused and follow."""
        self.shards.lease.renew(consumer.generation)
        places = {tp.partition: tp for tp in consumer.assignment() if tp.topic == self._topic}
        self._wanted = set(places)
        await self._let_go(frozenset(self.shards.offsets) - places.keys())
        for number in places.keys() - self.shards.offsets.keys() - self._opening.keys():
            self._opening[number] = asyncio.create_task(self._open(number))
            self._opening[number].add_done_callback(_looked_at)
        waiting = [self._opening[number] for number in places if number in self._opening]
        if waiting:
            await asyncio.wait(waiting, timeout=OPEN_PATIENCE_S)
        found: dict[TP, int] = {}
        for number, place in places.items():
            task = self._opening.get(number)
            if task is not None and not task.done():
                consumer.pause_partitions({place})
                self._follow(consumer, place, task)
            elif (offset := self.shards.offsets.get(number)) is not None:
                with contextlib.suppress(IllegalStateError):  # revoked meanwhile
                    await consumer.seek_wait({place: offset})
                    found[place] = offset
        return found

    async def _open(self, number: int) -> int | None:
        """Open one shard as soon as nobody else has it; None when it is no longer wanted."""
        try:
            waited = False
            while number in self._wanted and not self._stopping:
                lock = self.shards.place(number).take()
                if lock is not None:
                    offset = await self._work(partial(self.shards.open, number, lock))
                    log.info("shard opened", partition=number, next_offset=offset)
                    if number in self._wanted:
                        return offset
                    await self._let_go(frozenset({number}))
                    continue  # meanwhile it may have been given again, to this task
                if not waited:
                    log.info("waiting for the worker that still has the shard", partition=number)
                    waited = True
                await asyncio.sleep(LOCK_EVERY_S)
            return None
        except Exception as error:
            self._on_failure(error)
            raise
        finally:
            self._opening.pop(number, None)

    def _follow(self, consumer: LedgerConsumer, place: TP, task: asyncio.Task[int | None]) -> None:
        async def go_on() -> None:
            offset = await task
            if offset is not None and place.partition in self._wanted:
                with contextlib.suppress(IllegalStateError):
                    await consumer.go_on(place, self.shards.offsets.get(place.partition, offset))

        follower = asyncio.create_task(go_on())
        self._late.add(follower)
        follower.add_done_callback(self._late.discard)

    async def revoked(self, numbers: frozenset[int], generation: int) -> None:
        """The group takes away these of a generation: close them, so that their next worker can open them."""
        self.shards.lease.leave(generation)
        self._wanted -= numbers
        await self._let_go(numbers)

    async def _let_go(self, numbers: frozenset[int]) -> None:
        if numbers:
            self._waiting.drop(numbers)
            self.shards.give_up(numbers)
            await self._work(lambda: self.shards.close(numbers))

    async def close(self) -> None:
        """Close everything; what is being applied is finished before."""
        self._stopping = True
        self.shards.stop()
        await self._work(self.shards.close)

    # batches

    async def take(self, place: TP, records: list[Any], end: int, acknowledge: Callable[[], Awaitable[object]]) -> None:
        """Have a fetched batch decoded now and applied later, with others of its partition.

        ``end``: of the partition, as far as known.
        """
        self._ends[place.partition] = end
        try:
            batch = await asyncio.get_running_loop().run_in_executor(
                self._decoding, partial(self._decoded, place.partition, records)
            )
        except Exception as error:
            self._on_failure(error)
            raise
        await self._waiting.put(Fetched(place, batch, end, acknowledge))

    def _decoded(self, number: int, records: list[Any]) -> Batch:
        batch = batch_of(records)
        self.shards.decode_ahead(number, batch)
        return batch

    async def apply_for_ever(self, consumer: LedgerConsumer) -> None:
        """What waits of one partition after the other; a batch is acknowledged after its commit."""
        while not self._stopping:
            taken = await self._waiting.next()
            try:
                await self._apply(consumer, taken)
            except Exception as error:
                self._on_failure(error)
                raise

    async def _apply(self, consumer: LedgerConsumer, taken: list[Fetched]) -> None:
        place = taken[0].place
        batch = Batch.join([fetched.records for fetched in taken])
        try:
            done = await self._work(lambda: self.shards.apply(place.partition, batch))
        except GapError:
            if not await self._read_again(consumer, place):
                raise
            return
        if done:  # else its shard is no longer held
            for fetched in taken:
                await fetched.acknowledge()

    async def _read_again(self, consumer: LedgerConsumer, place: TP) -> bool:
        """After a hole: seek back to the ledger, for around a rebalance the stream may run ahead of it.

        False when that is of no use: the log no longer has what is missing, or the hole was there again and again.
        """
        number = place.partition
        offset = self.shards.offsets.get(number)
        if offset is None:
            return True  # not held any more: the batch is dropped
        before, times = self._again.get(number, (-1, 0))
        times = times + 1 if before == offset else 1
        self._again[number] = (offset, times)
        if times > READ_AGAIN_MAX or await self._work(lambda: self.shards.first_offset(number)) > offset:
            return False
        self._waiting.drop(frozenset({number}))
        log.warning("the stream ran ahead of the ledger", partition=number, next_offset=offset, times=times)
        with contextlib.suppress(IllegalStateError):  # revoked meanwhile
            await consumer.go_on(place, offset)
        return True

    def _behind(self, number: int) -> bool:
        return self.shards.offsets.get(number, 0) + FAR_BEHIND_RECORDS < self._ends.get(number, 0)

    async def tell_for_ever(self, publish: Callable[[list[Told]], None]) -> None:
        """Alerts of the outboxes to their topic, then a note that they were told.

        A process that dies between the two tells them again; the relay knows them by id, revision and place.
        """
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="alerts") as thread:
            while not self._stopping:
                try:
                    found = await loop.run_in_executor(thread, self.shards.news)
                    if found is None:
                        await asyncio.sleep(NEWS_LOOK_EVERY_S)
                        continue
                    number, news = found
                    await loop.run_in_executor(thread, publish, [_told(number, row) for row in news])
                    await self._work(partial(self.shards.note_published, number, news))
                except StorageError as error:  # brokers that are away come back; the outbox keeps everything
                    log.warning("alerts could not be published", what=error.what, why=error.why)
                    await asyncio.sleep(TELL_AGAIN_S)
                except Exception:
                    if not self._is_stopping():
                        raise
                    return  # the shard was closed under the reader

    async def publish_for_ever(self, every_s: float) -> None:
        """Copies of shards that moved, in a thread of its own, so that nothing waits for them."""
        with ThreadPoolExecutor(1, thread_name_prefix="snapshots") as thread:
            while not self._stopping:
                await asyncio.sleep(min(every_s, COPIES_LOOK_EVERY_S))
                while not self._stopping and await asyncio.get_running_loop().run_in_executor(
                    thread, self.shards.publish_next, every_s
                ):
                    pass

    async def settle_for_ever(self) -> None:
        """The day-level lane, a piece at a time, so that batches come in between."""
        while not self._stopping:
            if not self.shards.is_settling_due(self._behind):
                await asyncio.sleep(SETTLE_LOOK_EVERY_S)
                continue
            try:
                await self._work(lambda: self.shards.settle_next(self._behind))
            except Exception as error:
                self._on_failure(error)
                raise


def _looked_at(task: asyncio.Task[int | None]) -> None:
    """``_open`` tells of its failures itself; asyncio need not say that nobody waited for one."""
    if not task.cancelled():
        task.exception()


def _told(partition: int, row: dict[str, object]) -> Told:
    return Told(str(row["alert_id"]), str(row["payload"]).encode(), partition, int(str(row["log_offset"])))
