"""What is unknown is never a number, and a part is never sold as the whole."""

from __future__ import annotations

import pytest

from dashboards import words


@pytest.mark.parametrize(
    ("load", "share", "sets", "told"),
    [
        (3.25, 0.0, 10, "3.2"),
        (3.25, 0.01, 10, "≥ 3.2"),
        (0.0, 1.0, 10, "unknown"),
        (0.0, None, 10, "unknown"),
        (0.0, None, 0, "no sets"),
        (0, 0.0, 4, "0"),
    ],
)
def test_failure_load(load: float, share: float | None, sets: int, told: str) -> None:
    assert words.failure_load(load, share, sets) == told


@pytest.mark.parametrize(
    ("count", "share", "sets", "told"),
    [(0, 0.0, 5, "0"), (2, 0.5, 5, "2"), (0, 1.0, 5, "unknown"), (1, 1.0, 5, "1"), (0, None, 0, "no sets")],
)
def test_failure_sets(count: int, share: float | None, sets: int, told: str) -> None:
    assert words.failure_sets(count, share, sets) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0%"), (0.004, "< 1%"), (0.25, "25%"), (0.999, "> 99%"), (1.0, "100%"), (None, "unknown")]
)
def test_shares_round_to_nothing_and_all_only_when_exact(value: float | None, told: str) -> None:
    assert words.share(value) == told


def test_counts_agree_with_their_noun() -> None:
    assert [words.counted(count, "set") for count in (0, 1, 2)] == ["0 sets", "1 set", "2 sets"]
