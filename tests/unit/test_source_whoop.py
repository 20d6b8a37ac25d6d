"""WHOOP: sleeps and recoveries of the API, its notifications, and the files of the app's export."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.errors import RefusedError, ZoneNeededError
from tests.unit.reading_files import account, as_json, readings, survives
from tests.unit.vendor_files import plan, sample

# sample: documents by kind, rows, ignored, rejected
ACCOUNTS: dict[str, tuple[dict[str, int], int, int, int]] = {
    "api_v1_sleep_1__mywhoop.json": ({"sleep": 1}, 1, 0, 0),
    "api_v1_recovery_1__mywhoop.json": ({"hrv": 1, "resting_heart_rate": 1}, 2, 0, 0),
}
REFUSED = ("api_v1_cycle_1__mywhoop.json", "api_v1_workout_1__mywhoop.json")

SLEEP_ID = "5f0f9a3e-1c53-4a7e-9f43-0d6b1a1f6c11"
SLEEP = {
    "id": SLEEP_ID,
    "cycle_id": 7001,
    "user_id": 1,
    "created_at": "2026-03-02T13:05:00.000Z",
    "updated_at": "2026-03-02T14:00:00.000Z",
    "start": "2026-03-02T03:10:00.000Z",
    "end": "2026-03-02T11:10:00.000Z",
    "timezone_offset": "+13:00",
    "nap": False,
    "score_state": "SCORED",
    "score": {
        "stage_summary": {
            "total_in_bed_time_milli": 28_800_000,
            "total_awake_time_milli": 1_800_000,
            "total_no_data_time_milli": 0,
            "total_light_sleep_time_milli": 15_000_000,
            "total_slow_wave_sleep_time_milli": 6_000_000,
            "total_rem_sleep_time_milli": 6_000_000,
        },
        "sleep_efficiency_percentage": 93.75,
    },
}
RECOVERY = {
    "cycle_id": 7001,
    "sleep_id": SLEEP_ID,
    "user_id": 1,
    "created_at": "2026-03-03T13:05:00.000Z",
    "updated_at": "2026-03-03T13:06:00.000Z",
    "score_state": "SCORED",
    "score": {"user_calibrating": False, "recovery_score": 61, "resting_heart_rate": 51, "hrv_rmssd_milli": 63.5},
}
CYCLE = {
    "id": 7001,
    "user_id": 1,
    "start": "2026-03-02T03:10:00.000Z",
    "end": None,
    "timezone_offset": "+13:00",
    "score_state": "SCORED",
    "score": {"strain": 9.1},
}
WORKOUT = {"id": "w", "user_id": 1, "sport_name": "weightlifting", "score_state": "SCORED", "score": {"strain": 8.1}}


def page(*records: Any) -> bytes:
    return as_json({"records": list(records), "next_token": None})


@pytest.mark.parametrize("name", ACCOUNTS)
def test_samples(name: str) -> None:
    assert account(sample(name)) == ("whoop.api", *ACCOUNTS[name])


def test_the_values_of_the_samples() -> None:
    nap = readings(sample("api_v1_sleep_1__mywhoop.json"))["1053725843"]
    assert nap["nap"] is True
    assert nap["in_bed_min"] == pytest.approx(45.390467, abs=1e-6)
    assert nap["asleep_min"] == pytest.approx(42.77785)  # 1,067,020 + 1,499,651 + 0 ms
    assert nap["start_local"] == "2024-05-19T13:31:01.867000"  # -07:00
    assert nap["value"] == 1_716_153_609_208_000  # updated_at 2024-05-19T21:20:09.208Z
    recovery = readings(sample("api_v1_recovery_1__mywhoop.json"))
    assert recovery["1059898994/hrv"]["value_ms"] == 27.39852
    assert recovery["1059898994/hrv"]["statistic"] == "rmssd"
    assert recovery["1059898994/resting_heart_rate"]["bpm"] == 58
    assert {one["day"] for one in recovery.values()} == {"2024-05-24"}


@pytest.mark.parametrize("name", REFUSED)
def test_cycles_and_workouts_alone_are_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="cycles or workouts") as caught:
        plan(sample(name))
    assert "recovery" in caught.value.do


def test_a_recovery_takes_the_day_of_its_sleep() -> None:
    found = readings(page(SLEEP, RECOVERY), tz=None)
    assert found[SLEEP_ID]["end_local"] == "2026-03-03T00:10:00"
    assert (found[SLEEP_ID]["in_bed_min"], found[SLEEP_ID]["asleep_min"]) == (480, 450)
    assert found[f"{SLEEP_ID}/hrv"]["day"] == "2026-03-03"
    assert found[f"{SLEEP_ID}/resting_heart_rate"]["day"] == "2026-03-03"


def test_a_recovery_beside_its_cycle_takes_its_offset() -> None:
    found = readings(page(CYCLE, RECOVERY), tz=None)  # 13:05Z is 02:05 on the next day at +13:00
    assert found[f"{SLEEP_ID}/hrv"]["day"] == "2026-03-04"
    assert account(page(CYCLE, RECOVERY), tz=None) == ("whoop.api", {"hrv": 1, "resting_heart_rate": 1}, 3, 1, 0)


def test_a_recovery_alone_needs_a_zone() -> None:
    with pytest.raises(ZoneNeededError):
        plan(page(RECOVERY), tz=None)
    assert {one["day"] for one in readings(page(RECOVERY), tz="Europe/Berlin").values()} == {"2026-03-03"}
    assert {one["day"] for one in readings(page(RECOVERY), tz="Pacific/Auckland").values()} == {"2026-03-04"}


def test_a_dump_of_several_pages() -> None:
    dump = as_json(
        {
            "user_data": {"user_id": 1},
            "sleep_collection": {"records": [SLEEP]},
            "recovery_collection": {"records": [RECOVERY]},
            "workout_collection": {"records": [WORKOUT]},
            "cycle_collection": {"records": [CYCLE]},
        }
    )
    assert account(dump, tz=None) == ("whoop.api", {"sleep": 1, "hrv": 1, "resting_heart_rate": 1}, 5, 2, 0)
    assert {one["reason"] for one in plan(dump, tz=None).reasons} == {"workout_totals", "cycle_totals"}


@pytest.mark.parametrize(
    ("changes", "kinds", "ignored", "rejected"),
    [
        ({"score_state": "PENDING_SCORE", "score": None}, {}, 1, 0),
        ({"score_state": "UNSCORABLE"}, {}, 1, 0),
        ({"score_state": "GUESSED"}, {}, 0, 1),
        ({"score": None}, {}, 0, 1),
        ({"score": {}}, {"sleep": 1}, 0, 0),
        ({"id": None}, {}, 0, 1),
        ({"id": True}, {}, 0, 1),
        ({"nap": "no"}, {}, 0, 1),
        ({"timezone_offset": "Z"}, {"sleep": 1}, 0, 0),
        ({"timezone_offset": "Mars"}, {}, 0, 1),
        ({"start": "2026-03-02T03:10:00"}, {}, 0, 1),
        ({"end": "2026-03-02T03:00:00.000Z"}, {}, 0, 1),
        ({"end": "2036-03-02T03:00:00.000Z"}, {}, 0, 1),
        ({"updated_at": 5}, {}, 0, 1),
    ],
)
def test_what_a_sleep_may_lack(changes: dict[str, Any], kinds: dict[str, int], ignored: int, rejected: int) -> None:
    assert account(page(SLEEP | changes)) == ("whoop.api", kinds, 1, ignored, rejected)


def test_minutes_that_are_not_all_there_are_left_out() -> None:
    summary = {"total_in_bed_time_milli": 60_000, "total_light_sleep_time_milli": 60_000}
    night = readings(page(SLEEP | {"score": {"stage_summary": summary}}))[SLEEP_ID]
    assert night["in_bed_min"] == 1
    assert "asleep_min" not in night


def test_an_impossible_value_costs_only_itself() -> None:
    bad = RECOVERY | {"score": {"resting_heart_rate": 51, "hrv_rmssd_milli": 5000}}
    assert account(page(bad)) == ("whoop.api", {"resting_heart_rate": 1}, 2, 0, 1)


def test_deletions() -> None:
    notes = [
        {"user_id": 1, "id": SLEEP_ID, "type": "sleep.deleted", "trace_id": "t1"},
        {"user_id": 1, "id": SLEEP_ID, "type": "recovery.deleted", "trace_id": "t2"},
        {"user_id": 1, "id": SLEEP_ID, "type": "sleep.updated", "trace_id": "t3"},
    ]
    assert account(as_json(notes), tz=None) == ("whoop.api", {}, 4, 1, 0)
    gone = [entry["document"] for entry in plan(as_json(notes)).preview if entry["deleted"]]
    assert gone == [SLEEP_ID, f"{SLEEP_ID}/hrv", f"{SLEEP_ID}/resting_heart_rate"]
    with pytest.raises(RefusedError, match="notification"):
        plan(as_json(notes[2]))


CYCLES_HEADER = (
    "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),"
    "Heart rate variability (ms),Skin temp (celsius),Day Strain,Sleep onset,Wake onset,Asleep duration (min),"
    "In bed duration (min),Sleep efficiency %"
)
CYCLES = f"""{CYCLES_HEADER}
2026-03-08 23:20:00,,UTC-04:00,61,52,64,33.4,1.2,2026-03-08 23:20:00,2026-03-09 07:05:00,432,465,92
2026-03-07 23:10:00,2026-03-08 23:20:00,UTC-05:00,,,,,12.4,,,,,
2026-03-06 22:50:00,2026-03-07 23:10:00,UTC-05:00,40,55,,33.1,12.4,2026-03-06 22:50:00,2026-03-07 06:00:00,400,430,93
"""
SLEEPS_HEADER = "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Asleep duration (min),Nap"
SLEEPS = f"""{SLEEPS_HEADER}
2026-03-08 23:20:00,,UTC-04:00,2026-03-09 14:00:00,2026-03-09 14:40:00,35,true
2026-03-08 23:20:00,,UTC-04:00,2026-03-08 23:20:00,2026-03-09 07:05:00,432,false
"""


def test_cycles_of_the_export() -> None:
    kinds = {"sleep": 2, "hrv": 1, "resting_heart_rate": 2}
    assert account(CYCLES.encode(), tz=None) == ("whoop.csv", kinds, 6, 1, 0)
    found = readings(CYCLES.encode(), tz=None)
    night = found["sleep/2026-03-08T23:20:00-04:00"]
    assert (night["asleep_min"], night["in_bed_min"], night["nap"]) == (432, 465, False)
    assert night["start"] == "2026-03-09T03:20:00Z"
    assert found["sleep/2026-03-08T23:20:00-04:00/hrv"] == {
        "kind": "hrv", "value": 0, "day": "2026-03-09", "night": "2026-03-09", "statistic": "rmssd", "value_ms": 64,
        "context": "overnight",
    }  # fmt: skip
    assert found["sleep/2026-03-06T22:50:00-05:00/resting_heart_rate"]["day"] == "2026-03-07"


def test_sleeps_of_the_export_have_the_names_of_the_cycles() -> None:
    assert account(SLEEPS.encode(), tz=None) == ("whoop.csv", {"sleep": 2}, 2, 0, 0)
    cycles, sleeps = readings(CYCLES.encode()), readings(SLEEPS.encode())
    assert set(cycles) & set(sleeps) == {"sleep/2026-03-08T23:20:00-04:00"}
    assert sleeps["sleep/2026-03-09T14:00:00-04:00"]["nap"] is True


@pytest.mark.parametrize(
    ("row", "kinds", "rows", "ignored", "rejected"),
    [
        (",,,,,", {}, 1, 1, 0),
        (SLEEPS_HEADER.lower(), {}, 1, 1, 0),
        ("a,b,UTC-05:00,2026-03-08 23:20:00,2026-03-09 07:05:00,432,maybe", {}, 1, 0, 1),
        ("a,b,UTC-05:00,2026-03-08 23:20:00,2026-03-09 07:05:00,many,false", {}, 1, 0, 1),
        ("a,b,UTC-25:00,2026-03-08 23:20:00,2026-03-09 07:05:00,432,false", {}, 1, 0, 1),
        ("a,b,UTC-05:00,2026-03-08 23:20:00,,432,false", {}, 1, 0, 1),
        ("a,b,UTC-05:00,9 March,2026-03-09 07:05:00,432,false", {}, 1, 0, 1),
        ("a,b,UTCZ,2026-03-08 23:20:00,2026-03-09 07:05:00,432,false", {"sleep": 1}, 1, 0, 0),
        ("a,b", {}, 1, 0, 1),
    ],
)
def test_rows_of_the_export(row: str, kinds: dict[str, int], rows: int, ignored: int, rejected: int) -> None:
    if row == ",,,,,":
        row += ","
    data = f"{SLEEPS_HEADER}\n{row}\n"
    assert account(data.encode(), tz=None) == ("whoop.csv", kinds, rows, ignored, rejected)
    good = SLEEPS.splitlines()[2]
    beside = account(f"{data}{good}\n".encode(), tz=None)
    assert beside[2:] == (rows + 1, ignored, rejected)  # a bad row costs no other


def test_a_row_without_an_offset_needs_a_zone() -> None:
    data = f"{SLEEPS_HEADER}\na,b,,2026-03-08 23:20:00,2026-03-09 07:05:00,432,false\n".encode()
    with pytest.raises(ZoneNeededError):
        plan(data, tz=None)
    night = readings(data, tz="Europe/Berlin")["sleep/2026-03-08T23:20:00"]
    assert night["start"] == "2026-03-08T22:20:00Z"


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("Cycle start time,Cycle timezone,Workout start time,Workout end time,Activity Strain", "workouts of WHOOP"),
        ("Cycle start time,Cycle timezone,Question text,Answered yes,Notes", "journal"),
    ],
)
def test_other_files_of_the_export_are_refused(header: str, what: str) -> None:
    with pytest.raises(RefusedError, match=what) as caught:
        plan(f"{header}\n1,2,3,4,5\n".encode())
    assert "sleeps.csv" in caught.value.do


def test_damaged_and_hostile_files() -> None:
    whole = page(SLEEP, RECOVERY, SLEEP | {"id": "b"})
    kept = [survives(whole[:length]) for length in range(40, len(whole), 97)]
    assert any(kept)
    assert readings(whole[:-60])[SLEEP_ID]["asleep_min"] == 450  # the first night stands before the cut
    assert survives(page(SLEEP, 5, None, "x", [[]], {"nap": 1, "score_state": []}, {"sleep_id": {}}))
    assert survives(page({**RECOVERY, "import_zone": "Mars/Olympus"}))
    assert survives(page({**RECOVERY, "sleep_end": [], "timezone_offset": 3}))
    assert survives(b'{"score_state": "SCORED", "nap": ' + b"[" * 400 + b"]" * 400 + b"}")
    assert account(CYCLES[:-40].encode())[4] == 1


def test_one_record_is_as_good_as_a_page() -> None:
    assert readings(as_json(SLEEP)) == readings(page(SLEEP)) == readings(as_json([SLEEP]))
    assert json.loads(page(SLEEP))["records"][0]["id"] == SLEEP_ID
