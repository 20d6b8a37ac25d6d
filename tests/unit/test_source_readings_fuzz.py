"""Answers and tables of wearables with anything in any place: refused with a reason, or every row accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import SpotterError
from pipeline.sources.decode import decode_records
from tests.unit import test_source_fitbit as fitbit
from tests.unit import test_source_garmin as garmin
from tests.unit import test_source_google_health as google
from tests.unit import test_source_health_auto_export as auto_export
from tests.unit import test_source_health_connect as connect
from tests.unit import test_source_intervals as intervals
from tests.unit import test_source_open_mhealth as open_mhealth
from tests.unit import test_source_polar as polar
from tests.unit import test_source_whoop as whoop
from tests.unit import test_source_withings as withings
from tests.unit.reading_files import survives
from tests.unit.vendor_files import SAMPLES, assert_accounted, plan

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


# what may stand in the place of any value: no value, another kind of it, what is no key, no number and no character
ODD: tuple[Any, ...] = (None, [], {"a": []}, "\ud800", 1e308, 10**400)
BODIES: dict[str, Any] = {
    "garmin night": garmin.SLEEP,
    "garmin push": garmin.PUSH,
    "google health": google.PAGE,
    "health connect records": connect.ALL,
    "health connect changes": connect.CHANGES,
    "health connect message": connect.MESSAGE,
    "auto export": auto_export.ALL,
    "auto export stretches": auto_export.message(auto_export.STRETCHES),
    "fitbit hrv": fitbit.HRV,
    "fitbit heart": fitbit.HEART,
    "fitbit samples": fitbit.SAMPLES,
    "intervals": [intervals.DAY],
    "open mhealth": open_mhealth.ALL,
    "polar night": polar.NIGHT,
    "polar recharge": polar.RECHARGE,
    "polar exercise": polar.EXERCISE,
    "whoop sleep": {"records": [whoop.SLEEP]},
    "whoop recovery": {"records": [whoop.RECOVERY]},
    "withings stretches": {"body": {"series": withings.STRETCHES}},
}


def short(value: Any) -> Any:
    """A body with one entry of each list; the others are read as the first is."""
    if isinstance(value, dict):
        return {key: short(inner) for key, inner in value.items()}
    return [short(inner) for inner in value[:1]] if isinstance(value, list) else value


def bodies() -> Iterator[Any]:
    """Every JSON sample, and the bodies that other tests write for formats without one."""
    for path in sorted(SAMPLES.rglob("*.json")):
        if "schema" not in path.name:
            yield pytest.param(short(json.loads(path.read_bytes())), id=path.stem)
    for name, body in BODIES.items():
        yield pytest.param(short(body), id=name)


def with_another(value: Any) -> Iterator[Any]:
    """The body with something odd in the place of each of its values, one at a time."""
    yield from ODD
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        for other in with_another(inner):
            copy = value.copy()
            copy[key] = other
            yield copy


@pytest.mark.parametrize("body", list(bodies()))
def test_anything_in_the_place_of_any_value(body: Any) -> None:
    for odd in with_another(body):
        data = json.dumps(odd).encode()
        try:
            found = plan(data)
        except SpotterError:
            continue
        assert_accounted(data, found, decode_records(found.records))
