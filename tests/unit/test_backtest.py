"""Trying thresholds on the stored history: as they are they give today's alerts, and nothing that is read changes."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import FixedClock
from pipeline.store.snapshot import working_copy
from pipeline.worker.backtest import DAYS_PER_MONTH, Told, backtest, explained, paired, play
from pipeline.worker.embedded import Embedded
from tests.sim.driver import Driver
from tests.sim.views import differences, read_views
from tests.unit.own_pair import put, shown
from tests.unit.test_day_rules import LAST, checkin, days, night, resting, steady
from tests.unit.test_training_weeks import MONDAY, plan, sets_of

Spotter = Callable[..., tuple[int, str, str]]


def failing() -> list[dict[str, Any]]:
    """Bench and squat sets to failure, some weeks, two athletes, one of them a beginner with a plan."""
    rng = random.Random(5)
    events: list[dict[str, Any]] = [
        {"kind": "athlete", "athlete": "bo", "document": "p", "timezone": "Europe/Lisbon", "level": "beginner"},
        {
            "kind": "plan", "athlete": "bo", "document": "q", "plan": "a", "from_day": str(MONDAY),
            "rows": [{"exercise": "Bench Press (Barbell)", "sets": 4, "reps": 8, "failure_slots": [4]}],
        },
    ]  # fmt: skip
    for athlete in ("ben", "bo"):
        for week in range(8):
            for session in range(4):
                day = MONDAY + timedelta(days=7 * week + session + (session > 1))
                for n in range(8):
                    at = datetime.combine(day, datetime.min.time(), UTC).replace(hour=17, minute=n)
                    events.append(
                        {
                            "kind": "set", "athlete": athlete, "document": f"f{day}n{n}", "session": f"f{day}",
                            "performed_at": at.isoformat(), "timezone": "Europe/Lisbon", "set_index": n,
                            "exercise": "Bench Press (Barbell)" if n < 4 else "Squat (Barbell)",
                            "set_type": "working", "weight": {"value": 50, "unit": "kg"}, "reps": 8,
                            "effort": {"scale": "rir", "value": rng.choice((0, 0.5, 1, 2))},
                            "outcome": rng.choice(("completed", "completed", "failed_mechanical")),
                        }
                    )  # fmt: skip
    return events


def recovering() -> list[dict[str, Any]]:
    """Weeks with a jump, nights that get short, answers and heart rates that get worse: most day rules fire."""
    events = [*steady(), *plan([12] * 9 + [20] + [12] * 3)]
    events += [night(day, 340) for day in days(LAST, LAST + 16)] + [resting(day, 60) for day in days(LAST, LAST + 9)]
    return events + [checkin(day, mood=1, stress=1) for day in days(LAST, LAST + 12)]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A history that came in pieces, corrections among them."""
    data = tmp_path_factory.mktemp("history") / "D"
    put(data / "rules")
    with Driver(data) as opened:
        events = [*recovering(), *failing(), *sets_of(14, 4, 5), *sets_of(15, 4, 5)]
        for low in range(0, len(events), 311):
            opened.ingest(events[low : low + 311])
        opened.ingest([{"kind": "delete", "athlete": "ana", "document": "w4s1n3"}])
        yield opened


def alerts(query: Callable[[str], list[dict[str, Any]]], lane: set[str]) -> dict[str, Any]:
    views = read_views(query, ("alert", "alert_evidence"))
    views["alert"] = [row for row in views["alert"] if row["rule"] in lane]
    shown_ids = {row["alert_id"] for row in views["alert"]}
    views["alert_evidence"] = [row for row in views["alert_evidence"] if row["alert_id"] in shown_ids]
    return views


@pytest.mark.parametrize("lane", ["session", "day"])
def test_unchanged_thresholds_give_todays_alerts_to_the_letter(driver: Driver, tmp_path: Path, lane: str) -> None:
    rules = driver.service.rules
    ids = {rule.id for rule in rules.all() if rule.lane == lane}
    shard = working_copy(driver.service.snapshot(), tmp_path / "copy.duckdb")
    play(shard, rules, lane, lambda done, total: None)

    def query(sql: str) -> list[dict[str, Any]]:
        shard.connection.execute(sql)
        names = [column[0] for column in shard.connection.description]
        return [dict(zip(names, row, strict=True)) for row in shard.connection.fetchall()]

    today, tried = alerts(driver.query, ids), alerts(query, ids)
    shard.close()
    fired = {row["rule"] for row in today["alert"]}
    if lane == "session":
        assert fired == {"R01", "R02", "R03", "R04", "R05", "R06", "R19"}
    else:
        assert fired >= {"R07", "R09", "R12", "R13", "R15", "R17", "X01"}
    assert differences(today, tried) == []


