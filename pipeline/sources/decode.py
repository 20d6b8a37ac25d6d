"""Records of the log to columns: canonical ones together, vendor ones through their decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from pipeline.record import CANONICAL, ITEM_BYTES, WITHDRAWAL, Header, Record, unpack_items
from pipeline.records import Records
from pipeline.sources.canonical import decode_batch
from pipeline.sources.columns import Decoded
from pipeline.sources.lines import Lines, Uploads
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.receipt import Upload
from pipeline.sources.rows import Item, RowBuilder, concat
from pipeline.sources.validate import check_event

_RAW_LENGTH = 800


def decode_records(records: Sequence[Record]) -> Decoded:
    """Columns of a batch; ``record`` in them is the place in ``records``.

    Every item ends as document, rejection or ignored row, and nothing in a payload raises:
    a record that its decoder cannot read is rejected item by item. Withdrawals have no rows. Rows come in any order.
    """
    builder = RowBuilder()
    records = Records.of(records)
    headers = records.headers
    uploads = Uploads(headers)
    if not headers.problems and all(shared.decoder == CANONICAL for shared in headers.shared):
        canonical = None
    else:
        canonical = _add_others(builder, records, uploads)
    lines = _lines_of(builder, records, canonical, uploads)
    return concat([*([decode_batch(lines)] if len(lines.lines) else []), builder.finish()])


def _add_others(builder: RowBuilder, records: Records, uploads: Uploads) -> list[int]:
    """The rows of all records that are not canonical; the places of those that are."""
    headers = uploads.headers
    canonical: list[int] = []
    for index, (record, number) in enumerate(zip(records, headers.shared_no.tolist(), strict=True)):
        why = headers.problems.get(index)
        decoder = headers.shared[number].decoder
        if why is not None:
            _reject_all(builder, index, record, "", f"The record's header cannot be read ({why}).")
        elif decoder == CANONICAL:
            canonical.append(index)
        elif decoder != WITHDRAWAL:
            _add_vendor(builder, index, record, record.head(), uploads[index])
    return canonical


def _lines_of(builder: RowBuilder, records: Records, canonical: list[int] | None, uploads: Uploads) -> Lines:
    """The items of the ``canonical`` records, or of all, side by side; damaged records are rejected."""
    lines, packed = records.payloads(), records.items()
    taken = list(range(len(records))) if canonical is None else canonical
    if canonical is not None:
        lines, packed = [lines[index] for index in taken], [packed[index] for index in taken]
    counts: list[int] | int = 1
    if set(map(len, packed)) - {ITEM_BYTES} or b"\n" in b"".join(lines):
        split = zip(taken, lines, packed, strict=True)
        lines, packed, taken, counts = [], [], [], []
        for index, payload, items in split:
            own = payload.split(b"\n")
            if len(own) * ITEM_BYTES != len(items):
                message = "The record is damaged: it has more or fewer lines than items."
                _reject_all(builder, index, records[index], "", message)
                continue
            lines += own
            taken.append(index)
            counts.append(len(own))
            packed.append(items)
    of_record = np.repeat(np.array(taken, np.int32), counts)
    return Lines(lines, of_record, np.frombuffer(b"".join(packed), np.uint32).astype(np.int32), uploads, of_record)


def _add_vendor(builder: RowBuilder, index: int, record: Record, header: Header, upload: Upload) -> None:
    from pipeline.sources import registry

    athlete = record.athlete
    try:
        decoder = registry.get(header.decoder)
        decoded = decoder.decode(record.payload, header, athlete, unpack_items(record.items))
    except Exception as problem:  # whatever a payload makes a decoder do, the data is the one at fault
        message = f"Decoder `{header.decoder}` could not read this part ({type(problem).__name__}: {problem})."
        _reject_all(builder, index, record, header.source, message)
        return
    source = decoder.source
    for found in decoded.events:
        place = Item(index, found.item, athlete, source)
        fields = {**found.event, "athlete": athlete, "source": source}
        raw = _bytes_of(fields)
        checked = check_event(fields)
        if isinstance(checked, Problem):
            builder.reject_rows(place, found.rows, checked, excerpt(raw))
        else:
            builder.add_event(place, checked, upload, raw, origin=decoder.origin, rows=found.rows)
    for bad in decoded.rejected:
        builder.reject(Item(index, bad.item, athlete, source), Problem(bad.reason, bad.field, bad.message), bad.excerpt)
    for row in decoded.ignored:
        builder.ignore(Item(index, row.item, athlete, source), row.reason)
    for note in decoded.notes:
        builder.warn(Item(index, note.item, athlete, source), note.message)


def _bytes_of(fields: dict[str, Any]) -> bytes:
    """An event as bytes that are the same whenever it is, for the hash and for excerpts."""
    try:
        return orjson.dumps(fields, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # numbers or characters that JSON does not have
        return repr(sorted(fields.items())).encode("utf-8", "backslashreplace")


def _reject_all(builder: RowBuilder, index: int, record: Record, source: str, message: str) -> None:
    cut = excerpt(record.payload[:_RAW_LENGTH])
    text = f"{message} Nothing of it was taken; a newer version that can read it repairs this in a rebuild."
    for item in unpack_items(record.items):
        builder.reject(Item(index, item, record.athlete, source), Problem("unsupported", None, text), cut)
