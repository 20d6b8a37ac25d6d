"""Of two profiles the later item wins, whatever their documents are called (design.md 4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.driver import Driver

NIGHT = {"kind": "hrv", "athlete": "a", "night": "2026-11-10", "statistic": "rmssd", "context": "overnight"}
READINGS = [NIGHT | {"source": name, "document": name, "value_ms": ms} for name, ms in (("ring", 60), ("band", 40))]


def profile(document: str, first: str, **fields: Any) -> dict[str, Any]:
    """A profile that puts one source first."""
    said = {"timezone": "Europe/Berlin", "source_priority": {"hrv": [first]}, **fields}
    return {"kind": "athlete", "athlete": "a", "source": "coach", "document": document, **said}


@pytest.mark.parametrize("names", [("b", "z"), ("z", "b")])
@pytest.mark.parametrize("revision", [{}, {"revision": 3}])
def test_the_later_item_of_one_upload_wins(names: tuple[str, str], revision: dict[str, int]) -> None:
    with Driver() as driver:
        driver.ingest(READINGS)
        driver.ingest([profile(names[0], "ring", **revision), profile(names[1], "band", **revision)])
        (day,) = driver.query("select rmssd_ms from athlete_day where rmssd_ms is not null")
        assert day["rmssd_ms"] == pytest.approx(40)
        assert driver.problems() == []
