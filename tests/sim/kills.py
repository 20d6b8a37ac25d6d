"""kill -9 at random moments under load: nothing acknowledged is lost, nothing counts twice, the file always opens.

    python -m tests.sim.kills --kills 500 --seed 1

At least half of the kills fall between the start of a batch and its commit. That is counted from what the
dead process left behind: the attempt it noted stands at the offset that the shard still expects.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipeline.worker.embedded import SHARD_NAME, Embedded
from tests.sim.kill_child import event

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "bench" / "results" / "kills.json"
UP_S = 60.0
BATCH_S = 20.0


@dataclass
class Report:
    """What a run of kills showed."""

    seed: int
    kills: int = 0
    inside_a_batch: int = 0
    rebuilt: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    differences: int = 0
    put_aside: int = 0  # items of records taken for the cause of a death: no record is

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong or self.differences or self.put_aside)


def run(kills: int, seed: int, data: Path) -> Report:
    """Kill a posting process ``kills`` times, then compare the tables with what it acknowledged."""
    rng = random.Random(seed)
    report = Report(seed)
    acked: set[int] = set()
    while report.kills < kills:
        _one_life(data, rng, acked, report)
    report.acknowledged = len(acked)
    _judge(data, acked, report)
    return report


def _one_life(data: Path, rng: random.Random, acked: set[int], report: Report) -> None:
    first = max(acked, default=-1) + 1000  # what was posted but not acknowledged may be there or not
    command = [sys.executable, "-m", "tests.sim.kill_child", str(data), str(rng.randrange(1 << 30)), str(first)]
    output = data.parent / f"{data.name}.out"
    with output.open("w") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, cwd=ROOT)
        _wait_for(output, "up", child)
        if report.kills % 4 != 0:  # three deaths without any progress between them are the poison test's matter
            _wait_for_a_batch(data / "attempts.json", child)
        _wait_for_a_batch(data / "attempts.json", child)
        time.sleep(rng.uniform(0, 1.0 if report.kills % 4 == 3 else 0.15))
        child.kill()
        child.wait()
    report.kills += 1
    for line in output.read_text().splitlines():
        word, *numbers = line.split()
        if word == "ack" and len(numbers) == 2:
            acked.update(range(int(numbers[0]), int(numbers[0]) + int(numbers[1])))
    report.inside_a_batch += _died_inside(data)


def _wait_for(output: Path, word: str, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + UP_S
    while word not in output.read_text().split():
        if child.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"the process did not come up:\n{output.read_text()}")
        time.sleep(0.01)


def _wait_for_a_batch(attempts: Path, child: subprocess.Popen[bytes]) -> None:
    """Until a batch begins that has not begun yet; what came before it is then committed."""
    before = attempts.stat().st_mtime_ns if attempts.exists() else 0
    end = time.monotonic() + BATCH_S
    while time.monotonic() < end and child.poll() is None:
        if attempts.exists() and attempts.stat().st_mtime_ns != before:
            return
        time.sleep(0.002)


def _died_inside(data: Path) -> int:
    """1 if the dead process had begun a batch that is not in the shard."""
    try:
        noted = json.loads((data / "attempts.json").read_text())["offset"]
        with duckdb.connect(str(data / SHARD_NAME)) as connection:
            expected = connection.execute("select next_offset from base.ledger").fetchall()[0][0]
    except (OSError, ValueError, KeyError, duckdb.Error):
        return 0
    return int(noted == expected)


def _judge(data: Path, acked: set[int], report: Report) -> None:
    service = Embedded.open(data)
    service.apply_all()
    found = [
        (row["document_id"], row["reps"], row["weight_kg"])
        for row in service.query("select document_id, reps, weight_kg from set_fact where source = 'bar'")
    ]
    names = [name for name, _, _ in found]
    report.lost = len({f"d{number}" for number in acked} - set(names))
    report.doubled = len(names) - len(set(names))
    report.wrong = sum(
        (reps, weight) != (event(int(name[1:]))["reps"], float(event(int(name[1:]))["weight"]["value"]))  # type: ignore[index]
        for name, reps, weight in found
    )
    report.put_aside = int(service.query("select count(*) as n from rejected")[0]["n"])
    report.differences = len(service.check())
    report.rebuilt = len(list(data.glob(f"{SHARD_NAME}.corrupt-*")))
    service.close()


def main() -> None:
    """Run and write the result file; exit 1 if anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path, default=RESULT)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spotter-kills-") as folder:
        report = run(arguments.kills, arguments.seed, Path(folder) / "data")
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    ).stdout.strip()
    result = {"commit": commit, "seconds": round(time.monotonic() - started, 1), **asdict(report)}
    arguments.result.parent.mkdir(parents=True, exist_ok=True)
    arguments.result.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    sys.exit(0 if report.holds and report.inside_a_batch * 2 >= report.kills else 1)


if __name__ == "__main__":
    main()
