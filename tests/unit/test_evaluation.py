"""What docs/evaluation.md counts, on athletes made by hand, and that the page says what was measured."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bench.borne_out import Truth
from bench.cohort import Alert, Case, plan
from bench.evaluate import RESULTS, SEEDS, figures
from bench.evaluation_page import page
from pipeline.alerts.rules import load
from pipeline.catalogue.loader import Catalogue
from pipeline.synthetic.athlete import live_through
from pipeline.synthetic.labels import Label, label_of

ROOT = Path(__file__).parents[2]
LABEL = Label(
    athlete="a", scenario="healthy", seed=1, weeks=26, first_day="2026-01-01", last_day="2026-06-30",
    story_from="2026-01-01", story_to="2026-06-30", overreached=False, onset_day=None, end_day=None,
    overreached_days=0, strength_loss=0.0, deload_given=False, deload_from=None, deload_to=None, deload_failed=None,
    declared=[], sessions_a_week=4, device="ring", answers_share=0.9, effort_logged_share=0.9,
)  # fmt: skip
ILL = replace(
    LABEL, scenario="accumulated_fatigue", overreached=True, story_from="2026-03-01", story_to="2026-05-01",
    onset_day="2026-03-10", end_day="2026-04-20", overreached_days=42,
)  # fmt: skip


def alert(rule: str, day: str, severity: str = "warning") -> Alert:
    return Alert(rule, "body", severity, date.fromisoformat(day), None, "title", "said. more")


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-02-28", 0),  # before the overload began
        ("2026-03-01", 1),
        ("2026-04-03", 1),  # 10 days after the onset and 14 for the trend
        ("2026-04-04", 0),
    ],
)
def test_in_time_is_from_the_overload_to_24_days_after_the_onset(day: str, found: int) -> None:
    told = figures([Case(ILL, [alert("R17", day)]), Case(LABEL)])["r17"]
    assert (told["found"], told["of"]) == (found, 1)
    assert told["delays"] == ([(date.fromisoformat(day) - date(2026, 3, 10)).days] if found else [])


def test_short_episodes_are_no_episodes_and_silence_counts_against_the_rule() -> None:
    short = replace(ILL, end_day="2026-03-29")  # 20 days
    told = figures([Case(short), Case(ILL), Case(LABEL)])
    assert told["r17"]["of"] == 1 and told["r17"]["found"] == 0
    assert [row["rule"] for row in told["misses"]] == ["R17"]
    assert told["r17"]["interval"][0] == pytest.approx(0) and told["r17"]["interval"][1] == pytest.approx(
        0.7935, abs=1e-4
    )


def test_r18_asks_for_42_days_and_takes_both_stories() -> None:
    label = replace(ILL, scenario="non_functional_no_deload")
    other = replace(label, scenario="non_functional_failed_deload", end_day="2026-04-19")  # 41 days
    told = figures([Case(label, [alert("R18", "2026-05-15")]), Case(other), Case(LABEL)])["r18"]
    assert (told["found"], told["of"]) == (1, 1)  # two weeks after the story still count
    late = figures([Case(label, [alert("R18", "2026-05-16")]), Case(LABEL)])["r18"]
    assert late["found"] == 0


def test_false_warnings_are_those_of_the_healthy_and_of_the_rules_on_fatigue() -> None:
    alerts = [alert("R17", "2026-02-01"), alert("R13", "2026-02-01", "advice"), alert("R07", "2026-02-01")]
    told = figures([Case(LABEL, alerts), Case(ILL, [alert("R17", "2026-03-12")])])
    months = 181 / 30.4
    assert told["false_warnings"]["alerts"] == 1
    assert told["false_warnings"]["per_month"] == pytest.approx(1 / months)
    low, high = (limit * months for limit in told["false_warnings"]["interval"])
    assert (low, high) == (pytest.approx(0.0253, abs=1e-4), pytest.approx(5.5716, abs=1e-4))  # exact, of one event
    assert told["false_warnings_all_rules"]["alerts"] == 2
    assert [row["rule"] for row in told["false_alarms"]] == ["R17"]
    assert told["by_rule"]["R07"]["healthy"]["alerts"] == 1


def test_a_warning_about_training_is_false_where_the_training_was_not_so() -> None:
    case = Case(LABEL, [alert("R07", "2026-02-01"), alert("R08", "2026-02-01"), alert("R13", "2026-03-01")])
    told = figures([case, Case(ILL)], [case.alerts[1]])
    assert told["about_training"] == {
        "R07": {"warnings": 1, "untrue": 0}, "R08": {"warnings": 1, "untrue": 1}, "R09": {"warnings": 0, "untrue": 0},
    }  # fmt: skip
    rates = (told[name]["alerts"] for name in ("false_warnings", "false_warnings_checked", "false_warnings_all_rules"))
    assert tuple(rates) == (1, 2, 3)
    text = page(told | {"athletes": {}, "weeks": 26, "seed": 1})
    assert "R07 0 of 1, R08 1 of 1, R09 0 of 0" in text


def test_what_bears_a_warning_out_is_what_was_truly_done() -> None:
    """A functional overreacher: usual weeks with a light one among them, then weeks of overload."""
    athlete = live_through("a", "functional_overreaching", seed=8, weeks=26)
    truth, label = Truth(label_of(athlete), Catalogue.load()), label_of(athlete)
    begin = athlete.course.span[0]
    light = max(day for day in range(begin) if athlete.course.light[day])
    overload = [date.fromisoformat(label.story_from) + timedelta(days=n) for n in range(7, 20)]
    usual = [athlete.date_of(day) for day in range(light + 1, begin)]

    def held(rule: str, days: list[date], scope: str = "body") -> bool:
        return any(truth.bears_out(replace(alert(rule, str(day)), scope=scope)) for day in days)

    assert held("R07", overload) and held("R08", overload) and held("R07", overload, "muscle:quadriceps")
    assert not held("R07", usual) and not held("R07", usual, "muscle:quadriceps") and not held("R08", usual)
    assert not held("R07", overload, "muscle:neck")  # which nothing of it trains
    assert not held("R09", usual[:49]) and held("R09", [athlete.date_of(light + 56 + 7)])


def test_a_miss_says_when_its_rule_spoke_too_late() -> None:
    late = Case(ILL, [alert("R17", "2026-04-05"), alert("R01", "2026-03-12")])
    unresolved = replace(ILL, scenario="non_functional_no_deload")  # until 1 May and two weeks after
    told = figures([late, Case(ILL), Case(unresolved, [alert("R18", "2026-05-16")]), Case(LABEL)])
    assert [row["too_late"] for row in told["misses"]] == ["+26 d, limit +24 d", None, "+67 d, limit +66 d"]
    assert told["misses"][0]["opened"] == ["R17 +26 d"]
    text = page(told | {"athletes": {}, "weeks": 26, "seed": 1})
    assert "| R17 too late: +26 d, limit +24 d; all: R17 +26 d |" in text


def test_a_text_is_cut_at_the_end_of_its_sentence() -> None:
    body = "On 10 June 2026: 2 of 5 are falling; the steepest by -7.3 % in 28 days. A trend counts."
    told = figures([Case(LABEL, [replace(alert("R10", "2026-06-10"), body=body)])])
    assert told["false_alarms"][0]["said"] == "On 10 June 2026: 2 of 5 are falling; the steepest by -7.3 % in 28 days"


def test_rules_on_sessions_are_counted_by_rule_and_nowhere_else() -> None:
    alerts = [alert(rule, "2026-02-01") for rule in ("R01", "R01", "R06", "R20", "R07")]
    told = figures([Case(LABEL, alerts), Case(ILL)])
    assert {rule: one["healthy"]["alerts"] for rule, one in told["by_rule"].items() if one["healthy"]["alerts"]} == {
        "R01": 2, "R06": 1, "R07": 1, "R20": 1,
    }  # fmt: skip
    assert set(told["by_rule"]) == {rule.id for rule in load().all()} - {"R21"}
    assert told["false_warnings_all_rules"]["alerts"] == 1
    assert "R19 asks for a plan" in page(told | {"athletes": {}, "weeks": 26, "seed": 1})


def test_who_logs_too_little_is_told_apart() -> None:
    mute = replace(ILL, answers_share=0.0)
    told = figures([Case(mute), Case(ILL, [alert("R17", "2026-03-12")]), Case(LABEL)])
    assert (told["r17"]["found"], told["r17"]["of"]) == (1, 2)
    assert (told["r17_with_data"]["found"], told["r17_with_data"]["of"]) == (1, 1)


def test_seeds_of_tuning_and_of_the_report_share_no_athlete() -> None:
    seeds = []
    for name in ("tuning", "report"):
        seed, _, counts = plan(SEEDS / f"{name}.toml")
        seeds.append(set(range(seed, seed + len(counts))))
    assert not seeds[0] & seeds[1]


def test_the_page_says_what_was_measured() -> None:
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8") == page(found)
    assert found["false_warnings"]["athlete_months"] >= 2000
    seed, weeks, counts = plan(SEEDS / "report.toml")
    assert (found["seed"], found["weeks"], found["athletes"]) == (seed, weeks, counts)


def test_the_command_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.evaluate", "--help"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
