"""Commands on a real data folder, in this process: what they print, and how they end."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from app_fakes import set_event
from typer.testing import CliRunner

from pipeline.cli.main import app, run

GOLDEN = Path(__file__).parents[1] / "golden"
Spotter = Callable[..., "Done"]


class Done:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in out + err

    @property
    def json(self) -> object:
        return json.loads(self.out)


@pytest.fixture
def spotter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Spotter:
    def call(*arguments: str, data: str = "D") -> Done:
        capfd.readouterr()
        code = run([*arguments, "--data", str(tmp_path / data)])
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return call


def write(path: Path, *events: object) -> str:
    path.write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in events) + "\n")
    return str(path)


def workout(athlete: str = "ana", day: int = 20) -> list[dict[str, object]]:
    """Five sets, the last three to failure."""
    return [
        set_event(
            f"{day}-{n}",
            athlete=athlete,
            session=f"s{day}",
            set_index=n + 1,
            performed_at=f"2026-11-{day}T18:{n:02d}:00+01:00",
            exercise="Bench Press (Barbell)",
            effort={"scale": "rir", "value": max(0, 2 - n)},
            outcome="failed_mechanical" if n >= 2 else "completed",
        )
        for n in range(5)
    ]


def bad_lines() -> list[object]:
    base = json.dumps(set_event("nan"))
    return [
        set_event("ok-1"),
        set_event("b-1", reps=-1),
        set_event("b-2", weight={"value": 80}),
        set_event("b-3", wat=1),
        set_event("b-4", weight={"value": 1e9, "unit": "kg"}),
        base.replace("80", "NaN"),
        "{broken",
        "[1,2",
        '"text"',
        "",
        set_event("b-6", performed_at="2099-01-01T00:00:00Z"),
        set_event("b-7", performed_at="1970-01-01T00:00:00Z"),
        set_event("b-8", performed_at="2026-11-20T18:05:00"),
        {"kind": "nope", "athlete": "z", "document": "b-9"},
        set_event("ok-2", effort={"scale": "rir", "value": 12}),
        set_event("ok-1"),
    ]


def test_bad_input_is_told_line_by_line(spotter: Spotter, tmp_path: Path) -> None:
    done = spotter("ingest", write(tmp_path / "bad.ndjson", *bad_lines()))
    assert done.code == 0
    assert done.out == (GOLDEN / "cli_bad_input.txt").read_text()
    stored = spotter("sql", "select count(*) as n from rejected where reason is not null", "--format", "json")
    assert stored.json == [{"n": 12}]
    listed = spotter("rejected", "list", "--json")
    assert isinstance(listed.json, list)
    assert len(listed.json) == 12
    one = listed.json[0]
    shown = spotter("rejected", "show", one["upload_id"], str(one["item_index"]))
    assert one["reason"] in shown.out
    assert all(row["message"] for row in listed.json)
    assert f"message: {one['message']}\n" in shown.out
    assert one["message"].split(".")[0] in spotter("rejected", "list").out.replace("\n", " ")


def test_nothing_taken_ends_with_1(spotter: Spotter, tmp_path: Path) -> None:
    assert spotter("ingest", write(tmp_path / "bad", set_event(reps=-1))).code == 1
    assert spotter("ingest", write(tmp_path / "empty", "")).code == 1


def test_a_gzip_file_counts_once_however_often_it_comes(spotter: Spotter, tmp_path: Path) -> None:
    packed = tmp_path / "events.gz"
    packed.write_bytes(gzip.compress("\n".join(json.dumps(e) for e in workout()).encode()))
    for _ in range(2):
        told = spotter("ingest", str(packed), "--json")
        assert (told.code, told.json["accepted"]) == (0, 5)  # type: ignore[index]
    assert spotter("sql", "select count(*) as n from set_fact", "--format", "json").json == [{"n": 5}]


def test_a_coach_asks(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", *workout("ana"), *workout("ben")))
    roster = spotter("roster", "--json").json
    assert [(row["athlete_id"], row["attention"], row["failure_sets_7d"]) for row in roster] == [  # type: ignore[index,union-attr]
        ("ana", "act", 3),
        ("ben", "act", 3),
    ]
    assert "ana" in spotter("roster").out
    alerts = spotter("alerts", "--open", "--athlete", "ana", "--json").json
    first = next(alert for alert in alerts if alert["rule"] == "R01")  # type: ignore[union-attr]
    assert first["evidence"], "an alert comes with what it rests on"
    assert all(alert["athlete_id"] == "ana" for alert in alerts)  # type: ignore[union-attr]
    assert first["title"] in spotter("alerts").out.replace("\n", " ") or first["rule"] in spotter("alerts").out
    report = spotter("report", "--athlete", "ana")
    assert first["title"] in report.out
    assert first["action"] in report.out
    metrics = {row["metric"] for row in first["evidence"]}
    assert "failure_sets_explicit" in metrics and not [name for name in metrics if name in report.out]
    assert "Limits met:" in report.out
    assert "FES: failure-equivalent sets" in report.out.splitlines()[-1]
    unknown = spotter("report", "--athlete", "nobody")
    assert (unknown.code, "no athlete 'nobody'" in unknown.err) == (1, True)


def test_sql_prints_what_was_asked_for(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", *workout()))
    ask = "select set_order, weight_kg, is_failure from set_fact order by set_order limit 2"
    as_json = spotter("sql", ask, "--format", "json").json
    assert as_json == [
        {"set_order": 1, "weight_kg": 80, "is_failure": False},
        {"set_order": 2, "weight_kg": 80, "is_failure": False},
    ]
    rows = list(csv.reader(io.StringIO(spotter("sql", ask, "--format", "csv").out)))
    assert rows[0] == ["set_order", "weight_kg", "is_failure"]
    assert len(rows) == 3
    assert "set_order" in spotter("sql", ask).out
    spotter("sql", ask, "--format", "parquet", "--to", str(tmp_path / "x.parquet"))
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 2


def test_sql_of_many_columns_keeps_its_headings(
    spotter: Spotter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spotter("ingest", write(tmp_path / "w", *workout()))
    monkeypatch.setattr("pipeline.cli.output.screen_width", lambda: 80)
    lines = spotter("sql", "select * from set_fact order by set_order limit 2").out.splitlines()
    assert sum(line.startswith("performed_at ") for line in lines) == 2
    assert any(line.startswith("is_failure_explicit") and line.endswith("no") for line in lines)


@pytest.mark.parametrize("source", ["", " ", "\u200b", "x" * 201])
def test_a_source_must_be_a_name(spotter: Spotter, tmp_path: Path, source: str) -> None:
    done = spotter("ingest", write(tmp_path / "one.ndjson", set_event()), "--source", source)
    assert (done.code, "source's name" in done.err) == (2, True)


@pytest.mark.parametrize("value", ["'infinity'::date", "'-infinity'::timestamp", "'infinity'::timestamptz"])
def test_infinite_days_and_times_are_answered_in_every_format(spotter: Spotter, tmp_path: Path, value: str) -> None:
    spotter("ingest", write(tmp_path / "one.ndjson", set_event()))
    ask, word = f"select {value} as at", value.split("'")[1]
    assert spotter("sql", ask, "--format", "json").json == [{"at": word}]
    assert spotter("sql", ask, "--format", "csv").out == f"at\n{word}\n"
    assert word in spotter("sql", ask).out
    assert spotter("sql", ask, "--format", "parquet", "--to", str(tmp_path / "x.parquet")).code == 0


@pytest.mark.parametrize(("value", "printed"), [
    ("interval '14 months -3 days 4.5 hours'", "P1Y2M-3DT4H30M"),
    ("interval '-5 months' + interval '-1500 milliseconds'", "P-5MT-1.5S"),
    ("interval '0 days'", "PT0S"),
    ("'a\\xFF'::blob", "61ff"),
    ("[interval '1 day', null]", ["P1D", None]),
    ("{'rest': interval '90 seconds', 'raw': '\\x00'::blob}", {"rest": "PT1M30S", "raw": "00"}),
])  # fmt: skip
def test_intervals_and_blobs_are_printed_alike_in_every_format(
    spotter: Spotter, tmp_path: Path, value: str, printed: object
) -> None:
    spotter("ingest", write(tmp_path / "one.ndjson", set_event()))
    ask = f"select {value} as v"
    assert spotter("sql", ask, "--format", "json").json == [{"v": printed}]
    (_, (in_csv,)) = csv.reader(io.StringIO(spotter("sql", ask, "--format", "csv").out))
    assert in_csv == printed or json.loads(in_csv) == printed
    in_table = spotter("sql", ask).out
    assert "MonthDayNano" not in in_table and "b'" not in in_table
    for word in [printed] if isinstance(printed, str) else [one for one in printed if isinstance(one, str)]:
        assert word in in_table


def test_what_parquet_cannot_hold_is_refused_with_a_way_out(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "one.ndjson", set_event()))
    ask = "select interval '1 day' as rest"
    done = spotter("sql", ask, "--format", "parquet", "--to", str(tmp_path / "x.parquet"))
    assert (done.code, "::varchar" in done.err) == (1, True)


def test_sql_that_is_refused_says_why(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", *workout()))
    for statement, why in [
        ("drop table set_fact", "only SELECT"),
        ("select * from set_facts", "set_fact"),
        ("select * from read_text('/etc/hostname')", "disabled"),
        ("select 1; select 2", "one statement"),
    ]:
        done = spotter("sql", statement)
        assert done.code == 1
        assert why in done.err
        assert "  do:  " in done.err
        assert not done.out


def test_a_rebuild_changes_nothing_and_a_check_says_so(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", *workout()))
    before = spotter("sql", "select * from athlete_day", "--format", "csv").out
    assert spotter("rebuild", "--check").code == 0
    assert spotter("rebuild").code == 0
    assert spotter("sql", "select * from athlete_day", "--format", "csv").out == before
    assert spotter("rebuild", "--check", "--json").json == []


def test_an_unmapped_name_is_listed_and_can_be_mapped(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", set_event(exercise="Zercher Wobble"), set_event("d2")))
    (row,) = spotter("unmapped", "--json").json  # type: ignore[misc]
    assert row["name"] == "Zercher Wobble"
    assert "Zercher Wobble" in spotter("unmapped").out
    wrong = spotter("unmapped", "map", "Zercher Wobble", "no_such_exercise")
    assert (wrong.code, "no_such_exercise" in wrong.err) == (2, True)
    known = spotter("sql", "select exercise_id from set_fact where exercise_id is not null", "--format", "json").json
    exercise_id = known[0]["exercise_id"]  # type: ignore[index]
    assert spotter("unmapped", "map", "Zercher Wobble", exercise_id).code == 0
    assert spotter("unmapped", "--json").json == []
    mapped = spotter("sql", "select count(*) as n from set_fact where exercise_id is null", "--format", "json").json
    assert mapped == [{"n": 0}]


def test_an_export_holds_everything_of_one_athlete_only(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "w", *workout("ana"), *workout("canary")))
    to = tmp_path / "out"
    assert spotter("export", "--athlete", "ana", "--to", str(to)).code == 0
    manifest = json.loads((to / "manifest.json").read_text())
    assert manifest["rows"]["set_fact"] == 5
    assert len((to / "events.ndjson").read_text().splitlines()) == 5
    assert pq.read_table(to / "set_fact.parquet").num_rows == 5
    assert not [file for file in to.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]
    again = spotter("export", "--athlete", "ana", "--to", str(to))
    assert (again.code, "not an empty folder" in again.err) == (1, True)


def test_tenants_do_not_see_each_other(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "a", *workout("ana")))
    spotter("ingest", write(tmp_path / "b", *workout("canary")), "--tenant", "other")
    assert "canary" not in spotter("roster").out + spotter("alerts").out + spotter("rejected", "list").out
    assert "canary" in spotter("roster", "--tenant", "other").out
    assert "other" in spotter("tenants", "list").out


def test_snapshots_are_made_once_per_state_of_the_data(spotter: Spotter, tmp_path: Path) -> None:
    spotter("ingest", write(tmp_path / "a", *workout("ana")))
    first = spotter("snapshot").out
    assert spotter("snapshot").out == first
    spotter("ingest", write(tmp_path / "b", *workout("ben")))
    second = spotter("snapshot", "--json").json["path"]  # type: ignore[index,call-overload]
    assert second != first.strip()
    copied = tmp_path / "copy.duckdb"
    assert spotter("snapshot", "--to", str(copied)).code == 0
    assert copied.stat().st_size > 0
    assert spotter("snapshot", "--to", str(copied)).code == 1


def test_the_doctor_finds_nothing_wrong_and_says_what_is(spotter: Spotter, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = spotter("doctor", "--json")
    assert fresh.code == 0
    assert {finding["check"] for finding in fresh.json} >= {"settings", "clock", "disk", "folder"}  # type: ignore[union-attr]
    monkeypatch.setenv("SPOTTER_PORT", "many")
    ill = spotter("doctor")
    assert ill.code == 1
    assert "SPOTTER_PORT" in ill.out
    monkeypatch.delenv("SPOTTER_PORT")
    monkeypatch.setenv("SPOTTER_PROT", "80")
    assert "SPOTTER_PROT" in spotter("doctor").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["roster"],
        ["alerts"],
        ["report", "--athlete", "a"],
        ["sql", "select 1"],
        ["rebuild"],
        ["rebuild", "--check"],
        ["snapshot"],
        ["rejected", "list"],
        ["unmapped"],
        ["export", "--athlete", "a", "--to", "x"],
    ],
)
def test_asking_an_empty_folder_is_refused_and_makes_none(
    spotter: Spotter, tmp_path: Path, arguments: list[str]
) -> None:
    done = spotter(*arguments, data="nowhere")
    assert done.code == 1
    assert "there is no data in" in done.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest"],
        ["ingest", "x", "y"],
        ["nonsense"],
        ["sql", "select 1", "--format", "xml"],
        ["import"],
        ["import", "x"],
        ["import", "x", "--athlete", "a", "--unit", "stone"],
        ["import", "--undo", "i", "x"],
        ["keys", "create"],
        ["keys", "create", "--scope", "root"],
        ["up", "--port", "99999999"],
        ["roster", "--bogus"],
        ["ingest", "x", "--tenant", "No Such Name!"],
    ],
)
def test_wrong_usage_ends_with_2(spotter: Spotter, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "x").write_text(json.dumps(set_event()))
    done = spotter(*[a.replace("x", str(tmp_path / "x"), 1) if a == "x" else a for a in arguments])
    assert done.code == 2, done.out + done.err
    assert done.err
    assert not done.out


def test_a_file_that_is_not_there_is_refused(spotter: Spotter) -> None:
    for arguments in (["ingest", "none"], ["import", "none.csv", "--athlete", "a"]):
        done = spotter(*arguments)
        assert done.code == 1
        assert "cannot be read" in done.err


def test_every_command_explains_itself() -> None:
    runner = CliRunner()
    top = runner.invoke(app, ["--help"])
    assert top.exit_code == 0
    for command in (
        "up",
        "ingest",
        "import",
        "alerts",
        "roster",
        "report",
        "sql",
        "rebuild",
        "snapshot",
        "export",
        "doctor",
    ):
        assert command in top.output
        told = runner.invoke(app, [command, "--help"])
        assert told.exit_code == 0
        assert "--data" in told.output
    for group, inner in (("rejected", "list show"), ("keys", "create list revoke"), ("tenants", "create list")):
        for command in inner.split():
            assert runner.invoke(app, [group, command, "--help"]).exit_code == 0


def test_settings_of_the_environment_choose_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPOTTER_DATA", str(tmp_path / "E"))
    assert run(["ingest", write(tmp_path / "w", *workout())]) == 0
    assert run(["roster"]) == 0
    assert (tmp_path / "E" / "log.sqlite").exists()
    capfd.readouterr()
