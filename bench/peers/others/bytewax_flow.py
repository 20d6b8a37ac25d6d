"""Bytewax: a flow from Kafka to a sink that stores what it is handed, with recovery on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from progress import Progress
from sets import BATCH, Batches, Row, decode, given

EPOCH = timedelta(seconds=1)


class _Part(StatelessSinkPartition[tuple[int, Row]]):
    def __init__(self, path: Path, progress: Progress) -> None:
        self._table, self._progress = Batches(path), progress

    def write_batch(self, items: list[tuple[int, Row]]) -> None:
        self._table.insert([row for _, row in items])
        self._progress.committed(items[-1][0] + 1, len(items))


class DuckDBSink(DynamicSink[tuple[int, Row]]):
    """Stores a batch in one transaction."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path, self._progress = path, progress

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Part:
        return _Part(self._path, self._progress)


def main() -> None:
    asked = given()
    progress = Progress(asked.progress, {0: asked.end})

    def row_of(message: Any) -> tuple[int, Row]:
        progress.began()
        return message.offset, decode(message.value)

    flow = Dataflow("sets")
    read = kafka.input("read", flow, brokers=asked.brokers.split(","), topics=[asked.topic], batch_size=BATCH)
    op.output("store", op.map("decode", read.oks, row_of), DuckDBSink(asked.folder / "peers.duckdb", progress))
    recovery = asked.folder / "recovery"
    if not recovery.exists():
        recovery.mkdir()
        init_db_dir(recovery, 1)
    cli_main(flow, epoch_interval=EPOCH, recovery_config=RecoveryConfig(recovery))


if __name__ == "__main__":
    main()
