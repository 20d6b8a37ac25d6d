"""What people read: plain, with numbers, without claims."""

from __future__ import annotations

import random
import re
from importlib.resources import files

import pytest

from pipeline.alerts.catalogue import page
from pipeline.alerts.claims import CLAIMS, NOT_A_DIAGNOSIS
from pipeline.alerts.rules import load
from tests.unit.alert_marts import Marts, Session
from tests.unit.test_alert_incremental import DAY0, move_time, random_session
from tests.unit.test_alert_quality import lane
from tests.unit.test_alert_rules import BENCH, CURL, PULL, SQUAT, check_recomputable

BANNED = re.compile(CLAIMS.pattern + r"|\bnan\b|\{|\}|  ", re.IGNORECASE)
RULES_WITH_REASONS = "It is no diagnosis."
DEADLIFT = 6


def all_alerts() -> list[dict[str, object]]:
    rng = random.Random(3)
    marts = Marts()
    marts.profile(1, level="beginner")
    marts.profile(2, training_since=DAY0)
    marts.plan([{"exercise": "Bench Press", "sets": 3, "reps": 8, "failure_slots": [3]}])
    for _ in range(120):
        session = random_session(rng, 60)
        session.ended = True
        marts.put(session)
    move_time(marts, {}, {})
    marts.run({1: DAY0, 2: DAY0})
    found = marts.alerts()
    quality = Marts()
    lane(quality, [(10, 5, 1, 14), (10, 4, 1, 15)], 0)
    return found + quality.alerts()


def test_texts_of_every_rule() -> None:
    alerts = all_alerts()
    # those of the other day rules are in test_day_rules.py
    assert {alert["rule"] for alert in alerts} == {rule.id for rule in load().all() if not rule.evidence}
    for alert in alerts:
        for part in ("title", "body", "action"):
            text = str(alert[part])
            assert text and not BANNED.search(text) and "None" not in text, text
        assert "goes away" in str(alert["body"])
        assert str(alert["title"])[0].isupper() and str(alert["action"]).endswith(".")


def test_every_text_names_its_origin_and_one_action() -> None:
    for rule in load().all():
        for words in rule.texts.values() or [rule.words()]:
            origin = {"practice rule": "Practice rule|The rule is the plan", "study": "[Ss]tudies|study"}
            assert re.search(origin.get(rule.origin, "Spotter's own check of the data"), words.body), rule.id
            if rule.id in ("R12", "R13"):
                assert not re.search(r"[,;]| and ", words.action), words.action


def test_templates_and_catalogue_make_no_claims() -> None:
    templates = files("pipeline.alerts").joinpath("rules.toml").read_text(encoding="utf-8")
    words = re.sub(r"(?m)^suppressed_by = .*$", "", templates)  # what an athlete declares
    words = words.replace(NOT_A_DIAGNOSIS, "")
    assert not CLAIMS.search(words)
    told = (
        re.sub(r"(?m)^- silent while declared: .*$", "", page())
        .replace(RULES_WITH_REASONS, "")
        .replace(NOT_A_DIAGNOSIS, "")
        .replace("`declared_injury` | Declared injury", "")
    )  # an athlete's word
    assert not CLAIMS.search(told)


def told(rule: str, work: dict[int, str], **session: object) -> str:
    marts = Marts()
    marts.play(Session(0, work, "s", **session))  # type: ignore[arg-type]
    check_recomputable(marts)
    (alert,) = marts.alerts(rule)
    return str(alert["body"])


def told_of_plan(work: dict[int, str], rows: list[dict[str, object]], **session: object) -> str:
    marts = Marts()
    marts.plan(rows)
    marts.play(Session(0, work, "s", ended=True, **session))  # type: ignore[arg-type]
    check_recomputable(marts)
    (alert,) = marts.alerts("R19")
    return str(alert["body"])


def test_r01_says_why_two_sets_are_named() -> None:
    reason = "This lift works several joints at once; there the rule starts at 2 sets, elsewhere at 3."
    assert reason in told("R01", {BENCH: "NFF"})
    assert reason in told("R01", {BENCH: "NLL"})
    assert "joints" not in told("R01", {BENCH: "FFF"})  # three are too many on every lift
    assert "joints" not in told("R01", {BENCH: "FFL"})
    assert "joints" not in told("R01", {CURL: "FFF"})


