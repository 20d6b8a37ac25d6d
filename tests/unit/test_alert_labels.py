"""Every number an alert rests on has a name for people; programs keep theirs."""

from __future__ import annotations

import re
from datetime import date

import pytest

from dashboards import proof
from pipeline.alerts import labels as names
from pipeline.alerts.declared import SHOWN
from pipeline.alerts.evidence import EvidenceRow, context_rows, evidence_rows
from pipeline.alerts.rules import load
from tests.unit.app_fakes import alert_row

DAY = date(2026, 3, 3)
FOUND: dict[str, list[list[float | None]]] = {
    # what a condition may find, with every part of the evidence in at least one of the lists
    "R01": [[1, 2, 4, 1, 1]],
    "R02": [[1, 2, 4, 1]],
    "R03": [[1, 1, 2, 1, 1, 1, 2, 1, 4, 1]],
    "R04": [[1, 2, 1, 1, 1, 6, 1]],
    "R05": [[1, 1, 1, 1, 4, 1, 0, 1], [1, 1, 1, 1, 4, 0, 100, 1]],
    "R06": [[46.944, 48, 48, 1, 1, 2, 13, 5]],
    "R07": [[1.6, 58, 36, 1.6, 58, 36, 36, 9, None, 12, 9, None, 9, 9, None, 22, 58, 36, 1.2, 58, 48, 1, 1]],
    "R08": [[2.5, 30, 2, 5, 30, 2, 0.1, 33, None, 1, None, None, 0, 1]],
    "R09": [[8, 8, None, 8, 8, None, 8, 8, None, 4, 8, None, 0, 1]],
    "R10": [[2, 5, None, 40, 5, None, 1, 5, None, -6, 9, None, 0, 1]],
    "R11": [[4, 5, None, 4, 5, None, 6, 5, None, 7, 5, None, 0, 1]],
    "R17": [[6, None, None, 3, None, None, 2, None, None, *[1, None, None] * 6, 2, 7, None, 0, 1]],
    "R18": [
        [
            3,
            5,
            None,
            60,
            5,
            None,
            1,
            5,
            None,
            9,
            14,
            None,
            8,
            14,
            None,
            1,
            2,
            None,
            7,
            7,
            None,
            93.1,
            6,
            None,
            0,
            5,
            None,
            0,
            1,
        ]
    ],
    "R20": [[25, 2, 80, 2, 2, None, 100, 1, 80, 0, 1]],
    "R12": [[1, 7, None, 340, 7, 440, 4, 7, 88, -1.5, 7, None, 1, 14, 30, 95, 14, 30, 0, 15]],
    "R13": [[-1.5, 7, None, -1.2, 7, None, 3, 5, None, 0, 2]],
    "R14": [[5, 7, None, 47, 7, 59, 0, 1]],
    "R15": [[3, 7, None, 6, 7, 52, 0, 1]],
    "R16": [[2.1, 6, None, 3, 14, 40, 2, 14, 80, 0, 1]],
    "R19": [[60, 62, 21, 20, 1, 1, 1, 1, 1, 1, 1]],
    "R21": [[0, 0.6, 10], [1, 0.3, 10], [2, 0, 0], [3, 2, 0], [4, 14, 0]],
}


def rows_of(rule: str) -> list[EvidenceRow]:
    return [row for found in FOUND[rule] for row in evidence_rows(load()[rule], found, DAY)]


def told(rows: list[EvidenceRow]) -> dict[str, list[str]]:
    return {group.heading: group.lines for group in proof.groups(rows)}


def test_every_metric_of_evidence_has_a_label_and_no_label_is_left_over() -> None:
    assert set(FOUND) == {rule.id for rule in load().all()}
    rows = [row for rule in FOUND for row in rows_of(rule)]
    rows += context_rows(";".join(f"{what}/2026-03-01/2026-03-05" for what in SHOWN))
    assert {row["metric"] for row in rows} == set(names.labels())


def test_labels_are_plain_words_with_a_unit() -> None:
    for metric, label in names.labels().items():
        assert label.unit and label.text[0].isupper() and not re.search(r"[_{}]|  |\bn\b", label.text), metric
        assert label.unit in ("h", "%", "days", "number", "yes or no") or label.unit in label.text.lower(), metric
    texts = [label.text for label in names.labels().values()]
    assert len(texts) == len(set(texts)), "two metrics could not be told apart"


def test_limits_that_were_met_come_first_and_the_others_apart() -> None:
    found = told(evidence_rows(load()["R07"], [1.4, 58, 36, 1.4, 58, 36, *[9, None, None] * 5, 0, 1], DAY))
    times = "Hard sets of 7 days, in times those of a week before"
    assert found["Limits met"][0].startswith(f"{times}: 1.4 (limit: 1.3 or more), usual 36 sets a week")
    assert found["Looked at, not met"][0].startswith(f"{times}, against the larger limit: 1.4 (limit: 1.5 or more)")


