"""Welltory's tables: the open study person by person, zeros that are no readings, and damaged rows."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, readings, survives
from tests.unit.vendor_files import plan, sample

RR, SLEEP, DAYS = "welltory_hrv_measurements_open.csv", "welltory_sleep_open.csv", "welltory_wearables_open.csv"
# sample, person: documents by kind, rows, ignored
ACCOUNTS = {
    (RR, "295ed96279"): ({"rr_intervals": 290}, 290, 0),
    (RR, "007b8190cf"): ({"rr_intervals": 2}, 2, 0),
    (SLEEP, "0d297d2410"): ({"sleep": 69}, 69, 0),
    (SLEEP, "6be5033971"): ({"sleep": 108}, 108, 0),
    (DAYS, "0d297d2410"): ({"resting_heart_rate": 21}, 170, 149),
    (DAYS, "007b8190cf"): ({}, 1, 1),
}
RR_HEAD = "user_code,rr_code,measurement_datetime,time_of_day,rmssd,rr_data"
SLEEP_HEAD = (
    "user_code,day,sleep_begin,sleep_end,sleep_duration,sleep_awake_duration,sleep_rem_duration,"
    "sleep_light_duration,sleep_deep_duration"
)


def of_person(name: str, person: str) -> bytes:
    """The rows of one person of a sample, as a file of its own."""
    header, *rows = csv.reader(StringIO(sample(name).decode()))
    text = StringIO()
    csv.writer(text).writerows([header, *(row for row in rows if row[0] == person)])
    return text.getvalue().encode()


def table(head: str, *rows: str) -> bytes:
    return "\n".join((head, *rows, "")).encode()


@pytest.mark.parametrize(("name", "person"), ACCOUNTS)
def test_samples_person_by_person(name: str, person: str) -> None:
    kinds, rows, ignored = ACCOUNTS[name, person]
    assert account(of_person(name, person)) == ("welltory.csv", kinds, rows, ignored, 0)


@pytest.mark.parametrize(("name", "people"), [(RR, 99), (SLEEP, 5), (DAYS, 42)])
def test_several_people_are_refused(name: str, people: int) -> None:
    with pytest.raises(RefusedError, match=f"{people} people") as caught:
        plan(sample(name))
    assert "user_code" in caught.value.do


def test_a_measurement() -> None:
    found = readings(of_person(RR, "007b8190cf"))
    one = found["measurement/10489a6aea"]
    assert one["rr_ms"][:5] == [819, 1008, 831, 847, 785]
    assert len(one["rr_ms"]) == 100
    assert (one["start"], one["start_local"], one["context"]) == (
        "2020-04-21T19:23:08Z",
        "2020-04-21T21:23:08",
        "morning",
    )
    evening = table(RR_HEAD, 'u,m1,2020-04-21 21:23:08,evening,40,"800,0,810"')
    assert readings(evening)["measurement/m1"]["context"] == "spot"


def test_times_need_a_zone_and_days_need_none() -> None:
    for name, person in ((RR, "007b8190cf"), (SLEEP, "0d297d2410")):
        with pytest.raises(ZoneNeededError):
            plan(of_person(name, person), tz=None)
    assert plan(of_person(DAYS, "0d297d2410"), tz=None).accepted == 21


def test_nights() -> None:
    found = readings(of_person(SLEEP, "0d297d2410"))
    night = found["sleep/2020-01-02T02:14:52"]
    assert (night["start_local"], night["end_local"]) == ("2020-01-02T02:14:52", "2020-01-02T08:06:00")
    assert "asleep_min" not in night
    assert found["sleep/2020-01-04T01:27:25"]["asleep_min"] == 358


def test_zeros_are_no_readings() -> None:
    data = table(
        SLEEP_HEAD,
        "u,2020-01-02,2020-01-01 23:00:00,2020-01-02 07:00:00,28800,0,0,0,0",
        "u,2020-01-03,2020-01-03 00:00:00,2020-01-03 00:00:00,0,0,0,0,0",
        "u,2020-01-04,,,,,,,",
        "u,2020-01-05,2020-01-04 23:00:00,2020-01-05 07:00:00,28800,1200,5400,16200,5400",
    )
    assert account(data) == ("welltory.csv", {"sleep": 2}, 4, 2, 0)
    assert [one.get("asleep_min") for one in readings(data).values()] == [None, 450]
    days = table("user_code,day,resting_pulse", "u,2020-01-02,0", "u,2020-01-03,", "u,2020-01-04,51.5")
    assert account(days, tz=None) == ("welltory.csv", {"resting_heart_rate": 1}, 3, 2, 0)
    assert readings(days, tz=None)["resting_heart_rate/2020-01-04"]["bpm"] == 51.5
    unseen = table(RR_HEAD, 'u,m1,2020-04-21 21:23:08,day,40,"0,0"', "u,m2,2020-04-21 21:23:08,day,40,")
    assert account(unseen) == ("welltory.csv", {}, 2, 2, 0)


@pytest.mark.parametrize(
    "row",
    [
        'u,,2020-04-21 21:23:08,day,40,"800,810"',
        'u,m1,yesterday,day,40,"800,810"',
        'u,m1,2020-04-21 21:23:08,day,40,"800,x"',
        'u,m1,2020-04-21 21:23:08,day,40,"800,-5"',
        'u,m1,2020-04-21 21:23:08,day,40,"800,70000"',
        'u,m1,2020-04-21 21:23:08,day,40,"800,nan"',
        'u,m1,2999-04-21 21:23:08,day,40,"800"',
        "u,m1,2020-04-21",
    ],
)
def test_a_bad_row_costs_only_itself(row: str) -> None:
    good = 'u,m9,2020-04-21 21:23:08,day,40,"800,810"'
    assert account(table(RR_HEAD, good, row, good.replace("m9", "m8"))) == (
        "welltory.csv",
        {"rr_intervals": 2},
        3,
        0,
        1,
    )


def test_a_night_that_ends_before_it_begins() -> None:
    data = table(SLEEP_HEAD, "u,2020-01-02,2020-01-02 07:00:00,2020-01-01 23:00:00,28800,,,,")
    assert account(data) == ("welltory.csv", {}, 1, 0, 1)


def test_joined_exports_and_damage() -> None:
    again = 'u,m9,2020-04-21 21:23:08,day,40,"800,810"'
    assert account(table(RR_HEAD, again, RR_HEAD, again.replace("m9", "m8"))) == (
        "welltory.csv",
        {"rr_intervals": 2},
        3,
        1,
        0,
    )
    whole = of_person(RR, "007b8190cf")
    assert sum(survives(whole[:length]) for length in range(200, len(whole), 97)) > 5
