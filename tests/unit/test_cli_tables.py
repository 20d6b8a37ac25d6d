"""Tables on a terminal of 80 columns: nothing runs over the edge, and what matters most stays whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import pytest
from app_fakes import alert_row, day_row, roster_row

from pipeline.cli import output
from pipeline.cli.layout import Narrow, fit
from pipeline.cli.main import run

WIDTH = 80
DAY = date(2026, 11, 20)
UPLOAD = "20261120T193000-0123456789abcdef"
LONG = "Stop these lifts with 1 to 2 repetitions in reserve, and use a spotter or safety bars. " * 2
Ask = Callable[..., list[str]]

ROSTER = [
    roster_row("ana"),
    roster_row("benedikt-the-younger", high=1, warning=12, advice=3, headline="Squat: " + LONG),
]
ALERTS = [alert_row(title="Barbell Deadlift: taken to failure", action=LONG, body=LONG), alert_row(state="resolved")]
DAYS = [day_row(DAY - timedelta(days=n), state="provisional", volume_load_kg=123456.789) for n in range(14)]
REJECTED = [
    {
        "upload_id": UPLOAD,
        "item_index": 99_999,
        "athlete_id": "benedikt-the-younger",
        "reason": "implausible_time",
        "field": "performed_at",
        "message": "`performed_at` is 2099-01-01T00:00:00Z: times more than 24 h after receipt are taken for a wrong "
        "clock. Set the device's clock and send the event again.",
        "excerpt": '{"kind":"set","athlete":"benedikt-the-younger"' * 4,
    }
]
IMPORTS = [
    {
        "import_id": "imp-" + UPLOAD,
        "athlete_id": "benedikt-the-younger",
        "file": "FitNotes_Export_2026.csv",
        "decoder": "fitnotes.csv",
        "received_at": "2026-11-20T19:30:00Z",
        "accepted": 12_345,
        "ignored": 12,
        "rejected": 1,
        "undone": True,
    }
]


class Canned:
    """A session that answers from memory."""

    panels: ClassVar[dict[str, Any]] = {
        "roster": ROSTER,
        "athlete_days": DAYS,
        "rejected": REJECTED,
        "athlete_known": [{}],
        "recovery": [],
        "last_checkin": [],
        "pain_of_day": [],
        "alert_count": [{"alerts": len(ALERTS) + 994}],
    }

    def call(self, op: str, body: bytes = b"", progress: object = None, **args: Any) -> Any:
        if op == "panel":
            return self.panels[args["name"]]
        told = {"imports": IMPORTS, "current": {"missing": 0, "reached": True}}
        return ALERTS[: args.get("rows_max")] if op == "alerts" else told[op]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "screen_width", lambda: WIDTH)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ask:
    @contextmanager
    def session(*_: object, **__: object) -> Iterator[Canned]:
        yield Canned()

    monkeypatch.setattr("pipeline.cli.session.open_session", session)

    def call(*arguments: str) -> list[str]:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        assert code == 0, err
        return out.splitlines()

    return call


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    ("command", "whole"),
    [
        (("roster",), ["ana", "2026-11-19", "Squat: Stop"]),
        (("alerts",), ["severity", "2026-11-19", "resolved"]),
        (("alerts", "--open"), ["severity", "2026-11-19", "what to do"]),
        (
            ("report", "--athlete", "ana"),
            ["2026-11-07", "≥ 2.5", "    Sets at failure or at the last", "FES: failure-"],
        ),
        (("rejected", "list"), [UPLOAD, "99999", "implausible_time", "performed_at", "device's"]),
        (("rejected", "show", UPLOAD), [UPLOAD, "99999", "message: `performed_at`", "again."]),
        (("import", "--list"), ["imp-" + UPLOAD, "12345, 12, 1", "FitNotes", "2026-11-20", "19:30", "taken back"]),
    ],
    ids=" ".join,
)
def test_a_command_fits_and_keeps_what_matters(ask: Ask, command: tuple[str, ...], whole: list[str]) -> None:
    lines = ask(*command)
    assert max(map(len, lines)) <= WIDTH
    for text in whole:
        assert any(text in line for line in lines), f"{text!r} is broken or gone"


def test_the_preview_of_an_import_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "screen_width", lambda: WIDTH)
    monkeypatch.chdir(tmp_path)
    text = (files("pipeline.demo.exports") / "hevy.csv").read_text(encoding="utf-8")
    Path("hevy.csv").write_text("\n".join([*text.splitlines()[:40], "x,y"]), encoding="utf-8")
    said = ("--athlete", "ana", "--tz", "Europe/London", "--data", "D")
    assert run(["import", "hevy.csv", "--preview", *said]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any("2025-09-15T07:48:00" in line for line in lines)


@pytest.mark.usefixtures("narrow")
def test_what_is_left_out_is_said_and_json_has_it(ask: Ask) -> None:
    lines = ask("rejected", "list")
    assert any(line.startswith("not shown here: ") and "excerpt" in line for line in lines)
    assert json.loads("\n".join(ask("rejected", "list", "--json"))) == REJECTED


def test_files_and_pipes_get_every_column(ask: Ask) -> None:
    heading = ask("rejected", "list")[0]
    assert all(word in heading for word in ("upload", "item", "athlete", "reason", "field", "what to do", "excerpt"))


CELLS = [{"id": "x" * 10, "text": "some words " * 9, "extra": "y" * 10}]
HEADINGS = {"id": "id", "text": "text", "extra": "a heading"}


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (200, {"id": 10, "text": 99, "extra": 10}),
        (60, {"id": 10, "text": 36, "extra": 10}),
        (44, {"id": 10, "text": 20, "extra": 10}),
        (43, {"id": 10, "text": 31}),
        (24, {"id": 10, "text": 12}),
        (23, None),
    ],
)
def test_texts_give_way_first_then_columns_go(width: int, widths: dict[str, int] | None) -> None:
    assert fit(HEADINGS, CELLS, width, Narrow(texts=("text",), left_out=("extra",))) == widths


def test_what_is_part_of_another_alert_says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = alert_row(alert_id="w", rule="R17", severity="advice", title="Several signs at once")
    part = alert_row(
        rule="R12", title="Short nights", folded_into="w", part_of_rule="R17", part_of_title=whole["title"]
    )
    monkeypatch.setitem(globals(), "ALERTS", [part, whole])
    lines = ask("alerts", "--open")
    assert [
        words for line in lines for words in ("Several signs at once", "Short nights (part of R17)") if words in line
    ]
    first, second = (next(n for n, line in enumerate(lines) if title in line) for title in ("Several", "Short nights"))
    assert first < second and "Short nights (part of R17)" in lines[second]
    lines = ask("report", "--athlete", "ana")
    at = lines.index("warning · R12 · Short nights")
    assert lines[at + 1] == "  part of R17: Several signs at once"
    assert lines.index("advice · R17 · Several signs at once") < at


def test_alerts_are_limited_for_people_and_whole_for_programs(ask: Ask) -> None:
    assert ask("alerts")[-1] == "… 994 more, use --limit or --json"
    assert ask("alerts", "--limit", "1")[-1] == "… 995 more, use --limit or --json"
    assert len(json.loads("\n".join(ask("alerts", "--json")))) == len(ALERTS)
    assert len(json.loads("\n".join(ask("alerts", "--json", "--limit", "1")))) == 1


@pytest.mark.parametrize(
    ("arguments", "rows_max"), [([], 50), (["--limit", "7"], 7), (["--json"], 100_000), (["--json", "--limit", "7"], 7)]
)
def test_no_more_alerts_are_asked_for_than_shown(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, arguments: list[str], rows_max: int
) -> None:
    asked: list[int] = []
    call = Canned.call

    def watched(self: Canned, op: str, **args: Any) -> Any:
        asked.extend([args["rows_max"]] if op == "alerts" else [])
        return call(self, op, **args)

    monkeypatch.setattr(Canned, "call", watched)
    ask("alerts", *arguments)
    assert asked == [rows_max]


WIDE = {f"a_long_heading_{n}": f"value {n}" for n in range(12)}


@pytest.mark.usefixtures("narrow")
def test_what_does_not_fit_is_printed_one_column_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    columns = {key: key for key in WIDE}
    output.print_rows([WIDE, WIDE | {"a_long_heading_3": "two\nlines", "a_long_heading_4": None}], columns, empty="")
    lines = capfd.readouterr().out.splitlines()
    assert lines[:3] == ["a_long_heading_0   value 0", "a_long_heading_1   value 1", "a_long_heading_2   value 2"]
    assert lines[12:14] == ["", "a_long_heading_0   value 0"]
    assert lines[16:19] == ["a_long_heading_3   two", "                   lines", "a_long_heading_4   –"]
    assert len(lines) == 12 + 1 + 13


@pytest.mark.parametrize(("width", "is_table"), [(None, True), (216, True), (215, False), (80, False)])
def test_a_table_stays_one_while_it_fits(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], width: int | None, is_table: bool
) -> None:
    monkeypatch.setattr(output, "screen_width", lambda: width)
    columns = dict(list({key: key for key in WIDE}.items())[: 12 if width else 11])
    output.print_rows([WIDE], columns, empty="")
    assert (len(capfd.readouterr().out.splitlines()) == 2) == is_table


@pytest.mark.usefixtures("narrow")
def test_one_column_is_a_table_however_wide(capfd: pytest.CaptureFixture[str]) -> None:
    output.print_rows([{"body": LONG}], {"body": "body"}, empty="")
    assert capfd.readouterr().out.splitlines()[0].strip() == "body"
