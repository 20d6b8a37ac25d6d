"""The catalogue's tables agree with each other, with the curated lists and with what people log."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.catalogue import coverage
from pipeline.catalogue.loader import DATA_FILES, K_MILLI, LOAD_KINDS, Catalogue
from pipeline.errors import UsageError

TESTS = Path(__file__).resolve().parents[1]
LOGS = TESTS / "samples" / "strength"
GOLDEN = TESTS / "golden" / "common_exercise_names.csv"
PAGE = TESTS.parent / "docs" / "catalogue-coverage.md"
KNOWN_SHARE_MIN = 0.92

SQUATS = """
    Barbell_Full_Squat Barbell_Squat Barbell_Squat_To_A_Bench Box_Squat Box_Squat_with_Bands Box_Squat_with_Chains
    Frankenstein_Squat Front_Barbell_Squat Front_Barbell_Squat_To_A_Bench Front_Squat_Clean_Grip Narrow_Stance_Squats
    Olympic_Squat Overhead_Squat Pause_Front_Squat Pause_Squat Pin_Squat Reverse_Band_Box_Squat
    Reverse_Band_Power_Squat Safety_Bar_Squat Speed_Box_Squat Speed_Squats Squat_with_Bands Squat_with_Chains
    Squat_with_Plate_Movers Tempo_Squat Wide_Stance_Barbell_Squat Zercher_Squats
"""
DEADLIFTS = """
    Axle_Deadlift Barbell_Deadlift Clean_Deadlift Deadlift_Dumbbell Deadlift_with_Bands Deadlift_with_Chains
    Deficit_Deadlift Pause_Deadlift Rack_Pull_with_Bands Rack_Pulls Reverse_Band_Deadlift Reverse_Band_Sumo_Deadlift
    Romanian_Deadlift Romanian_Deadlift_Dumbbell Romanian_Deadlift_from_Deficit Snatch_Deadlift Snatch_Grip_Deadlift
    Stiff-Legged_Barbell_Deadlift Stiff-Legged_Dumbbell_Deadlift Sumo_Deadlift Sumo_Deadlift_Dumbbell
    Sumo_Deadlift_with_Bands Sumo_Deadlift_with_Chains Trap_Bar_Deadlift Wide_Stance_Stiff_Legs
"""
PRESSES = """
    Arnold_Dumbbell_Press Barbell_Shoulder_Press Bradford_Rocky_Presses Clean_and_Press
    Dumbbell_One-Arm_Shoulder_Press Dumbbell_Shoulder_Press Push_Press Push_Press_-_Behind_the_Neck
    Push_Press_Dumbbell Seated_Barbell_Military_Press Seated_Dumbbell_Press See-Saw_Press_Alternating_Side_Press
    Standing_Alternating_Dumbbell_Press Standing_Barbell_Press_Behind_Neck Standing_Bradford_Press
    Standing_Dumbbell_Press Standing_Military_Press Standing_Palm-In_One-Arm_Dumbbell_Press
    Standing_Palms-In_Dumbbell_Press Thruster_Barbell Z_Press Z_Press_Dumbbell
