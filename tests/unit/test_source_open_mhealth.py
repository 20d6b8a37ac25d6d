"""Open mHealth: documents and bodies; values with units, frames of three forms, statistics that are no measurement."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.vendor_files import plan, sample
from tests.unit.vendor_readings import account, altered, body, damaged, events, survives

NAME = "open_mhealth.json"
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# sample: documents by kind, ignored, rejected, the word for what is left
SAMPLES: dict[str, tuple[dict[str, int], int, int, str | None]] = {
    "heart-rate__2.0__shouldPass__with-descriptive-statistic.json": ({}, 1, 0, "statistic_of_a_time"),
    "rr-interval__1.0__shouldPass__with-statistic.json": ({}, 1, 0, "statistic_of_a_time"),
    "sleep-duration__2.0__shouldFail__with-date-time.json": ({}, 0, 1, "invalid_type"),
    "sleep-episode__1.1__shouldPass__valid-sleep-episode.json": ({"sleep": 1}, 0, 0, None),
}


def amount(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def point(number: int, schema: str, **content: Any) -> dict[str, Any]:
    header = {"id": f"p{number}", "schema_id": {"namespace": "omh", "name": schema, "version": "1.0"}}
    return {"header": header, "body": content}


def when(time: str) -> dict[str, Any]:
    return {"date_time": time}


def between(**interval: Any) -> dict[str, Any]:
    return {"time_interval": interval}


BEAT = point(
    1, "heart-rate", heart_rate=amount(55, "beats/min"), effective_time_frame=when("2026-11-20T05:00:00+01:00")
)
HOURS = between(start_date_time="2026-11-19T22:30:00+01:00", end_date_time="2026-11-20T06:30:00+01:00")
SLEPT = point(2, "sleep-duration", sleep_duration=amount(7.5, "h"), effective_time_frame=HOURS)
EPISODE = point(3, "sleep-episode", effective_time_frame=HOURS, is_main_sleep=False)
MASS = point(4, "body-weight", body_weight=amount(180, "lb"), effective_time_frame=when("2026-11-20T07:00:00+01:00"))
STEPS = point(5, "step-count", step_count=12, effective_time_frame=HOURS)


def interval(number: int, second: float, ms: float, **more: Any) -> dict[str, Any]:
    time = when(f"2026-11-20T05:00:{second:06.3f}+01:00")
    return point(number, "rr-interval", rr_interval=amount(ms, "ms"), effective_time_frame=time, **more)


SERIES = [interval(10, 0, 900), interval(11, 0.9, 910), interval(12, 1.8, 890)]
ASLEEP = {"temporal_relationship_to_sleep": "during sleep"}
EVERY_KIND = {"heart_rate": 1, "sleep": 2, "body_mass": 1, "rr_intervals": 1}
ALL = [BEAT, SLEPT, EPISODE, MASS, STEPS, *SERIES]

# what is sent: documents by kind, ignored, rejected
ACCOUNTS: list[tuple[Any, dict[str, int], int, int]] = [
    (ALL, {"heart_rate": 1, "sleep": 2, "body_mass": 1, "rr_intervals": 1}, 1, 0),
    (
        {"shim": "watch", "timeStamp": 1, "body": ALL},
        {"heart_rate": 1, "sleep": 2, "body_mass": 1, "rr_intervals": 1},
        1,
        0,
    ),
    (BEAT, {"heart_rate": 1}, 0, 0),
    (BEAT["body"], {"heart_rate": 1}, 0, 0),
    ([BEAT["body"], SLEPT["body"], 7], {"heart_rate": 1, "sleep": 1}, 0, 1),
    ([*SERIES, interval(13, 30, 900), interval(14, 30.9, 900, **ASLEEP)], {"rr_intervals": 3}, 0, 0),
    ([BEAT | {"body": BEAT["body"] | {"heart_rate": amount(1, "Hz")}}, MASS], {"body_mass": 1}, 0, 1),
    ([BEAT | {"body": BEAT["body"] | {"heart_rate": {"value": 55}}}, MASS], {"body_mass": 1}, 0, 1),
    ([BEAT | {"body": BEAT["body"] | {"heart_rate": amount(400, "beats/min")}}, MASS], {"body_mass": 1}, 0, 1),
    ([MASS | {"body": MASS["body"] | {"body_weight": amount(13, "stone")}}, BEAT], {"heart_rate": 1}, 0, 1),
    ([SLEPT | {"body": SLEPT["body"] | {"sleep_duration": amount(1, "wk")}}], {"sleep": 1}, 0, 1),
    ([EPISODE | {"body": {"effective_time_frame": between(date="2026-11-20", part_of_day="night")}}], {}, 0, 1),
    ([point(6, "sleep-duration", sleep_duration=amount(7, "h"))], {}, 0, 1),
]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str) -> None:
    kinds, ignored, rejected, reason = SAMPLES[name]
    assert account(sample(name)) == (NAME, kinds, ignored, rejected)
    assert [row.reason for row in plan(sample(name)).row_reports] == [reason]


def test_a_sleep_at_a_single_time_is_told_what_it_lacks() -> None:
    (row,) = plan(sample("sleep-duration__2.0__shouldFail__with-date-time.json")).row_reports
    assert row.field == "effective_time_frame"
    assert row.message is not None
    assert "Send `time_interval`" in row.message


def test_an_episode_goes_from_falling_asleep_to_waking_and_the_latencies_are_in_bed() -> None:
    night = events(sample("sleep-episode__1.1__shouldPass__valid-sleep-episode.json"))["sleep/2016-02-05T21:35:00Z"]
    assert (night["start"], night["end"]) == ("2016-02-05T21:35:00Z", "2016-02-06T06:35:00Z")
    assert night["asleep_min"] == 510
    assert night["in_bed_min"] == pytest.approx(17.5 + 540 + 5.2)
    assert night["nap"] is False


@pytest.mark.parametrize(("value", "kinds", "ignored", "rejected"), ACCOUNTS)
def test_all_is_accounted_for(value: Any, kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(body(value)) == (NAME, kinds, ignored, rejected)


def test_values_are_known_by_the_id_of_their_header() -> None:
    found = events(body(ALL))
    assert list(found) == ["p1", "p2", "p3", "p4", "p10"]
    assert (found["p1"]["start_local"], found["p1"]["bpm"]) == ("2026-11-20T05:00:00", [55])
    assert (found["p2"]["asleep_min"], found["p2"]["end_local"]) == (450, "2026-11-20T06:30:00")
    assert found["p3"]["nap"] is True
    assert "asleep_min" not in found["p3"]
    assert found["p4"]["mass"] == {"value": 180, "unit": "lb"}
    assert (found["p10"]["rr_ms"], found["p10"]["context"]) == ([900, 910, 890], "spot")


def test_intervals_of_sleep_are_overnight() -> None:
    assert events(body([interval(1, 0, 900, **ASLEEP)]))["p1"]["context"] == "overnight"


@pytest.mark.parametrize(
    "frame",
    [
        between(start_date_time="2026-11-19T22:30:00+01:00", duration=amount(480, "min")),
        between(end_date_time="2026-11-20T06:30:00+01:00", duration=amount(28_800, "sec")),
    ],
)
def test_frames_with_a_duration(frame: Any) -> None:
    night = events(body(SLEPT | {"body": SLEPT["body"] | {"effective_time_frame": frame}}))["p2"]
    assert (night["start"], night["end"]) == ("2026-11-19T21:30:00Z", "2026-11-20T05:30:00Z")


@pytest.mark.parametrize("value", [ALL, {"body": ALL}])
def test_damage_anywhere(value: Any) -> None:
    for data in damaged(value):
        survives(data)


@given(data=st.data())
@SLOW
def test_odd_values_anywhere(data: st.DataObject) -> None:
    survives(body(data.draw(altered(ALL))))
