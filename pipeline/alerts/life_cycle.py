"""The life cycle of folded rules: conditions in time order become episodes.

A condition at ``at`` keeps its key alive until ``until``. While alive, a further condition updates the
episode; after that it opens a new one, unless the cool-down holds it back (a higher level is not held
back). One step over all keys per rank of condition, so the cost follows the longest key, in numpy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SUPPRESSED = np.int64(np.iinfo(np.int64).min)
"""In place of an opening day: the condition fell into a cool-down and opened nothing."""

_NEVER = SUPPRESSED


class Conditions(NamedTuple):
    """Columns of equal length, sorted by key, then time. Times are integers of one unit within a rule.

    ``key`` numbers athlete, rule and scope from 0 in order. ``day`` is the training day (days since 1970).
    ``state`` marks a condition before the fold's first day whose opening day, ``opened``, is known: at
    most one per key, and first of its key. ``cool`` is the cool-down in the unit of ``at``.
    """

    key: Ints
    at: Ints
    until: Ints
    day: Ints
    level: Ints
    cool: Ints
    state: npt.NDArray[np.bool_]
    opened: Ints


def fold(conditions: Conditions) -> Ints:
    """The day on which the episode of each condition opened, or SUPPRESSED; same length and order.

    Two episodes of a key never open on one day: the later continues the earlier.
    """
    n = len(conditions.key)
    opened = np.full(n, SUPPRESSED, dtype=np.int64)
    if n == 0:
        return opened
    first = np.r_[True, conditions.key[1:] != conditions.key[:-1]]
    start = np.flatnonzero(first)
    rank = np.arange(n) - np.repeat(start, np.diff(np.r_[start, n]))
    keys = len(start)
    alive_until = np.full(keys, _NEVER, dtype=np.int64)
    alive_level = np.zeros(keys, dtype=np.int64)
    alive_opened = np.full(keys, _NEVER, dtype=np.int64)
    row_key = np.cumsum(first) - 1
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(rank.max() + 2))
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        row = by_rank[low:high]
        key = row_key[row]
        at = conditions.at[row]
        fresh = alive_opened[key] == _NEVER
        open_now = ~fresh & ((at < alive_until[key]) | (alive_opened[key] == conditions.day[row]))
        held = ~fresh & ~open_now & (conditions.level[row] <= alive_level[key])
        held &= at < alive_until[key] + np.where(held, conditions.cool[row], 0)
        day = np.where(open_now, alive_opened[key], conditions.day[row])
        day = np.where(conditions.state[row], conditions.opened[row], day)
        taken = ~held
        opened[row[taken]] = day[taken]
        key = key[taken]
        alive_until[key] = conditions.until[row[taken]]
        alive_level[key] = conditions.level[row[taken]]
        alive_opened[key] = day[taken]
    return opened
