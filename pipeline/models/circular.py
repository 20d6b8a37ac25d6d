"""M25 sleep-midpoint variability: times of day as angles, so that 23:50 and 00:10 are twenty minutes apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import (
    INSUFFICIENT,
    STALE,
    UNDEFINED,
    Floats,
    Ints,
    Words,
    choose,
    count,
    mean,
    stale,
    windows,
)

DAY_MIN = 1440.0
NIGHTS = 14
NIGHTS_MIN = 7
# below this the directions cancel, and what is left of their mean is rounding
_NO_DIRECTION = 1e-12


@dataclass(frozen=True)
class MidpointVariability:
    """M25 per window: ``mean_min`` minutes after local midnight, ``sd_min`` minutes, nights, status."""

    mean_min: Floats
    sd_min: Floats
    n_obs: Ints
    status: Words


def midpoint_min(onset_us: npt.ArrayLike, offset_us: npt.ArrayLike, utc_offset_s: npt.ArrayLike) -> Floats:
    """Local time of day of the middle of each sleep, in minutes from 0 up to 1440.

    ``onset_us`` and ``offset_us`` are microseconds since 1970 in UTC, ``utc_offset_s`` what the local clock was ahead
    of UTC at the middle, in seconds.
    """
    start, end = np.asarray(onset_us, dtype=np.int64), np.asarray(offset_us, dtype=np.int64)
    local_us = start + (end - start) // 2 + np.asarray(utc_offset_s, dtype=np.int64) * 1_000_000
    return np.asarray(np.mod(local_us, 86_400_000_000) / 60_000_000, dtype=np.float64)


def circular_mean_sd(minutes: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Circular mean and standard deviation of times of day per row of the last axis, both in minutes.

    ``R = |mean(exp(i theta))|``, ``SD = sqrt(-2 ln R)``. NaN marks a missing time; a row without times, or
    with times that cancel each other, has neither (NaN).
    """
    angles = np.asarray(minutes, dtype=np.float64) * (2 * np.pi / DAY_MIN)
    east, north = mean(np.cos(angles)), mean(np.sin(angles))
    length = np.minimum(np.hypot(east, north), 1.0)
    known = length > _NO_DIRECTION
    centre = np.where(known, np.mod(np.arctan2(north, east) * (DAY_MIN / (2 * np.pi)), DAY_MIN), np.nan)
    centre = np.where(centre == DAY_MIN, 0.0, centre)  # what rounds up to the end of the day is its beginning
    logarithm = np.log(length, out=np.full(np.shape(length), np.nan), where=known)
    deviation = np.sqrt(np.maximum(-2 * logarithm, 0.0)) * (DAY_MIN / (2 * np.pi))
    return centre, np.where(np.isnan(logarithm), np.nan, deviation)


def midpoint_variability(midpoints_min: npt.ArrayLike) -> MidpointVariability:
    """M25: circular mean and SD of the sleep midpoints of 14 nights, shape ``(n, 14)``, in minutes.

    Needs 7 nights; midpoints that cancel each other are UNDEFINED. Raises ValueError for another shape.
    """
    nights = windows(midpoints_min, NIGHTS)
    n_obs = count(nights)
    thin = n_obs < NIGHTS_MIN
    centre, deviation = circular_mean_sd(nights)
    status = choose((thin, INSUFFICIENT), (np.isnan(deviation), UNDEFINED), (stale(nights), STALE))
    return MidpointVariability(np.where(thin, np.nan, centre), np.where(thin, np.nan, deviation), n_obs, status)
