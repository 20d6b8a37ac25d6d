"""``spotter checkin``: answers in one line, asked for what is missing, and refused with what to do."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.words import plain_day
from schemas.checkin import PAIN_TOLD

Spotter = Callable[..., tuple[int, str, str]]


def rows(spotter: Spotter, sql: str) -> list[dict[str, Any]]:
    code, out, err = spotter("sql", sql, "--format", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_answers_are_in_the_tables_when_it_returns(spotter: Spotter) -> None:
    code, out, err = spotter(
        "checkin", "mood=7", "fatigue=4,5", "lower_back=3", "quadriceps=6", "--pain", "knee=2", "--athlete", "ana",
        "--tz", "Europe/Berlin",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "check-in of ana taken: mood 7, fatigue 4.5, lower back sore 3, quadriceps sore 6, knee hurts 2",
        f"  note: {PAIN_TOLD}",
        "  note: ana was not known here before; see that the name is right",
    ]
    assert rows(spotter, "select part, item, answer from checkin_fact order by part, item") == [
        {"part": "items", "item": "fatigue", "answer": 4.5},
        {"part": "items", "item": "mood", "answer": 7},
        {"part": "joint_pain", "item": "knee", "answer": 2},
        {"part": "soreness", "item": "lower back", "answer": 3},
        {"part": "soreness", "item": "quadriceps", "answer": 6},
    ]
    (day,) = rows(spotter, "select count(*) as days from checkin_fact where local_day is null")
    assert day["days"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["mood=11"], 1, "plain goes from 0 to 10"),
        (["mood"], 2, "write it like mood=7"),
        (["mood=nan"], 2, "write it like mood=7"),
        (["knee=3"], 2, "is told with --pain knee=3"),
        (["mood=3", "--instrument", "hooper"], 2, "--instrument plain"),
        (["kneecap=3"], 2, "or a muscle: abdominals"),
        (["mood=3", "--pain", "tail=2"], 2, "name one of ankle"),
        (["mood=3", "--instrument", "poms"], 2, "choose one of hooper, mclean, plain"),
        (["mood=3", "--tz", "Mars/Olympus"], 2, "Europe/Berlin"),
        ([], 2, "there is no terminal to ask at"),
        (["mood=3", "--at", "yesterday"], 2, "neither a day nor a time"),
        (["mood=3", "--at", "0001-01-01"], 2, "year first"),
        (["mood=3", "--at", "2999-12-01T08:00+01:00"], 2, "is in the future"),
        (["mood=3", "--at", "2999-12-01", "--tz", "Europe/Berlin"], 2, "is in the future"),
        (["mood=3", "--at", "2025-12-01"], 2, "add --tz"),
        (["mood=3", "--at", "2025-12-01T08:00"], 2, "add --tz"),
        (["mood=3", "--at", "2025-12-01T08:00", "--tz", "Mars/Olympus"], 2, "Europe/Berlin"),
    ],
)
def test_what_is_wrong_is_said(spotter: Spotter, arguments: list[str], code: int, told: str) -> None:
    found, out, err = spotter("checkin", *arguments, "--athlete", "ana")
    assert (found, out) == (code, "")
    assert told in err


def test_hooper_keeps_its_own_scale(spotter: Spotter) -> None:
    arguments = ("checkin", "sleep=2", "fatigue=3", "stress=4", "soreness=5", "--instrument", "hooper", "--json")
    code, out, _ = spotter(*arguments, "--athlete", "ana", "--tz", "Europe/Berlin")
    assert code == 0 and json.loads(out)["status"] == "accepted"
    found = rows(spotter, "select instrument, sum(answer) as total from checkin_fact group by all")
    assert found == [{"instrument": "hooper", "total": 14}]


def test_one_that_counts_for_no_day_says_so(spotter: Spotter) -> None:
    _, out, _ = spotter("checkin", "mood=7", "--athlete", "ana")
    assert "it counts for no day yet" in out and "add --tz" in out and "not known here before" in out
    _, out, _ = spotter("checkin", "mood=7", "--athlete", "ben", "--tz", "Europe/Berlin")
    assert "no day" not in out
    _, out, _ = spotter("checkin", "mood=6", "--athlete", "ben", "--tz", "Europe/Berlin")
    assert out == "check-in of ben taken: mood 6\n"
    _, out, _ = spotter("checkin", "mood=5", "--athlete", "ana", "--tz", "Europe/Berlin")
    assert "earlier check-ins count for no day yet" in out and "add --tz" not in out


def test_a_name_that_is_nearly_one_is_asked_about(spotter: Spotter) -> None:
    spotter("checkin", "mood=7", "--athlete", "Annalisa", "--tz", "Europe/Berlin")
    _, out, _ = spotter("checkin", "mood=7", "--athlete", "anna-lisa", "--tz", "Europe/Berlin")
    assert "anna-lisa was not known here before; did you mean Annalisa? see that the name is right" in out
    for command in (["report"], ["alerts"], ["alerts", "snooze", "--until", "2999-12-01", "--tz", "UTC"]):
        code, out, err = spotter(*command, "--athlete", "annalysa")
        assert (code, out) == (1, "") and "did you mean 'Annalisa'?" in err, command
        assert "did you mean" not in spotter(*command, "--athlete", "zoltan")[2]
    code, _, err = spotter("rostr")
    assert code == 2 and "'roster'" in err


def test_the_report_has_the_last_check_in(spotter: Spotter) -> None:
    spotter("checkin", "mood=7", "--athlete", "ana", "--tz", "Europe/Berlin")
    spotter("checkin", "mood=4", "sleep_quality=5.5", "lower_back=3", "--pain", "knee=2", "--athlete", "ana",
            "--tz", "Europe/Berlin")  # fmt: skip
    (day,) = rows(spotter, "select max(local_day)::varchar as day from checkin_fact")
    code, out, err = spotter("report", "--athlete", "ana")
    assert code == 0, err
    answers = "mood 4, sleep quality 5.5; sore: lower back 3; pain: knee 2"
    assert f"last check-in (plain, {plain_day(day['day'])}): {answers}" in " ".join(out.split())
    found = json.loads(spotter("report", "--athlete", "ana", "--json")[1])["checkin"]
    assert {row["item"]: row["answer"] for row in found} == {
        "mood": 4, "sleep_quality": 5.5, "lower back": 3, "knee": 2,
    }  # fmt: skip


class Terminal(io.StringIO):
    """Somebody who types these lines."""

    def isatty(self) -> bool:
        return True


def test_what_cannot_be_used_is_asked_again_at_once(spotter: Spotter, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["8", "11", "bad", "4,5", "", "", "7"]
    typed += ["quadriceps 6", "kneecap=3", "quadriceps=6,5, lower_back=3", "knee=12", "knee=2 lower back=1"]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join(typed) + "\n"))
    code, out, err = spotter("checkin", "--athlete", "ana", "--tz", "Europe/Berlin")
    assert code == 0, err
    told = (
        "sleep quality 8, fatigue 4.5, mood 7, quadriceps sore 6.5, lower back sore 3, knee hurts 2, lower back hurts 1"
    )
    assert f"check-in of ana taken: {told}" in out
    assert "11 is not on the scale; it goes from 0 to 10" in err
    assert "'bad' is no number; write one from 0 to 10" in err
    assert "'quadriceps 6' is no name with a number" in err and "'kneecap' is no muscle; muscles are" in err
    assert "12 is not on the scale" in err


def test_a_scale_that_is_asked_is_that_of_the_questionnaire(spotter: Spotter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("0\n8\n7\n\n\n\n\n\n"))
    code, out, err = spotter("checkin", "--athlete", "ana", "--tz", "Europe/Berlin", "--instrument", "hooper")
    assert (code, "check-in of ana taken: sleep 7\n" in out) == (0, True), err
    assert err.count("it goes from 1 to 7") == 2
    monkeypatch.setattr("sys.stdin", Terminal("\n" * 7))
    code, _, err = spotter("checkin", "--athlete", "ana", "--tz", "Europe/Berlin")
    assert (code, "answer at least one question" in err) == (2, True)


def test_another_day_or_hour_is_noted_for_its_own_day(spotter: Spotter) -> None:
    said = ("checkin", "--athlete", "ana")
    for at, more in (
        ("2025-12-01", ("--tz", "Europe/Berlin")),
        ("2025-12-02T07:30", ("--tz", "America/New_York")),
        ("2025-12-04T00:30+03:00", ()),
        ("2025-12-05T23:30Z", ("--tz", "Asia/Tokyo")),
    ):
        code, out, err = spotter(*said, "mood=7", "--at", at, *more)
        assert code == 0, err
        assert f"check-in of ana for {at} taken: mood 7" in out and "no day" not in out
    assert rows(spotter, "select local_day::varchar as d, checked_at::varchar as at from checkin_fact order by d") == [
        {"d": "2025-12-01", "at": "2025-12-01 22:59:59"},
        {"d": "2025-12-02", "at": "2025-12-02 12:30:00"},
        {"d": "2025-12-04", "at": "2025-12-03 21:30:00"},
        {"d": "2025-12-06", "at": "2025-12-05 23:30:00"},
    ]
    today = datetime.now(UTC).date().isoformat()
    code, out, err = spotter(*said, "mood=2", "--at", today, "--tz", "UTC")
    assert code == 0, "today is not in the future"


def test_a_day_counts_in_the_zone_the_athlete_was_in(spotter: Spotter, tmp_path: Path) -> None:
    profile = {"kind": "athlete", "athlete": "ana", "timezone": "Europe/Berlin", "document": "p1"}
    moved = profile | {"timezone": "Asia/Tokyo", "timezone_from": "2026-01-10", "document": "p2"}
    (tmp_path / "p.ndjson").write_text(json.dumps(profile) + "\n" + json.dumps(moved) + "\n")
    assert spotter("ingest", str(tmp_path / "p.ndjson"))[0] == 0
    for at in ("2026-01-09T08:00", "2026-01-10T08:00"):
        assert spotter("checkin", "mood=7", "--athlete", "ana", "--at", at)[0] == 0
    assert rows(spotter, "select local_day::varchar as d, checked_at::varchar as at from checkin_fact order by d") == [
        {"d": "2026-01-09", "at": "2026-01-09 07:00:00"},
        {"d": "2026-01-10", "at": "2026-01-09 23:00:00"},
    ]


def test_a_second_one_for_the_same_time_takes_its_place_and_says_so(spotter: Spotter) -> None:
    said = ("checkin", "--athlete", "ana", "--at", "2025-12-01", "--tz", "Europe/Berlin")
    assert "takes the place" not in spotter(*said, "mood=7", "stress=2")[1]
    assert "takes the place" in spotter(*said, "mood=4")[1]
    assert rows(spotter, "select item, answer from checkin_fact") == [{"item": "mood", "answer": 4}]


def test_pain_is_said_to_be_judged_by_no_rule_and_the_highest_of_the_day_is_shown(spotter: Spotter) -> None:
    said = ("checkin", "--athlete", "ana", "--tz", "Europe/Berlin")
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    for hour, pain in ((8, ("--pain", "knee=10", "--pain", "hip=1")), (20, ("--pain", "knee=2", "--pain", "neck=0"))):
        _, out, _ = spotter(*said, "mood=7", *pain, "--at", f"{day}T{hour:02d}:00")
        assert "no rule judges it" in out and "stop and have it checked" in out
    assert "no rule" not in spotter(*said, "mood=6", "--pain", "knee=0", "--at", f"{day - timedelta(days=1)}")[1]
    code, out, err = spotter("report", "--athlete", "ana")
    assert code == 0, err
    assert f"pain in joints on {plain_day(day)}, the highest of the day: knee 10, hip 1 of 10" in out
    found = json.loads(spotter("report", "--athlete", "ana", "--json")[1])["pain"]
    assert [(row["joint"], row["answer"]) for row in found] == [("knee", 10), ("hip", 1)]
    spotter(*said, "mood=6")
    assert "pain in joints" not in spotter("report", "--athlete", "ana")[1], "the line is about the newest day"
