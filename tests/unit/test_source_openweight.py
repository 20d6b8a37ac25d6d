"""openweight: failure as logged, both scales of effort, units beside numbers, targets, rests, supersets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.errors import ZoneNeededError
from tests.unit.vendor_files import assert_accounted, decoded, plan, sample, sets


def log(*sets_: Any, **changes: Any) -> bytes:
    body = {
        "date": "2024-01-23T10:00:00+01:00",
        "name": "Legs",
        "exercises": [{"exercise": {"name": "Squat"}, "sets": list(sets_)}],
    }
    return json.dumps(body | changes).encode()


def test_failure_is_what_the_log_says_and_nothing_else() -> None:
    data = log({"reps": 5, "toFailure": True}, {"reps": 5, "toFailure": False}, {"reps": 5})
    assert [one["outcome"] for one in sets(data)] == ["failed", "completed", None]


def test_the_full_example_keeps_everything() -> None:
    found = sets(sample("full-featured.json"))
    assert [one["set_type"] for one in found[:3]] == ["warmup", "warmup", "working"]
    assert [one["rest_s"] for one in found[:3]] == [60, 90, 180]
    assert (found[4]["rir_logged"], found[4]["rpe_logged"], found[4]["effort_scale"]) == (2, 8.5, "rir")
    assert [one["superset"] for one in found[5:11]] == ["1"] * 6
    assert found[7]["outcome"] == "completed"
    assert (found[11]["duration_s"], found[11]["reps"]) == (60, None)
    assert (found[13]["distance_m"], found[13]["duration_s"], found[13]["weight_value"]) == (40, 35, 40)
    assert (found[15]["set_type"], found[15]["outcome"]) == ("amrap", "failed")
    assert [one["exercise_block"] for one in found] == [1] * 5 + [2] * 3 + [3] * 3 + [4] * 2 + [5] * 2 + [6]
    (session,) = decoded(sample("full-featured.json")).sessions.to_pylist()
    assert session["end_at_us"] - session["start_at_us"] == 5_400_000_000
    assert session["notes"]


def test_targets_units_and_distances() -> None:
    data = log(
        {"reps": 4, "weight": 225, "unit": "lb", "targetReps": 5, "targetWeight": 230, "targetRPE": 8},
        {"distance": 0.5, "distanceUnit": "mi", "durationSeconds": 300},
    )
    squat, carry = sets(data)
    assert (squat["weight_unit"], squat["target_reps"], squat["target_rir"]) == ("lb", 5, 2)
    assert squat["target_weight_mg"] == round(230 * 453_592.37)
    assert carry["distance_m"] == pytest.approx(804.672)


def test_supersets_are_kept() -> None:
    found = sets(sample("superset-workout.json"))
    assert [one["superset"] for one in found] == ["1"] * 6 + [None] * 3 + ["2"] * 6


def test_the_order_of_exercises_is_the_one_stated() -> None:
    exercises = [
        {"exercise": {"name": "second"}, "order": 2, "sets": [{"reps": 1}]},
        {"exercise": {"name": "first"}, "order": 1, "sets": [{"reps": 1}]},
    ]
    assert [one["exercise"] for one in sets(log(exercises=exercises))] == ["first", "second"]


def test_bad_sets_are_rejected_alone() -> None:
    data = log(
        {"reps": 5},
        {"reps": "five"},
        {"reps": 5, "weight": 100, "unit": "stone"},
        7,
        {"toFailure": "yes"},
        {"side": [None]},
    )
    found = plan(data)
    assert (found.accepted, found.rejected) == (1, 5)
    assert_accounted(data, found, decoded(data))


def test_identity_is_the_local_start_and_the_name() -> None:
    assert plan(log({"reps": 5})).preview[0]["document"] == "2024-01-23T10:00/Legs"
    in_utc = log({"reps": 5}, date="2024-01-23T09:00:00Z")
    assert plan(in_utc).preview[0]["document"] == "2024-01-23T10:00/Legs"


def test_a_bare_wall_clock_needs_a_zone() -> None:
    bare = log({"reps": 5}, date="2024-01-23T10:00:00")
    with pytest.raises(ZoneNeededError):
        plan(bare, tz=None)
    assert plan(bare).accepted == 1


def test_several_logs_in_one_file_are_several_workouts() -> None:
    one, two = json.loads(log({"reps": 5})), json.loads(log({"reps": 5}, date="2024-01-25T10:00:00+01:00"))
    found = plan(json.dumps([one, two]).encode())
    assert (found.documents, found.rows) == (2, 2)
