"""kafka-python and DuckDB by hand: poll, decode, store a batch, then commit its offsets."""

from __future__ import annotations

from kafka import KafkaConsumer
from progress import Progress
from sets import BATCH, Batches, Row, decode, given

FETCH_BYTES = 16 << 20  # as many as a batch holds, in one answer of the broker


def main() -> None:
    asked = given()
    progress = Progress(asked.progress, {0: asked.end})
    table = Batches(asked.folder / "peers.duckdb")
    consumer = KafkaConsumer(
        asked.topic,
        bootstrap_servers=asked.brokers.split(","),
        group_id=asked.group,
        enable_auto_commit=False,  # what was only read must not count as done
        auto_offset_reset="earliest",
        max_poll_records=BATCH,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=FETCH_BYTES,
    )
    rows: list[Row] = []
    while True:
        found = [record for batch in consumer.poll(timeout_ms=500).values() for record in batch]
        if found:
            progress.began()
            rows += [decode(record.value) for record in found]
            last = found[-1].offset + 1
        if rows and (len(rows) >= BATCH or not found or last >= asked.end):
            table.insert(rows)
            progress.committed(last, len(rows))
            consumer.commit()
            rows = []


if __name__ == "__main__":
    main()
