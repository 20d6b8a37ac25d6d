"""A gym's own rules, through the real pipeline: they open, close, are proven and withdrawn, and harm nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.alerts.evidence import recompute
from pipeline.alerts.labels import rule_name
from pipeline.worker.fresh import versions_of
from pipeline.worker.own_rules import FAILURES_NAME, failures_of, folder_of
from tests.sim.driver import Driver
from tests.unit.own_pair import by_number, put, shown
from tests.unit.test_training_weeks import MONDAY, plan, sets_of

Event = dict[str, Any]
BUSY = [*plan([12, 12, 12]), *sets_of(3, 4, 5), *sets_of(4, 4, 5), *plan([12] * 7)[-2 * 36 :]]
# with rows of its own it fails: names of exercises are no numbers
FAILS = shown("sql").replace("w.hard_sets_7d,", "(select max(display_name)::integer from base.exercise),")
TWICE = shown("sql") + "join (values (1), (2)) v(n) on true\n"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    """A service whose folder has the page's rule."""
    data = tmp_path / "D"
    put(data / "rules")
    opened = Driver(data)
    yield opened
    opened.close()


def own(driver: Driver, rule: str = "X01") -> list[dict[str, Any]]:
    return driver.query(f"select * from alert where rule = '{rule}' order by opened_on, athlete_id")


def others(driver: Driver) -> list[dict[str, Any]]:
    return driver.query("select * from alert where rule < 'S' order by alert_id")


def test_the_pages_rule_opens_says_proves_and_closes(driver: Driver) -> None:
    driver.ingest(BUSY)
    (row,) = own(driver)
    # five sessions from Monday of the fourth week to the next Tuesday: seven days hold five for the first time
    # on Tuesday, where the sessions of Monday and Tuesday of the fifth week fall
    trained = driver.query("select local_day, sessions_7d from mart.training_week order by local_day")
    first = next(day["local_day"] for day in trained if day["sessions_7d"] >= 5)
    last = next(day["local_day"] for day in trained if day["local_day"] > first and day["sessions_7d"] < 4)
    assert (row["opened_on"], row["resolved_on"], row["severity"]) == (first, last, "advice")
    assert row["scope"] == "body" and row["state"] == "resolved"
    said = row["updated_on"]  # a week later, with the numbers of that week
    assert said == first + timedelta(days=7)
    assert row["title"] == f"5 sessions in 7 days (to {said.day} {said:%b %Y})"
    assert row["body"].endswith(
        "Our rule: fewer than 5 a week. It goes away once there are fewer than 4 sessions in 7 days."
    )
    proof = driver.query(f"select * from alert_evidence where alert_id = '{row['alert_id']}'")
    assert {one["metric"]: one["threshold"] for one in proof} == {
        "week_sessions": 5, "week_sessions_most": 7, "week_hard_sets": None,
    }  # fmt: skip
    assert recompute(driver.service.rules["X01"], proof) == "advice"
    assert rule_name("X01") == "Many sessions in a week"
    assert driver.service.check() == []


def test_views_and_the_tables_below_find_the_same(driver: Driver) -> None:
    put(driver.data / "rules", "X02", sql=by_number())
    driver.restart()
    driver.ingest([*BUSY, *({**event, "athlete": "bo"} for event in BUSY)])
    said = [
        [(row["athlete_id"], row["opened_on"], row["title"]) for row in own(driver, rule)] for rule in ("X01", "X02")
    ]
    assert said[0] == said[1] and {who for who, *_ in said[0]} == {"ana", "bo"}
    assert driver.service.check() == []


def test_cuts_and_corrections_reach_it(driver: Driver) -> None:
    for low in range(0, len(BUSY), 17):
        driver.ingest(BUSY[low : low + 17])
    (row,) = own(driver)
    with Driver(driver.data.with_name("E")) as other:
        put(other.data / "rules")
        other.restart()
        other.ingest(BUSY)
        assert own(other) == [row]
    gone = [{"kind": "delete", "athlete": "ana", "document": one["document"]} for one in sets_of(4, 4, 5)]
    driver.ingest(gone)
    assert own(driver) == []
    told = driver.query("select state from base.outbox where payload ->> '$.rule' = 'X01' order by seq desc limit 1")
    assert told == [{"state": "withdrawn"}]
    assert driver.service.check() == []


def test_a_declared_period_silences_it(driver: Driver) -> None:
    span = {"from_day": str(MONDAY), "to_day": str(MONDAY + timedelta(days=60))}
    period = {"kind": "declaration", "athlete": "ana", "document": "d", "what": "travel"} | span
    driver.ingest([*BUSY, period])
    assert own(driver) == []


def test_a_changed_file_works_history_out_again(driver: Driver) -> None:
    driver.ingest(BUSY)
    before, version = own(driver), versions_of(driver.data)
    assert version["rule_version"] == driver.service.rules.version
    put(driver.data / "rules", toml=shown("toml").replace("many = 5", "many = 6"))
    assert versions_of(driver.data) != version
    driver.restart()
    assert own(driver) == []
    put(driver.data / "rules", toml=shown("toml").replace("Our rule", "The house rule"))
    driver.restart()
    (row,) = own(driver)
    assert row["alert_id"] == before[0]["alert_id"] and "The house rule" in row["body"]
    for path in (driver.data / "rules").iterdir():
        path.unlink()
    driver.restart()
    assert own(driver) == [] and driver.service.rules.own == {}


