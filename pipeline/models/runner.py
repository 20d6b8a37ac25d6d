"""Runs the model files over marks: the same text in a batch and in a rebuild.

Callers leave temp tables: ``touched_session`` (athlete_no, session_key, from_day, to_day) and
``auto_row`` (sets without a session name and the session they were grouped into) for the
session-level lane, ``touched_window`` for the day-level lane.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from pipeline.store.connection import Connection

MODEL_VERSION = "1"

_OLD_SESSION = """
create or replace temp table old_session as
select m.athlete_no, m.session_key, m.local_day, m.last_at
from mart.session m
join touched_session t on m.athlete_no = t.athlete_no and m.session_key = t.session_key
"""
_BY_SESSION = ("set_fact", "exercise_session", "muscle_session", "set_estimate", "exercise_reference")
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
    run(model("30_set_fact"))
    run(model("40_exercise_session"))
    run(model("50_muscle_session"))
    run(_TOUCHED_EXERCISE)
    days = VELOCITY_DAYS if velocities else REFERENCE_DAYS
    run(_ESTIMATE_SUMS.format(name="estimate_before", days=days))
    _replace_touched(connection)
    _run_estimates(connection, days)


def _replace_touched(connection: Connection) -> None:
    run = connection.execute
    if run("select count(*) from old_session").fetchall()[0][0]:
        for table in _BY_SESSION:
            run(
                f"delete from mart.{table} m using old_session o where m.athlete_no = o.athlete_no"
                " and m.session_key = o.session_key and m.local_day = o.local_day"
            )
        if run("select count(*) from old_session where local_day is null").fetchall()[0][0]:
            run(
                "delete from mart.set_fact m using old_session o where m.athlete_no = o.athlete_no"
                " and m.session_key = o.session_key and m.local_day is null"
            )
        run(
            "delete from mart.session m using old_session o"
            " where m.athlete_no = o.athlete_no and m.session_key = o.session_key"
        )
    run("insert into mart.session by name select * from session_in")
    run("insert into mart.set_fact by name select * from fact_in")
    run("insert into mart.exercise_session by name select * from exercise_session_in")
    run("insert into mart.muscle_session by name select * from muscle_session_in")


def _run_estimates(connection: Connection, days: int) -> None:
    run = connection.execute
    run(
        "delete from mart.exercise_reference r using touched_exercise t where r.athlete_no = t.athlete_no"
        " and r.exercise_no = t.exercise_no and r.local_day >= t.from_day"
        f" and r.local_day <= t.to_day + {REFERENCE_DAYS}"
    )
    run(model("60_exercise_reference"))
    run("insert into mart.exercise_reference by name select * from reference_in")
    run(
        "delete from mart.set_estimate e using touched_exercise t where e.athlete_no = t.athlete_no"
        f" and e.exercise_no = t.exercise_no and e.local_day >= t.from_day and e.local_day <= t.to_day + {days}"
    )
    run(_TOUCHED_ESTIMATE.format(days=days))
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
    run(model("70_muscle_day"))
    run(
        "delete from mart.muscle_day m using touched_muscle_day t"
        " where m.athlete_no = t.athlete_no and m.local_day = t.local_day"
    )
    run("insert into mart.muscle_day by name select * from muscle_day_in")
    run(
        "create or replace temp table old_day as select d.athlete_no, d.local_day, d.revision, d.revised,"
        " t.local_day < s.today - 1 as final from mart.athlete_day d"
        " join touched_day t on d.athlete_no = t.athlete_no and d.local_day = t.local_day"
        " left join old_span s on d.athlete_no = s.athlete_no"
    )
    run(model("80_athlete_day"))
    run(
        "delete from mart.athlete_day d using old_day o where d.athlete_no = o.athlete_no and d.local_day = o.local_day"
    )
    run("insert into mart.athlete_day by name select * from athlete_day_in")


def run_window_models(connection: Connection) -> None:
    """Rolling sums of the days in ``touched_window`` (athlete_no, from_day, to_day)."""
    run = connection.execute
    run(model("90_athlete_window"))
    run(
        "delete from mart.athlete_window w using touched_window t where w.athlete_no = t.athlete_no"
        " and w.local_day >= t.from_day and w.local_day <= t.to_day"
    )
    run("insert into mart.athlete_window by name select * from athlete_window_in")
