"""The day-level lane in parts: some athletes a transaction, the days that tell something, and room given back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts import findings, needs, statements
from pipeline.alerts.day_rules import day_rules
from pipeline.alerts.rules import load
from pipeline.store import shard as store
from pipeline.store.shard import Shard
from pipeline.worker import marked_days
from tests.sim.driver import Driver
from tests.sim.views import differences, read_views
from tests.unit.test_day_rules import steady
from tests.unit.test_training_weeks import plan

RULES = day_rules(load())


def events_of(athletes: int) -> list[dict[str, Any]]:
    one = [*plan([12, 12, 12, 12, 18, 12]), *steady(50)]
    return [event | {"athlete": f"a{number}"} for number in range(athletes) for event in one]


def test_some_athletes_a_transaction_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_of(5)
    with Driver() as whole, Driver() as parts:
        whole.ingest(events)
        seen = []

        def counted(connection: Any, after: int) -> int | None:
            found = original(connection, after)
            seen.append(connection.execute("select count(*) from marked").fetchall()[0][0])
            return found

        original = marked_days.take_next_marks
        monkeypatch.setattr("pipeline.worker.apply.take_next_marks", counted)
        monkeypatch.setattr(marked_days, "_NEXT", marked_days._NEXT.replace(str(marked_days.CHUNK_DAYS), "150"))
        parts.ingest(events)
        assert seen == [2, 2, 1]
        assert not differences(read_views(whole.query), read_views(parts.query))
        assert parts.service.query("select marks from ledger") == [{"marks": 0}]


def test_a_stop_waits_for_one_part_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marked_days, "_NEXT", marked_days._NEXT.replace(str(marked_days.CHUNK_DAYS), "1"))
    events = events_of(3)
    with Driver() as driver, Driver() as whole:
        whole.ingest(events)
        driver.service._stopping = True
        driver.ingest(events)
        assert driver.service.query("select marks from ledger")[0]["marks"] == 2
        driver.restart()
        driver.service.apply_all()
        assert driver.service.query("select marks from ledger") == [{"marks": 0}]
        assert not differences(read_views(whole.query), read_views(driver.query))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_sql_asks_what_the_levels_ask(rule: Any, data: st.DataObject) -> None:
    limits = sorted(set(rule.thresholds.values()) | {0.0, 1.0})
    near = st.sampled_from([float(limit) + step for limit in limits for step in (-0.5, 0.0, 0.5)])
    row = st.lists(st.none() | near, min_size=findings.width(rule), max_size=findings.width(rule))
    rows = data.draw(st.lists(row, min_size=1, max_size=8))
    found = np.array([[np.nan if value is None else value for value in one] for one in rows])
    connection = duckdb.connect()
    connection.execute("create table condition (n integer, found double[])")
    connection.executemany("insert into condition values (?, ?)", list(enumerate(rows)))
    said = connection.execute(f"select {findings.holds_sql(rule)} from condition order by n").fetchall()
    assert [holds for (holds,) in said] == (findings.levels(rule, found) > 0).tolist()


def held(shard: Shard) -> int:
    sql = "select sum(estimated_size) from duckdb_tables() where schema_name in ('base', 'mart')"
    return int(shard.connection.execute(sql).fetchall()[0][0])


@pytest.mark.parametrize(("share", "tidy"), [(0.2, False), (0.6, True)])
def test_room_of_deleted_rows_is_given_back_once_they_are_many(tmp_path: Path, share: float, tidy: bool) -> None:
    shard = Shard(tmp_path / "shard.duckdb")
    connection = shard.connection
    rows = 400_000
    connection.execute(f"insert into mart.muscle_day (athlete_no) select range from range({rows})")
    shard.checkpoint()
    assert held(shard) >= rows
    # every so many of a row group, so that no group is empty as a whole
    connection.execute(f"delete from mart.muscle_day where athlete_no % 100 < {100 * share}")
    shard.checkpoint()
    assert (held(shard) < rows) is tidy
    assert connection.execute("select count(*) from mart.muscle_day").fetchall() == [(round(rows * (1 - share)),)]
    assert connection.execute("select current_setting('max_vacuum_tasks')::integer").fetchall() == [(0,)]
    assert 0.2 < store.DEAD_SHARE_MAX < 0.6
    shard.close()


@pytest.mark.parametrize("kinds", [{"set"}, {"set", "sleep"}, {"set", "checkin"}, {"hrv", "resting_heart_rate"}])
def test_conditions_that_are_not_asked_would_find_nothing(monkeypatch: pytest.MonkeyPatch, kinds: set[str]) -> None:
    events = [event for event in events_of(2) if event["kind"] in kinds]
    with Driver() as spared, Driver() as asked:
        spared.ingest(events)
        monkeypatch.setattr("pipeline.alerts.day_rules.is_fed", lambda sql, has: True)
        asked.ingest(events)
        assert not differences(read_views(spared.query), read_views(asked.query))


def test_needs_are_kinds_that_are_looked_for() -> None:
    known = set(needs._EXISTS) | {needs.CONDITION, "jump"}  # jumps are looked for by their model
    for rule in RULES:
        head = needs._NEEDS.search(statements.text(f"conditions/{rule.id}")[0])
        assert head is None or {kind.strip() for kind in head[1].split(" or ")} <= known, rule.id
