"""A signal's last days against its own baseline (M26, M27, M29, M30): sliding windows over whole columns.

Every window is counted back from its own day, so a value never depends on where a batch began. The baseline ends seven
days before the day it judges: an ongoing problem must not hide itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.models.circular import NIGHTS_MIN, circular_mean_sd
from pipeline.models.robust import OUTLIER_Z, median, spread
from pipeline.models.series import Bools, Floats, Ints, count

BACK_DAYS = 67  # the longest window reaches this far, its own day included


class Windows(NamedTuple):
    """One row per judged day; shape ``(n,)`` each. NaN where a window has no value to tell.

    ``median_28d``, ``spread_28d``: days 8 to 35; ``mean_60d``, ``sd_60d`` (ddof 1): days 8 to 67; outliers are left
    out of these four, and stay in the counts. ``age_days`` is -1 without any reading in the 67 days.
    """

    value: Floats
    age_days: Ints
    n_3d: Ints
    mean_3d: Floats
    n_7d: Ints
    mean_7d: Floats
    median_7d: Floats
    sd_7d: Floats
    n_28d: Ints
    median_28d: Floats
    spread_28d: Floats
    n_60d: Ints
    mean_60d: Floats
    sd_60d: Floats
    n_14d: Ints
    mean_14d: Floats
    clock_sd_14d_min: Floats


def windows(days: Floats, resolution: Floats, is_clock: Bools) -> Windows:
    """The windows of each row of ``days``, shape ``(n, 67)``: the judged day last, NaN on days without a reading.

    ``resolution``, shape ``(n,)``, is the signal's smallest step, the spread where a baseline has none of its own.
    ``is_clock``, shape ``(n,)``: the values are minutes after midnight, whose spread is that of angles (M25).
    """
    last_7, last_14, last_3 = days[:, -7:], days[:, -14:], days[:, -3:]
    base_28, base_60 = days[:, -35:-7], days[:, :-7]
    clean_28, clean_60 = without_outliers(base_28, resolution), without_outliers(base_60, resolution)
    seen = ~np.isnan(days)
    age = np.where(seen.any(axis=1), np.argmax(seen[:, ::-1], axis=1), -1)
    return Windows(
        days[:, -1],
        age.astype(np.int64),
        count(last_3),
        _mean(last_3),
        count(last_7),
        _mean(last_7),
        median(last_7),
        _sd(last_7),
        count(base_28),
        median(clean_28),
        spread(clean_28, resolution),
        count(base_60),
        _mean(clean_60),
        _sd(clean_60),
        count(last_14),
        _mean(last_14),
        np.where(is_clock, _clock_sd(last_14), np.nan) if is_clock.any() else np.full(len(days), np.nan),
    )


def without_outliers(rows: Floats, resolution: Floats) -> Floats:
    """The rows with NaN in the place of values whose modified z is beyond 3.5."""
    centre = median(rows)[:, None]
    with np.errstate(invalid="ignore"):
        outlying = np.abs(rows - centre) > OUTLIER_Z * spread(rows, resolution)[:, None]
    return np.where(outlying, np.nan, rows)


def _sum(rows: Floats) -> Floats:
    """Day by day, so that it is the same to the last bit however many rows are summed together."""
    total = np.zeros(len(rows))
    for day in range(rows.shape[1]):
        total += np.nan_to_num(rows[:, day], nan=0.0)
    return total


def _mean(rows: Floats) -> Floats:
    """Counted from the smallest value: of equal values it is exactly that value, and their deviation exactly 0."""
    low: Floats = np.fmin.reduce(rows, axis=1)
    with np.errstate(invalid="ignore"):
        return low + _sum(rows - low[:, None]) / count(rows)


def _sd(rows: Floats) -> Floats:
    """Standard deviation with n - 1; NaN below two values."""
    n = count(rows)
    off = rows - _mean(rows)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, np.sqrt(_sum(off * off) / (n - 1)), np.nan)


def _clock_sd(minutes: Floats) -> Floats:
    """Circular standard deviation in minutes (M25), NaN below seven times; to the thousandth, where rounding ends."""
    deviation = np.round(circular_mean_sd(minutes)[1], 3)
    return np.where(count(minutes) >= NIGHTS_MIN, deviation, np.nan)
