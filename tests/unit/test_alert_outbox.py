"""What reaches the outbox: news once, corrections under the same id, withdrawals with what replaces them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

import orjson
import pytest

from pipeline.alerts.identity import _NAMESPACE, alert_id
from pipeline.alerts.outbox import withdraw_lost
from schemas.alerts import ALERT
from tests.unit.alert_marts import DAY0, Marts, Session

SQUAT, BENCH, CURL = 1, 2, 3


def test_alert_ids_are_uuid5_of_the_key() -> None:
    expected = uuid5(UUID(bytes=_NAMESPACE), "home|ana|R02|exercise:back_squat|2026-03-02")
    assert alert_id("home", "ana", "R02", "exercise:back_squat", "2026-03-02") == str(expected)


def test_every_message_has_the_published_shape_and_a_rising_number() -> None:
    marts = Marts()
    marts.profile(level="beginner")
    for day in range(0, 20, 2):
        marts.play(Session(day, {SQUAT: "NhF", BENCH: "FNF", CURL: "FFF"}))
    rows = marts.outbox()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        ALERT.validate_json(orjson.dumps(row["payload"]))
        assert row["payload"]["state"] == row["state"]
        assert (row["tenant_id"], row["athlete_id"]) == ("home", "a1")


def test_late_data_corrects_under_the_same_id() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"))
    marts.play(Session(1, {BENCH: "NN"}))
    before = marts.alerts("R01")[0]
    marts.play(Session(0, {CURL: "LFF"}, "s"))
    after = marts.alerts("R01")[0]
    assert after["alert_id"] == before["alert_id"]
    assert (before["severity"], after["severity"]) == ("warning", "advice")
    assert after["revision"] != before["revision"]
    rows = [row for row in marts.outbox() if row["alert_id"] == after["alert_id"]]
    assert [row["payload"]["severity"] for row in rows] == ["warning", "advice"]


def test_a_deleted_session_withdraws_its_alerts_and_its_return_opens_them_again() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"), Session(1, {BENCH: "NN"}))
    marts.run({1: marts.remove("s")})
    assert [row["state"] for row in marts.alerts("R01")] == ["withdrawn"]
    row = marts.alerts("R01")[0]
    assert row["title"] == "Biceps Curl: 3 sets to failure (2 Mar 2026)"
    assert row["replaced_by"] is None
    assert marts.select("select * from alert_evidence") == []
    marts.run({1: DAY0})
    assert [row["state"] for row in marts.outbox()] == ["open", "withdrawn"]
    ALERT.validate_json(orjson.dumps(marts.outbox()[-1]["payload"]))
    marts.play(Session(0, {CURL: "FFF"}, "s"))
    assert [row["state"] for row in marts.outbox()] == ["open", "withdrawn", "open"]
    assert [row["state"] for row in marts.alerts("R01")] == ["open"]


def test_an_episode_that_opens_on_another_day_replaces_the_withdrawn_one() -> None:
    marts = Marts()
    marts.play(Session(10, {SQUAT: "NF"}))
    old = marts.alerts("R02")[0]["alert_id"]
    marts.play(Session(5, {SQUAT: "NF"}))  # late: the episode began earlier
    rows = {row["state"]: row for row in marts.alerts("R02")}
    assert rows["withdrawn"]["alert_id"] == old
    assert rows["withdrawn"]["replaced_by"] == rows["open"]["alert_id"]
    assert rows["open"]["opened_on"] == DAY0 + timedelta(days=5)
    told = marts.outbox()[-2:]
    assert [row["state"] for row in told] == ["withdrawn", "open"]
    assert told[1]["payload"]["corrects"] == [old]


def test_time_alone_reaches_the_outbox() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"))
    marts.now(datetime(2026, 3, 8, 12))
    assert marts.run({1: date(2026, 3, 2)}) == 0
    marts.now(datetime(2026, 3, 9, 12))
    assert marts.run({1: date(2026, 3, 8)}) == 1
    row = marts.outbox()[-1]
    assert (row["state"], row["payload"]["resolved_on"]) == ("resolved", "2026-03-09")
    assert marts.run({1: date(2026, 3, 9)}) == 0
    # the last day with data is taken back: the alert is open again
    marts.now(datetime(2026, 3, 4, 12))
    assert marts.run({1: date(2026, 3, 4)}) == 1
    assert marts.outbox()[-1]["state"] == "open"


def test_other_athletes_and_finished_alerts_are_left_alone() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"), Session(0, {CURL: "FFF"}, "s", athlete=2))
    for day in (5, 40):
        marts.play(Session(day, {CURL: "NN"}), Session(day, {CURL: "NN"}, athlete=2))
    marts.connection.execute("update mart.alert set title = 'as it was'")
    marts.play(Session(60, {CURL: "FFF"}, "t"))
    titles = [row["title"] for row in marts.select("select title from mart.alert order by opened_on")]
    assert titles == ["as it was", "as it was", "Biceps Curl: 3 sets to failure (1 May 2026)"]


@pytest.mark.parametrize("tenant", ["home", "gym"])
def test_the_same_facts_in_two_gyms_have_their_own_ids(tenant: str) -> None:
    marts = Marts()
    marts.athlete(1, tenant)
    marts.play(Session(0, {CURL: "FFF"}, "s"))
    expected = alert_id(tenant, "a1", "R01", "exercise-session:s/biceps_curl", "s")
    assert [row["alert_id"] for row in marts.alerts("R01")] == [expected]


def test_a_rebuild_withdraws_what_it_no_longer_finds() -> None:
    marts = Marts()
    marts.play(Session(0, {CURL: "FFF"}, "s"), Session(10, {SQUAT: "NF"}), Session(15, {SQUAT: "NF"}))
    assert withdraw_lost(marts.connection, log_offset=9) == 0
    old = {row["rule"]: row["alert_id"] for row in marts.alerts()}
    for table in ("condition", "alert", "alert_evidence"):
        marts.connection.execute(f"delete from mart.{table}")
    marts.remove("s")
    marts.remove("s10-18.0")
    marts.run({1: DAY0})
    assert withdraw_lost(marts.connection, log_offset=9) == 2
    rows = {row["alert_id"]: row for row in marts.alerts()}
    assert rows[old["R01"]]["state"] == rows[old["R02"]]["state"] == "withdrawn"
    new = next(row["alert_id"] for row in rows.values() if row["state"] == "open")
    assert (rows[old["R01"]]["replaced_by"], rows[old["R02"]]["replaced_by"]) == (None, new)
    assert withdraw_lost(marts.connection, log_offset=9) == 0
