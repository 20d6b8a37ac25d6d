"""M19 load from heart rate: Banister's TRIMP and Edwards' zones, of many streams at once.

Heart rate says little of sets of lifting: it never enters failure load or a rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import (
    DEGRADED,
    NOT_APPLICABLE,
    UNDEFINED,
    Bools,
    Floats,
    Ints,
    Words,
    choose,
    owners,
    ratio,
)

# sex -> a, b of a exp(b x), after Banister
TRIMP_FACTORS: dict[str, tuple[float, float]] = {"male": (0.64, 1.92), "female": (0.86, 1.67)}
ZONES = 5
GAP_MAX_S = 60.0
COVERAGE_MIN = 0.80


@dataclass(frozen=True)
class HeartRateLoad:
    """M19 per stream.

    ``trimp`` and ``edwards`` in AU; ``zone_min`` minutes in 50-60, 60-70, 70-80, 80-90 and above 90 % of the maximum,
    shape ``(n, 5)``; ``coverage`` the share of the time from first to last sample that is told, NaN without samples;
    ``trimp_status`` and ``edwards_status``.
    """

    trimp: Floats
    edwards: Floats
    zone_min: Floats
    coverage: Floats
    trimp_status: Words
    edwards_status: Words


def heart_rate_max(age_years: npt.ArrayLike) -> Floats:
    """Estimated greatest heart rate in bpm, ``208 - 0.7 age`` (Tanaka 2001). What rests on it is DEGRADED."""
    return np.asarray(208 - 0.7 * np.asarray(age_years, dtype=np.float64), dtype=np.float64)


def trimp(
    minutes: npt.ArrayLike, bpm: npt.ArrayLike, rest_bpm: npt.ArrayLike, max_bpm: npt.ArrayLike, sex: str
) -> Floats:
    """M19: ``minutes x a exp(b x)`` in AU with the share of heart-rate reserve x held to 0-1, element by element.

    Raises ValueError for another ``sex`` than 'male' and 'female'; the factors are fitted to these.
    """
    if sex not in TRIMP_FACTORS:
        raise ValueError(f"TRIMP has factors for 'male' and 'female', not {sex!r}; Edwards' zones need none")
    a, b = TRIMP_FACTORS[sex]
    return _trimp(minutes, bpm, rest_bpm, max_bpm, a, b)


def edwards(zone_min: npt.ArrayLike) -> Floats:
    """M19: minutes in the five zones, shape ``(..., 5)``, times 1 to 5, in AU. Edwards 1993."""
    return np.asarray(np.asarray(zone_min, dtype=np.float64) @ np.arange(1.0, ZONES + 1), dtype=np.float64)


def heart_rate_load(
    offset_s: npt.ArrayLike,
    bpm: npt.ArrayLike,
    offsets: npt.ArrayLike,
    rest_bpm: npt.ArrayLike,
    max_bpm: npt.ArrayLike,
    sex: npt.ArrayLike,
    max_is_estimated: npt.ArrayLike = False,
) -> HeartRateLoad:
    """M19 of many streams: ``offset_s`` seconds and ``bpm`` flat, cut by ``offsets`` (see ``series``).

    ``rest_bpm``, ``max_bpm`` (NaN unknown), ``sex`` ('male', 'female' or anything else for unknown) and
    ``max_is_estimated`` are one per stream. A sample counts until the next one, the last for nothing; a sample that is
    no positive number, or that is followed by more than 60 s without one, counts for nothing and lowers the coverage.

    Statuses: UNDEFINED without a maximum, without a resting rate below it (TRIMP only), without time, or with a time
    that goes backwards; NOT_APPLICABLE for TRIMP without sex; DEGRADED below 80 % coverage or with an estimated
    maximum. Raises ValueError for shapes that do not fit.
    """
    at, rate = np.asarray(offset_s, dtype=np.float64), np.asarray(bpm, dtype=np.float64)
    if at.shape != rate.shape:
        raise ValueError(f"there are {at.size} times and {rate.size} rates; each rate needs its time")
    owner, n = owners(offsets, at.size)
    lasting_s = np.zeros(at.size)
    same = owner[1:] == owner[:-1]
    lasting_s[:-1] = np.where(same, np.diff(at), 0.0)
    backwards = np.bincount(owner[lasting_s < 0], minlength=n) > 0
    counted_s = np.where((lasting_s <= GAP_MAX_S) & (rate > 0), np.maximum(lasting_s, 0.0), 0.0)
    total_s = np.where(backwards, np.nan, np.bincount(owner, lasting_s, minlength=n))
    return load_of_times(counted_s, rate, owner, total_s, rest_bpm, max_bpm, sex, max_is_estimated)


def load_of_times(
    counted_s: Floats,
    rate: Floats,
    owner: Ints,
    total_s: Floats,
    rest_bpm: npt.ArrayLike,
    max_bpm: npt.ArrayLike,
    sex: npt.ArrayLike,
    max_is_estimated: npt.ArrayLike = False,
) -> HeartRateLoad:
    """M19 of streams of which it is known how long each rate lasted; statuses and the rest as in ``heart_rate_load``.

    ``counted_s`` seconds of ``rate`` bpm in the stream ``owner``, one element each, in any number of parts;
    ``total_s`` seconds per stream in which samples could have been, NaN where that is not known.
    """
    n = total_s.size
    rest, most = _per_stream(rest_bpm, n), _per_stream(max_bpm, n)
    who = np.broadcast_to(np.asarray(sex, dtype=np.str_), (n,))
    estimated = np.broadcast_to(np.asarray(max_is_estimated, dtype=np.bool_), (n,))
    coverage = ratio(np.bincount(owner, counted_s, minlength=n), total_s)
    valid_max = most > 0
    valid_rest = valid_max & (rest > 0) & (rest < most)
    no_stream = ~(total_s > 0)
    degraded = estimated | (coverage < COVERAGE_MIN)
    edwards_status = choose((~valid_max | no_stream, UNDEFINED), (degraded, DEGRADED))
    known_sex = np.isin(who, list(TRIMP_FACTORS))
    trimp_status = choose((~valid_rest | no_stream, UNDEFINED), (~known_sex, NOT_APPLICABLE), (degraded, DEGRADED))

    zone_min = _zone_minutes(counted_s, rate, owner, np.where(valid_max, most, np.nan))
    zone_min[edwards_status == UNDEFINED] = np.nan
    a, b = (
        np.select([who == s for s in TRIMP_FACTORS], [f[i] for f in TRIMP_FACTORS.values()], np.nan) for i in (0, 1)
    )
    used = (counted_s > 0) & np.isin(trimp_status, [UNDEFINED, NOT_APPLICABLE], invert=True)[owner]
    own = owner[used]
    parts = _trimp(counted_s[used] / 60, rate[used], rest[own], most[own], a[own], b[own])
    load = np.bincount(own, parts, minlength=n)
    return HeartRateLoad(
        trimp=np.where(np.isin(trimp_status, [UNDEFINED, NOT_APPLICABLE]), np.nan, load),
        edwards=edwards(zone_min),
        zone_min=zone_min,
        coverage=coverage,
        trimp_status=trimp_status,
        edwards_status=edwards_status,
    )


def _trimp(
    minutes: npt.ArrayLike,
    bpm: npt.ArrayLike,
    rest_bpm: npt.ArrayLike,
    max_bpm: npt.ArrayLike,
    a: float | Floats,
    b: float | Floats,
) -> Floats:
    rest = np.asarray(rest_bpm, dtype=np.float64)
    reserve = np.asarray(max_bpm, dtype=np.float64) - rest
    x = np.clip(ratio(np.asarray(bpm, dtype=np.float64) - rest, np.where(reserve > 0, reserve, 0.0)), 0.0, 1.0)
    return np.asarray(np.asarray(minutes, dtype=np.float64) * x * a * np.exp(b * x), dtype=np.float64)


def _zone_minutes(counted_s: Floats, rate: Floats, owner: Ints, max_bpm: Floats) -> Floats:
    """Minutes per stream and zone; a rate on a border belongs to the zone above it."""
    n = max_bpm.size
    # tenths of the maximum; a quotient that is whole comes out whole, so borders are exact
    tenth = np.floor(10 * rate / max_bpm[owner])
    zone = np.clip(np.nan_to_num(tenth, nan=0.0, posinf=0.0), 4, 9).astype(np.int64) - 5
    counted: Bools = (counted_s > 0) & (zone >= 0)
    cell = owner[counted] * ZONES + zone[counted]
    return np.bincount(cell, counted_s[counted], minlength=n * ZONES).reshape(n, ZONES) / 60


def _per_stream(values: npt.ArrayLike, n: int) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (n,))
