"""Work a shard out again from the log: facts first, then models and rules, athletes in slices."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.alerts.day_rules import DayFindings
from pipeline.alerts.lane import run_session_lane
from pipeline.alerts.outbox import withdraw_lost
from pipeline.alerts.rules import Rules
from pipeline.catalogue.loader import Catalogue
from pipeline.log.base import Batch, Log, Logged
from pipeline.models.runner import MODEL_VERSION
from pipeline.record import WITHDRAWAL
from pipeline.sources.columns import Decoded
from pipeline.store.compare import Difference, compare
from pipeline.store.connection import Connection
from pipeline.store.shard import Shard, remove_files
from pipeline.worker.apply import Engine, crash_rows, decode_batch
from pipeline.worker.auto_sessions import group_touched
from pipeline.worker.days import DATA_KINDS
from pipeline.worker.handover import ROW_BYTES
from pipeline.worker.marked_days import run_marked_models, run_marked_rules, take_next_marks
from pipeline.worker.rules_in_force import RulesInForce

BATCH_ITEMS_MAX = 150_000  # of a worker that is behind: what fills whole row groups is written once, not twice
BATCH_BYTES_MAX = 64 << 20
FACTS_ITEMS_MAX = 25_000  # of a rebuild, whose transactions hold several batches and which decodes ahead
FACTS_SETS_MAX = 200_000  # sets of one transaction while facts are loaded, or what takes as much room
SLICE_SETS_MAX = 250_000  # sets whose models run together
SLICES_BEFORE_CHECKPOINT = 8
_WRITERS = 2  # slices at work side by side
_DECODERS = 1  # threads that decode ahead of the shard; a second one only waits for the interpreter, and holds a batch

_DATA = ", ".join(f"'{kind}'" for kind in DATA_KINDS)


def batches(
    log: Log,
    partition: int,
    start: int,
    end: int | None = None,
    alone: frozenset[int] = frozenset(),
    *,
    items_max: int = BATCH_ITEMS_MAX,
) -> Iterator[Batch]:
    """Batches of a partition from ``start`` on, cut so that withdrawals and the offsets ``alone`` stand alone."""
    offset = start
    while end is None or offset < end:
        read = Batch.of(log.read(partition, offset, items_max=items_max, bytes_max=BATCH_BYTES_MAX))
        if end is not None:
            read = read.below(end)
        if not read:
            return
        read = read[: length_of_batch(read, alone)]
        yield read
        offset = read.next_offset


def length_of_batch(read: Batch, alone: frozenset[int] = frozenset()) -> int:
    """How many of some records may be applied together, so that withdrawals and the offsets ``alone`` stand alone."""
    found = read.headers.where(WITHDRAWAL)
    if alone:
        found = np.union1d(found, np.flatnonzero(np.isin(read.offsets, list(alone))))
    return max(int(found[0]), 1) if found.size else len(read)


def build(
    path: Path,
    log: Log,
    catalogue: Catalogue,
    rules: Rules,
    *,
    partition: int,
    end: int | None = None,
    kept: dict[str, pa.Table] | None = None,
    put_aside: frozenset[int] = frozenset(),
) -> Shard:
    """A new shard at ``path`` from the partition's log below ``end``; equal to the one that was built batch by batch.

    ``kept`` are rows of the old shard's tables that no log tells: what was handed out already, so
    that a rebuild sends nothing again. Records at the offsets ``put_aside`` are not decoded.
    """
    shard = Shard(path, fsync=False)
    try:
        _fill(shard, log, partition, catalogue, rules, end, kept or {}, put_aside)
    except BaseException:  # the room it took is given back only when it is closed
        shard.close()
        raise
    return shard


def differences(
    shard: Shard, data: Path, log: Log, catalogue: Catalogue, rules: Rules, end: int, *, partition: int
) -> list[Difference]:
    """Build a scratch shard from the log below ``end`` and name every difference to the open one.

    Records that were put aside are left there; a rebuild tries them again.
    """
    aside = shard.connection.execute("select distinct log_offset from base.rejected where reason = 'worker_crash'")
    put_aside = frozenset(row[0] for row in aside.fetchall())
    scratch = data / f"scratch-{os.getpid()}.duckdb"
    remove_files(data, f"{scratch.name}*")
    try:
        build(scratch, log, catalogue, rules, partition=partition, end=end, put_aside=put_aside).close()
        with contextlib.closing(shard.reader()) as cursor:
            return compare(cursor, scratch)
    finally:
        remove_files(data, f"{scratch.name}*")


def _fill(
    shard: Shard,
    log: Log,
    partition: int,
    catalogue: Catalogue,
    rules: Rules,
    end: int | None,
    kept: dict[str, pa.Table],
    put_aside: frozenset[int],
) -> None:
    for table, rows in kept.items():
        shard.connection.register("kept_rows", rows)
        shard.connection.execute(f"insert into base.{table} by name select * from kept_rows")
        shard.connection.unregister("kept_rows")
    kept.clear()  # a tenth of the memory of a rebuild

    def history(tenant: str, athlete: str, to: int) -> Iterator[Logged]:
        return log.read_athlete(partition, tenant, athlete, to)

    engine = Engine(shard, catalogue, rules, history, partition=partition)
    _load_facts(
        engine, _decoded_ahead(batches(log, partition, 0, end, put_aside, items_max=FACTS_ITEMS_MAX), put_aside)
    )
    pa.default_memory_pool().release_unused()
    run_everything(engine)
    shard.checkpoint()


def _load_facts(engine: Engine, source: Iterator[tuple[Batch, Decoded]]) -> None:
    """Large transactions: what fills whole row groups goes to the file directly and not through the WAL."""
    more = True
    while more:
        more = False
        items = 0
        with engine.shard.transaction() as connection:
            for batch, decoded in source:
                engine.apply_facts(connection, batch, decoded)
                items += decoded.sets.num_rows + decoded.events.nbytes // ROW_BYTES
                if items >= FACTS_SETS_MAX:
                    more = True
                    break
        engine.shard.checkpoint_if_due()
        if engine.known.full:
            engine.recover()


def _decoded_ahead(source: Iterator[Batch], put_aside: frozenset[int]) -> Iterator[tuple[Batch, Decoded]]:
    """Decode beside the shard, in order: while one thread stores, which DuckDB does without the interpreter's lock,
    another decodes what comes next."""
    waiting: deque[tuple[Batch, Future[Decoded]]] = deque()
    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="decode-ahead") as pool:
        try:
            for batch in source:
                if batch[0].offset in put_aside:
                    waiting.append((batch, pool.submit(crash_rows, batch[0])))
                else:
                    waiting.append((batch, pool.submit(decode_batch, batch)))
                if len(waiting) > _DECODERS:
                    first, decoded = waiting.popleft()
                    yield first, decoded.result()
            while waiting:
                first, decoded = waiting.popleft()
                yield first, decoded.result()
        finally:
            for _, decoded in waiting:
                decoded.cancel()


def run_everything(engine: Engine) -> None:
    """All models and rules over the stored facts; marts of before are dropped."""
    connection = engine.shard.connection
    engine.shard.with_room(partial(_move_samples, engine.shard))
    engine.note_heart_rates()
    with engine.shard.transaction():
        engine.shard.empty_marts()
        for table in ("base.data_day", "base.athlete_span", "base.mark", "base.heart_rate_mark"):
            connection.execute(f"delete from {table}")
    engine.doors = {}
    for athlete, source, origin in connection.execute(
        "select athlete_no, source, origin from base.session_log"
        " union select athlete_no, source, 0::tinyint from base.set_log"
    ).fetchall():
        engine.doors.setdefault(athlete, set()).add((source, origin))
    groups = list(slices(connection))
    for first in range(0, len(groups), SLICES_BEFORE_CHECKPOINT):
        _run_slices(engine, groups[first : first + SLICES_BEFORE_CHECKPOINT])
        engine.shard.checkpoint_if_due()  # not while somebody writes
    with engine.shard.transaction():  # what was sent under rules or models of before and is no longer found
        withdraw_lost(connection, log_offset=engine.next_offset)
        connection.execute(  # only now: whoever dies before this begins again
            "update base.ledger set model_version = ?, rule_version = ?, catalogue_version = ?",
            (MODEL_VERSION, engine.rules.version, engine.catalogue.version),
        )


def run_everything_under(in_force: RulesInForce, engine: Engine) -> None:
    """The same under the rules in force, without those of the gym's own that fail on the stored data."""

    def work(rules: Rules) -> None:
        engine.rules = rules
        run_everything(engine)

    in_force.run(work)


