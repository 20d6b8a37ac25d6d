"""The fold of day-level conditions into episodes: open, rise, close, cool-down; one step over all keys per day.

An episode that stays at its level is said again every ANEW_DAYS with the numbers of that day: what was found weeks ago
tells nobody what to do today. That is news to no channel but those that asked for every change.

A day without a row holds the state it finds. Nothing but the rows and the state before the first day decides, so the
episodes are the same whatever the cuts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.alerts.life_cycle import NEVER_DAY, Flags, Ints

ANEW_DAYS = 7
_NEVER = np.iinfo(np.int64).min


class DayConditions(NamedTuple):
    """Columns of equal length, sorted by day, one row at most per key and day.

    ``key``: an index from 0; ``level``: 0 where the condition does not hold; ``closes``: where it may close.
    """

    key: Ints
    day: Ints
    level: Ints
    closes: Flags


@dataclass
class State:
    """Per key where it stands: open since ``opened`` (else _NEVER), with what level, said on ``updated`` (row ``row``).

    ``cool_until`` and ``cool_level``: until then only a higher level opens it again. ``row`` is -1 for what is stored.
    """

    opened: Ints
    level: Ints
    updated: Ints
    row: Ints
    cool_until: Ints
    cool_level: Ints

    @classmethod
    def empty(cls, keys: int) -> State:
        """Nothing open, nothing cooling down."""
        zeros = np.zeros(keys, dtype=np.int64)
        return cls(
            np.full(keys, _NEVER), zeros.copy(), zeros.copy(), np.full(keys, -1), np.full(keys, _NEVER), zeros.copy()
        )

    @property
    def is_open(self) -> Flags:
        """Which keys have an open episode."""
        found: Flags = self.opened != _NEVER
        return found


class Episodes(NamedTuple):
    """One row per episode that was open on or after the first day; ``ends`` is NEVER_DAY while it is open."""

    key: Ints
    opened: Ints
    ends: Ints
    level: Ints
    updated: Ints
    row: Ints


class Fold(NamedTuple):
    """``episodes``; ``said``: per row of the conditions that its episode speaks of the day that opened it."""

    episodes: Episodes
    said: Ints


def fold_days(conditions: DayConditions, state: State, cool_days: Ints) -> Fold:
    """Fold the rows into ``state`` (changed in place); ``cool_days``: per key."""
    closed: list[tuple[Ints, ...]] = []
    said = np.full(len(conditions.key), _NEVER, dtype=np.int64)
    bounds = np.r_[0, np.flatnonzero(np.diff(conditions.day)) + 1, len(conditions.day)]
    for low, high in pairwise(bounds.tolist()):
        if low == high:
            continue
        day, row = int(conditions.day[low]), np.arange(low, high)
        key, level = conditions.key[low:high], conditions.level[low:high]
        is_open = state.opened[key] != _NEVER
        ends = is_open & (level == 0) & conditions.closes[low:high]
        if ends.any():
            gone = key[ends]
            closed.append(_episodes(state, gone, np.full(len(gone), day)))
            state.cool_until[gone] = day + cool_days[gone]
            state.cool_level[gone] = state.level[gone]
            state.opened[gone] = _NEVER
        opens = ~is_open & (level > 0) & ((day >= state.cool_until[key]) | (level > state.cool_level[key]))
        rises = is_open & (level > state.level[key])
        anew = is_open & (level == state.level[key]) & (day >= state.updated[key] + ANEW_DAYS)
        state.opened[key[opens]] = day
        told = opens | rises | anew
        state.level[key[told]] = level[told]
        state.updated[key[told]] = day
        state.row[key[told]] = row[told]
        said[row[told]] = state.opened[key[told]]
    still = np.flatnonzero(state.is_open)
    closed.append(_episodes(state, still, np.full(len(still), NEVER_DAY)))
    return Fold(Episodes(*(np.concatenate(column) for column in zip(*closed, strict=True))), said)


def _episodes(state: State, keys: Ints, ends: Ints) -> tuple[npt.NDArray[np.int64], ...]:
    return (keys, state.opened[keys], ends, state.level[keys], state.updated[keys], state.row[keys])
