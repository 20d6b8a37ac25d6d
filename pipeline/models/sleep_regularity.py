"""M24 sleep regularity index: how often sleep or wake is the same 24 hours later.

Phillips 2017. There is no absolute threshold; a value is compared with the person's own history. Days are those of
UTC, 24 elapsed hours each, so a change of the clock moves nothing. Every day is compared with the next one once, over
the stretches between two changes of state; a window adds up such days.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.series import Bools, Floats, Ints, ratio

MINUTE_US = 60_000_000
DAY_MIN = 1440
DAYS = 14
DAY_PAIRS_MIN = 5
KNOWN_MIN = 720  # minutes known on both days that make a day pair valid (policy: half of them)
GAP_MAX_MIN = DAY_MIN  # between two sleeps; beyond that a night was not recorded
_MINUTE_BITS = 32  # series and minute in one number, so that many series are sorted at once
_FROM_MIN = 4 * DAY_MIN  # room for a day before 1970
_ASLEEP, _AWAKE = 1, 2


class Stretches(NamedTuple):
    """Stretches of known sleep or wake: of which series, first minute and the one after (since 1970, UTC), state."""

    series: Ints
    first: Ints
    after: Ints
    asleep: Bools

    @classmethod
    def of(
        cls, series: npt.ArrayLike, start_us: npt.ArrayLike, end_us: npt.ArrayLike, asleep: npt.ArrayLike
    ) -> Stretches:
        """From microseconds since 1970, the end not belonging to it. The state of a minute is that at its beginning.

        Raises ValueError for shapes that do not fit.
        """
        found = cls(_ints(series), minutes_up(start_us), minutes_up(end_us), np.asarray(asleep, dtype=np.bool_))
        if len({one.shape for one in found}) > 1 or found.first.ndim != 1:
            raise ValueError("every stretch needs a series, a start, an end and a state")
        return found


class Episodes(NamedTuple):
    """Sleeps in order of series and start, in minutes as above; ``told``: it is known how long the person slept.

    ``awake_of`` is the place of the sleep in which a stretch awake lies, ``awake_first`` and ``awake_after`` its first
    minute and the one after it.
    """

    series: Ints
    first: Ints
    after: Ints
    told: Bools
    awake_of: Ints
    awake_first: Ints
    awake_after: Ints


class DayPairs(NamedTuple):
    """Per series and UTC day (since 1970): minutes known then and a day later, and those of the same state."""

    series: Ints
    day: Ints
    compared: Ints
    agreeing: Ints


class Regularity(NamedTuple):
    """M24 per series and day: ``value`` from -100 to 100, NaN below the minimum data.

    ``day_pairs`` counts the days whose minutes are known, as are those a day later; ``compared`` all such minutes.
    """

    series: Ints
    day: Ints
    compared: Ints
    day_pairs: Ints
    value: Floats


def minutes_up(elapsed_us: npt.ArrayLike) -> Ints:
    """The first whole minute at or after each time in microseconds."""
    return np.asarray(-(-_ints(elapsed_us) // MINUTE_US), dtype=np.int64)


def regularity_index(agreeing: npt.ArrayLike, compared: npt.ArrayLike) -> Floats:
    """M24 of counts: ``-100 + 200 agreeing / compared``, NaN where nothing is compared."""
    return -100.0 + 200.0 * ratio(agreeing, compared)


def known_stretches(sleeps: Episodes) -> Stretches:
    """What sleeps say of their minutes: asleep but for the stretches awake, awake between two sleeps of a series.

    Between two sleeps more than a day apart nothing is known, nor in a sleep of unknown length asleep.
    """
    until = _running_max(sleeps.series, sleeps.after)
    follows = np.r_[False, sleeps.series[1:] == sleeps.series[:-1]]
    before = np.r_[sleeps.first[:1], until[:-1]]
    gap = follows & (sleeps.first > before) & (sleeps.first - before <= GAP_MAX_MIN)

    first = np.maximum(sleeps.awake_first, sleeps.first[sleeps.awake_of])
    after = np.minimum(sleeps.awake_after, sleeps.after[sleeps.awake_of])
    kept = (after > first) & sleeps.told[sleeps.awake_of]
    kept_of, first, after = sleeps.awake_of[kept], first[kept], after[kept]
    order = np.lexsort((first, kept_of))
    own, first, after = kept_of[order], first[order], after[order]
    up_to = _running_max(own, after)
    again = np.r_[False, own[1:] == own[:-1]]
    asleep_from = np.where(again, np.r_[up_to[:1], up_to[:-1]], sleeps.first[own])
    last = sleeps.first.copy()
    np.maximum.at(last, own, after)

    told = np.flatnonzero(sleeps.told)
    awake = [
        (sleeps.series[gap], before[gap], sleeps.first[gap]),
        (sleeps.series[own], first, after),
    ]
    asleep = [
        (sleeps.series[own], asleep_from, first),
        (sleeps.series[told], last[told], sleeps.after[told]),
    ]
    series, begin, end = (np.concatenate(column) for column in zip(*awake, *asleep, strict=True))
    return Stretches(series, begin, end, np.arange(len(series)) >= sum(len(part[0]) for part in awake))


def day_pairs(stretches: Stretches) -> DayPairs:
    """Each UTC day against the next, by series and day; days of which no minute can be compared are left out.

    Minutes that no stretch covers are unknown, as are those told both asleep and awake.
    """
    holds = stretches.after > stretches.first
    series, first, after = (column[holds] for column in (stretches.series, stretches.first, stretches.after))
    asleep = stretches.asleep[holds]
    if not len(series):
        return DayPairs(*(np.zeros(0, np.int64) for _ in range(4)))
    # stable sorts, because each array is made of a few that are in order already, which that sort only merges
    changes = np.concatenate([_key(series, first), _key(series, after)])
    order = np.argsort(changes, kind="stable")
    changes, is_sleep = changes[order], np.tile(asleep, 2)[order]
    step = np.repeat([1, -1], len(series))[order]
    sleeping, waking = np.cumsum(np.where(is_sleep, step, 0)), np.cumsum(np.where(is_sleep, 0, step))
    state = np.r_[0, np.select([(sleeping > 0) & (waking == 0), (waking > 0) & (sleeping == 0)], [_ASLEEP, _AWAKE], 0)]

    midnights = _midnights(series, first, after)
    points = np.concatenate([changes, changes - DAY_MIN, midnights])
    order = np.argsort(points, kind="stable")
    points = points[order]
    kind = np.repeat([0, 1, 2], [len(changes), len(changes), len(midnights)])[order]
    now, later, day = (np.cumsum(kind == one) for one in range(3))  # how many of each lie at or before a point
    now, later = state[now], state[later]
    both = np.flatnonzero((now > 0) & (later > 0))  # never at the last point of a series
    if not len(both):
        return DayPairs(*(np.zeros(0, np.int64) for _ in range(4)))
    length = points[both + 1] - points[both]
    day = day[both] - 1
    begins = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    compared, agreeing = (
        np.add.reduceat(minutes, begins) for minutes in (length, np.where(now[both] == later[both], length, 0))
    )
    own = midnights[day[begins]]
    minute = (own & ((1 << _MINUTE_BITS) - 1)) - _FROM_MIN
    some = compared > 0
    return DayPairs(*(column[some] for column in (own >> _MINUTE_BITS, minute // DAY_MIN, compared, agreeing)))


def regularity(
    pairs: DayPairs, first_day: npt.ArrayLike, last_day: npt.ArrayLike, days: int = DAYS, known_min: int = KNOWN_MIN
) -> Regularity:
    """M24 of each series on the days from its ``first_day`` to its ``last_day`` on which a minute can be compared.

    The window are the ``days`` UTC days before the day: they are over when its night is. A day pair is valid with
    ``known_min`` minutes known on both days; the index needs five. Raises ValueError for ``days`` below 2 or
    ``known_min`` outside 1 to 1440.
    """
    if days < 2 or not 1 <= known_min <= DAY_MIN:
        raise ValueError("regularity compares at least 2 days, and a valid day pair has 1 to 1440 known minutes")
    first, last = _ints(first_day), _ints(last_day)
    length = np.maximum(last - first + 1, 0)
    width = length + days - 2  # the calendars of all series one behind the other, each with the days before its first
    begin = np.cumsum(width) - width
    at = pairs.day - (first[pairs.series] - days)
    inside = (at >= 0) & (at < width[pairs.series])
    at = at[inside] + begin[pairs.series[inside]]
    compared, agreeing = pairs.compared[inside], pairs.agreeing[inside]
    own = np.repeat(np.arange(len(first)), length)
    offset = np.arange(len(own)) - np.repeat(np.cumsum(length) - length, length)
    low = begin[own] + offset
    sums = []
    for values in (compared, agreeing, (compared >= known_min).astype(np.int64)):
        line = np.zeros(int(width.sum()) + 1, dtype=np.int64)
        line[at + 1] = values
        total = np.cumsum(line)
        sums.append(total[low + days - 1] - total[low])
    value = np.where(sums[2] < DAY_PAIRS_MIN, np.nan, regularity_index(sums[1], sums[0]))
    some = sums[0] > 0
    return Regularity(own[some], (first[own] + offset)[some], sums[0][some], sums[2][some], value[some])


def _midnights(series: Ints, first: Ints, after: Ints) -> Ints:
    """The beginnings of all days of each series, one before its first minute included."""
    owner, place = np.unique(series, return_inverse=True)
    low = np.full(len(owner), np.iinfo(np.int64).max)
    high = np.full(len(owner), np.iinfo(np.int64).min)
    np.minimum.at(low, place, first // DAY_MIN - 1)
    np.maximum.at(high, place, after // DAY_MIN)
    days = high - low + 1
    offset = np.arange(int(days.sum())) - np.repeat(np.cumsum(days) - days, days)
    return _key(np.repeat(owner, days), (np.repeat(low, days) + offset) * DAY_MIN)


def _key(series: Ints, minute: Ints) -> Ints:
    return np.asarray((series << _MINUTE_BITS) + minute + _FROM_MIN, dtype=np.int64)


def _running_max(series: Ints, minute: Ints) -> Ints:
    """Per row the greatest minute of its series so far; the series are in order."""
    return np.asarray(np.maximum.accumulate(_key(series, minute)) - _key(series, np.zeros_like(minute)), dtype=np.int64)


def _ints(values: npt.ArrayLike) -> Ints:
    return np.asarray(values, dtype=np.int64)
