"""The most of any week that the athlete is used to."""

from __future__ import annotations

import numpy as np

from pipeline.models.series import Bools, Floats, Ints
from pipeline.models.training_load import WEEK_DAYS

MOST_DAYS = 28  # a week that was done so lately is what the athlete is used to


def most_before(week: Floats | Ints, whole: Bools, start: Ints, row: Ints, column: Ints) -> Floats:
    """Of the chosen rows and columns the most of a whole week that ends in the 28 days before the last 7, deloads or
    not; NaN if there is none.

    ``week``: sums of the 7 days that end on each day, shape ``(n, columns)``; ``whole``: whether all of them are days
    of the athlete; ``start``: the athlete's first row.
    """
    found = np.full(len(row), np.nan)
    for days_back in range(WEEK_DAYS, WEEK_DAYS + MOST_DAYS):
        place = np.maximum(row - days_back, start[row])
        there = (place == row - days_back) & whole[place]
        found = np.fmax(found, np.where(there, week[place, column], np.nan))
    return found
