"""intervals.icu: a row of wellness per day, as JSON and as a table."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, as_json, readings, survives
from tests.unit.vendor_files import plan

DAY: dict[str, Any] = {
    "id": "2026-03-02",
    "updated": "2026-03-02T07:14:22.925+0000",
    "weight": 81.4,
    "restingHR": 47,
    "hrv": 66.5,
    "hrvSDNN": 88,
    "sleepSecs": 27_000,
    "soreness": 1,
    "fatigue": 2,
    "stress": 3,
    "mood": 4,
    "motivation": 3,
    "avgSleepingHR": 51,
}
TABLE = """date,weight,restingHR,hrv,hrvSDNN,sleepSecs,soreness,fatigue,updated
2026-03-02,81.4,47,66.5,88,27000,1,2,2026-03-02T07:14:22.925+0000
2026-03-03,,48,,,,,,
2026-03-04,,,,,,,,
"""
ALL = {"hrv": 2, "resting_heart_rate": 1, "body_mass": 1}


def test_a_day() -> None:
    assert account(as_json([DAY])) == ("intervals.api", ALL, 6, 2, 0)
    assert {one["reason"] for one in plan(as_json([DAY])).reasons} == {"sleep_without_times", "scale_of_four_steps"}
    found = readings(as_json([DAY]))
    assert (found["2026-03-02/hrv"]["statistic"], found["2026-03-02/hrv"]["value_ms"]) == ("rmssd", 66.5)
    assert (found["2026-03-02/hrv_sdnn"]["statistic"], found["2026-03-02/hrv_sdnn"]["value_ms"]) == ("sdnn", 88)
    assert (found["2026-03-02/resting_heart_rate"]["bpm"], found["2026-03-02/hrv"]["day"]) == (47, "2026-03-02")
    mass = found["2026-03-02/body_mass"]
    assert (mass["mass"], mass["measured_at"]) == ({"value": 81.4, "unit": "kg"}, "2026-03-01T23:00:00Z")
    assert mass["measured_at_local"] == "2026-03-02T00:00:00"
    assert {one["value"] for one in found.values()} == {1_772_435_662_925_000}


def test_a_table_says_the_same() -> None:
    assert account(TABLE.encode()) == ("intervals.csv", ALL | {"resting_heart_rate": 2}, 8, 3, 0)
    table, answer = readings(TABLE.encode()), readings(as_json([DAY]))
    assert {name: table[name] for name in answer} == answer
    assert set(table) - set(answer) == {"2026-03-03/resting_heart_rate"}


def test_body_mass_needs_a_zone_and_the_rest_does_not() -> None:
    with pytest.raises(ZoneNeededError):
        plan(as_json([DAY]), tz=None)
    assert account(as_json([DAY | {"weight": None}]), tz=None)[1] == {"hrv": 2, "resting_heart_rate": 1}


@pytest.mark.parametrize(
    ("changes", "lost", "ignored", "rejected"),
    [
        ({"weight": None, "restingHR": 0, "hrv": -1, "hrvSDNN": None}, 4, 2, 0),
        ({"sleepSecs": None}, 0, 1, 0),
        ({"weight": "heavy"}, 1, 2, 1),
        ({"weight": 4}, 1, 2, 1),
        ({"restingHR": 300}, 1, 2, 1),
        ({"hrv": True}, 1, 2, 1),
        ({"hrvSDNN": 1e400}, 1, 2, 1),
        ({"id": "2 March"}, 4, 2, 4),
        ({"id": None}, 4, 0, 1),
        ({"updated": "yesterday"}, 4, 0, 1),
        ({"updated": "2036-01-01T00:00:00+0000"}, 4, 2, 4),
    ],
)
def test_what_a_day_may_lack(changes: dict[str, Any], lost: int, ignored: int, rejected: int) -> None:
    found = account(as_json([DAY | changes]))
    assert (sum(found[1].values()), found[3], found[4]) == (4 - lost, ignored, rejected)
    beside = account(as_json([DAY | changes, DAY | {"id": "2026-03-03"}]))
    assert (beside[3], beside[4]) == (ignored + 2, rejected)


def test_a_row_that_says_nothing_is_ignored() -> None:
    found = account(as_json([{"id": "2026-03-02", "restingHR": None, "hrv": None}]))
    assert found == ("intervals.api", {}, 1, 1, 0)


def test_rows_of_a_table() -> None:
    header = TABLE.splitlines()[0]
    data = TABLE + header + "\n,,,,,,,,\n2026-03-05,x,49,,,,,,\n2026-03-06,short\n"
    found = account(data.encode())
    assert (found[1]["resting_heart_rate"], found[3], found[4]) == (3, 5, 2)


def test_a_semicolon_and_a_decimal_comma() -> None:
    found = readings(b"date;restingHR;hrv;weight\n2026-03-02;47;66,5;81,4\n")
    assert found["2026-03-02/hrv"]["value_ms"] == 66.5
    assert found["2026-03-02/body_mass"]["mass"]["value"] == 81.4


def test_damaged_and_hostile_files() -> None:
    whole = as_json([DAY, DAY | {"id": "2026-03-03"}])
    assert sum(survives(whole[:length]) for length in range(60, len(whole), 41)) > 0
    assert account(whole[:-20])[1] == ALL
    assert survives(as_json([DAY, 5, None, "x", [[[]]], {"id": {}, "hrv": []}]))
    assert survives(as_json({"wellness": [DAY], "x": "\ud800"}))
    assert survives(b"date,restingHR,hrv\n\xff\xfe,\x00,1\n")


def test_another_table_is_not_taken() -> None:
    with pytest.raises(RefusedError):
        plan(b"date,restingHR\n2026-03-02,47\n")
