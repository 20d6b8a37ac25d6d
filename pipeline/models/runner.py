"""Runs the model files over marks: the same text in a batch and in a rebuild.

Callers leave temp tables: ``touched_session`` (athlete_no, session_key, from_day, to_day) and
``auto_row`` (sets without a session name and the session they were grouped into) for the
session-level lane, ``touched_window`` for the day-level lane.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from pipeline.models.zone_clock import note_zone_clock
from pipeline.store.connection import Connection

MODEL_VERSION = "10"

_OLD_SESSION = """
create or replace temp table old_session as
select m.athlete_no, m.session_key, m.local_day, m.last_at
from mart.session m
join touched_session t on m.athlete_no = t.athlete_no and m.session_key = t.session_key
"""
_MASS_IN = """
create or replace temp table mass_in as
select athlete_no, day as from_day,
    coalesce(lead(day) over (partition by athlete_no order by day), 'infinity') as to_day, mass_mg
from (
    select b.*
    from base.body_mass b
    join (select distinct athlete_no from touched_session) t on b.athlete_no = t.athlete_no
    qualify row_number() over (partition by b.athlete_no, b.day order by b.measured_at desc, b.doc_key desc) = 1
)
"""
_TOUCHED_EXERCISE = """
create or replace temp table touched_exercise as
select athlete_no, exercise_no, min(local_day) as from_day, max(local_day) as to_day
from (
    select x.athlete_no, x.exercise_no, x.local_day
    from mart.exercise_session x
    join old_session o
        on x.athlete_no = o.athlete_no and x.session_key = o.session_key and x.local_day = o.local_day
    union all
    select athlete_no, exercise_no, local_day from exercise_session_in
)
group by all
"""
_TOUCHED_ESTIMATE = """
create or replace temp table touched_estimate as
select distinct f.athlete_no, f.session_key, f.exercise_no, f.local_day
from mart.set_fact f
join touched_exercise t
    on f.athlete_no = t.athlete_no and f.exercise_no = t.exercise_no
    and f.local_day >= t.from_day and f.local_day <= t.to_day + {days}
where f.rir_effective is null and f.q_half > 0
"""
_ESTIMATE_SUMS = """
create or replace temp table {name} as
select e.athlete_no, e.local_day, sum(e.kq_half * e.phi_e8) as total, count(*) as sets
from mart.set_estimate e
join touched_exercise t
    on e.athlete_no = t.athlete_no and e.exercise_no = t.exercise_no
    and e.local_day >= t.from_day and e.local_day <= t.to_day + {days}
