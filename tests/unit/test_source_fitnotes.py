"""FitNotes: days without a time on Android, times and planned sets on iOS, decimal commas, both scales of effort."""

from __future__ import annotations

import pytest

from pipeline.errors import UnitNeededError, ZoneNeededError
from tests.unit.vendor_files import assert_accounted, decoded, plan, sample, sets

ANDROID = "Date,Exercise,Category,Weight,Weight Unit,Reps,Distance,Distance Unit,Time,Comment"
IOS = (
    "Name,StartTime,EndTime,BodyWeight,Exercise,Equipment,Reps,Weight,Time,Distance,Status,IsWarmup,RPE,RIR,"
    "Categories,Note"
)
SIDE_BY_SIDE = "Date,Exercise,Category,Weight (kg),Weight (lbs),Reps,Distance,Distance Unit,Time,Notes,Kind"


def csv(header: str, *rows: str) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def ios(status: str = "Done", *, warmup: str = "false", weight: str = '"62,5"', rest: str = ",,") -> str:
    return (
        f'Push,2025-02-23T10:13:53Z,2025-02-23T11:08:47Z,"94,0",Bench Press,None,8,{weight},{rest}{status},{warmup},'
        '"8,5",1,"Pectorals,Triceps",'
    )


def test_a_day_is_one_workout_without_a_time() -> None:
    data = csv(
        ANDROID,
        "2025-06-22,Squat,Legs,100.0,kgs,5,,,,",
        "2025-06-22,Squat,Legs,225,lbs,5,,,,felt good",
        "2025-06-23,Row,Cardio,,,0,2,km,0:10:00,",
    )
    squat, heavy, rowing = sets(data)
    assert (squat["document"][:16], rowing["document"][:16]) == ("2025-06-22T00:00", "2025-06-23T00:00")
    assert (heavy["weight_unit"], heavy["weight_value"], heavy["notes"]) == ("lb", 225, "felt good")
    assert (rowing["reps"], rowing["distance_m"], rowing["duration_s"]) == (None, 2000, 600)
    sessions = decoded(data).sessions.to_pylist()
    assert [(one["date_only"], one["end_at_us"]) for one in sessions] == [(True, None)] * 2
    assert all(one["start_local_us"] % 86_400_000_000 == 0 for one in sessions)
    assert {one["outcome"] for one in (squat, heavy, rowing)} == {None}


@pytest.mark.parametrize(("header", "unit"), [("Weight (kgs)", "kg"), ("Weight (lbs)", "lb")])
def test_the_older_export_states_its_unit_in_the_header(header: str, unit: str) -> None:
    data = csv(
        f"Date,Exercise,Category,{header},Reps,Distance,Distance Unit,Time", "2019-01-02,Squat,Legs,100,5,,,0:00:00"
    )
    (one,) = sets(data)
    assert (one["weight_unit"], one["weight_value"], one["reps"], one["duration_s"]) == (unit, 100, 5, None)


def test_two_columns_of_weight_are_read_by_which_is_filled() -> None:
    data = csv(SIDE_BY_SIDE, "2024-01-15,Squat,Legs,100,,5,,,,,wr", "2024-01-15,Squat,Legs,,225,5,,,,wide,wr")
    assert [(one["weight_value"], one["weight_unit"], one["notes"]) for one in sets(data)] == [
        (100, "kg", None),
        (225, "lb", "wide"),
    ]


def test_a_weight_without_a_unit_in_its_row_needs_one() -> None:
    rows = ["2025-06-22,Squat,Legs,100.0,,5,,,,"]
    with pytest.raises(UnitNeededError):
        plan(csv(ANDROID, *rows))
    found = plan(csv(ANDROID, *rows, "2025-06-22,Squat,Legs,100.0,kgs,5,,,,"))
    assert [one.reason for one in found.row_reports if one.status == "rejected"] == ["missing_unit"]


def test_days_need_a_zone_and_instants_do_not() -> None:
    with pytest.raises(ZoneNeededError):
        plan(csv(ANDROID, "2025-06-22,Squat,Legs,100.0,kgs,5,,,,"), tz=None)
    assert plan(csv(IOS, ios()), tz=None, unit="kg").accepted == 1


def test_the_log_of_two_years_keeps_its_order_and_its_sets() -> None:
    found = sets(sample("fitnotes_android_kgs__lukaszebedin.csv"))
    assert len(found) == 2495
    assert sum(one["reps"] == 0 for one in found) == 3
    places = [(one["document"], one["ordinal"]) for one in found]
    assert places == sorted(places)


def test_planned_sets_are_no_sets_and_failed_ones_failed() -> None:
    data = csv(IOS, ios(warmup="true"), ios("Failed"), ios("NotStarted"), ios("Odd"))
    found = plan(data, unit="kg")
    assert [(one.status, one.reason) for one in found.row_reports] == [
        ("accepted", None),
        ("accepted", None),
        ("ignored", "planned_set"),
        ("rejected", "invalid_type"),
    ]
    assert_accounted(data, found, decoded(data, unit="kg"))
    first, second = sets(data, unit="kg")
    assert (first["set_type"], first["outcome"]) == ("warmup", "completed")
    assert (second["set_type"], second["outcome"]) == ("working", "failed")


def test_decimal_commas_both_efforts_and_instants() -> None:
    data = csv(IOS, ios(rest="00:01:30,,"))
    (one,) = sets(data, unit="kg")
    assert (one["weight_value"], one["rpe_logged"], one["rir_logged"]) == (62.5, 8.5, 1)
    assert (one["effort_scale"], one["duration_s"], one["reps"]) == ("rir", 90, 8)
    (session,) = decoded(data, unit="kg").sessions.to_pylist()
    assert session["end_at_us"] - session["start_at_us"] == 3_294_000_000
    assert one["document"] == "2025-02-23T11:13/Push"
    assert session["date_only"] is False


def test_ios_weights_need_a_unit_unless_all_are_zero() -> None:
    with pytest.raises(UnitNeededError):
        plan(csv(IOS, ios()))
    (one,) = sets(csv(IOS, ios(weight='"0,0"')))
    assert one["weight_mg"] is None
