"""Sets without a session name are grouped per athlete and source by gaps of more than three hours."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.store.connection import Connection
from pipeline.worker.keys import digest
from pipeline.worker.marks import merge_sessions

GAP_HOURS = 3
_ROUNDS_MAX = 10_000  # a chain of sets three hours apart ends before this; only a bound for the loop

_WINDOW = """
create or replace temp table auto_window as
select athlete_no, source, min(performed_at) - interval 3 hour as from_at, max(performed_at) + interval 3 hour as to_at
from touched_unnamed
group by all
"""
_WIDER = """
create or replace temp table auto_wider as
select w.athlete_no, w.source, least(w.from_at, min(s.performed_at) - interval 3 hour) as from_at,
    greatest(w.to_at, max(s.performed_at) + interval 3 hour) as to_at
from auto_window w
left join base.set_log s
    on s.athlete_no = w.athlete_no and s.source = w.source and s.session_key is null
    and s.anchor_day >= w.from_at::date and s.anchor_day <= w.to_at::date
    and s.performed_at >= w.from_at and s.performed_at <= w.to_at
group by w.athlete_no, w.source, w.from_at, w.to_at
"""
_GROUPED = """
select s.athlete_no, s.doc_key, s.anchor_day, s.source,
    'auto:' || strftime(max(if(s.opens, s.performed_at, null)) over (
        partition by s.athlete_no, s.source order by s.performed_at, s.doc_key rows unbounded preceding
    ), '%Y-%m-%dT%H:%M:%S.%fZ') as session_id
from (
    select s.*,
        coalesce(s.performed_at - lag(s.performed_at) over (
            partition by s.athlete_no, s.source order by s.performed_at, s.doc_key
        ) > interval 3 hour, true) as opens
    from base.set_log s
    join auto_window w
        on s.athlete_no = w.athlete_no and s.source = w.source
        and s.anchor_day >= w.from_at::date and s.anchor_day <= w.to_at::date
        and s.performed_at >= w.from_at and s.performed_at <= w.to_at
    where s.session_key is null
) s
order by all
"""


def group_unnamed(connection: Connection) -> None:
    """From ``touched_unnamed`` (athlete_no, source, performed_at) make ``auto_row`` and ``auto_session``.

    ``auto_session`` names every grouped session to work out again, those that no longer exist
    included, with the UTC days of its rows.
    """
    run = connection.execute
    run(_WINDOW)
    for _ in range(_ROUNDS_MAX):
        run(_WIDER)
        if not run("select count(*) from (from auto_wider except from auto_window)").fetchall()[0][0]:
            break
        run("create or replace temp table auto_window as from auto_wider")
    rows = connection.table(_GROUPED)
    keys = digest(rows["source"], rows["session_id"])
    grouped = rows.append_column("session_key", pa.array(keys.astype(np.int64)))
    connection.register("grouped", grouped)
    run(
        "create or replace temp table auto_row as"
        " select athlete_no, doc_key, anchor_day, session_key,"
        " replace(session_id, '.000000Z', 'Z') as session_id from grouped"
    )
    connection.unregister("grouped")
    run(
        "create or replace temp table auto_session as"
        " select athlete_no, session_key, min(anchor_day) as from_day, max(anchor_day) as to_day"
        " from auto_row group by all"
        " union all"
        " select m.athlete_no, m.session_key, m.anchor_from, m.anchor_to from mart.session m"
        " join auto_window w on m.athlete_no = w.athlete_no and m.source = w.source"
        " where m.session_id like 'auto:%' and m.start_at >= w.from_at and m.start_at <= w.to_at"
    )


def group_touched(connection: Connection) -> None:
    """Group what ``touched_unnamed`` names, and the grouped sessions that ``touched_session`` holds for another
    reason, into ``auto_row``; all of them end up in ``touched_session``.
    """
    run = connection.execute
    run(
        "insert into touched_unnamed select m.athlete_no, m.source, unnest([m.start_at, m.last_at]) from mart.session m"
        " join touched_session t on m.athlete_no = t.athlete_no and m.session_key = t.session_key"
        " where m.session_id like 'auto:%'"
    )
    if run("select count(*) from touched_unnamed").fetchall()[0][0]:
        group_unnamed(connection)
        merge_sessions(connection, "from auto_session")
        return
    run(
        "create temp table if not exists auto_row (athlete_no integer, doc_key bigint, anchor_day date,"
        " session_key bigint, session_id varchar)"
    )
    run("delete from auto_row")
