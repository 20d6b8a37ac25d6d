"""M20 over the session bests of each exercise: one evaluation per day on which the exercise was trained."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.models.columns import doubles, insert, integers
from pipeline.models.runner import model
from pipeline.models.series import INSUFFICIENT
from pipeline.models.trends import performance_trend
from pipeline.store.connection import Connection

KNOWN_SHARE = 0.8  # of the sets of the window, for the trend to mean strength

_DAYS = """
create or replace temp table trend_day as
select x.athlete_no, x.exercise_no, x.local_day, max(x.e1rm_kg) filter (x.e1rm_status = 'OK') as best_kg,
    sum(x.sets) as sets, sum(x.known_sets) as known_sets
from mart.exercise_session x
join touched_trend t
    on x.athlete_no = t.athlete_no and x.local_day >= t.from_day - 28 and x.local_day <= t.to_day
where x.sets > 0
group by all
"""
# a range alone would compare every session with every other: equal halves of a window first
_WINDOWS = """
with point as (
    select *, (local_day - date '1970-01-01') // 29 as bucket from trend_day
),
evaluated as (
    select p.*, unnest([bucket, bucket - 1]) as near
    from point p
    join touched_trend t on p.athlete_no = t.athlete_no and p.local_day >= t.from_day and p.local_day <= t.to_day
)
select e.athlete_no, e.exercise_no, e.local_day,
    list({'day': p.local_day - e.local_day, 'best_kg': p.best_kg}) filter (p.best_kg is not null) as points,
    sum(p.sets)::integer as sets, sum(p.known_sets)::integer as known_sets
from evaluated e
join point p
    on e.athlete_no = p.athlete_no and e.exercise_no = p.exercise_no and e.near = p.bucket
    and p.local_day <= e.local_day and p.local_day >= e.local_day - 28
group by all
having count(p.best_kg) >= 2
order by e.athlete_no, e.exercise_no, e.local_day
"""


def run_exercise_trends(connection: Connection) -> None:
    """Rows of ``mart.exercise_trend`` for ``touched_trend``, of ``mart.trend_day`` for ``touched_trend_day``."""
    run = connection.execute
    run(
        "delete from mart.exercise_trend m using touched_trend t where m.athlete_no = t.athlete_no"
        " and m.local_day >= t.from_day and m.local_day <= t.to_day"
    )
    run(_DAYS)
    rows = connection.table(_WINDOWS)
    if rows.num_rows:
        insert(connection, "exercise_trend", trends(rows))
    run(
        "delete from mart.trend_day d using touched_trend_day t where d.athlete_no = t.athlete_no"
        " and d.local_day >= t.from_day and d.local_day <= t.to_day"
    )
    run(model("88_trend_day"))


def trends(rows: pa.Table) -> pa.Table:
    """The trend of each row's window: ``points`` is a list of (day, best_kg), in any order."""
    points = rows["points"].combine_chunks()
    offsets = points.offsets.to_numpy() - points.offsets[0].as_py()
    days, best = (points.flatten().field(name).to_numpy().astype(np.float64) for name in ("day", "best_kg"))
    found = performance_trend(days, best, offsets)
    sets, known = rows["sets"].to_numpy(), rows["known_sets"].to_numpy()
    thin_effort = known < KNOWN_SHARE * sets
    status = np.where(thin_effort, INSUFFICIENT, found.status)
    table = rows.select(["athlete_no", "exercise_no", "local_day"])
    columns = {
        "slope_kg_per_day": found.slope, "median_kg": found.median, "pct28": found.pct28, "p_decline": found.p_decline,
        "span_days": found.span_days,
    }  # fmt: skip
    for name, values in columns.items():
        table = table.append_column(name, doubles(values))
    table = table.append_column("n_obs", integers(found.n_obs))
    table = table.append_column("is_declining", pa.array(found.declining & ~thin_effort))
    return table.append_column("status", pa.array(status.tolist(), pa.string()))
