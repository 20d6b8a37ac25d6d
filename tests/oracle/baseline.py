"""A series of daily values seen from one day: its last days and its own baseline (M26), with the standard library."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

ALIVE_DAYS = 29  # so long a silent series is told of: one day more than anything waits for it
OUTLIER = 3.5
Series = dict[date, float]


@dataclass
class Baseline:
    """Values of a stretch of days, counted with its outliers and described without them."""

    values: list[float]
    step: float

    @property
    def n(self) -> int:
        return len(self.values)

    @cached_property
    def kept(self) -> list[float]:
        return without_outliers(self.values, self.step)

    @property
    def median(self) -> float | None:
        return statistics.median(self.kept) if self.kept else None

    @property
    def spread(self) -> float | None:
        return spread(self.kept, self.step) if self.kept else None

    @property
    def mean(self) -> float | None:
        return mean(self.kept)

    @property
    def sd(self) -> float | None:
        return statistics.stdev(self.kept) if len(self.kept) > 1 else None


@dataclass(frozen=True)
class Look:
    """What is seen of a series from ``day``."""

    series: Series
    day: date
    step: float

    @property
    def value(self) -> float | None:
        return self.series.get(self.day)

    @property
    def age_days(self) -> int | None:
        """Days since the newest reading; null if there is none in the last 28 days."""
        return next((n for n in range(ALIVE_DAYS + 1) if self.day - timedelta(n) in self.series), None)

    def last(self, days: int) -> list[float]:
        """The values of the last ``days`` days, this one included."""
        return self._between(1, days)

    def baseline(self, days: int) -> Baseline:
        """The ``days`` days that end a week before this one."""
        return Baseline(self._between(8, days + 7), self.step)

    def _between(self, first: int, last: int) -> list[float]:
        """Values of the days numbered ``first`` to ``last``, this day being number 1."""
        days = (self.day - timedelta(n - 1) for n in range(first, last + 1))
        return [self.series[day] for day in days if day in self.series]


def mean(values: list[float]) -> float | None:
    """The arithmetic mean, null of nothing; of equal values exactly that value."""
    return statistics.mean(values) if values else None


def deviation(values: list[float]) -> float:
    """The median distance from the median."""
    centre = statistics.median(values)
    return statistics.median(abs(value - centre) for value in values)


def quartile_distance(values: list[float]) -> float:
    """Third less first quartile, between ranks on a straight line."""
    if len(values) < 2:
        return 0.0
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return third - first


def spread(values: list[float], step: float) -> float:
    """M26: from the median deviation, else from the quartiles, else one step of the signal."""
    found = deviation(values)
    if found > 0:
        return 1.4826 * found
    quartiles = quartile_distance(values)
    return quartiles / 1.349 if quartiles > 0 else step


def without_outliers(values: list[float], step: float) -> list[float]:
    """The values whose distance from the median is at most 3.5 spreads."""
    if not values:
        return []
    centre, s = statistics.median(values), spread(values, step)
    return [value for value in values if abs(value - centre) <= OUTLIER * s]
