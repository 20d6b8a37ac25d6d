"""The numbered steps of a batch (design.md). The order is the guarantee.

1. take a batch, check it against the ledger, drop what was applied before
2. decode each upload; reduce to the greatest version per document inside the batch
3. begin; drop documents not newer than stored; delete the old rows, insert the new ones
4. note the marks of old and new rows; run the set- and session-level models
5. run the conditions of that lane and fold the alerts; append changes to the outbox
6. write rejections and the ledger row; commit; then acknowledge
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.alerts.lane import run_session_lane
from pipeline.alerts.rules import Rules
from pipeline.catalogue.loader import Catalogue
from pipeline.errors import GapError
from pipeline.log.base import Batch, Logged
from pipeline.models.heart_rate_day import add_heart_rate_marks
from pipeline.models.recovery import run_reading_models
from pipeline.models.runner import MODEL_VERSION, run_day_models, run_session_models
from pipeline.record import WITHDRAWAL, unpack_items
from pipeline.sources.columns import Decoded
from pipeline.sources.decode import decode_records
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.rows import Item, RowBuilder
from pipeline.store.connection import Connection
from pipeline.store.shard import Shard
from pipeline.worker.auto_sessions import group_touched
from pipeline.worker.days import add_marks, mark_days
from pipeline.worker.lookup import DocumentFilter
from pipeline.worker.marked_days import NOBODY, run_marked_models, run_marked_rules, take_next_marks
from pipeline.worker.marks import NEIGHBOURS, merge_sessions, refresh_masses, swap_rows, touch_sessions
from pipeline.worker.measures import Measures, taken_of
from pipeline.worker.names import Names
from pipeline.worker.profiles import refresh_profiles
from pipeline.worker.stage import Staged, stage
from pipeline.worker.withdraw import Histories, stage_withdrawal
from pipeline.worker.zones import Zones

Fault = Callable[[str], None]
Decode = Callable[[Batch], Decoded]

_EPOCH = datetime(1970, 1, 1)
EXCERPT_BYTES = 800
KEYS_AT_ONCE = 1 << 20
CRASH: Final = "worker_crash"  # the reason
CRASH_MESSAGE = (
    "the worker died three times on this record; it is kept in the log, and `spotter rebuild` tries it again"
)


SETTLING, TELLING = "inside:settle", "inside:note_published"
COMMITTING = ("inside:6", SETTLING, TELLING)  # the points right before a commit


def no_fault(point: str) -> None:
    """The fault hook of ordinary runs: nothing happens at any point."""


def decode_batch(batch: Batch) -> Decoded:
    """The columns of a batch, from its records."""
    return decode_records(batch.records)


class Engine:
    """Applies batches of one partition to one shard. Not thread-safe: one writer per shard."""

    def __init__(
        self,
        shard: Shard,
        catalogue: Catalogue,
        rules: Rules,
        histories: Histories,
        *,
        partition: int,
        measures: Measures | None = None,
    ) -> None:
        self.shard, self.catalogue, self.rules, self.histories = shard, catalogue, rules, histories
        self.measures = measures or Measures()
        connection = shard.connection
        if not connection.execute("select count(*) from base.ledger").fetchall()[0][0]:
            connection.execute(
                "insert into base.ledger values (?, 0, 0, 0, 0, ?, ?, ?)",
                (partition, MODEL_VERSION, rules.version, catalogue.version),
            )
        self._load()

    def _load(self) -> None:
        """Everything held in memory is read from the file, so a lost batch leaves nothing behind."""
        connection = self.shard.connection
        self.names = Names(connection, self.catalogue)
        self.zones = Zones(connection)
        (documents,) = connection.execute("select count(*) from base.document").fetchall()[0]
        self.known = DocumentFilter(count=documents)
        for keys in connection.chunks("select doc_key from base.document", KEYS_AT_ONCE):
            self.known.add(keys["doc_key"].to_numpy())
        self.clocks: dict[str, datetime] = dict(
            connection.execute("select tenant_id, now_at from base.clock").fetchall()
        )
        self.doors: dict[int, set[tuple[str, int]]] = {}
        for athlete, source, origin in connection.execute(
            "select distinct athlete_no, source, origin from mart.session"
        ).fetchall():
            self.doors.setdefault(athlete, set()).add((source, origin))
        self.note_heart_rates()
        self.velocities = bool(
            connection.execute("select count(*) from base.set_log where rep_velocities_m_s is not null").fetchall()[0][
                0
            ]
        )

    @property
    def next_offset(self) -> int:
        """The offset of the first record that is not applied yet."""
        return int(self.shard.connection.execute("select next_offset from base.ledger").fetchall()[0][0])

    def note_heart_rates(self) -> None:
        """Whether the shard holds any samples; without, nobody looks for those of a session."""
        found = self.shard.connection.execute("select 1 from base.heart_rate_log limit 1").fetchall()
        self.heart_rates = bool(found)

    def recover(self) -> None:
        """After a batch was abandoned: forget what it left in memory."""
        self._load()

    def apply(
        self,
        batch: Sequence[Logged],
        fault: Fault = no_fault,
        *,
        decode: Decode = decode_batch,
    ) -> int:
        """Apply one batch; returns the new next offset. ``decode`` may know columns that were made before."""
        begun = time.monotonic()
        fault("before:1")
        batch = self._fresh(Batch.of(batch))
        fault("inside:1")
        if not batch:
            return self.next_offset
        fault("after:1")
        fault("before:2")
        decoded = decode(batch)
        fault("inside:2")
        with self.shard.transaction() as connection:
            staged = self._stage(connection, batch, decoded)
            taken = taken_of(batch.headers, staged)
            del decoded  # a large batch is not held twice while the models run
            fault("after:2")
            fault("before:3")
            self._store(connection, staged, fault)
            fault("before:4")
            moved = self._note(connection, staged)
            fault("inside:4")
            self._model(connection, moved)
            fault("after:4")
            fault("before:5")
            run_session_lane(connection, rules=self.rules, log_offset=staged.next_offset, model_version=MODEL_VERSION)
            fault("inside:5")
            fault("after:5")
            fault("before:6")
            self._close(connection, staged)
            self.known.add(staged.new_keys)
            fault("inside:6")
            closing = time.monotonic()
        self.measures.committed(taken, begun, closing)
        if self.known.full:
            self._load()
        pa.default_memory_pool().release_unused()  # else the columns of a large batch stay beside the next ones
        fault("after:6")
        return staged.next_offset

    def _fresh(self, batch: Batch) -> Batch:
        """Step 1: what lies below the ledger is a replay and is dropped; a hole stops the worker."""
        start = self.next_offset
        fresh = batch.since(start)
        expected = np.arange(start, start + len(fresh))
        if (holes := np.flatnonzero(fresh.offsets != expected)).size:
            raise GapError(
                f"the log has a hole: offset {expected[holes[0]]} is missing, {fresh.offsets[holes[0]]} came next",
                "records were removed from the log, or the log does not belong to this shard",
                "restore the log, or the newest snapshot that reaches beyond the hole",
            )
        return fresh

    def _store(self, connection: Connection, staged: Staged, fault: Fault) -> None:
        """Step 3: new athletes and exercises, then the swap of old rows for new ones."""
        self.names.write_new(connection)
        staged.sets = self.zones.resolve(staged.sets, [("performed_at", "performed_local")])
        staged.sessions = self.zones.resolve(staged.sessions, [("start_at", "start_local"), ("end_at", "end_local")])
        staged.events = self._local_days(self.zones.resolve(staged.events, [("measured_at", "measured_local")]))
        self.heart_rates |= staged.samples.num_rows > 0
        self.velocities |= staged.sets["rep_velocities_m_s"].null_count < staged.sets.num_rows
        fault("inside:3")
        swap_rows(connection, staged)
        staged.let_go()
        fault("after:3")

    @staticmethod
    def _local_days(events: pa.Table) -> pa.Table:
        found = pc.coalesce(events["local_day"], events["measured_local"].cast(pa.date32()))
        return events.set_column(events.column_names.index("local_day"), "local_day", found)

    def _stage(self, connection: Connection, batch: Batch, decoded: Decoded) -> Staged:
        """A withdrawal comes alone (``batches`` cuts there) and is staged from the log's history."""
        if len(batch.headers.where(WITHDRAWAL)):
            return stage_withdrawal(connection, batch[0], self.histories, self.names, self.known)
        return stage(connection, batch, decoded, self.names, self.known)

    def _note(self, connection: Connection, staged: Staged) -> list[str]:
        """Clocks, profiles and body masses reach beyond their own rows; returns tenants whose clock moved."""
        moved = self._take_clock(connection, staged)
        refresh_profiles(connection, self.zones)
        refresh_masses(connection)
        return moved

    def _model(self, connection: Connection, moved: list[str]) -> None:
        """Step 4: marks, then the set- and session-level models over them."""
        touch_sessions(connection)
        group_touched(connection)
        several = self._note_doors(connection)
        if several:
            group_touched(connection)
        self.run_models(connection, moved_tenants=moved, several_doors=several)

    def apply_facts(self, connection: Connection, batch: Batch, decoded: Decoded) -> None:
        """Facts and ledger of a batch alone, inside the caller's transaction; models follow for all (rebuild)."""
        staged = self._stage(connection, batch, decoded)
        self._store(connection, staged, no_fault)
        self._note(connection, staged)
        self._close(connection, staged)
        self.known.add(staged.new_keys)

    def run_models(self, connection: Connection, *, moved_tenants: list[str], several_doors: bool) -> None:
        """Session and day models over ``touched_session`` and the tenants whose clock moved."""
        run_reading_models(connection)
        run_session_models(connection, velocities=self.velocities, supersede=several_doors)
        connection.register("moved_tenant", pa.table({"tenant_id": pa.array(moved_tenants, pa.string())}))
        connection.execute(
            "create or replace temp table touched_athlete as"
            " select athlete_no from touched_session union select athlete_no from old_session"
            " union select athlete_no from touched_event"
            " union select s.athlete_no from base.athlete_span s join base.athlete a on s.athlete_no = a.athlete_no"
            " join moved_tenant m on a.tenant_id = m.tenant_id"
        )
        connection.unregister("moved_tenant")
        connection.execute(
            "create or replace temp table touched_rule_input as"
            " select t.athlete_no,"
            " if(t.kind = 'athlete', s.first_day, coalesce(t.day, t.local_day)) as from_day"
            " from touched_event t left join base.athlete_span s on t.athlete_no = s.athlete_no"
            " where t.kind in ('athlete', 'plan', 'declaration')"
        )
        mark_days(connection, self.names, self.zones, self.clocks)
        run_day_models(connection)
        add_marks(connection)
        if self.heart_rates:
            add_heart_rate_marks(connection)

    def _take_clock(self, connection: Connection, staged: Staged) -> list[str]:
        moved = []
        for tenant, at_us in staged.clock.items():
            now = _EPOCH + timedelta(microseconds=at_us)
            if tenant not in self.clocks or now > self.clocks[tenant]:
                self.clocks[tenant] = now
                moved.append(tenant)
                connection.execute("delete from base.clock where tenant_id = ?", (tenant,))
                connection.execute("insert into base.clock values (?, ?)", (tenant, now))
        return moved

    def _note_doors(self, connection: Connection) -> bool:
        """Athletes with sessions of several sources or doors get their neighbouring sessions looked at again."""
        touched = connection.execute(
            "select distinct athlete_no, source, origin from touched_row where origin is not null"
            " union select distinct athlete_no, source, 0 from touched_unnamed"
        ).fetchall()
        for athlete, source, origin in touched:
            self.doors.setdefault(athlete, set()).add((source, origin))
        present = {row[0] for row in connection.execute("select distinct athlete_no from touched_session").fetchall()}
        several = [athlete for athlete in present if len(self.doors.get(athlete, ())) > 1]
        if not several:
            return False
        connection.register("several_doors", pa.table({"athlete_no": pa.array(several, pa.int32())}))
        merge_sessions(connection, NEIGHBOURS)
        connection.unregister("several_doors")
        return True

    def _close(self, connection: Connection, staged: Staged) -> None:
        """Step 6: rejections, ignored rows, uploads and the ledger, in the same transaction as the data."""
        for table, rows in (
            ("rejected", staged.rejected),
            ("ignored", staged.ignored),
            ("upload", staged.uploads),
        ):
            if rows.num_rows:
                connection.register("rows", rows)
                connection.execute(f"insert into base.{table} by name select * from rows")
                connection.unregister("rows")
        connection.execute(
            "update base.ledger set next_offset = ?, items = items + ?, superseded = superseded + ?,"
            " conflicts = conflicts + ?",
            (staged.next_offset, staged.items, staged.superseded, staged.conflicts),
        )

    def put_aside(self, logged: Logged) -> int:
        """Every item of a record that killed the worker becomes a ``rejected`` row, and the ledger moves on."""
        return self.apply([logged], decode=lambda _: crash_rows(logged))

    def settle(self, fault: Fault = no_fault, after: int = NOBODY) -> int | None:
        """The day-level lane over the marks of some athletes behind ``after``, in a transaction of its own.

        The last of these athletes; None if nobody is marked behind them.
        """
        connection = self.shard.connection
        if not _is_marked(connection, after):
            return None
        with self.measures.day_lane.time(), self.shard.transaction():
            last = take_next_marks(connection, after)
            found = run_marked_models(connection, self.rules)
            run_marked_rules(connection, self.rules, found, self.next_offset)
            fault(SETTLING)
        return last if last is not None and _is_marked(connection, last) else None


def _is_marked(connection: Connection, after: int) -> bool:
    """Whether days of an athlete behind ``after`` wait to be worked out."""
    return bool(connection.execute("select 1 from base.mark where athlete_no > ? limit 1", [after]).fetchall())


def crash_rows(logged: Logged) -> Decoded:
    """A record as rejected items; it stays in the log, so a rebuild by a version that can read it repairs this."""
    builder = RowBuilder()
    source = logged.record.head().source
    for index in unpack_items(logged.record.items):
        builder.reject(
            Item(0, index, logged.record.athlete, source),
            Problem(CRASH, None, CRASH_MESSAGE),
            excerpt(logged.record.payload[:EXCERPT_BYTES]),
        )
    return builder.finish()


def apply_batch(
    engine: Engine, batch: Sequence[Logged], fault: Fault = no_fault, *, decode: Decode = decode_batch
) -> int:
    """Apply a batch through the numbered steps; an exception leaves the shard as it was before."""
    try:
        return engine.apply(batch, fault, decode=decode)
    except Exception as error:
        try:
            engine.recover()
        except Exception as second:  # a database that was given up: the first error says why
            raise error from second
        raise
