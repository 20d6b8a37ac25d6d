"""M22 sleep efficiency and M23 sleep debt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.robust import out_of_bounds
from pipeline.models.series import INSUFFICIENT, STALE, Floats, Ints, Words, choose, count, ratio, stale, windows

NIGHTS = 14
NIGHTS_MIN = 10
NEED_H = 8.0


@dataclass(frozen=True)
class SleepDebt:
    """M23 per window: ``debt_h`` hours in 14 days (NaN below the minimum data), valid nights, status."""

    debt_h: Floats
    n_obs: Ints
    status: Words


def sleep_efficiency(asleep_min: npt.ArrayLike, in_bed_min: npt.ArrayLike) -> Floats:
    """M22: minutes asleep over minutes in bed, 0 to 1, element by element; NaN where one is missing or absurd.

    Never take a vendor's field of this name (domain, M22).
    """
    asleep, in_bed = np.broadcast_arrays(
        np.asarray(asleep_min, dtype=np.float64), np.asarray(in_bed_min, dtype=np.float64)
    )
    share = ratio(asleep, in_bed)
    return np.where((asleep >= 0) & (in_bed > 0) & (asleep <= in_bed), share, np.nan)


def sleep_debt(asleep_h: npt.ArrayLike, need_h: npt.ArrayLike = NEED_H) -> SleepDebt:
    """M23: what 14 nights fell short of the need in hours, scaled to 14 valid nights, never below 0.

    ``asleep_h`` has shape ``(n, 14)``, hours asleep; ``need_h`` one number or one per row. Nights with more than the
    need count against shorter ones; nights outside 0-16 h are left out. Needs 10 nights. Raises ValueError for
    another shape. Domain policy.
    """
    nights = windows(asleep_h, NIGHTS)
    nights = np.where(out_of_bounds(nights, "sleep_h"), np.nan, nights)
    need = np.broadcast_to(np.asarray(need_h, dtype=np.float64), nights.shape[:1])
    n_obs = count(nights)
    short = np.nansum(need[:, None] - nights, axis=1)
    thin = n_obs < NIGHTS_MIN
    debt = np.where(thin, np.nan, ratio(np.maximum(short, 0.0) * NIGHTS, n_obs))
    return SleepDebt(debt, n_obs, choose((thin, INSUFFICIENT), (stale(nights), STALE)))
