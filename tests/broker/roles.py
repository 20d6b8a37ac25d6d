"""The roles of a cluster as processes, and what their shards hold once they ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from pipeline.log.kafka import KafkaLog
from pipeline.settings import Settings
from pipeline.worker.told import told
from tests.sim.views import Rows, read_views

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0


def until(reached: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait for something that must come; raises AssertionError when it does not."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


class Role:
    """A running ``spotter`` role; its output is in ``output``."""

    def __init__(self, role: str, data: Path, settings: Settings, *options: str, **environment: str) -> None:
        data.parent.mkdir(parents=True, exist_ok=True)
        self.output = data.parent / f"{role}-{time.monotonic_ns()}.out"
        self.name = role
        given = {
            "SPOTTER_BROKERS": settings.brokers,
            "SPOTTER_TOPIC_PREFIX": settings.topic_prefix,
            "SPOTTER_SESSION_SECONDS": "6",
            "SPOTTER_DEBUG": os.environ.get("SPOTTER_DEBUG", ""),
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli.main", role, "--data", str(data), *options],
                env={**os.environ, **given},
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
            )

    def told(self) -> str:
        """What it printed."""
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str) -> None:
        """Until it printed something."""

        def there() -> bool:
            assert self.process.poll() is None, f"{self.name} ended:\n{self.told()}"
            return text in self.told()

        until(there, f"{text!r} of {self.name}")

    def end(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Send a signal and wait for the end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)


@contextlib.contextmanager
def running(*roles: Role) -> Iterator[None]:
    """Whatever happens inside, no process is left."""
    try:
        yield
    finally:
        for role in roles:
            if role.process.poll() is None:
                role.process.kill()
            role.process.wait()


def ends(settings: Settings) -> list[int]:
    """The end offsets of the uploads."""
    log = KafkaLog(settings)
    try:
        return [log.end_offset(partition) for partition in range(settings.topic_partitions)]
    finally:
        log.close()


def settled(data: Path, process: int | None = None) -> dict[int, int]:
    """By partition: below which offset running workers, or one of them, have done everything, days included."""
    found: dict[int, int] = {}
    for pid, said in told(data).items():
        if process in (None, pid):
            found |= {int(number): min(state.values()) for number, state in said["partitions"].items()}
    return found


class Shard:
    """A shard whose worker has ended."""

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect(str(path))

    def query(self, sql: str) -> Rows:
        cursor = self._connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def views(self) -> dict[str, Rows]:
        """What the views of the contract say."""
        return read_views(self.query)

    def close(self) -> None:
        self._connection.close()
