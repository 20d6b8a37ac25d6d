"""Runs: several histories, one tenant each, share one shard that dies again and again and must still be right."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sim.driver import POINTS, Driver, Faults
from tests.sim.generator import OPERATIONS_MIN, Upload, history

TOGETHER = 40  # histories that share a shard: a batch of many costs less than as many of few
CRASH_SHARE = 1.0  # of all batches, the first try dies this often, a second one less often, see driver.py
CUTS = 42  # batches a run is cut into
MIDDLE_EVERY = 2  # runs, of which one is compared in its middle too: the second computation takes a fifth of the time


@dataclass
class Outcome:
    """What runs found: deaths per point, histories, and the failures with the command that replays each."""

    histories: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, object]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.histories += other.histories
        self.hits += other.hits
        self.failures += other.failures

    @property
    def least_hit(self) -> int:
        return min(self.hits[point] for point in POINTS)


def merged(seed: int, together: int, operations: int = OPERATIONS_MIN) -> list[Upload]:
    """The uploads of several histories in the order of their receipt."""
    uploads = [upload for n in range(together) for upload in history(seed * 1000 + n, f"t{n}", operations=operations)]
    return sorted(uploads, key=lambda upload: upload.received_at)


def run(seed: int, together: int = TOGETHER, cuts: int = CUTS, hits: Counter[str] | None = None) -> Outcome:
    """One run; ``hits`` are the deaths so far, so that points die evenly often."""
    rng = random.Random(seed)
    faults = Faults()
    before = Counter(hits or {})
    faults.hits.update(before)
    outcome = Outcome(together)
    uploads = merged(seed, together)
    ends = sorted(rng.sample(range(1, len(uploads)), min(cuts, len(uploads)) - 1))
    looks = {ends[len(ends) // 2]} if seed % MIDDLE_EVERY == 0 and ends else set()
    with Driver(faults=faults) as driver:
        for start, end in zip([0, *ends], [*ends, len(uploads)], strict=True):
            for upload in uploads[start:end]:
                driver.send(upload)
            driver.apply(rng, CRASH_SHARE)
            if end in looks or end == len(uploads):
                problems = driver.problems(replay=end == len(uploads))
                if problems:
                    deaths = ",".join(str(before[point]) for point in POINTS)  # they decide where this run dies
                    command = (
                        f"python -m tests.sim.soak --run {seed} --together {together} --cuts {cuts} --hits {deaths}"
                    )
                    outcome.failures.append(
                        {"seed": seed, "uploads": end, "problems": problems[:20], "replay": command}
                    )
                    break
    outcome.hits = faults.hits - before
    return outcome


def runs(histories: int, seed: int, together: int = TOGETHER) -> Iterator[tuple[int, int]]:
    """(seed, histories) of the runs that do ``histories``, from ``seed`` upwards."""
    for n, start in enumerate(range(0, histories, together)):
        yield seed + n, min(together, histories - start)


def many(histories: int, seed: int, together: int = TOGETHER, cuts: int = CUTS) -> Outcome:
    """Runs until ``histories`` were done, from ``seed`` upwards."""
    total = Outcome()
    for number, count in runs(histories, seed, together):
        total.add(run(number, count, cuts, total.hits))
    return total
