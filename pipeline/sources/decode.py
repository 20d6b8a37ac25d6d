"""Records of the log to columns: canonical ones together, vendor ones through their decoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson

from pipeline.record import CANONICAL, WITHDRAWAL, Record, parse_header, unpack_items
from pipeline.sources.canonical import decode_batch
from pipeline.sources.columns import Decoded
from pipeline.sources.lines import Lines
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.receipt import Upload, upload_of
from pipeline.sources.rows import Item, RowBuilder, concat
from pipeline.sources.validate import check_event

_RAW_LENGTH = 800


def decode_records(records: Sequence[Record]) -> Decoded:
    """Columns of a batch; ``record`` in them is the place in ``records``. Rows come in any order.

    Every item ends as document, rejection or ignored row, and nothing in a payload raises:
    a record that its decoder cannot read is rejected item by item. Withdrawals have no rows.
    """
    parts: list[Decoded] = []
    builder = RowBuilder()
    canonical: list[int] = []
    for index, record in enumerate(records):
        try:
            decoder = parse_header(record.header).decoder
        except (ValueError, TypeError) as problem:
            _reject_all(builder, index, record, "", f"The record's header cannot be read ({problem}).")
            continue
        if decoder == CANONICAL:
            canonical.append(index)
        elif decoder != WITHDRAWAL:
            _add_vendor(builder, index, record)
    if canonical:
        parts.append(_decode_canonical(builder, records, canonical))
    parts.append(builder.finish())
    return concat(parts)


def _decode_canonical(builder: RowBuilder, records: Sequence[Record], indexes: list[int]) -> Decoded:
    """All canonical records as one run of lines; damaged ones go to ``builder``."""
    lines: list[bytes] = []
    uploads: list[Upload] = []
    number_of: dict[bytes, int] = {}
    taken: list[int] = []
    counts: list[int] = []
    numbers: list[int] = []
    packed: list[bytes] = []
    for index in indexes:
        record = records[index]
        payload, items = record.payload, record.items
        if len(items) == 4 and b"\n" not in payload:
            lines.append(payload)
            count = 1
        else:
            own = payload.split(b"\n")
            count = len(own)
            if count * 4 != len(items):
                _reject_all(
                    builder, index, record, "", "The record is damaged: its lines and its items differ in number."
                )
                continue
            lines += own
        number = number_of.get(record.header)
        if number is None:
            number = number_of[record.header] = len(uploads)
            uploads.append(upload_of(parse_header(record.header)))
        taken.append(index)
        counts.append(count)
        numbers.append(number)
        packed.append(items)
    return decode_batch(
        Lines(
            lines,
            np.repeat(np.array(taken, np.int32), counts),
            np.frombuffer(b"".join(packed), np.uint32).astype(np.int32),
            uploads,
            np.repeat(np.array(numbers, np.int32), counts),
        )
    )


def _add_vendor(builder: RowBuilder, index: int, record: Record) -> None:
    from pipeline.sources import registry

    header = parse_header(record.header)
    items = unpack_items(record.items)
    try:
        decoder = registry.get(header.decoder)
        decoded = decoder.decode(record.payload, header, record.athlete, items)
        upload = upload_of(header)
    except Exception as problem:  # whatever a payload makes a decoder do, the data is the one at fault
        message = f"Decoder `{header.decoder}` could not read this part ({type(problem).__name__}: {problem})."
        _reject_all(builder, index, record, header.source, message)
        return
    athlete, source = record.athlete, decoder.source
    for found in decoded.events:
        place = Item(index, found.item, athlete, source)
        fields = {**found.event, "athlete": athlete, "source": source}
        raw = orjson.dumps(fields, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
        checked = check_event(fields)
        if isinstance(checked, Problem):
            builder.reject(place, checked, excerpt(raw))
        else:
            builder.add_event(place, checked, upload, raw, decoder.origin)
    for bad in decoded.rejected:
        builder.reject(Item(index, bad.item, athlete, source), Problem(bad.reason, bad.field, bad.message), bad.excerpt)
    for row in decoded.ignored:
        builder.ignore(Item(index, row.item, athlete, source), row.reason)


def _reject_all(builder: RowBuilder, index: int, record: Record, source: str, message: str) -> None:
    cut = excerpt(record.payload[:_RAW_LENGTH])
    text = f"{message} Nothing of it was taken; a newer version that can read it repairs this in a rebuild."
    for item in unpack_items(record.items):
        builder.reject(Item(index, item, record.athlete, source), Problem("unsupported", None, text), cut)
