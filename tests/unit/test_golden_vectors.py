"""Golden vectors end to end: events in, SQL out (domain.md section 8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.oracle.samples import sample_sets
from tests.sim.driver import Driver
from tests.sim.views import Rows

ISOLATION = "Leg Extension (Machine)"
BENCH = "Bench Press (Barbell)"
FIRST = datetime(2026, 11, 2, 17, tzinfo=UTC)


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def a_set(n: int, *, at: datetime = FIRST, kg: float = 80, reps: int = 8, rir: float | None = None, **fields: Any):
    event = {
        "kind": "set", "athlete": "ana", "source": "gymlog", "document": f"d{n}", "session": f"s{n}",
        "performed_at": (at + timedelta(minutes=n)).isoformat(), "timezone": "Europe/Berlin", "exercise": BENCH,
        "set_index": n, "set_type": "working", "weight": {"value": kg, "unit": "kg"}, "reps": reps,
    }  # fmt: skip
    if rir is not None:
        event["effort"] = {"scale": "rir", "value": rir}
    return event | fields


def test_gv_01_rir_and_rpe(driver):
    driver.ingest([a_set(1, effort={"scale": "rpe", "value": 8.5}), a_set(2, rir=2),
                   a_set(3, effort={"scale": "rpe", "value": 4})])  # fmt: skip
    rows = driver.query("select rir, 10 - rir as rpe, list_contains(flags, 'censored') as censored"
                        " from set_fact order by document_id")  # fmt: skip
    assert rows == [
        {"rir": 1.5, "rpe": 8.5, "censored": False},
        {"rir": 2.0, "rpe": 8.0, "censored": False},
        {"rir": 5.0, "rpe": 5.0, "censored": True},
    ]


def test_gv_02_and_03_effort_weights(driver):
    steps = [0, 0.5, 1, 2, 3, 5]
    driver.ingest([a_set(n, rir=rir, exercise=ISOLATION) for n, rir in enumerate(steps)])
    rows = driver.query("select failure_load, fatigue_weighted_volume as f from exercise_session order by session_id")
    assert [row["failure_load"] for row in rows] == pytest.approx(
        [1, 0.562705, 0.316637, 0.100259, 0.031746, 0.003183], abs=5e-7
    )
    assert [row["f"] for row in rows] == pytest.approx([1, 0.693893, 0.521646, 0.370181, 0.322222, 0.302228], abs=5e-7)


def test_gv_04_estimate_from_the_reference(driver):
    past = [a_set(n, at=FIRST + timedelta(days=2 * n), kg=90, rir=2) for n in range(3)]
    today = FIRST + timedelta(days=10)
    driver.ingest([*past, *(a_set(n, at=today, kg=kg) for n, kg in ((4, 90), (5, 100), (6, 70)))])
    rows = driver.query(
        "select weight_kg, rir, rir_effective, rir_se, list_contains(flags, 'exceeds_reference') as exceeds,"
        " is_failure from set_fact where local_day = date '2026-11-12' order by document_id"
    )
    assert [row["rir_effective"] for row in rows] == [pytest.approx(2), 0.5, None]
    assert [row["exceeds"] for row in rows] == [False, True, False]
    assert [row["rir_se"] for row in rows] == [2.5, 2.5, None]
    assert not any(row["is_failure"] or row["rir"] is not None for row in rows)


def test_gv_05_to_07_epley(driver):
    driver.ingest([
        a_set(1, kg=100, reps=5, rir=2), a_set(2, kg=80, reps=8, rir=1), a_set(3, kg=60, reps=10, rir=0),
        a_set(4, kg=140, reps=1, rir=0), a_set(5, kg=140, reps=1, rir=1), a_set(6, kg=60, reps=12, rir=0.5),
    ])  # fmt: skip
    rows = driver.query("select e1rm_kg, e1rm_status from set_fact order by document_id")
    assert [row["e1rm_kg"] for row in rows[:5]] == pytest.approx([123.3333, 104, 80, 140, 149.3333], abs=5e-5)
    assert [row["e1rm_status"] for row in rows] == ["OK"] * 5 + ["DEGRADED"]


def test_gv_09_sample_plan(driver):
    driver.ingest(sample_sets())
    (day,) = driver.query("select * from athlete_day")
    assert (day["sets"], day["failure_sets"], day["failure_sets_explicit"]) == (21, 4, 4)
    assert day["volume_load_kg"] == 15_742
    assert day["weighted_volume"] == 24.0
    assert day["failure_load"] == pytest.approx(7.1953, abs=5e-5)
    assert day["fatigue_weighted_volume"] == pytest.approx(12.2367, abs=5e-5)
    assert day["unknown_effort_share"] == 0
    loads = [row["failure_load"] for row in driver.query("select * from exercise_session order by start_at")]
    assert loads == pytest.approx([1.0422, 1.4169, 0.5013, 2.3166, 0.5013, 1.4169], abs=5e-5)
    assert rules(driver, "R01", "R02", "R03", "R04") == []


def test_gv_10_muscles(driver):
    driver.ingest(sample_sets())
    rows = driver.query("select * from muscle_day where hard_sets_known > 0")
    assert {row["muscle"]: row["hard_sets_known"] for row in rows} == {
        "chest": 7, "shoulders": 4, "triceps": 2, "lats": 4, "biceps": 5, "middle back": 2, "forearms": 1.5,
        "quadriceps": 7, "calves": 2, "glutes": 2, "hamstrings": 2,
    }  # fmt: skip
    load = {row["muscle"]: row["failure_load"] for row in rows}
    assert [load[m] for m in ("chest", "biceps", "quadriceps", "forearms")] == pytest.approx(
        [2.2507, 2.5172, 1.8179, 1.1583], abs=5e-5
    )


def test_r06_counts_the_sets_without_effort_that_made_it_fire(driver):
    for day in (0, 1):
        at = FIRST + timedelta(days=day)
        rated = [a_set(n + 10 * day, session=f"s{day}", at=at, rir=2) for n in (1, 2)]
        unrated = [a_set(n + 10 * day, session=f"s{day}", at=at) for n in (3, 4, 5)]
        driver.ingest(
            [*rated, *unrated, a_set(6 + 10 * day, session=f"s{day}", at=at, rir=6)]
        )  # rir 6: known and not hard
    (row,) = driver.query(
        "select e.value, e.n_obs, a.body from alert a join alert_evidence e using (alert_id)"
        " where a.scope = 'muscle:chest' and e.metric = 'sets_without_effort_taken_as_hard'"
    )
    assert (row["value"], row["n_obs"]) == (6, 10)
    assert "6 of the 10 sets counted in the two sessions had no effort logged" in row["body"]


@pytest.mark.parametrize(
    ("rir", "hours", "expected"), [(1, 30, 0.625), (0, 30, 0.416667), (0, 50, 0.694444)], ids=["T48", "T72", "T72-50h"]
)
def test_gv_26_freshness(driver, rir, hours, expected):
    driver.ingest([a_set(n, session="s", rir=rir, exercise=ISOLATION) for n in (1, 2, 3)])
    now = FIRST + timedelta(minutes=3, hours=hours)
    driver.ingest([{"kind": "tick", "now_at": now.isoformat()}])
    (row,) = driver.query(
        "select value from indicator where metric = 'freshness' and scope = 'muscle:quadriceps'"
        " order by local_day desc limit 1"
    )
    assert row["value"] == pytest.approx(expected, abs=5e-7)


def test_gv_29_velocity(driver):
    first, second = [0.44, 0.41, 0.35, 0.31, 0.25, 0.20], [0.37, 0.30, 0.26, 0.19]
    driver.ingest([
        a_set(1, reps=6, rir=0, rep_velocities_m_s=first),
        a_set(2, at=FIRST + timedelta(days=2), reps=4, rir=0, rep_velocities_m_s=second),
        a_set(3, at=FIRST + timedelta(days=4), reps=3, rep_velocities_m_s=[0.40, 0.36, 0.33]),
    ])  # fmt: skip
    (row,) = driver.query("select * from set_fact where document_id = 'd3'")
    assert row["effort_source"] == "velocity"
    assert row["rir_effective"] == pytest.approx(2.529, abs=5e-4)
    assert row["rir"] is None
    assert not row["is_failure"]


@pytest.mark.parametrize(
    ("efforts", "drops", "fires"),
    [("NFN", 0, True), ("NFF", 0, False), ("NNF", 0, False), ("F", 0, False), ("NF", 2, False)],
)
def test_gv_30_failure_before_the_final_sets(driver, efforts, drops, fires):
    events = [
        a_set(n, session="s", exercise=ISOLATION, rir=2, outcome="completed")
        if effort == "N"
        else a_set(n, session="s", exercise=ISOLATION, outcome="failed_mechanical")
        for n, effort in enumerate(efforts)
    ]
    events += [a_set(len(efforts) + n, session="s", exercise=ISOLATION, set_type="drop", rir=2, outcome="completed")
               for n in range(drops)]  # fmt: skip
    driver.ingest(events)
    assert rules(driver, "R03") == (["R03"] if fires else [])


def rules(driver: Driver, *wanted: str) -> list[str]:
    """The rules among ``wanted`` that have an alert, once each."""
    rows = driver.query("select distinct rule from alert where state <> 'withdrawn' order by rule")
    return [row["rule"] for row in rows if row["rule"] in wanted]


def test_a_log_without_effort_has_no_failure_load_and_no_failure_rule(driver):
    sets = [a_set(n, session=f"s{n // 4}", at=FIRST + timedelta(days=n // 4), exercise=name)
            for n, name in enumerate([BENCH, "Squat (Barbell)", "Deadlift (Barbell)", ISOLATION] * 6)]  # fmt: skip
    profile = {"kind": "athlete", "athlete": "ana", "source": "coach", "document": "p", "timezone": "Europe/Berlin",
               "level": "beginner"}  # fmt: skip
    driver.ingest([profile, *sets])
    days = driver.query("select * from athlete_day where sets > 0")
    assert len(days) == 6
    assert {(d["failure_load"], d["failure_sets"], d["unknown_effort_share"]) for d in days} == {(0.0, 0, 1.0)}
    assert rules(driver, "R01", "R02", "R03", "R04", "R05", "R08", "R10") == []


DAY, NEXT_DAY = date(2026, 11, 2), date(2026, 11, 3)
ROW_VIEWS = {"set_fact", "exercise_session", "muscle_day", "athlete_day", "session_load", "indicator"}


def changed_keys(before: dict[str, Rows], after: dict[str, Rows]) -> dict[str, set[tuple[Any, ...]]]:
    """Per view, (local day, scope, session or document) of the rows that differ."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for view, old in before.items():
        a, b = ({tuple(map(str, row.values())): row for row in rows} for rows in (old, after[view]))
        rows = [a[key] for key in a.keys() - b.keys()] + [b[key] for key in b.keys() - a.keys()]
        if rows:
            found[view] = {
                tuple(row.get(name) for name in ("athlete_id", "local_day", "session_id", "document_id"))
                for row in rows
            }
    return found


