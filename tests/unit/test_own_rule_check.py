"""What is wrong with a gym's own rule is told, all of it at once, by `spotter rules check`, the list and the doctor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from app_fakes import set_event

from pipeline.alerts import own_check
from pipeline.alerts.rules import load
from pipeline.cli import doctor
from pipeline.cli.main import run
from pipeline.store.guard import Guard, Wrong
from tests.unit.own_pair import by_number, put, shown

Spotter = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def at() -> Iterator[Guard]:
    found = own_check.guard()
    yield found
    found.close()


def whats(at: Guard, toml: str, sql: str) -> list[str]:
    rule, wrong = own_check.check_fields(toml, "X01")
    if rule is not None:
        wrong += own_check.check_condition(rule, sql, at).wrong
    assert all(one.what and one.why and one.do for one in wrong)
    return [one.what for one in wrong]


def test_the_pages_pair_is_right(at: Guard) -> None:
    assert whats(at, shown("toml"), shown("sql")) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('version = "1"', "", "version is missing"),
        ("[X01]", "[X02]", "there is no table [X01]"),
        ('version = "1"', 'version = "1"\nother = 1', "other has no place here"),
        ('name = "Many sessions in a week"\n', "", "name is missing"),
        ("cool_down_h = 168", "cool_down_h = 30", "cool_down_h is 30"),
        ("look_back_days = 7", "look_back_days = 0", "look_back_days is 0"),
        ("Many sessions in a week", r"Many \u0000sessions", r"name has the character '\x00'"),
        ('many = "advice"', r'"m\u0000" = "info", many = "advice"', r"severities.'m\x00' has the character '\x00'"),
        ("cool_down_h = 168", "cooldown = 168", "cooldown is no part of a rule"),
        ("cool_down_h = 168", "cool_down_h = 168\nlane = 'session'", "lane is session"),
        ('scope = "body"', 'scope = "session"', "scope is session"),
        ('scope = "body"', 'scope = "gym"', "scope cannot be used"),
        ("many = 5", "many = nan", "thresholds.many is nan"),
        ("many = 5", 'many = "5"', "thresholds.many is '5'"),
        ("many = 5", "many = true", "thresholds.many is True"),
        ("close = 4", "day = 4", "day cannot be the name of a number"),
        ("close = 4", "week_sessions = 4", "week_sessions names evidence and a threshold"),
        ('many = "advice"', 'many = "loud"', "severities.many cannot be used"),
        ('severity = "many"', 'severity = "few"', "findings: there is no severity 'few'"),
        ('all = ["week_sessions"]', 'all = ["sessions"]', "findings, many: there is no evidence 'sessions'"),
        ('all = ["week_sessions"]', "all = []", "findings, many: nothing decides"),
        ("cool_down_h = 168", 'cool_down_h = 168\nlasting = "long"', "lasting is 'long'"),
        ("close = 4 }", 'close = 4, lasting_days = 40 }\nlasting = "most"', "lasting_days is 40"),
        ('all = ["week_sessions"]', 'all = ["week_hard_sets"]', "findings, many: week_hard_sets has no threshold"),
        ('all = ["week_sessions"]', 'of = ["week_sessions"]', "findings, many: at_least is 0"),
        ('"week_sessions_most", threshold', '"week_sessions", threshold', "evidence week_sessions is there twice"),
        ('threshold = "most"', 'threshold = "more"', "evidence week_sessions_most: there is no threshold 'more'"),
        ('"many", days = 7', '"many", weeks_of = "w"', "evidence week_sessions: there is no evidence 'w'"),
        ('suppressed_by = ["travel"]', 'suppressed_by = ["holiday"]', "suppressed_by has 'holiday'"),
        ("Leave a day", "It is safe to leave a day", "text.action says 'safe'"),
        ("Leave a day between two sessions.", "", "text.action is empty"),
        ("Many sessions in a week", "Risk of too much", "name says 'Risk'"),
        ("{value} sessions", "{value} dangerous sessions", "evidence week_sessions.says says 'danger'"),
        ("{value} sessions", "{values} sessions", "evidence week_sessions.says has {values}"),
        ("there were {findings}", "there were {finding}", "text.body has {finding}"),
        ("there were {findings}", "there were {findings:>9}", "text.body has {findings}"),
        ("there were {findings}", "there were {findings.upper}", "text.body has {findings.upper}"),
        ("there were {findings}", "there were {findings", "text.body cannot be filled in"),
        ("text.ends", "text.end", "text.ends is missing"),
    ],
)
def test_what_is_wrong_with_the_fields(at: Guard, old: str, new: str, what: str) -> None:
    toml = shown("toml")
    assert old in toml
    assert what in whats(at, toml.replace(old, new, 1), shown("sql"))


def test_a_rule_that_grows_when_it_lasts_is_nothing_wrong(at: Guard) -> None:
    toml = shown("toml").replace("close = 4 }", 'close = 4, lasting_days = 14 }\nlasting = "most"', 1)
    assert whats(at, toml, shown("sql")) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("\n        0\n", "\n        0, 0\n", "`found` has 11 values, not 10"),
        ("[\n        w.sessions_7d,", "list_append([\n        w.sessions_7d,", None),
        ("w.local_day,", "w.local_day::varchar as local_day,", "the column local_day is VARCHAR"),
        ("'' as subject, ", "", "the column subject is missing"),
        ("as closes,", "as closes, 1 as more,", "the column more has no place here"),
        ("w.tenant_id, w.athlete_id,", "w.athlete_id,", "the column tenant_id is missing"),
        ("w.tenant_id, w.athlete_id,", "", "the column athlete_id is missing"),
        ("w.tenant_id, w.athlete_id,", "1 as athlete_no, w.athlete_id,", "the column athlete_id has no place here"),
        ("w.tenant_id, w.athlete_id,", "1 as tenant_id, w.athlete_id,", "the column tenant_id is INTEGER"),
        ("]::double[]", "]::varchar[]", "the column found is VARCHAR[]"),
        ("$x01_close", "$x01_closing", "there is no threshold for $x01_closing"),
        ("$x01_close", "$1", "there is no threshold for $1"),
        ("from training_week", "from mart.training_weeks", "there is no table mart.training_weeks to read"),
        ("from training_week", "from 'week.parquet'", "there is no table week.parquet to read"),
        ("training_week w", "training_week w, mart.alert a", "it may not read mart.alert"),
        ("training_week w", "training_week w, alert a", "it may not read alert"),
        ("training_week w", "training_week w, base.ledger a", "it may not read base.ledger"),
        ("training_week w", "training_week w, day_condition a", "there is no table day_condition to read"),
        ("training_week w", "training_week w, read_text('x') a", "it may not read from read_text()"),
        ("training_week w", "training_week w, duckdb_settings() a", "it may not read from duckdb_settings()"),
        ("training_week w", "training_week w using sample 3", None),
        ("$x01_close", "random()", "it may not ask for random()"),
        ("$x01_close", "day(now())", "it may not ask for now()"),
        ("$x01_close", "day(current_date)", "it may not ask for current_date"),
        ("$x01_close", "current_setting('threads')::integer", "it may not ask for current_setting()"),
        ("$x01_close", "(select count(*) from base.outbox)", "it may not read base.outbox"),
        ("$x01_close", "getenv('HOME')::integer", "the SQL fails on empty tables"),
        ("$x01_close", "pg_sleep(1)::integer", "it may not ask for pg_sleep()"),
        ("w.local_day,", "w.no_such,", "the SQL fails on empty tables"),
        ("select\n", "selct\n", "the SQL cannot be read"),
        ("select\n", "select 1; select\n", "only one statement at a time"),
        ("select\n", "insert into mart.alert select\n", "only SELECT is allowed here"),
    ],
)
def test_what_is_wrong_with_the_sql(at: Guard, old: str, new: str, what: str | None) -> None:
    sql = shown("sql")
    assert old in sql
    found = whats(at, shown("toml"), sql.replace(old, new, 1))
    assert found if what is None else what in found, found


def test_an_error_lists_what_there_is(at: Guard) -> None:
    def do(sql: str) -> str:
        rule, _ = own_check.check_fields(shown("toml"), "X01")
        assert rule is not None
        (wrong,) = own_check.check_condition(rule, sql, at).wrong
        return wrong.do

    unknown = do(shown("sql").replace("w.sessions_7d <", "w.sessions <"))
    assert "training_week has tenant_id, athlete_id, local_day, sessions_7d, hard_sets_7d," in unknown
    assert "asked_day has tenant_id, athlete_id, from_day" in unknown
    numbers = do(shown("sql").replace("w.tenant_id, w.athlete_id,", "w.athlete_no,"))
    assert "training_week has tenant_id, athlete_id" in numbers
    below = do(by_number().replace("w.sessions_7d <", "w.sessions <"))
    assert "mart.training_week has athlete_no, local_day" in below and "touched_rule_day has athlete_no" in below
    views = do(shown("sql").replace("from training_week", "from training_weeks"))
    assert "training_week" in views and "ledger" not in views and "data-dictionary" in views


def test_the_tables_below_the_views_do_as_well(at: Guard) -> None:
    assert whats(at, shown("toml"), by_number()) == []


def test_lists_in_lists_without_end_are_told_of(at: Guard) -> None:
    deep = shown("toml") + "\nother = " + 5000 * "[" + 5000 * "]"
    assert whats(at, deep, shown("sql")) == ["the file is nested too deeply"]


def test_queries_in_queries_without_end_are_told_of(at: Guard) -> None:
    deep = "select " + 900 * "(select " + "1" + 900 * ")"
    assert whats(at, shown("toml"), deep) == ["the SQL is nested too deeply"]


@pytest.mark.parametrize("end", ["limit 5", "limit 5 offset 2", "offset 1", "limit 50%", "order by 1 limit (select 5)"])
def test_a_limit_at_the_end_is_refused(at: Guard, end: str) -> None:
    assert whats(at, shown("toml"), f"{shown('sql').rstrip()}\n{end}") == ["it may not end in LIMIT or OFFSET"]
    inside = shown("sql").replace("training_week w", f"(select * from training_week {end}) w")
    assert whats(at, shown("toml"), inside) == []  # it is the gym's own business which of an athlete's rows it reads


def test_a_union_is_counted_part_by_part(at: Guard) -> None:
    one = shown("sql")
    assert whats(at, shown("toml"), f"({one}) union all ({one})") == []
    other = one.replace("\n        0\n", "\n        0, 0\n").replace("as found", "as f")
    assert whats(at, shown("toml"), f"({one}) union all ({other})") == ["`found` has 11 values, not 10"]


MADE_FOR_OURS = {  # tables that lie in memory while our own rules run, and alerts that are open already
    "R07": {"muscle_week"},
    "R20": {"load_jump"},
    "R08": {"day_condition"},
    "R17": {"answer_level", "day_condition"},
    "R18": {"answer_level", "day_condition", "it may not read mart.alert"},
}


def test_the_built_in_conditions_would_pass(at: Guard) -> None:
    """The guard lets through what day rules need: a few of ours read more."""
    for rule in load().all():
        if rule.evidence:
            sql = files("pipeline.alerts").joinpath(f"conditions/{rule.id}.sql").read_text(encoding="utf-8")
            parsed = at.parse(sql)
            assert not isinstance(parsed, Wrong)
            wrong = {one.what.removeprefix("there is no table ").removesuffix(" to read") for one in parsed.wrong}
            assert wrong == MADE_FOR_OURS.get(rule.id, set()), rule.id


def test_check_tells_everything_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path)
    assert run(["rules", "check", str(path), str(path.with_suffix(".sql"))]) == 0
    assert capfd.readouterr().out == "X01: nothing is wrong\nX01: nothing is wrong\n"
    toml = shown("toml").replace("168", "30").replace("Leave", "It is safe to leave")
    put(tmp_path, toml=toml, sql=shown("sql").replace("$x01_close", "random()"))
    assert run(["rules", "check", str(path)]) == 1
    out = capfd.readouterr().out
    assert out.startswith("X01: 3 things are wrong\n")
    for what in ("cool_down_h is 30", "text.action says 'safe'", "it may not ask for random()"):
        assert f"  {what}\n    why: " in out
    assert out.count("\n    do:  ") == 3
    assert run(["rules", "check", str(path), "--json"]) == 1
    (told,) = json.loads(capfd.readouterr().out)
    assert (told["rule"], len(told["wrong"])) == ("X01", 3)
    path.unlink()
    assert run(["rules", "check", str(path.with_suffix(".sql"))]) == 1
    assert "X01.toml is missing" in capfd.readouterr().out
    assert run(["rules", "check", str(path)]) == 1
    assert run(["rules", "check", "notes.txt"]) == 2
    assert "is not there" in capfd.readouterr().err


def test_list_show_and_doctor_know_the_folders_rules(spotter: Spotter, tmp_path: Path) -> None:
    folder = tmp_path / "D" / "rules"
    put(folder)
    put(folder, "X02", toml=shown("toml").replace("168", "30"))
    put(folder, "X100")
    event = tmp_path / "event.ndjson"
    event.write_text(json.dumps(set_event()) + "\n")
    assert spotter("ingest", str(event))[0] == 0
    code, out, _ = spotter("rules", "list", "--json")
    told = {row["rule"]: row for row in json.loads(out)}
    assert code == 0 and {"R01", "R21", "X01"} <= set(told)
    assert (told["R07"]["from"], told["X01"]["from"], told["X01"]["state"]) == ("built in", "own", "in force")
    assert told["X02"]["state"] == "left out: 1 thing wrong"
    assert told["X02"]["wrong"][0]["what"] == "cool_down_h is 30"
    assert told["X100"]["wrong"][0]["what"] == "X100 is no id of a rule"
    _, out, err = spotter("rules", "list")
    assert "Many sessions in a week" in out and "X02, X100" in err
    _, out, _ = spotter("rules", "show", "X01")
    assert "X01 Many sessions in a week" in out and "`many` 5" in out and "silent while declared: travel" in out
    assert json.loads(spotter("rules", "show", "R07", "--json")[1])["thresholds"]["some"] == 1.3
    code, _, err = spotter("rules", "show", "X02")
    assert code == 1 and "cool_down_h is 30" in err
    code, _, err = spotter("rules", "show", "X09")
    assert code == 2 and "R01, R02" in err and "X01" in err
    code, out, err = spotter("doctor", "--json")
    assert "a rule is left out" in err  # a log line is never part of an answer
    (said,) = [row for row in json.loads(out) if row["check"] == "own rules"]
    assert (code, said["status"]) == (0, "low")
    assert said["says"].startswith(f"1 rule of {folder}; X02 is left out: cool_down_h is 30; X100 is left out: X100 is")
    assert str(folder / "X02.toml") in said["do"]
    for name in ("X02", "X100"):
        for suffix in (".toml", ".sql"):
            (folder / (name + suffix)).unlink()
    (said,) = [row for row in json.loads(spotter("doctor", "--json")[1]) if row["check"] == "own rules"]
    assert (said["status"], said["says"]) == ("good", f"1 rule of {folder}")
    said = doctor._own_rules(folder.parent, {"background": True, "rule_version": load().version})
    assert (said.status, said.says) == ("low", f"1 rule of {folder}; the running service has others")


def test_a_threshold_that_is_no_number_is_told_once_and_hides_nothing(at: Guard) -> None:
    toml = shown("toml").replace("many = 5", 'many = "five"').replace('action = "', 'action = "You risk an injury: ')
    found = whats(at, toml, shown("sql").replace("from ", "from nowhere_"))
    assert found[0] == "thresholds.many is 'five'"
    assert sum("thresholds" in one for one in found) == 1
    assert len(found) >= 3, found
