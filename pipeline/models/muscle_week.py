"""M17 per muscle: fractional hard sets (M13) of 7 days against the three blocks of 7 days before them.

A row per muscle and day is many times what anybody reads, so nothing is stored: the rows are columns in memory that
one statement looks at.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.models.columns import dates, doubles
from pipeline.models.series import Floats, Ints, Words, ratio, segment_start, trailing_sum, within
from pipeline.models.week_before import MOST_DAYS, most_before
from pipeline.store.connection import Connection

BLOCK_DAYS = 7
BLOCKS_BEFORE = 3
_BACK_DAYS = BLOCK_DAYS + MOST_DAYS + 1  # and one more day, for the ratio of the day before

_DAYS = """
select d.athlete_no, d.local_day - date '1970-01-01' as day, d.local_day >= t.from_day - {look_back} as is_judged,
    coalesce(w.is_deload, false) as is_deload, s.first_day - date '1970-01-01' as first_day
from mart.athlete_day d
join touched_day_lane t on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - {look_back} - {back}
join base.athlete_span s on d.athlete_no = s.athlete_no
left join mart.training_week w
    on d.athlete_no = w.athlete_no and d.local_day = w.local_day and w.local_day >= $first_day
where d.local_day >= $first_day
order by d.athlete_no, d.local_day
"""
_SETS = """
select m.athlete_no, m.local_day - date '1970-01-01' as day, m.muscle, m.hard_assumed_half
from mart.muscle_day m
join touched_day_lane t on m.athlete_no = t.athlete_no and m.local_day >= t.from_day - {look_back} - {back}
where m.hard_assumed_half > 0 and m.local_day >= $first_day
order by m.muscle
"""


def muscle_weeks(connection: Connection, look_back_days: int, ratio_min: float) -> pa.Table:
    """Rows for ``touched_day_lane (athlete_no, from_day)`` from so many days before: one per athlete, muscle and day,
    ``athlete_no, muscle, local_day, sets_7d, base`` (sets a week), ``ratio``, ``ratio_before`` (of the day before),
    ``sessions_before``, days of the base that trained it, and ``most``, the most in any 7 days that end in the 28 days
    before the last 7; days whose ratios are both below ``ratio_min`` are left out, and those without a ratio on that
    day and the one before.

    ``base``: mean of the three 7-day blocks before the last 7 days, blocks that share a day with a deload left out; a
    block that begins before the athlete's first day is none.
    """
    since = connection.since("touched_day_lane", _BACK_DAYS + look_back_days)
    days = connection.execute(_DAYS.format(back=_BACK_DAYS, look_back=look_back_days), since).fetchnumpy()
    sets = connection.table(_SETS.format(back=_BACK_DAYS, look_back=look_back_days), since)
    athlete, day = (np.asarray(days[name]).astype(np.int64) for name in ("athlete_no", "day"))
    muscles, code = np.unique(np.asarray(sets["muscle"].to_pylist(), dtype=object).astype(str), return_inverse=True)
    n = len(day)
    if not n or not len(muscles):
        return _NOTHING
    # days of one athlete lie side by side without holes, so a place is a day
    start = segment_start(athlete)
    owner, first_place = np.unique(athlete, return_index=True)
    who = np.searchsorted(owner, sets["athlete_no"].to_numpy().astype(np.int64))
    at = first_place[who] + sets["day"].to_numpy().astype(np.int64) - day[first_place[who]]
    halves = np.zeros((n, len(muscles)), dtype=np.int64)
    np.add.at(halves, (at, code), sets["hard_assumed_half"].to_numpy().astype(np.int64))

    week = trailing_sum(halves, start, BLOCK_DAYS) / 2.0
    sessions = trailing_sum((halves > 0).astype(np.int64), start, BLOCK_DAYS)
    counts = np.zeros(n)
    total, sessions_before = np.zeros_like(week), np.zeros_like(sessions)
    whole = day - BLOCK_DAYS + 1 >= np.asarray(days["first_day"]).astype(np.int64)
    is_block = whole & ~within(np.asarray(days["is_deload"]).astype(bool), start, BLOCK_DAYS - 1)
    for block in range(1, BLOCKS_BEFORE + 1):
        place = np.arange(n) - BLOCK_DAYS * block
        there = place >= start
        there[there] = is_block[place[there]]
        counts += there
        total[there] += week[place[there]]
        sessions_before[there] += sessions[place[there]]
    base = ratio(total, counts[:, None])
    share = ratio(week, base)
    before = np.vstack([np.full((1, len(muscles)), np.nan), share[:-1]])
    before[start == np.arange(n)] = np.nan
    judged = np.asarray(days["is_judged"]).astype(bool)[:, None]
    begins = np.isnan(before) & ~np.isnan(share)
    row, column = np.nonzero(judged & ((share >= ratio_min) | (before >= ratio_min) | begins))
    values = np.stack([found[row, column] for found in (week, base, share, before, sessions_before)])
    most = most_before(week, whole, start, row, column)
    return _table(athlete[row], muscles[column], day[row], np.vstack([values, most[None, :]]))


def _table(athlete: Ints, muscle: Words, day: Ints, values: Floats) -> pa.Table:
    sets, base, share, before, sessions, most = values
    return pa.table(
        {
            "athlete_no": pa.array(athlete.astype(np.int32), pa.int32()),
            "muscle": pa.array(muscle.tolist(), pa.string()),
            "local_day": dates(day),
            "sets_7d": doubles(sets),
            "base": doubles(base),
            "ratio": doubles(share),
            "ratio_before": doubles(before),
            "sessions_before": pa.array(sessions.astype(np.int32), pa.int32()),
            "most": doubles(most),
        }
    )


_NOTHING = _table(np.zeros(0, np.int64), np.zeros(0, str), np.zeros(0, np.int64), np.zeros((6, 0)))
