"""The benchmark with peers in its smallest form: our own contestants count what is there, through a kill as well."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import duckdb
import pytest

from bench.peers import __main__ as bench_peers
from bench.peers import page
from bench.peers.__main__ import OURS, contest
from bench.peers.__main__ import _parser as parser
from bench.peers.contest import Contestant, counted, killed
from bench.peers.latency import latency
from bench.peers.others import sets
from bench.peers.together import together
from bench.peers.topic import bodies_in, fill, records, set_lines
from bench.peers.venv import COMMON, Venv, pins, python_of
from pipeline.log.frame import pack
from pipeline.settings import Settings

RECORDS, ATHLETES = 400, 20
PATIENCE_S = 120.0


@pytest.fixture
def small_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many batches as there were appends, else so few records would come in one."""
    monkeypatch.setenv("SPOTTER_FETCH_BYTES_MAX", "1")
    monkeypatch.setenv("SPOTTER_SESSION_SECONDS", "6")


@pytest.mark.usefixtures("small_fetches")
def test_our_contestants_are_measured_and_lose_and_double_nothing_when_killed(
    cluster: Callable[..., Settings], tmp_path: Path
) -> None:
    topic = fill(cluster(topic_partitions=1), RECORDS, ATHLETES, appended=20)
    given = parser().parse_args(["--runs", "1", "--kills", "1", "--first-kill", "1", "--seconds-max", str(PATIENCE_S)])
    absent = Contestant("absent", "not here", script="quix.py")
    told = contest([*OURS, absent], {"absent": "it cannot be installed"}, topic, tmp_path, given)
    assert told["absent"]["problem"] == "it cannot be installed"
    for name in ("facts", "all"):
        figures, kill = told[name]["figures"], told[name]["kill"]
        assert (figures["records"], figures["lost"], figures["doubled"]) == (RECORDS, 0, 0)
        assert min(figures["records_per_second"], figures["cpu_seconds_per_million"], figures["rss_mb_peak"]) > 0
        assert (kill["kills"], kill["lost"], kill["doubled"], kill["handled_again"]) == (1, 0, 0, 0)
    assert told["all"]["figures"]["alerts"] == told["all"]["kill"]["alerts"] > 0
    assert json.loads(json.dumps(told)) == told
    shown = page.tables({"contestants": told})[0]
    assert len(shown.splitlines()) == 5 and "not measured: it cannot be installed" in shown


def test_what_is_lost_or_doubled_in_a_table_is_counted(tmp_path: Path) -> None:
    """A table of another contestant with two sets missing and one there three times."""
    peer = Contestant("peer", "a table by hand", script="none.py")
    with duckdb.connect(str(tmp_path / "peers.duckdb")) as connection:
        connection.execute(
            "create table sets as select 'a' as athlete, 's' as source, n::varchar as document from range(97) r(n)"
            " union all select 'a', 's', '5' from range(2)"
        )
    assert bodies_in(100) == 99
    assert counted(peer, tmp_path, 99) == {"lost": 2, "doubled": 2}


def test_a_set_is_decoded_by_the_other_contestants_as_it_was_sent(tmp_path: Path) -> None:
    values = [pack(record) for record in records(set_lines(bodies_in(200), ATHLETES), 200)]
    first = json.loads(next(set_lines(1, ATHLETES)))
    row = dict(zip(sets.SCHEMA.names, sets.decode(values[0]), strict=True))
    assert (row["athlete"], row["document"], row["reps"]) == (first["athlete"], first["document"], first["reps"])
    assert (row["weight_kg"], row["effort"]) == (first["weight"]["value"], first["effort"]["value"])
    decoded = [sets.decode(value) for value in values]
    unchecked = [sets.decode_unchecked(value) for value in values]
    tables = {"batches": decoded, "texts": unchecked}
    found = {}
    for name, rows in tables.items():
        table = sets.Batches(tmp_path / f"{name}.duckdb", texts=name == "texts")
        for part in (rows[:120], rows[100:], rows):
            table.insert(part)
        found[name] = table
    one_by_one = sets.OneByOne(tmp_path / "one.duckdb")
    for one in [*decoded, *islice(decoded, 7)]:
        one_by_one.insert(one)
    for table in (*found.values(), one_by_one):
        assert table._connection.execute("select count(*) from sets").fetchall() == [(bodies_in(200),)]
    held = [
        table._connection.execute("select * replace (epoch_us(performed_at) as performed_at) from sets order by all")
        for table in (*found.values(), one_by_one)
    ]
    assert len({str(one.fetchall()) for one in held}) == 1
    with pytest.raises(ValueError, match="reps"):
        sets.decode(values[0].replace(b'"reps":6', b'"reps":6000'))


