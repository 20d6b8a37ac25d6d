"""The shards a worker of a cluster holds: opened, moved and closed by one thread.

``Shards`` is used by the worker's one working thread; ``wanted`` and ``stop`` may be called from any.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import structlog

from pipeline.clock import Clock
from pipeline.errors import GapError
from pipeline.log.base import Batch, Log, Logged
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker.ahead import Ahead
from pipeline.worker.apply import COMMITTING, Fault, no_fault
from pipeline.worker.lease import AsleepError, Lease
from pipeline.worker.marked_days import NOBODY
from pipeline.worker.measures import Measures
from pipeline.worker.partition import Partition
from pipeline.worker.place import Place
from pipeline.worker.reached import Reached
from pipeline.worker.rebuild import length_of_batch
from pipeline.worker.room import Room
from pipeline.worker.rules_in_force import RulesInForce

log = structlog.get_logger("spotter.worker")

NEWS_MAX = 500
AHEAD_RECORDS_MIN = 500  # fifty batches of a hundred took five times as long as one of them together
ITEMS_MAX = 250_000  # of one batch: what waited together is applied together
BYTES_MAX = 64 << 20
LEASE_EVERY_S = 0.05
SLEPT_IN_COMMIT = "the worker slept while a commit was being written; it stands, for the shard's lock was held"
FIRST_COPY_S = 5.0  # between the first two copies of a shard; later ones come in times twice as long
BEHIND_S = 10.0  # a shard that is far behind has its days worked out so often all the same


@dataclass
class Settling:
    """A run of the day-level lane: where the other one stood at its begin, and the last athlete who had a turn."""

    offset: int
    after: int = NOBODY


class Copies:
    """When the next copy of a shard is due: soon after its first upload, for pages and API show copies; then seldom."""

    def __init__(self) -> None:
        self._every_s: float | None = None
        self._due_at = 0.0

    def is_due(self, age_s: Callable[[], float | None], every_s: float) -> bool:
        """``age_s`` of the newest copy in the store, asked once; None where there is none."""
        if self._every_s is None:
            age = age_s()
            self._every_s = min(FIRST_COPY_S, every_s) if age is None else every_s
            self._due_at = time.monotonic() + (0.0 if age is None else every_s - age)
        return time.monotonic() >= self._due_at

    def made(self, every_s: float) -> None:
        """One was made, or could not be."""
        self._every_s = self._every_s or every_s
        self._due_at = time.monotonic() + self._every_s
        self._every_s = min(2 * self._every_s, every_s)


class _Held:
    """A shard of this worker. ``offset`` is what its ledger says, ``settled`` how far its days are worked out."""

    def __init__(self, partition: Partition, ahead: Ahead) -> None:
        self.partition, self.ahead = partition, ahead
        self.offset = partition.next_offset
        self.settled = -1
        self.settling: Settling | None = None
        self.published = -1
        self.copies = Copies()
        self.told = self.told_settled = -2
        self.reached = Reached()
        self.reached.tell()  # its rest begins now


class Shards:
    """The shards of one worker, by partition."""

    def __init__(
        self,
        data: Path,
        log: Log,
        log_name: str,
        clock: Clock,
        fault: Fault = no_fault,
        snapshots: SnapshotStore | None = None,
        lease: Lease | None = None,
    ) -> None:
        self._data, self._log, self._log_name, self._clock, self._fault = data, log, log_name, clock, fault
        self._snapshots, self.lease = snapshots, lease or Lease(math.inf)
        self.measures = Measures()  # of all shards together
        self.measures.watch_shards(log, lambda: self.offsets, clock)
        self._held: dict[int, _Held] = {}
        self._room = Room()
        self._in_force: RulesInForce | None = None
        self._given_up: frozenset[int] = frozenset()
        self._wake = threading.Event()
        self._stopping = False
        self._opening = 0

    # from any thread

    @property
    def offsets(self) -> dict[int, int]:
        """The next offset of every shard held, as its ledger had it after the last commit."""
        return {number: held.offset for number, held in list(self._held.items())}

    @property
    def state(self) -> dict[str, dict[str, int]]:
        """By partition: ``next_offset``; ``settled``: below it the days are worked out too; ``told``: and published."""
        return {
            str(number): {"next_offset": held.offset, "settled": held.settled, "told": held.told_settled}
            for number, held in sorted(self._held.copy().items())
        }

    @property
    def excused(self) -> str | None:
        """Why the ledgers may stand still now; None when they should move."""
        if self._opening:
            return "a shard is being opened or built"
        return self._room.said

    def place(self, number: int) -> Place:
        """Where the files of a partition lie."""
        return Place.of_worker(self._data, number, self._log_name)

    def first_offset(self, number: int) -> int:
        """The first record of a partition that the log still has."""
        return self._log.first_offset(number)

    def give_up(self, numbers: frozenset[int]) -> None:
        """These are about to be closed: what waits for disk space waits no longer."""
        self._given_up = numbers
        self._wake.set()

    def stop(self) -> None:
        """The worker ends: nothing long is begun any more."""
        self._stopping = True
        self._wake.set()

    def is_settling_due(self, behind: Callable[[int], bool]) -> bool:
        """Whether ``settle_next`` would find something to do: asked in the working thread, it waits behind a batch."""
        return any(True for _ in self._due(behind))

    def news(self) -> tuple[int, list[dict[str, object]]] | None:
        """Of one shard what its outbox holds and nobody was told; None when there is nothing. Beside the thread."""
        for number, held in list(self._held.items()):
            if not self.lease.holds:  # whoever has the shard now tells
                return None
            if held.told == held.offset and held.told_settled == held.settled:
                continue
            before = held.offset, held.settled
            if found := held.partition.news(NEWS_MAX):
                return number, found
            held.told, held.told_settled = before
        return None

    def note_published(self, number: int, news: list[dict[str, object]]) -> None:
        """The working thread remembers what was told; a shard that was closed meanwhile tells it again."""
        if (held := self._held.get(number)) is not None:
            self._patiently(number, held, lambda: held.partition.note_published(news))

    def decode_ahead(self, number: int, batch: Batch) -> None:
        """Decode records that will be applied next, beside the working thread; few are left to be decoded together."""
        held = self._held.get(number)
        if held is not None and len(batch) >= AHEAD_RECORDS_MIN and batch.offsets[0] >= held.offset:
            held.ahead.decode(batch)

    def publish_next(self, every_s: float) -> bool:
        """Copy one shard that moved since its last copy to the snapshot store; false when none is due.

        Runs beside the working thread. A store that cannot be written is told of and tried again later.
        """
        if self._snapshots is None:
            return False
        for number, held in list(self._held.items()):
            if held.offset in (0, held.published) or self._stopping:  # nothing is worth no copy
                continue
            try:
                if not held.copies.is_due(partial(self._age_of_copy_s, number), every_s):
                    continue
                held.published = held.partition.publish()
                log.info("snapshot stored", partition=number, next_offset=held.published)
            except Exception as error:  # the copy is a convenience: what it lacks, the log has
                if self._held.get(number) is held and not self._stopping:
                    log.warning("the snapshot could not be stored", partition=number, why=str(error))
                held.published = held.offset  # until it moves again
            held.copies.made(every_s)
            return True
        return False

    def _age_of_copy_s(self, number: int) -> float | None:
        assert self._snapshots is not None
        newest = self._snapshots.newest(number)
        if newest is None or not newest.made_at:
            return None
        return (self._clock.now() - datetime.fromisoformat(newest.made_at)).total_seconds()

    # from the working thread

    def open(self, number: int, lock: IO[str]) -> int:
        """Open a shard whose lock was taken, build it if need be; the offset to go on at."""
        self._opening += 1
        try:
            if self._in_force is None or not self._held:  # the rules of a folder are one set for all of it
                self._in_force = RulesInForce(self._data)
            ahead = Ahead(self._data / f"shard-{number}.ahead")
            partition = Partition(
                self.place(number),
                self._log,
                self._clock,
                self._in_force,
                lock,
                fault=self._point,
                decode=ahead.columns_of,
                measures=self.measures,
                snapshots=self._snapshots,
            )
            held = _Held(partition, ahead)
        except BaseException:
            lock.close()
            raise
        finally:
            self._opening -= 1
        self._given_up -= {number}
        self._held[number] = held
        return held.offset

    def _point(self, point: str) -> None:
        """Before each commit it is asked whether this worker still has its session."""
        self._fault(point)
        if point in COMMITTING:
            self.lease.require()

    def close(self, numbers: frozenset[int] | None = None) -> None:
        """Close some shards, or all, and give their locks free."""
        for number in list(self._held):
            if numbers is None or number in numbers:
                held = self._held.pop(number)
                held.partition.close()
                held.ahead.close()

    def apply(self, number: int, batch: Sequence[Logged]) -> bool:
        """Apply what is new in a batch; false when the shard is no longer held, then nothing was done.

        Raises GapError when records before the batch are missing.
        """
        held = self._held.get(number)
        if held is None:
            return False
        left = Batch.of(batch).since(held.offset)
        if left and left.offsets[0] > held.offset:
            raise GapError(
                f"{self._log_name}, partition {number}: offset {held.offset} is missing, {left.offsets[0]} came next",
                "its retention took records that the tables do not have yet, or the stream skipped some",
                "start the worker again: it reads from the ledger. If that says the same, restore the newest snapshot"
                " of the shard, and raise the retention",
            )
        while left:
            part = left[: _length(left)]
            if not self._patiently(number, held, lambda part=part: held.partition.apply(part)):  # type: ignore[misc]
                return False
            held.offset = held.partition.next_offset
            held.partition.checkpoint_if_due()
            left = left.since(held.offset)
        return True

    def _due(self, behind: Callable[[int], bool]) -> Iterator[tuple[int, _Held]]:
        for number, held in list(self._held.items()):
            if held.settled == held.offset or (behind(number) and not held.reached.waited(BEHIND_S)):
                continue
            if held.settling is not None or held.reached.is_due():
                yield number, held

    def settle_next(self, behind: Callable[[int], bool]) -> bool:
        """A piece of the day-level lane of the shard that waits longest; false when nothing is due.

        A shard that is ``behind`` waits until it has caught up, though not for ever.
        """
        for number, held in self._due(behind):
            run = held.settling = held.settling or Settling(held.offset)
            last: list[int | None] = []

            def piece(held: _Held = held, run: Settling = run, last: list[int | None] = last) -> None:
                with held.reached.working():
                    last[:] = [held.partition.settle_some(run.after)]

            if self._patiently(number, held, piece):
                if (after := last[0]) is not None:
                    run.after = after
                    return True
                held.settled, held.settling = run.offset, None
                held.reached.tell(run.offset)
                held.partition.checkpoint_if_due()
            return True
        return False

    def _patiently(self, number: int, held: _Held, work: Callable[[], None]) -> bool:
        """Do ``work``, waiting as long as disk space or the lease lacks; false when the shard was given up.

        A worker that slept waits for the group: it takes the shard away, or shows by its silence that nobody noticed.
        """
        while True:
            self._wake.clear()  # before the look: what is told after it wakes the pause
            if self._stopping or number in self._given_up:
                return False
            if not self.lease.holds:
                self._wake.wait(LEASE_EVERY_S)
                continue
            try:
                if self._room.problem is not None:
                    held.partition.revive()
                work()
            except AsleepError:
                held.partition.attempts.forgive()
                log.warning("the worker slept through its session; what it was doing is given up", partition=number)
                continue
            except Exception as error:
                self._room.wait_for(error, self._data)
                self._room.pause(self._wake)
                continue
            self._room.found()
            if (seconds := self.lease.slept_since_required()) is not None:
                log.warning(SLEPT_IN_COMMIT, partition=number, next_offset=held.partition.next_offset, seconds=seconds)
            return True


def _length(left: Batch) -> int:
    """How many records make the next batch; withdrawals stand alone."""
    return length_of_batch(left[: left.within(items_max=ITEMS_MAX, bytes_max=BYTES_MAX)])
