"""M26 robust baseline and outliers, M27 deviation of resting heart rate, on windows of days (``series``).

A baseline ends seven days before the evaluated day, so that a problem that goes on cannot hide itself in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import INSUFFICIENT, STALE, Bools, Floats, Ints, Words, choose, count, ratio, stale, windows

MAD_TO_SD = 1.4826
IQR_TO_SD = 1.349
OUTLIER_Z = 3.5
_Z_FACTOR = 0.6745  # Iglewicz and Hoaglin print the reciprocal of 1.4826 rounded to four places

# what a body can show; a reading outside is quarantined, never clipped
PHYSIOLOGICAL_BOUNDS: dict[str, tuple[float, float]] = {
    "resting_hr_bpm": (25.0, 120.0),
    "rmssd_ms": (3.0, 300.0),
    "sleep_h": (0.0, 16.0),
}

# the finest step a signal is told in; the spread of a baseline in which nothing moved
RESOLUTION: dict[str, float] = {"resting_hr_bpm": 1.0, "ln_rmssd": 0.02, "wellness_points": 1.0}

RECENT_DAYS = 7
BASELINE_DAYS = 28
RESTING_HR_BASELINE_MIN = 14
RESTING_HR_RECENT_MIN = 3


@dataclass(frozen=True)
class Baseline:
    """M26 per row: ``median``, ``mad`` and ``spread`` without outliers, in the signal's unit.

    ``n_obs`` counts readings before outliers leave (minimum counts are taken there); ``outlier`` has the shape of the
    readings and marks those that left.
    """

    median: Floats
    mad: Floats
    spread: Floats
    n_obs: Ints
    outlier: Bools


@dataclass(frozen=True)
class Deviation:
    """M27 per row: ``delta_bpm``, ``z`` (NaN below the minimum data), whether ``elevated``, counts and status."""

    delta_bpm: Floats
    z: Floats
    elevated: Bools
    n_recent: Ints
    n_baseline: Ints
    status: Words


def out_of_bounds(values: npt.ArrayLike, signal: str) -> Bools:
    """Readings that no body shows (domain policy, M26); NaN is not one. Raises KeyError for an unknown signal."""
    low, high = PHYSIOLOGICAL_BOUNDS[signal]
    given = np.asarray(values, dtype=np.float64)
    return np.asarray((given < low) | (given > high), dtype=np.bool_)


def quantile(values: npt.ArrayLike, share: float) -> Floats:
    """Quantile of the readings per row of the last axis, straight between neighbours; NaN for a row without any.

    Raises ValueError if ``share`` lies outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a quantile is a share from 0 to 1, not {share:g}")
    # NaN sorts last, so the readings of a row are its first n
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    if ordered.shape[-1] == 0:
        return np.full(ordered.shape[:-1], np.nan)
    place = np.maximum(count(ordered) - 1, 0) * share
    below = np.floor(place).astype(np.int64)
    low = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.ceil(place).astype(np.int64)[..., None], axis=-1)[..., 0]
    return np.asarray(low + (high - low) * (place - below), dtype=np.float64)


def median(values: npt.ArrayLike) -> Floats:
    """Median of the readings per row of the last axis; NaN for a row without any."""
    return quantile(values, 0.5)


def mad(values: npt.ArrayLike) -> Floats:
    """Median absolute deviation from the median per row of the last axis, unscaled, in the signal's unit."""
    given = np.asarray(values, dtype=np.float64)
    return median(np.abs(given - median(given)[..., None]))


def spread(values: npt.ArrayLike, resolution: npt.ArrayLike) -> Floats:
    """M26: ``1.4826 MAD``; ``IQR / 1.349`` where the MAD is 0; ``resolution`` where that is 0 as well.

    ``resolution`` is one for all or one per row. NaN for a row without readings. Raises ValueError if it is not
    positive.
    """
    steps = np.asarray(resolution, dtype=np.float64)
    if not (steps > 0).all():
        raise ValueError(f"the resolution of a signal is a step above 0, not {steps.min():g}")
    given = np.asarray(values, dtype=np.float64)
    from_mad = MAD_TO_SD * mad(given)
    from_iqr = (quantile(given, 0.75) - quantile(given, 0.25)) / IQR_TO_SD
    fallback = np.where(from_iqr == 0, steps, from_iqr)
    return np.where(from_mad == 0, fallback, from_mad)


def modified_z(values: npt.ArrayLike, resolution: float) -> Floats:
    """M26: ``0.6745 (x - median) / MAD`` for each reading, with the spread's fallbacks where the MAD is 0.

    Iglewicz and Hoaglin 1993. Raises ValueError if ``resolution`` is not positive.
    """
    given = np.asarray(values, dtype=np.float64)
    distance = given - median(given)[..., None]
    deviation = mad(given)[..., None]
    usual = ratio(_Z_FACTOR * distance, deviation)
    return np.where(deviation == 0, distance / spread(given, resolution)[..., None], usual)


def baseline(values: npt.ArrayLike, resolution: float) -> Baseline:
    """M26 baseline per row of the last axis; readings of a modified z beyond 3.5 leave before the final figures.

    Raises ValueError if ``resolution`` is not positive.
    """
    given = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        outlier = np.asarray(np.abs(modified_z(given, resolution)) > OUTLIER_Z, dtype=np.bool_)
    kept = np.where(outlier, np.nan, given)
    return Baseline(median(kept), mad(kept), spread(kept, resolution), count(given), outlier)


def resting_heart_rate_deviation(recent_bpm: npt.ArrayLike, baseline_bpm: npt.ArrayLike) -> Deviation:
    """M27: ``median(last 7 days) - median(days 8-35)`` in bpm, over the baseline's spread, at least 1 bpm.

    ``recent_bpm`` has shape ``(n, 7)``, ``baseline_bpm`` ``(n, 28)``. Elevated: 5 bpm or more; or 3 bpm or more and
    two spreads. Readings outside 25-120 bpm count as absent. Needs 3 recent and 14 baseline days. Raises ValueError
    for other shapes. Thresholds: domain policy; Bosquet 2008 for the effect.
    """
    recent, earlier = windows(recent_bpm, RECENT_DAYS), windows(baseline_bpm, BASELINE_DAYS)
    recent = np.where(out_of_bounds(recent, "resting_hr_bpm"), np.nan, recent)
    earlier = np.where(out_of_bounds(earlier, "resting_hr_bpm"), np.nan, earlier)
    usual = baseline(earlier, RESOLUTION["resting_hr_bpm"])
    n_recent = count(recent)
    thin = (n_recent < RESTING_HR_RECENT_MIN) | (usual.n_obs < RESTING_HR_BASELINE_MIN)
    delta = np.where(thin, np.nan, median(recent) - usual.median)
    z = delta / np.maximum(usual.spread, 1.0)
    elevated = (delta >= 5) | ((delta >= 3) & (z >= 2))
    status = choose((thin, INSUFFICIENT), (stale(recent), STALE))
    return Deviation(delta, z, np.asarray(elevated, dtype=np.bool_), n_recent, usual.n_obs, status)
