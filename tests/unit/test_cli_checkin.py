"""``spotter checkin``: answers in one line, asked for what is missing, and refused with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.words import plain_day

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
        (["kneecap=3"], 2, "muscles are abdominals"),
        (["mood=3", "--pain", "tail=2"], 2, "joints are ankle"),
        (["mood=3", "--instrument", "poms"], 2, "choose one of hooper, mclean, plain"),
        (["mood=3", "--tz", "Mars/Olympus"], 2, "Europe/Berlin"),
        ([], 2, "there is no terminal to ask at"),
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