group by all
"""
_VELOCITY_IN = """
create or replace temp table velocity_in as
select l.athlete_no, l.doc_key, l.ordinal, l.source, l.rep_velocities_m_s
from base.set_log l
join (
    select athlete_no, min(local_day) - 92 as from_day, max(local_day) + 2 as to_day from touched_estimate group by all
) t on l.athlete_no = t.athlete_no and l.anchor_day >= t.from_day and l.anchor_day <= t.to_day
where l.rep_velocities_m_s is not null
"""
_NO_VELOCITY_IN = """
create or replace temp table velocity_in (
    athlete_no integer, doc_key bigint, ordinal integer, source varchar, rep_velocities_m_s double[]
)
"""
REFERENCE_DAYS = 42
VELOCITY_DAYS = 90


@lru_cache(maxsize=64)
def model(name: str) -> str:
    """The text of ``pipeline/models/<name>.sql``."""
    return files("pipeline.models").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def run_session_models(connection: Connection, *, velocities: bool, supersede: bool) -> None:
    """Rows, sessions, set facts, exercise- and muscle-sessions and estimates of the touched sessions.

    ``velocities``: some set of the shard has repetition velocities; ``supersede``: some athlete
    has sessions of more than one source or door, so doubles are looked for.
    Leaves ``old_session``, ``session_in`` and ``estimate_day`` for the day models.
    """
    run = connection.execute
    run(_OLD_SESSION)
    run(model("10_row"))
    run(model("20_session"))
    if supersede:
        run(model("25_session_superseded"))
    run(_MASS_IN)
    run(model("28_set_effort"))
    run(model("29_set_order"))
    if run("select count(side) from row_in").fetchall()[0][0]:
        run(model("29_side_second"))
    else:
        run("create or replace temp table side_second (row_no bigint)")
    replaces = _forget(connection, ("set_fact",))
    run(model("30_set_fact"))
    _drop(connection, "row_in", "order_in", "side_second")
    run(model("40_exercise_session"))
    note_zone_clock(connection)
    run(model("50_muscle_session"))
    run(_TOUCHED_EXERCISE)
    days = VELOCITY_DAYS if velocities else REFERENCE_DAYS
    run(_ESTIMATE_SUMS.format(name="estimate_before", days=days))
    if replaces:
        _forget(connection, ("exercise_session", "muscle_session", "set_estimate", "exercise_reference"))
        run(
            "delete from mart.session m using old_session o"
            " where m.athlete_no = o.athlete_no and m.session_key = o.session_key"
        )
    run("insert into mart.session by name select * from session_in")
    run(
        "insert into mart.exercise_session by name"
        " select * exclude (is_loading, first_at, final_at, local_load) from exercise_session_in"
    )
    run("insert into mart.muscle_session by name select * from muscle_session_in")
    _drop(connection, "exercise_session_in", "muscle_session_in")
    _run_estimates(connection, days, velocities)


def _drop(connection: Connection, *names: str) -> None:
    """Tables of many rows that nothing reads any more would lie beside those of the next batch."""
    for name in names:
        connection.execute(f"drop table {name}")


def _forget(connection: Connection, tables: tuple[str, ...]) -> bool:
    """Delete the rows of ``old_session`` from marts that have a row a session and more; false if there are none."""
    run = connection.execute
    sessions, undated = run("select count(*), count(*) - count(local_day) from old_session").fetchall()[0]
    if not sessions:
        return False
    for table in tables:
        run(
            f"delete from mart.{table} m using old_session o where m.athlete_no = o.athlete_no"
            " and m.session_key = o.session_key and m.local_day = o.local_day"
        )
    if undated and "set_fact" in tables:
        run(
            "delete from mart.set_fact m using old_session o where m.athlete_no = o.athlete_no"
            " and m.session_key = o.session_key and m.local_day is null"
        )
    return True


def _run_estimates(connection: Connection, days: int, velocities: bool) -> None:
    run = connection.execute
    run(
        "delete from mart.exercise_reference r using touched_exercise t where r.athlete_no = t.athlete_no"
        " and r.exercise_no = t.exercise_no and r.local_day >= t.from_day"
        f" and r.local_day <= t.to_day + {REFERENCE_DAYS}"
    )
    run(model("60_exercise_reference"), connection.since("touched_exercise", REFERENCE_DAYS))
    run(_TOUCHED_ESTIMATE.format(days=days))
    before, unknown = run(
        "select (select count(*) from estimate_before), (select count(*) from touched_estimate)"
    ).fetchall()[0]
    if not before and not unknown:  # every effort is known, and was
        run("create or replace temp table estimate_day (athlete_no integer, local_day date)")
        return
    run(
        "delete from mart.set_estimate e using touched_exercise t where e.athlete_no = t.athlete_no"
        f" and e.exercise_no = t.exercise_no and e.local_day >= t.from_day and e.local_day <= t.to_day + {days}"
    )
    run(_VELOCITY_IN if velocities else _NO_VELOCITY_IN)
    run(model("65_set_estimate"))
    run("insert into mart.set_estimate by name select * from estimate_in")
    run(_ESTIMATE_SUMS.format(name="estimate_after", days=days))
    run(
        "create or replace temp table estimate_day as select distinct athlete_no, local_day from"
        " ((from estimate_before except from estimate_after) union all"
        " (from estimate_after except from estimate_before))"
    )


def run_day_models(connection: Connection) -> None:
    """Muscle-days and athlete-days of ``touched_muscle_day`` and ``touched_day``."""
    run = connection.execute
    run(
        "delete from mart.muscle_day m using touched_muscle_day t"
        " where m.athlete_no = t.athlete_no and m.local_day = t.local_day"
    )
    run(model("70_muscle_day"))
    run(
        "create or replace temp table old_day as select d.athlete_no, d.local_day, d.revision, d.revised,"
        " coalesce(t.local_day < s.clock_day - 1, false) as final from mart.athlete_day d"
        " join touched_day t on d.athlete_no = t.athlete_no and d.local_day = t.local_day"
        " left join old_span s on d.athlete_no = s.athlete_no"
    )
    run(
        "delete from mart.athlete_day d using old_day o where d.athlete_no = o.athlete_no and d.local_day = o.local_day"
    )
    run(model("80_athlete_day"))


def run_window_models(connection: Connection) -> None:
    """Rolling sums of the days in ``touched_window`` (athlete_no, from_day, to_day)."""
    run = connection.execute
    run(
        "delete from mart.athlete_window w using touched_window t where w.athlete_no = t.athlete_no"
        " and w.local_day >= t.from_day and w.local_day <= t.to_day and w.local_day >= $first_day",
        connection.since("touched_window", 0),
    )
    run(model("90_athlete_window"), connection.since("touched_window", 27))
