"""M33 readiness: a summary of the athlete's own signals from 0 to 100, told apart into exact contributions.

Not validated against any outcome and no input of any alert.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import INSUFFICIENT, Floats, Ints, Words, choose, count, mean, ratio

COMPONENTS = ("subjective", "sleep", "performance", "hrv", "rhr")
WEIGHTS = (0.40, 0.20, 0.20, 0.10, 0.10)
_NEEDED = (True, False, True, False, False)  # one of these must be there
_Z_MAX = (np.inf, np.inf, np.inf, 0.5, 0.5)  # no bonus for heart signals above their range

COMPONENTS_MIN = 2
COVERAGE_MIN = 0.5
SLEEP_SPREAD_MIN = 15.0
DEBT_H_PER_Z = 7.0
PERCENT_PER_Z = 5.0
_GRAIN = 2.0**40


@dataclass(frozen=True)
class Readiness:
    """M33 per athlete and day.

    ``score`` of each component and its ``contribution`` in points, shape ``(n, 5)`` in the order of COMPONENTS, NaN
    where it is missing; ``coverage`` the weight that is there, 0 to 1; ``readiness`` 0 to 100 and NaN below the
    minimum data. The contributions that are there and 50 add up to the readiness exactly, in any order.
    """

    readiness: Floats
    score: Floats
    contribution: Floats
    coverage: Floats
    n_components: Ints
    status: Words


def sleep_z(
    mean3_min: npt.ArrayLike, baseline_min: npt.ArrayLike, spread_min: npt.ArrayLike, debt_h: npt.ArrayLike
) -> Floats:
    """The sleep component: mean of (3-night mean - baseline median) / max(spread, 15 min) and -debt / 7 h.

    Minutes asleep and hours of debt, one per athlete and day. If only one of the two is known, it stands alone.
    """
    recent, usual = np.asarray(mean3_min, dtype=np.float64), np.asarray(baseline_min, dtype=np.float64)
    nights = (recent - usual) / np.maximum(np.asarray(spread_min, dtype=np.float64), SLEEP_SPREAD_MIN)
    debt = -np.asarray(debt_h, dtype=np.float64) / DEBT_H_PER_Z
    return mean(np.stack(np.broadcast_arrays(nights, debt), axis=-1))


def performance_z(pct28: npt.ArrayLike) -> Floats:
    """The performance component: trends (M20, % per 28 days) of an athlete's exercises, averaged, over 5 %.

    Shape ``(n, exercises)`` to ``(n,)``; NaN is an exercise without a trend.
    """
    return mean(np.asarray(pct28, dtype=np.float64)) / PERCENT_PER_Z


def readiness(z: npt.ArrayLike) -> Readiness:
    """M33 from the z of the five components (positive is better, NaN missing), shape ``(n, 5)`` as COMPONENTS.

    Score ``50 + 20 z`` held to 0-100, weights renormalised over what is there. Needs two components, one of them
    subjective or performance, and half of the weight. Raises ValueError for another shape. Domain policy.
    """
    given = np.asarray(z, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != len(COMPONENTS):
        raise ValueError(f"readiness needs one row per athlete and day with {', '.join(COMPONENTS)}, not {given.shape}")
    there = ~np.isnan(given)
    score = np.clip(50 + 20 * np.minimum(given, _Z_MAX), 0.0, 100.0)
    # tenths, so that weights add up without rounding
    tenths = np.where(there, np.rint(np.array(WEIGHTS) * 10), 0.0)
    held = tenths.sum(axis=1)
    # whole multiples of a small power of two add up exactly in any order, here, in SQL or on a page
    contribution = np.rint(ratio(tenths, held[:, None]) * (score - 50) * _GRAIN) / _GRAIN
    n_components = count(given)
    needed = (there & np.array(_NEEDED)).any(axis=1)
    thin = (n_components < COMPONENTS_MIN) | ~needed | (held < 10 * COVERAGE_MIN)
    value = np.where(thin, np.nan, 50 + np.nansum(contribution, axis=1))
    return Readiness(
        value, score, np.where(there, contribution, np.nan), held / 10, n_components, choose((thin, INSUFFICIENT))
    )
