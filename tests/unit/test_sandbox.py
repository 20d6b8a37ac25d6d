"""Readers' SQL: what is answered, what is refused, and that nothing outside is touched."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import QueryError
from pipeline.store import sandbox
from pipeline.store.sandbox import Limits, Query, run_query

MAKE = """
import duckdb, sys
with duckdb.connect(sys.argv[1], config={"storage_compatibility_version": "v1.2.0"}) as db:
    db.execute("create table day as select range::int as day, 'ana' as athlete_id, range * 1.5 as load from range(200)")
    db.execute("create view athlete_day as select * from day")
"""
QUICK = Limits(wall_s=10, memory_bytes=128 << 20, result_bytes_max=64 << 20)
OUTSIDE = "{outside}"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshots") / "spotter.1.duckdb"
    subprocess.run([sys.executable, "-c", MAKE, str(path)], check=True)
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nobody may read, in a folder where nobody may write."""
    (tmp_path / "secret.csv").write_text("canary\nCANARY-4711\n")
    (tmp_path / "secret.json").write_text('{"canary": "CANARY-4711"}')
    return tmp_path


def rows(snapshot: Path, statement: str, *parameters: object) -> list[dict[str, object]]:
    return run_query(snapshot, statement, parameters, limits=QUICK).table.to_pylist()


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("select 1 as n", [{"n": 1}]),
        ("select count(*) as n from athlete_day", [{"n": 200}]),
        ("select sum(load)::double as n from day where day < 3;", [{"n": 4.5}]),
        ("from athlete_day select max(day) as n", [{"n": 199}]),
        ("with a as (select 2 as n) select n from a", [{"n": 2}]),
        ("values (1), (2)", [{"col0": 1}, {"col0": 2}]),
        ("select [1, 2] as l, {'a': 1} as s, null as z", [{"l": [1, 2], "s": {"a": 1}, "z": None}]),
        ("select name from (show tables) order by name", [{"name": "athlete_day"}, {"name": "day"}]),
        ("-- a remark\nselect 3 as n -- and one more", [{"n": 3}]),
        ("select 'x; select 2' as t", [{"t": "x; select 2"}]),
    ],
)
def test_a_select_is_answered(snapshot: Path, statement: str, answer: list[dict[str, object]]) -> None:
    assert rows(snapshot, statement) == answer


def test_describe_and_parameters_are_answered(snapshot: Path) -> None:
    assert [row["column_name"] for row in rows(snapshot, "describe athlete_day")] == ["day", "athlete_id", "load"]
    hostile = "'; drop table day; --"
    assert rows(snapshot, "select $1 as a, $2::integer as b", hostile, 5) == [{"a": hostile, "b": 5}]


DENIED = [
    # files in
    "select * from read_csv('{outside}/secret.csv')",
    "select * from read_csv_auto('{outside}/secret.csv')",
    "select * from read_json('{outside}/secret.json')",
    "select * from read_json_auto('{outside}/secret.json')",
    "select * from read_ndjson('{outside}/secret.json')",
    "select * from read_parquet('{outside}/secret.parquet')",
    "select * from read_text('{outside}/secret.csv')",
    "select * from read_blob('{outside}/secret.csv')",
    "select * from '{outside}/secret.csv'",
    'select * from "{outside}/secret.csv"',
    "select * from '{outside}/*.csv'",
    "select * from glob('{outside}/*')",
    "select * from sniff_csv('{outside}/secret.csv')",
    "select * from parquet_metadata('{outside}/secret.csv')",
    "select * from parquet_schema('{outside}/secret.csv')",
    "select * from query('select * from read_text(''{outside}/secret.csv'')')",
    "select * from query_table('{outside}/secret.csv')",
    "select * from read_csv('/dev/stdin')",
    "select * from read_text('/proc/self/environ')",
    "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "select * from 'https://example.org/x.parquet'",
    "select * from read_parquet('s3://bucket/x')",
    # files out
    "copy day to '{outside}/out.csv'",
    "copy (select 1) to '{outside}/out.parquet' (format parquet)",
    "copy day from '{outside}/secret.csv'",
    "export database '{outside}/out'",
    "import database '{outside}/out'",
    "attach '{outside}/other.duckdb' as other",
    "attach ':memory:' as other",
    "copy from database spotter to other",
    "select * from write_log('x')",
    # process and configuration
    "install httpfs",
    "load httpfs",
    "force install json",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '100GB'",
    "set threads = 64",
    "set temp_directory = '{outside}'",
    "set home_directory = '{outside}'",
    "set allowed_directories = ['{outside}']",
    "set variable x = 1",
    "reset memory_limit",
    "reset all",
    "pragma database_list",
    "pragma enable_profiling",
    "pragma memory_limit = '100GB'",
    "pragma enable_logging",
    "call enable_logging(storage = 'file', storage_path = '{outside}')",
    "select * from enable_logging(storage = 'file')",
    "call pragma_version()",
    "select * from pandas_scan(NULL)",
    "select * from pandas_scan(0)",
    "select * from arrow_scan(0, 0, 0)",
    "select * from python_map_function(1)",
    "select * from json",  # a Python module that the child has loaded
    "select * from request",
    "select getenv('HOME')",
    "select nextval('nothing')",
    "create secret (type s3, key_id 'a', secret 'b')",
    # writing
    "insert into day values (1, 'x', 1)",
    "update day set load = 0",
    "delete from day",
    "truncate day",
    "merge into day using day as d on day.day = d.day when matched then delete",
    "with gone as (delete from day returning *) select * from gone",
    "with more as (insert into day values (1, 'x', 1) returning *) select * from more",
    "create table t as select 1",
    "create temp table t as select 1",
    "create view v as select 1",
    "create macro m(a) as a",
    "create schema s",
    "create sequence s",
    "create type t as enum ('a')",
    "drop table day",
    "drop view athlete_day",
    "alter table day add column x integer",
    "comment on table day is 'x'",
    # state and several statements
    "begin",
    "commit",
    "checkpoint",
    "vacuum",
    "analyze",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "use memory",
    "detach spotter",
    "explain select 1",
    "explain analyze select 1",
    "select 1; select 2",
    "select 1; drop table day",
    "",
    ";",
    "-- nothing",
    "selec 1",
    "select \0 1",
    "\ufeff drop table day",
]


