"""M24 sleep regularity index: how often sleep or wake is the same 24 hours later.

Phillips 2017. There is no absolute threshold; a value is compared with the person's own history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import (
    INSUFFICIENT,
    STALE,
    STALE_AFTER_DAYS,
    Bools,
    Floats,
    Ints,
    Words,
    choose,
    owners,
    ratio,
)

MINUTE_US = 60_000_000
DAY_MIN = 1440
DAYS = 14
DAY_PAIRS_MIN = 5
KNOWN_MIN = 720  # minutes known on both days that make a day pair valid (policy: half of them)
_WINDOWS_AT_ONCE = 64


@dataclass(frozen=True)
class SleepRegularity:
    """M24 per window.

    ``index`` from -100 to 100, NaN below the minimum data; ``n_pairs`` minutes known both times; ``n_day_pairs`` days
    whose minutes are known, as are those a day later; status.
    """

    index: Floats
    n_pairs: Ints
    n_day_pairs: Ints
    status: Words


def regularity_index(agreeing: npt.ArrayLike, compared: npt.ArrayLike) -> Floats:
    """M24 of counts: ``-100 + 200 agreeing / compared``, NaN where nothing is compared."""
    return -100.0 + 200.0 * ratio(agreeing, compared)


def sleep_regularity(
    start_us: npt.ArrayLike,
    end_us: npt.ArrayLike,
    asleep: npt.ArrayLike,
    offsets: npt.ArrayLike,
    window_start_us: npt.ArrayLike,
    days: int = DAYS,
    known_min: int = KNOWN_MIN,
) -> SleepRegularity:
    """M24 of many windows, each with a series of stretches of known sleep or wake.

    ``start_us`` and ``end_us`` are microseconds since 1970 in UTC (the end does not belong to the stretch),
    ``asleep`` whether the person slept in it; ``offsets`` cuts them into windows (see ``series``), each ``days`` times
    24 elapsed hours from ``window_start_us``. A change of the clock therefore moves nothing. The state of a minute is
    the one at its beginning; minutes that no stretch covers are unknown, as are those told both asleep and awake, and
    pairs with an unknown minute are left out. A day pair is valid with ``known_min`` minutes known on both days; the
    index needs five. STALE: no minute known in the last three days.

    Raises ValueError for shapes that do not fit, ``days`` below 2 or ``known_min`` outside 1 to 1440.
    """
    begins, ends = np.asarray(start_us, dtype=np.int64), np.asarray(end_us, dtype=np.int64)
    sleeping = np.asarray(asleep, dtype=np.bool_)
    owner, n = owners(offsets, begins.size)
    origin = np.asarray(window_start_us, dtype=np.int64)
    if ends.shape != begins.shape or sleeping.shape != begins.shape or origin.shape != (n,):
        raise ValueError("every stretch needs a start, an end and a state, and every window a start")
    if days < 2 or not 1 <= known_min <= DAY_MIN:
        raise ValueError("regularity compares at least 2 days, and a valid day pair has 1 to 1440 known minutes")

    n_minutes = days * DAY_MIN
    first = np.clip(_minutes_up(begins - origin[owner]), 0, n_minutes)
    after = np.clip(_minutes_up(ends - origin[owner]), 0, n_minutes)
    holds = after > first
    owner, first, after, sleeping = owner[holds], first[holds], after[holds], sleeping[holds]

    agreeing, compared = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    day_pairs, late = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    # in blocks, so that the minutes of many athletes never lie in memory together
    for low in range(0, n, _WINDOWS_AT_ONCE):
        high = min(low + _WINDOWS_AT_ONCE, n)
        own = slice(*np.searchsorted(owner, (low, high)).tolist())
        cells = (owner[own] - low, first[own], after[own])
        slept = _covered(*cells, sleeping[own], (high - low, n_minutes))
        awake = _covered(*cells, ~sleeping[own], (high - low, n_minutes))
        known = slept != awake
        both = known[:, DAY_MIN:] & known[:, :-DAY_MIN]
        same = both & (slept[:, DAY_MIN:] == slept[:, :-DAY_MIN])
        block = slice(low, high)
        agreeing[block], compared[block] = same.sum(axis=1), both.sum(axis=1)
        of_days = both.reshape(high - low, days - 1, DAY_MIN).sum(axis=2)
        day_pairs[block] = (of_days >= known_min).sum(axis=1)
        late[block] = ~known[:, -STALE_AFTER_DAYS * DAY_MIN :].any(axis=1)

    thin = day_pairs < DAY_PAIRS_MIN
    index = np.where(thin, np.nan, regularity_index(agreeing, compared))
    return SleepRegularity(index, compared, day_pairs, choose((thin, INSUFFICIENT), (late, STALE)))


def _minutes_up(elapsed_us: Ints) -> Ints:
    """The first whole minute at or after each elapsed time."""
    return -(-elapsed_us // MINUTE_US)


def _covered(row: Ints, first: Ints, after: Ints, wanted: Bools, shape: tuple[int, int]) -> Bools:
    """Minutes covered by a wanted stretch: one up where it begins, one down where it has ended, summed along."""
    n_rows, n_minutes = shape
    width = n_minutes + 1
    row, first, after = row[wanted], first[wanted], after[wanted]
    steps = np.bincount(row * width + first, minlength=n_rows * width)
    steps -= np.bincount(row * width + after, minlength=n_rows * width)
    depth = np.cumsum(steps.reshape(n_rows, width)[:, :-1], axis=1)
    return np.asarray(depth > 0, dtype=np.bool_)
