"""Validated events to the columns of ``columns.py``, row by row: the authority on what an event means."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources import columns
from pipeline.sources.columns import Decoded
from pipeline.sources.facts import event_row, member_row, session_row, set_row
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.receipt import RefusedItemError, Upload, version_of
from pipeline.sources.validate import Checked
from schemas.events import AnyEvent, Delete, Session, Set, Tick, TimedEvent
from schemas.times import format_us


class Item(NamedTuple):
    """Whose item it is, and where it stands: place of the record in the batch, index in its upload."""

    record: int
    item: int
    athlete: str
    source: str


class RowBuilder:
    """Collects rows; ``finish`` turns them into Arrow tables. Not for use after that."""

    def __init__(self) -> None:
        self._documents: list[tuple[Any, ...]] = []
        self._sets: list[tuple[Any, ...]] = []
        self._sessions: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._rejected: list[tuple[Any, ...]] = []
        self._ignored: list[tuple[Any, ...]] = []
        self._warnings: list[tuple[int, int, str]] = []

    def reject(self, item: Item, problem: Problem, cut: str) -> None:
        """Keep why an item (or a set of it) was not taken; ``cut`` is the excerpt shown beside it."""
        # a message may quote a file, and half a character in it is none that a table can hold
        message = problem.message.encode("utf-8", "backslashreplace").decode()
        self._rejected.append((*item, *problem._replace(message=message), cut))

    def ignore(self, item: Item, reason: str) -> None:
        """Count a row that is no reading, such as a rest timer."""
        self._ignored.append((*item, reason))

    def reject_rows(self, item: Item, rows: Sequence[int], problem: Problem, cut: str) -> None:
        """Reject an event with all ``rows`` of a file it stands for (itself, if there are none)."""
        for row in rows or (item.item,):
            self.reject(item._replace(item=row), problem, cut)

    def add_event(
        self, item: Item, checked: Checked, upload: Upload, raw: bytes, *, origin: int = 0, rows: Sequence[int] = ()
    ) -> bool:
        """Add the rows of one event, or its rejection; true if it was taken.

        ``raw`` are the item's bytes, for the hash and for excerpts; ``origin`` is one of ``ORIGIN_*``;
        ``rows`` are the items of the sets of a session where each is one of its own (rows of a file).
        """
        event, rejected = checked.event, list(checked.problems)
        tz = event.timezone if isinstance(event, TimedEvent) else None
        doc_row = len(self._documents)
        warnings: list[str] = []
        sets: list[tuple[Any, ...]] = []
        try:
            rank, value = version_of(event, item.source, upload)
            if isinstance(event, Set):
                sets.append(set_row(doc_row, event, tz, upload, warnings))
            elif isinstance(event, Session):
                session = session_row(doc_row, event, tz, upload, warnings)
                for ordinal, one in zip(checked.ordinals, event.sets or (), strict=True):
                    try:
                        sets.append(member_row(event, session, ordinal, one, upload=upload, warnings=warnings))
                    except RefusedItemError as refused:
                        rejected.append((ordinal, refused.problem))
                self._sessions.append(session)
            elif isinstance(event, Tick) and not upload.admin:
                raise RefusedItemError(
                    "unsupported",
                    "kind",
                    "`tick` moves the clock of the whole tenant and is only taken from a key of scope admin. "
                    "Use such a key, or leave ticks to the gateway.",
                )
            elif not isinstance(event, Delete):
                self._events.append(event_row(doc_row, event, tz, upload, checked.samples, warnings))
        except RefusedItemError as refused:
            self.reject_rows(item, rows, refused.problem, excerpt(raw))
            return False
        for ordinal, problem in rejected:
            row = rows[ordinal - 1] if len(rows) >= ordinal else item.item
            self.reject(item._replace(item=row), problem, excerpt(raw))
            warnings.append(f"{problem.message} This set was left out.")
        self._sets += sets
        items = 0 if rejected and not sets else max(1, len(sets))
        payload_hash = zlib.crc32(raw) if rank else 0
        document = event.document or _tick_document(event)
        deleted = isinstance(event, Delete)
        self._documents.append((*item, document, event.kind, rank, value, deleted, items, payload_hash, origin))
        self._warnings += [(item.record, item.item, warning) for warning in warnings]
        return True

    def warn(self, item: Item, text: str) -> None:
        """Note that an item was taken with a change."""
        self._warnings.append((item.record, item.item, text))

    def finish(self) -> Decoded:
        """The rows as Arrow tables."""
        return Decoded(
            documents=_table(self._documents, columns.DOCUMENT),
            sets=_table(self._sets, columns.SET),
            sessions=_table(self._sessions, columns.SESSION),
            events=_table(self._events, columns.EVENT),
            rejected=_table(self._rejected, columns.REJECTED),
            ignored=_table(self._ignored, columns.IGNORED),
            warnings=self._warnings,
        )


def _tick_document(event: AnyEvent) -> str:
    return f"{format_us(event.now_at.instant_us)}Z" if isinstance(event, Tick) else ""


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return columns.empty(schema)
    arrays = [_array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """A column of an Arrow table; lists that are numpy arrays are laid end to end, without a look at their values."""
    parts = [value for value in column if isinstance(value, np.ndarray)] if pa.types.is_list(kind) else []
    if not parts:
        return pa.array(column, kind)
    lengths = [0 if value is None else len(value) for value in column]
    offsets = pa.array(list(accumulate(lengths, initial=0)), pa.int32())
    values = pa.array(parts[0] if len(parts) == 1 else np.concatenate(parts))
    missing = pa.array([value is None for value in column]) if len(parts) < len(column) else None
    return pa.ListArray.from_arrays(offsets, values, type=kind, mask=missing)


def concat(parts: Sequence[Decoded]) -> Decoded:
    """One batch of several; ``doc_row`` of the later ones moves behind the documents before them."""
    if len(parts) == 1:
        return parts[0]
    first_rows, count = [], 0
    for part in parts:
        first_rows.append(count)
        count += part.documents.num_rows

    def joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
        return pa.concat_tables([table for table in tables if table.num_rows] or [columns.empty(schema)])

    def moved(name: str, schema: pa.Schema) -> pa.Table:
        tables = []
        for part, first in zip(parts, first_rows, strict=True):
            table: pa.Table = getattr(part, name)
            if first and table.num_rows:
                row = pc.add(table["doc_row"], pa.scalar(first, pa.int32()))
                table = table.set_column(0, schema.field("doc_row"), row)
            tables.append(table)
        return joined(tables, schema)

    return Decoded(
        documents=joined([part.documents for part in parts], columns.DOCUMENT),
        sets=moved("sets", columns.SET),
        sessions=moved("sessions", columns.SESSION),
        events=moved("events", columns.EVENT),
        rejected=joined([part.rejected for part in parts], columns.REJECTED),
        ignored=joined([part.ignored for part in parts], columns.IGNORED),
        warnings=[warning for part in parts for warning in part.warnings],
    )
