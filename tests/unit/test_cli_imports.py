"""``spotter import``: several files, previews, refusals, and taking an import back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.cli.main import run

EXPORTS = files("pipeline.demo.exports")
Spotter = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spotter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Spotter:
    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([*arguments, "--data", str(tmp_path / "D")])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


def hevy(tmp_path: Path, rows: int = 60) -> str:
    """The head of a real Hevy export."""
    text = (EXPORTS / "hevy.csv").read_text(encoding="utf-8")
    path = tmp_path / "hevy.csv"
    path.write_text("\n".join(text.splitlines()[: rows + 1]) + "\n", encoding="utf-8")
    return str(path)


def sets(spotter: Spotter) -> int:
    return int(json.loads(spotter("sql", "select count(*) as n from set_fact", "--format", "json")[1])[0]["n"])


def test_an_import_is_counted_once_and_taken_back(spotter: Spotter, tmp_path: Path) -> None:
    said = ("--athlete", "ana", "--tz", "Europe/London")
    code, out, err = spotter("import", hevy(tmp_path), *said)
    assert code == 0, err
    found = re.search(r"--undo (\S+)", out)
    assert found
    before = sets(spotter)
    assert before > 0
    code, out, _ = spotter("import", hevy(tmp_path), *said, "--json")
    (again,) = json.loads(out)
    assert (again["new_workouts"], again["known_workouts"]) == (0, again["workouts"])
    assert sets(spotter) == before
    assert spotter("import", "--undo", again["import_id"])[0] == 0
    assert sets(spotter) == before, "the first import stands again"
    assert spotter("import", "--undo", found[1])[0] == 0
    assert sets(spotter) == 0
    code, _, err = spotter("import", "--undo", found[1])
    assert (code, "no import" in err) == (1, True)


def test_a_preview_shows_workouts_and_takes_nothing(spotter: Spotter, tmp_path: Path) -> None:
    code, out, _ = spotter("import", hevy(tmp_path), "--athlete", "ana", "--tz", "Europe/London", "--preview")
    assert code == 0
    assert "preview, nothing was taken" in out
    assert "workouts (" in out
    assert sets(spotter) == 0


def test_good_files_are_taken_beside_bad_ones(spotter: Spotter, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("no,such,export\n1,2,3\n")
    said = ("--athlete", "ana", "--tz", "Europe/London")
    code, out, err = spotter("import", str(bad), hevy(tmp_path), str(tmp_path / "none.csv"), *said)
    assert code == 0
    assert "bad.csv: " in err
    assert "none.csv cannot be read" in err
    assert "take it back with" in out
    code, out, err = spotter("import", str(bad), *said)
    assert (code, out) == (1, "")
    assert "  do:  " in err


def test_units_and_zones_are_asked_for_not_guessed(spotter: Spotter, tmp_path: Path) -> None:
    code, _, err = spotter("import", hevy(tmp_path), "--athlete", "ana")
    assert code == 1
    assert "--tz" in err
    strong = tmp_path / "strong.csv"
    strong.write_bytes((EXPORTS / "strong.csv").read_bytes())
    code, _, err = spotter("import", str(strong), "--athlete", "ana", "--tz", "Europe/Berlin")
    assert code == 1
    assert "--unit" in err
    assert spotter("import", str(strong), "--athlete", "ana", "--tz", "Mars/Phobos", "--unit", "kg")[0] == 2
