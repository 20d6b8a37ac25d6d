"""The version rule (design.md 4): a document is in the state of its greatest version.

A version is the triple (rank, value, position). Rank 1 states a revision; rank 0 does not, its
value is the log offset. A delete without revision takes rank and value of the greatest version
before it. Position is log offset and item index, so ties cannot occur.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Versions:
    """Versions of documents, one array element each. ``slot`` numbers the document, from 0."""

    slot: Ints
    rank: Ints
    value: Ints
    offset: Ints
    item: Ints
    deleted: Flags
    payload_hash: Ints

    def __len__(self) -> int:
        return len(self.slot)


@dataclass(slots=True)
class Reduction:
    """``winner``: per slot the index of the incoming version that wins, or -1 where the stored one stays.

    ``rank`` and ``value`` are those the incoming versions ended up with; ``conflicts`` counts
    equal rank and value with another payload.
    """

    winner: Ints
    rank: Ints
    value: Ints
    conflicts: int


def greatest_versions(incoming: Versions, stored: Versions, slots: int) -> Reduction:
    """Fold incoming versions into the stored ones; ``stored`` holds at most one version per slot."""
    rank = incoming.rank.copy()
    value = np.where(rank == 0, incoming.offset, incoming.value)
    bare = incoming.deleted & (incoming.rank == 0)
    if bare.any():
        _resolve_bare_deletes(incoming, stored, rank, value, np.unique(incoming.slot[bare]))
    all_slot = np.concatenate([incoming.slot, stored.slot])
    all_rank = np.concatenate([rank, stored.rank])
    all_value = np.concatenate([value, stored.value])
    all_offset = np.concatenate([incoming.offset, stored.offset])
    all_item = np.concatenate([incoming.item, stored.item])
    order = np.lexsort((all_item, all_offset, all_value, all_rank, all_slot))
    ordered_slot = all_slot[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = ordered_slot[1:] != ordered_slot[:-1]
    winner = np.full(slots, -1, np.int64)
    best = order[last]
    winner[ordered_slot[last]] = np.where(best < len(incoming), best, -1)
    all_hash = np.concatenate([incoming.payload_hash, stored.payload_hash])
    conflicts = _count_conflicts(order, all_slot, all_rank, all_value, all_hash)
    return Reduction(winner, rank, value, conflicts)


def _resolve_bare_deletes(incoming: Versions, stored: Versions, rank: Ints, value: Ints, slots: Ints) -> None:
    """Deletes without revision take over what stood before them, so these few documents are folded in order."""
    wanted = np.flatnonzero(np.isin(incoming.slot, slots))
    order = wanted[np.lexsort((incoming.item[wanted], incoming.offset[wanted]))]
    state: dict[int, tuple[int, int]] = {}
    for i in np.flatnonzero(np.isin(stored.slot, slots)):
        state[int(stored.slot[i])] = (int(stored.rank[i]), int(stored.value[i]))
    for i in order:
        slot = int(incoming.slot[i])
        before = state.get(slot)
        if incoming.deleted[i] and incoming.rank[i] == 0 and before is not None:
            rank[i], value[i] = before
        version = (int(rank[i]), int(value[i]))
        if before is None or version >= before:
            state[slot] = version


def _count_conflicts(order: Ints, slot: Ints, rank: Ints, value: Ints, payload_hash: Ints) -> int:
    if len(order) < 2:
        return 0
    left, right = order[:-1], order[1:]
    same = (slot[left] == slot[right]) & (rank[left] == 1) & (rank[right] == 1) & (value[left] == value[right])
    return int((same & (payload_hash[left] != payload_hash[right])).sum())
