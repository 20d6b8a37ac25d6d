"""Marks of a batch: which days to work out again, and how far each athlete's calendar reaches."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa

from pipeline.store.connection import Connection
from pipeline.worker.names import Names
from pipeline.worker.zones import Zones

# kinds whose local day counts as a day with data
DATA_KINDS = ("sleep", "heart_rate", "rr_intervals", "hrv", "resting_heart_rate", "checkin", "body_mass")

_DATA_DAY = """
create or replace temp table touched_data_day as
select distinct athlete_no, local_day
from (
    select athlete_no, local_day from old_session
    union all select athlete_no, local_day from session_in
    union all select athlete_no, local_day from touched_event where is_data
)
where local_day is not null
"""
_REFRESH_DATA_DAY = """
insert into base.data_day
select athlete_no, local_day, max(newest_at),
    arg_max(utc_offset_s, (newest_at, utc_offset_s)) filter (newest_at is not null)
from (
    select m.athlete_no, m.local_day, m.last_at as newest_at,
        epoch(coalesce(m.last_local - m.last_at, m.start_local - m.start_at))::integer as utc_offset_s
    from mart.session m
    join touched_data_day t on m.athlete_no = t.athlete_no and m.local_day = t.local_day
    union all
    select e.athlete_no, e.local_day, e.measured_at, epoch(e.measured_local - e.measured_at)::integer
    from base.event_log e
    join touched_data_day t on e.athlete_no = t.athlete_no and e.local_day = t.local_day
    where e.kind in ('sleep', 'heart_rate', 'rr_intervals', 'hrv', 'resting_heart_rate', 'checkin', 'body_mass')
)
group by all
"""
# Of an athlete whose first day is not touched, only days near the last one can tell anything new. What was newest lies
# within two days of its local day, so three days before them no instant can be newer than theirs.
_SPAN_NEAR = """
create or replace temp table span_near as
select k.athlete_no, k.first_day, max(d.local_day) as last_day, max(d.newest_at) as newest_at
from (
    select s.athlete_no, s.first_day, least(s.last_day, min(t.local_day)) as from_day
    from old_span s
    left join touched_data_day t on s.athlete_no = t.athlete_no
    group by s.athlete_no, s.first_day, s.last_day
    having coalesce(min(t.local_day) > s.first_day, true)
) k
join base.data_day d on k.athlete_no = d.athlete_no and d.local_day >= k.from_day - 3
where d.local_day >= $first_day::date - 3
group by k.athlete_no, k.first_day, k.from_day
having max(d.local_day) >= k.from_day and max(d.newest_at) filter (d.local_day >= k.from_day) is not null
"""
_SPAN_FAR = """
insert into span_near
select d.athlete_no, min(d.local_day), max(d.local_day), max(d.newest_at)
from base.data_day d
where d.athlete_no in (select athlete_no from touched_athlete)
    and d.athlete_no not in (select athlete_no from span_near)
group by all
"""
_NEAREST = """
select least((select min(last_day) from old_span), (select min(local_day) from touched_data_day)),
    (select count(distinct athlete_no) from touched_athlete)
"""
# the newest instants again, told as a number: years of days before them are skipped
_SPAN_OFFSET = """
create or replace temp table span_found as
select s.athlete_no, s.first_day, s.last_day, s.newest_at, max(d.utc_offset_s) as utc_offset_s
from span_near s
left join (select * from base.data_day where newest_at >= $newest_at) d
    on s.athlete_no = d.athlete_no and s.newest_at = d.newest_at
group by all
"""
_NEW_SPAN = """
create or replace temp table new_span as
select f.athlete_no, f.first_day, f.last_day, greatest(f.last_day, c.today) as today, f.newest_at, f.utc_offset_s,
    c.today as clock_day,
    case when c.today >= f.last_day then c.now_at else f.newest_at end as now_at
from span_found f
left join clock_in c on f.athlete_no = c.athlete_no
"""
_TOUCHED_DAY = """
create or replace temp table touched_day as
select distinct d.athlete_no, d.local_day
from (
    select athlete_no, local_day from touched_data_day
    union all select athlete_no, local_day from estimate_day
    union all                       -- the calendar grew: before the old first day, after the old today
    select n.athlete_no, unnest(generate_series(
        n.first_day::timestamp, coalesce(o.first_day - 1, n.today)::timestamp, interval 1 day
    ))::date
    from new_span n
    left join old_span o on n.athlete_no = o.athlete_no
    where o.first_day is null or n.first_day < o.first_day
    union all
    select n.athlete_no, unnest(generate_series((o.today + 1)::timestamp, n.today::timestamp, interval 1 day))::date
    from new_span n
    join old_span o on n.athlete_no = o.athlete_no
    where n.today > o.today
) d
join new_span n on d.athlete_no = n.athlete_no and d.local_day >= n.first_day and d.local_day <= n.today
"""
_TOUCHED_MUSCLE_DAY = """
create or replace temp table touched_muscle_day as
select distinct d.athlete_no, d.local_day,
    if(d.local_day = n.today, n.now_at, null) as now_at
from (
    select athlete_no, unnest([local_day, local_day + 1, local_day + 2, local_day + 3]) as local_day
    from touched_data_day
    union all
    select athlete_no, local_day from touched_day
    union all
    select n.athlete_no, unnest([o.today, n.today])
    from new_span n
    join old_span o on n.athlete_no = o.athlete_no
) d
join new_span n on d.athlete_no = n.athlete_no and d.local_day >= n.first_day and d.local_day <= n.today
"""
_SHRUNK = """
create or replace temp table shrunk as
select o.athlete_no, coalesce(n.first_day, date '9999-12-31') as first_day,
    coalesce(n.today, date '0001-01-01') as today
