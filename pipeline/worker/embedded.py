"""One process that owns a data folder: log, shard, worker and readers.

``Embedded.open`` takes the folder's lock, so there is one owner at a time; readers in the same
process use cursors, everybody else goes through the owner or reads snapshots.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO

from pipeline import disk
from pipeline.alerts.outbox import note_delivered
from pipeline.alerts.own_condition import OwnRuleError
from pipeline.alerts.rules import Rules
from pipeline.clock import Clock, SystemClock
from pipeline.errors import DiskFullError
from pipeline.log.base import EMBEDDED_PARTITION, Batch
from pipeline.log.sqlite import SqliteLog
from pipeline.record import Record, withdrawal_of
from pipeline.sources.columns import Decoded
from pipeline.store.compare import Difference
from pipeline.store.failure import is_storage_failure, storage_failure
from pipeline.store.pointer import FOLDER
from pipeline.store.shard import Shard
from pipeline.store.snapshot import remove_snapshots, write_snapshot
from pipeline.worker.apply import Engine, Fault, no_fault
from pipeline.worker.fresh import LOG_NAME, fresh_snapshot, require_log
from pipeline.worker.handover import Handover
from pipeline.worker.measures import Measures
from pipeline.worker.partition import Partition
from pipeline.worker.place import Place
from pipeline.worker.poison import Attempts
from pipeline.worker.reached import Reached
from pipeline.worker.read_again import REJECTED, read_again
from pipeline.worker.room import Room, patiently
from pipeline.worker.rules_in_force import RulesInForce

SHARD_NAME = "shard-0.duckdb"
IDLE_S = 0.25  # the background worker looks at the log at least this often
GARBAGE_OBJECTS = 50_000  # the default, 700, walks through every waiting answer again and again


class Embedded:
    """The embedded service (contract for the door, the command line and the tests)."""

    def __init__(self, data: Path, clock: Clock, lock: IO[str], fault: Fault) -> None:
        self.data, self.clock = data, clock
        self.log = SqliteLog(data / LOG_NAME)
        self.in_force = RulesInForce(data)
        self._writer = threading.RLock()  # whoever holds it may write the shard
        self._wake = threading.Event()
        self._reached = Reached()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self._handover = Handover()
        self._room = Room()
        self.measures = Measures()
        self.measures.watch_log(self.log, EMBEDDED_PARTITION, self.applied, clock)
        self._partition = Partition(
            Place.embedded(data),
            self.log,
            clock,
            self.in_force,
            lock,
            fault=fault,
            decode=self._decode,
            measures=self.measures,
        )

    @classmethod
    def open(
        cls,
        data: Path,
        clock: Clock | None = None,
        *,
        background: bool = False,
        fault: Fault = no_fault,
    ) -> Embedded:
        """Take the folder (made if missing); raises BusyError if another process has it."""
        gc.set_threshold(GARBAGE_OBJECTS, 20, 20)
        place = Place.embedded(data)
        files = (place.lock_name, LOG_NAME, SHARD_NAME, f"{SHARD_NAME}.wal", place.attempts_name)
        disk.check(data, files, (FOLDER,))
        require_log(data)  # before an empty one is made in its place
        data.mkdir(parents=True, exist_ok=True)
        lock = place.take_or_refuse()
        try:
            service = cls(data, clock or SystemClock(), lock, fault)
        except BaseException:
            lock.close()
            raise
        if background:
            service._start()
        return service

    @property
    def shard_path(self) -> Path:
        """Where the shard lies. Nothing in this process may open it a second time."""
        return self.data / SHARD_NAME

    @property
    def rules(self) -> Rules:
        """The rules in force: the built-in ones, and the folder's own."""
        return self.in_force.rules

    @property
    def _shard(self) -> Shard:
        return self._partition.shard

    @property
    def _engine(self) -> Engine:
        return self._partition.engine

    @property
    def _attempts(self) -> Attempts:
        return self._partition.attempts

    def append(self, records: Sequence[Record], decoded: Decoded | None = None) -> int:
        """Append durably; returns the log's end offset after them. ``decoded``: their columns, if made already."""
        end = self.log.append(records)
        if decoded is not None:
            self._handover.put(end - len(records), len(records), decoded)
        self._wake.set()
        return end

    def withdraw_import(self, tenant: str, import_id: str) -> int:
        """Append the withdrawal of an import; returns the log's end offset."""
        received_at = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
        return self.append([withdrawal_of(tenant, import_id, uuid.uuid4().hex, received_at)])

    def apply_all(self) -> None:
        """Apply what the log holds, both lanes, before returning."""
        with self._writer, self._in_words():
            while self._apply_some():
                self._shard.checkpoint_if_due()
            self._settle()
            self._shard.checkpoint_if_due()

    def _settle(self) -> None:
        """Bring the day-level lane to where the other one stands, and tell those who wait for it."""
        with self._reached.working():
            done = self._partition.settle(lambda: self._stopping)
        if done:
            self._reached.tell(self._engine.next_offset)

    def _apply_some(self) -> bool:
        return self._partition.apply_next()

    def _decode(self, batch: Batch) -> Decoded:
        """Columns of a batch that was read for this alone: its payloads are not held while the models run."""
        decoded = self._handover.columns_of(batch)
        batch.records = batch.records.without_payloads()
        return decoded

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    busy = self._turn()
                except Exception as error:
                    self._room.wait_for(error, self.data)
                    self._reached.tell()
                    self._room.pause()
                    continue
                self._room.found()
                if not busy:
                    self._wake.wait(IDLE_S)
        except BaseException as error:  # the process must end: what is in the log is applied at the next start
            self.failure = error
            self._reached.tell()

    def _turn(self) -> bool:
        with self._writer:
            if self._room.problem is not None:
                self._partition.revive()
            busy = self._apply_some()
            if (not busy and self._reached.is_due()) or self._reached.is_wanted(self._engine.next_offset):
                self._settle()
            self._shard.checkpoint_if_due()
        return busy

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        """What the disk refused, told as such; also to those who ask while the shard is closed."""
        shard = self._shard
        try:
            yield
        except Exception as error:
            lost = not shard.is_usable()
            if is_storage_failure(error):
                problem = storage_failure(error, self.data)
                if lost and isinstance(problem, DiskFullError):
                    self._room.missing(problem)  # the worker opens it anew
                raise problem from error
            if lost:
                raise self._room.closed() from error
            raise

    @property
    def why_not_ready(self) -> str | None:
        """Why uploads are not applied now; None when they are."""
        if self.failure is not None:
            return "the worker ended; the service stops"
        return self._room.said

    def applied(self) -> int:
        """The offset below which everything is in the shard."""
        return int(str(self.query("select next_offset from ledger")[0]["next_offset"]))

    def wait_applied(self, offset: int, timeout_s: float) -> bool:
        """Wait until both lanes have done the log below ``offset``; raises what stopped the worker."""
        if self._thread is None:
            self.apply_all()
            return True

        def done() -> bool:
            if self.failure is not None:
                return True
            both = self._reached.offset >= offset
            if not both and (waiting := self._room.problem) is not None:
                raise waiting
            return both

        reached = self._reached.wait(offset, done, timeout_s)
        if self.failure is not None:
            raise self.failure
        return reached

    def note_delivered(self, rows: Sequence[tuple[str, str, datetime]]) -> None:
        """Remember what has left for a person: (alert id, revision, instant in UTC)."""
        with self._writer, self._in_words(), self._shard.transaction():
            note_delivered(self._shard.connection, rows)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Rows of a trusted query on committed data; safe from any thread."""
        with self._in_words():
            return patiently(lambda: self._partition.read(sql, parameters), self._shard.with_room)

    def snapshot(self, path: Path | None = None) -> Path:
        """A copy of the shard as it is now, for readers outside; made again only when something changed."""
        with self._writer, self._in_words():
            if path is None and (found := fresh_snapshot(self.data, self.rules.version)) is not None:
                return found
            self._settle()  # else its days could be older than its sets while uploads come without end
            return write_snapshot(self._shard, self.data, path)

    def rebuild(self) -> None:
        """Work everything out again from the log and put it in the shard's place."""
        with self._writer, self._in_words():
            self._partition.rebuild()
            remove_snapshots(self.data)
            self._settle()

    def read_rejected_again(self, tenant: str, upload_id: str | None) -> list[dict[str, object]]:
        """The rejected items of a gym, or of one upload, with what becomes of each ``now`` (see ``read_again``)."""
        rows = self.query(REJECTED, [tenant, upload_id, upload_id])
        with self._in_words():
            return list(read_again(self.log, EMBEDDED_PARTITION, rows))

    def recompute(self) -> None:
        """Work models and rules out again from the stored facts, as after a change of either."""
        with self._writer, self._in_words():
            self._partition.recompute()

    def check(self) -> list[Difference]:
        """Apply the log to its end of now, rebuild that into a scratch file and name every difference."""
        wanted = self.log.end_offset(EMBEDDED_PARTITION)
        with self._writer, self._in_words():
            while self._engine.next_offset < wanted and self._apply_some():
                self._shard.checkpoint_if_due()
            self._settle()
            try:
                return self._partition.differences()
            except OwnRuleError as error:
                self._partition.leave_out(error)
                return self.check()

    def close(self) -> None:
        """Stop the worker, close log and shard, give the folder free."""
        self._stopping = True
        self._wake.set()
        self._room.stop()
        if self._thread is not None:
            self._thread.join()
        with self._writer:  # whoever applies at this moment reads the log as well
            self.log.close()
            self._partition.close()
