"""What owns one shard: opened under its own lock, moved by batches, built anew from the log when it is damaged.

Not thread-safe but for ``read``: whoever calls the rest holds the one right to write. The embedded service has
one of these, a worker of a cluster one for each partition it was given.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO

import structlog

from pipeline import disk
from pipeline.alerts.outbox import note_delivered
from pipeline.alerts.own_condition import OwnRuleError
from pipeline.alerts.rules import Rules
from pipeline.catalogue.loader import Catalogue
from pipeline.clock import Clock
from pipeline.errors import BehindError, DamagedError
from pipeline.log.base import Log, Logged
from pipeline.models.runner import MODEL_VERSION
from pipeline.store.compare import Difference
from pipeline.store.connection import Connection
from pipeline.store.failure import is_damage, is_out_of_memory, is_storage_failure
from pipeline.store.shard import Shard, put_aside, remove_files, settle_file, sync_folder
from pipeline.store.snapshot_store import SnapshotStore
from pipeline.worker.apply import TELLING, Decode, Engine, Fault, apply_batch, decode_batch, no_fault
from pipeline.worker.fresh import catalogue_of, require_reach
from pipeline.worker.gate import Gate
from pipeline.worker.marked_days import NOBODY
from pipeline.worker.measures import Measures
from pipeline.worker.place import Place
from pipeline.worker.poison import Attempts
from pipeline.worker.rebuild import batches, build, differences, run_everything_under
from pipeline.worker.rules_in_force import RulesInForce
from pipeline.worker.takeover import publish, restore

KEPT_TABLES = ("alert_sent", "alert_delivered", "outbox", "outbox_published")  # what was handed out; no log tells it

log = structlog.get_logger("spotter.worker")

_NEWS = """
select seq, alert_id, revision, state, log_offset, payload
from base.outbox
where seq > coalesce((select max(seq) from base.outbox_published), 0)
order by seq
limit ?
"""


class Partition:
    """One partition's shard and all that changes it. ``lock`` is held until ``close``."""

    def __init__(
        self,
        place: Place,
        log: Log,
        clock: Clock,
        in_force: RulesInForce,
        lock: IO[str],
        *,
        fault: Fault = no_fault,
        decode: Decode = decode_batch,
        measures: Measures | None = None,
        snapshots: SnapshotStore | None = None,
    ) -> None:
        self.place, self.log, self.in_force, self.snapshots = place, log, in_force, snapshots
        self.measures = measures or Measures()
        self.readers = Gate()
        self._publishing: Connection | None = None
        self._doubtful = False
        self.attempts = Attempts(place.data / place.attempts_name)
        self._clock, self._lock, self.fault, self._decode = clock, lock, fault, decode
        self.open()

    @property
    def next_offset(self) -> int:
        """The offset of the first record that is not applied yet."""
        return self.engine.next_offset

    def catalogue(self) -> Catalogue:
        """The catalogue as the folder has it."""
        return catalogue_of(self.place.data)

    # open, damage, rebuild

    def open(self) -> None:
        """Open the shard; one that is missing, damaged or behind the log's retention begins from the newest snapshot.

        Without a snapshot it is built from the log. Raises GapError when neither holds the records before it.
        """
        place = self.place
        first = self.log.first_offset(place.partition)
        missing = not place.shard.exists() and self.log.end_offset(place.partition) > 0
        remove_files(place.data, f"{place.shard_name}.new*")
        if missing and self._restore(first):
            missing = False
        try:
            if missing:
                raise DamagedError("the shard is missing", "its file is not there", "it is built from the log")
            self._open_file(first)
        except BehindError:
            if not self._restore(first):
                raise
            self._open_file(first)
        except Exception as error:
            if not is_damage(error):
                raise
            if place.shard.exists():
                put_aside(place.shard, self._clock.now())
            if self._restore(first):
                self._open_file(first)
            else:
                self._build_and_swap(self.catalogue())
        self.place.opened.touch()

    def _open_file(self, first: int) -> None:
        self.shard = shard = Shard(self.place.shard)
        try:
            self.engine = self._new_engine(shard, self.catalogue())
            if self.next_offset < first:
                raise BehindError.of(self.place.log_name, self.place.partition, self.next_offset, first)
            if self.place.opened.exists():  # opening reads a part of the file, and damage may lie in the rest
                log.info(
                    "the shard was not closed when it was used last; all of it is read", shard=self.place.shard_name
                )
                shard.verify()
            self._check_versions()
        except BaseException:
            self.shard.close()
            raise

    def _restore(self, first: int) -> bool:
        place = self.place
        return self.snapshots is not None and (
            restore(self.snapshots, place.partition, place.shard, first_offset=first) is not None
        )

    def publish(self) -> int:
        """Copy the shard to the snapshot store while work on it goes on; the offset the copy stands for.

        From any thread, one at a time. Raises StorageError, and duckdb.InterruptException when the shard is closed.
        """
        assert self.snapshots is not None
        with self.readers.reading(), contextlib.closing(self.shard.reader()) as reader:
            self._publishing = reader
            try:
                return publish(self.snapshots, self.place.partition, reader, self.place.data, self._clock).next_offset
            finally:
                self._publishing = None

    def _new_engine(self, shard: Shard, catalogue: Catalogue) -> Engine:
        return Engine(
            shard,
            catalogue,
            self.in_force.rules,
            self._history,
            partition=self.place.partition,
            measures=self.measures,
        )

    def _history(self, tenant: str, athlete: str, end: int) -> Iterator[Logged]:
        return self.log.read_athlete(self.place.partition, tenant, athlete, end)

    def _check_versions(self) -> None:
        """A changed catalogue, model or rule set works history out again from the stored facts."""
        connection = self.shard.connection
        stored = connection.execute(
            "select next_offset, model_version, rule_version, catalogue_version from base.ledger"
        ).fetchall()[0]
        end = self.log.end_offset(self.place.partition)
        require_reach(end, stored[0], self.place.shard_name, self.place.log_name)
        if self.shard.facts_are_old:
            self._build_and_swap(self.engine.catalogue, keep=self.shard)
            return
        if stored[1:] == (MODEL_VERSION, self.in_force.rules.version, self.engine.catalogue.version):
            return
        if stored[3] != self.engine.catalogue.version:
            with self.shard.transaction():
                self.engine.names.remap(connection)
        self.recompute()

    def recompute(self) -> None:
        """Work models and rules out again from the stored facts, as after a change of either."""
        self.shard.widen()
        run_everything_under(self.in_force, self.engine)
        with self.readers.alone():  # opened anew, it gives the room back
            self.shard.close()
            self.shard = Shard(self.place.shard)
        self.engine = self._new_engine(self.shard, self.engine.catalogue)

    def _build_and_swap(self, catalogue: Catalogue, keep: Shard | None = None) -> None:
        """Build a shard from the log under another name, then put it in place.

        From what the log holds now: uploads without end would keep it building for ever.
        """
        place = self.place
        if (first := self.log.first_offset(place.partition)) > 0:
            raise BehindError.of(place.log_name, place.partition, 0, first)
        end = self.log.end_offset(place.partition)
        fresh = place.data / f"{place.shard_name}.new"

        def work(rules: Rules) -> None:
            remove_files(place.data, f"{place.shard_name}.new*")
            kept = {name: keep.connection.table(f"select * from base.{name}") for name in KEPT_TABLES} if keep else None
            build(fresh, self.log, catalogue, rules, partition=place.partition, end=end, kept=kept).close()

        try:
            with keep.narrowed() if keep else contextlib.nullcontext():
                self.in_force.run(work)
            settle_file(fresh)
        except BaseException:  # half a shard must not keep the room that was missing
            remove_files(place.data, f"{place.shard_name}.new*")
            raise
        with self.readers.alone():  # a cursor that is still open would make DuckDB hand out the old file again
            if keep is not None:
                keep.close()
            remove_files(place.data, f"{place.shard_name}.wal")
            fresh.replace(place.shard)
            sync_folder(place.data)
            self.shard = Shard(place.shard)
        self.engine = self._new_engine(self.shard, catalogue)

    def revive(self) -> None:
        """Open the shard anew: DuckDB may have given it up. Without room, one that can be read is kept for readers."""
        if self.shard.is_usable() and disk.free_bytes(self.place.data) < disk.FREE_BYTES_MIN:
            self.engine.recover()
            return
        with self.readers.alone():
            self.shard.close()
        self.open()

    def rebuild(self) -> None:
        """Work everything out again from the log and put it in the shard's place; the day-level lane is left to do."""
        self.in_force.try_again()
        self._build_and_swap(self.catalogue(), keep=self.shard)
        while self.apply_next():
            pass

    # batches

    def apply_next(self) -> bool:
        """Apply what the log holds next; false when it holds nothing more."""
        batch = next(batches(self.log, self.place.partition, self.next_offset), None)
        if batch is None:
            return False
        self.apply(batch)
        return True

    def apply(self, batch: Sequence[Logged]) -> None:
        """Apply a batch in one transaction, or its first record alone while the cause of a death is looked for.

        The ledger says how far it came; nothing of it may be done when memory lacked and more is allowed now.
        """
        try:
            self.attempts.apply(
                batch,
                lambda part: apply_batch(self.engine, part, self.fault, decode=self._decode),
                self.engine.put_aside,
            )
        except Exception as error:
            if self.shard.more_memory(error):
                self.attempts.again()
                return
            self._doubt(error)
            if is_storage_failure(error) and not is_out_of_memory(error):  # memory without end may be a record's doing
                self.attempts.forgive()
            raise

    def settle(self, stopping: Callable[[], bool]) -> bool:
        """Bring the day-level lane to where the other one stands; false if it was ``stopping`` before."""
        after = NOBODY
        while (last := self.settle_some(after)) is not None:
            after = last
            if stopping():
                return False  # what is still marked is worked out at the next start
        return True

    def settle_some(self, after: int) -> int | None:
        """A piece of the day-level lane: some of the marked athletes behind ``after``.

        The last of them, for the next piece; None when nobody is left, and so everybody who was marked when the first
        piece began has had a turn.
        """
        try:
            return self.shard.with_room(lambda: self.engine.settle(self.fault, after))
        except OwnRuleError as error:
            self.leave_out(error)
            return None
        except Exception as error:
            self._doubt(error)
            raise

    def _doubt(self, error: Exception) -> None:
        """What may come from a damaged file has it read whole at the next start."""
        self._doubtful = self._doubtful or is_damage(error)

    def leave_out(self, error: OwnRuleError) -> None:
        """Go on without a rule of the gym's own that failed, as if it had never been there."""
        self.in_force.leave_out(error)
        run_everything_under(self.in_force, self.engine)

    def checkpoint_if_due(self) -> None:
        """Fold the WAL into the file when it has grown; between batches only."""
        self.shard.checkpoint_if_due()

    # read

    def news(self, most: int) -> list[dict[str, object]]:
        """What stands in the outbox and was not published yet, in order; safe from any thread."""
        return self.read(_NEWS, [most])

    def note_published(self, news: Sequence[dict[str, object]]) -> None:
        """Remember that these were published: somebody may have heard of them."""
        told = [(str(row["alert_id"]), str(row["revision"]), self._clock.now()) for row in news]
        with self.shard.transaction() as connection:
            note_delivered(connection, told)
            connection.execute("delete from base.outbox_published")
            connection.execute("insert into base.outbox_published values (?)", [news[-1]["seq"]])
            self.fault(TELLING)

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        """Rows of a trusted query on committed data; safe from any thread."""
        with self.readers.reading(), contextlib.closing(self.shard.reader()) as cursor:
            return cursor.records(sql, list(parameters))

    def differences(self) -> list[Difference]:
        """Build what was applied into a scratch file and name every difference; raises OwnRuleError."""
        place = self.place
        return differences(
            self.shard,
            place.data,
            self.log,
            self.catalogue(),
            self.in_force.rules,
            self.next_offset,
            partition=place.partition,
        )

    def close(self) -> None:
        """Close the file, then give the lock free: nobody may find it free while the file is still open."""
        if (reader := self._publishing) is not None:
            reader.interrupt()
        with self.readers.alone():
            self.shard.close()
        if not self._doubtful:
            self.place.opened.unlink(missing_ok=True)
        self._lock.close()
