"""The day-level lane: windows, trends and day rules over the collected marks, some athletes at a time."""

from __future__ import annotations

from pipeline.alerts.day_lane import run_day_lane
from pipeline.alerts.day_rules import LOOK_BACK_DAYS, DayFindings, find_conditions, run_day_rules
from pipeline.alerts.rules import Rules
from pipeline.alerts.statements import registered
from pipeline.models.answer_level import answer_levels
from pipeline.models.exercise_trend import run_exercise_trends
from pipeline.models.heart_rate_day import run_heart_rate
from pipeline.models.load_day import run_load_days
from pipeline.models.load_jump import load_jumps
from pipeline.models.muscle_week import muscle_weeks
from pipeline.models.readiness_day import run_readiness
from pipeline.models.recovery import run_signal_windows, run_soreness_days
from pipeline.models.runner import MODEL_VERSION, run_window_models
from pipeline.models.training_week import run_training_weeks
from pipeline.store.connection import Connection

CHUNK_DAYS = 40_000  # athlete-days of one transaction; what one day costs in memory bounds it, and who waits for a stop

NOBODY = -1  # athletes are numbered from 0

# how many days before a changed one change with it, and how many after it look back to it
_REACH = {
    "touched_window": (0, 27),
    "touched_signal_window": (0, 66),
    # a night says of the day before it that one was awake; a day of UTC is not a local one
    "touched_regularity": (2, 16),
    "touched_week": (0, 392),  # the clock of a week goes back 182 days to a deload, which is one by the 188 days before
    "touched_trend": (0, 28),
    "touched_trend_day": (0, 84),
    "touched_soreness": (0, 27),
    "touched_load": (0, 1_000_000),  # an average carries on for ever
}

# averages and rules go on from the first changed day to today, so that is what an athlete costs
_NEXT = f"""
create or replace temp table marked as
select * exclude (days, days_before)
from (
    select *, sum(days) over (order by athlete_no rows unbounded preceding) - days as days_before
    from (
        select m.athlete_no, min(m.from_day) as from_day, max(m.to_day) as to_day,
            greatest(any_value(s.today), max(m.to_day)) - min(m.from_day) + 29 as days
        from base.mark m{{of_whom}}
        left join base.athlete_span s on m.athlete_no = s.athlete_no
        where m.athlete_no > $after
        group by all
    )
)
where coalesce(days_before, 0) < {CHUNK_DAYS}
"""
_OF_SLICE = " semi join slice a on m.athlete_no = a.athlete_no"


def take_next_marks(connection: Connection, after: int = NOBODY, *, of_slice: bool = False) -> int | None:
    """The marks of some athletes, as many as one transaction takes, to ``marked``; the last of them, or None.

    ``after`` the athlete where the piece before ended: whoever is marked again meanwhile waits for the others.
    ``of_slice``: of those in the temp table ``slice`` alone.
    """
    connection.execute(_NEXT.format(of_whom=_OF_SLICE if of_slice else ""), {"after": after})
    (last,) = connection.execute("select max(athlete_no) from marked").fetchall()[0]
    return None if last is None else int(last)


def run_marked_models(connection: Connection, rules: Rules) -> DayFindings:
    """Windows, weeks, trends and readiness of the days in ``marked``, in the caller's transaction, and what the rules
    find there; nothing in it depends on other athletes."""
    for table, (before, after) in _REACH.items():
        connection.execute(
            f"create or replace temp table {table} as"
            f" select m.athlete_no, greatest(m.from_day - {before}, s.first_day) as from_day,"
            f" least(m.to_day + {after}, s.today) as to_day"
            " from marked m join base.athlete_span s on m.athlete_no = s.athlete_no"
        )
    run_window_models(connection)
    run_signal_windows(connection)
    run_heart_rate(connection)
    count_soreness(connection, rules)
    run_training_weeks(connection)
    run_load_days(connection)
    run_exercise_trends(connection)
    run_readiness(connection)
    connection.execute("create or replace temp table touched_day_lane as select athlete_no, from_day from marked")
    return find_day_conditions(connection, rules)


def count_soreness(connection: Connection, rules: Rules) -> None:
    """M31 of the days in ``touched_soreness``; what counts as sore and as eased is said by R11."""
    rule = rules["R11"]
    run_soreness_days(connection, rule.thresholds["sore"], rule.thresholds["eased"])


def find_day_conditions(connection: Connection, rules: Rules) -> DayFindings:
    """What the day rules find for ``touched_day_lane (athlete_no, from_day)``, whose models are current."""
    weeks = muscle_weeks(connection, LOOK_BACK_DAYS, rules["R07"].thresholds["close"])
    jumps = load_jumps(connection, LOOK_BACK_DAYS, int(rules["R20"].thresholds["reps"]))
    answers = answer_levels(connection, LOOK_BACK_DAYS)
    with (
        registered(connection, "answer_level", answers),
        registered(connection, "muscle_week", weeks),
        registered(connection, "load_jump", jumps),
    ):
        return find_conditions(connection, rules, {"jump"} if jumps.num_rows else set())


def run_marked_rules(connection: Connection, rules: Rules, found: DayFindings, log_offset: int) -> None:
    """The alerts of the days in ``marked`` from what was ``found`` there; then their marks are done with."""
    run_day_lane(connection, rules=rules, log_offset=log_offset, model_version=MODEL_VERSION)
    run_day_rules(connection, found, rules=rules, log_offset=log_offset, model_version=MODEL_VERSION)
    connection.execute("delete from base.mark m using marked d where m.athlete_no = d.athlete_no")