def run(driver: Driver, tmp_path: Path, rule: str, changes: dict[str, float | str], **more: Any) -> Any:
    rules = driver.service.rules.with_changes(rule, changes)
    return backtest(driver.service.snapshot(), tmp_path, rules, rule, tenant="home", **more)


def told(found: Any) -> list[tuple[str, str | None, str | None]]:
    return [
        (pair.change, pair.today and pair.today.severity, pair.tried and pair.tried.severity) for pair in found.pairs
    ]


def test_every_rule_as_it_is_changes_nothing(driver: Driver, tmp_path: Path) -> None:
    for rule in ("R01", "R06", "R07", "R17", "X01"):
        found = run(driver, tmp_path, rule, {})
        assert found.pairs and {pair.change for pair in found.pairs} == {"same"}, rule
        assert all(pair.today == pair.tried for pair in found.pairs)
        assert found.others == {}


def test_r07_rises_falls_and_goes(driver: Driver, tmp_path: Path) -> None:
    (now,) = run(driver, tmp_path, "R07", {}).pairs
    assert now.today.severity == "warning"
    assert told(run(driver, tmp_path, "R07", {"many": 9.0}))[0] == ("severity", "warning", "advice")
    assert told(run(driver, tmp_path, "R07", {"many": "high"}))[0] == ("severity", "warning", "high")
    assert told(run(driver, tmp_path, "R07", {"some": 9.0, "many": 9.0})) == [("gone", "warning", None)]
    later = run(driver, tmp_path, "R07", {"close": 0.1}).pairs
    assert [pair.change for pair in later] == ["moved"] and later[0].today.opened_on == later[0].tried.opened_on
    lower = run(driver, tmp_path, "R07", {"some": 1.01, "rise_sets": 1.0, "close": 1.0})
    assert {pair.change for pair in lower.pairs} & {"new", "moved", "severity"}


def test_a_muscle_speaks_where_the_body_no_longer_does(driver: Driver, tmp_path: Path) -> None:
    """Stricter, and yet new: the output says so."""
    found = run(driver, tmp_path, "R07", {"base_sets": 99.0})
    new = [pair.tried for pair in found.pairs if pair.change == "new"]
    assert new and {one.scope for one in new} != {"body"}
    assert {found.why[one.alert_id] for one in new} == {"scope"}


def test_rules_that_weigh_it_are_told_beside_it(driver: Driver, tmp_path: Path) -> None:
    found = run(driver, tmp_path, "R09", {"weeks": 99.0, "long_weeks": 99.0, "failure_weeks": 99.0})
    assert {pair.change for pair in found.pairs} == {"gone"}
    assert set(found.others) == {"R17"}


def test_r01_of_the_session_lane(driver: Driver, tmp_path: Path) -> None:
    now = run(driver, tmp_path, "R01", {})
    tried = run(driver, tmp_path, "R01", {"many": 2.0})
    assert len(tried.pairs) == len(now.pairs)  # two are enough now, where two of a compound lift were advice before
    assert {pair.change for pair in tried.pairs} == {"same", "severity"}
    none = run(driver, tmp_path, "R01", {"many": 99.0, "some": 99.0})
    assert {pair.change for pair in none.pairs} == {"gone"} and len(none.pairs) == len(now.pairs)
    assert {pair.today.athlete_id for pair in none.pairs} == {"ben", "bo"}


def test_days_bound_alerts_and_what_they_are_divided_by(driver: Driver, tmp_path: Path) -> None:
    whole = run(driver, tmp_path, "R01", {})
    (row,) = driver.query("select count(*) as n from mart.athlete_window where observed")
    assert whole.observed.days == row["n"]
    middle = MONDAY + timedelta(days=20)
    parts = [
        run(driver, tmp_path, "R01", {}, last=middle),
        run(driver, tmp_path, "R01", {}, first=middle + timedelta(1)),
    ]
    assert sum(part.observed.days for part in parts) == whole.observed.days
    assert sorted(pair.today.alert_id for part in parts for pair in part.pairs) == sorted(
        pair.today.alert_id for pair in whole.pairs
    )
    assert all(pair.today.opened_on <= middle for pair in parts[0].pairs)


