"""Columns that the door made are those the worker would make, and what is missing is decoded."""

from __future__ import annotations

import random
from datetime import timedelta

import pyarrow as pa
import pytest

from pipeline.gateway.accept import Accepted, accept_events
from pipeline.log.base import Batch, Logged
from pipeline.record import Record
from pipeline.sources.columns import Decoded
from pipeline.worker.apply import decode_batch
from pipeline.worker.handover import Handover
from tests.sim.generator import Upload, history

TABLES = ("sets", "sessions", "events")


def taken(upload: Upload, number: int = 0) -> Accepted:
    return accept_events(
        upload.body(), tenant=upload.tenant, upload_id=f"u{number}", received_at=upload.received_at, admin=upload.admin
    )


def batch_of(records: list[Record], start: int = 0) -> Batch:
    return Batch.of([Logged(start + place, record) for place, record in enumerate(records)])


def rows(decoded: Decoded) -> dict[str, list[dict[str, object]]]:
    """Every row with the document it belongs to, in an order that does not depend on how it was decoded."""
    documents = decoded.documents.to_pylist()

    def key(row: dict[str, object]) -> tuple[object, ...]:
        return (row["record"], row["item"], row.get("ordinal", 0))

    found = {"documents": sorted(documents, key=key)}
    for name in TABLES:
        table: pa.Table = getattr(decoded, name)
        joined = []
        for row in table.to_pylist():
            document = documents[row.pop("doc_row")]
            joined.append({"record": document["record"], "item": document["item"], **row})
        found[name] = sorted(joined, key=key)
    for name in ("rejected", "ignored"):
        found[name] = sorted(getattr(decoded, name).to_pylist(), key=key)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_doors_columns_are_those_of_the_records(seed):
    whole = 0
    for upload in history(seed):
        accepted = taken(upload)
        if accepted.decoded is None:
            continue
        whole += 1
        batch = batch_of(accepted.records)
        assert rows(accepted.decoded) == rows(decode_batch(batch))
    assert whole > 20


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("kept", ["all", "none", "some"])
def test_a_batch_is_the_same_whatever_was_handed_over(kept, first):
    handover, records = Handover(), []
    for number, upload in enumerate(history(21)):
        accepted = taken(upload, number)
        start = len(records)
        records += accepted.records
        if accepted.decoded is not None and (kept == "all" or (kept == "some" and number % 3)):
            handover.put(start, len(accepted.records), accepted.decoded)
    part = batch_of(records)[first:]
    expected = rows(decode_batch(part))
    assert rows(handover.columns_of(part)) == expected
    assert rows(handover.columns_of(part)) == expected, "what was taken is decoded the next time"


@pytest.mark.parametrize("seed", range(12))
def test_records_that_were_read_twice_and_cut_elsewhere_count_once(seed):
    """A consumer that seeks back fetches the same records with other ends; the columns of both may wait here."""
    rng = random.Random(seed)
    records = [record for number, upload in enumerate(history(21)) for record in taken(upload, number).records][:60]
    batch = batch_of(records, 100)
    handover = Handover()
    for _ in range(12):
        start = rng.randrange(len(batch))
        part = batch[start : start + rng.randint(1, 20)]
        handover.put(part[0].offset, len(part), decode_batch(part))
    begin = rng.choice([0, rng.randrange(len(batch))])
    for part in (batch[begin:40], batch[max(begin, 40) :]):
        if part:
            assert rows(handover.columns_of(part)) == rows(decode_batch(part))
    assert handover._bytes == 0


def test_an_upload_with_a_rejected_or_a_doubled_item_is_not_handed_over():
    line = next(u for u in history(1) if u.events[0]["kind"] == "set")
    twice = Upload(line.tenant, line.received_at, [line.events[0], line.events[0]])
    broken = Upload(line.tenant, line.received_at, [line.events[0], line.events[0] | {"reps": -1, "document": "x"}])
    assert taken(line).decoded is not None
    assert taken(twice).decoded is None
    assert taken(broken).decoded is None


def test_what_waits_is_bounded():
    handover = Handover(bytes_max=0)
    accepted = taken(history(2)[0])
    handover.put(0, len(accepted.records), accepted.decoded)
    assert handover._found(0, 10) == []


def test_long_texts_count_by_their_length():
    beats = {"kind": "heart_rate", "athlete": "ana", "document": "h", "start": "2026-11-20T18:00:00+01:00"}
    beats |= {"offset_s": list(range(5000)), "bpm": [120] * 5000}
    accepted = taken(Upload("home", history(2)[0].received_at + timedelta(days=90), [beats]))
    handover = Handover(bytes_max=20_000)
    handover.put(0, 1, accepted.decoded)
    assert handover._found(0, 1) == [], "one row, and more text than may wait"
