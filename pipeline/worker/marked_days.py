"""The day-level lane: windows, trends and day rules over the collected marks, some athletes at a time."""

from __future__ import annotations

from pipeline.alerts.lane import run_day_lane, run_day_rules
from pipeline.alerts.rules import Rules
from pipeline.models.exercise_trend import run_exercise_trends
from pipeline.models.readiness_day import run_readiness
from pipeline.models.recovery import run_signal_windows
from pipeline.models.runner import MODEL_VERSION, run_window_models
from pipeline.models.training_week import run_training_weeks
from pipeline.store.connection import Connection

CHUNK_DAYS = 25_000  # athlete-days worked out together; what one day costs in memory bounds it

# how many days after a changed one look back to it
_REACH = {
    "touched_window": 27,
    "touched_signal_window": 66,
    "touched_week": 196,
    "touched_trend": 28,
    "touched_trend_day": 84,
}

_MARKED = f"""
create or replace temp table marked as
select *,
    (sum(to_day - from_day + 29) over (order by athlete_no rows unbounded preceding) // {CHUNK_DAYS})::integer as chunk
from (
    select m.athlete_no, min(m.from_day) as from_day, max(m.to_day) as to_day
    from base.mark m
    group by all
)
"""


def settle_marks(connection: Connection, rules: Rules, log_offset: int) -> None:
    """Everything that hangs on the days in ``base.mark``; inside the caller's transaction, the marks stay."""
    run = connection.execute
    run(_MARKED)
    for (chunk,) in run("select distinct chunk from marked order by all").fetchall():
        for table, reach in _REACH.items():
            run(
                f"create or replace temp table {table} as"
                " select m.athlete_no, greatest(m.from_day, s.first_day) as from_day,"
                f" least(m.to_day + {reach}, s.today) as to_day"
                " from marked m join base.athlete_span s on m.athlete_no = s.athlete_no where m.chunk = ?",
                (chunk,),
            )
        run_window_models(connection)
        run_signal_windows(connection)
        run_training_weeks(connection)
        run_exercise_trends(connection)
        run_readiness(connection)
        run(
            "create or replace temp table touched_day_lane as select athlete_no, from_day from marked where chunk = ?",
            (chunk,),
        )
        for lane in (run_day_lane, run_day_rules):
            lane(connection, rules=rules, log_offset=log_offset, model_version=MODEL_VERSION)