def _move_samples(shard: Shard) -> None:
    with shard.transaction():
        shard.move_samples()


def slices(connection: Connection) -> Iterator[list[int]]:
    """Athletes in groups of at most ``SLICE_SETS_MAX`` sets (one athlete is never cut)."""
    rows = connection.execute(
        "select a.athlete_no, count(s.doc_key) from base.athlete a"
        " left join base.set_log s on a.athlete_no = s.athlete_no"
        " group by all order by all"
    ).fetchall()
    group: list[int] = []
    size = 0
    for athlete, sets in rows:
        if group and size + sets > SLICE_SETS_MAX:
            yield group
            group, size = [], 0
        group.append(athlete)
        size += sets
    if group:
        yield group


def _run_slices(engine: Engine, slices: list[list[int]]) -> None:
    """Slices side by side: while the rules of one run, which use one core, the models of the next do."""
    one_by_one = threading.Lock()
    end = engine.next_offset

    def work(athletes: list[int]) -> None:
        with contextlib.closing(engine.shard.second_writer()) as connection:
            engine.shard.with_room(partial(_run_models, engine, connection, athletes))
            with one_by_one:  # what is appended to the outbox gets the next numbers
                engine.shard.with_room(partial(_run_rules, engine, connection, end))
            while (found := engine.shard.with_room(partial(_run_marked_models, engine, connection))) is not None:
                with one_by_one:
                    engine.shard.with_room(partial(_run_marked_rules, engine, connection, found, end))

    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="slice") as pool:
        list(pool.map(work, slices))  # after a failure no further slice is begun