def two_days(driver: Driver) -> dict[str, Rows]:
    driver.ingest([
        *(a_set(n, session="mon", rir=2, outcome="completed") for n in (1, 2, 3)),
        *(a_set(n, at=FIRST + timedelta(days=1), session="tue", rir=2, exercise=ISOLATION) for n in (4, 5)),
        *(a_set(n, session="other", rir=2, athlete="bob") for n in (6, 7)),
    ])  # fmt: skip
    return driver.views()


def test_a_correction_of_one_row_changes_exactly_what_it_should(driver):
    before = two_days(driver)
    driver.ingest([a_set(2, session="mon", rir=2, reps=9, outcome="completed")])
    changed = changed_keys(before, driver.views())
    assert changed.pop("set_fact") == {("ana", DAY, "mon", "d2")}
    assert changed.pop("exercise_session") == {("ana", DAY, "mon", None)}
    assert changed.pop("athlete_day") == {("ana", DAY, None, None)}
    touched = changed.pop("indicator")
    assert {key[0] for key in touched} == {"ana"}
    assert {key[1] for key in touched} == {DAY, NEXT_DAY}  # the seven-day sums of the next day hold the set too
    assert changed == {}


def test_a_delete_removes_what_the_set_was(driver):
    before = two_days(driver)
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "gymlog", "document": f"d{n}"} for n in (4, 5)])
    after = driver.views()
    for view in ROW_VIEWS - {"athlete_day", "indicator", "muscle_day"}:
        assert not [row for row in after[view] if row.get("session_id") == "tue"], view
        assert [row for row in after[view] if row.get("session_id") != "tue"] == [
            row for row in before[view] if row.get("session_id") != "tue"
        ]
    assert {(row["athlete_id"], row["local_day"]) for row in after["athlete_day"]} == {("ana", DAY), ("bob", DAY)}
    driver.ingest([{"kind": "delete", "athlete": a, "source": "gymlog", "document": f"d{n}"}
                   for a, n in (("ana", 1), ("ana", 2), ("ana", 3), ("bob", 6), ("bob", 7))])  # fmt: skip
    assert {view: len(rows) for view, rows in driver.views().items() if rows} == {}