def test_pairs_by_id_then_by_days_that_overlap() -> None:
    def one(name: str, first: int, last: int | None, severity: str = "advice", who: str = "ana") -> Told:
        ends = date(2026, 1, last) if last else None
        return Told(who, "R07", "body", name, severity, date(2026, 1, first), ends, "t", "r")

    today = [one("a", 1, 3), one("b", 5, 8), one("c", 10, 12), one("d", 20, 22), one("e", 25, None)]
    tried = [one("a", 1, 3), one("b", 5, 9), one("f", 11, 13), one("g", 15, 16), one("e", 25, None, "warning")]
    assert [(pair.change, (pair.today or pair.tried).alert_id) for pair in paired(today, tried)] == [  # type: ignore[union-attr]
        ("new", "g"), ("gone", "d"), ("severity", "e"), ("moved", "b"), ("moved", "c"), ("same", "a"),
    ]  # fmt: skip
    assert [pair.change for pair in paired([one("a", 1, 3)], [one("b", 1, 3, who="bo")])] == ["new", "gone"]


def test_why_a_stricter_rule_has_new_alerts() -> None:
    def one(name: str, first: date, days: int | None, scope: str = "body", who: str = "ana") -> Told:
        ends = first + timedelta(days) if days else None
        return Told(who, "R07", scope, name, "advice", first, ends, "t", "r")

    def day(n: int) -> date:
        return date(2026, 1, 1) + timedelta(n)

    today = [one("a", day(0), 3), one("b", day(60), 3), one("c", day(100), 40), one("d", day(200), 3)]
    tried = [
        one("later", day(28), 3), one("earlier", day(50), 3), one("too far", day(89), 3),
        one("c", day(100), 10), one("part", day(120), 3), one("scope", day(201), 3, "muscle:chest"),
        one("somebody else", day(201), 3, who="bo"),
    ]  # fmt: skip
    assert explained(paired(today, tried)) == {
        "later": "later", "earlier": "earlier", "part": "part", "scope": "scope",
    }  # fmt: skip
    twice = [one("near", day(2 + 3), 1), one("far", day(9), 1)]
    assert explained(paired(today[:1], twice)) == {"near": "later"}  # one that is gone stands for one


@pytest.fixture
def gym(tmp_path: Path) -> Path:
    data = tmp_path / "D"
    service = Embedded.open(data, FixedClock(datetime(2026, 11, 25, tzinfo=UTC)))
    service.close()
    events = [*plan([12, 12, 12, 12, 18, 12]), *sets_of(7, 4, 5), *sets_of(8, 4, 5)]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, events)) + "\n")
    return data


def content(data: Path) -> dict[str, str]:
    """Every file of the folder, by its bytes; without what SQLite puts beside a log that is read."""
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file() and not path.name.startswith("log.sqlite-")
    }


