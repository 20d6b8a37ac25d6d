"""Canonical events: lines of JSON to columns. The slow path here is the authority, the fast one must agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic_core import from_json

from pipeline.headers import Headers
from pipeline.record import RECORD_BYTES_MAX, Header
from pipeline.sources.columns import Decoded
from pipeline.sources.doubled_keys import doubled_key
from pipeline.sources.fast_sets import candidates, decode_sets
from pipeline.sources.lines import Lines, Uploads
from pipeline.sources.problems import Problem, excerpt, shown
from pipeline.sources.receipt import Upload
from pipeline.sources.rows import Item, RowBuilder, concat
from pipeline.sources.validate import check_event
from schemas.common import NAME_LENGTH_MAX, Event

ITEM_BYTES_MAX = RECORD_BYTES_MAX  # one item fits into one record
FAST_LINES_MIN = 8  # below this, column work costs more than it saves
_STAND_IN = b"\x00too_large "


def stand_in(line: bytes) -> bytes:
    """What a record keeps of an item that is too large for any: its size and its beginning."""
    return _STAND_IN + str(len(line)).encode() + b" " + line[:800].replace(b"\n", b" ")


def decode_lines(
    lines: Sequence[bytes], header: Header, *, record: int = 0, items: Sequence[int] | None = None
) -> Decoded:
    """Columns of one upload's items; ``items`` are their indexes (default: 0, 1, ...). Rows come in any order."""
    count = len(lines)
    indexes = np.arange(count, dtype=np.int32) if items is None else np.asarray(items, dtype=np.int32)
    uploads = Uploads(Headers.of_one(header))
    return decode_batch(Lines(lines, np.full(count, record, np.int32), indexes, uploads, np.zeros(count, np.int32)))


def decode_batch(batch: Lines) -> Decoded:
    """Columns of items of several uploads at once: sets by the thousand, everything else one by one."""
    count = len(batch.lines)
    likely = candidates(batch.lines) if count >= FAST_LINES_MIN else np.zeros(count, np.bool_)
    slow = np.flatnonzero(~likely)
    parts: list[Decoded] = []
    if count - len(slow) >= FAST_LINES_MIN:
        rows = np.flatnonzero(likely)
        sets = batch.part(rows) if len(slow) else batch
        doubtful = [slow]
        for decoded, rest in decode_sets(sets):
            if decoded is not None and decoded.documents.num_rows:
                parts.append(decoded)
            doubtful.append(rows[rest])
        slow = np.sort(np.concatenate(doubtful))
    else:
        slow = np.arange(count)
    if len(slow) or not parts:
        parts.append(decode_slowly(batch, slow.tolist()))
    return concat(parts)


def decode_slowly(batch: Lines, rows: Sequence[int]) -> Decoded:
    """The items ``rows`` of a batch, one by one through the models."""
    builder = RowBuilder()
    for row in rows:
        upload = batch.uploads[int(batch.upload_no[row])]
        add_line(builder, batch.lines[row], int(batch.records[row]), int(batch.items[row]), upload)
    return builder.finish()


def add_line(builder: RowBuilder, line: bytes, record: int, item: int, upload: Upload) -> bool:
    """Add the rows of one item, or its rejection; true if it was taken."""
    fields = parse_object(line)
    if isinstance(fields, Problem):
        raw = line[len(_STAND_IN) :].partition(b" ")[2] if line.startswith(_STAND_IN) else line
        builder.reject(Item(record, item, "", upload.source), fields, excerpt(raw))
        return False
    checked = check_event(fields, bools=b"true" in line or b"false" in line)
    if isinstance(checked, Problem):
        athlete, source = name_in(fields, "athlete"), name_in(fields, "source") or upload.source
        builder.reject(Item(record, item, athlete, source), checked, excerpt(line))
        return False
    event = checked.event
    athlete = event.athlete if isinstance(event, Event) else ""
    return builder.add_event(Item(record, item, athlete, event.source or upload.source), checked, upload, line)


def parse_object(line: bytes) -> dict[str, Any] | Problem:
    """The JSON object of one item, or why there is none."""
    if line.startswith(_STAND_IN):
        return _too_large(line[len(_STAND_IN) :].partition(b" ")[0].decode("ascii", "replace"))
    if len(line) > ITEM_BYTES_MAX:
        return _too_large(str(len(line)))
    try:
        value = from_json(line, allow_inf_nan=True)
    except ValueError as problem:
        return Problem("invalid_json", None, f"The item is no JSON: {_json_problem(line, problem)}")
    if not isinstance(value, dict):
        what = "an array" if isinstance(value, list) else "a bare value"
        return Problem(
            "invalid_json", None, f"The item is {what}, not an object: every event is one JSON object in braces."
        )
    doubled = doubled_key(line, value)
    if doubled is not None:
        text = f"The item has the key {shown(doubled)} more than once in one object, and which value counts is"
        return Problem("invalid_json", None, f"{text} not said. Send each key once.")
    return value


def name_in(fields: dict[str, Any], key: str) -> str:
    """The name under ``key`` if it is one, else an empty text; so rejected items still find their athlete."""
    value = fields.get(key)
    if isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX and value.isprintable() and not value.isspace():
        return value
    return ""


def _too_large(size: str) -> Problem:
    return Problem(
        "too_large",
        None,
        f"The item has {size} bytes; the most is {ITEM_BYTES_MAX}. Split it: sessions by workout, samples by block.",
    )


def _json_problem(line: bytes, problem: ValueError) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return f"byte {wrong.start} is not UTF-8. Send UTF-8 text, one JSON object per item."
    return f"{problem}. Send one complete JSON object per item."
