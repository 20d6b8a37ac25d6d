"""Strong: every family of header lines, the languages seen, units, durations, letters, rest timers, notes."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import RefusedError, UnitNeededError, ZoneNeededError
from pipeline.gateway.imports import classify, documents_of
from tests.unit.vendor_files import assert_accounted, decoded, plan, sample, sets

CLASSIC = "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE"
AT = "2021-02-10 16:46:13"


def csv(*rows: str, header: str = CLASSIC) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def row(
    order: str = "1",
    *,
    exercise: str = "Squat (Barbell)",
    weight: str = "100.0",
    reps: str = "5",
    distance: str = "0",
    seconds: str = "0",
    notes: str = "",
    duration: str = "1h 5m",
    rpe: str = "",
) -> str:
    return f'{AT},"Legs",{duration},"{exercise}",{order},{weight},{reps},{distance},{seconds},"{notes}","",{rpe}'


FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "2015 with units in the header": (
        "Date,Workout Name,Exercise Name,Set Order,lb,Reps,mi,Seconds,Notes",
        f"{AT},Legs,Squat,1,225,5,1,0,easy",
        {"weight_unit": "lb", "weight_value": 225, "distance_m": 1609.344, "notes": "easy"},
    ),
    "2015 in kilograms without notes": (
        "Date,Workout Name,Exercise Name,Set Order,kg,Reps,km,Seconds",
        f"{AT},Legs,Squat,0,100,5,2,0",
        {"weight_unit": "kg", "distance_m": 2000, "notes": None},
    ),
    "2017 without duration": (
        "Date,Workout Name,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE",
        f"{AT},Legs,Squat,1,100,5,0,0,,,8.5",
        {"weight_unit": "kg", "rpe_logged": 8.5},
    ),
    "classic": (CLASSIC, row(rpe="9"), {"weight_unit": "kg", "rpe_logged": 9}),
    "2024 without notes": (
        "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,RPE",
        f'{AT},"Legs",35m,"Squat",1,100.0,5.0,0,0.0,',
        {"reps": 5, "duration_s": None},
    ),
    "Android with units in the rows": (
        "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance Unit;Seconds;Notes;"
        "Workout Notes;Workout Duration",
        f"{AT};Legs;Squat;1;225;lbs;5;8;1;mi;0;;;1h",
        {"weight_unit": "lb", "distance_m": 1609.344, "rpe_logged": 8},
    ),
    "Android of today": (
        '"Workout #";"Date";"Workout Name";"Duration (sec)";"Exercise Name";"Set Order";"Weight (kg)";"Reps";"RPE";'
        '"Distance (meters)";"Seconds";"Notes";"Workout Notes"',
        f'"1";"{AT}";"Legs";"4543";"Squat";"1";"13.607759999999999";"5";"";"40";"";"";""',
        {"weight_value": 13.607759999999999, "weight_mg": 13_607_760, "distance_m": 40},
    ),
    "German": (
        "Datum,Workout-Name,Dauer,Name der Übung,Reihenfolge festlegen,Gewicht,Wiederh.,Entfernung,Sekunden,Notizen,"
        "Workout-Notizen,RPE",
        f'{AT},"Legs",1h 5m,"Kniebeuge",1,100.0,5,0,0,"","",8',
        {"exercise": "Kniebeuge", "rpe_logged": 8},
    ),
    "French": (
        "Date,Nom de l'entraînement,Durée,Nom de l'exercice,Ordre de la série,Poids,Réps,Distance,Secondes,Notes,"
        "Notes de l'entraînement,RPE",
        f'{AT},"Legs",1h 5m,"Squat",1,100.0,5,0,0,"","",',
        {"exercise": "Squat"},
    ),
    "Chinese": (
        "日期,锻炼名称,时长,运动名称,设置顺序,重量,次,距离,秒,备注,锻炼备注,RPE",
        f'{AT},"Legs",1小时13分钟,"深蹲",1,100.0,5,0,0,"","",',
        {"exercise": "深蹲"},
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_header_lines_is_read(family: str) -> None:
    header, line, expected = FAMILIES[family]
    data = csv(line, header=header)
    assert plan(data, unit="kg").decoder == "strong.csv"
    (one,) = sets(data, unit="kg")
    assert one["document"] == "2021-02-10T16:46/Legs"
    assert one["set_type"] == "working"
    assert one["outcome"] is None  # Strong does not say of a set that it was no failure
    expected = {"reps": 5, "weight_mg": one["weight_mg"], **expected}
    assert {key: one[key] for key in expected} == expected


@pytest.mark.parametrize("change", ["crlf", "mark", "semicolons"])
def test_what_tools_do_to_a_file_changes_nothing(change: str) -> None:
    data = csv(row(), row("2", notes="slow"))
    changed = {
        "crlf": data.replace(b"\n", b"\r\n"),
        "mark": b"\xef\xbb\xbf" + data,
        "semicolons": data.replace(b",", b";"),
    }[change]
    assert sets(changed, unit="kg") == sets(data, unit="kg")


def test_an_unknown_header_is_refused_with_the_columns_found() -> None:
    with pytest.raises(RefusedError, match="header") as caught:
        plan(b"Date,Workout,Lift,Kilos\n2021-02-10,a,b,1\n")
    assert "Date, Workout, Lift, Kilos" in caught.value.why


def test_a_file_without_its_header_line_is_refused_and_says_so() -> None:
    line = f'{AT};"Legs";"Squat";1;100;kg;5;8;0;;0;;;1h'
    with pytest.raises(RefusedError, match="header"):
        plan(f"{line}\n{line}\n".encode())


def test_weights_without_a_unit_need_one_and_zeros_do_not() -> None:
    with pytest.raises(UnitNeededError, match="unit"):
        plan(csv(row()))
    assert plan(csv(row(weight="0"), row("2", weight=""))).accepted == 2
    assert sets(csv(row()), unit="lb")[0]["weight_unit"] == "lb"


def test_wall_clocks_need_a_zone() -> None:
    with pytest.raises(ZoneNeededError, match="zone"):
        plan(csv(row()), tz=None, unit="kg")


def test_units_are_read_row_by_row() -> None:
    header = FAMILIES["Android with units in the rows"][0]
    data = csv(
        f"{AT};Legs;Squat;1;225;lbs;5;8;0;;0;;;1h",
        f"{AT};Legs;Squat;2;100;kg;5;8;0;;0;;;1h",
        f"{AT};Legs;Squat;3;100;;5;8;0;;0;;;1h",
        header=header,
    )
    assert [one["weight_unit"] for one in sets(data)] == ["lb", "kg"]
    assert [row.reason for row in plan(data).row_reports if row.status == "rejected"] == ["missing_unit"]
    assert [one["weight_unit"] for one in sets(data, unit="kg")] == ["lb", "kg", "kg"]


def test_letters_say_what_a_set_was() -> None:
    data = csv(row("W"), row("1"), row("D"), row("F"), row("2"))
    found = [(one["set_type"], one["outcome"]) for one in sets(data, unit="kg")]
    assert found == [("warmup", None), ("working", None), ("drop", None), ("working", "failed"), ("working", None)]
    places = [(one["exercise_block"], one["set_index"]) for one in sets(data, unit="kg")]
    assert places == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]


def test_a_counter_that_starts_again_is_a_second_block() -> None:
    data = csv(row("1"), row("2"), row("1"), row("1", exercise="Row"), row("1"))
    assert [one["exercise_block"] for one in sets(data, unit="kg")] == [1, 1, 2, 3, 4]


def test_rest_timers_are_no_sets_and_their_time_stays() -> None:
    data = csv(row("1"), row("Rest Timer", weight="0", reps="0", seconds="90"), row("2"))
    found = plan(data, unit="kg")
    assert (found.rows, found.accepted, found.ignored) == (3, 2, 1)
    assert [(one["reason"], one["count"]) for one in found.reasons] == [("rest_timer", 1)]
    assert [one["rest_s"] for one in sets(data, unit="kg")] == [90, None]
    assert_accounted(data, found, decoded(data, unit="kg"))


def test_half_of_the_rest_timer_export_is_ignored() -> None:
    found = sets(sample("strong_resttimer_kg_2025__gravitus.csv"), unit="kg")
    assert len(found) == 8
    assert [one["rest_s"] for one in found] == [120] * 8


def test_zero_is_not_applicable() -> None:
    data = csv(
        row(exercise="Plank", weight="0", reps="0", seconds="60"),
        row(exercise="Running", weight="0", reps="0", seconds="600", distance="0"),
        row(exercise="Pull Up (Assisted)", weight="20", reps="8"),
        row(exercise="Push Up", weight="0", reps="12"),
    )
    plank, run, assisted, push_up = sets(data, unit="kg")
    assert (plank["reps"], plank["duration_s"], plank["weight_mg"]) == (None, 60, None)
    assert (run["duration_s"], run["distance_m"]) == (600, None)
    assert (assisted["load_kind"], assisted["weight_value"]) == ("assisted", 20)
    assert (push_up["reps"], push_up["weight_mg"], push_up["duration_s"]) == (12, None, None)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2h 18m", 138),
        ("45m", 45),
        ("38min", 38),
        ("5m", 5),
        ("1小时13分钟", 73),
        ("1 Std. 5 Min.", 65),
        ("264h 1m", None),
        ("", None),
        ("a while", None),
    ],
)
def test_durations_of_every_language_end_the_workout(text: str, minutes: int | None) -> None:
    data = csv(row(duration=text))
    (session,) = decoded(data, unit="kg").sessions.to_pylist()
    assert session["start_at_us"] is not None
    end = session["end_at_us"]
    assert (end if end is None else (end - session["start_at_us"]) / 60e6) == minutes
    warned = any("Duration" in warning for warning in plan(data, unit="kg").warnings)
    assert warned == (minutes is None and text != "")


def test_twenty_seconds_is_a_duration_too() -> None:
    (session,) = decoded(csv(row(duration="20s")), unit="kg").sessions.to_pylist()
    assert session["end_at_us"] - session["start_at_us"] == 20_000_000


def test_an_end_across_a_change_of_the_clock_is_elapsed_time() -> None:
    line = '2025-03-30 01:30:00,"Night",1h,"Squat",1,100.0,5,0,0,"","",'
    (session,) = decoded(csv(line), unit="kg").sessions.to_pylist()
    assert session["end_at_us"] - session["start_at_us"] == 3600 * 1_000_000
    assert session["end_local_us"] - session["start_local_us"] == 2 * 3600 * 1_000_000


def test_bad_rows_are_rejected_alone_with_their_number() -> None:
    data = csv(row(), row("X"), row("2", reps="many"), row("3", weight="-5000"), "broken,row", row("4"))
    found = plan(data, unit="kg")
    assert [(one.row, one.status) for one in found.row_reports] == [
        (2, "accepted"),
        (3, "rejected"),
        (4, "rejected"),
        (5, "rejected"),
        (6, "rejected"),
        (7, "accepted"),
    ]
    assert all(one.message for one in found.row_reports if one.status == "rejected")
    assert_accounted(data, found, decoded(data, unit="kg"))


def test_the_earlier_export_is_contained_in_the_later_one() -> None:
    earlier = plan(sample("strong_android_semicolon_earlier_export__dravenbc.csv"))
    later = plan(sample("strong_android_semicolon_kg__dravenbc.csv"))
    assert set(documents_of(earlier)) < set(documents_of(later))
    known = classify(later, set(documents_of(earlier)))
    assert (len(known.known), len(known.new)) == (3, 17)
    kept = {record.payload for record in later.records}
    assert {record.payload for record in earlier.records} <= kept


def test_workouts_with_one_name_and_minute_are_two_only_if_numbered_so() -> None:
    header, line, _ = FAMILIES["Android of today"]
    again = line.replace('"1";"2021', '"2";"2021', 1)
    assert {one["document"] for one in plan(csv(line, again, header=header)).preview} == {
        "2021-02-10T16:46/Legs",
        "2021-02-10T16:46/Legs#2",
    }
    assert len(plan(csv(line, line, header=header)).preview) == 1


def test_the_german_named_year_keeps_all_its_rows() -> None:
    found = sets(sample("strong_12col_kg_2021__breinsp.csv"), unit="kg")
    assert len(found) == 2078
    assert sum(one["weight_mg"] is None for one in found) == 250
    assert len({(one["document"], one["exercise_block"], one["set_index"]) for one in found}) == 2078
