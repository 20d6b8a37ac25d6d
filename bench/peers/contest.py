"""One contestant in a process of its own: started, watched through its file of progress, ended, its table counted."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bench.peers.others.progress import DIE_AT
from bench.peers.topic import Topic, bodies_in
from pipeline.store.shard import Shard

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).with_name("others")
LOOK_EVERY_S = 0.01
END_SECONDS_MAX = 30.0
LATE_S_MAX = 0.5  # a kill comes up to so long after the first record, so that it hits any step of a batch
OURS_TABLES = "shard-*.duckdb"
PEERS_TABLE = "peers.duckdb"
OURS_COUNT = (
    "select count(*), count(distinct (tenant_id, athlete_id, source, document_id)), (select count(*) from alert)"
    " from set_fact"
)
FACTS_COUNT = (
    "select count(*), count(distinct (athlete_no, doc_key)), 0 from base.set_log"  # the views show what models read
)
PEERS_COUNT = "select count(*), count(distinct (athlete, source, document)), 0 from sets"

# every contestant has the allocator of Spotter's image, where this machine has it
ALLOCATOR = os.environ.get("LD_PRELOAD") or find_library("jemalloc") or ""

Line = dict[str, Any]
Result = dict[str, object]


class FailedError(Exception):
    """A contestant that ended by itself or did not come to its end."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """``mode`` is for ``bench.peers.ours``, ``script`` one of ``others``, run by ``python``.

    ``records_max``: how many records of the topic it reads where all of them would take hours.
    """

    name: str
    said: str
    mode: str = ""
    script: str = ""
    python: str = sys.executable
    options: tuple[str, ...] = ()
    records_max: int | None = None

    def end(self, topic: Topic) -> int:
        """The offset after the last record it reads of a partition."""
        return min(topic.ends[0], self.records_max or topic.ends[0])

    def command(self, topic: Topic, folder: Path, progress: Path, group: str) -> list[str]:
        """How it is started."""
        if self.mode:
            ends = [f"{number}:{end}" for number, end in topic.ends.items()]
            asked = ["--data", str(folder), "--progress", str(progress), "--ends", *ends]
            return [self.python, "-m", "bench.peers.ours", self.mode, *asked, *self.options]
        return [
            self.python, str(SCRIPTS / self.script), "--brokers", topic.settings.brokers, "--topic", topic.name,
            "--group", group, "--end", str(self.end(topic)), "--folder", str(folder), "--progress", str(progress),
            *self.options,
        ]  # fmt: skip


class Running:
    """A contestant at work in ``folder``; a second one there goes on where the first was killed."""

    def __init__(self, who: Contestant, topic: Topic, folder: Path, group: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if who.mode:
            empty_shards(folder, topic)
        name = f"{time.monotonic_ns()}"
        self.who, self.folder = who, folder
        self._progress, self._output = folder / f"{name}.progress", folder / f"{name}.output"
        self._progress.touch()
        self._read = self._progress.open()
        self.lines: list[Line] = []
        settings = topic.settings
        given = {
            "SPOTTER_BROKERS": settings.brokers,
            "SPOTTER_TOPIC_PREFIX": settings.topic_prefix,
            "SPOTTER_TOPIC_PARTITIONS": str(settings.topic_partitions),
            "LD_PRELOAD": ALLOCATOR,
            **environment,
        }
        if who.mode:
            given["PYTHONPATH"] = str(ROOT)
        else:  # what is set for Spotter's environment is not theirs
            given["PYTHONPATH"] = ""
        self.started_at = time.monotonic()
        with self._output.open("wb") as sink:
            self.process = subprocess.Popen(
                who.command(topic, folder, self._progress, group),
                env={**os.environ, **given},
                cwd=ROOT if who.mode else folder,
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def look(self) -> None:
        """Take in what it said since."""
        while text := self._read.readline():
            if text.endswith("\n"):
                self.lines.append(json.loads(text))
            else:
                self._read.seek(self._read.tell() - len(text))
                return

    def until(self, reached: Callable[[Line], bool], seconds_max: float) -> Line:
        """Wait for a line; raises FailedError when the process ends before, or the time does."""
        seen = 0
        deadline = time.monotonic() + seconds_max
        while True:
            ended = self.process.poll() is not None
            self.look()
            for line in self.lines[seen:]:
                if reached(line):
                    return line
            seen = len(self.lines)
            if ended:
                raise FailedError(f"{self.who.name} ended by itself ({self.process.returncode}): {self.told()}")
            if time.monotonic() > deadline:
                raise FailedError(f"{self.who.name} did not come to its end in {seconds_max:g} s: {self.told()}")
            time.sleep(LOOK_EVERY_S)

    def until_killed(self, seconds_max: float) -> None:
        """Wait until it killed itself; raises FailedError when it ends otherwise or not at all."""
        try:
            code = self.process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            code = 0
        if code != -signal.SIGKILL:
            raise FailedError(f"{self.who.name} did not come to where it was to be killed: {self.told()}")

    def first(self, what: str) -> Line | None:
        """The first line of a kind, among those taken in."""
        return next((line for line in self.lines if line["what"] == what), None)

    def handled(self) -> int:
        """How many records it stored or found stored."""
        self.look()
        return int(self.lines[-1]["handled"]) if self.lines else 0

    def rss_mb_peak(self) -> float:
        """The greatest resident memory so far, in MB (1e6 bytes)."""
        try:
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        except OSError:
            return 0.0
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def told(self) -> str:
        """The end of what it printed."""
        return self._output.read_text(errors="replace")[-1500:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ask it to stop, and kill it if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()
        self._read.close()


def measured(who: Contestant, topic: Topic, folder: Path, seconds_max: float) -> Result:
    """One run from the beginning of the topic to the last commit."""
    running = Running(who, topic, folder, _group(who))
    try:
        done = running.until(lambda line: line["what"] == "done", seconds_max)
        end = who.end(topic)
        settled = None
        if who.mode == "all":
            settled = running.until(lambda line: line["what"] == "settled" and line["next"] >= end, seconds_max)
        memory = running.rss_mb_peak()
        began = running.first("began")
        assert began is not None
    finally:
        running.end()
    seconds = done["at"] - began["at"]
    result: Result = {
        "records": end,
        "seconds": seconds,
        "records_per_second": end / seconds,
        "seconds_from_start": done["at"] - running.started_at,
        "cpu_seconds_per_million": (done["cpu"] - began["cpu"]) / end * 1e6,
        "rss_mb_peak": memory,
    }
    if settled is not None:
        result["records_per_second_days_too"] = end / (settled["at"] - began["at"])
        result["cpu_seconds_per_million_days_too"] = (settled["cpu"] - began["cpu"]) / end * 1e6
    return result | counted(who, folder, bodies_in(end))


def killed(
    who: Contestant,
    topic: Topic,
    folder: Path,
    seconds_max: float,
    rng: random.Random,
    kills: int = 1,
    first_at: int | None = None,
) -> Result:
    """Killed so many times on its way, started again in the same folder and group; what the table holds in the end.

    The first kill comes at the end of a commit of the table, when nothing that follows it (offsets) is done yet, and
    ``first_at`` records, or its share of them, are in; later ones come a random while after the first record. ``kills``
    in the result are those that came before the end.
    """
    group, end = _group(who), who.end(topic)
    handled = hits = 0
    pauses: list[float] = []
    while True:
        dies = {DIE_AT: str(first_at or -(-end // (kills + 1)))} if not hits else {}
        running = Running(who, topic, folder, group, **dies)
        try:
            if not hits:
                running.until_killed(seconds_max)
            elif hits < kills:
                running.until(lambda line: line["what"] == "began", seconds_max)
                time.sleep(rng.uniform(0, LATE_S_MAX))
                running.kill()
            else:
                running.until(lambda line: line["what"] == "done", seconds_max)
            handled += running.handled()
            began, done = running.first("began"), running.first("done")
            if hits and began is not None:
                pauses.append(began["at"] - running.started_at)
        finally:
            running.end()
        if done is not None:
            break
        hits += 1
    if not hits:
        raise FailedError(f"{who.name} had done everything before it was killed: more records are needed")
    return {
        "kills": hits,
        "records": end,
        "handled_again": max(handled - end, 0),
        "seconds_until_it_went_on": max(pauses, default=0.0),
        **counted(who, folder, bodies_in(end)),
    }


def empty_shards(folder: Path, topic: Topic) -> None:
    """Shards as they are before the first record: a worker that has none builds it from the log in one go, and what
    is measured here is the stream."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in topic.ends:
        path = folder / f"shard-{number}.duckdb"
        if not path.exists():
            Shard(path).close()


def counted(who: Contestant, folder: Path, sets: int) -> Result:
    """Rows of the tables against so many different sets: none lost is 0, none twice is 0."""
    rows = distinct = alerts = 0
    query = {"all": OURS_COUNT, "facts": FACTS_COUNT}.get(who.mode, PEERS_COUNT)
    for path in folder.glob(OURS_TABLES if who.mode else PEERS_TABLE):
        with duckdb.connect(str(path)) as connection:
            found = connection.execute(query).fetchall()[0]
        rows, distinct, alerts = rows + found[0], distinct + found[1], alerts + found[2]
    result: Result = {"lost": sets - distinct, "doubled": rows - distinct}
    return result | ({"alerts": alerts} if who.mode == "all" else {})


def _group(who: Contestant) -> str:
    return f"bench-{who.name}-{uuid.uuid4().hex[:8]}"
