"""One process that owns a data folder: log, shard, worker and readers.

``Embedded.open`` takes the folder's lock, so there is one owner at a time; readers in the same
process use cursors, everybody else goes through the owner or reads snapshots.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from pipeline import disk
from pipeline.alerts.own_condition import OwnRuleError
from pipeline.alerts.rules import Rules
from pipeline.catalogue.loader import Catalogue
from pipeline.clock import Clock, SystemClock
from pipeline.errors import BusyError, DamagedError, DiskFullError
from pipeline.log.base import EMBEDDED_PARTITION, Logged
from pipeline.log.sqlite import SqliteLog
from pipeline.models.runner import MODEL_VERSION
from pipeline.record import Record, withdrawal_of
from pipeline.sources.columns import Decoded
from pipeline.store.compare import Difference
from pipeline.store.failure import is_damage, is_out_of_memory, is_storage_failure, storage_failure
from pipeline.store.pointer import FOLDER
from pipeline.store.shard import Shard, put_aside, remove_files, settle_file, sync_folder
from pipeline.store.snapshot import remove_snapshots, write_snapshot
from pipeline.worker.apply import Engine, Fault, apply_batch, no_fault
from pipeline.worker.fresh import LOG_NAME, aliases_of, fresh_snapshot, require_log, require_reach
from pipeline.worker.gate import Gate
from pipeline.worker.handover import Handover
from pipeline.worker.poison import Attempts
from pipeline.worker.reached import Reached
from pipeline.worker.rebuild import batches, build, differences, run_everything_under
from pipeline.worker.room import Room, patiently
from pipeline.worker.rules_in_force import RulesInForce

SHARD_NAME = "shard-0.duckdb"
LOCK_NAME = "lock"
ATTEMPTS_NAME = "attempts.json"
IDLE_S = 0.25  # the background worker looks at the log at least this often
GARBAGE_OBJECTS = 50_000  # the default, 700, walks through every waiting answer again and again
KEPT_TABLES = ("alert_sent", "alert_delivered", "outbox")  # what was handed out; no log tells it


class Embedded:
    """The embedded service (contract for the door, the command line and the tests)."""

    def __init__(self, data: Path, clock: Clock, lock: IO[str], fault: Fault) -> None:
        self.data, self.clock, self._lock_file, self._fault = data, clock, lock, fault
        self.log = SqliteLog(data / LOG_NAME)
        self.in_force = RulesInForce(data)
        self._writer = threading.RLock()  # whoever holds it may write the shard
        self._readers = Gate()
        self._wake = threading.Event()
        self._reached = Reached()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        self._attempts = Attempts(data / ATTEMPTS_NAME)
        self._handover = Handover()
        self._room = Room()
        self._open_shard()

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
        disk.check(data, (LOCK_NAME, LOG_NAME, SHARD_NAME, f"{SHARD_NAME}.wal", ATTEMPTS_NAME), (FOLDER,))
        require_log(data)  # before an empty one is made in its place
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / LOCK_NAME).open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise BusyError(
                f"the data folder {data} is in use",
                "another Spotter process owns it and did not answer on its socket",
                "stop that process, or wait until it is done",
            ) from error
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

    def _catalogue(self) -> Catalogue:
        return Catalogue.load(extra=aliases_of(self.data))

    def _open_shard(self) -> None:
        catalogue = self._catalogue()
        missing = not self.shard_path.exists() and self.log.end_offset(EMBEDDED_PARTITION) > 0
        remove_files(self.data, f"{SHARD_NAME}.new*")
        shard: Shard | None = None
        try:
            if missing:
                raise DamagedError("the shard is missing", "its file is not there", "it is built from the log")
            self._shard = shard = Shard(self.shard_path)
            self._engine = self._new_engine(shard, catalogue)
            self._check_versions()
        except Exception as error:
            if shard is not None:
                shard.close()
            if not is_damage(error):
                raise
            if self.shard_path.exists():
                put_aside(self.shard_path, self.clock.now())
            self._build_and_swap(catalogue)

    def _new_engine(self, shard: Shard, catalogue: Catalogue) -> Engine:
        return Engine(shard, catalogue, self.rules, self._history)

    def _history(self, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        return self.log.read_athlete(EMBEDDED_PARTITION, tenant, athlete, end)

    def _check_versions(self) -> None:
        """A changed catalogue, model or rule set works history out again from the stored facts."""
        connection = self._shard.connection
        stored = connection.execute(
            "select next_offset, model_version, rule_version, catalogue_version from base.ledger"
        ).fetchall()[0]
        require_reach(self.log.end_offset(EMBEDDED_PARTITION), stored[0], self.shard_path.name)
        if self._shard.facts_are_old:
            self._build_and_swap(self._engine.catalogue, keep=self._shard)
            return
        if stored[1:] == (MODEL_VERSION, self.rules.version, self._engine.catalogue.version):
            return
        if stored[3] != self._engine.catalogue.version:
            with self._shard.transaction():
                self._engine.names.remap(connection)
        run_everything_under(self.in_force, self._engine)

    def _build_and_swap(self, catalogue: Catalogue, keep: Shard | None = None) -> None:
        """Build a shard from the log under another name, then put it in place."""
        fresh = self.data / f"{SHARD_NAME}.new"

        def work(rules: Rules) -> None:
            remove_files(self.data, f"{SHARD_NAME}.new*")
            kept = {name: keep.connection.table(f"select * from base.{name}") for name in KEPT_TABLES} if keep else None
            build(fresh, self.log, catalogue, rules, kept=kept).close()

        try:
            self.in_force.run(work)
            settle_file(fresh)
        except BaseException:  # half a shard must not keep the room that was missing
            remove_files(self.data, f"{SHARD_NAME}.new*")
            raise
        with self._readers.alone():  # a cursor that is still open would make DuckDB hand out the old file again
            if keep is not None:
                keep.close()
            remove_files(self.data, f"{SHARD_NAME}.wal")
            fresh.replace(self.shard_path)
            sync_folder(self.data)
            self._shard = Shard(self.shard_path)
        self._engine = self._new_engine(self._shard, catalogue)

    # door

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

    # workshop

    def apply_all(self) -> None:
        """Apply what the log holds, both lanes, before returning."""
        with self._writer, self._in_words():
            while self._apply_some():
                self._shard.checkpoint_if_due()
            self._settle()
            self._shard.checkpoint_if_due()

    def _settle(self) -> None:
        """Bring the day-level lane to where the other one stands, and tell those who wait for it."""
        try:
            while self._shard.with_room(self._engine.settle):
                if self._stopping:
                    return  # what is still marked is worked out at the next start
        except OwnRuleError as error:
            self.in_force.leave_out(error)
            run_everything_under(self.in_force, self._engine)
        self._reached.tell(self._engine.next_offset)

    def _apply_some(self) -> bool:
        batch = next(batches(self.log, self._engine.next_offset), None)
        if batch is None:
            return False
        try:
            self._attempts.apply(
                batch,
                lambda part: apply_batch(self._engine, part, self._fault, decode=self._decode),
                self._engine.put_aside,
            )
        except Exception as error:
            if self._shard.more_memory(error):
                self._attempts.again()
                return True  # the same batch is read again
            if is_storage_failure(error) and not is_out_of_memory(error):  # memory without end may be a record's doing
                self._attempts.forgive()
            raise
        return True

    def _decode(self, batch: Sequence[Logged]) -> Decoded:
        """Columns of a batch that was read for this alone: its payloads are not held while the models run."""
        decoded = self._handover.columns_of(batch)
        for logged in batch:
            logged.record.payload = b""
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
                    if not is_storage_failure(error):
                        raise
                    problem = storage_failure(error, self.data)
                    if not isinstance(problem, DiskFullError):  # only want of room passes by itself
                        raise problem from error
                    self._room.missing(problem)
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
                self._revive()
            busy = self._apply_some()
            if (not busy and self._reached.is_due()) or self._reached.is_wanted(self._engine.next_offset):
                self._settle()
            self._shard.checkpoint_if_due()
        return busy

    def _revive(self) -> None:
        """Open the shard anew: DuckDB may have given it up. Without room, one that can be read is kept for readers."""
        if self._shard.is_usable() and disk.free_bytes(self.data) < disk.FREE_BYTES_MIN:
            self._engine.recover()
            return
        with self._readers.alone():
            self._shard.close()
        self._open_shard()

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

    # cellar

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Rows of a trusted query on committed data; safe from any thread."""
        with self._in_words():
            return patiently(lambda: self._read(sql, parameters), self._shard.with_room)

    def _read(self, sql: str, parameters: Sequence[object]) -> list[dict[str, object]]:
        with self._readers.reading(), contextlib.closing(self._shard.reader()) as cursor:
            cursor.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

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
            self.in_force.try_again()
            self._build_and_swap(self._catalogue(), keep=self._shard)
            while self._apply_some():
                pass
            remove_snapshots(self.data)
            self._settle()

    def check(self) -> list[Difference]:
        """Apply the log to its end of now, rebuild that into a scratch file and name every difference."""
        wanted = self.log.end_offset(EMBEDDED_PARTITION)
        with self._writer, self._in_words():
            while self._engine.next_offset < wanted and self._apply_some():
                self._shard.checkpoint_if_due()
            end = self._engine.next_offset
            self._settle()
            try:
                return differences(self._shard, self.data, self.log, self._catalogue(), self.rules, end)
            except OwnRuleError as error:
                self.in_force.leave_out(error)
                run_everything_under(self.in_force, self._engine)
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
            self._shard.close()
        self._lock_file.close()