@pytest.mark.usefixtures("small_fetches")
def test_a_contestant_that_is_done_before_it_is_killed_is_told(
    cluster: Callable[..., Settings], tmp_path: Path
) -> None:
    topic = fill(cluster(topic_partitions=1), 20, ATHLETES)
    with pytest.raises(Exception, match="more records are needed"):
        killed(OURS[0], topic, tmp_path, PATIENCE_S, random.Random(1))


@pytest.mark.parametrize("whole_workouts", [False, True])
def test_latency_while_sets_come_at_a_steady_rate(brokers: str, tmp_path: Path, whole_workouts: bool) -> None:
    found = latency(
        OURS[1],
        brokers,
        tmp_path,
        athletes=ATHLETES,
        before=200,
        rate=100,
        seconds=2,
        seconds_max=PATIENCE_S,
        whole_workouts=whole_workouts,
    )
    assert (found["sets"], found["sets_before"]) == (200, 200)
    assert (found["sets_a_record"], found["lost"], found["doubled"]) == (20 if whole_workouts else 1, 0, 0)
    assert 0 < found["session_ms_p50"] <= found["session_ms_p99"] <= found["session_ms_max"]  # type: ignore[operator]
    assert found["day_ms_max"] > 0  # type: ignore[operator]


def test_workers_beside_each_other(brokers: str, tmp_path: Path) -> None:
    pair = together(
        OURS[1],
        brokers,
        tmp_path,
        workers=2,
        records=RECORDS,
        athletes=ATHLETES,
        seconds_max=PATIENCE_S,
    )
    assert (pair["workers"], pair["records"], pair["lost"], pair["doubled"]) == (2, RECORDS, 0, 0)


def test_a_peer_that_cannot_be_installed_is_told_with_what_pip_said(tmp_path: Path) -> None:
    there = {"duckdb": pins()["duckdb"], "pyarrow": "0.1"}
    python = python_of(tmp_path)
    python.parent.mkdir()
    python.write_text(
        "#!/bin/sh\n"
        f"if [ $1 = -c ]; then echo '{json.dumps(there)}'; exit; fi\n"
        "echo $@ >&2; echo ERROR: no such version >&2; exit 1\n"
    )
    python.chmod(0o755)
    venv = Venv(tmp_path)
    assert venv.versions() == there
    assert venv.install(["bytewax"]) == "ERROR: no such version"


def test_the_page_has_the_newest_figures_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "page")
    page.PAGE.write_text(f"before\n{page.BEGIN}{page.END}after\n", encoding="utf-8")
    lanes = {
        f"{lane}_{name}": 7 for lane in ("session", "day") for name in ("ms_p50", "ms_p99", "ms_max", "outbox_rows")
    }
    figures = {"workers": 2, "records_per_second": 54321.0, "cpu_seconds_per_million": 1.0, "rss_mb_peak": 1.0}
    about = {
        "machine": {"cores": 2, "processor": "none"},
        "allocator": "the system's",
        "records": 10,
        "athletes": 3,
        "runs": 1,
    }
    result = {
        "measured": {"latency": about | {"allocator": "libjemalloc.so.2"}, "together": about},
        "latency": [
            {"offered_per_second": 50, "whole_workouts": True, "problem": "it slept"},
            {"offered_per_second": 5000, "whole_workouts": False, **lanes},
        ],
        "together": [{"workers": 1, "problem": "it fell asleep"}, figures],
    }
    page.write(result)
    once = page.PAGE.read_text(encoding="utf-8")
    page.write(result)
    assert page.PAGE.read_text(encoding="utf-8") == once
    assert once.startswith("before\n") and once.endswith("after\n")
    assert "| 1 worker | not measured: it fell asleep |  |  |" in once and "| 2 workers | 54,321 | 1 | 1 |" in once
    assert "| 5,000, one by one | day-level | 7 ms | 7 ms | 7 ms | 7 |" in once
    assert "| 50, whole workouts | not measured: it slept |  |  |  |  |" in once
    assert "jemalloc, as in the image: one worker" in once and "the system's allocator: 10 records" in once


def test_a_part_that_is_measured_anew_leaves_the_others_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[dict[str, object]] = []
    monkeypatch.setattr(bench_peers, "RESULTS", tmp_path / "peers.json")
    monkeypatch.setattr(page, "write", written.append)
    bench_peers.keep({"measured": {"latency": 1, "together": 1}, "latency": "old", "together": "old"})
    bench_peers.keep({"measured": {"latency": 2}, "latency": "new"})
    kept = {"measured": {"latency": 2, "together": 1}, "latency": "new", "together": "old"}
    assert written[-1] == json.loads((tmp_path / "peers.json").read_text()) == kept


def test_every_package_of_the_peers_is_pinned() -> None:
    needed = {name for packages in bench_peers.peers("python", 1).values() for name in packages} | set(COMMON)
    assert needed <= pins().keys()
