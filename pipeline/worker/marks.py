"""What a batch touches, from its old and its new rows; and the swap of the one for the other."""

from __future__ import annotations

from pipeline.store.connection import Connection
from pipeline.worker.days import DATA_KINDS
from pipeline.worker.stage import Staged

_DATA = ", ".join(f"'{kind}'" for kind in DATA_KINDS)

_TOUCHED_ROW = """
create or replace temp table touched_row as
select athlete_no, session_key, anchor_day, source, origin
from (
    select athlete_no, session_key, anchor_day, source, 0::tinyint as origin from new_set
    union all
    select athlete_no, session_key, anchor_day, source, origin from new_session
)
where session_key is not null
"""
_OLD_ROWS = """
insert into touched_row
select l.athlete_no, l.session_key, l.anchor_day, l.source, null
from base.{table} l
join replaced r
    on l.athlete_no = r.athlete_no and l.doc_key = r.doc_key and l.anchor_day >= r.from_day and l.anchor_day <= r.to_day
where l.session_key is not null
"""
_TOUCHED_SESSION = """
create or replace temp table touched_session as
select t.athlete_no, t.session_key, least(t.from_day, m.anchor_from) as from_day,
    greatest(t.to_day, m.anchor_to) as to_day
from (
    select athlete_no, session_key, min(anchor_day) as from_day, max(anchor_day) as to_day
    from touched_row
    group by all
) t
left join mart.session m on t.athlete_no = m.athlete_no and t.session_key = m.session_key
"""
_MERGE_SESSIONS = """
create or replace temp table touched_session as
select athlete_no, session_key, min(from_day) as from_day, max(to_day) as to_day
from (from touched_session union all {more})
group by all
"""
NEIGHBOURS = """
select m.athlete_no, m.session_key, m.anchor_from, m.anchor_to
from mart.session m
join (
    select athlete_no, min(from_day) - 1 as from_day, max(to_day) + 1 as to_day
    from touched_session
    where athlete_no in (select athlete_no from several_doors)
    group by all
) t on m.athlete_no = t.athlete_no and m.anchor_to >= t.from_day and m.anchor_from <= t.to_day
"""
_MASS_SESSIONS = """
select m.athlete_no, m.session_key, m.anchor_from, m.anchor_to
from mart.session m
join (
    select t.athlete_no, t.day as from_day, min(b.day) as to_day
    from touched_mass t
    left join base.body_mass b on t.athlete_no = b.athlete_no and b.day > t.day
    group by all
) t on m.athlete_no = t.athlete_no and m.local_day >= t.from_day and (t.to_day is null or m.local_day < t.to_day)
"""


def merge_sessions(connection: Connection, more: str) -> None:
    """Add the sessions that the query ``more`` names to ``touched_session``."""
    connection.execute(_MERGE_SESSIONS.format(more=more))


def swap_rows(connection: Connection, staged: Staged) -> None:
    """Delete the rows of replaced documents, insert the new ones, and note what both touch.

    Leaves ``touched_row``, ``touched_unnamed``, ``touched_event`` and ``changed_profile``.
    """
    run = connection.execute
    tables = {
        "new_document": staged.documents,
        "new_set": staged.sets,
        "new_session": staged.sessions,
        "new_event": staged.events,
        "new_samples": staged.samples,
        "replaced": staged.replaced,
    }
    for name, table in tables.items():
        connection.register(name, table)
    run(_TOUCHED_ROW)
    run(
        "create or replace temp table touched_unnamed as"
        " select athlete_no, source, performed_at from new_set where session_key is null"
    )
    run(
        "create or replace temp table touched_event as select athlete_no, doc_key, kind, local_day, day,"
        f" kind in ({_DATA}) as is_data from new_event"
    )
    if staged.replaced.num_rows:
        _remove(connection, samples="heart_rate" in staged.replaced["kind"].unique().to_pylist())
    run("insert into base.document by name select * from new_document")
    if staged.sets.num_rows:
        run("insert into base.set_log by name select * from new_set")
    if staged.sessions.num_rows:
        run("insert into base.session_log by name select * from new_session")
    if staged.events.num_rows:
        run("insert into base.event_log by name select * from new_event")
    if staged.samples.num_rows:
        run("insert into base.heart_rate_log by name select * from new_samples")
    for name in tables:
        connection.unregister(name)
    run(
        "create or replace temp table changed_profile as"
        " select distinct athlete_no from touched_event where kind = 'athlete'"
    )


def _remove(connection: Connection, *, samples: bool) -> None:
    run = connection.execute
    for table in ("set_log", "session_log"):
        run(_OLD_ROWS.format(table=table))
    run(
        "insert into touched_unnamed select l.athlete_no, l.source, l.performed_at from base.set_log l"
        " join replaced r on l.athlete_no = r.athlete_no and l.doc_key = r.doc_key"
        " and l.anchor_day >= r.from_day and l.anchor_day <= r.to_day where l.session_key is null"
    )
    run(
        "insert into touched_event select l.athlete_no, l.doc_key, l.kind, l.local_day, l.day,"
        f" l.kind in ({_DATA}) from base.event_log l"
        " join replaced r on l.athlete_no = r.athlete_no and l.doc_key = r.doc_key"
    )
    run("delete from base.document d using replaced r where d.athlete_no = r.athlete_no and d.doc_key = r.doc_key")
    for table in ("set_log", "session_log"):
        run(
            f"delete from base.{table} l using replaced r where l.athlete_no = r.athlete_no and l.doc_key = r.doc_key"
            " and l.anchor_day >= r.from_day and l.anchor_day <= r.to_day"
        )
    for table in ("event_log", "heart_rate_log") if samples else ("event_log",):
        run(f"delete from base.{table} l using replaced r where l.athlete_no = r.athlete_no and l.doc_key = r.doc_key")


def refresh_masses(connection: Connection) -> None:
    """Body masses of the touched events again, and ``touched_mass``: the days from which they hold."""
    run = connection.execute
    run(
        "create or replace temp table touched_mass as"
        " select distinct athlete_no, local_day as day from touched_event"
        " where kind = 'body_mass' and local_day is not null"
        " union select b.athlete_no, b.day from base.body_mass b"
        " join touched_event t on b.athlete_no = t.athlete_no and b.doc_key = t.doc_key"
    )
    if not run("select count(*) from touched_event where kind = 'body_mass'").fetchall()[0][0]:
        return
    run(
        "delete from base.body_mass b using touched_event t where b.athlete_no = t.athlete_no and b.doc_key = t.doc_key"
    )
    run(
        "insert into base.body_mass select e.athlete_no, e.doc_key, e.local_day, e.measured_at,"
        " round((e.payload::json ->> '$.mass.value')::double"
        " * if((e.payload::json ->> '$.mass.unit') = 'lb', 453592.37, 1e6))::bigint"
        " from base.event_log e join (select distinct athlete_no, doc_key from touched_event) t"
        " on e.athlete_no = t.athlete_no and e.doc_key = t.doc_key"
        " where e.kind = 'body_mass' and e.local_day is not null"
    )


def touch_sessions(connection: Connection) -> None:
    """``touched_session`` from ``touched_row``, plus those that a changed body mass reaches."""
    connection.execute(_TOUCHED_SESSION)
    if connection.execute("select count(*) from touched_mass").fetchall()[0][0]:
        merge_sessions(connection, _MASS_SESSIONS)
