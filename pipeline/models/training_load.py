"""Training load over days: session rating (M14), monotony and strain (M15), averages (M16, M18), ratios (M17).

Load from heart rate (M19) is in ``heart_rate_load``. Days are rows of equal length, oldest first, in any load unit.
A rest day is 0; NaN is a day on which the athlete was not observed, inside a logging gap (domain, section 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.series import (
    INSUFFICIENT,
    NOT_APPLICABLE,
    UNDEFINED,
    Floats,
    Ints,
    Words,
    choose,
    constant,
    count,
    mean,
    ratio,
    sd,
    windows,
)

VOLUME_UNIT = 2e3  # stored volume: k in thousandths, q in halves
FAILURE_LOAD_UNIT = 2e11  # stored failure load: the same times phi in 1e-8
WEEK_DAYS = 7
TRAINING_DAYS_MIN = 2
MONOTONY_DISPLAY_MAX = 10.0
ACUTE_DAYS = 7
CHRONIC_DAYS = 28
EWMA_REPORTED_FROM_DAY = 28
FITNESS_DAYS = 42.0
FATIGUE_DAYS = 7.0
FITNESS_REPORTED_FROM_DAY = 42


@dataclass(frozen=True)
class Week:
    """M15 per window: ``total`` and ``mean`` in load, ``sd``, ``monotony`` (a ratio), ``strain`` in load, status.

    UNDEFINED is a week of equal days above 0, NOT_APPLICABLE one of rest, INSUFFICIENT one with a day not observed or
    less than two training days; monotony and strain are given wherever they can be formed.
    """

    total: Floats
    mean: Floats
    sd: Floats
    monotony: Floats
    strain: Floats
    status: Words


@dataclass(frozen=True)
class Average:
    """M16 per athlete (rows) and day: ``value`` in load per day and the number of days averaged so far.

    ``numerator`` and ``denominator`` are the state after each day: those of one day, handed in again, continue the
    average on the next, bit for bit as if it had never been cut.
    """

    value: Floats
    observed_days: Ints
    numerator: Floats
    denominator: Floats


@dataclass(frozen=True)
class FitnessFatigue:
    """M18 per athlete (rows) and day, in load per day: fitness ``ctl``, fatigue ``atl``, balance ``tsb``."""

    ctl: Floats
    atl: Floats
    tsb: Floats


def fatigue_weighted_volume(weighted_volume: Ints, failure_load: Ints) -> Floats:
    """M11 of stored whole numbers: ``0.30 V + 0.70 FL`` in weighted sets."""
    found: Floats = 0.3 * (weighted_volume / VOLUME_UNIT) + 0.7 * (failure_load / FAILURE_LOAD_UNIT)
    return found


def session_rating_load(cr10: npt.ArrayLike, duration_min: npt.ArrayLike) -> Floats:
    """M14: rating of the whole session (CR10, 0-10) times its minutes, in AU; NaN where one is missing.

    Foster 2001. Never made from ratings of sets, which are another scale.
    """
    return np.asarray(np.asarray(cr10, dtype=np.float64) * np.asarray(duration_min, dtype=np.float64), dtype=np.float64)


def monotony_and_strain(loads: npt.ArrayLike, ddof: int = 0) -> Week:
    """M15 of windows of 7 days, shape ``(n, 7)``: mean over standard deviation, and the week's load times that.

    ``ddof`` 0 is the population SD, which reproduces published tables. Raises ValueError for another shape or another
    ``ddof`` than 0 or 1. Foster 1998.
    """
    if ddof not in (0, 1):
        raise ValueError(f"the standard deviation of a week divides by n or n - 1 (ddof 0 or 1), not ddof {ddof}")
    week = windows(loads, WEEK_DAYS)
    observed = count(week) == WEEK_DAYS
    total = np.where(observed, np.nansum(week, axis=1), np.nan)
    average = np.where(observed, mean(week), np.nan)
    deviation = np.where(observed, sd(week, ddof), np.nan)
    monotony = ratio(average, deviation)
    resting = observed & (week == 0).all(axis=1)
    status = choose(
        (resting, NOT_APPLICABLE),
        (observed & constant(week), UNDEFINED),
        (~observed | ((week > 0).sum(axis=1) < TRAINING_DAYS_MIN), INSUFFICIENT),
    )
    return Week(total, average, deviation, monotony, total * monotony, status)


def exponential_average(
    loads: npt.ArrayLike,
    days: int,
    *,
    seeded: bool = False,
    state: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Average:
    """M16: exponentially weighted average with ``lambda = 2 / (days + 1)``, shape ``(athletes, days)`` in and out.

    Corrected for its start by default: ``num = (1 - l) num + load``, ``den = (1 - l) den + 1``, average ``num / den``.
    ``seeded`` is the form of the literature, which begins with the first load (Williams 2017). Day 1 is the first
    observed day; a day not observed (NaN) has no average and ends the run, so that the next one is day 1 again.
    ``state`` is numerator, denominator and observed days of each athlete before the first column. To be reported from
    ``observed_days`` 28 on. Raises ValueError for another shape or ``days`` below 1.
    """
    if days < 1:
        raise ValueError(f"an average needs a span of at least 1 day, not {days}")
    table = _table(loads)
    keep = 1 - 2 / (days + 1)
    n = table.shape[0]
    begin = state if state is not None else (np.zeros(n), np.zeros(n), np.zeros(n))
    numerator, denominator = (np.broadcast_to(np.asarray(one, dtype=np.float64), (n,)) for one in begin[:2])
    run = np.broadcast_to(np.asarray(begin[2], dtype=np.int64), (n,))
    numerators, denominators = np.zeros(table.shape), np.zeros(table.shape)
    observed_days = np.zeros(table.shape, dtype=np.int64)
    # one step a day for all athletes; the closed form with powers overflows after some years
    for day, load in enumerate(table.T):
        observed = ~np.isnan(load)
        if seeded:
            numerator = np.where(run == 0, load, keep * numerator + (1 - keep) * load)
            denominator = np.ones(n)
        else:
            numerator, denominator = keep * numerator + load, keep * denominator + 1
        numerator, denominator = np.where(observed, numerator, 0.0), np.where(observed, denominator, 0.0)
        run = np.where(observed, run + 1, 0)
        numerators[:, day], denominators[:, day], observed_days[:, day] = numerator, denominator, run
    return Average(ratio(numerators, denominators), observed_days, numerators, denominators)


def week_sums(loads: npt.ArrayLike) -> Floats:
    """Sums of the four blocks of 7 days of windows of 28 days, ``(n, 28)`` to ``(n, 4)``, oldest first.

    A block with a day not observed is NaN. Raises ValueError for another shape.
    """
    found = windows(loads, CHRONIC_DAYS)
    return np.asarray(found.reshape(-1, 4, WEEK_DAYS).sum(axis=2), dtype=np.float64)


def coupled_ratio(weeks: npt.ArrayLike) -> Floats:
    """M17: daily load of the last 7 days over that of the 28 that hold them; ``weeks`` ``(n, 4)``, oldest first.

    NaN if nothing was done or a week is not known. Never above 4. Raises ValueError for another shape.
    """
    found = windows(weeks, 4)
    return ratio(4 * found[:, 3], found.sum(axis=1))


def uncoupled_ratio(weeks: npt.ArrayLike, deload: npt.ArrayLike | None = None, floor: float = 0.0) -> Floats:
    """M17: load of the last 7 days over the mean of the three blocks of 7 days before; the variable of alerts.

    ``weeks`` has shape ``(n, 4)``, oldest first. Blocks marked in ``deload`` ``(n, 3)`` are left out, else each return
    from a deload would look like a spike. NaN (UNDEFINED) if no block is left, one that is left is not known, or their
    mean is 0 or below ``floor``. It describes a change of volume and says nothing of injuries. Raises ValueError for
    another shape.
    """
    found = windows(weeks, 4)
    out = np.zeros((found.shape[0], 3), dtype=np.bool_) if deload is None else np.asarray(deload, dtype=np.bool_)
    if out.shape != (found.shape[0], 3):
        raise ValueError(f"deload marks belong to the three blocks before the last week, not to shape {out.shape}")
    chronic = ratio(np.where(out, 0.0, found[:, :3]).sum(axis=1), 3 - out.sum(axis=1))
    return np.where(chronic >= floor, ratio(found[:, 3], chronic), np.nan)


def coupled_from_uncoupled(uncoupled: npt.ArrayLike) -> Floats:
    """M17: the coupled ratio that belongs to an uncoupled one, ``4 u / (u + 3)`` (Windt and Gabbett 2019)."""
    u = np.asarray(uncoupled, dtype=np.float64)
    return ratio(4 * u, u + 3)


def fitness_fatigue(loads: npt.ArrayLike, ctl: npt.ArrayLike = 0.0, atl: npt.ArrayLike = 0.0) -> FitnessFatigue:
    """M18: fitness (42 days), fatigue (7 days) and their balance, ``(athletes, days)`` in and out.

    ``x_t = x_(t-1) exp(-1/N) + load (1 - exp(-1/N))`` from ``ctl`` and ``atl`` before the first column; the balance of
    a day is that of the evening before. Days not observed count as 0, for detraining is real. For display from day 42
    on. Raises ValueError for another shape. Banister 1975; the form of performance-management charts.
    """
    table = np.nan_to_num(_table(loads), nan=0.0, posinf=np.inf, neginf=-np.inf)
    slow, fast = np.exp(-1 / FITNESS_DAYS), np.exp(-1 / FATIGUE_DAYS)
    fitness, fatigue, balance = (np.empty(table.shape) for _ in range(3))
    before = [np.broadcast_to(np.asarray(one, dtype=np.float64), table.shape[:1]) for one in (ctl, atl)]
    for day, load in enumerate(table.T):  # one step a day for all athletes
        balance[:, day] = before[0] - before[1]
        before = [before[0] * slow + load * (1 - slow), before[1] * fast + load * (1 - fast)]
        fitness[:, day], fatigue[:, day] = before
    return FitnessFatigue(fitness, fatigue, balance)


def _table(loads: npt.ArrayLike) -> Floats:
    table = np.asarray(loads, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"loads must have one row per athlete and one column per day, not shape {table.shape}")
    return table
