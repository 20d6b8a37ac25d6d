"""The door for canonical events: every item is answered, what is to be kept is put into records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.errors import Reason
from pipeline.gateway.split import split_items
from pipeline.record import RECORD_BYTES_MAX, Header, Record, pack_items
from pipeline.sources.canonical import ITEM_BYTES_MAX, decode_lines, stand_in
from pipeline.sources.columns import Decoded

BODY_BYTES_MAX = 64 << 20  # of an unpacked body; the HTTP layer refuses larger ones
RECORD_ITEMS_MAX = 50_000

Status = Literal["accepted", "duplicate", "rejected"]


@dataclass(slots=True)
class ItemResult:
    """What became of one item: the answer the sender gets."""

    index: int
    status: Status
    reason: Reason | None = None
    field: str | None = None
    message: str | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)


@dataclass(slots=True)
class Accepted:
    """The answers of one upload, and the records to append before they are given.

    ``decoded``: the records' columns, ``record`` being their place in ``records``; null if they hold other
    items than were decoded.
    """

    results: list[ItemResult]
    records: list[Record]
    accepted: int
    duplicates: int
    rejected: int
    decoded: Decoded | None = None


def accept_events(
    body: bytes,
    *,
    content_type: str = "",
    tenant: str,
    source_default: str = "api",
    upload_id: str,
    received_at: datetime,
    admin: bool = False,
) -> Accepted:
    """Answer the items of a body (one object, an array, or NDJSON) and group them into records by athlete.

    ``received_at`` needs a zone. An empty body is one rejected item and no record. An item with the very
    bytes of the last version of its document in this upload is a duplicate and is not appended. Rejected
    items are appended too, to their athlete if one can be read, so that they show up in ``rejected``.
    """
    lines = split_items(body, content_type)
    if not lines:
        text = "The body holds no event. Send one JSON object, an array of them, or one per line."
        return Accepted([ItemResult(0, "rejected", "invalid_json", None, text)], [], 0, 0, 1)
    header = Header(
        tenant=tenant,
        source=source_default,
        decoder="canonical",
        upload_id=upload_id,
        received_at=received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        admin=admin,
    )
    decoded = decode_lines(lines, header)
    results = [ItemResult(index, "accepted") for index in range(len(lines))]
    athletes = _answer(results, decoded)
    _mark_duplicates(results, lines, decoded)
    groups: dict[str, list[int]] = {}
    for index, result in enumerate(results):
        if result.status != "duplicate":
            groups.setdefault(athletes[index], []).append(index)
    parts = [(athlete, part) for athlete, group in groups.items() for part in _parts(group, lines)]
    raw_header = header._replace(parts=len(parts)).to_bytes()
    records = [
        Record(athlete, number, pack_items(indexes), raw_header, payload)
        for number, (athlete, (indexes, payload)) in enumerate(parts)
    ]
    statuses = [result.status for result in results]
    accepted, rejected = statuses.count("accepted"), statuses.count("rejected")
    whole = _by_record(decoded, [indexes for _, (indexes, _) in parts]) if accepted == len(statuses) else None
    return Accepted(results, records, accepted, len(statuses) - accepted - rejected, rejected, whole)


def _by_record(decoded: Decoded, items: list[list[int]]) -> Decoded:
    """The columns of an upload of which every item was accepted, by the records they went into."""
    order = np.concatenate([np.asarray(indexes, np.int64) for indexes in items])
    record_of = np.empty(len(order), np.int32)
    record_of[order] = np.repeat(np.arange(len(items), dtype=np.int32), [len(indexes) for indexes in items])
    documents = decoded.documents
    place = documents.column_names.index("record")
    record = pa.array(record_of[documents["item"].to_numpy()])
    return dataclasses.replace(
        decoded, documents=documents.set_column(place, documents.schema.field(place), record), warnings=[]
    )


def _answer(results: list[ItemResult], decoded: Decoded) -> list[str]:
    """Fill in rejections and warnings; returns the athlete of every item."""
    athletes = [""] * len(results)
    documents, rejected = decoded.documents, decoded.rejected
    taken = documents["item"].to_pylist()
    for item, athlete in zip(taken, documents["athlete"].to_pylist(), strict=True):
        athletes[item] = athlete
    if rejected.num_rows:
        whole = set(range(len(results))).difference(taken)
        for row in rejected.to_pylist():
            item = row["item"]
            if item in whole:
                result = results[item]
                result.status, result.reason = "rejected", row["reason"]
                result.field, result.message = row["field"], row["message"]
                athletes[item] = row["athlete"]
    for _, item, text in decoded.warnings:
        results[item].warnings.append(text)
    return athletes


def _mark_duplicates(results: list[ItemResult], lines: list[bytes], decoded: Decoded) -> None:
    if len(set(lines)) == len(lines):
        return
    documents = decoded.documents
    identity = sorted(
        zip(
            documents["item"].to_pylist(),
            documents["athlete"].to_pylist(),
            documents["source"].to_pylist(),
            documents["document"].to_pylist(),
            strict=True,
        )
    )
    latest: dict[tuple[str, str, str], bytes] = {}
    for item, *key in identity:
        document = (key[0], key[1], key[2])
        if latest.get(document) == lines[item]:
            results[item].status = "duplicate"
            results[item].message = "The same item came before in this upload; it is kept once."
        latest[document] = lines[item]


def _parts(group: list[int], lines: list[bytes]) -> Iterable[tuple[list[int], bytes]]:
    """The items of one athlete in parts that fit into records, in their order."""
    if len(group) == 1 and len(lines[group[0]]) <= ITEM_BYTES_MAX:
        return [(group, lines[group[0]])]
    return _several_parts(group, lines)


def _several_parts(group: list[int], lines: list[bytes]) -> Iterator[tuple[list[int], bytes]]:
    part: list[int] = []
    kept: list[bytes] = []
    size = 0
    for index in group:
        line = lines[index]
        if len(line) > ITEM_BYTES_MAX:
            line = stand_in(line)
        if part and (size + len(line) + 1 > RECORD_BYTES_MAX or len(part) >= RECORD_ITEMS_MAX):
            yield part, b"\n".join(kept)
            part, kept, size = [], [], 0
        part.append(index)
        kept.append(line)
        size += len(line) + 1
    yield part, b"\n".join(kept)
