"""One more batch on histories of several lengths: how much the time of a batch grows.

``python -m bench.growth make FOLDER SETS`` makes a history; ``... add FOLDER SETS`` opens it, does one batch for each
line it reads and answers with its times. ``measure`` lets such processes take turns, a batch each, so that a machine
whose speed changes changes them all, and compares the batches of a turn.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.embedded import Measured, count_of, rss_mb_peak, send, timed
from bench.generate import SETS_PER_WORKOUT, bodies, set_line, workouts_of, write
from pipeline.clock import SystemClock
from pipeline.worker.embedded import Embedded

ATHLETES = 200
SETS = 5  # of each athlete in one more body
BATCH_SETS = ATHLETES * SETS
TRIALS = 25
BODIES_AT_ONCE = 64


def measure(folder: Path, lengths: Sequence[int]) -> list[Measured]:
    """Medians over ``TRIALS`` turns of a batch of 1,000 sets, five of each of 200 athletes, by length of the history;
    ``times``: those of how often the batch of the first history fits into the one of the same turn.

    The athletes stay the same and their history grows: 100,000 sets are six weeks, which fill the windows of most
    models but not those of weeks and load jumps (half a year), and 10 million are twelve years. Each history's first
    batch is done before and not counted: it reads what the others find in memory.
    """
    children = [_Child(folder / f"history{sets}", sets) for sets in lengths]
    for child in children:  # one after the other: each takes what the machine has
        child.make()
    for child in children:
        child.open()
    for _ in range(1 + TRIALS):
        for child in children:
            child.one_more()
    return [child.end(children[0]) for child in children]


class _Child:
    def __init__(self, folder: Path, sets: int) -> None:
        self._arguments = [str(folder), str(sets)]
        self._taken: list[dict[str, float]] = []

    def make(self) -> None:
        command = [sys.executable, "-m", "bench.growth", "make", *self._arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        self._made: Measured = json.loads(done.stdout)

    def open(self) -> None:
        command = [sys.executable, "-m", "bench.growth", "add", *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def one_more(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("one more\n")
        self._process.stdin.flush()
        self._taken.append(self._line())

    def end(self, first: _Child) -> Measured:
        """What the batches took, also beside those of the ``first`` history in the same turns."""
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
            self._last = self._line()
            if self._process.wait():
                raise SystemExit(f"the history {self._arguments} failed")
        found = {**self._made, "batch_sets": BATCH_SETS, "trials": len(self._taken) - 1}
        for name in ("ms", "session_lane_ms", "day_lane_ms"):
            own, of_first = ([one[name] for one in child._taken[1:]] for child in (self, first))
            found[f"{name}_median"] = statistics.median(own)
            found[f"{name}_times"] = statistics.median(a / b for a, b in zip(own, of_first, strict=True))
        found["ms_max"] = max(one["ms"] for one in self._taken[1:])
        found |= self._last
        print("history", found, file=sys.stderr, flush=True)
        return found

    def _line(self) -> dict[str, float]:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"the history {self._arguments} ended")
        answer: dict[str, float] = json.loads(line)
        return answer


def make(folder: Path, sets: int) -> None:
    """Make the history."""
    file = folder.with_suffix(".ndjson")
    write(file, sets, order="visits", athletes=ATHLETES)
    service = Embedded.open(folder, SystemClock())
    for number, body in enumerate(bodies(file)):
        send(service, body, f"h{number}")
        if number % BODIES_AT_ONCE == BODIES_AT_ONCE - 1:
            service.apply_all()
    service.apply_all()
    file.unlink()
    made = count_of(service, "set_fact")
    service.close()
    print(json.dumps({"history_sets": made, "rss_mb_peak_making": rss_mb_peak()}))


def add(folder: Path, sets: int) -> None:
    """A batch a line."""
    service = Embedded.open(folder, SystemClock())
    first = workouts_of(sets, ATHLETES)
    for trial, _ in enumerate(sys.stdin):
        workout, part = divmod(trial, SETS_PER_WORKOUT // SETS)
        before = _day_lane_s(service)
        whole = timed(_one_more(service, first + workout, part * SETS))
        days = _day_lane_s(service) - before
        answer = {"ms": whole, "session_lane_ms": whole - days, "day_lane_ms": days}
        print(json.dumps({name: seconds * 1000 for name, seconds in answer.items()}), flush=True)
    service.close()
    print(json.dumps({"rss_mb_peak": rss_mb_peak()}), flush=True)


def _day_lane_s(service: Embedded) -> float:
    return service.measures.registry.get_sample_value("spotter_day_lane_seconds_sum") or 0.0


def _one_more(service: Embedded, workout: int, first: int) -> Callable[[], None]:
    numbers = range(first, first + SETS)
    body = "".join(set_line(athlete, workout, n) for athlete in range(ATHLETES) for n in numbers).encode()

    def run() -> None:
        send(service, body, f"more-{workout}-{first}")
        service.apply_all()

    return run


if __name__ == "__main__":
    {"make": make, "add": add}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
