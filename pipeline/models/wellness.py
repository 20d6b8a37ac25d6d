"""M30 wellness questionnaires: sums, items on one scale from worst to best, and how they stand against the usual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.robust import baseline
from pipeline.models.series import DEGRADED, INSUFFICIENT, Bools, Floats, Ints, Words, choose, constant, count
from pipeline.models.series import mean as row_mean

RECENT_DAYS = 7
RECENT_MIN = 3
BASELINE_MIN = 10
ITEMS_MIN = 3
STRAIGHT_LINE_REPORTS = 14


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: its items in order, the ends of their scale, and the items whose low end is the good one."""

    items: tuple[str, ...]
    lowest: float
    highest: float
    low_is_best: frozenset[str]

    @property
    def step(self) -> float:
        """One step of the scale on the normalised one from 0 to 1."""
        return 1 / (self.highest - self.lowest)


# Hooper 1995; McLean 2010; and the plain scale of our own events
INSTRUMENTS: dict[str, Instrument] = {
    "hooper": Instrument(
        ("sleep", "fatigue", "stress", "soreness"), 1, 7, frozenset({"sleep", "fatigue", "stress", "soreness"})
    ),
    "mclean": Instrument(("fatigue", "sleep_quality", "soreness", "stress", "mood"), 1, 5, frozenset()),
    "plain": Instrument(
        ("sleep_quality", "fatigue", "stress", "soreness", "mood"), 0, 10, frozenset({"fatigue", "stress", "soreness"})
    ),
}


@dataclass(frozen=True)
class ItemDeviation:
    """M30 per athlete and item: ``z`` (positive is better, NaN below the minimum data), counts, status."""

    z: Floats
    n_recent: Ints
    n_baseline: Ints
    status: Words


@dataclass(frozen=True)
class Subjective:
    """M30 per athlete: ``z`` the mean over the items that have one, how many those are, status."""

    z: Floats
    n_items: Ints
    status: Words


def total(items: npt.ArrayLike, instrument: str) -> Floats:
    """Sum of all items in points, shape ``(..., items)`` in the order of the instrument; NaN if one is missing.

    Hooper index 4-28, higher is worse; McLean 5-25, higher is better. Raises ValueError for an unknown instrument or
    another number of items.
    """
    points, _ = _points(items, instrument)
    return np.asarray(points.sum(axis=-1), dtype=np.float64)


def normalise(items: npt.ArrayLike, instrument: str) -> Floats:
    """Each item from 0 (worst) to 1 (best), same shape ``(..., items)``; missing or off the scale is NaN.

    Hooper ``(7 - x) / 6``, McLean ``(x - 1) / 4``. Raises ValueError as ``total`` does.
    """
    points, scale = _points(items, instrument)
    turned = np.array([item in scale.low_is_best for item in scale.items])
    return np.asarray(np.where(turned, scale.highest - points, points - scale.lowest) * scale.step, dtype=np.float64)


def item_deviation(recent: npt.ArrayLike, earlier: npt.ArrayLike, instrument: str) -> ItemDeviation:
    """M30: ``(mean of the last 7 days - median of days 8-35) / max(spread, half a step)`` per item.

    ``recent`` has shape ``(n, items, 7)``, ``earlier`` ``(n, items, 28)``: normalised items of one instrument, which is
    never mixed with another in a baseline. Outliers (M26) leave the baseline. Needs 3 recent and 10 baseline days.
    Raises ValueError for an unknown instrument or shapes that do not fit.
    """
    scale = _instrument(instrument)
    now, before = np.asarray(recent, dtype=np.float64), np.asarray(earlier, dtype=np.float64)
    if now.ndim != 3 or before.ndim != 3 or now.shape[2] != RECENT_DAYS or now.shape[:2] != before.shape[:2]:
        raise ValueError(
            f"windows of items must have shapes (n, items, 7) and (n, items, 28), not {now.shape}, {before.shape}"
        )
    usual = baseline(before, scale.step)
    n_recent = count(now)
    thin = (n_recent < RECENT_MIN) | (usual.n_obs < BASELINE_MIN)
    z = np.where(thin, np.nan, (row_mean(now) - usual.median) / np.maximum(usual.spread, scale.step / 2))
    return ItemDeviation(z, n_recent, usual.n_obs, choose((thin, INSUFFICIENT)))


def subjective(item_z: npt.ArrayLike, straight_line: npt.ArrayLike = False) -> Subjective:
    """M30: mean of the available item z, shape ``(n, items)`` to ``(n,)``; at least 3 items, else NaN.

    DEGRADED where ``straight_line`` says that the athlete answers the same every day.
    """
    z = np.asarray(item_z, dtype=np.float64)
    n_items = count(z)
    thin = n_items < ITEMS_MIN
    return Subjective(
        np.where(thin, np.nan, row_mean(z)), n_items, choose((thin, INSUFFICIENT), (straight_line, DEGRADED))
    )


def straight_line(reports: npt.ArrayLike) -> Bools:
    """Athletes who answered every item with one and the same number in 14 reports or more, ``(n, items, reports)``.

    Items that were never answered do not speak against it.
    """
    given = np.asarray(reports, dtype=np.float64)
    n_reports = (~np.isnan(given)).any(axis=1).sum(axis=1)
    unmoved = constant(given) | (count(given) == 0)
    return np.asarray((n_reports >= STRAIGHT_LINE_REPORTS) & unmoved.all(axis=1), dtype=np.bool_)


def _instrument(name: str) -> Instrument:
    if name not in INSTRUMENTS:
        raise ValueError(f"no questionnaire is called {name!r}; known are {', '.join(INSTRUMENTS)}")
    return INSTRUMENTS[name]


def _points(items: npt.ArrayLike, instrument: str) -> tuple[Floats, Instrument]:
    scale = _instrument(instrument)
    points = np.asarray(items, dtype=np.float64)
    if points.ndim == 0 or points.shape[-1] != len(scale.items):
        raise ValueError(
            f"{instrument} has {len(scale.items)} items ({', '.join(scale.items)}), not shape {points.shape}"
        )
    on_scale = (points >= scale.lowest) & (points <= scale.highest)
    return np.where(on_scale, points, np.nan), scale
