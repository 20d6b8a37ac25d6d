"""M20 over the session bests of each exercise: one evaluation per day on which the exercise was trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.models.columns import dates, doubles, insert, integers, whole_numbers
from pipeline.models.runner import model
from pipeline.models.series import INSUFFICIENT, Bools, Floats, Ints
from pipeline.models.trends import performance_trend
from pipeline.store.connection import Connection

KNOWN_SHARE = 0.8  # of the sets of the window, for the trend to mean strength

WINDOW_DAYS = 28  # before the evaluated day, which belongs to it too

_DAYS = """
select x.athlete_no, x.exercise_no, x.local_day, x.local_day >= any_value(t.from_day) as is_evaluated,
    max(x.e1rm_kg) filter (x.e1rm_status = 'OK') as best_kg,
    sum(x.sets)::bigint as sets, sum(x.known_sets)::bigint as known_sets
from mart.exercise_session x
join touched_trend t
    on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - 28 and x.local_day <= t.to_day
where x.sets > 0 and x.local_day >= $first_day
group by x.athlete_no, x.exercise_no, x.local_day
order by x.athlete_no, x.exercise_no, x.local_day
"""


class Days(NamedTuple):
    """Days on which an exercise was trained, sorted by athlete, exercise and day; shape ``(n,)`` each.

    ``best_kg`` is NaN where no set of the day gives an e1RM.
    """

    athlete: Ints
    exercise: Ints
    day: Ints
    is_evaluated: Bools
    best_kg: Floats
    sets: Ints
    known_sets: Ints


def run_exercise_trends(connection: Connection) -> None:
    """Rows of ``mart.exercise_trend`` for ``touched_trend``, of ``mart.trend_day`` for ``touched_trend_day``."""
    run = connection.execute
    run(
        "delete from mart.exercise_trend m using touched_trend t where m.athlete_no = t.athlete_no"
        " and m.local_day >= t.from_day and m.local_day <= t.to_day"
    )
    rows = connection.table(_DAYS, connection.since("touched_trend", WINDOW_DAYS))
    if rows.num_rows:
        insert(connection, "exercise_trend", trends(days_of(rows)))
    run(
        "delete from mart.trend_day d using touched_trend_day t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    run(model("88_trend_day"), connection.since("touched_trend_day", 2 * WINDOW_DAYS))


def days_of(rows: pa.Table) -> Days:
    """Columns as the query gives them."""
    return Days(
        athlete=whole_numbers(rows["athlete_no"]),
        exercise=whole_numbers(rows["exercise_no"]),
        day=whole_numbers(rows["local_day"].cast(pa.int32())),
        is_evaluated=rows["is_evaluated"].to_numpy().astype(np.bool_),
        best_kg=rows["best_kg"].to_numpy().astype(np.float64),
        sets=whole_numbers(rows["sets"]),
        known_sets=whole_numbers(rows["known_sets"]),
    )


def trends(days: Days) -> pa.Table:
    """One row per evaluated day whose window has two session bests and more."""
    n = len(days.day)
    group = np.cumsum(
        np.r_[True, (days.athlete[1:] != days.athlete[:-1]) | (days.exercise[1:] != days.exercise[:-1])][:n]
    )
    apart = int(days.day.max()) - int(days.day.min()) + WINDOW_DAYS + 1  # so that no window reaches another exercise
    place = group * apart + days.day - days.day.min()
    first = np.searchsorted(place, place - WINDOW_DAYS)
    after = np.arange(n) + 1
    told = _until(~np.isnan(days.best_kg))
    at = np.flatnonzero(days.is_evaluated & (told[after] - told[first] >= 2))
    first, after = first[at], after[at]

    length = after - first
    offsets = np.r_[0, np.cumsum(length)]
    point = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], length)
    found = performance_trend(days.day[point] - np.repeat(days.day[at], length), days.best_kg[point], offsets)
    sets, known = (_until(values)[after] - _until(values)[first] for values in (days.sets, days.known_sets))
    thin_effort = known < KNOWN_SHARE * sets
    return pa.table(
        {
            "athlete_no": integers(days.athlete[at]),
            "exercise_no": integers(days.exercise[at]),
            "local_day": dates(days.day[at]),
            "slope_kg_per_day": doubles(found.slope),
            "median_kg": doubles(found.median),
            "pct28": doubles(found.pct28),
            "p_decline": doubles(found.p_decline),
            "span_days": doubles(found.span_days),
            "n_obs": integers(found.n_obs),
            "is_declining": pa.array(found.declining & ~thin_effort),
            "status": pa.array(np.where(thin_effort, INSUFFICIENT, found.status).tolist(), pa.string()),
        }
    )


def _until(values: npt.ArrayLike) -> Ints:
    """Sums of the values before each place; one more than values."""
    return np.concatenate(([0], np.cumsum(np.asarray(values, dtype=np.int64))))
