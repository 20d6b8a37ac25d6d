"""What a session of an exercise is compared with for R20: the last one before it with about as many repetitions.

Only a few sessions tell anything, and only one condition reads them, so nothing is stored: the rows are columns in
memory.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.models.columns import dates, integers, whole_numbers
from pipeline.models.series import Bools, Ints
from pipeline.store.connection import Connection

BEFORE_DAYS = 90  # a session longer ago is compared with nothing

# of a day the most repetitions with its greatest weight, in one number
_HEAVIEST = f"""
select x.athlete_no, x.exercise_no, x.local_day, max(x.top_weight_mg * 100000 + x.top_reps) as weight_and_reps,
    x.local_day >= any_value(t.from_day) - {{look_back}} as is_judged
from mart.exercise_session x
join touched_day_lane t
    on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - {{look_back}} - {2 * BEFORE_DAYS}
where x.top_weight_mg > 0 and x.top_reps > 0 and x.local_day >= $first_day
group by x.athlete_no, x.exercise_no, x.local_day
order by x.athlete_no, x.exercise_no, x.local_day
"""


def load_jumps(connection: Connection, look_back_days: int, reps_apart: int) -> pa.Table:
    """Rows for ``touched_day_lane (athlete_no, from_day)`` from so many days before: one per athlete, exercise and day
    on which a session, or the one before it, was heavier than what it is compared with.

    ``athlete_no, exercise_no, local_day, weight_mg, before_mg`` (null: nothing to compare with) and the same two of the
    session before it, ``last_weight_mg, last_before_mg`` (null: none within 90 days).
    """
    since = connection.since("touched_day_lane", look_back_days + 2 * BEFORE_DAYS)
    rows = connection.table(_HEAVIEST.format(look_back=look_back_days), since)
    athlete, exercise = whole_numbers(rows["athlete_no"]), whole_numbers(rows["exercise_no"])
    day = whole_numbers(rows["local_day"].cast(pa.int32()))
    weight, reps = np.divmod(whole_numbers(rows["weight_and_reps"]), 100000)
    n = len(day)
    if not n:
        return _NOTHING
    group = np.cumsum(np.r_[True, (athlete[1:] != athlete[:-1]) | (exercise[1:] != exercise[:-1])])
    before = compared_with(group, day, weight, reps, reps_apart)
    last = np.maximum(np.arange(n) - 1, 0)
    follows = (group[last] == group) & (last < np.arange(n)) & (day - day[last] <= BEFORE_DAYS)
    last_before = np.where(follows, before[last], 0)
    heavier = (before > 0) & (weight > before) | (last_before > 0) & (weight[last] > last_before)
    judged = rows["is_judged"].to_numpy().astype(np.bool_)
    at = np.flatnonzero(judged & heavier)
    return pa.table(
        {
            "athlete_no": integers(athlete[at]),
            "exercise_no": integers(exercise[at]),
            "local_day": dates(day[at]),
            "weight_mg": pa.array(weight[at], pa.int64()),
            "before_mg": _known(before[at], before[at] > 0),
            "last_weight_mg": _known(weight[last][at], follows[at]),
            "last_before_mg": _known(last_before[at], last_before[at] > 0),
        },
        schema=_NOTHING.schema,
    )


def compared_with(group: Ints, day: Ints, weight: Ints, reps: Ints, reps_apart: int) -> Ints:
    """Per session (sorted by group and day; shape ``(n,)``) the weight of the last one of the 90 days before whose
    repetitions differ by at most ``reps_apart``; 0 where there is none."""
    before = np.zeros(len(day), dtype=np.int64)
    open_ = np.arange(len(day))
    back = 0
    while len(open_):
        back += 1
        open_ = open_[open_ >= back]
        earlier = open_ - back
        reached = (group[earlier] == group[open_]) & (day[earlier] >= day[open_] - BEFORE_DAYS)
        open_, earlier = open_[reached], earlier[reached]
        alike = np.abs(reps[open_] - reps[earlier]) <= reps_apart
        before[open_[alike]] = weight[earlier[alike]]
        open_ = open_[~alike]
    return before


def _known(values: Ints, known: Bools) -> pa.Array:
    return pa.array(values, pa.int64(), mask=~known)


_NOTHING = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("exercise_no", pa.int32()),
        ("local_day", pa.date32()),
        ("weight_mg", pa.int64()),
        ("before_mg", pa.int64()),
        ("last_weight_mg", pa.int64()),
        ("last_before_mg", pa.int64()),
    ]
).empty_table()