from old_span o
left join new_span n on o.athlete_no = n.athlete_no
where n.first_day is null or n.first_day > o.first_day or n.today < o.today
"""
_TOUCHED_ALERT = """
create or replace temp table touched_alert as
select athlete_no, min(from_day) as from_day
from (
    select athlete_no, local_day as from_day from touched_data_day
    union all select athlete_no, local_day from estimate_day
    union all select athlete_no, local_day from touched_signal_day
    union all select athlete_no, from_day from touched_rule_input
    union all
    select coalesce(o.athlete_no, n.athlete_no), least(o.today, n.today)
    from old_span o
    full join new_span n on o.athlete_no = n.athlete_no
    union all            -- what ends by the clock waits since the newest instant: readings that name a day alone move
    select o.athlete_no, (o.newest_at + to_seconds(o.utc_offset_s))::date    -- today, and no instant
    from old_span o
    join new_span n on o.athlete_no = n.athlete_no and o.newest_at <> n.now_at
)
where from_day is not null
group by all
"""


def mark_days(connection: Connection, names: Names, zones: Zones, clocks: dict[str, datetime]) -> None:
    """Leaves ``touched_day``, ``touched_muscle_day``, ``touched_alert``, ``old_span`` and updates the spans.

    Expects ``old_session``, ``session_in``, ``estimate_day``, ``touched_event``, ``touched_signal_day`` and
    ``touched_rule_input`` of this batch; ``clocks`` are the present clocks per tenant.
    """
    run = connection.execute
    run(_DATA_DAY)
    run(
        "delete from base.data_day d using touched_data_day t"
        " where d.athlete_no = t.athlete_no and d.local_day = t.local_day"
    )
    run(_REFRESH_DATA_DAY)
    run(
        "create or replace temp table old_span as select s.* from base.athlete_span s"
        " join touched_athlete t on s.athlete_no = t.athlete_no"
    )
    _find_spans(connection)
    _clock_in(connection, names, zones, clocks)
    run(_NEW_SPAN)
    run("delete from base.athlete_span s using touched_athlete t where s.athlete_no = t.athlete_no")
    run(
        "insert into base.athlete_span"
        " select athlete_no, first_day, last_day, today, now_at, utc_offset_s, clock_day from new_span"
    )
    run(_TOUCHED_DAY)
    run(_TOUCHED_MUSCLE_DAY)
    run(_SHRUNK)
    if run("select count(*) from shrunk").fetchall()[0][0]:
        for table in (
            "athlete_day", "muscle_day", "athlete_window", "signal_window", "recovery_day", "training_week",
            "exercise_trend", "trend_day", "readiness_day", "load_day",
            "soreness_day", "sleep_regularity_day",
        ):  # fmt: skip
            run(
                f"delete from mart.{table} m using shrunk s where m.athlete_no = s.athlete_no"
                " and (m.local_day < s.first_day or m.local_day > s.today)"
            )
    run(_TOUCHED_ALERT)


def _find_spans(connection: Connection) -> None:
    """``span_found``: first and last day with data of each touched athlete, and where and when the newest was."""
    run = connection.execute
    nearest, athletes = run(_NEAREST).fetchall()[0]
    run(_SPAN_NEAR, {"first_day": nearest})
    if run("select count(*) from span_near").fetchall()[0][0] < athletes:
        run(_SPAN_FAR)
    run(_SPAN_OFFSET, {"newest_at": run("select min(newest_at) from span_near").fetchall()[0][0]})


def _clock_in(connection: Connection, names: Names, zones: Zones, clocks: dict[str, datetime]) -> None:
    """``clock_in``: the clock and its date in each touched athlete's zone, where the tenant has a clock."""
    numbers: list[int] = []
    todays: list[date] = []
    nows: list[datetime] = []
    if clocks:
        for athlete, offset_s in connection.execute("select athlete_no, utc_offset_s from span_found").fetchall():
            now = clocks.get(names.tenant_of[athlete])
            if now is None:
                continue
            known = zones.offset_s(athlete, now)
            shift = known if known is not None else (offset_s or 0)
            numbers.append(athlete)
            todays.append((now + timedelta(seconds=shift)).date())
            nows.append(now)
    table = pa.table(
        {
            "athlete_no": pa.array(numbers, pa.int32()),
            "today": pa.array(todays, pa.date32()),
            "now_at": pa.array(nows, pa.timestamp("us")),
        }
    )
    connection.register("clock_table", table)
    connection.execute("create or replace temp table clock_in as select * from clock_table")
    connection.unregister("clock_table")


def add_marks(connection: Connection) -> None:
    """Hand the changed days to the day-level lane; days that are no longer there stood in the windows of later ones."""
    connection.execute(
        "insert into base.mark select a.athlete_no, a.from_day, greatest(a.from_day, max(d.local_day))"
        " from touched_alert a left join ("
        " select athlete_no, local_day from touched_day union all select athlete_no, local_day from touched_data_day"
        " union all select athlete_no, local_day from touched_signal_day"
        " union all select s.athlete_no, s.today from base.athlete_span s"  # these speak of many days
        " join touched_event e on s.athlete_no = e.athlete_no and e.kind in ('athlete', 'declaration')"
        " ) d on a.athlete_no = d.athlete_no group by a.athlete_no, a.from_day"
    )
