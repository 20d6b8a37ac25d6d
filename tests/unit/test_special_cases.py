"""What Spotter answers in cases where it would be easy to say too much: docs/special-cases.md, held to the pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.panels import panel_sql
from tests.sim.driver import Driver
from tests.unit.test_day_rules import checkin, days, hrv, night, resting
from tests.unit.test_training_weeks import MONDAY, sets_of
from tests.unit.test_trend_rules import CURL, GV_17, RAISE, course

Event = dict[str, Any]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "special-cases.md"
WEEKS = 12  # of an ordinary life before the case begins
BEGIN = 7 * WEEKS
LB = 0.45359237


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def trained(first: int, last: int) -> list[Event]:
    """Three sessions a week, each an hour later than the one before, every fifth week a deload."""
    events = [event for week in range(first, last) for event in sets_of(week, 3 if week % 5 == 4 else 6)]
    return [
        event | {"performed_at": event["performed_at"].replace("T17", f"T{17 + int(event['session'][-1])}")}
        for event in events
    ]


def lived(first: int, last: int) -> list[Event]:
    """Nights, heart signals and answers that vary a little."""
    events: list[Event] = []
    for n, day in enumerate(days(first, last), first):
        wave = (n % 4) - 1.5
        events += [night(day, 440 + 6 * wave), resting(day, 52 + wave), hrv(day, 60 + 2 * wave)]
        events.append(checkin(day, mood=3 + n % 2, fatigue=3 + (n // 2) % 2))
    return events


def ordinary(weeks: int = WEEKS + 2) -> list[Event]:
    return [*trained(0, weeks), *lived(0, 7 * weeks)]


def changed(
    events: list[Event], kind: str, first: int, last: int, change: Callable[[Event, date], Event]
) -> list[Event]:
    """Those of a kind whose day lies in the range, by ``change``."""
    inside = {str(day) for day in days(first, last)}
    out = []
    for event in events:
        day = str(event.get("day") or event.get("night") or event.get("end") or event.get("checked_at")
                  or event.get("performed_at"))[:10]  # fmt: skip
        out.append(change(event, date.fromisoformat(day)) if event["kind"] == kind and day in inside else event)
    return out


def declared(what: str, first: int, last: int) -> Event:
    span = {"from_day": str(MONDAY + timedelta(days=first)), "to_day": str(MONDAY + timedelta(days=last))}
    return {"kind": "declaration", "athlete": "ana", "document": "declared", "what": what} | span


def falling() -> list[Event]:
    """Two lifts that fall for four weeks, beside an ordinary life."""
    first = BEGIN - 21
    return [*lived(0, BEGIN + 14), *course(CURL, GV_17, first), *course(RAISE, GV_17, first)]


def in_pounds(event: Event, _: date) -> Event:
    return event | {"weight": {"value": round(event["weight"]["value"] / LB, 1), "unit": "lb"}}


def failed(event: Event, _: date) -> Event:
    return event | {"outcome": "failed_mechanical", "effort": {"scale": "rir", "value": 0}}


def alike(_: Event, day: date) -> Event:
    return checkin(day)


def lowest(_: Event, day: date) -> Event:
    return checkin(day, sleep_quality=1, fatigue=1, stress=1, soreness=1, mood=1)


def short(_: Event, day: date) -> Event:
    return night(day, 340)


def without(events: list[Event], kinds: set[str], first: int) -> list[Event]:
    ended = {str(day) for day in days(first, first + 60)}
    return [
        event for event in events
        if event["kind"] not in kinds
        or str(event.get("day") or event.get("night") or event.get("end") or event.get("checked_at"))[:10] not in ended
    ]  # fmt: skip


CASES: dict[str, list[Event]] = {
    "An ordinary life": ordinary(),
    "One bad night": changed(ordinary(), "sleep", BEGIN, BEGIN + 1, lambda _, day: night(day, 180)),
    "One week of low HRV": changed(ordinary(), "hrv", BEGIN, BEGIN + 7, lambda _, day: hrv(day, 45)),
    "A declared deload": [*falling(), declared("deload", BEGIN - 21, BEGIN + 14)],
    "The same without the declaration": falling(),
    "From kilograms to pounds": changed(ordinary(), "set", BEGIN, BEGIN + 14, in_pounds),
    "Every set marked as failure": changed(ordinary(), "set", 0, BEGIN + 14, failed),
    "The same answers every morning": changed(ordinary(), "checkin", BEGIN - 14, BEGIN + 14, alike),
    "The lowest answers every morning": changed(ordinary(), "checkin", 0, BEGIN + 14, lowest),
    "Short nights, then none at all": without(
        changed(ordinary(), "sleep", BEGIN - 7, BEGIN + 3, short), {"sleep"}, BEGIN + 3
    ),
}  # fmt: skip


def answers_of_the_page() -> dict[str, set[str]]:
    """Per heading the alerts that the page says, as "R14 info"."""
    found = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        (line,) = re.findall(r"^Alerts: (.+)\.$", part, re.MULTILINE)
        found[part.splitlines()[0]] = set() if line == "none" else set(line.replace("`", "").split(", "))
    return found


def test_the_page_has_every_case_and_no_other() -> None:
    assert set(answers_of_the_page()) == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_the_one_the_page_gives(driver: Driver, case: str) -> None:
    driver.ingest(CASES[case])
    rows = driver.query("select distinct rule, severity from alert where state <> 'withdrawn'")
    assert {f"{row['rule']} {row['severity']}" for row in rows} == answers_of_the_page()[case]


# no alert from estimates alone


def test_no_alert_from_estimates_alone(driver: Driver) -> None:
    """Weeks of sets whose effort nobody stated, and whose weights and repetitions say that nothing was left."""
    lifts = ("Squat (Barbell)", "Bench Press (Barbell)", CURL)

    def sets(week: int, session: int, kg: float, **said: Any) -> list[Event]:
        day = MONDAY + timedelta(days=7 * week + 2 * session)
        return [
            {
                "kind": "set", "athlete": "ana", "document": f"{day}{lift}{n}", "session": str(day), "set_index": n,
                "performed_at": f"{day}T{17 + session}:{n:02d}:00", "timezone": "Europe/Lisbon", "exercise": lift,
                "set_type": "working", "weight": {"value": kg, "unit": "kg"}, "reps": 8,
            } | said
            for lift in lifts for n in range(4)
        ]  # fmt: skip

    known = [e for week in range(3) for s in range(3) for e in sets(week, s, 40, effort={"scale": "rir", "value": 2})]
    silent = [e for week in range(3, 9) for s in range(3) for e in sets(week, s, 42 - 0.1 * week)]
    profile = {"kind": "athlete", "athlete": "ana", "document": "p", "timezone": "Europe/Lisbon", "level": "beginner"}
    driver.ingest([profile, *known, *silent])
    estimated = driver.query("select * from set_fact where effort_source = 'load_reps' and rir_effective < 1")
    assert len(estimated) > 50 and not any(row["is_failure"] for row in estimated)
    (loads,) = driver.query(
        "select sum(failure_load) as known, sum(failure_load_estimated) as estimated, min(local_day) as first"
        f" from athlete_day where local_day >= date '{MONDAY + timedelta(days=21)}'"
    )
    assert loads["known"] == 0 and loads["estimated"] > 10
    found = {row["rule"] for row in driver.query("select distinct rule from alert")}
    assert found and found <= {"R06", "R07", "R09", "R21"}  # those that may rest on sets of unknown effort (I7)


# nothing green on a missing night

NIGHT_SIGNS = ("sleep_minutes", "resting_hr_bpm", "hrv_ms", "sleep_efficiency")
JUDGED_SIGNS = ("sleep_debt_h", "resting_hr_deviation_bpm", "resting_hr_z", "hrv_state", "hrv_z")
NIGHT_METRICS = ("M22", "M23", "M24", "M25", "M27", "M28", "M29")


def roster(driver: Driver) -> str:
    (row,) = driver.service.query(panel_sql("roster"), ["home", None])
    return str(row["attention"])


def test_nothing_green_on_a_missing_night(driver: Driver) -> None:
    events = without(ordinary(), {"sleep", "resting_heart_rate", "hrv"}, BEGIN)
    driver.ingest([*events, {"kind": "tick", "now_at": f"{MONDAY + timedelta(days=BEGIN + 13)}T20:00:00Z"}])
    since = days(BEGIN - 2, BEGIN)[0]  # not the last night before: summer time began in it, and it was too short in bed
    rows = driver.query(f"select * from recovery_day where local_day >= date '{since}' order by local_day")
    known, missing, stale = rows[0], rows[2:], rows[5:]
    assert not [name for name in (*NIGHT_SIGNS, *JUDGED_SIGNS) if known[name] is None]
    assert len(missing) > 10 and not [row for row in missing for name in NIGHT_SIGNS if row[name] is not None]
    assert not [(row["local_day"], name) for row in stale for name in JUDGED_SIGNS if row[name] is not None]
    listed = ", ".join(f"'{metric}'" for metric in NIGHT_METRICS)
    told = driver.query(f"select * from indicator where metric_id in ({listed}) order by local_day")
    late = [row for row in told if row["local_day"] >= days(BEGIN + 3, BEGIN + 4)[0]]
    assert late and not [row for row in late if row["status"] == "OK" or row["value"] is not None]
    readiness = driver.query(f"select * from readiness_day where local_day >= date '{days(BEGIN + 3, BEGIN + 4)[0]}'")
    assert len(readiness) > 7
    for row in readiness:
        assert row["sleep_points"] is row["hrv_points"] is row["resting_hr_points"] is None
        assert (row["coverage"] or 0) <= 0.6 + 1e-9


@pytest.mark.parametrize(
    ("rule", "kind", "change"),
    [
        ("R12", "sleep", short),
        ("R13", "checkin", lambda _, day: checkin(day, mood=1)),
        ("R14", "hrv", lambda _, day: hrv(day, 45)),
        ("R15", "resting_heart_rate", lambda _, day: resting(day, 62)),
    ],
)
def test_what_is_missing_ends_no_alert(
    driver: Driver, rule: str, kind: str, change: Callable[[Event, date], Event]
) -> None:
    """It stays open without readings, ends with readings that are good, or when there were none for four weeks."""
    events = changed(ordinary(WEEKS + 6), kind, BEGIN, BEGIN + 10, change)
    told = f"select state, resolved_on from alert where rule = '{rule}'"
    driver.ingest(without(events, {kind}, BEGIN + 10))
    (row,) = driver.query(told)
    ends = row["resolved_on"]
    assert ends is not None and ends >= MONDAY + timedelta(days=BEGIN + 10 + 28)
    with Driver() as measured:
        measured.ingest(events)
        (row,) = measured.query(told)
        assert MONDAY + timedelta(days=BEGIN + 10) <= row["resolved_on"] < MONDAY + timedelta(days=BEGIN + 10 + 28)


def test_the_roster_is_green_on_no_night_that_is_missing(driver: Driver) -> None:
    """One night without data, of somebody who is ready otherwise; and again once it comes late."""
    last = 7 * (WEEKS + 2) - 1
    nightly = {"sleep", "resting_heart_rate", "hrv"}
    driver.ingest(without(ordinary(), nightly, last))
    (row,) = driver.service.query(panel_sql("roster"), ["home", None])
    assert (row["attention"], row["night"], row["night_age_days"]) == ("unknown", "missing", 1)
    driver.ingest([event for event in ordinary() if event["kind"] in nightly])
    (row,) = driver.service.query(panel_sql("roster"), ["home", None])
    assert (row["attention"], row["night"]) == ("ready", "usual")


def test_an_open_finding_about_sleep_keeps_the_roster_from_ready(driver: Driver) -> None:
    driver.ingest(CASES["An ordinary life"])
    assert roster(driver) == "ready"
    with Driver() as other:
        other.ingest(CASES["Short nights, then none at all"])
        assert roster(other) == "watch"
    with Driver() as other:
        other.ingest(CASES["The same answers every morning"])
        assert roster(other) == "unknown"
        told = other.query("select status from indicator where metric = 'mood_z' order by local_day desc limit 1")
        assert told == [{"status": "DEGRADED"}]
    with Driver() as other:  # nights alone are no evidence about training
        other.ingest(lived(0, 30))
        assert roster(other) == "unknown"
