"""Records of the log to columns: canonical ones together, vendor ones through their decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from pipeline.record import CANONICAL, WITHDRAWAL, Header, Record, unpack_items
from pipeline.sources.canonical import decode_batch
from pipeline.sources.columns import Decoded
from pipeline.sources.lines import Lines
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.receipt import Upload, upload_of
from pipeline.sources.rows import Item, RowBuilder, concat
from pipeline.sources.validate import check_event

_RAW_LENGTH = 800
_NO_UPLOAD = Upload("", None, 0, False)  # keeps the place of a header that cannot be read


class _Opened(NamedTuple):
    """A header with what decoding needs of it; ``upload`` is null if it cannot be read, and ``why`` says why."""

    header: Header | None
    upload: Upload | None
    number: int
    why: str = ""


def decode_records(records: Sequence[Record]) -> Decoded:
    """Columns of a batch; ``record`` in them is the place in ``records``. Rows come in any order.

    Every item ends as document, rejection or ignored row, and nothing in a payload raises:
    a record that its decoder cannot read is rejected item by item. Withdrawals have no rows.
    """
    builder = RowBuilder()
    known: dict[bytes, _Opened] = {}
    canonical: list[int] = []
    for index, record in enumerate(records):
        opened = known.get(record.header)
        if opened is None:
            opened = known[record.header] = _open(record, len(known))
        if opened.header is None or opened.upload is None:
            _reject_all(builder, index, record, "", f"The record's header cannot be read ({opened.why}).")
        elif opened.header.decoder == CANONICAL:
            canonical.append(index)
        elif opened.header.decoder != WITHDRAWAL:
            _add_vendor(builder, index, record, opened.header, opened.upload)
    lines = _lines_of(builder, records, canonical, known)
    return concat([*([decode_batch(lines)] if len(lines.lines) else []), builder.finish()])


def _open(record: Record, number: int) -> _Opened:
    try:
        header = record.head()
        return _Opened(header, upload_of(header), number)
    except (ValueError, TypeError, AttributeError) as problem:
        return _Opened(None, None, number, str(problem))


def _lines_of(builder: RowBuilder, records: Sequence[Record], indexes: list[int], known: dict[bytes, _Opened]) -> Lines:
    """The items of all canonical records side by side; damaged records are rejected."""
    lines: list[bytes] = []
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
                _reject_all(builder, index, record, "", "The record is damaged: it has more or fewer lines than items.")
                continue
            lines += own
        taken.append(index)
        counts.append(count)
        numbers.append(known[record.header].number)
        packed.append(items)
    return Lines(
        lines,
        np.repeat(np.array(taken, np.int32), counts),
        np.frombuffer(b"".join(packed), np.uint32).astype(np.int32),
        [opened.upload or _NO_UPLOAD for opened in known.values()],
        np.repeat(np.array(numbers, np.int32), counts),
    )


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