def test_r03_names_the_set_of_the_exercise_and_not_the_row_of_the_session() -> None:
    body = told("R03", {BENCH: "NNN", CURL: "NFNN"})
    assert "set 2 of 4 of Biceps Curl ended at failure, and set 4, after it, did not." in body
    assert "row" not in body
    assert "set 1 of 2 of Biceps Curl ended at the last possible repetition, and set 2" in told("R03", {CURL: "LN"})


def test_r04_names_each_set_once() -> None:
    assert "1 set of compound lifts at failure" in told("R04", {BENCH: "NNF"})
    both = told("R04", {BENCH: "NT"}, rir={"T": 0.5})
    assert "repetition (1 of them logged with less than 1 repetition in reserve) (Bench Press)" in both
    assert both.count(" set of ") == 1
    part = told("R04", {BENCH: "NTh", SQUAT: "h"}, rir={"T": 0.5})
    assert (
        "1 set of compound lifts at failure or at the last possible repetition"
        " (1 of them logged with less than 1 repetition in reserve),"
        " 1 more set of compound lifts with less than 1 repetition in reserve,"
        " 1 more set of squats, deadlifts or overhead presses with less than 1 repetition in reserve"
    ) in part
    assert "1 set of squats, deadlifts or overhead presses with" in told("R04", {SQUAT: "Nh"})
    assert "2 sets of compound lifts with less than 1 repetition in reserve (" in told("R04", {BENCH: "Nhh"})


def told_of_rest(first: str, second: str, exercise: int = BENCH, **more: object) -> dict[str, str]:
    """Scope to body of R06: one exercise in two sessions, a day apart."""
    marts = Marts()
    marts.play(Session(0, {exercise: first}, **more), Session(1, {exercise: second}, **more))  # type: ignore[arg-type]
    check_recomputable(marts)
    return {row["scope"]: str(row["body"]) for row in marts.alerts("R06")}


def test_r06_says_which_sets_it_takes_as_hard() -> None:
    hint = " Logging effort may make this alert go away: sets with"
    body = told_of_rest("NNUU", "NUNN")["muscle:chest"]
    assert "3 of the 8 sets counted in the two sessions had no effort logged and are taken as hard." + hint in body
    body = told_of_rest("NNNN", "NUNN")["muscle:chest"]
    assert "1 of the 8 sets counted in the two sessions had no effort logged and is taken as hard." + hint in body
    body = told_of_rest("UUUU", "UUU")["muscle:chest"]
    assert "All 7 sets counted in the two sessions had no effort logged and are taken as hard." + hint in body
    body = told_of_rest("NNNN", "NNNN")["muscle:chest"]
    assert "effort" not in body and "taken as hard" not in body


def test_r19_names_every_check_that_was_missed() -> None:
    bench = {"exercise": "Bench Press", "sets": 4, "reps": 8, "target_rir": {"min": 1, "max": 1.5}}
    curl = {"exercise": "Biceps Curl", "sets": 3, "reps": 12, "failure_slots": [2, 3]}
    body = told_of_plan({BENCH: "NFh", CURL: "NFNL"}, [bench, curl], reps=8)
    assert (
        "2 sets were taken to failure or to the last possible repetition where the plan has none"
        " (Bench Press, Biceps Curl). Also not as planned: 1 set not done, 3 sets not within 2 repetitions of the plan,"
        " 1 set in a failure slot with more than 1 repetition in reserve,"
        " 2 sets outside the planned repetitions in reserve, 1 set beyond the plan."
    ) in body
    short = told_of_plan({BENCH: "NNN"}, [bench | {"target_rir": None}])
    assert "of the plan. Not as planned: 1 set not done. The rule" in short


def test_titles_tell_two_open_alerts_apart() -> None:
    marts = Marts()
    marts.profile(level="beginner")
    marts.plan([{"exercise": "Bench Press", "sets": 3, "reps": 8}])
    for day in (0, 1, 2):
        marts.play(Session(day, {BENCH: "FFFN", CURL: "FFFN", PULL: "NNL"}, f"s{day}", ended=True))
    titles = [str(alert["title"]) for alert in marts.alerts() if alert["state"] == "open"]
    assert len(titles) == len(set(titles)) > 12, sorted(titles)
    assert "Bench Press: 3 sets to failure (4 Mar 2026)" in titles
    assert "Biceps Curl: failure in set 1 of 4, before the last (4 Mar 2026)" in titles
    assert "Bench Press and Lat Pulldown: 4 sets at or close to failure (4 Mar 2026)" in titles
    assert "Chest: trained again after 23 h" in titles
    assert "Bench Press, Biceps Curl and 1 more: 7 sets to failure that the plan does not have (4 Mar 2026)" in titles


