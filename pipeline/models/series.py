"""What the numeric models share: many series in one flat array, windows of days, and the words of a status.

*Series*: values of all series one after the other; ``offsets`` (one more than series, from 0 to the number of
values) tells where each begins, as in a list column of Arrow. *Window*: one row of days per athlete and day, oldest
first, the last column is the evaluated day; NaN is a day without a reading.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]

OK = "OK"
INSUFFICIENT = "INSUFFICIENT"
STALE = "STALE"
DEGRADED = "DEGRADED"
UNDEFINED = "UNDEFINED"
NOT_APPLICABLE = "NOT_APPLICABLE"

STALE_AFTER_DAYS = 3  # heart-rate variability, resting heart rate and sleep


def owners(offsets: npt.ArrayLike, n_values: int) -> tuple[Ints, int]:
    """Which series each of ``n_values`` flat values belongs to, and how many series there are.

    Raises ValueError if ``offsets`` is not one row of whole numbers that starts at 0, never falls and ends at
    ``n_values``: a wrong cut would mix the readings of two people.
    """
    cuts = np.asarray(offsets)
    if cuts.ndim != 1 or cuts.size == 0 or cuts.dtype.kind not in "iu":
        raise ValueError("series offsets must be one row of whole numbers; n series need n + 1 of them")
    lengths: Ints = np.asarray(np.diff(cuts.astype(np.int64)), dtype=np.int64)
    if cuts[0] != 0 or cuts[-1] != n_values or (lengths < 0).any():
        raise ValueError(
            f"series offsets must rise from 0 to the number of values, {n_values}; take them from one list"
        )
    return np.repeat(np.arange(lengths.size), lengths), lengths.size


def windows(values: npt.ArrayLike, days: int) -> Floats:
    """The windows as doubles, shape ``(n, days)``. Raises ValueError for another shape."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or found.shape[1] != days:
        raise ValueError(f"windows must have one row per athlete and day and {days} columns, not shape {found.shape}")
    return found


def count(values: Floats) -> Ints:
    """Readings (not NaN) per row of the last axis."""
    return np.asarray((~np.isnan(values)).sum(axis=-1), dtype=np.int64)


def mean(values: Floats) -> Floats:
    """Mean of the readings per row of the last axis; NaN for a row without any."""
    return ratio(np.nansum(values, axis=-1), count(values))


def sd(values: Floats, ddof: int) -> Floats:
    """Standard deviation of the readings per row of the last axis; NaN with ``ddof`` readings or fewer.

    Exactly 0 where all readings are equal, so that a constant series is recognised and not divided by dust.
    """
    n = count(values) - ddof
    squares = np.nansum((values - mean(values)[..., None]) ** 2, axis=-1)
    spread = np.sqrt(ratio(squares, np.where(n > 0, n, 0)))
    return np.where((n > 0) & constant(values), 0.0, spread)


def constant(values: Floats) -> Bools:
    """Rows of the last axis that have readings, all of them equal."""
    low = np.where(np.isnan(values), np.inf, values).min(axis=-1, initial=np.inf)
    high = np.where(np.isnan(values), -np.inf, values).max(axis=-1, initial=-np.inf)
    return np.asarray(low == high, dtype=np.bool_)


def ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> Floats:
    """``above / below``, element by element; NaN where ``below`` is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    result: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    return result


def segment_start(owner: Ints) -> Ints:
    """Row of the first day of each row's owner; the rows of an owner lie side by side."""
    is_first = np.r_[True, owner[1:] != owner[:-1]]
    return np.asarray(np.maximum.accumulate(np.where(is_first, np.arange(len(owner)), 0)), dtype=np.int64)


def trailing_sum(values: Ints, start: Ints, days: int, place: Ints | None = None) -> Ints:
    """Sums of the ``days`` rows that end on each row, those before its ``start`` left out; whole numbers, so exact.

    ``values`` has shape ``(n,)``, or ``(n, columns)`` to be summed column by column. ``place``: of these rows alone.
    """
    total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    place = np.arange(len(values)) if place is None else place
    return np.asarray(total[place + 1] - total[np.maximum(place - days + 1, start[place])], dtype=np.int64)


def within(flags: Bools, start: Ints, days: int) -> Bools:
    """Whether a flag is set at most ``days`` rows before or after each row, in its own series; shape ``(n,)``."""
    place = np.arange(len(flags))
    end = np.searchsorted(start, start, side="right")
    total = np.r_[0, np.cumsum(flags)]
    return np.asarray(total[np.minimum(place + days + 1, end)] > total[np.maximum(place - days, start)], dtype=np.bool_)


def stale(recent: Floats) -> Bools:
    """Windows whose newest reading is more than three days older than their last day, or that have none."""
    return np.asarray(np.isnan(recent[..., -1 - STALE_AFTER_DAYS :]).all(axis=-1), dtype=np.bool_)


def choose(*cases: tuple[npt.ArrayLike, str], otherwise: str = OK) -> Words:
    """The word of the first case that holds, element by element."""
    conditions = np.broadcast_arrays(*(np.asarray(condition, dtype=np.bool_) for condition, _ in cases))
    words = [np.asarray(word) for _, word in cases]
    return np.asarray(np.select(conditions, words, default=np.asarray(otherwise)), dtype=np.str_)