@pytest.mark.parametrize(("gap", "steps"), [(71.6, []), (46.944, ["second"]), (20, ["first", "second"])])
def test_the_steps_of_r06_are_told_where_they_were_met(gap: float, steps: list[str]) -> None:
    found = told(evidence_rows(load()["R06"], [gap, 72, 48, 0, 0, 2, 13, 5], DAY))
    window, hours = "1 Mar 2026 to 3 Mar 2026", f"{gap:.2f}".rstrip("0").rstrip(".")
    since = "Time since the muscle was trained, against the"
    limit = {"first": 24, "second": 48}
    assert found == {
        "Limits met": [f"{since} rest that session asked for: {hours} h (limit: under 72 h), {window}"]
        + [f"{since} rule's {step} step: {hours} h (limit: under {limit[step]} h), {window}" for step in steps],
        "Also noted": ["Rest that this session asks for: 48 h, 3 Mar 2026",
                       f"Sets without logged effort, taken as hard: 5, out of 13 counted sets, {window}"],
    }  # fmt: skip


def test_lines_of_evidence() -> None:
    assert told(evidence_rows(load()["R04"], [0, 1, 0, 0, 0, 9, 1], DAY)) == {
        "Limits met": [
            "Compound sets at failure or at 0 RIR in this session: 1 (limit: 1 or more), out of 9 working sets,"
            " 3 Mar 2026"
        ],
        "Looked at, not met": [
            "Compound sets reported as failed in this session: 0 (limit: 1 or more), out of 9 working sets, 3 Mar 2026"
        ],
        "Also noted": ["The log gives a date without a time, so the level is one lower"],
    }
    (share,) = told(evidence_rows(load()["R21"], [0, 0.503, 1], DAY))["Limits met"]
    assert share == (
        "Share of sets without logged effort: 50.3 % (limit: more than 50 %), out of 1 working set,"
        " 18 Feb 2026 to 3 Mar 2026"
    )
    (gap,) = told(evidence_rows(load()["R21"], [2, 0, 0], DAY))["Limits met"]
    assert gap.startswith("Time without a logged set: 15 days (limit: more than 14 days)")
    row = rows_of("R21")[2] | {"value": 1.0, "threshold": 1.0, "comparator": ">="}
    assert told([row])["Limits met"][0].startswith("Time without a logged set: 1 day (limit: 1 day or more)")
    mood = told(rows_of("R13"))["Limits met"][0]
    assert mood.startswith("Mood of 7 days against the usual, in times the usual day-to-day spread of the answers")
    assert told(context_rows("travel/2026-03-01/2026-03-05")) == {
        "Also noted": ["Declared travel, 1 Mar 2026 to 5 Mar 2026"]
    }


def test_the_signs_of_sleep_trouble_stand_where_they_belong() -> None:
    """Short sleep is one of the four signs that decide; it is no note, and said to be so only where it is."""
    others = [None, None, None] * 2 + [0, 14, 30, None, 14, 30]
    short = "Sleep of 7 days is far below the usual, or below 6 h"
    for value, said, heading in ((1, "yes", "Limits met"), (0, "no", "Looked at, not met")):
        found = told(evidence_rows(load()["R12"], [value, 7, None, 340, 7, 440, *others, 0, 1], DAY))
        assert [line for line in found[heading] if line.startswith(f"{short}: {said}, out of 7 nights")]


def test_what_was_ruled_out_is_told_with_the_limits() -> None:
    (row,) = [row for row in rows_of("R18") if row["metric"] == "declared_causes"]
    (line,) = told([row])["Limits met"]
    assert line.startswith("Declared causes that would explain it") and "(number): 0 (limit: under 1)" in line


def test_evidence_that_came_as_json_reads_the_same() -> None:
    rows = rows_of("R06")
    sent = [row | {"window_start": str(row["window_start"]), "window_end": str(row["window_end"])} for row in rows]
    assert proof.groups(sent) == proof.groups(rows)


def test_a_metric_nobody_named_is_shown_by_its_own_name() -> None:
    row = alert_row()["evidence"][0] | {"metric": "some_new_metric", "threshold": None}
    assert told([row]) == {"Also noted": ["some new metric: 4, 19 Nov 2026"]}


@pytest.mark.parametrize(
    ("scope", "subject", "title", "about"),
    [
        ("exercise:Barbell_Squat", "Barbell Squat", None, "Barbell Squat, 19 Nov 2026"),
        ("exercise-session:2025-09-15T07:48/Legs/Leg_Press", "Leg Press", None, "Leg Press, 19 Nov 2026"),
        ("exercise-session:2025-09-15T07:48/Legs/Leg_Press", None, None, "Leg Press, 19 Nov 2026"),
        ("session:2025-09-15T07:48/Legs", "Leg Press", "Legs", "session “Legs” of 19 Nov 2026"),
        ("session:2025-09-15T07:48", "Leg Press", None, "session of 19 Nov 2026"),
        ("muscle:lower back", "lower back", None, "lower back, 19 Nov 2026"),
        ("body:unknown_effort", "", None, "all training, 19 Nov 2026"),
    ],
)
def test_a_scope_is_told_by_names_and_the_day(scope: str, subject: str | None, title: str | None, about: str) -> None:
    assert proof.about(alert_row(scope=scope, subject=subject, session_title=title)) == about


def test_a_label_that_is_not_complete_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_read", lambda: {"some": {"label": "Some", "unit": "h", "kind": "guess"}})
    with pytest.raises(ValueError, match="some: there is no kind guess"):
        names.labels.__wrapped__()
    monkeypatch.setattr(names, "_read", lambda: {"some": {"label": "Some"}})
    with pytest.raises(ValueError, match="unit"):
        names.labels.__wrapped__()


def test_rules_have_names() -> None:
    assert names.rule_name("R04") == load()["R04"].name
    assert names.rule_name("R99") == "R99"
