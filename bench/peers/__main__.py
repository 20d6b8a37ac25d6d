"""``python -m bench.peers``: measure, write bench/results/peers.json and the tables of docs/cluster.md.

One broker, one topic, one payload for all. Every contestant runs in a process of its own, reads the topic from its
beginning, decodes and checks each record, leaves out what it has already, and stores the rest in a DuckDB table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.peers import page
from bench.peers.contest import ALLOCATOR, ROOT, Contestant, FailedError, Result, killed, measured
from bench.peers.latency import latency
from bench.peers.others.sets import BATCH
from bench.peers.together import together
from bench.peers.topic import Topic, fill, made
from bench.peers.venv import Venv, python_of
from bench.run import machine
from tests.broker.found import NoBrokerError, a_broker

RESULTS = ROOT / "bench" / "results" / "peers.json"
VENV = ROOT / ".venv-peers"
OURS = (
    Contestant("facts", "Spotter's worker, ingest alone (models and rules left out)", mode="facts"),
    Contestant("all", "Spotter's worker, models, rules and alerts on", mode="all"),
)
HISTORY_RECORDS_MAX = 200_000  # of the athletes whose alerts are waited for: two months of each
OUR_PACKAGES = ("faust-streaming", "mode-streaming", "aiokafka", "duckdb", "pyarrow", "pydantic", "numpy", "orjson")


def peers(python: str, slow: int) -> dict[Contestant, tuple[str, ...]]:
    """The other contestants, and the packages each needs. ``slow``: how many records the slow one reads."""
    return {
        Contestant("quix", "Quix Streams, batching DuckDB sink", script="quix.py", python=python): ("quixstreams",),
        Contestant(
            "quix-unchecked",
            "the same, JSON read but nothing checked",
            script="quix.py",
            python=python,
            options=("--unchecked",),
        ): ("quixstreams",),
        Contestant("by-hand", "kafka-python and DuckDB by hand, in batches", script="by_hand.py", python=python): (
            "kafka-python",
            "lz4",
        ),
        Contestant("bytewax", "Bytewax, batches to a DuckDB sink", script="bytewax_flow.py", python=python): (
            "bytewax",
            "confluent-kafka",
        ),
        Contestant(
            "faust",
            "Faust as its manual suggests: a Record, event by event",
            script="faust_records.py",
            python=python,
            records_max=slow,
        ): ("faust-streaming", "mode-streaming", "aiokafka", "cramjam"),
    }


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; returns 0."""
    given = _parser().parse_args(arguments)
    known = [one.name for one in (*OURS, *peers("", 1))]
    if wrong := sorted(set(given.only or ()) - set(known)):
        raise SystemExit(f"{', '.join(wrong)}: no contestant; there are {', '.join(known)}")
    problems: dict[str, str] = {}
    contestants = [one for one in OURS if _asked(one, given.only)]
    venv = None
    for one, packages in peers(str(python_of(given.peers_venv)), given.slow_records).items():
        if _asked(one, given.only) and not given.no_peers:
            venv = venv or Venv(given.peers_venv)
            contestants.append(one)
            if (problem := venv.install(packages)) is not None:
                problems[one.name] = f"it cannot be installed ({problem})"
    with _broker(given.brokers) as (brokers, what), _scratch(given.scratch) as folder:
        about = {
            "command": "python -m bench.peers " + " ".join(arguments),
            "commit": _commit(),
            "broker": what,
            "machine": machine(),
            "allocator": ALLOCATOR or "the system's",
            "versions": {"spotter": _versions(), "peers": venv.versions() if venv else {}},
            "records": given.records,
            "athletes": given.athletes,
            "runs": given.runs,
            "seed": given.seed,
            "records_in_a_batch_of_peers": BATCH,
        }
        result: dict[str, Any] = {}
        if contestants:
            topic = fill(made(brokers), given.records, given.athletes)
            result["contestants"] = contest(contestants, problems, topic, folder, given)
        if given.latency:
            result["latency"] = [
                _latency(rate, whole, brokers, folder / "latency", given)
                for whole in (False, True)
                for rate in given.rates
            ]
        if not given.no_together:
            result["together"] = [_together(workers, brokers, folder, given) for workers in (1, 2)]
    result["measured"] = {part: about for part in page.PARTS if part in result}
    if not given.dry:
        keep(result)
    print("\n\n".join(page.tables(result)))
    return 0


def keep(result: dict[str, Any]) -> None:
    """Write what was measured; parts that were left out stay as they were measured before."""
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept = before | result | {"measured": before.get("measured", {}) | result["measured"]}
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    page.write(kept)


