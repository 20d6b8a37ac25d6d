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


@pytest.mark.parametrize(
    ("count", "one", "many", "told"),
    [
        (0, "set", "", "0 sets"),
        (1, "set", "", "1 set"),
        (2, "set", "", "2 sets"),
        (1, "high", "high", "1 high"),
        (3, "high", "high", "3 high"),
    ],
)
def test_one_of_a_kind_is_no_plural(count: int, one: str, many: str, told: str) -> None:
    assert words.counted(count, one, many) == told


def test_parts_stand_after_the_alert_that_speaks_for_them() -> None:
    def alert(rule: str, severity: str, whole: str | None = None) -> dict[str, object]:
        part = {"folded_into": whole, "part_of_rule": whole, "part_of_title": f"title of {whole}"}
        return {"alert_id": rule, "rule": rule, "severity": severity, **part}

    found = [
        alert("R12", "high", "R17"), alert("R01", "info"), alert("R17", "advice", "R18"), alert("R15", "info", "R17"),
        alert("R18", "warning"), alert("R02", "high"), alert("R14", "info", "gone"),
    ]  # fmt: skip
    told = words.with_parts(found)
    assert [one["rule"] for one in told] == ["R02", "R18", "R17", "R12", "R15", "R01", "R14"]
    assert [words.part_of(one) for one in told[:3]] == ["", "", "part of R18: title of R18"]
