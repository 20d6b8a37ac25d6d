"""Spotter's own worker, as ``spotter worker`` runs it, with a note after every commit.

    python -m bench.peers.ours all|facts --data DIR --progress FILE --ends 0:200000

``all`` has models, rules and alerts on. ``facts`` is ingest alone: the same worker, whose engine stores the facts of
a batch and its place in the log and leaves models and rules out, as a rebuild does while it loads.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pipeline
from bench.peers.others.progress import Progress
from pipeline.cli.serving import log_as_json
from pipeline.log.base import Logged
from pipeline.settings import Settings
from pipeline.worker.apply import Decode, Engine, Fault, decode_batch, no_fault
from pipeline.worker.shards import Shards

pipeline._LOOKED_FOR = ("pandas",)  # an install for a cluster has dateutil, for Faust's sake

from pipeline.worker import faust_app, partition  # noqa: E402
from pipeline.worker.custody import Custody  # noqa: E402

GATE_EVERY_S = 0.002


class FactsOnly(Engine):
    """Stores facts and the ledger, nothing that follows from them."""

    def apply(self, batch: Sequence[Logged], fault: Fault = no_fault, *, decode: Decode = decode_batch) -> int:
        """The facts of one batch in one transaction; returns the new next offset."""
        fresh = self._fresh(batch)
        if fresh:
            decoded = decode(fresh)
            with self.shard.transaction() as connection:
                self.apply_facts(connection, fresh, decoded)
            if self.known.full:
                self.recover()
        return self.next_offset


def watched(progress: Progress) -> type[Shards]:
    """The worker's shards, which tell of every commit."""

    class Watched(Shards):
        def apply(self, number: int, batch: Sequence[Logged]) -> bool:
            before = self.offsets.get(number, 0)
            done = super().apply(number, batch)
            if done and (after := self.offsets.get(number, before)) > before:
                progress.committed(after, after - before, number)
            return done

        def settle_next(self, behind: Callable[[int], bool]) -> bool:
            before = self.state
            worked = super().settle_next(behind)
            for number, state in self.state.items():
                if number in before and state["settled"] != before[number]["settled"]:
                    progress.say("settled", next=state["settled"], partition=int(number))
            return worked

    return Watched


def told_of(progress: Progress, gate: Path | None) -> type[Custody]:
    """The worker's custody, which tells when the first fetched records are in hand: none is decoded yet.

    They wait until ``gate`` is there.
    """

    class Told(Custody):
        async def take(
            self, place: Any, records: list[Any], end: int, acknowledge: Callable[[], Awaitable[object]]
        ) -> None:
            while gate is not None and not gate.exists():
                await asyncio.sleep(GATE_EVERY_S)
            progress.began()
            await super().take(place, records, end, acknowledge)

    return Told


def main() -> None:
    """Work until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("all", "facts"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--progress", type=Path, required=True)
    parser.add_argument("--ends", nargs="*", default=[], metavar="PARTITION:OFFSET")
    parser.add_argument("--gate", type=Path, help="a file without which no batch is begun")
    given = parser.parse_args()
    ends = {int(number): int(end) for number, _, end in (one.partition(":") for one in given.ends)}
    progress = Progress(given.progress, ends)
    faust_app.Shards = watched(progress)  # type: ignore[attr-defined]
    faust_app.Custody = told_of(progress, given.gate)  # type: ignore[attr-defined]
    if given.mode == "facts":
        partition.Engine = FactsOnly  # type: ignore[attr-defined]
    log_as_json()
    faust_app.run_worker(given.data, Settings.from_environment())


if __name__ == "__main__":
    main()