"""
OLYMPIC = """
    Clean Clean_Pull Clean_and_Jerk Clean_from_Blocks Deadlift_High_Pull Hang_Clean Hang_Clean_-_Below_the_Knees
    Hang_Power_Clean Hang_Snatch Hang_Snatch_-_Below_Knees Heaving_Snatch_Balance High_Pull Jerk_Balance Muscle_Snatch
    Power_Clean Power_Clean_from_Blocks Power_Jerk Power_Snatch Power_Snatch_from_Blocks Snatch Snatch_Balance
    Snatch_Pull Snatch_from_Blocks Split_Clean Split_Jerk Split_Snatch Squat_Jerk
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def table(name: str) -> list[dict[str, str]]:
    text = (files("pipeline.catalogue") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def golden() -> list[tuple[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return [(row["name"], row["exercise_id"]) for row in csv.DictReader(file)]


def test_axial_is_exactly_the_curated_list(catalogue: Catalogue) -> None:
    curated = [name for family in (SQUATS, DEADLIFTS, PRESSES, OLYMPIC) for name in family.split()]
    assert len(set(curated)) == len(curated)
    assert {key for key, exercise in catalogue.exercises.items() if exercise.class_ == "axial"} == set(curated)


def test_every_table_is_in_the_version_and_names_an_exercise_once() -> None:
    folder = files("pipeline.catalogue") / "data"
    assert {entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")} == set(DATA_FILES)
    for name, column in (
        ("overrides.csv", "exercise_id"),
        ("extra_exercises.csv", "exercise_id"),
        ("aliases.csv", "name"),
    ):
        values = [row[column] for row in table(name)]
        assert len(values) == len(set(values)), name


def test_aliases_are_folded_point_to_exercises_and_say_something_new(catalogue: Catalogue) -> None:
    rows = table("aliases.csv")
    assert len(rows) >= 500
    names = {catalogue.fold(exercise.display_name): key for key, exercise in catalogue.exercises.items()}
    for row in rows:
        assert row["name"] == catalogue.fold(row["name"])
        assert row["exercise_id"] in catalogue.exercises
        same = [e for e in catalogue.exercises.values() if catalogue.fold(e.display_name) == row["name"]]
        assert names.get(row["name"]) != row["exercise_id"] or len(same) > 1, row


def test_every_lift_has_a_class_and_a_primary_muscle(catalogue: Catalogue) -> None:
    muscles = {row["muscle"] for row in table("muscles.csv")}
    assert len(muscles) == 17
    for key, exercise in catalogue.exercises.items():
        assert exercise.exercise == exercise.exercise_id == key
        assert exercise.k_milli == K_MILLI[exercise.class_]
        assert exercise.default_load_kind in LOAD_KINDS
        assert {muscle for muscle, *_ in exercise.muscles} <= muscles
        assert len({muscle for muscle, *_ in exercise.muscles}) == len(exercise.muscles), key
        assert all(c_half == (2 if primary else 1) for _, c_half, primary, _ in exercise.muscles)
        if exercise.is_work:
            assert any(primary for _, _, primary, _ in exercise.muscles), key
        else:
            assert exercise.class_ == "unknown", key


def test_shares_of_body_mass_are_plausible_and_marked_as_policy(catalogue: Catalogue) -> None:
    for name in ("overrides.csv", "extra_exercises.csv"):
        for row in table(name):
            assert bool(row["bodyweight_milli"]) == ("share of body mass is policy" in row["note"]), row
    for key, exercise in catalogue.exercises.items():
        if exercise.bodyweight_milli is not None:
            assert exercise.default_load_kind != "external", key
            assert 300 <= exercise.bodyweight_milli <= 1000, key


def test_main_lifts(catalogue: Catalogue) -> None:
    lifts = {key: exercise.main_lift for key, exercise in catalogue.exercises.items() if exercise.main_lift}
    assert lifts == {
        "Barbell_Bench_Press_-_Medium_Grip": "bench_press",
        "Bench_Press_-_Powerlifting": "bench_press",
        "Barbell_Deadlift": "deadlift",
        "Sumo_Deadlift": "deadlift",
        "Barbell_Squat": "squat",
        "Barbell_Full_Squat": "squat",
        "Standing_Military_Press": "overhead_press",
    }


def test_common_names_stand_for_what_they_should(catalogue: Catalogue) -> None:
    expected = golden()
    assert len(expected) >= 400
    got = [(name, exercise.exercise if (exercise := catalogue.resolve(name)) else "-") for name, _ in expected]
    assert got == expected


def test_names_without_exercise_are_suggested_for_but_stay_unmapped(catalogue: Catalogue) -> None:
    for name, expected in golden():
        if expected == "-":
            assert catalogue.resolve(name) is None
            assert len(catalogue.suggest(name)) <= 3


def test_every_log_is_known_well_enough(catalogue: Catalogue) -> None:
    measured = coverage.measure_all(LOGS, catalogue)
    assert len(measured) >= 10
    short = {item.log: (round(item.share, 3), item.unmapped) for item in measured if item.share < KNOWN_SHARE_MIN}
    assert short == {}


def test_the_page_of_the_coverage_is_current(catalogue: Catalogue) -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage.page(coverage.measure_all(LOGS, catalogue), catalogue)


def test_coverage_leaves_out_what_is_no_working_row(tmp_path: Path, catalogue: Catalogue) -> None:
    rows = ["Bench Press", "Bench Press", "Corner Tower", "Warm Up", "Treadmill"]
    measured = coverage.measure("log", rows, catalogue)
    assert (measured.rows, measured.known, measured.names) == (3, 2, 2)
    assert measured.unmapped == (("Corner Tower", 1),)
    assert coverage.measure("empty", [], catalogue).share == 1.0

    log = tmp_path / "hevy.csv"
    log.write_text('exercise_title,set_type\n"Squat",warmup\n"Squat",normal\n', encoding="utf-8")
    assert coverage.names_in(log) == ["Squat"]
    log.write_text("Exercise Name;Set Order\nSquat;W\nSquat;Rest Timer\nSquat;1\n", encoding="utf-8")
    assert coverage.names_in(log) == ["Squat"]
    log.write_text("day,steps\n1,2\n", encoding="utf-8")
    assert coverage.names_in(log) == []
    assert coverage.measure_all(tmp_path, catalogue) == []


def test_the_page_is_written_on_request(tmp_path: Path) -> None:
    coverage.main([str(LOGS), str(tmp_path / "page")])
    assert (tmp_path / "page").read_text(encoding="utf-8").startswith("# What the exercise catalogue knows\n")
    with pytest.raises(UsageError):
        coverage.main([])
