"""Quix Streams with a batching sink: a checkpoint every so many records hands the batch over, then commits offsets."""

from __future__ import annotations

from pathlib import Path

from progress import Progress
from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch
from sets import BATCH, Batches, Row, decode, decode_unchecked, given


class DuckDBSink(BatchingSink):
    """Stores a batch in one transaction."""

    def __init__(self, path: Path, progress: Progress, *, texts: bool) -> None:
        super().__init__()
        self._path, self._progress, self._texts = path, progress, texts

    def setup(self) -> None:
        self._table = Batches(self._path, texts=self._texts)

    def write(self, batch: SinkBatch) -> None:
        items = list(batch)
        self._table.insert([item.value for item in items])
        self._progress.committed(items[-1].offset + 1, len(items))


def main() -> None:
    asked = given()
    progress = Progress(asked.progress, {0: asked.end})
    decoder = decode_unchecked if asked.unchecked else decode
    app = Application(
        asked.brokers,
        consumer_group=asked.group,
        auto_offset_reset="earliest",
        commit_every=BATCH,
        commit_interval=1.0,
        state_dir=asked.folder / "state",
        auto_create_topics=False,
        loglevel="WARNING",
    )

    def row_of(value: bytes) -> Row:
        progress.began()
        return decoder(value)

    topic = app.topic(asked.topic, value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(topic).apply(row_of).sink(DuckDBSink(asked.folder / "peers.duckdb", progress, texts=asked.unchecked))
    app.run()


if __name__ == "__main__":
    main()
