"""``spotter unmapped`` and ``spotter exercises``: what names stand for, and finding the ids to say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from app_fakes import set_event
from typer.testing import CliRunner

from pipeline.cli.main import app

Spotter = Callable[..., tuple[int, str, str]]
ASK = "select exercise, exercise_id from set_fact"


@pytest.fixture
def logged(spotter: Spotter, tmp_path: Path) -> Spotter:
    """A folder in which one set of an unknown exercise is logged."""
    path = tmp_path / "one.ndjson"
    path.write_text(json.dumps(set_event(exercise="Zercher Wobble")) + "\n")
    assert spotter("ingest", str(path))[0] == 0
    return spotter


def test_a_mapping_is_listed_and_taken_back(logged: Spotter) -> None:
    code, out, err = logged("unmapped", "map", "zercher wobble", "Zercher_Squats")
    assert (code, err) == (0, "")
    assert "all gyms" in out
    assert json.loads(logged("sql", ASK, "--format", "json")[1])[0]["exercise_id"] == "Zercher_Squats"
    (row,) = json.loads(logged("unmapped", "list", "--mapped", "--json")[1])
    assert row == {"name": "zercher wobble", "exercise_id": "Zercher_Squats", "sets": 1}
    assert json.loads(logged("unmapped", "list", "--json")[1]) == []
    code, _, err = logged("unmapped", "forget", "zercher wobbel")
    assert (code, "did you mean zercher wobble?" in err) == (2, True)
    assert logged("unmapped", "forget", "Zercher  Wobble")[0] == 0
    assert json.loads(logged("sql", ASK, "--format", "json")[1])[0]["exercise_id"] is None
    assert json.loads(logged("unmapped", "list", "--mapped", "--json")[1]) == []
    assert logged("rebuild", "--check")[0] == 0


def test_a_name_nobody_logged_is_kept_and_said_to_be_one(logged: Spotter) -> None:
    code, out, err = logged("unmapped", "map", "Zercher Woble", "Zercher_Squats")
    assert (code, "now stands for" in out) == (0, True)
    assert "nobody has logged 'Zercher Woble'" in err
    assert "Zercher Wobble" in err, "what is logged and close is named"
    assert "unmapped forget" in err
    assert json.loads(logged("unmapped", "list", "--mapped", "--json")[1])[0]["sets"] == 0


def test_names_can_be_mapped_before_there_is_any_data(spotter: Spotter) -> None:
    code, _, err = spotter("unmapped", "map", "Zercher Wobble", "Zercher_Squats")
    assert (code, "nobody has logged" in err) == (0, True)


def test_an_unknown_id_is_answered_with_the_closest_ones(logged: Spotter) -> None:
    code, _, err = logged("unmapped", "map", "Zercher Wobble", "barbell_sqaut")
    assert (code, "Barbell_Squat" in err, "spotter exercises" in err) == (2, True, True)
    assert json.loads(logged("unmapped", "list", "--mapped", "--json")[1]) == []


def test_exercises_are_found_by_words_aliases_and_likeness(spotter: Spotter) -> None:
    code, out, _ = spotter("exercises", "zercher", "squat")
    assert code == 0
    assert "Zercher_Squats" in out
    assert "quadriceps" in out
    rows = json.loads(spotter("exercises", "zercher", "--json")[1])
    assert set(rows[0]) == {"exercise_id", "name", "class", "primary_muscles"}
    assert all("press" in row["exercise_id"].lower() for row in json.loads(spotter("exercises", "ohp", "--json")[1]))
    _, out, err = spotter("exercises", "barbell_sqat", "--json")
    assert json.loads(out)[0]["exercise_id"] == "Barbell_Squat"
    assert "spelled alike" in err
    assert spotter("exercises", "qqqqqqq")[:2] == (0, "")
    assert len(json.loads(spotter("exercises", "--json")[1])) > 1000


def test_help_says_how_far_a_mapping_reaches() -> None:
    for words in (["unmapped"], ["unmapped", "map"], ["unmapped", "forget"]):
        told = " ".join(CliRunner().invoke(app, [*words, "--help"]).output.split())
        assert "all gyms of this data folder" in told or "for all its gyms" in told