def test_r19_without_unplanned_failure_says_how_much_of_the_plan_was_missed() -> None:
    marts = Marts()
    marts.plan([{"exercise": "Bench Press", "sets": 4, "reps": 8}])
    marts.play(Session(0, {BENCH: "NNN"}, "s", ended=True))
    (alert,) = marts.alerts("R19")
    assert alert["title"] == "Plan: 2 of 11 checks not met (2 Mar 2026)"


def test_counts_and_muscles_agree_with_their_verbs() -> None:
    bodies = told_of_rest("N" * 8, "N" * 8, SQUAT)
    assert "the quadriceps were trained again 23 h after the session of 2 March 2026" in bodies["muscle:quadriceps"]
    assert "once the quadriceps have rested for" in bodies["muscle:quadriceps"]
    assert "the glutes were trained" in bodies["muscle:glutes"]
    bodies = told_of_rest("N" * 8, "N" * 8, PULL)
    assert "In at least one of the two sessions this muscle only helped." in bodies["muscle:biceps"]
    bodies = told_of_rest("NNNN", "NNNN")
    assert "the chest was trained" in bodies["muscle:chest"] and "the chest has rested" in bodies["muscle:chest"]
    bodies = told_of_rest("N" * 8, "N" * 8, DEADLIFT)
    assert "the lower back was trained" in bodies["muscle:lower_back"]
    assert "1 of 1 working set of Back Squat ended" in told("R02", {SQUAT: "F"})
    assert "1 set was taken to failure" in told_of_plan(
        {BENCH: "NF"}, [{"exercise": "Bench Press", "sets": 1, "reps": 8}]
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_r19_names_adds_up_to_the_checks_that_were_missed(seed: int) -> None:
    rng = random.Random(seed)
    marts = Marts()
    slots = rng.sample((1, 2, 3, 4), rng.randint(0, 3))
    marts.plan([{"exercise": "Bench Press", "sets": 4, "reps": rng.choice((6, 8, 11)), "failure_slots": slots}])
    endings = "".join(rng.choice("FTLhNUu") for _ in range(rng.randint(1, 4)))
    marts.play(Session(0, {BENCH: endings}, "s", ended=True))
    for alert in marts.alerts("R19"):
        evidence = marts.select("select * from alert_evidence where alert_id = ?", [alert["alert_id"]])
        row = {one["metric"]: one for one in evidence}
        done = row["planned_sets_performed"]
        named = 2 * (done["threshold"] - done["value"]) + row["unplanned_failure_sets"]["value"]
        named += sum(one["value"] for metric, one in row.items() if metric.endswith("_missed"))
        assert named == row["plan_checks_passed"]["threshold"] - row["plan_checks_passed"]["value"]


def test_r21_says_of_which_day_its_number_is() -> None:
    marts = Marts()
    days = [(10, 5, 1, 14), (10, 4, 3, 14), (10, 3, 3, 14)]
    lane(marts, days, 0)
    before = {row["scope"]: row["body"] for row in marts.alerts("R21")}
    share = "In the 14 days to 3 March 2026, 60 % of 10 working sets had no effort"
    assert share in before["body:unknown_effort"]
    assert "The number is that of this day, on which it was first seen." in before["body:unknown_effort"]
    assert "In the 14 days to 3 March 2026, " in before["body:effort_conflict"]
    titles = {row["scope"]: row["title"] for row in marts.alerts("R21")}
    assert titles["body:unknown_effort"] == "No effort logged for 60 % of the sets (14 days to 3 March 2026)"
    lane(marts, [*days, (10, 1, 1, 14)], 3)
    assert {row["scope"]: row["body"] for row in marts.alerts("R21")} == before


def test_r21_does_not_round_its_number_down_to_the_limit() -> None:
    marts = Marts()
    lane(marts, [(199, 99, 20, 1)], 0)
    bodies = {row["scope"]: row["body"] for row in marts.alerts("R21")}
    assert "50.3 % of 199 working sets" in bodies["body:unknown_effort"]
    assert "20.2 % of the sets with known effort" in bodies["body:effort_conflict"]
