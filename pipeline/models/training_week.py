"""Weeks of training against the weeks before (M15, M17, M21): 7-day blocks that end on each judged day.

Blocks cancel the training week, so a steady plan of three sessions a week is steady on every weekday. Every look-back
is counted from its own day, at most 27 weeks; deload days that lie before the judged ones are read as they are stored.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.models.columns import dates, doubles, insert, integers
from pipeline.models.robust import quantile
from pipeline.models.series import Bools as Flags
from pipeline.models.series import Floats, Ints, count, segment_start, trailing_sum, within
from pipeline.models.training_load import FAILURE_LOAD_UNIT, WEEK_DAYS, fatigue_weighted_volume
from pipeline.models.week_before import most_before
from pipeline.store.connection import Connection

WEEKS_BACK = 26
LOADING_SESSIONS = 2
LOADING_HARD_SETS = 10
FAILURE_SETS = 4
FAILURE_SHARE = 0.25
DECLARED_DAYS = 4  # of a block, for it to be the declared deload
RATED_SESSIONS = 5  # of 7: from then on the session's own rating is the load
LOAD_WEEKS_MIN = 8
BASE_WEEKS = 3
_SUMMED = (
    "sessions", "sets", "hard_sets", "failure_sets", "explicit", "known_sets",
    "weighted_volume", "failure_load", "rated",
)  # fmt: skip

BACK_DAYS = 196

_NEAR = f"""
select d.athlete_no, d.local_day - date '1970-01-01' as day, t.from_day - date '1970-01-01' as from_day,
    d.sessions, d.sets, d.hard_sets_assumed, d.failure_sets, d.failure_sets_explicit, d.known_sets,
    d.weighted_volume, d.failure_load
from mart.athlete_day d
join touched_week t
    on d.athlete_no = t.athlete_no and d.local_day >= t.from_day - {BACK_DAYS} and d.local_day <= t.to_day
where d.local_day >= $first_day
order by d.athlete_no, d.local_day
"""
# what few days have is not joined to all of them
_RATED = f"""
select s.athlete_no, s.local_day - date '1970-01-01' as day, sum(s.cr10 * s.duration_min)::double as rpe_load,
    count(*)::integer as rated
from mart.session s
join touched_week t
    on s.athlete_no = t.athlete_no and s.local_day >= t.from_day - {BACK_DAYS} and s.local_day <= t.to_day
where s.superseded_by is null and s.rows > 0 and s.local_day >= $first_day and s.cr10 * s.duration_min is not null
group by all
"""
_DECLARED = f"""
select e.athlete_no, d.day::date - date '1970-01-01' as day,
    bool_or(e.payload::json ->> '$.what' = 'deload') as deload,
    bool_or(e.payload::json ->> '$.what' in ('illness', 'travel')) as away
from base.event_log e
join touched_week t on e.athlete_no = t.athlete_no,
lateral (
    select unnest(generate_series(
        greatest((e.payload::json ->> '$.from_day')::date, t.from_day - {BACK_DAYS})::timestamp,
        least((e.payload::json ->> '$.to_day')::date, t.to_day)::timestamp, interval 1 day
    )) as day
) d
where e.kind = 'declaration'
group by all
"""
_DELOADS = f"""
select w.athlete_no, w.local_day - date '1970-01-01' as day, true as was_deload
from mart.training_week w
join touched_week t
    on w.athlete_no = t.athlete_no and w.local_day >= t.from_day - {BACK_DAYS} and w.local_day <= t.to_day
