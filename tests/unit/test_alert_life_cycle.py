"""The fold against a slow one in plain Python, in one go and restarted at any cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts.life_cycle import SUPPRESSED, Conditions, clean_run_day, fold, next_clean_day

NEVER = np.iinfo(np.int64).max
Row = tuple[int, int, int, int]
"""key, hour, hours it holds, level."""


def slow(rows: list[Row], cool: int) -> list[int]:
    opened = []
    alive: dict[int, tuple[int, int, int]] = {}
    for key, at, holds, level in rows:
        day = at // 24
        if key in alive:
            until, alive_level, first = alive[key]
            if at >= until and first != day:
                if at < until + cool and level <= alive_level:
                    opened.append(SUPPRESSED)
                    continue
                first = day
        else:
            first = day
        alive[key] = (at + holds, level, first)
        opened.append(first)
    return opened


def columns(rows: list[Row], cool: int, states: dict[int, int] | None = None) -> Conditions:
    states = states or {}
    key, at, holds, level = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(4))
    is_state = np.array([index in states for index in range(len(rows))], dtype=bool)
    opened = np.array([states.get(index, 0) for index in range(len(rows))], dtype=np.int64)
    return Conditions(key, at, at + holds, at // 24, level, np.full(len(rows), cool, dtype=np.int64), is_state, opened)


rows_of = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 700), st.integers(1, 100), st.integers(1, 3)),
    max_size=60,
    unique_by=lambda row: row[:2],
).map(sorted)


@settings(max_examples=200, deadline=None)
@given(rows_of, st.sampled_from((0, 48)))
def test_fold_equals_the_slow_one(rows: list[Row], cool: int) -> None:
    assert fold(columns(rows, cool)).tolist() == slow(rows, cool)


@settings(max_examples=200, deadline=None)
@given(rows_of, st.sampled_from((0, 48)), st.integers(0, 30))
def test_a_restart_at_any_day_needs_only_the_last_opened_condition_of_each_key(
    rows: list[Row], cool: int, cut: int
) -> None:
    whole = fold(columns(rows, cool)).tolist()
    before = [i for i, row in enumerate(rows) if row[1] < cut * 24 and whole[i] != SUPPRESSED]
    state = {rows[i][0]: i for i in before}
    kept = sorted([*state.values(), *(i for i, row in enumerate(rows) if row[1] >= cut * 24)])
    states = {place: whole[i] for place, i in enumerate(kept) if i in state.values()}
    again = fold(columns([rows[i] for i in kept], cool, states)).tolist()
    assert again == [whole[i] for i in kept]


marks = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40).map(
    lambda rows: sorted(rows, key=lambda r: r[0])
)


@settings(max_examples=100, deadline=None)
@given(marks)
def test_next_clean_day(rows: list[tuple[int, bool]]) -> None:
    group = np.array([row[0] for row in rows], dtype=np.int64)
    day = np.arange(len(rows), dtype=np.int64)
    meets = np.array([row[1] for row in rows], dtype=bool)
    expected = [
        next((j for j in range(i + 1, len(rows)) if rows[j][0] == rows[i][0] and not rows[j][1]), NEVER)
        for i in range(len(rows))
    ]
    assert next_clean_day(group, day, meets).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(marks)
def test_clean_run_day(rows: list[tuple[int, bool]]) -> None:
    group = np.array([row[0] for row in rows], dtype=np.int64)
    day = np.arange(len(rows), dtype=np.int64)
    failed = np.array([row[1] for row in rows], dtype=bool)
    expected = []
    for i in range(len(rows)):
        following = [row for row in rows[i + 1 : i + 4] if row[0] == rows[i][0]]
        expected.append(i + 3 if len(following) == 3 and not any(row[1] for row in following) else NEVER)
    assert clean_run_day(group, day, failed, 3).tolist() == expected
