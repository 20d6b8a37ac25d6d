"""Hevy, CSV and API: failure, drop sets, warm-ups, supersets, blocks, localised times, versions and deletions."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from pipeline.errors import RefusedError, UsageError, ZoneNeededError
from pipeline.sources.columns import ORIGIN_API, ORIGIN_FILE
from tests.unit.vendor_files import assert_accounted, decoded, plan, sample, sets

LOG = "hevy_csv_kg_supersets_rpe__dakheera47.csv"
HEADER = (
    '"title","start_time","end_time","description","exercise_title","superset_id","exercise_notes",'
    '"set_index","set_type","weight_kg","reps","distance_km","duration_seconds","rpe"'
)


def csv(*rows: str, header: str = HEADER) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def row(
    exercise: str = "Squat (Barbell)",
    *,
    start: str = "15 Sep 2025, 07:48",
    end: str = "15 Sep 2025, 09:13",
    superset: str = "",
    note: str = "",
    index: int = 0,
    kind: str = "normal",
    weight: str = "100",
    reps: str = "5",
    distance: str = "",
    seconds: str = "",
    rpe: str = "",
    title: str = "Legs",
) -> str:
    return (
        f'"{title}","{start}","{end}","","{exercise}",{superset},"{note}",{index},"{kind}",'
        f"{weight},{reps},{distance},{seconds},{rpe}"
    )


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    return sets(sample(LOG))


def test_the_large_log_keeps_every_row(log: list[dict[str, Any]]) -> None:
    assert len(log) == 7211
    assert len({one["document"] for one in log}) == 335
    assert Counter(one["outcome"] for one in log) == {"failed": 1122, "completed": 7211 - 1122}
    assert Counter(one["set_type"] for one in log).keys() == {"working", "warmup", "drop"}
    assert all(one["set_type"] == "working" for one in log if one["outcome"] == "failed")


def test_the_large_log_has_the_volume_computed_independently(log: list[dict[str, Any]]) -> None:
    total = sum(
        Decimal(str(one["weight_value"])) * one["reps"]
        for one in log
        if one["set_type"] != "warmup" and one["exercise"] != "Warm Up" and one["weight_value"] and one["reps"]
    )
    assert total == Decimal("1964741.75")


def test_the_large_log_keeps_efforts_supersets_and_real_duplicates(log: list[dict[str, Any]]) -> None:
    source = sample(LOG).decode().splitlines()
    assert sum(one["superset"] is not None for one in log) == 277
    assert sum(one["rpe_logged"] is not None for one in log) == sum(not line.endswith(",") for line in source[1:])
    twice = [line for line, count in Counter(source).items() if count > 1]
    assert len(twice) == 4  # two occurrences of one exercise in one workout, not copies


def test_positions_are_unique_in_a_workout(log: list[dict[str, Any]]) -> None:
    places = Counter((one["document"], one["ordinal"]) for one in log)
    assert max(places.values()) == 1
    blocks = Counter((one["document"], one["exercise_block"], one["set_index"]) for one in log)
    assert max(blocks.values()) == 1


def test_words_of_hevy_become_type_and_outcome() -> None:
    data = csv(*(row(kind=kind, index=i) for i, kind in enumerate(["warmup", "normal", "failure", "dropset"])))
    found = [(one["set_type"], one["outcome"]) for one in sets(data)]
    assert found == [("warmup", "completed"), ("working", "completed"), ("working", "failed"), ("drop", "completed")]


def test_a_word_that_is_not_known_is_kept_aside_and_the_others_are_read() -> None:
    data = csv(row(index=0), row(index=1, kind="myoreps"), row(index=2))
    found = plan(data)
    assert (found.accepted, found.rejected) == (2, 1)
    (bad,) = [one for one in found.row_reports if one.status == "rejected"]
    assert (bad.row, bad.field) == (3, "set_type")
    assert_accounted(data, found, decoded(data))


def test_the_same_exercise_twice_is_two_blocks() -> None:
    squats = [row(index=0), row(index=1), row("Row", index=0), row(index=0), row(index=1), row(index=0)]
    assert [(one["exercise_block"], one["set_index"]) for one in sets(csv(*squats))] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (3, 1),
        (3, 2),
        (4, 1),
    ]


def test_zero_is_not_applicable_and_help_is_positive() -> None:
    data = csv(
        row("Plank", weight="", reps="0", seconds="60"),
        row("Pull Up", weight="0", reps="8"),
        row("Pull Up (Assisted)", weight="20", reps="8"),
        row("Running", weight="", reps="", distance="1.5", seconds="600"),
        row("Bench", weight="100", reps="0", kind="failure"),
    )
    plank, pull_up, assisted, run, missed = sets(data)
    assert (plank["reps"], plank["duration_s"], plank["weight_mg"]) == (None, 60, None)
    assert (pull_up["reps"], pull_up["weight_mg"] or 0) == (8, 0)
    assert (assisted["load_kind"], assisted["weight_value"]) == ("assisted", 20)
    assert (run["distance_m"], run["duration_s"]) == (1500, 600)
    assert (missed["reps"], missed["outcome"]) == (0, "failed")


def test_pounds_and_miles_come_from_the_header() -> None:
    header = HEADER.replace("weight_kg", "weight_lbs").replace("distance_km", "distance_miles")
    (one,) = sets(csv(row(weight="225", distance="1"), header=header))
    assert (one["weight_unit"], one["weight_value"], one["distance_m"]) == ("lb", 225, 1609.344)


def test_the_file_states_its_unit_and_a_given_one_is_not_used() -> None:
    found = plan(csv(row()), unit="lb")
    assert any("unit" in warning for warning in found.warnings)
    assert sets(csv(row()), unit="lb")[0]["weight_unit"] == "kg"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("15 Sep 2025, 07:48", "2025-09-15T07:48"),
        ("Jun 11, 2026, 1:01 PM", "2026-06-11T13:01"),
        ("7 Ago 2023, 18:16", "2023-08-07T18:16"),
        ("11 Nis 2026, 13:05", "2026-04-11T13:05"),
        ("3 févr. 2025, 18:00", "2025-02-03T18:00"),
        ("12 août 2025, 06:30", "2025-08-12T06:30"),
        ("4 déc. 2025, 19:10", "2025-12-04T19:10"),
        ("9 Mär 2025, 08:05", "2025-03-09T08:05"),
        ("1 Okt. 2025, 20:00", "2025-10-01T20:00"),
    ],
)
def test_the_month_is_read_in_the_language_of_the_app(text: str, local: str) -> None:
    (preview,) = plan(csv(row(start=text, end=""))).preview
    assert preview["document"] == f"{local}/Legs"


def test_wall_clocks_need_a_zone_and_keep_it() -> None:
    with pytest.raises(ZoneNeededError, match="zone"):
        plan(csv(row()), tz=None)
    session = decoded(csv(row()), tz="America/New_York").sessions.to_pylist()[0]
    assert session["start_at_us"] - session["start_local_us"] == 4 * 3600 * 1_000_000
    with pytest.raises(UsageError):
        plan(csv(row()), tz="Mars/Olympus")


def test_an_end_before_the_start_is_left_out_with_a_warning() -> None:
    data = csv(row(end="15 Sep 2025, 07:48"))
    assert decoded(data).sessions["end_at_us"].to_pylist() == [None]
    assert any("end" in warning for warning in plan(data).warnings)


def test_notes_quotes_and_line_breaks_survive() -> None:
    data = csv(row(note='slow ""eccentric""\nthen paused \U0001f4aa'), row(index=1))
    found = sets(data)
    assert [one["notes"] for one in found] == ['slow "eccentric"\nthen paused \U0001f4aa', None]


def test_an_edit_keeps_the_document_and_changes_the_part() -> None:
    before, after = plan(csv(row(), row(index=1))), plan(csv(row(), row(index=1, reps="6")))
    assert [one["document"] for one in before.preview] == [one["document"] for one in after.preview]
    assert before.records[0].payload != after.records[0].payload


def test_two_workouts_of_one_day_with_one_title_stay_two() -> None:
    data = csv(row(start="15 Sep 2025, 18:00", end=""), row())
    assert {one["document"] for one in plan(data).preview} == {"2025-09-15T07:48/Legs", "2025-09-15T18:00/Legs"}


def workout(**changes: Any) -> dict[str, Any]:
    return json.loads(sample("hevy_api_workout__hevyclient.json")) | changes


def test_api_identity_is_the_id_and_the_version_its_update() -> None:
    found = decoded(sample("hevy_api_workout__hevyclient.json"))
    (document,) = found.documents.to_pylist()
    assert (document["document"], document["rank"], document["origin"]) == ("workout-1", 1, ORIGIN_API)
    assert document["source"] == "hevy"
    assert decoded(csv(row())).documents["origin"].to_pylist() == [ORIGIN_FILE]


@pytest.mark.parametrize("wrap", ["bare", "list", "workouts", "workout", "page"])
def test_every_way_the_api_wraps_a_workout_is_the_same(wrap: str) -> None:
    one = workout()
    body = {
        "bare": one,
        "list": [one],
        "workouts": {"workouts": [one]},
        "workout": {"workout": [one]},
        "page": {"page": 1, "page_count": 1, "workouts": [one]},
    }[wrap]
    found = plan(json.dumps(body).encode())
    assert found.decoder == "hevy.api"
    assert found.records[0].payload == plan(sample("hevy_api_workout__hevyclient.json")).records[0].payload


def test_an_event_page_updates_and_deletes() -> None:
    documents = decoded(sample("hevy_api_workout_events__hevyclient.json")).documents.to_pylist()
    assert [(one["document"], one["kind"], one["deleted"]) for one in documents] == [
        ("workout-1", "session", False),
        ("workout-2", "delete", True),
    ]
    assert all(one["rank"] == 1 for one in documents)


def test_api_times_state_no_zone_of_the_athlete() -> None:
    utc = plan(sample("hevy_api_workout__hevy2garmin.json"), tz=None)  # written with +00:00
    assert utc.preview[0]["start"] == "2026-07-09T06:34:49Z"
    here = decoded(sample("hevy_api_workout__hevy2garmin.json"))
    (session,) = here.sessions.to_pylist()
    assert session["start_local_us"] - session["start_at_us"] == 2 * 3600 * 1_000_000
    assert here.documents["document"].to_pylist() == ["2026-07-09T08:34/Upper"]  # it has no id


def api_set(**changes: Any) -> dict[str, Any]:
    return {"index": 0, "type": "normal", "weight_kg": 50, "reps": 8, "rpe": None} | changes


def test_api_sets_say_what_csv_rows_say() -> None:
    one = workout(
        exercises=[
            {
                "title": "Pull Up (Assisted)",
                "exercise_template_id": "A",
                "supersets_id": 0,
                "sets": [api_set(weight_kg=-20.0, type="failure", rpe=9.5), api_set(type="dropset", weight_kg=0)],
            },
            {
                "title": "Plank",
                "exercise_template_id": "B",
                "superset_id": 0,
                "sets": [api_set(reps=0, duration_seconds=40, weight_kg=None, type="warmup")],
            },
        ]
    )
    help_, drop, plank = sets(json.dumps(one).encode())
    assert (help_["load_kind"], help_["weight_value"], help_["outcome"]) == ("assisted", 20, "failed")
    assert (help_["superset"], help_["rpe_logged"]) == ("0", 9.5)
    assert (drop["set_type"], drop["weight_mg"] or 0) == ("drop", 0)
    assert (plank["reps"], plank["duration_s"], plank["set_type"], plank["superset"]) == (None, 40, "warmup", "0")


def test_bad_api_sets_are_rejected_alone() -> None:
    exercise = {"title": "Squat", "exercise_template_id": "A"}
    one = workout(
        exercises=[
            exercise | {"sets": [api_set(), api_set(reps="8"), None, api_set(type="odd"), api_set(reps=2.5)]},
            "nonsense",
            exercise | {"sets": [api_set(weight_kg=1e9)]},
        ]
    )
    data = json.dumps(one).encode()
    found = plan(data)
    assert (found.rows, found.accepted, found.rejected) == (7, 1, 6)
    assert_accounted(data, found, decoded(data))


@pytest.mark.parametrize(
    "changes",
    [
        {"start_time": None},
        {"start_time": "yesterday"},
        {"start_time": "1970-01-01T00:00:00Z"},
        {"updated_at": "soon"},
        {"updated_at": "2999-01-01T00:00:00Z"},
        {"id": 7},
        {"id": "x" * 300, "exercises": [], "updated_at": 3},
    ],
)
def test_a_workout_that_cannot_be_placed_is_rejected_row_by_row(changes: dict[str, Any]) -> None:
    data = json.dumps({"workouts": [workout(**changes), workout(id="good")]}).encode()
    found = plan(data)
    assert (found.accepted, found.rejected) == (1, 1)
    assert_accounted(data, found, decoded(data))


def test_a_deletion_without_an_id_is_rejected() -> None:
    data = json.dumps({"page": 1, "page_count": 1, "events": [{"type": "deleted", "deleted_at": "x"}]}).encode()
    found = plan(data)
    assert (found.documents, found.rejected) == (0, 1)
    assert_accounted(data, found, decoded(data))


def test_what_is_no_workout_is_one_rejected_row() -> None:
    data = b'{"page":1,"page_count":1,"workouts":[3]}'
    found = plan(data)
    assert (found.documents, found.rows, found.rejected) == (0, 1, 1)
    assert_accounted(data, found, decoded(data))


def test_json_that_is_cut_off_keeps_the_whole_workouts_before() -> None:
    whole = json.dumps({"workouts": [workout(id=f"w{n}") for n in range(4)]}).encode()
    found = plan(whole[:-100])
    assert [one["document"] for one in found.preview] == ["w0", "w1", "w2"]
    assert found.rejected == 1
    assert_accounted(whole[:-100], found, decoded(whole[:-100]))


@pytest.mark.parametrize(
    "data", [b"", b"  \n", b"{", b"\x00\x01\x02", b"PK\x03\x04rest", b'{"routines":[]}', b"a,b\n1,2\n"]
)
def test_files_of_no_logger_are_refused_with_what_why_and_what_to_do(data: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        plan(data)
    assert caught.value.what
    assert caught.value.why
    assert caught.value.do


def test_another_header_is_refused_with_its_columns() -> None:
    with pytest.raises(RefusedError) as caught:
        plan(b"day,lift,load\n1,2,3\n")
    assert "day, lift, load" in str(caught.value)


def test_a_source_can_be_asked_for_and_must_fit() -> None:
    assert plan(csv(row()), source="hevy").decoder == "hevy.csv"
    with pytest.raises(RefusedError, match="strong"):
        plan(csv(row()), source="strong")
    with pytest.raises(UsageError):
        plan(csv(row()), source="nobody")