where w.is_deload and w.local_day >= $first_day
"""


class Days(NamedTuple):
    """Days of several athletes, sorted by athlete and day, without holes; shape ``(n,)`` each."""

    athlete: Ints
    day: Ints
    is_judged: Flags
    sessions: Ints
    sets: Ints
    hard_sets: Ints
    failure_sets: Ints
    explicit: Ints
    known_sets: Ints
    weighted_volume: Ints
    failure_load: Ints
    rpe_load: Floats
    rated: Ints
    deload: Flags
    away: Flags
    was_deload: Flags


def run_training_weeks(connection: Connection) -> None:
    """Rows of ``mart.training_week`` for ``touched_week`` (athlete_no, from_day, to_day)."""
    run = connection.execute
    since = connection.since("touched_week", BACK_DAYS)
    found = run(_NEAR, since).fetchnumpy()
    if len(found["day"]):
        place = _Place.of(found)
        for sparse, told in ((_RATED, since), (_DECLARED, {}), (_DELOADS, since)):
            found |= place.spread(run(sparse, told).fetchnumpy())
    run(
        "delete from mart.training_week w using touched_week t where w.athlete_no = t.athlete_no"
        " and w.local_day >= t.from_day and w.local_day <= t.to_day"
    )
    if not len(found["day"]):
        return
    insert(connection, "training_week", weeks(days_of(found)))


class _Place(NamedTuple):
    """Where a day of an athlete stands among sorted days without holes."""

    athlete: Ints  # who they are; shape (athletes,), as the two below
    begin: Ints
    first_day: Ints
    days: int

    @classmethod
    def of(cls, found: dict[str, npt.NDArray[np.generic]]) -> _Place:
        athlete, begin = np.unique(np.asarray(found["athlete_no"]).astype(np.int64), return_index=True)
        return cls(athlete, begin, np.asarray(found["day"]).astype(np.int64)[begin], len(found["day"]))

    def spread(self, sparse: dict[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        """The columns of some days as columns of all; what has no row is 0 or false. A day outside is left out."""
        who, day = (np.asarray(sparse[name]).astype(np.int64) for name in ("athlete_no", "day"))
        own = np.minimum(np.searchsorted(self.athlete, who), len(self.athlete) - 1)
        end = np.r_[self.begin[1:], self.days]
        at = self.begin[own] + day - self.first_day[own]
        kept = (self.athlete[own] == who) & (at >= self.begin[own]) & (at < end[own])
        columns: dict[str, npt.NDArray[np.generic]] = {}
        for name, values in sparse.items():
            if name not in ("athlete_no", "day"):
                column = np.zeros(self.days, dtype=values.dtype)
                column[at[kept]] = np.asarray(values)[kept]
                columns[name] = column
        return columns


def days_of(found: dict[str, npt.NDArray[np.generic]]) -> Days:
    """Columns as the query gives them."""
    ints = {
        name: np.asarray(found[name]).astype(np.int64)
        for name in found
        if name not in ("rpe_load", "deload", "away", "was_deload", "from_day")
    }
    return Days(
        athlete=ints["athlete_no"],
        day=ints["day"],
        is_judged=ints["day"] >= np.asarray(found["from_day"]).astype(np.int64),
        sessions=ints["sessions"],
        sets=ints["sets"],
        hard_sets=ints["hard_sets_assumed"],
        failure_sets=ints["failure_sets"],
        explicit=ints["failure_sets_explicit"],
        known_sets=ints["known_sets"],
        weighted_volume=ints["weighted_volume"],
        failure_load=ints["failure_load"],
        rpe_load=np.asarray(found["rpe_load"]).astype(np.float64),
        rated=ints["rated"],
        deload=np.asarray(found["deload"]).astype(bool),
        away=np.asarray(found["away"]).astype(bool),
        was_deload=np.asarray(found["was_deload"]).astype(bool),
    )


def weeks(days: Days) -> pa.Table:
    """One row per judged day."""
    start = segment_start(days.athlete)
    on = np.flatnonzero(days.is_judged)
    back_on = on[:, None] - 7 * np.arange(WEEKS_BACK + 1)[None, :]
    there = back_on >= start[on][:, None]
    back_on = np.maximum(back_on, 0)
    # blocks of days are summed where one ends that is looked at, of a single day 27 of half a year
    is_end = np.zeros(len(start), dtype=bool)
    is_end[back_on] = True
    ends, number = np.flatnonzero(is_end), np.cumsum(is_end) - 1
    judged, back = number[on], number[back_on]
    full = ends - start[ends] >= 6  # the block lies inside the calendar of the athlete
    sums = {name: trailing_sum(getattr(days, name), start, WEEK_DAYS, ends) for name in _SUMMED}
    # 0.30 V + 0.70 FL in whole steps of 1e-8 k q, so that equal weeks are equal
    volume = 3 * sums["weighted_volume"] * 100_000_000 + 7 * sums["failure_load"]
    loading = full & (sums["sessions"] >= LOADING_SESSIONS) & (sums["hard_sets"] >= LOADING_HARD_SETS)
    failing = loading & (
        (sums["failure_sets"] >= FAILURE_SETS)
        | ((sums["known_sets"] > 0) & (sums["failure_sets"] >= FAILURE_SHARE * sums["known_sets"]))
    )
    was_loading = loading[back] & there
    declared = trailing_sum(days.deload.astype(np.int64), start, WEEK_DAYS) >= DECLARED_DAYS
    deload = days.was_deload.copy()
    deload[on] = _deloads(volume, sums, back, was_loading) | (declared[on] & full[judged])
    # a declared deload ends with its last day, though the blocks after it still hold most of it
    clock = _clock(days, deload & ~(declared & ~days.deload), start)[on]
    since = days.day[on] - clock
    inside = (7 * np.arange(WEEKS_BACK + 1)[None, :] + 6) < since[:, None]  # blocks that lie after the clock's start
    # one light day more or less in a block would make every return from a deload a rise
    kept = (there & full[back] & ~within(deload, start, WEEK_DAYS - 1)[back_on])[:, 1 : BASE_WEEKS + 1]
    before = back[:, 1 : BASE_WEEKS + 1]
    base = [_base(values[before], kept) for values in (sums["hard_sets"], sums["failure_load"], volume)]
    base_sessions = np.where(kept, sums["sessions"][before], 0).sum(axis=1)
    whole = np.arange(len(start)) - start >= WEEK_DAYS - 1
    week = trailing_sum(days.hard_sets, start, WEEK_DAYS)[:, None]
    most = most_before(week, whole, start, on, np.zeros_like(on))
    load = _loads(days, sums, ends, judged, back, there & full[back])
    return pa.table(
        {
            "athlete_no": pa.array(days.athlete[on].astype(np.int32)),
            "local_day": dates(days.day[on]),
            "sessions_7d": integers(sums["sessions"][judged]),
            "hard_sets_7d": integers(sums["hard_sets"][judged]),
            "is_loading": pa.array(loading[judged]),
            "is_failure_week": pa.array(failing[judged]),
            "is_deload": pa.array(deload[on]),
            "deload_declared": pa.array(declared[on]),
            "clock_from": dates(clock),
            "weeks_since_deload": integers(since // 7),
            "loading_weeks": integers((was_loading & inside).sum(axis=1)),
            "telling_weeks": integers((_after_four(was_loading) & there & inside).sum(axis=1)),
            "failure_weeks": integers(_running(failing[back] & there & inside)),
            "hard_sets_base": doubles(base[0]),
            "hard_sets_sessions": integers(base_sessions),
            "hard_sets_most": doubles(most),
            "failure_load_7d_fes": doubles(sums["failure_load"][judged] / FAILURE_LOAD_UNIT),
            "failure_load_base_fes": doubles(base[1] / FAILURE_LOAD_UNIT),
            "unknown_sets_7d": integers((sums["sets"] - sums["known_sets"])[judged]),
            "sets_7d": integers(sums["sets"][judged]),
            "fatigue_weighted_volume_7d": doubles(volume[judged] / (10 * FAILURE_LOAD_UNIT)),
            "fatigue_weighted_volume_base": doubles(base[2] / (10 * FAILURE_LOAD_UNIT)),
            **load,
        }
    )


def _after_four(was_loading: Flags) -> Flags:
    """Of each block whether four loading ones came before it: only then a light one is known for a deload."""
    before: Ints = np.cumsum(was_loading[:, ::-1], axis=1)[:, ::-1] - was_loading
    return np.asarray(before >= 4, dtype=np.bool_)


def _deloads(volume: Ints, sums: dict[str, Ints], back: Ints, was_loading: Flags) -> Flags:
    """A week far below the newest four loading weeks and without a reported failure; or after three, hardly any."""
    order = np.cumsum(was_loading[:, 1:], axis=1)
    newest = was_loading[:, 1:] & (order <= 4)
    values = np.where(newest, volume[back[:, 1:]], np.iinfo(np.int64).max)
    four = np.sort(values, axis=1)[:, :4]
    enough = order[:, -1] >= 4
    with np.errstate(over="ignore"):
        twice_median = np.where(enough, four[:, 1] + four[:, 2], 0)
    here = back[:, 0]
    at_most_60_percent = volume[here] * 10 <= 3 * twice_median
    light = enough & at_most_60_percent & (sums["explicit"][here] == 0)
    away = (sums["sessions"][here] <= 1) & was_loading[:, 1:4].all(axis=1)
    found: Flags = light | away
    return found


def _clock(days: Days, deload: Flags, start: Ints) -> Ints:
    """Per day the last day, itself included, that set the clock back: a deload, time away, or before training began.

    Looks at most 26 weeks back; where nothing is found there, the clock began before them.
    """
    n = len(start)
    position = np.arange(n)
    last = np.maximum.accumulate(np.where(deload | days.deload | days.away, position, start - 1))
    trained = np.maximum.accumulate(np.where(days.sets > 0, position, start - 1))
    idle = (position - trained > 14) | (trained < start)
    last = np.maximum(last, np.maximum.accumulate(np.where(idle, position, start - 1)))
    last = np.maximum(last, start - 1)
    found = days.day - (position - last)
    bounded: Ints = np.maximum(found, days.day - 7 * WEEKS_BACK)
    return bounded


def _base(blocks: Ints, kept: Flags) -> Floats:
    """Mean of the blocks before that are kept, row by row; NaN if none is."""
    total = np.where(kept, blocks, 0).sum(axis=1)
    n = kept.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(n > 0, total / n, np.nan)


def _loads(
    days: Days, sums: dict[str, Ints], ends: Ints, judged: Ints, back: Ints, there: Flags
) -> dict[str, pa.Array]:
    """Monotony and strain (M15) of the week, and where they stand among the weeks before."""
    daily_volume = fatigue_weighted_volume(days.weighted_volume, days.failure_load)
    found = {}
    for kind, daily in (("session_rpe", days.rpe_load), ("fatigue_weighted_volume", daily_volume)):
        week = np.stack([daily[np.maximum(ends - back_days, 0)] for back_days in range(6, -1, -1)])
        total = week[0].copy()
        for one in week[1:]:
            total = total + one
        mean = total / 7
        square = np.zeros(len(ends))
        for one in week:
            square = square + (one - mean) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            monotony = np.where(week.max(axis=0) > week.min(axis=0), mean / np.sqrt(square / 7), np.nan)
        found[kind] = (total, monotony, total * monotony)
    sessions = sums["sessions"][judged]
    rated = (sessions > 0) & (7 * sums["rated"][judged] >= RATED_SESSIONS * sessions)
    picked = [
        np.where(there[:, 0], np.where(rated, *(found[kind][part][judged] for kind in found)), np.nan)
        for part in range(3)
    ]
    before = [np.where(rated[:, None], *(found[kind][part][back[:, 1:]] for kind in found)) for part in (0, 2)]
    weeks_there = there[:, 1:]
    loads, strains = (np.where(weeks_there, values, np.nan) for values in before)
    n, n_strain = count(loads), count(strains)
    load_p75 = _quantile_of_enough(loads, n, 0.75)
    strain_p95 = _quantile_of_enough(strains, n_strain, 0.95)
    return {
        "load_kind": pa.array(np.where(rated, "session_rpe", "fatigue_weighted_volume").tolist(), pa.string()),
        "load_7d": doubles(picked[0]),
        "monotony": doubles(picked[1]),
        "strain": doubles(picked[2]),
        "load_p75": doubles(load_p75),
        "strain_p95": doubles(strain_p95),
        "load_weeks": integers(n),
    }


def _quantile_of_enough(weeks: Floats, n: Ints, q: float) -> Floats:
    """The quantile of the weeks of each row, NaN where there are too few."""
    found = np.full(len(n), np.nan)
    enough = n >= LOAD_WEEKS_MIN
    found[enough] = quantile(weeks[enough], q)
    return found


def _running(flags: Flags) -> Ints:
    """How many flags of each row are set from the first on without a break."""
    found: Ints = np.cumprod(flags, axis=1, dtype=np.int64).sum(axis=1)
    return found