def test_the_command(gym: Path, spotter: Spotter, tmp_path: Path) -> None:
    assert spotter("ingest", str(tmp_path / "events.ndjson"))[0] == 0
    assert spotter("snapshot")[0] == 0
    before = content(gym)
    for pid in (999_999_999, os.getpid()):  # one that was killed, and one at work
        (gym / f"backtest-{pid}-x").mkdir()
    code, out, _ = spotter("backtest", "--rule", "R07", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["settings"] == {"thresholds": {}, "severities": {}}
    assert found["today"] == found["tried"] and found["alerts"] == []
    assert found["today"]["by_severity"] == {"info": 0, "advice": 0, "warning": 1, "high": 0}
    months = found["observed_days"] / DAYS_PER_MONTH
    assert found["today"]["per_athlete_month"] == round(1 / months, 4)
    assert found["athlete_months"] == round(months, 2)
    code, out, _ = spotter("backtest", "--rule", "R07", "--set", "some=9", "--set", "many=9", "--json")
    found = json.loads(out)
    assert found["settings"]["thresholds"] == {"some": {"today": 1.3, "tried": 9}, "many": {"today": 1.5, "tried": 9}}
    assert (found["today"]["alerts"], found["tried"]["alerts"], found["changes"]["gone"]) == (1, 0, 1)
    assert found["alerts"][0]["tried"] is None and found["alerts"][0]["today"]["severity"] == "warning"
    told = " ".join(spotter("backtest", "--rule", "R07", "--set", "some=9")[1].split())
    assert "counted today as tried" in told
    assert (
        "today: what the rule has fired as it is in force; as tried: the same history played with the settings" in told
    )
    assert "played with no change" in " ".join(spotter("backtest", "--rule", "R07")[1].split())
    code, out, _ = spotter("backtest", "--rule", "R07", "--set", "many=info", "--to", "2026-12-31")
    assert "R07 Rapid volume increase: severity many warning → info" in out
    assert "0 new, 0 gone, 1 of another severity, 0 moved, 0 the same" in out
    assert "  ana, warning 2026-02-" in out
    assert content(gym) == before
    assert [path.name for path in gym.glob("backtest-*")] == [f"backtest-{os.getpid()}-x"]


def test_a_rule_that_is_not_installed_yet(gym: Path, spotter: Spotter, tmp_path: Path) -> None:
    assert spotter("ingest", str(tmp_path / "events.ndjson"))[0] == 0
    path = put(tmp_path / "new")
    code, out, _ = spotter("backtest", "--file", str(path), "--json")
    found = json.loads(out)
    assert (code, found["today"]["alerts"], found["tried"]["alerts"]) == (0, 0, 1)
    assert found["alerts"][0]["tried"]["title"].startswith("5 sessions in 7 days")
    assert found["alerts"][0]["because"] is None and set(found["new_because"].values()) == {0}
    out = spotter("backtest", "--file", str(path))[1]
    assert "thresholds many 5, most 7, close 4; severities many advice, most warning" in " ".join(out.split())
    assert json.loads(spotter("backtest", "--file", str(path), "--set", "many=6", "--json")[1])["tried"]["alerts"] == 0
    assert spotter("alerts", "--json")[1].count("X01") == 0
    put(gym / "rules")
    found = json.loads(spotter("backtest", "--rule", "X01", "--set", "many=6", "--json")[1])
    assert (found["today"]["alerts"], found["tried"]["alerts"]) == (1, 0)
    sql = shown("sql").replace("w.hard_sets_7d,", "(select max(display_name)::integer from base.exercise),")
    code, _, err = spotter("backtest", "--file", str(put(tmp_path / "fails", sql=sql)))
    assert code == 1 and "cannot be run on the stored data" in err and "Could not convert" in err
    code, _, err = spotter("backtest", "--file", str(put(tmp_path / "bad", sql="select 1")))
    assert code == 1 and "`found`" in err and "rules check" in err
    assert not list(gym.glob("backtest-*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--rule", "R07", "--set", "much=2"],
            "numbers: some, many, close, base_sets, muscle_base_sets, base_sessions, rise_sets",
        ),
        (["--rule", "R01", "--set", "many=2.5"], "many = 2.5 is no count"),
        (["--rule", "R02", "--set", "sessions=-1"], "sessions = -1 is no count"),
        (["--rule", "R01", "--set", "many=1e20"], "many = 1e+20 is no threshold"),
        (["--rule", "R07", "--set", "some=nan"], "R07 has no setting some = nan"),
        (["--rule", "R07", "--set", "some=loud"], "severities: some, many (info, advice, warning, high)"),
        (["--rule", "R07", "--set", "some"], "write for example --set some=1.4"),
        (["--rule", "R99"], "use one of R01"),
        ([], "add --rule R07"),
        (["--rule", "R07", "--from", "2026-03-01", "--to", "2026-02-01"], "2026-03-01 is after 2026-02-01"),
    ],
)
def test_what_it_refuses(spotter: Spotter, arguments: list[str], said: str) -> None:
    code, _, err = spotter("backtest", *arguments)
    assert code == 2 and said in err


def test_nothing_to_look_at(gym: Path, spotter: Spotter, tmp_path: Path) -> None:
    code, _, err = spotter("backtest", "--rule", "R07")
    assert code == 1 and "no history of home" in err
