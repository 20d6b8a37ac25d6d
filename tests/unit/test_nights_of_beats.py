"""A night of beats counts by its end, which is where its beats end, and what is no beat took no time."""

from __future__ import annotations

from typing import Any

import pytest
from test_canonical_rows import an_event, decode, payload_of, us


def a_night_of_beats(rr_ms: list[float], start: str = "2026-11-19T22:30:00+01:00") -> dict[str, Any]:
    return an_event("rr_intervals", start=start, rr_ms=rr_ms, context="overnight")


def test_what_no_heart_can_do_makes_no_night_longer() -> None:
    """An empty slot of 65,535 ms stands for nothing; 24,000 beats of a second end at 05:10."""
    clean, _ = payload_of(a_night_of_beats([1000.0] * 24_000))
    assert clean["at_us"] == us(2026, 11, 20, 4, 10) and clean["local_us"] == us(2026, 11, 20, 5, 10)
    full, _ = payload_of(a_night_of_beats([1000.0] * 24_000 + [65_535.0] * 2_400 + [0.0]))
    assert (full["at_us"], full["local_us"]) == (clean["at_us"], clean["local_us"])
    empty, _ = payload_of(a_night_of_beats([65_535.0] * 1000))
    assert empty["at_us"] == us(2026, 11, 19, 21, 30)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (a_night_of_beats([1900.0] * 100_000), "out_of_range"),
        (a_night_of_beats([1900.0] * 80_000, "2026-11-23T01:00:00+01:00"), "implausible_time"),
    ],
)
def test_a_night_of_beats_that_cannot_be_is_refused(event: dict[str, Any], reason: str) -> None:
    held = decode(event)
    assert [row["reason"] for row in held["rejected"]] == [reason] and not held["events"]
