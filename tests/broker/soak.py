"""A soak of the real thing: broker, gateway, workers and relay as processes, load all the time, faults at random.

    python -m tests.broker.soak --kills 200 --rebalances 50 --seed 1 --out bench/results/soak.json

Half of the kills meet two workers that share a folder, half three workers with folders of their own and a snapshot
store. At the end of each half the tables are compared with what was acknowledged and with an embedded run of the same
log, and what the receiver heard with the outboxes. Exit code 1 when anything is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline.log.topics import ensure
from pipeline.settings import Settings
from tests.broker import drills, faults, soak_page
from tests.broker.deployment import LAG_SECONDS_MAX, POST_EVERY_S, SESSION_S, Deployment, deployed
from tests.broker.process import BrokerProcess, why_not

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "bench" / "results" / "soak.json"


def soak(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything that was asked for; the result, which ``holds`` judges."""
    broker = BrokerProcess()
    began = time.monotonic()
    result: dict[str, Any] = {"seed": options.seed, "session_seconds": SESSION_S, "parts": []}
    halves = [(2, False, options.kills - options.kills // 2), (3, True, options.kills // 2)]
    try:
        broker.start()
        for number, (workers, apart, kills) in enumerate(halves):
            rng = random.Random(options.seed * 100 + number)

            def make(workers: int = workers, apart: bool = apart, number: int = number) -> Deployment:
                return Deployment(
                    folder / str(number), broker, f"soak{number}", workers=workers, apart=apart, every_s=options.every
                )

            with deployed(make) as deployment:
                result["parts"].append(part(deployment, rng, kills, options))
        if options.drills:
            result["drills"] = run_drills(broker, folder / "drills")
    finally:
        broker.remove()
    result["seconds"] = round(time.monotonic() - began, 1)
    return summed(result)


def run_drills(broker: BrokerProcess, folder: Path) -> dict[str, Any]:
    """Full disks, damaged shards, a retention that ran past a ledger: what is wrong after each."""
    found: dict[str, Any] = {}

    def at(name: str, apart: bool) -> Callable[[], Deployment]:
        return lambda: Deployment(folder / name, broker, name, workers=2, apart=apart)

    if (reason := drills.why_no_small_disk()) is not None:
        found["full disks"] = {"left out": reason}
    else:
        with drills.small_disks(folder / "full", drills.DISKS) as disks, deployed(at("full", False)) as deployment:
            lag = drills.fill_and_free(deployment, disks)
            found["full disks"] = {"lag_zero_s": round(lag, 2)} | asdict(deployment.judge())
    for apart in (False, True):
        name = f"damaged{int(apart)}"
        with deployed(at(name, apart)) as deployment:
            drills.damage(deployment)
            found[f"damaged shards, {'store' if apart else 'log'}"] = asdict(deployment.judge())
    settings = replace(Settings(), brokers=broker.address, topic_prefix="retention", topic_partitions=1)
    ensure(settings)
    findings, refusal = drills.retention(settings, folder / "retention")
    found["retention"] = asdict(findings) | {"refused_with": refusal.strip().splitlines()[-3:]}
    say(f"drills: {found}")
    return found


def part(deployment: Deployment, rng: random.Random, kills: int, options: argparse.Namespace) -> dict[str, Any]:
    """One deployment: kills, rebalances, a sleep, a broker away, then the judgement."""
    began = time.monotonic()
    found: dict[str, Any] = {"workers": len(deployment.slots), "folders": "apart" if deployment.apart else "shared"}
    report = faults.Kills()
    for roles in faults.plan(kills, rng):
        faults.kill(deployment, roles, rng, report)
        done = report.by_role.total()
        say(f"{done}/{kills} {'+'.join(roles)}: {report.seconds[-1]} s, lag zero after {report.lag_zero_s[-1]} s")
    found["kills"] = asdict(report) | {"by_role": dict(report.by_role)}  # asdict counts the pairs of a Counter
    # the workers of the second half have folders of their own, so each rebalance moves shards through the store
    times = options.rebalances // 2 if deployment.apart else options.rebalances - options.rebalances // 2
    if times:
        found["rebalances"] = asdict(faults.rebalance(deployment, times))
        say(f"rebalances: {found['rebalances']}")
    found["sleeps"] = []
    for _ in range(options.sleeps):
        slept = faults.sleep_through(deployment, rng)
        found["sleeps"].append(asdict(slept) | {"wrote": sorted(slept.wrote)})
        say(f"slept: {found['sleeps'][-1]}")
    if options.away and not deployment.apart:
        refused = deployment.load.counts()["posts_refused_503"]
        lag = faults.away(deployment, options.away)
        refused = deployment.load.counts()["posts_refused_503"] - refused
        found["broker_away"] = {"seconds": options.away, "lag_zero_s": lag, "refused_503": refused}
        say(f"broker away: {found['broker_away']}")
    findings = deployment.judge()
    found |= deployment.load.counts()
    found["alerts_heard"] = len(deployment.receiver.got)
    found["ended_by_themselves"] = dict(deployment.ended)
    found["last_words"] = deployment.last_words[:5]
    found["findings"] = asdict(findings)
    found["seconds"] = round(time.monotonic() - began, 1)
    say(f"findings: {found['findings']}")
    return found


def summed(result: dict[str, Any]) -> dict[str, Any]:
    """Put what counts at the top."""
    parts = result["parts"]
    by_role: dict[str, int] = {}
    for one in parts:
        for role, count in one["kills"]["by_role"].items():
            by_role[role] = by_role.get(role, 0) + count
    lags = [lag for one in parts for lag in one["kills"]["lag_zero_s"]]
    costs = [cost for one in parts for cost in one["kills"]["seconds"]]

    def total(pick: Callable[[dict[str, Any]], int]) -> int:
        return sum(pick(one) for one in parts)

    top = {
        "kills": by_role,
        "worker_kills_inside_a_batch": total(lambda one: one["kills"]["inside_a_batch"]),
        "rebalances": total(lambda one: one.get("rebalances", {}).get("joined", 0)),
        "sleeps": total(lambda one: len(one["sleeps"])),
        "sleeps_inside_a_commit": total(lambda one: sum(bool(slept["commits"]) for slept in one["sleeps"])),
        "sleeps_that_wrote": total(lambda one: sum(bool(slept["wrote"]) for slept in one["sleeps"])),
        "sets_acknowledged": total(lambda one: one["sets_acknowledged"]),
        "alerts_heard": total(lambda one: one["alerts_heard"]),
        "lag_zero_seconds": {"max": max(lags, default=0.0), "median": statistics.median(lags) if lags else 0.0},
        "seconds_a_kill": round(sum(costs) / max(sum(by_role.values()), 1), 2),
        "findings": {
            name: total(lambda one, name=name: one["findings"][name])  # type: ignore[misc]
            for name in parts[0]["findings"]
            if name != "examples"
        },
    }
    kept = ("seed", "session_seconds", "seconds", "drills")
    result = {key: result[key] for key in kept if key in result} | top | {"parts": parts}
    return {"holds": holds(result)} | result


def holds(result: dict[str, Any]) -> bool:
    """Nothing is wrong, the faults struck where they should, lag was back in time."""
    drilled = [one for one in result.get("drills", {}).values() if "left out" not in one]
    return (
        not any(result["findings"].values())
        and not any(one[name] for one in drilled for name in result["findings"])
        and not result["sleeps_that_wrote"]
        and 2 * result["worker_kills_inside_a_batch"] >= result["kills"].get("worker", 0)
        and result["lag_zero_seconds"]["max"] <= LAG_SECONDS_MAX
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Read the options, run, write the result; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.broker.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rebalances", type=int, default=50)
    parser.add_argument("--sleeps", type=int, default=2, help="workers stopped through their session, in each half")
    parser.add_argument("--away", type=float, default=0.0, help="seconds the broker is away once; 600 for the whole")
    parser.add_argument("--drills", action="store_true", help="full disks, damaged shards, retention as well")
    parser.add_argument("--every", type=float, default=POST_EVERY_S, help="seconds between posts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    if (reason := why_not()) is not None:
        parser.error(f"a broker is needed: {reason}")
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="spotter-soak-") as folder:
        result = {"commit": commit or "unknown"} | soak(options, Path(folder))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    if options.out.resolve() == RESULT:
        soak_page.write(result)
    say(json.dumps({key: value for key, value in result.items() if key != "parts"}, indent=2))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
