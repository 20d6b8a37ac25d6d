"""Names find their exercise exactly or by their words; what nobody mapped stays unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from pipeline.catalogue.loader import Catalogue, Exercise, add_alias
from pipeline.catalogue.matching import tokens
from pipeline.errors import UsageError


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def found(catalogue: Catalogue, name: str) -> Exercise:
    exercise = catalogue.resolve(name)
    assert exercise is not None, name
    return exercise


def muscles(exercise: Exercise, *, primary: bool) -> set[str]:
    return {muscle for muscle, _, is_primary, _ in exercise.muscles if is_primary == primary}


def test_fold_is_one_spelling(catalogue: Catalogue) -> None:
    assert catalogue.fold("  Bench\u00a0 PRESS\t(Barbell) ") == "bench press (barbell)"
    assert catalogue.fold("ﬂy") == "fly"
    assert Catalogue.fold("STRASSE") == Catalogue.fold("Straße")
    assert catalogue.fold("") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dumbbell Flyes", "dumbbell fly"),
        ("Lat Pulldown (Cable)", "cable lat pull-down"),
        ("Barbell Bench Press - Medium Grip", "Bench Press (Barbell)"),
        ("T-Bar Row", "t bar rows"),
        ("One-Arm Dumbbell Row", "Single Arm DB Row"),
        ("Farmer's Walk", "farmers walk"),
        ("Triceps Pushdown with Rope", "rope tricep push down"),
    ],
)
def test_words_of_a_name(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


def test_a_name_without_words_is_nothing(catalogue: Catalogue) -> None:
    for name in ("", "   ", "()", "with the"):
        assert catalogue.resolve(name) is None
        assert catalogue.suggest(name) == []


@pytest.mark.parametrize(
    ("name", "exercise_id", "class_"),
    [
        ("Bench Press", "Barbell_Bench_Press_-_Medium_Grip", "compound"),
        ("Lat Pulldown", "Wide-Grip_Lat_Pulldown", "compound"),
        ("Leg Press", "Leg_Press", "compound"),
        ("Dumbbell Flyes", "Dumbbell_Flyes", "isolation"),
        ("Bicep Curl", "Dumbbell_Bicep_Curl", "isolation"),
        ("Leg Extension", "Leg_Extensions", "isolation"),
        ("Overhead Press (Barbell)", "Standing_Military_Press", "axial"),
        ("Romanian Deadlift (Barbell)", "Romanian_Deadlift", "axial"),
        ("Deadlift (Barbell)", "Barbell_Deadlift", "axial"),
        ("Squat (Smith Machine)", "Smith_Machine_Squat", "compound"),
        ("Goblet Squat", "Goblet_Squat", "compound"),
        ("Bulgarian Split Squat", "Bulgarian_Split_Squat", "compound"),
        ("Hack Squat (Machine)", "Hack_Squat", "compound"),
        ("Shoulder Press (Machine)", "Machine_Shoulder_Military_Press", "compound"),
        ("Power Clean (Barbell)", "Power_Clean", "axial"),
    ],
)
def test_classes_that_rules_rest_on(catalogue: Catalogue, name: str, exercise_id: str, class_: str) -> None:
    exercise = found(catalogue, name)
    assert (exercise.exercise_id, exercise.class_) == (exercise_id, class_)
    assert exercise.k_milli == {"axial": 1500, "compound": 1250, "isolation": 1000}[class_]


HEVY = ["Bench Press (Barbell)", "Chest Fly (Dumbbell)", "Lat Pulldown (Cable)"]
HEVY += ["Bicep Curl (Dumbbell)", "Leg Press (Machine)", "Leg Extension (Machine)"]
PLAIN = ["Bench Press", "Dumbbell Flyes", "Lat Pulldown", "Bicep Curl", "Leg Press", "Leg Extension"]


@pytest.mark.parametrize("names", [PLAIN, HEVY])
def test_gv_10_hard_sets_per_muscle(catalogue: Catalogue, names: list[str]) -> None:
    halves: Counter[str] = Counter()
    for name, hard_sets in zip(names, (4, 3, 4, 3, 4, 3), strict=True):
        for muscle, c_half, _, _ in found(catalogue, name).muscles:
            halves[muscle] += c_half * hard_sets
    assert {muscle: half / 2 for muscle, half in halves.items()} == {
        "chest": 7,
        "shoulders": 4,
        "triceps": 2,
        "lats": 4,
        "biceps": 5,
        "middle back": 2,
        "forearms": 1.5,
        "quadriceps": 7,
        "calves": 2,
        "glutes": 2,
        "hamstrings": 2,
    }


def test_gv_10_muscles_of_each_lift(catalogue: Catalogue) -> None:
    bench, fly, pulldown = (found(catalogue, name) for name in ("Bench Press", "Dumbbell Flyes", "Lat Pulldown"))
    assert (muscles(bench, primary=True), muscles(bench, primary=False)) == ({"chest"}, {"shoulders", "triceps"})
    assert (muscles(fly, primary=True), muscles(fly, primary=False)) == ({"chest"}, set())
    assert muscles(pulldown, primary=True) == {"lats"}
    assert muscles(pulldown, primary=False) == {"biceps", "middle back", "shoulders"}


def test_stabilisers_have_a_clock_only_as_primary(catalogue: Catalogue) -> None:
    assert ("forearms", 1, False, False) in found(catalogue, "Bicep Curl").muscles
    assert ("forearms", 2, True, True) in found(catalogue, "Wrist Curl").muscles
    for exercise in catalogue.exercises.values():
        for muscle, _, primary, clock in exercise.muscles:
            assert clock == (primary or muscle not in ("forearms", "neck", "abdominals"))


def test_kinds_of_load(catalogue: Catalogue) -> None:
    loads = {
        name: (found(catalogue, name).default_load_kind, found(catalogue, name).bodyweight_milli)
        for name in ("Pull Up", "Pull Up (Assisted)", "Pull Up (Band)", "Push Up", "Plank", "Squat (Barbell)")
    }
    assert loads == {
        "Pull Up": ("bodyweight", 1000),
        "Pull Up (Assisted)": ("assisted", 1000),
        "Pull Up (Band)": ("assisted", None),
        "Push Up": ("bodyweight", 650),
        "Plank": ("bodyweight", None),
        "Squat (Barbell)": ("external", None),
    }


def test_warm_up_cardio_and_stretches_are_no_work(catalogue: Catalogue) -> None:
    for name in ("Warm Up", "Warm-up", "Treadmill", "Air Bike", "Rowing Machine", "Stretching", "Yoga"):
        assert not found(catalogue, name).is_work, name
    assert found(catalogue, "Plank").is_work
    assert not catalogue.unknown(" WARM  up").is_work
    assert catalogue.unknown("Warm Up Squat").is_work


def test_an_unmapped_name_works_without_class_and_muscles(catalogue: Catalogue) -> None:
    assert catalogue.resolve("Corner Tower  No. 7") is None
    unknown = catalogue.unknown("Corner Tower  No. 7")
    assert unknown == Exercise(
        "name:corner tower no. 7", None, "Corner tower no. 7", "unknown", 1000, None, True, "external", None, None, ()
    )
    assert unknown == catalogue.unknown("corner TOWER no. 7"), "the first spelling seen must not matter"
    with pytest.raises(FrozenInstanceError):
        unknown.k_milli = 1  # type: ignore[misc]


def test_likeness_suggests_and_never_matches(catalogue: Catalogue) -> None:
    for name in ("Bench Press (Barbell) 3-1-3", "Shoulder Press", "Squat Press Curl", "Romanian Row"):
        assert catalogue.resolve(name) is None
        suggestions = catalogue.suggest(name)
        assert 0 < len(suggestions) <= 3
        assert set(suggestions) <= set(catalogue.exercises)
    assert len(catalogue.suggest("Shoulder Press", 7)) == 7
    assert catalogue.suggest("Överdrag") == []


def test_words_that_stand_for_two_exercises_match_neither(catalogue: Catalogue) -> None:
    assert found(catalogue, "High to Low Cable Fly") != found(catalogue, "Low to High Cable Fly")
    assert catalogue.resolve("Low High Cable Fly") is None


def test_own_aliases_win_and_change_the_version(tmp_path: Path, catalogue: Catalogue) -> None:
    add_alias(tmp_path, "Corner Tower", "Leg_Press")
    add_alias(tmp_path, "  bench PRESS ", "Machine_Bench_Press")
    add_alias(tmp_path, "corner tower", "Hack_Squat")
    own = tmp_path / "aliases.csv"
    assert own.read_text() == "name,exercise_id\nbench press,Machine_Bench_Press\ncorner tower,Hack_Squat\n"
    mine = Catalogue.load(extra=own)
    assert mine.version != catalogue.version
    assert found(mine, "Corner Tower").exercise_id == "Hack_Squat"
    assert found(mine, "Bench Press").exercise_id == "Machine_Bench_Press"
    assert found(mine, "Bench Press (Barbell)") == found(catalogue, "Bench Press (Barbell)")
    assert Catalogue.load() is catalogue, "the same data is read once"
    assert Catalogue.load(extra=own) is mine


def test_an_alias_for_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no exercise"):
        add_alias(tmp_path, "Corner Tower", "Leg_Pres")
    with pytest.raises(UsageError, match="blank"):
        add_alias(tmp_path, "  ", "Leg_Press")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name,exercise_id\nx,Leg_Pres\n", 'no exercise "Leg_Pres"'),
        (b"name,exercise_id\nx,Leg_Press\nX ,Hack_Squat\n", 'the name "x" stands twice'),
        (b"exercise,id\nx,Leg_Press\n", "no list of aliases"),
        (b"name,exercise_id\nx\n", "no list of aliases"),
        (b"name,exercise_id\nx,Leg_Press,y\n", "no list of aliases"),
        (b"name,exercise_id\n\xff,Leg_Press\n", "cannot be read"),
    ],
)
def test_a_bad_alias_file_says_what_is_wrong(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "aliases.csv"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=message) as error:
        Catalogue.load(extra=path)
    assert "aliases.csv" in str(error.value)
