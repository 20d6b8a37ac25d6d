"""M20 performance trend: Theil-Sen slope and one-sided Mann-Kendall test of many short series at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import INSUFFICIENT, OK, UNDEFINED, Bools, Floats, Ints, Words, choose, owners, ratio

TREND_DAYS = 28
SESSIONS_MIN = 5
SPAN_MIN_DAYS = 14.0
DECLINING_PERCENT = -5.0
DECLINING_P = 0.10
INTERVAL_Z = 1.645  # of a 90 % interval, two-sided
_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Trend:
    """M20 per series, in the unit of the values.

    ``slope`` per day with its 90 % interval ``slope_low`` to ``slope_high``; ``median`` of the values; ``pct28`` in %
    per 28 days; ``s``, ``variance`` and ``z`` of Mann and Kendall; ``p_decline`` the one-sided chance of such a fall
    without a trend. Figures are given wherever they can be formed, NaN elsewhere; ``status`` says whether they may be
    used, and only then a series can be ``declining``.
    """

    slope: Floats
    slope_low: Floats
    slope_high: Floats
    median: Floats
    pct28: Floats
    s: Ints
    variance: Floats
    z: Floats
    p_decline: Floats
    declining: Bools
    n_obs: Ints
    span_days: Floats
    status: Words


def performance_trend(days: npt.ArrayLike, values: npt.ArrayLike, offsets: npt.ArrayLike) -> Trend:
    """M20 of many series, each the session bests of one exercise in one window (28 days back and the day itself).

    ``days`` are day numbers, ``values`` e1RM in any unit, both flat and cut by ``offsets`` (see ``series``); pairs
    with NaN are left out. Values that are equal must be equal exactly, so whole numbers are best. Pairs of one day
    tell nothing of a trend and are left out. Needs 5 sessions over 14 days; a median that is not positive gives
    UNDEFINED. Raises ValueError for shapes that do not fit.

    Slope: median of pair slopes (Theil, Sen 1968). Interval: ranks ``(N -+ 1.645 sqrt(Var)) / 2`` of the sorted pair
    slopes. Test: Mann-Kendall with tie-corrected variance and continuity correction. Thresholds: domain policy.
    """
    when, what = np.asarray(days, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if when.shape != what.shape:
        raise ValueError(f"there are {when.size} days and {what.size} values; each value needs its day")
    owner, n = owners(offsets, when.size)
    present = ~(np.isnan(when) | np.isnan(what))
    when, what, owner = when[present], what[present], owner[present]
    n_obs = np.bincount(owner, minlength=n).astype(np.int64)
    cuts = np.concatenate(([0], np.cumsum(n_obs)))

    in_order = _sorted_each(what, n_obs)
    variance = _variance(in_order, owner, n_obs)
    slope, low, high = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    s = np.zeros(n, dtype=np.int64)
    for first, after in _blocks(n_obs * (n_obs - 1) // 2):
        own, block = slice(int(cuts[first]), int(cuts[after])), slice(first, after)
        slopes, slope_owner = _pair_slopes(when[own], what[own], owner[own] - first, n_obs[block])
        s[block] = np.bincount(slope_owner, np.sign(slopes), minlength=after - first).astype(np.int64)
        slope[block], low[block], high[block] = _ranked(slopes, slope_owner, variance[block])

    middle = _median(in_order, n_obs)
    pct28 = 100.0 * TREND_DAYS * ratio(slope, middle)
    z = np.where(s == 0, 0.0, ratio(s - np.sign(s), np.sqrt(variance)))
    # the normal distribution has no array function here; short series share few values of z
    scores, index = np.unique(z, return_inverse=True)
    p = np.fromiter((0.5 * math.erfc(-one / math.sqrt(2)) for one in scores.tolist()), np.float64, scores.size)[index]
    span = _span(when, owner, n)
    status = choose(((n_obs < SESSIONS_MIN) | ~(span >= SPAN_MIN_DAYS), INSUFFICIENT), (~(middle > 0), UNDEFINED))
    declining = (status == OK) & (pct28 <= DECLINING_PERCENT) & (p < DECLINING_P)
    return Trend(slope, low, high, middle, pct28, s, variance, z, p, declining, n_obs, span, status)


def _blocks(pairs: Ints) -> Iterator[tuple[int, int]]:
    """Cut the series into runs with few enough pairs to hold in memory; a run has at least one series."""
    sums = np.cumsum(pairs)
    first = 0
    while first < pairs.size:
        before = int(sums[first - 1]) if first else 0
        after = max(first + 1, int(np.searchsorted(sums, before + _PAIRS_AT_ONCE, side="right")))
        yield first, after
        first = after


def _pair_slopes(when: Floats, what: Floats, owner: Ints, n_obs: Ints) -> tuple[Floats, Ints]:
    """The slope of every pair of different days and the series it belongs to."""
    place = np.arange(when.size)
    partners = np.repeat(np.cumsum(n_obs), n_obs) - place - 1
    left = np.repeat(place, partners)
    right = left + 1 + np.arange(left.size) - np.repeat(np.cumsum(partners) - partners, partners)
    apart = when[right] - when[left]
    tells = apart != 0
    left, right = left[tells], right[tells]
    return (what[right] - what[left]) / apart[tells], owner[left]


def _ranked(slopes: Floats, owner: Ints, variance: Floats) -> tuple[Floats, Floats, Floats]:
    """Median of the pair slopes of each series, and the two at the ranks of the 90 % interval."""
    n = np.bincount(owner, minlength=variance.size)
    slopes = _sorted_each(slopes, n)
    start = np.cumsum(n) - n
    some = n > 0
    count, start, reach = n[some], start[some], INTERVAL_Z * np.sqrt(variance[some])

    def at(rank: Floats | Ints) -> Floats:
        held = np.clip(rank, 0, count - 1).astype(np.int64)
        return np.asarray(slopes[start + held], dtype=np.float64)

    out = [np.full(variance.size, np.nan) for _ in range(3)]
    out[0][some] = (at((count - 1) // 2) + at(count // 2)) / 2
    out[1][some] = at(np.round((count - reach) / 2) - 1)
    out[2][some] = at(np.round((count + reach) / 2))
    return out[0], out[1], out[2]


def _sorted_each(values: Floats, lengths: Ints) -> Floats:
    """The values of each series in rising order; series of one length at once, which is much faster than one sort."""
    found = values.copy()
    start = np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 1]).tolist():
        own = start[lengths == length][:, None] + np.arange(length)
        found[own] = np.sort(values[own], axis=1)
    return found


def _variance(in_order: Floats, owner: Ints, n_obs: Ints) -> Floats:
    """Variance of S without a trend, ``(n (n-1)(2n+5) - sum t (t-1)(2t+5)) / 18`` with t equal values each."""
    opens = np.ones(in_order.size, dtype=np.bool_)
    opens[1:] = (in_order[1:] != in_order[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(opens)
    ties = np.diff(np.append(starts, in_order.size))
    lost = np.bincount(owner[starts], ties * (ties - 1) * (2 * ties + 5), minlength=n_obs.size)
    return np.asarray((n_obs * (n_obs - 1) * (2 * n_obs + 5) - lost) / 18, dtype=np.float64)


def _median(in_order: Floats, n_obs: Ints) -> Floats:
    """Median of the values of each series, which lie in rising order; NaN for an empty one."""
    some = n_obs > 0
    count, start = n_obs[some], (np.cumsum(n_obs) - n_obs)[some]
    middle = np.full(n_obs.size, np.nan)
    middle[some] = (in_order[start + (count - 1) // 2] + in_order[start + count // 2]) / 2
    return middle


def _span(when: Floats, owner: Ints, n: int) -> Floats:
    """Days between the first and the last day of each series; NaN for an empty one."""
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, owner, when)
    np.maximum.at(high, owner, when)
    return np.where(high >= low, high - low, np.nan)