def test_it_shares_nothing_with_the_rule_of_the_same_number_and_changes_no_other(tmp_path: Path) -> None:
    events = [*plan([12] * 9 + [20] + [12] * 3), *sets_of(13, 4, 5), *sets_of(14, 4, 5)]
    with Driver(tmp_path / "plain") as plain:
        plain.ingest(events)
        expected = others(plain)
    assert {"R07", "R09", "R16"} <= {row["rule"] for row in expected}
    put(tmp_path / "D" / "rules", "X07")
    put(tmp_path / "D" / "rules", "X16")
    with Driver(tmp_path / "D") as driver:
        driver.ingest(events)
        assert others(driver) == expected
        assert len(own(driver, "X07")) == len(own(driver, "X16")) == 1
        assert driver.service.check() == []


@pytest.mark.parametrize(
    "text", [b"version = ", b"\xff\xfe", b"", b"x" * (65 << 10)], ids=["cut", "bytes", "empty", "long"]
)
def test_a_bad_file_is_left_out_and_nothing_else(driver: Driver, text: bytes) -> None:
    (driver.data / "rules" / "X02.toml").write_bytes(text)
    (driver.data / "rules" / "R07.sql").write_bytes(b"select 1")
    driver.restart()
    driver.ingest(BUSY)
    assert len(own(driver)) == 1
    assert [(pair.name, bool(pair.wrong)) for pair in folder_of(driver.data).left_out] == [("R07", True), ("X02", True)]
    assert driver.service.failure is None and driver.service.why_not_ready is None


@pytest.mark.parametrize(("sql", "why"), [(FAILS, "Could not convert"), (TWICE, "scope and day of another row")])
def test_a_rule_that_fails_on_the_data_is_left_out_until_it_is_corrected(
    driver: Driver, tmp_path: Path, sql: str, why: str
) -> None:
    put(driver.data / "rules", "X02", sql=sql)
    driver.restart()
    assert set(driver.service.rules.own) == {"X01", "X02"}  # nothing is wrong with it as long as there are no rows
    driver.ingest(BUSY)
    assert set(driver.service.rules.own) == {"X01"}
    assert len(own(driver)) == 1 and own(driver, "X02") == []
    with Driver(tmp_path / "plain") as plain:
        plain.ingest(BUSY)
        assert others(driver) == others(plain)
    (told,) = failures_of(driver.data).values()
    assert why in told
    driver.restart()
    assert set(driver.service.rules.own) == {"X01"}
    assert driver.service.query("select rule_version from base.ledger") == [
        {"rule_version": driver.service.rules.version}
    ]
    assert versions_of(driver.data)["rule_version"] == driver.service.rules.version
    assert driver.service.check() == []
    driver.service.rebuild()  # tries it, and leaves it out again
    assert set(driver.service.rules.own) == {"X01"} and json.loads((driver.data / FAILURES_NAME).read_text())
    put(driver.data / "rules", "X02")
    driver.restart()
    assert len(own(driver, "X02")) == 1


def test_a_rule_without_end_is_stopped(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "(with recursive r as (select 1 as n from base.athlete union all select n from r) select max(n) from r),"
    put(driver.data / "rules", "X02", sql=shown("sql").replace("w.hard_sets_7d,", endless))
    driver.restart()
    monkeypatch.setattr("pipeline.alerts.own_condition.SECONDS_MAX", 0.5)
    driver.ingest(sets_of(0, 2))
    assert "X02" not in driver.service.rules.own and "Interrupt" in "".join(failures_of(driver.data).values())
    assert driver.service.why_not_ready is None
    assert driver.query("select count(*) as n from set_fact") == [{"n": 6}]


def test_rows_nobody_asked_for_count_for_nothing(driver: Driver) -> None:
    """Other athletes, days to come, numbers without end: none of it reaches an alert."""
    sql = by_number().replace("w.athlete_no, 'body'", "w.athlete_no + 1 as athlete_no, 'body'")
    put(driver.data / "rules", "X02", sql=sql)
    put(driver.data / "rules", "X05", sql=shown("sql").replace("w.athlete_id, 'body'", "'bo' as athlete_id, 'body'"))
    put(driver.data / "rules", "X03", sql=shown("sql").replace("w.local_day,\n", "w.local_day + 4000 as local_day,\n"))
    put(driver.data / "rules", "X04", sql=shown("sql").replace("w.sessions_7d, null, null,", "1 / 0, null, null,"))
    driver.restart()
    driver.ingest(BUSY)
    assert [rule for rule in ("X01", "X02", "X03", "X04", "X05") if own(driver, rule)] == ["X01"]
    assert set(driver.service.rules.own) == {"X01", "X02", "X03", "X04", "X05"}
