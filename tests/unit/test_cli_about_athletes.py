"""``spotter declare`` and ``spotter profile``: in the tables when they return, refused with what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Spotter = Callable[..., tuple[int, str, str]]
KIM = ("--athlete", "kim")


def rows(spotter: Spotter, sql: str) -> list[dict[str, Any]]:
    code, out, err = spotter("sql", sql, "--format", "json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def declared(spotter: Spotter) -> list[tuple[str, str, str]]:
    found = rows(spotter, "select what, from_day, to_day from declaration_fact order by all")
    return [(row["what"], row["from_day"], row["to_day"]) for row in found]


def test_days_are_declared_corrected_and_taken_back(spotter: Spotter) -> None:
    code, out, err = spotter("declare", "deload", *KIM, "--from", "2026-06-01", "--to", "2026-06-07")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "deload of kim declared: 2026-06-01 to 2026-06-07",
        "  note: kim was not known here before; see that the name is right",
    ]
    assert spotter("declare", "travel", *KIM, "--from", "2026-06-20")[1].splitlines() == [
        "travel of kim declared: 2026-06-20 to 2026-06-20"
    ]
    spotter("declare", "deload", *KIM, "--from", "2026-06-01", "--to", "2026-06-09")  # it took longer
    assert declared(spotter) == [("deload", "2026-06-01", "2026-06-09"), ("travel", "2026-06-20", "2026-06-20")]
    code, out, _ = spotter("declare", "deload", *KIM, "--from", "2026-06-01", "--withdraw")
    assert (code, out.strip()) == (0, "deload of kim from 2026-06-01 on is taken back")
    assert declared(spotter) == [("travel", "2026-06-20", "2026-06-20")]
    code, _, err = spotter("declare", "deload", *KIM, "--from", "2026-06-01", "--withdraw")
    assert code == 1 and "nothing of the kind was declared" in err and "declaration_fact" in err
    assert rows(spotter, "select count(*)::integer as n from rejected") == [{"n": 0}]


def test_facts_are_stated_one_after_the_other(spotter: Spotter) -> None:
    spotter("checkin", "mood=7", *KIM)  # of whom nobody has said where
    assert rows(spotter, "select count(local_day)::integer as n from checkin_fact") == [{"n": 0}]
    code, out, err = spotter("profile", *KIM, "--tz", "Europe/London", "--level", "beginner", "--json")
    assert (code, err) == (0, "") and json.loads(out)["status"] == "accepted"
    assert rows(spotter, "select count(local_day)::integer as n from checkin_fact") == [{"n": 1}]
    code, out, _ = spotter(
        "profile", *KIM, "--tz", "Europe/London", "--birth-year", "1990", "--sex", "female", "--main-lift", "Squat",
        "--main-lift", "Bench Press", "--training-since", "2026-01-01", "--sleep-need-h", "8", "--hr-max-bpm", "188",
    )  # fmt: skip
    assert code == 0 and "main lifts Squat, Bench Press" in out
    first, second = rows(
        spotter,
        "select level, sex, birth_year, training_since, sleep_need_h, hr_max_bpm, timezone, main_lifts"
        " from base.profile order by position",
    )
    assert (first["level"], first["sex"], second["level"]) == ("beginner", None, None)  # each says what it was told
    assert second | {"level": None, "main_lifts": None} == {
        "level": None, "sex": "female", "birth_year": 1990, "training_since": "2026-01-01", "sleep_need_h": 8,
        "hr_max_bpm": 188, "timezone": "Europe/London", "main_lifts": None,
    }  # fmt: skip
    assert "Squat" in str(second["main_lifts"]) and "Bench Press" in str(second["main_lifts"])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("declare", "party", "--from", "2026-06-01"), 2, "choose one of deload, illness"),
        (("declare", "deload", "--from", "1 June"), 2, "write it like 2026-12-01"),
        (("declare", "deload", "--from", "2026-06-02", "--to", "2026-06-01"), 2, "2026-06-01 is before 2026-06-02"),
        (("declare", "deload", "--from", "2020-06-02", "--to", "2026-06-01"), 1, "three years"),
        (("profile", "--tz", "Mars/Olympus"), 2, "write it like Europe/Berlin"),
        (("profile", "--tz", "Europe/London", "--level", "guru"), 1, "must be one of"),
        (("profile", "--tz", "Europe/London", "--birth-year", "1066"), 1, "birth_year"),
        (("profile", "--tz", "Europe/London", "--training-since", "long ago"), 2, "write it like 2026-12-01"),
        (("profile", "--level", "beginner"), 2, "--tz"),
    ],
)
def test_what_cannot_be_taken_says_why(spotter: Spotter, arguments: tuple[str, ...], code: int, told: str) -> None:
    found, _, err = spotter(*arguments, *KIM)
    assert found == code and told in err
