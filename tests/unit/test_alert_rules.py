"""Each row of the rule catalogue: fires, stays silent, its boundaries, and how it ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pipeline.alerts.evidence import recompute
from pipeline.alerts.rules import load
from tests.unit.alert_marts import DAY0, EXERCISES, Marts, Session

SQUAT, BENCH, CURL, ODD, PULL = 1, 2, 3, 4, 5


def levels(work: dict[int, str], rule: str, *, preset: str = "guideline", **more: object) -> dict[str, str]:
    marts = Marts()
    marts.play(Session(0, work, "s", **more), rules=load(preset))  # type: ignore[arg-type]
    check_recomputable(marts, preset)
    return {scope.split("/")[-1]: level for scope, level in marts.levels(rule).items()}


def check_recomputable(marts: Marts, preset: str = "guideline") -> None:
    """I8: every alert can be worked out again from its evidence rows alone, of which no two say the same."""
    rules = load(preset)
    for alert in marts.alerts():
        if alert["state"] == "withdrawn":
            continue
        evidence = marts.select("select * from alert_evidence where alert_id = ?", [alert["alert_id"]])
        assert recompute(rules[alert["rule"]], evidence) == alert["severity"], alert
        assert len({(row["metric"], row["window_start"]) for row in evidence}) == len(evidence), evidence


@pytest.mark.parametrize(
    ("exercise", "endings", "level"),
    [
        (CURL, "NFF", None),  # two on an isolation lift are allowed
        (CURL, "FFF", "warning"),
        (CURL, "NFFFF", "warning"),
        (BENCH, "NNF", None),
        (BENCH, "NFF", "advice"),  # exactly two on a lift of several joints
        (SQUAT, "NFF", "advice"),
        (BENCH, "FFF", "warning"),
        (ODD, "NFF", None),  # unknown class counts as isolation
        (ODD, "FFF", "warning"),
        (CURL, "LLL", "advice"),  # three, but only at the limit
        (CURL, "FFL", "advice"),
        (BENCH, "NLL", "info"),
        (BENCH, "NFL", "info"),
        (BENCH, "FFL", "advice"),  # two reported are advice, three with the limit lowered as well
        (BENCH, "TT", "advice"),
        (BENCH, "UUU", None),  # no effort is not failure
    ],
)
def test_r01_counts_failure_sets(exercise: int, endings: str, level: str | None) -> None:
    assert levels({exercise: endings}, "R01").get(EXERCISES[exercise][0]) == level


def test_r01_is_one_level_lower_for_a_date_without_time() -> None:
    assert levels({CURL: "FFF"}, "R01", date_only=True) == {"biceps_curl": "advice"}
    assert levels({CURL: "LLL"}, "R01", date_only=True) == {"biceps_curl": "advice"}  # lowered once in all
    assert levels({BENCH: "NLL"}, "R01", date_only=True) == {"bench_press": "info"}


@pytest.mark.parametrize(
    ("endings", "level"), [("NNF", "warning"), ("NNT", "warning"), ("NNL", "advice"), ("NNh", None), ("UUU", None)]
)
def test_r02_any_failure_on_an_axial_lift(endings: str, level: str | None) -> None:
    assert levels({SQUAT: endings}, "R02").get("exercise:back_squat") == level
    assert levels({BENCH: endings}, "R02") == {}


def test_r02_ends_with_three_sessions_without_failure() -> None:
    marts = Marts()
    marts.play(Session(0, {SQUAT: "NF"}), Session(3, {SQUAT: "NN"}), Session(6, {SQUAT: "NN"}))
    assert [row["state"] for row in marts.alerts("R02")] == ["open"]
    marts.play(Session(7, {BENCH: "NN"}))
    assert [row["state"] for row in marts.alerts("R02")] == ["open"]
    marts.play(Session(9, {SQUAT: "NN"}))
    assert [(row["state"], row["resolved_on"]) for row in marts.alerts("R02")] == [
        ("resolved", DAY0 + timedelta(days=9))
    ]
    marts.play(Session(12, {SQUAT: "NL"}))
    assert [(row["severity"], row["state"]) for row in marts.alerts("R02")] == [
        ("warning", "resolved"), ("advice", "open"),
    ]  # fmt: skip


def test_r02_ends_42_days_after_the_last_failure() -> None:
    marts = Marts()
    marts.play(Session(0, {SQUAT: "NF"}), Session(20, {SQUAT: "NF"}), later_days=41)
    assert [row["state"] for row in marts.alerts("R02")] == ["open"]
    marts.now(datetime(2026, 3, 2) + timedelta(days=62))
    marts.run({1: DAY0 + timedelta(days=61)})
    row = marts.alerts("R02")[0]
    assert (row["state"], row["opened_on"], row["resolved_on"]) == ("resolved", DAY0, DAY0 + timedelta(days=62))


def test_r02_counts_sessions_however_far_before_the_touched_day_they_lie() -> None:
    """Failure on day 0, sessions on days 39, 40, 41: the third closes it, whatever was seen before."""
    marts = Marts()
    for day in (0, 39, 40):
        marts.play(Session(day, {SQUAT: "NF" if day == 0 else "NN"}))
        assert [row["state"] for row in marts.alerts("R02")] == ["open"]
    marts.play(Session(41, {SQUAT: "NN"}))
    assert [row["resolved_on"] for row in marts.alerts("R02")] == [DAY0 + timedelta(days=41)]


@pytest.mark.parametrize(
    ("endings", "level"),
    [
        ("NFN", "advice"),  # GV-30
        ("NFF", None),
        ("NNF", None),
        ("F", None),
        ("NFNF", "advice"),
        ("NLN", "info"),
        ("NLF", None),  # no set that was no failure comes after
        ("FUU", None),  # effort unknown and failures not recorded: skipped
        ("Fuu", "advice"),  # effort unknown, but the source records failure
        ("UUU", None),
    ],
)
def test_r03_failure_before_the_last_sets(endings: str, level: str | None) -> None:
    assert levels({CURL: endings}, "R03").get("biceps_curl") == level


def test_r03_ignores_drop_rows() -> None:
    assert levels({CURL: "NF"}, "R03", drops={CURL: 2}) == {}


def test_r03_is_a_warning_in_two_exercises() -> None:
    assert levels({CURL: "FN", BENCH: "FN"}, "R03") == {"biceps_curl": "warning", "bench_press": "warning"}
    assert levels({CURL: "FN", BENCH: "LN"}, "R03") == {"biceps_curl": "advice", "bench_press": "advice"}
    assert levels({CURL: "LN", BENCH: "LN"}, "R03") == {"biceps_curl": "advice", "bench_press": "advice"}
    assert levels({CURL: "FN", BENCH: "NF"}, "R03") == {"biceps_curl": "advice"}


@pytest.mark.parametrize(
    ("work", "level"),
    [
        ({BENCH: "NNF"}, "advice"),
        ({BENCH: "NNL"}, "info"),
        ({BENCH: "NNh"}, None),  # one set under 1 in reserve
        ({BENCH: "Nhh"}, "advice"),
        ({BENCH: "Nh", PULL: "Nh"}, "advice"),  # two over the session
        ({SQUAT: "NNh"}, "advice"),
        ({SQUAT: "NNF"}, None),  # that is R02
        ({CURL: "hhh"}, None),
        ({ODD: "FFF"}, None),
        ({BENCH: "NNL", SQUAT: "NNh"}, "advice"),  # one alert with the worst
        ({BENCH: "UUU"}, None),
    ],
)
def test_r04_compound_lifts_close_to_failure(work: dict[int, str], level: str | None) -> None:
    assert levels(work, "R04").get("session:s") == level


def test_r04_is_one_level_lower_for_a_date_without_time() -> None:
    assert levels({BENCH: "NNF"}, "R04", date_only=True) == {"session:s": "info"}


def beginner(endings: str, exercise: int, **profile: object) -> dict[str, str]:
    marts = Marts()
    if profile:
        marts.profile(**profile)
    marts.play(Session(0, {exercise: endings}, "s"))
    check_recomputable(marts)
    return marts.levels("R05")


def test_r05_beginner_training_to_failure() -> None:
    assert beginner("NF", BENCH, level="beginner") == {"session:s": "warning"}
    assert beginner("NF", SQUAT, level="beginner") == {"session:s": "warning"}
    assert beginner("NF", CURL, level="beginner") == {"session:s": "advice"}
    assert beginner("NL", BENCH, level="beginner") == {"session:s": "advice"}
    assert beginner("NL", CURL, level="beginner") == {"session:s": "info"}
    assert beginner("NN", BENCH, level="beginner") == {}


def test_r05_is_silent_without_a_known_level() -> None:
    assert beginner("NF", BENCH) == {}
    assert beginner("NF", BENCH, level="advanced") == {}


def test_r05_reads_training_age_where_no_level_is_declared() -> None:
    assert beginner("NF", BENCH, training_since=DAY0 - timedelta(days=182)) == {"session:s": "warning"}
    assert beginner("NF", BENCH, training_since=DAY0 - timedelta(days=183)) == {}
    assert beginner("NF", BENCH, training_since=DAY0 - timedelta(days=10), level="intermediate") == {}


def test_r05_takes_the_level_in_force_on_the_day() -> None:
    marts = Marts()
    marts.profile(level="beginner")
    marts.profile(level="intermediate", timezone_from=DAY0 + timedelta(days=10))
    marts.play(Session(9, {CURL: "NF"}, "before"), Session(10, {CURL: "NF"}, "after"))
    assert marts.levels("R05") == {"session:before": "advice"}


def rested(gap_h: float, endings: str = "NNNN", exercise: int = BENCH, second: str = "NNNN") -> dict[str, str]:
    marts = Marts()
    marts.play(
        Session(0, {exercise: endings}, hour=6.0, hours=1.0),
        Session(0, {exercise: second}, hour=7.0 + gap_h, hours=1.0, name="later"),
    )
    check_recomputable(marts)
    return marts.levels("R06")


@pytest.mark.parametrize(
    ("gap_h", "level"),
    [(0.0, "warning"), (23.9, "warning"), (24.0, "advice"), (47.9, "advice"), (48.0, None), (72.0, None)],
)
def test_r06_after_48_hours_of_rest_asked_for(gap_h: float, level: str | None) -> None:
    assert rested(gap_h).get("muscle:chest") == level


@pytest.mark.parametrize(("gap_h", "level"), [(47.9, "advice"), (48.0, "info"), (71.9, "info"), (72.0, None)])
def test_r06_after_a_session_with_failure(gap_h: float, level: str | None) -> None:
    assert rested(gap_h, "NNNF").get("muscle:chest") == level
    assert rested(gap_h, "NNNL").get("muscle:chest") == level


def test_r06_tells_the_rest_that_was_asked_for_from_the_steps_of_the_rule() -> None:
    marts = Marts()
    marts.play(Session(0, {BENCH: "NNNN"}), Session(1, {BENCH: "NNNN"}))
    rows = marts.select(
        "select metric, value, threshold from alert_evidence join alert using (alert_id) where scope = 'muscle:chest'"
    )
    assert {row["metric"]: (row["value"], row["threshold"]) for row in rows if row["threshold"] <= 48} == {
        "hours_since_muscle_trained": (23.0, 48.0),
        "hours_since_muscle_trained_day": (23.0, 24.0),
        "hours_since_muscle_trained_rest": (23.0, 48.0),
        "rest_after_this_session_h": (48.0, 48.0),
    }


def test_r06_is_one_level_lower_where_the_muscle_only_helped() -> None:
    # the biceps help in pull-downs; 8 sets are 4 fractional ones
    assert rested(20.0, "N" * 8, PULL, "N" * 8) == {"muscle:lats": "warning", "muscle:biceps": "advice"}


def test_r06_needs_qualifying_sessions() -> None:
    assert rested(20.0, "N", BENCH, "NNNN") == {}


def test_r06_ends_when_the_muscle_is_fresh() -> None:
    marts = Marts()
    marts.play(Session(0, {BENCH: "NNNN"}), Session(1, {BENCH: "NNNN"}))  # ends on day 1 at 19:00
    marts.now(datetime(2026, 3, 5, 18, 59))
    marts.run({1: date(2026, 3, 3)})
    assert [row["state"] for row in marts.alerts("R06") if row["scope"] == "muscle:chest"] == ["open"]
    marts.now(datetime(2026, 3, 5, 19, 0))
    marts.run({1: date(2026, 3, 5)})
    row = next(row for row in marts.alerts("R06") if row["scope"] == "muscle:chest")
    assert (row["state"], row["resolved_on"]) == ("resolved", date(2026, 3, 5))
    assert marts.outbox()[-1]["state"] == "resolved"


def test_r06_updates_while_open_and_cools_down_after() -> None:
    marts = Marts()
    for day in (0, 1, 2):
        marts.play(Session(day, {BENCH: "NNNN"}))
    chest = [row for row in marts.alerts("R06") if row["scope"] == "muscle:chest"]
    assert [(row["opened_on"], row["updated_on"]) for row in chest] == [
        (DAY0 + timedelta(days=1), DAY0 + timedelta(days=2))
    ]
    # fresh on day 4 at 19:00; day 6 at 20:00 is 49 h on, so past the cool-down only from day 6 at 19:00 on
    marts.play(Session(5, {BENCH: "NNNN"}), Session(6, {BENCH: "NNNN"}, hour=18.5))
    assert len([row for row in marts.alerts("R06") if row["scope"] == "muscle:chest"]) == 1
    marts.play(Session(7, {BENCH: "NNNN"}))
    assert len([row for row in marts.alerts("R06") if row["scope"] == "muscle:chest"]) == 2


def test_session_alerts_end_after_seven_days_or_with_a_clean_session() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF", BENCH: "NNF"}, "s"), later_days=6)
    assert {row["rule"]: row["state"] for row in marts.alerts()} == {"R01": "open", "R04": "open"}
    marts.now(datetime(2026, 3, 9, 1))
    marts.run({1: date(2026, 3, 8)})
    assert {row["rule"]: row["resolved_on"] for row in marts.alerts()} == {
        "R01": date(2026, 3, 9), "R04": date(2026, 3, 9),
    }  # fmt: skip
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF", BENCH: "NNF"}, "s"), Session(1, {CURL: "FFF"}, "t"), Session(2, {CURL: "NN"}))
    ends = {(row["rule"], row["scope"]): row["resolved_on"] for row in marts.alerts() if row["rule"] in ("R01", "R04")}
    assert ends == {
        ("R01", "exercise-session:s/biceps_curl"): date(2026, 3, 4),
        ("R01", "exercise-session:t/biceps_curl"): date(2026, 3, 4),
        ("R04", "session:s"): date(2026, 3, 3),  # the next session of the athlete
    }


def test_no_effort_and_no_failure_flag_means_no_effort_alert() -> None:
    marts = Marts()
    marts.profile(level="beginner")
    marts.play(*(Session(day, {1: "UUU", 2: "UUUU", 3: "UUU"}) for day in range(0, 30, 3)))
    assert {row["rule"] for row in marts.alerts()} <= {"R06"}
    assert marts.alerts("R06") == []


def test_superseded_and_undated_sessions_make_no_alert() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF", SQUAT: "FNN"}, superseded_by="other"))
    assert marts.alerts() == []
    marts.play(Session(1, {CURL: "FFF"}))
    marts.connection.execute("delete from mart.condition")
    marts.connection.execute("delete from mart.alert")
    marts.connection.execute("update mart.set_fact set local_day = null")
    marts.connection.execute("update mart.session set local_day = null")
    marts.connection.execute("update mart.exercise_session set local_day = null")
    marts.run({1: DAY0})
    assert marts.select("select * from mart.alert") == []


def test_two_sources_with_one_session_id_make_one_alert_with_the_worse_finding() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "LLL"}, "7"), Session(30, {CURL: "FFF"}, "7", source="hevy"))
    assert [(row["severity"], row["opened_on"]) for row in marts.alerts("R01")] == [
        ("warning", DAY0 + timedelta(days=30))
    ]
    day = marts.remove("7", source="hevy")
    marts.run({1: day})
    assert [(row["severity"], row["opened_on"]) for row in marts.alerts("R01")] == [("advice", DAY0)]


def test_presets() -> None:
    lenient = "evidence"
    assert levels({CURL: "LLL"}, "R01", preset=lenient) == {}
    assert levels({CURL: "FFF"}, "R01", preset=lenient) == {"biceps_curl": "warning"}
    assert levels({SQUAT: "NNF"}, "R02", preset=lenient) == {"exercise:back_squat": "advice"}
    assert levels({BENCH: "NNF"}, "R04", preset=lenient) == {"session:s": "info"}
    assert levels({CURL: "LN"}, "R03", preset=lenient) == {}


def test_a_declared_period_is_named_as_context_and_silences_nothing() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"), Session(5, {CURL: "FFF"}, "t"))
    assert not any("Context" in row["body"] for row in marts.alerts("R01"))
    marts.run({1: marts.declare("travel", 3, 6)})
    bodies = {row["scope"].split("/")[0]: row["body"] for row in marts.alerts("R01")}
    assert "Context" not in bodies["exercise-session:s"]
    assert bodies["exercise-session:t"].endswith("Context: declared travel, 5 March 2026 to 8 March 2026.")
    assert marts.levels("R01")["exercise-session:t/biceps_curl"] == "warning"
    assert marts.select("select count(*) as n from alert_evidence where metric = 'declared_travel'")[0]["n"] == 1
    check_recomputable(marts)
    marts.connection.execute("delete from base.event_log")
    marts.run({1: DAY0 + timedelta(days=3)})
    assert not any("Context" in row["body"] for row in marts.alerts("R01"))
