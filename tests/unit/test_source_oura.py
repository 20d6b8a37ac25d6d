"""Oura's API: a night is its sleep, its HRV, its resting heart rate and its samples."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.errors import RefusedError
from tests.unit.event_payload import payload_of
from tests.unit.vendor_files import assert_accounted, decoded, plan, sample

NIGHT = json.loads(sample("v2_sleep__oura-ring-mcp.json"))["data"][0]

EVERY_KIND = {"sleep": 1, "hrv": 1, "resting_heart_rate": 1, "heart_rate": 1}


def events(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """The payloads of a file's events by kind."""
    found = decoded(data)
    kinds = found.documents["kind"].to_pylist()
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in found.events.to_pylist():
        by_kind.setdefault(kinds[row["doc_row"]], []).append(payload_of(row) | {"day": row["day"]})
    return by_kind


def page(**changes: Any) -> bytes:
    return json.dumps({"data": [NIGHT | changes], "next_token": None}).encode()


def test_a_night_is_four_readings() -> None:
    found = plan(page())
    assert (found.decoder, found.kinds, found.rows, found.rejected) == (
        "oura.api",
        {"sleep": 1, "hrv": 1, "resting_heart_rate": 1, "heart_rate": 1},
        4,
        0,
    )
    assert_accounted(page(), found, decoded(page()))
    by_kind = events(page())
    night = by_kind["sleep"][0]
    assert (night["asleep_min"], night["in_bed_min"], night["nap"]) == (450, 495, False)
    assert "stages" not in night  # the sample's string is of 200 minutes, the night of 495
    assert (by_kind["hrv"][0]["value_ms"], by_kind["hrv"][0]["statistic"]) == (65, "rmssd")
    assert str(by_kind["hrv"][0]["day"]) == "2024-01-15"
    assert by_kind["resting_heart_rate"][0]["bpm"] == 48
    assert by_kind["heart_rate"][0]["offset_s"][:3] == [0, 300, 600]


def test_stages_follow_the_string_that_fits_the_night() -> None:
    night = events(page(sleep_phase_5_min="4" + "2" * 50 + "1" * 40 + "3" * 8))["sleep"][0]
    assert [stage["stage"] for stage in night["stages"]] == ["awake", "light", "deep", "rem"]
    assert night["stages"][0]["end"] == "2024-01-14T23:35:00Z"
    assert night["stages"][-1]["end"] == "2024-01-15T07:45:00Z"


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"average_hrv": None, "lowest_heart_rate": None, "heart_rate": None}, {"sleep": 1}, 0, 0),
        ({"type": "late_nap", "heart_rate": None}, {"sleep": 1}, 0, 0),
        ({"type": "rest", "heart_rate": None}, {}, 1, 0),
        ({"type": "deleted"}, {}, 0, 0),
        ({"type": "siesta", "heart_rate": None}, {}, 0, 1),
        ({"id": None}, {}, 0, 1),
        ({"bedtime_end": "2024-01-14T23:00:00+00:00", "heart_rate": None}, {"hrv": 1, "resting_heart_rate": 1}, 0, 1),
        # a value that cannot be costs itself alone
        ({"average_hrv": "65"}, {"sleep": 1, "resting_heart_rate": 1, "heart_rate": 1}, 0, 1),
        ({"lowest_heart_rate": []}, {"sleep": 1, "hrv": 1, "heart_rate": 1}, 0, 1),
        ({"total_sleep_duration": "long"}, EVERY_KIND, 0, 1),
        ({"total_sleep_duration": -1, "time_in_bed": 1e9}, EVERY_KIND, 0, 2),
        ({"sleep_phase_5_min": 4}, EVERY_KIND, 0, 1),
        ({"bedtime_start": None}, {"hrv": 1, "resting_heart_rate": 1, "heart_rate": 1}, 0, 1),
        ({"day": 20240115}, {"sleep": 1, "heart_rate": 1}, 0, 1),
        ({"heart_rate": NIGHT["heart_rate"] | {"items": [52, "fast", 300, None]}}, EVERY_KIND, 0, 1),
    ],
)
def test_what_a_night_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    found = plan(page(**changes))
    assert (found.kinds, found.ignored, found.rejected) == (kinds, ignored, rejected)
    assert_accounted(page(**changes), found, decoded(page(**changes)))


def test_samples_are_blocks_of_a_day() -> None:
    found = plan(sample("v2_heartrate__oura-ring-mcp.json"))
    assert (found.kinds, found.rows) == ({"heart_rate": 1}, 1)
    block = events(sample("v2_heartrate__oura-ring-mcp.json"))["heart_rate"][0]
    assert block["bpm"] == [55, 52, 58, 72, 85, 120]
    assert block["offset_s"] == [0, 3600, 7200, 19800, 23400, 27000]


def test_a_wrong_sample_costs_itself_alone() -> None:
    samples = json.loads(sample("v2_heartrate__oura-ring-mcp.json"))["data"]
    odd = [
        samples[0] | change
        for change in ({"bpm": "fast"}, {"bpm": 300}, {"timestamp": f"{samples[0]['timestamp'][:10]}T25:00"})
    ]
    found = plan(json.dumps({"data": [*samples, *odd, None]}).encode())
    assert (found.kinds, found.accepted, found.rejected) == ({"heart_rate": 1}, 1, 2)


def test_minutes_that_no_night_has_are_told_of() -> None:
    found = plan(page(total_sleep_duration=40_000, time_in_bed=NIGHT["time_in_bed"]))
    assert "asleep_min" not in events(page(total_sleep_duration=40_000))["sleep"][0]
    assert found.warnings == [
        "`asleep_min` is longer than the night from `start` to `end`; it was left out, the night was kept. "
        "Correct it and send the night again. (row 1)"
    ]
    assert [entry["what"] for entry in found.preview if entry["kind"] == "sleep"] == ["night"]


def test_scores_are_refused() -> None:
    with pytest.raises(RefusedError, match="scores"):
        plan(sample("v2_daily-sleep__oura-ring-mcp.json"))
