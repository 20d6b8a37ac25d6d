"""The life cycle of alerts, in numpy over whole columns: when a condition's alert opens and when it ends."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SUPPRESSED = -1
"""In place of an opening day: the condition fell into a cool-down and opened nothing."""

NEVER_DAY = 2_932_896
"""The day of an end nobody knows (9999-12-31); stored as null."""

_NEVER = np.iinfo(np.int64).min


class Conditions(NamedTuple):
    """Columns of equal length, sorted by key, then time. Times are integers of one unit within a rule.

    ``key`` is equal for one athlete, rule and scope. ``day`` is the training day (days since 1970).
    ``state`` marks a condition before the fold's first day whose opening day, ``opened``, is known: at
    most one per key, and first of its key. ``cool`` is the cool-down in the unit of ``at``.
    """

    key: Ints
    at: Ints
    until: Ints
    day: Ints
    level: Ints
    cool: Ints
    state: Flags
    opened: Ints


def fold(conditions: Conditions) -> Ints:
    """The day on which the episode of each condition opened, or SUPPRESSED; same length and order.

    A condition at ``at`` keeps its key alive until ``until``. While alive, a further condition updates the
    episode; after that it opens a new one, unless the cool-down holds it back (a higher level is not held
    back). Two episodes of a key never open on one day: the later continues the earlier.
    One step over all keys per rank of condition, so the cost follows the longest key.
    """
    n = len(conditions.key)
    opened = np.full(n, SUPPRESSED, dtype=np.int64)
    if n == 0:
        return opened
    first = np.r_[True, conditions.key[1:] != conditions.key[:-1]]
    start = np.flatnonzero(first)
    rank = np.arange(n) - np.repeat(start, np.diff(np.r_[start, n]))
    alive_until = np.full(len(start), _NEVER, dtype=np.int64)
    alive_level = np.zeros(len(start), dtype=np.int64)
    alive_opened = np.full(len(start), _NEVER, dtype=np.int64)
    row_key = np.cumsum(first) - 1
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(int(rank.max()) + 2))
    for low, high in pairwise(bounds.tolist()):
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


def next_clean_day(group: Ints, day: Ints, meets: Flags) -> Ints:
    """Per row the day of the next later row of its group that does not meet the condition, or the largest integer.

    Rows are sorted by group, then time.
    """
    n = len(group)
    never = np.iinfo(np.int64).max
    if n == 0:
        return np.empty(0, dtype=np.int64)
    clean_at = np.where(meets, n, np.arange(n))
    following = np.r_[np.minimum.accumulate(clean_at[::-1])[::-1][1:], n]  # the first clean row after each
    inside = following < n
    target = np.where(inside, following, 0)
    inside &= group[target] == group
    return np.where(inside, day[target], never)


def clean_run_day(group: Ints, day: Ints, failed: Flags, count: int) -> Ints:
    """Per row the day of the ``count``-th row after it in its group if none of those failed, else the largest integer.

    Rows are sorted by group, then time.
    """
    n = len(group)
    never = np.iinfo(np.int64).max
    target = np.arange(n) + count
    inside = target < n
    target = np.where(inside, target, 0)
    inside &= group[target] == group
    failures = np.r_[0, np.cumsum(failed)]
    inside &= failures[target + 1] - failures[np.arange(n) + 1] == 0
    return np.where(inside, day[target], never)


def exercise_session_codes(athlete: Ints, session_key: Ints, exercise_no: Ints) -> Ints:
    """One integer per athlete, session and exercise; exact. ``athlete``: indexes from 0; ``exercise_no`` from -1."""
    session = np.unique(session_key, return_inverse=True)[1].astype(np.int64)
    athletes = int(athlete.max()) + 1 if len(athlete) else 1
    return ((session * athletes + athlete) << 24) | (exercise_no + 1)
