"""The version rule, against a fold of one version at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.worker.versions import Versions, greatest_versions

Row = tuple[int, int, int, bool, int]  # slot, rank, revision, deleted, payload


def versions(rows: list[Row], first_offset: int = 10) -> Versions:
    return Versions(
        slot=np.array([r[0] for r in rows], np.int64),
        rank=np.array([r[1] for r in rows], np.int64),
        value=np.array([r[2] for r in rows], np.int64),
        offset=np.arange(first_offset, first_offset + len(rows), dtype=np.int64),
        item=np.zeros(len(rows), np.int64),
        deleted=np.array([r[3] for r in rows], np.bool_),
        payload_hash=np.array([r[4] for r in rows], np.int64),
    )


def one_at_a_time(rows: list[Row]) -> dict[int, tuple[int, int, int]]:
    """design.md 4 in words: (rank, value, position) of the greatest version per document."""
    state: dict[int, tuple[int, int, int]] = {}
    for position, (slot, rank, revision, deleted, _) in enumerate(rows, start=10):
        before = state.get(slot)
        if rank == 1:
            version = (1, revision, position)
        elif deleted and before is not None:
            version = (before[0], before[1], position)
        else:
            version = (0, position, position)
        if before is None or version > before:
            state[slot] = version
    return state


rows_of = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(-2, 3), st.booleans(), st.integers(0, 1)),
    min_size=1,
    max_size=30,
)


def reduced(rows: list[Row], cut: int) -> dict[int, tuple[int, int, int]]:
    """The rows as two batches: the state after the first is what is stored for the second."""
    state: dict[int, tuple[int, int, int]] = {}
    stored = versions([])
    for first, part in ((10, rows[:cut]), (10 + cut, rows[cut:])):
        if not part:
            continue
        incoming = versions(part, first)
        found = greatest_versions(incoming, stored, 4)
        for slot, index in enumerate(found.winner):
            if index >= 0:
                state[slot] = (int(found.rank[index]), int(found.value[index]), int(incoming.offset[index]))
        slots = sorted(state)
        stored = Versions(
            slot=np.array(slots, np.int64),
            rank=np.array([state[s][0] for s in slots], np.int64),
            value=np.array([state[s][1] for s in slots], np.int64),
            offset=np.array([state[s][2] for s in slots], np.int64),
            item=np.zeros(len(slots), np.int64),
            deleted=np.zeros(len(slots), np.bool_),
            payload_hash=np.zeros(len(slots), np.int64),
        )
    return state


@given(rows_of, st.integers(0, 30))
def test_columns_agree_with_one_at_a_time_whatever_the_cut(rows: list[Row], cut: int) -> None:
    assert reduced(rows, min(cut, len(rows))) == one_at_a_time(rows)


@given(rows_of.filter(lambda rows: all(r[1] == 1 for r in rows)), st.randoms())
def test_invariant_I5_with_stated_revisions_the_order_of_the_greatest_does_not_matter(rows, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(rows)
    random.shuffle(shuffled)
    strip = {slot: version[:2] for slot, version in one_at_a_time(rows).items()}
    assert {slot: version[:2] for slot, version in reduced(shuffled, 0).items()} == strip


def test_a_revision_is_never_replaced_by_a_version_without_one_except_by_a_delete() -> None:
    assert one_at_a_time([(0, 1, 5, False, 0), (0, 0, 0, False, 0)])[0] == (1, 5, 10)
    found = greatest_versions(versions([(0, 1, 5, False, 0), (0, 0, 0, False, 0)]), versions([]), 1)
    assert found.winner.tolist() == [0]
    found = greatest_versions(versions([(0, 1, 5, False, 0), (0, 0, 0, True, 0)]), versions([]), 1)
    assert found.winner.tolist() == [1] and found.value.tolist() == [5, 5]


def test_equal_revisions_with_another_payload_are_counted_as_conflict_and_the_later_wins() -> None:
    found = greatest_versions(versions([(0, 1, 5, False, 1), (0, 1, 5, False, 2)]), versions([]), 1)
    assert found.conflicts == 1 and found.winner.tolist() == [1]
    found = greatest_versions(versions([(0, 1, 5, False, 1), (0, 1, 5, False, 1)]), versions([]), 1)
    assert found.conflicts == 0


def test_known_bad_last_arrival_wins_is_caught() -> None:
    """A fold that takes the last arrival differs from the rule on an older revision that comes late."""
    rows: list[Row] = [(0, 1, 9, False, 0), (0, 1, 3, False, 0)]
    last_arrival = {0: (1, 3, 11)}
    assert one_at_a_time(rows) != last_arrival
    assert reduced(rows, 1) == one_at_a_time(rows)