@pytest.mark.parametrize("statement", DENIED)
def test_everything_else_is_refused(snapshot: Path, outside: Path, statement: str) -> None:
    before = sorted(path.name for path in outside.iterdir())
    content = snapshot.read_bytes()
    with pytest.raises(QueryError) as refusal:
        run_query(snapshot, statement.replace(OUTSIDE, str(outside)), limits=QUICK)
    told = str(refusal.value)
    assert "Traceback" not in told
    assert "CANARY" not in told
    assert "signal" not in refusal.value.why, "refused, not crashed"
    assert sorted(path.name for path in outside.iterdir()) == before
    assert snapshot.read_bytes() == content
    assert sorted(path.name for path in snapshot.parent.iterdir()) == [snapshot.name]


def test_the_list_is_long_enough() -> None:
    assert len(set(DENIED)) >= 60


@pytest.mark.parametrize(
    "bomb",
    [
        "select list_sum(range(100000000))",
        "select count(*) from range(100000000000)",
        "select count(*) from range(1000000) a, range(1000000) b",
        "with recursive r as (select 1 as n union all select n + 1 from r) select max(n) from r",
        "select length(repeat('x', 2000000000))",
        "select string_agg(repeat('x', 1000000)) from range(100000)",
        "select list(range) from range(1000000000)",
        "select pg_sleep(100)",
        "select sum(length(repeat('ab', 100000) || range)) from range(100000000)",
        "select count(distinct md5(range::varchar)) from range(2000000000)",
    ],
)
def test_a_bomb_is_stopped_at_its_limit(snapshot: Path, bomb: str) -> None:
    limits = Limits(wall_s=1.5, memory_bytes=128 << 20)
    begun = time.monotonic()
    with pytest.raises(QueryError):
        run_query(snapshot, bomb, limits=limits)
    assert time.monotonic() - begun < limits.wall_s + 0.5


def test_a_result_that_is_too_large_is_refused_without_holding_it(snapshot: Path) -> None:
    many = "select range, repeat('x', 1000) as t from range(10000000)"
    with pytest.raises(QueryError, match="too large"):
        run_query(snapshot, many, limits=Limits(result_bytes_max=4 << 20))


def test_rows_beyond_the_limit_are_cut_and_said_to_be(snapshot: Path) -> None:
    cut = run_query(snapshot, "select * from range(100000)", limits=Limits(rows_max=10))
    assert (cut.table.num_rows, cut.truncated) == (10, True)
    whole = run_query(snapshot, "select * from range(10)", limits=Limits(rows_max=10))
    assert (whole.table.num_rows, whole.truncated) == (10, False)


def test_no_rows_still_have_columns(snapshot: Path) -> None:
    table = run_query(snapshot, "select * from day where day < 0").table
    assert table.num_rows == 0
    assert table.schema.names == ["day", "athlete_id", "load"]
    assert table.schema.field("day").type == pa.int32()


def test_duckdb_says_what_is_wrong(snapshot: Path) -> None:
    with pytest.raises(QueryError, match="athlete_dai") as refusal:
        run_query(snapshot, "select * from athlete_dai")
    assert "athlete_day" in refusal.value.why, "its suggestion is passed on"


def test_the_child_gets_no_environment_and_ends_with_the_query(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTTER_SECRET", "CANARY-4711")
    query = Query(Limits(wall_s=5)).ask(snapshot, "select count(*) from range(100000000000)")
    time.sleep(0.5)
    if sys.platform == "linux":
        assert b"CANARY" not in Path(f"/proc/{query._child.pid}/environ").read_bytes()
    query.kill()
    assert query._child.poll() is not None
    assert threading.active_count() < 20


def test_a_child_that_dies_is_told_as_such(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "dies.py"
    child.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr(sandbox, "_CHILD", child)
    with pytest.raises(QueryError) as refusal:
        run_query(snapshot, "select 1")
    assert "signal 11" in refusal.value.why


def test_a_missing_snapshot_is_an_error_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(QueryError):
        run_query(tmp_path / "none.duckdb", "select 1")
    assert not list(tmp_path.iterdir())


def test_the_child_script_stands_alone() -> None:
    text = Path(sandbox._CHILD).read_text()
    assert "import pipeline" not in text
    assert "from pipeline" not in text
    done = subprocess.run(
        [sys.executable, "-I", str(sandbox._CHILD)], input=b"not json", capture_output=True, env={}, check=False
    )
    assert done.returncode != 0
    assert not done.stdout
