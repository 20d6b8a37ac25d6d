"""The rules of the day lane end to end: what opens them, what does not, what ends them, and proof for each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from pipeline.alerts.day_fold import DayConditions, State, fold_days
from pipeline.alerts.evidence import recompute
from pipeline.alerts.life_cycle import NEVER_DAY
from pipeline.alerts.rules import load
from tests.sim.driver import Driver
from tests.unit.test_training_weeks import MONDAY, plan, sets_of

Event = dict[str, Any]
VARIED = "scope <> 'body:straight_line'"  # the athlete of these tests answers alike for weeks
LAST = 84  # days of recovery readings before the days that differ


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def alerts(driver: Driver, rule: str) -> list[dict[str, Any]]:
    return driver.query(f"select * from alert where rule = '{rule}' order by opened_on")


def told(driver: Driver, rule: str) -> list[tuple[str, str]]:
    """Severity and opening day of the alerts of a rule."""
    return [(str(row["severity"]), str(row["opened_on"])) for row in alerts(driver, rule)]


def prove(driver: Driver) -> None:
    """Every alert of the day rules follows from its evidence alone, and says something."""
    for row in driver.query("select * from alert where rule not in ('R06', 'R21')"):
        rows = driver.query(f"select * from alert_evidence where alert_id = '{row['alert_id']}'")
        assert recompute(load()[row["rule"]], rows) == row["severity"], row["title"]
        for part in ("title", "body", "action"):
            assert row[part] and "None" not in row[part] and "{" not in row[part] and ": ." not in row[part], row[part]


def night(day: date, asleep_min: float = 440, **fields: Any) -> Event:
    before = day - timedelta(days=1)
    if day == date(2026, 3, 29):  # summer time begins: the night has seven hours
        asleep_min = min(asleep_min, 420)
    return {
        "kind": "sleep", "athlete": "ana", "source": "ring", "document": f"n{day}", "timezone": "Europe/Lisbon",
        "start": f"{before}T22:30:00", "end": f"{day}T06:30:00", "asleep_min": asleep_min,
    } | fields  # fmt: skip


def resting(day: date, bpm: float) -> Event:
    return {
        "kind": "resting_heart_rate", "athlete": "ana", "source": "ring", "document": f"r{day}", "day": str(day),
        "bpm": bpm,
    }  # fmt: skip


def hrv(day: date, ms: float) -> Event:
    return {
        "kind": "hrv", "athlete": "ana", "source": "ring", "document": f"h{day}", "night": str(day),
        "statistic": "rmssd", "value_ms": ms, "context": "overnight",
    }  # fmt: skip


def checkin(day: date, **items: float) -> Event:
    return {
        "kind": "checkin", "athlete": "ana", "source": "app", "document": f"c{day}", "timezone": "Europe/Lisbon",
        "checked_at": f"{day}T08:00:00", "instrument": "mclean",
        "items": {"sleep_quality": 3, "fatigue": 3, "stress": 3, "soreness": 3, "mood": 3} | items,
    }  # fmt: skip


def days(first: int, last: int) -> list[date]:
    return [MONDAY + timedelta(days=n) for n in range(first, last)]


def steady(last: int = LAST) -> list[Event]:
    """Nights, heart rates and answers that vary a little, the same every fourth day."""
    events: list[Event] = []
    for n, day in enumerate(days(0, last)):
        wave = (n % 4) - 1.5
        events += [night(day, 440 + 6 * wave), resting(day, 52 + wave), hrv(day, 60 + 2 * wave), checkin(day)]
    return events


@pytest.mark.parametrize(("sets", "severity"), [(15, None), (16, "advice"), (18, "warning")])
def test_r07_opens_when_the_week_is_far_above_those_before(driver: Driver, sets: int, severity: str | None) -> None:
    driver.ingest(plan([12, 12, 12, 12, sets, 12]))
    found = told(driver, "R07")
    assert [level for level, _ in found] == ([severity] if severity else [])
    prove(driver)


@pytest.mark.parametrize(
    ("weeks", "severity"),
    [
        ([12, 12, 12, 12, 12, 6, 12, 12, 12, 12], None),  # back from a deload, seen on each day of the weeks after it
        ([18, 12, 12, 12, 18, 12], "advice"),  # 1.5 times, and what was done four weeks ago
        ([16, 12, 12, 12, 18, 12], "warning"),  # 1.13 times the most of the four weeks before
        ([18, 12, 12, 12, 12, 18, 12], "warning"),  # five weeks ago is no longer what the athlete is used to
    ],
)
def test_r07_warns_of_more_than_the_athlete_is_used_to(driver: Driver, weeks: list[int], severity: str | None) -> None:
    driver.ingest(plan(weeks))
    rows = alerts(driver, "R07")
    assert [row["severity"] for row in rows] == ([severity] if severity else [])
    assert all(("more than in any 7 days" in row["body"]) is (severity == "warning") for row in rows)
    prove(driver)


def test_r07_goes_on_where_every_week_before_holds_a_light_day(driver: Driver) -> None:
    """On one weekday in seven no block is left to compare with; that ends no rise that goes beyond the usual."""
    mornings = plan([6, 6, 6, 6, 6, 3, 6, 10, 10, 6])
    evenings = [
        event
        | {name: event[name] + "b" for name in ("document", "session")}
        | {"performed_at": event["performed_at"].replace("T17", "T20")}
        for event in mornings
    ]
    driver.ingest(mornings + evenings)
    (row,) = alerts(driver, "R07")
    gone = driver.query("select local_day from mart.training_week where hard_sets_base is null and hard_sets_7d > 36")
    assert [day["local_day"] for day in gone if row["opened_on"] < day["local_day"] < row["resolved_on"]]
    prove(driver)


def test_r07_of_golden_vector_28(driver: Driver) -> None:
    """40, 42, 41 then 60: u = 60 / 41 = 1.463415, which is advice."""
    events = [*sets_of(0, 10, 4), *sets_of(1, 14), *sets_of(2, 14)[:-1], *sets_of(3, 15, 4)]
    driver.ingest(events)
    (row,) = alerts(driver, "R07")
    assert row["severity"] == "advice"
    (proof,) = driver.query("select * from alert_evidence where metric = 'hard_sets_ratio'")
    assert proof["baseline"] == pytest.approx(41)
    assert proof["value"] == pytest.approx(proof["n_obs"] / 41)
    (last,) = driver.query(
        "select hard_sets_7d, hard_sets_base from mart.training_week order by local_day desc limit 1"
    )
    assert last["hard_sets_7d"] / last["hard_sets_base"] == pytest.approx(1.463415, abs=1e-6)
    prove(driver)


def test_r07_needs_a_base(driver: Driver) -> None:
    driver.ingest([*sets_of(0, 2), *sets_of(1, 2), *sets_of(2, 2), *sets_of(3, 12)])  # 6 sets a week: below the floor
    assert [row["scope"] for row in alerts(driver, "R07")] == ["muscle:quadriceps"]  # whose floor is 4


def test_r07_of_a_muscle_needs_a_base_too(driver: Driver) -> None:
    driver.ingest([*sets_of(0, 1), *sets_of(1, 1), *sets_of(2, 1), *sets_of(3, 12)])
    assert told(driver, "R07") == []


def test_r07_is_silent_after_a_deload_and_while_one_is_declared(driver: Driver) -> None:
    driver.ingest(plan([12, 12, 12, 12, 6, 12, 12]))  # the deload is none of the weeks compared with
    assert told(driver, "R07") == []
    period = {"kind": "declaration", "athlete": "ana", "document": "d", "what": "travel"}
    span = {"from_day": str(MONDAY + timedelta(days=28)), "to_day": str(MONDAY + timedelta(days=41))}
    driver.ingest([*sets_of(4, 20), period | span])
    assert told(driver, "R07") == []


def test_r08_asks_for_failure_load_and_known_effort(driver: Driver) -> None:
    failing = [event | {"effort": {"scale": "rir", "value": 0}} for event in sets_of(4, 12)]
    driver.ingest([*plan([12, 12, 12, 12]), *failing])
    assert [level for level, _ in told(driver, "R08")] == ["advice"]
    prove(driver)
    unknown = [{key: value for key, value in event.items() if key != "effort"} for event in sets_of(4, 12)]
    driver.ingest(unknown)  # the same sets without effort: no failure load at all
    assert told(driver, "R08") == []


def test_r09_grows_with_the_weeks_and_ends_with_a_deload(driver: Driver) -> None:
    driver.ingest(plan([12] * 14 + [6, 12]))
    (row,) = alerts(driver, "R09")
    assert row["severity"] == "warning"
    assert row["opened_on"] == MONDAY + timedelta(days=41)  # six weeks after the day before the first
    # a warning from the 83rd day, said anew since: in the first four weeks no deload would have been known for one
    assert row["updated_on"] == MONDAY + timedelta(days=83 + 2 * 7)
    assert row["state"] == "resolved"
    proof = driver.query(f"select * from alert_evidence where alert_id = '{row['alert_id']}'")
    windows = {one["metric"]: (one["window_start"], one["window_end"]) for one in proof}
    assert windows["weeks_since_deload"] == (MONDAY, row["updated_on"])  # no day before the first
    assert min(first for first, _ in windows.values()) == MONDAY
    prove(driver)


@pytest.mark.parametrize(("weeks", "severity"), [(8, "info"), (9, "warning")])  # a week ends after its last set
def test_r09_warns_eight_weeks_after_a_deload(driver: Driver, weeks: int, severity: str) -> None:
    driver.ingest(plan([12] * 5 + [6] + [12] * weeks))
    assert [row["severity"] for row in alerts(driver, "R09")] == [severity]


def test_one_bad_night_is_nothing(driver: Driver) -> None:
    driver.ingest([*steady(), night(days(LAST, LAST + 1)[0], 180)])
    assert driver.query(f"select rule, title from alert where {VARIED}") == []


def test_r12_asks_for_two_signs_and_grows_after_two_weeks(driver: Driver) -> None:
    short = [night(day, 340) for day in days(LAST, LAST + 8)]
    driver.ingest([*steady(), *short])
    (row,) = alerts(driver, "R12")  # short, and restless: 340 of 480 minutes in bed
    assert row["severity"] == "advice"
    assert "6 h 33 min of sleep a night (usual 7 h 20 min), 3 of 7 nights with much time awake" in row["body"]
    driver.ingest([night(day, 340) for day in days(LAST + 8, LAST + 20)])
    assert [row["severity"] for row in alerts(driver, "R12")] == ["warning"]
    prove(driver)


def test_r12_is_silent_on_one_sign_alone(driver: Driver) -> None:
    # less sleep and less time in bed: short, and not restless
    short = [
        night(day, 340, start=f"{day - timedelta(days=1)}T23:59:00", end=f"{day}T05:50:00")
        for day in days(LAST, LAST + 8)
    ]
    driver.ingest([*steady(), *short])
    assert told(driver, "R12") == []


def test_r12_counts_times_far_less_regular_than_usual(driver: Driver) -> None:
    late = []
    for n, day in enumerate(days(LAST, LAST + 10)):
        if n % 2:  # four hours later, and shorter
            late.append(night(day, 330, start=f"{day}T02:30:00", end=f"{day}T08:30:00"))
        else:
            late.append(night(day, 330, end=f"{day}T04:30:00"))
    driver.ingest([*steady(), *late])
    (row,) = alerts(driver, "R12")
    assert "much less regular than usual" in row["body"] and "time awake" not in row["body"]
    prove(driver)


def test_golden_vector_20_of_midpoints(driver: Driver) -> None:
    middles = (180, 210, 270, 165, 195, 300, 180)
    nights = []
    for day, middle in zip(days(0, 7), middles, strict=True):
        start = (middle - 180) % 1440  # six hours around the middle
        before = day if middle >= 180 else day - timedelta(days=1)
        nights.append(
            night(
                day, 300, start=f"{before}T{start // 60:02d}:{start % 60:02d}:00",
                end=f"{day}T{(middle + 180) // 60:02d}:{(middle + 180) % 60:02d}:00",
            )
        )  # fmt: skip
    driver.ingest(nights)
    (row,) = driver.query("select * from indicator where metric = 'sleep_midpoint_sd_min' and status = 'OK'")
    assert row["value"] == pytest.approx(47.32, abs=5e-3)


def test_r13_reads_answers_against_the_own_usual(driver: Driver) -> None:
    driver.ingest([*steady(), *(checkin(day, mood=2) for day in days(LAST, LAST + 7))])
    (row,) = alerts(driver, "R13")
    assert (row["severity"], row["state"]) == ("advice", "open")
    assert "low mood in 3 of the last 5 reports" in row["title"]
    driver.ingest([checkin(day) for day in days(LAST + 7, LAST + 16)])
    assert [row["state"] for row in alerts(driver, "R13")] == ["resolved"]
    prove(driver)


@pytest.mark.parametrize(("varies", "severity"), [(True, "warning"), (False, "advice")])
def test_r12_and_r13_of_answers_that_never_vary_do_not_grow(driver: Driver, varies: bool, severity: str) -> None:
    """The same signs for four weeks; alike in every answer they are DEGRADED (M30) from the 14th on."""
    bad = [
        event
        for n, day in enumerate(days(LAST, LAST + 28))
        for event in (
            night(day, 340, start=f"{day - timedelta(days=1)}T23:59:00", end=f"{day}T05:50:00"),
            checkin(day, mood=1, sleep_quality=1, fatigue=2 + n % 2 * varies),
        )
    ]
    driver.ingest([*steady(), *bad])
    for rule in ("R12", "R13"):
        assert {level for level, _ in told(driver, rule)} == {severity}, rule
    prove(driver)


@pytest.mark.parametrize("ms", [45.0, 80.0])
def test_r14_a_week_outside_the_range_is_said_and_nothing_more(driver: Driver, ms: float) -> None:
    driver.ingest([*steady(), *(hrv(day, ms) for day in days(LAST, LAST + 8))])
    assert {level for level, _ in told(driver, "R14")} == {"info"}
    assert {row["rule"] for row in driver.query(f"select rule from alert where {VARIED}")} == {"R14"}
    prove(driver)


def test_r15_needs_three_days_and_ends_near_the_usual(driver: Driver) -> None:
    raised = [resting(day, 59) for day in days(LAST, LAST + 6)]
    driver.ingest([*steady(), *raised[:5]])
    assert told(driver, "R15") == []  # the median of 7 days has moved for two days only
    driver.ingest(raised[5:])
    (row,) = alerts(driver, "R15")
    assert (row["severity"], row["opened_on"]) == ("advice", days(LAST + 5, LAST + 6)[0])
    driver.ingest([resting(day, 52) for day in days(LAST + 6, LAST + 12)])
    assert [row["state"] for row in alerts(driver, "R15")] == ["resolved"]
    prove(driver)


def test_r15_is_silent_while_an_illness_is_declared(driver: Driver) -> None:
    first, last = days(LAST - 2, LAST - 1)[0], days(LAST + 10, LAST + 11)[0]
    ill = {
        "kind": "declaration", "athlete": "ana", "document": "d", "what": "illness", "from_day": str(first),
        "to_day": str(last),
    }  # fmt: skip
    driver.ingest([*steady(), *(resting(day, 59) for day in days(LAST, LAST + 8)), ill])
    assert told(driver, "R15") == []
    driver.ingest([{"kind": "delete", "athlete": "ana", "document": "d"}])
    assert [level for level, _ in told(driver, "R15")] == ["advice"]


def test_an_alert_that_stays_open_tells_the_numbers_of_this_week(driver: Driver) -> None:
    begin = days(LAST, LAST + 40)
    driver.ingest([*steady(), *(night(day, 340) for day in begin[:20])])
    (first,) = alerts(driver, "R12")
    assert first["severity"] == "warning" and first["resolved_on"] is None
    driver.ingest([night(day, 300) for day in begin[20:]])
    (later,) = alerts(driver, "R12")
    assert later["alert_id"] == first["alert_id"] and later["severity"] == "warning"
    assert (begin[-1] - later["updated_on"]).days < 7 < (later["updated_on"] - first["updated_on"]).days
    assert "5 h 40 min of sleep" in first["body"]
    assert "5 h 0 min of sleep" in later["body"]
    prove(driver)
    assert driver.service.check() == []


def test_r16_compares_with_the_own_weeks(driver: Driver) -> None:
    driver.ingest(plan([12] * 10 + [24, 12]))
    assert [level for level, _ in told(driver, "R16")] == ["advice"]
    prove(driver)


def test_alerts_do_not_depend_on_the_cuts_or_the_order(driver: Driver) -> None:
    events = [*steady(), *plan([12] * 9 + [20] + [12] * 3)]
    events += [night(day, 340) for day in days(LAST, LAST + 16)] + [resting(day, 60) for day in days(LAST, LAST + 9)]
    events += [checkin(day, mood=1, stress=1) for day in days(LAST, LAST + 12)]
    driver.ingest(events)
    once = driver.query("select * from alert order by alert_id")
    assert {row["rule"] for row in once} >= {"R07", "R09", "R12", "R13", "R15"}
    evidence = driver.query("select * from alert_evidence order by all")
    prove(driver)
    rng = random.Random(7)
    rng.shuffle(events)
    with Driver() as other:
        at = 0
        while at < len(events):
            step = rng.choice((1, 20, 400, 900))
            other.ingest(events[at : at + step])
            at += step
        assert other.query("select * from alert order by alert_id") == once
        assert other.query("select * from alert_evidence order by all") == evidence
        assert other.service.check() == []


def slow_fold(rows: list[tuple[int, int, bool]], cool: int) -> list[tuple[int, int, int, int]]:
    """One key, day by day: episodes as (opened, ends, level, updated)."""
    found, now, cool_until, cool_level = [], None, -1, 0
    for day, level, closes in rows:
        if now is None:
            if level and (day >= cool_until or level > cool_level):
                now = [day, NEVER_DAY, level, day]
        elif level == 0 and closes:
            found.append((now[0], day, now[2], now[3]))
            cool_until, cool_level, now = day + cool, now[2], None
        elif level > now[2] or (level == now[2] and day - now[3] >= 7):
            now[2], now[3] = level, day
    return [*found, *([tuple(now)] if now else [])]


@pytest.mark.parametrize("seed", range(30))
def test_the_fold_is_the_slow_one(seed: int) -> None:
    rng = random.Random(seed)
    keys = 6
    rows = {
        key: [
            (day, rng.choice((0, 0, 1, 2, 3)), rng.random() < 0.5)
            for day in sorted(rng.sample(range(60), rng.randrange(1, 50)))
        ]
        for key in range(keys)
    }
    flat = sorted((day, key, level, closes) for key, own in rows.items() for day, level, closes in own)
    columns = [np.array(column) for column in zip(*flat, strict=True)]
    conditions = DayConditions(columns[1], columns[0], columns[2], columns[3].astype(bool))
    episodes = fold_days(conditions, State.empty(keys), np.full(keys, 7)).episodes
    found: dict[int, list[tuple[int, int, int, int]]] = {key: [] for key in range(keys)}
    for key, opened, ends, level, updated, _ in zip(*(column.tolist() for column in episodes), strict=True):
        found[key].append((opened, ends, level, updated))
    assert {key: sorted(own) for key, own in found.items()} == {key: slow_fold(own, 7) for key, own in rows.items()}
