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
        "excerpt": '{"kind":"set","athlete":"benedikt-the-younger"' * 4,
    }
]
IMPORTS = [
    {
        "import_id": "imp-" + UPLOAD,
        "athlete_id": "benedikt-the-younger",
        "decoder": "fitnotes.csv",
        "received_at": "2026-11-20T19:30:00Z",
        "accepted": 12_345,
        "ignored": 12,
        "rejected": 1,
        "undone": False,
    }
]


class Canned:
    """A session that answers from memory."""

    panels: ClassVar[dict[str, Any]] = {
        "roster": ROSTER,
        "athlete_days": DAYS,
        "rejected": REJECTED,
        "athlete_known": [{}],
    }

    def call(self, op: str, body: bytes = b"", progress: object = None, **args: Any) -> Any:
        if op == "panel":
            return self.panels[args["name"]]
        return {"alerts": ALERTS, "imports": IMPORTS}[op]


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
        (("rejected", "list"), [UPLOAD, "99999", "implausible_time", "performed_at"]),
        (("import", "--list"), ["imp-" + UPLOAD, "12345, 12, 1"]),
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
    assert all(word in heading for word in ("upload", "item", "athlete", "reason", "field", "excerpt"))


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