def contest(
    contestants: Sequence[Contestant],
    problems: dict[str, str],
    topic: Topic,
    folder: Path,
    given: argparse.Namespace,
) -> dict[str, dict[str, Any]]:
    """All contestants, run by run, so that a machine that grows slower does so for all; then each is killed.

    The first kill of Spotter's own and of the others comes at the same step of their batches.
    """
    runs: dict[str, list[Result]] = {one.name: [] for one in contestants}
    kills: dict[str, Result] = {}
    problems = dict(problems)
    for number in range(given.runs):
        for one in contestants:
            if one.name not in problems:
                place = folder / f"{one.name}-{number}"
                found = _try(one.name, lambda one=one, place=place: measured(one, topic, place, given.seconds_max))  # type: ignore[misc]
                if "problem" in found:
                    problems[one.name] = str(found["problem"])
                else:
                    runs[one.name].append(found)
                shutil.rmtree(place, ignore_errors=True)
    rng = random.Random(given.seed)
    if given.kills:
        for one in contestants:
            if one.name not in problems:
                place = folder / f"{one.name}-killed"
                kills[one.name] = _try(
                    f"{one.name}, killed",
                    lambda one=one, place=place: killed(  # type: ignore[misc]
                        one, topic, place, given.seconds_max, rng, given.kills, given.first_kill
                    ),
                )
                shutil.rmtree(place, ignore_errors=True)
    told: dict[str, dict[str, Any]] = {}
    for one in contestants:
        said = {"said": one.said, "records_max": one.records_max}
        if one.name in problems:
            told[one.name] = {**said, "problem": problems[one.name]}
            continue
        figures = {
            key: statistics.median([float(str(run[key])) for run in runs[one.name]]) for key in runs[one.name][0]
        }
        told[one.name] = {**said, "figures": figures, "runs": runs[one.name]}
        if one.name in kills:
            told[one.name]["kill"] = kills[one.name]
    return told


def _latency(rate: int, whole_workouts: bool, brokers: str, place: Path, given: argparse.Namespace) -> Result:
    found = _try(
        f"latency at {rate} sets/s" + (", whole workouts" if whole_workouts else ""),
        lambda: latency(
            OURS[1],
            brokers,
            place,
            athletes=given.athletes,
            before=min(given.records, HISTORY_RECORDS_MAX),
            rate=rate,
            seconds=given.latency,
            seconds_max=given.seconds_max,
            whole_workouts=whole_workouts,
        ),
    )
    shutil.rmtree(place, ignore_errors=True)
    return {"offered_per_second": rate, "whole_workouts": whole_workouts, **found}


def _together(workers: int, brokers: str, folder: Path, given: argparse.Namespace) -> Result:
    """The run with the median rate."""
    runs = []
    for number in range(given.runs):
        place = folder / f"together-{workers}-{number}"
        found = _try(
            f"{workers} together",
            lambda place=place: together(  # type: ignore[misc]
                OURS[1],
                brokers,
                place,
                workers=workers,
                records=given.records,
                athletes=given.athletes,
                seconds_max=given.seconds_max,
            ),
        )
        shutil.rmtree(place, ignore_errors=True)
        if "problem" in found:
            return {"workers": workers, **found}
        runs.append(found)
    return sorted(runs, key=lambda one: float(str(one["records_per_second"])))[len(runs) // 2]


def _try(what: str, work: Callable[[], Result]) -> Result:
    """What ``work`` found, or the problem: one that fails does not cost the others their figures."""
    try:
        found = work()
    except FailedError as error:
        found = {"problem": str(error)}
    print(what, found, file=sys.stderr, flush=True)
    return found


def _asked(one: Contestant, only: Sequence[str] | None) -> bool:
    return only is None or one.name in only


@contextlib.contextmanager
def _broker(given: str | None) -> Iterator[tuple[str, str]]:
    if given:
        yield given, "as given"
        return
    try:
        with a_broker() as found:
            yield found
    except NoBrokerError as error:
        raise SystemExit(f"no broker can be started here: {error}. Name one that runs with --brokers.") from error


@contextlib.contextmanager
def _scratch(given: str | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="spotter-peers-", dir=given) as folder:
        yield Path(folder)


def _commit() -> str:
    """The commit that is checked out, with a mark when files differ from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for name in OUR_PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--records", type=int, default=500_000, help="of the topic, one set each")
    parser.add_argument("--athletes", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median is taken")
    parser.add_argument(
        "--slow-records", type=int, default=10_000, help="what the contestant that goes event by event reads"
    )
    parser.add_argument("--only", nargs="*", metavar="NAME", help="contestants by name; without a name none")
    parser.add_argument("--no-peers", action="store_true", help="our own contestants only")
    parser.add_argument("--peers-venv", type=Path, default=VENV, help="made if it is not there; default .venv-peers")
    parser.add_argument("--brokers", metavar="HOST:PORT", help="a broker that runs; without, one is started")
    parser.add_argument("--kills", type=int, default=3, help="of each contestant on its way, in a run of its own")
    parser.add_argument("--first-kill", type=int, metavar="RECORDS", help="that are in then; default: its share of all")
    parser.add_argument("--latency", type=float, default=60.0, help="seconds of each steady load; 0 leaves them out")
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 500, 5_000], help="sets a second that are offered")
    parser.add_argument("--no-together", action="store_true", help="without two workers on two partitions against one")
    parser.add_argument("--seconds-max", type=float, default=1200.0, help="patience with each run")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which contestants are killed")
    parser.add_argument("--scratch", help="where the tables go; default: the temporary folder")
    parser.add_argument("--dry", action="store_true", help="print only, write no results")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
