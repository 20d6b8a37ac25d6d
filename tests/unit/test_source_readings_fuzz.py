"""Answers and tables of wearables with anything in any place: refused with a reason, or every row accounted for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.reading_files import survives

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TEXT = st.text(max_size=6) | st.sampled_from(
    ["", "0", "-1", "47", "66,5", "nan", "true", "UTC-05:00", "Z", "23:10", "0,60,x", "2026-03-02",
     "2026-03-29T02:30:00", "2026-03-02T05:00:00Z", "2026-03-02 05:00:00", "2999-01-01T00:00:00Z", "SCORED",
     "sleep.deleted", "\ud800", "\x00"]
)  # fmt: skip
ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
# what each format is told by, and the fields that are read of a record
FORMATS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "whoop": (
        {"records": [], "score_state": "SCORED", "nap": True},
        ("id", "sleep_id", "cycle_id", "nap", "score_state", "start", "end", "created_at", "updated_at",
         "timezone_offset", "score", "type", "records", "import_zone", "sleep_end"),
    ),
    "withings": (
        {"body": {"series": []}, "startdate": 1, "enddate": 2},
        ("id", "startdate", "enddate", "state", "data", "hr", "timezone", "date", "modified", "stretches", "series"),
    ),
    "polar": (
        {"nights": [], "sleep_start_time": 1, "sleep_end_time": 2},
        ("date", "sleep_start_time", "sleep_end_time", "hypnogram", "heart_rate_samples", "light_sleep", "samples",
         "heart_rate_variability_avg", "start_time", "start_time_utc_offset", "id", "recharges"),
    ),
    "intervals": (
        {"wellness": [], "id": "2026-03-02", "restingHR": 47, "hrv": 60},
        ("id", "date", "restingHR", "hrv", "hrvSDNN", "weight", "updated", "sleepSecs", "soreness"),
    ),
}  # fmt: skip
HEADERS = {
    "whoop": "Cycle start time,Cycle timezone,Sleep onset,Wake onset,Nap,Resting heart rate (bpm)",
    "intervals": "date,weight,restingHR,hrv,hrvSDNN,updated",
}


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@SLOW
def test_records_of_anything(name: str, data: st.DataObject) -> None:
    signed, fields = FORMATS[name]
    record = st.dictionaries(st.sampled_from(fields), ANY, max_size=8)
    records: list[Any] = data.draw(st.lists(record | ANY, max_size=4))
    lengths = st.integers(0, 120) | st.just(0)
    text = json.dumps([signed, *records, {next(iter(signed)): records}]).encode()
    survives(text[: len(text) - data.draw(lengths)], tz=data.draw(st.sampled_from([None, "Europe/Berlin"])))


@pytest.mark.parametrize("name", HEADERS)
@given(data=st.data())
@SLOW
def test_rows_of_anything(name: str, data: st.DataObject) -> None:
    width = HEADERS[name].count(",") + 1
    rows: list[list[str]] = data.draw(st.lists(st.lists(TEXT, min_size=width, max_size=width) | st.lists(TEXT)))
    body = "\n".join(",".join(f'"{one}"' if "," in one else one for one in row) for row in rows)
    survives(f"{HEADERS[name]}\n{body}".encode("utf-8", "surrogatepass"))
