"""Two partitions, each with a gym of its own: folded by one worker, and by two beside each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.peers.contest import LOOK_EVERY_S, Contestant, FailedError, Result, Running, counted, empty_shards
from bench.peers.topic import Topic, bodies_in, fill, made
from pipeline.worker.told import told

PARTITIONS = 2
PATIENT = {"SPOTTER_STALLED_SECONDS_MAX": "600"}  # with a worker that waits at the gate


def together(
    who: Contestant, brokers: str, folder: Path, *, workers: int, records: int, athletes: int, seconds_max: float
) -> Result:
    """So many workers on ``records`` records, half of them in each partition.

    The workers get their partitions first, then the topic is filled, and only then they may begin: what is measured is
    work alone, neither the group's finding together nor the sender.
    """
    settings = made(brokers, PARTITIONS)
    each = records // PARTITIONS
    topic = Topic(settings, dict.fromkeys(range(PARTITIONS), each))
    empty_shards(folder, topic)
    gate = folder / "gate"
    gated = replace(who, options=("--gate", str(gate)))
    all_of_them = [Running(gated, topic, folder, "", **PATIENT) for _ in range(workers)]
    try:
        _until(lambda: _shared_out(folder, workers), all_of_them, seconds_max)
        fill(settings, each, athletes)
        gate.touch()
        _until(lambda: _ends(all_of_them) == topic.ends, all_of_them, seconds_max)
        memory = sum(one.rss_mb_peak() for one in all_of_them)
    finally:
        for one in all_of_them:
            one.end()
    first = [line for one in all_of_them if (line := one.first("began")) is not None]
    last = [[line for line in one.lines if line["what"] == "committed"][-1] for one in all_of_them]
    seconds = max(line["at"] for line in last) - min(line["at"] for line in first)
    cpu = sum(line["cpu"] for line in last) - sum(line["cpu"] for line in first)
    return {
        "workers": workers,
        "records": each * PARTITIONS,
        "seconds": seconds,
        "records_per_second": each * PARTITIONS / seconds,
        "cpu_seconds_per_million": cpu / (each * PARTITIONS) * 1e6,
        "rss_mb_peak": memory,
        **counted(who, folder, sum(map(bodies_in, topic.ends.values()))),
    }


def _shared_out(folder: Path, workers: int) -> bool:
    held = [len(said["partitions"]) for said in told(folder).values()]
    return len(held) == workers and all(number == PARTITIONS // workers for number in held)


def _ends(running: list[Running]) -> dict[int, int]:
    return {
        int(line["partition"]): int(line["next"])
        for one in running
        for line in one.lines
        if line["what"] == "committed"
    }


def _until(reached: Callable[[], bool], running: list[Running], seconds_max: float) -> None:
    deadline = time.monotonic() + seconds_max
    while not reached():
        for one in running:
            one.look()
            if one.process.poll() is not None:
                raise FailedError(f"a worker ended by itself ({one.process.returncode}): {one.told()}")
        if time.monotonic() > deadline:
            raise FailedError(f"{len(running)} workers did not come to the end in {seconds_max:g} s")
        time.sleep(LOOK_EVERY_S)
