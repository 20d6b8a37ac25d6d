"""``spotter import``: several files, previews, refusals, and taking an import back."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from app_fakes import set_event

from pipeline.cli.importing import undo_command
from pipeline.cli.main import run
from pipeline.sources.ignored import IN_WORDS, IgnoredReason
from pipeline.sources.registry import DECODERS

EXPORTS = files("pipeline.demo.exports")
Spotter = Callable[..., tuple[int, str, str]]


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
    assert (again["new_documents"], again["known_documents"]) == (0, again["documents"])
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
    code, out, _ = spotter("import", hevy(tmp_path, 1), "--athlete", "ana", "--tz", "Europe/London", "--preview")
    assert "hevy.csv: 1 workout (1 new, 0 known), 1 row: accepted 1," in out
    assert sets(spotter) == 0


def test_one_workout_of_one_row_is_told_in_the_singular(spotter: Spotter, tmp_path: Path) -> None:
    said = ("--athlete", "ana", "--tz", "Europe/London")
    for more in ((), ("--preview",)):
        code, out, _ = spotter("import", hevy(tmp_path, 1), *said, *more)
        assert code == 0
        assert ": 1 workout (" in out
        assert ", 1 row:" in out
    out = spotter("doctor")[1]
    assert ": 1 record, 0 not yet" in out
    assert "1 tenants" not in out
    (tmp_path / "one.ndjson").write_text(json.dumps(set_event(athlete="ben")))
    assert spotter("ingest", str(tmp_path / "one.ndjson"))[0] == 0
    out = spotter("report", "--athlete", "ben")[1] + spotter("roster")[1]
    assert ": 1 set," in out
    assert " 1 sets" not in out


def test_good_files_are_taken_beside_bad_ones(spotter: Spotter, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("no,such,export\n1,2,3\n")
    said = ("--athlete", "ana", "--tz", "Europe/London")
    code, out, err = spotter("import", str(bad), hevy(tmp_path), str(tmp_path / "none.csv"), *said)
    assert code == 1, "a script must see that not all files were taken"
    assert "bad.csv: " in err
    assert "none.csv: the file cannot be read" in err
    assert err.count("none.csv") == 1, "its path stands there once"
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


def test_the_hint_to_undo_names_folder_and_gym_and_works(spotter: Spotter, tmp_path: Path) -> None:
    said = ("--athlete", "ana", "--tz", "Europe/London", "--tenant", "north")
    code, out, err = spotter("import", hevy(tmp_path), *said)
    assert code == 0, err
    (hint,) = re.findall(r"take it back with: spotter (.*)", out)
    words = shlex.split(hint)
    assert words[words.index("--data") + 1] == str(tmp_path / "D")
    assert words[words.index("--tenant") + 1] == "north"
    assert run(words) == 0


def test_the_hint_to_undo_is_short_for_the_default_folder() -> None:
    assert undo_command("home", None) == "spotter import --undo"
    assert undo_command("home", Path("data")) == "spotter import --undo"
    assert undo_command("home", Path("my data")) == "spotter import --data 'my data' --undo"


def test_a_file_of_which_nothing_can_be_taken_ends_with_one(spotter: Spotter, tmp_path: Path) -> None:
    head, row = (EXPORTS / "hevy.csv").read_text(encoding="utf-8").splitlines()[:2]
    bad = tmp_path / "bad.csv"
    bad.write_text(head + "\n" + row.replace(",10,,", ",-10,,") + "\n", encoding="utf-8")
    code, out, err = spotter("import", str(bad), "--athlete", "ana", "--tz", "Europe/London")
    assert code == 1
    assert "rejected out_of_range: 1" in out
    assert "--undo" not in out
    assert "none of its rows could be taken" in err
    assert "  do:  " in err


def test_rows_that_are_not_taken_are_nothing_to_correct(spotter: Spotter, tmp_path: Path) -> None:
    empty = tmp_path / "night.json"
    empty.write_text(json.dumps({"sleep": [], "summary": {"totalMinutesAsleep": 0}}))
    code, out, err = spotter("import", str(empty), "--athlete", "ana", "--tz", "Europe/London")
    assert code == 1
    assert f"ignored no_reading: 1, first in row 1: {IN_WORDS['no_reading']}" in out
    assert "nothing was rejected" in err and IN_WORDS["no_reading"] in err
    assert "nothing is to be corrected" in err and "rejected list" not in err
    code, out, err = spotter("import", str(empty), hevy(tmp_path), "--athlete", "ana", "--tz", "Europe/London")
    assert code == 0, "an empty night beside a log is no failure"
    assert "nothing was rejected" in err


def test_every_reason_to_ignore_a_row_is_explained() -> None:
    assert set(IN_WORDS) == set(get_args(IgnoredReason))
    told = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    assert not [reason for reason, words in IN_WORDS.items() if f"| `{reason}` | {words} |" not in told]


def test_imports_are_listed_with_what_became_of_their_rows(spotter: Spotter, tmp_path: Path) -> None:
    said = ("--athlete", "ana", "--tz", "Europe/London", "--json")
    assert spotter("import", "--list")[0] == 1, "no data yet"
    reports = [json.loads(spotter("import", hevy(tmp_path, rows), *said)[1])[0] for rows in (40, 60)]
    code, out, _ = spotter("import", "--list", "--json")
    assert code == 0
    newest, oldest = json.loads(out)
    for told, report in ((newest, reports[1]), (oldest, reports[0])):
        assert told["import_id"] == report["import_id"]
        assert (told["athlete_id"], told["source"], told["undone"]) == ("ana", "hevy", False)
        assert [told[key] for key in ("rows", "accepted", "ignored", "rejected")] == [
            report[key] for key in ("rows", "accepted", "ignored", "rejected")
        ]
        assert told["received_at"].endswith("Z")
    assert spotter("import", "--undo", newest["import_id"])[0] == 0
    newest, oldest = json.loads(spotter("import", "--list", "--json")[1])
    assert newest["undone"], "its counts are those of the file still"
    counts = ("rows", "accepted", "ignored", "rejected")
    assert [newest[key] for key in counts] == [reports[1][key] for key in counts]
    assert (oldest["undone"], oldest["accepted"]) == (False, reports[0]["accepted"])
    table = spotter("import", "--list")[1]
    assert newest["import_id"] in table
    assert newest["received_at"][:16].replace("T", " ") in table, "imports of one day are told apart"
    assert table.count("hevy.csv") >= 2, "the file's name, without its folder"
    assert str(tmp_path) not in table
    assert table.count("taken back") == 1
    assert json.loads(spotter("import", "--list", "--athlete", "bea", "--json")[1]) == []
    assert spotter("import", "--list", "--preview")[0] == 2


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("hevy/hevy_csv_kg_supersets__mouadja02.csv", "a Hevy CSV export"),
        ("hevy/hevy_api_workout__hevyclient.json", "a Hevy API export"),
        ("strong/strong_10col_kg_2025__dakheera47.csv", "a Strong CSV export"),
        ("openweight/full-featured.json", "an openweight JSON export"),
    ],
)
def test_an_export_is_not_read_as_events(spotter: Spotter, tmp_path: Path, sample: str, words: str) -> None:
    path = Path(__file__).parents[1] / "samples" / "strength" / sample
    code, out, err = spotter("ingest", str(path))
    assert (code, out) == (1, "")
    assert f"this looks like {words}" in err
    assert f"spotter import {path}" in err
    assert not (tmp_path / "D").exists(), "nothing is made for what is not taken"


def test_events_whose_texts_look_like_an_export_are_events(spotter: Spotter, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    notes = json.dumps({"exercises": 1, "start_time": 2, "title": 3})
    event = {"kind": "session", "athlete": "ana", "document": "w", "session": "w", "notes": notes}
    path.write_text(json.dumps(event | {"start": "2026-11-20T18:00:00+01:00", "title": "x"}) + "\n")
    assert spotter("ingest", str(path))[0] == 0


def test_the_names_of_sources_are_listed_where_they_are_asked_for(spotter: Spotter, tmp_path: Path) -> None:
    names = {name for decoder in DECODERS for name in (decoder.name, decoder.source)}
    code, _, err = spotter("import", hevy(tmp_path), "--athlete", "ana", "--source", "hevy_api")
    assert code == 2
    assert not [name for name in names if name not in err]