def _run_rules(engine: Engine, connection: Connection, end: int) -> None:
    with engine.shard.transaction(connection):
        run_session_lane(connection, rules=engine.rules, log_offset=end, model_version=MODEL_VERSION)


def _run_marked_models(engine: Engine, connection: Connection) -> DayFindings | None:
    with engine.shard.transaction(connection):
        if take_next_marks(connection, of_slice=True) is None:
            return None
        return run_marked_models(connection, engine.rules)


def _run_marked_rules(engine: Engine, connection: Connection, found: DayFindings, end: int) -> None:
    with engine.shard.transaction(connection):
        run_marked_rules(connection, engine.rules, found, end)


def _run_models(engine: Engine, connection: Connection, athletes: list[int]) -> None:
    with engine.shard.transaction(connection):
        _run_athletes(engine, connection, athletes)


def take_slice(connection: Connection, athletes: list[int]) -> None:
    """The athletes to the temp table ``slice``."""
    connection.register("slice_table", pa.table({"athlete_no": pa.array(athletes, pa.int32())}))
    connection.execute("create or replace temp table slice as select * from slice_table")
    connection.unregister("slice_table")


def _run_athletes(engine: Engine, connection: Connection, athletes: list[int]) -> None:
    run = connection.execute
    take_slice(connection, athletes)
    run(
        "create or replace temp table touched_session as"
        " select athlete_no, session_key, min(anchor_day) as from_day, max(anchor_day) as to_day from ("
        " select s.athlete_no, s.session_key, s.anchor_day from base.set_log s"
        " join slice a on s.athlete_no = a.athlete_no"
        " union all"
        " select s.athlete_no, s.session_key, s.anchor_day from base.session_log s"
        " join slice a on s.athlete_no = a.athlete_no"
        " ) where session_key is not null group by all"
    )
    run(
        "create or replace temp table touched_unnamed as select s.athlete_no, s.source, s.performed_at"
        " from base.set_log s join slice a on s.athlete_no = a.athlete_no where s.session_key is null"
    )
    run(
        "create or replace temp table touched_event as"
        f" select e.athlete_no, e.doc_key, e.kind, e.local_day, e.day, e.kind in ({_DATA}) as is_data"
        " from base.event_log e join slice a on e.athlete_no = a.athlete_no"
    )
    group_touched(connection)
    several = any(len(engine.doors.get(athlete, ())) > 1 for athlete in athletes)
    engine.run_models(connection, moved_tenants=[], several_doors=several)
