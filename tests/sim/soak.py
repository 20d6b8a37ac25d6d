"""``make soak``: many histories with crashes, compared with a replay and with the oracle.

``python -m tests.sim.soak --histories 10000 --seed 1`` writes bench/results/sim.json and exits 1 on a failure;
``--run SEED`` replays one run and prints what differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.sim.driver import POINTS
from tests.sim.simulator import CUTS, TOGETHER, Outcome, many, run

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "bench" / "results" / "sim.json"
RUNS_OF_A_PORTION = 2  # what one process does before it reports
SEEDS_PER_PORTION = 1000


def _portion(task: tuple[int, int, int, int]) -> Outcome:
    return many(*task)


def portions(histories: int, seed: int, together: int = TOGETHER) -> list[tuple[int, int]]:
    """(histories, first seed) of what one process does at a time."""
    portion = together * RUNS_OF_A_PORTION
    return [
        (min(portion, histories - start), seed * 10**6 + n * SEEDS_PER_PORTION)
        for n, start in enumerate(range(0, histories, portion))
    ]


def soak(histories: int, seed: int, processes: int, together: int = TOGETHER, cuts: int = CUTS) -> Outcome:
    """Do the histories in several processes; the seeds do not depend on how many."""
    tasks = [(*portion, together, cuts) for portion in portions(histories, seed, together)]
    total = Outcome()
    fresh = multiprocessing.get_context("spawn")  # a forked child would inherit locks of threads that are not there
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        for outcome in pool.map(_portion, tasks):
            total.add(outcome)
            for failure in outcome.failures:
                print(f"failed: {failure['problems']}\nreplay: {failure['replay']}", file=sys.stderr, flush=True)
            print(
                f"{total.histories} histories, {len(total.failures)} failures, least hits {total.least_hit}", flush=True
            )
    return total


def _commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main(arguments: list[str] | None = None) -> int:
    """Read the options, run, write the result; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.soak", description=__doc__)
    parser.add_argument("--histories", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--together", type=int, default=TOGETHER, help="histories that share a shard")
    parser.add_argument("--cuts", type=int, default=CUTS, help="batches a shard's histories are cut into")
    parser.add_argument("--run", type=int, help="replay the run with this seed")
    parser.add_argument("--hits", default="", help="with --run: deaths per point before it, as a failure tells them")
    options = parser.parse_args(arguments)
    if options.run is not None:
        counts = [int(count) for count in options.hits.split(",") if count]
        before = Counter(dict(zip(POINTS, counts, strict=bool(counts))))
        outcome = run(options.run, options.together, options.cuts, before)
        print(json.dumps(outcome.failures, indent=2))
        return 1 if outcome.failures else 0
    began = time.monotonic()
    outcome = soak(options.histories, options.seed, options.processes, options.together, options.cuts)
    result = {
        "commit": _commit(),
        "seed": options.seed,
        "histories": outcome.histories,
        "histories_of_a_shard": options.together,
        "seconds": round(time.monotonic() - began, 1),
        "crashes": sum(outcome.hits.values()),
        "hits": {point: outcome.hits[point] for point in POINTS},
        "failures": outcome.failures,
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
