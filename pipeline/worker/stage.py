"""Step 2 of a batch: decoded columns become the greatest version per document, ready to store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.log.base import Logged
from pipeline.record import Header, parse_header
from pipeline.sources.columns import Decoded
from pipeline.store.connection import Connection
from pipeline.worker.keys import digest
from pipeline.worker.lookup import DocumentFilter
from pipeline.worker.names import Names
from pipeline.worker.versions import Reduction, Versions, greatest_versions

Ints = npt.NDArray[np.int64]

_STORED = """
select k.slot, d.rank, d.value, d.log_offset, d.item_index, d.payload_hash, d.items, d.alive, d.kind,
    d.from_day, d.to_day
from base.document d
join wanted k on d.athlete_no = k.athlete_no and d.doc_key = k.doc_key
"""


@dataclass(slots=True)
class Staged:
    """What one batch changes. Tables carry the columns of the base tables they go into.

    ``replaced``: stored documents that make room (athlete_no, doc_key, kind, from_day, to_day).
    """

    documents: pa.Table
    sets: pa.Table
    sessions: pa.Table
    events: pa.Table
    replaced: pa.Table
    rejected: pa.Table
    ignored: pa.Table
    uploads: pa.Table
    new_keys: Ints
    clock: dict[str, int]
    items: int
    superseded: int
    conflicts: int
    next_offset: int


def headers_of(batch: Sequence[Logged]) -> list[Header]:
    """The header of each record of a batch."""
    return [parse_header(logged.record.header) for logged in batch]


def stage(
    connection: Connection,
    batch: Sequence[Logged],
    decoded: Decoded,
    names: Names,
    known: DocumentFilter,
    *,
    ignore_stored: bool = False,
) -> Staged:
    """Reduce a decoded batch against what is stored.

    With ``ignore_stored`` the stored versions are taken as replaced whatever they are: the batch
    holds the whole history of its documents (a withdrawn import).
    """
    headers = headers_of(batch)
    tenants = sorted({h.tenant for h in headers})
    record_tenant = np.array([tenants.index(h.tenant) for h in headers], np.int64)
    record_offset = np.array([logged.offset for logged in batch], np.int64)
    documents = decoded.documents
    record = _ints(documents["record"])
    offset = record_offset[record] if len(record) else np.zeros(0, np.int64)
    athlete_no = names.athletes(tenants, record_tenant[record], documents["athlete"])
    doc_key = digest(documents["source"], documents["document"])
    slot_key, slot_of = _slots(athlete_no, doc_key)
    stored = _stored(connection, slot_key, known)
    incoming = Versions(
        slot=slot_of,
        rank=_ints(documents["rank"]),
        value=_ints(documents["value"]),
        offset=offset,
        item=_ints(documents["item"]),
        deleted=documents["deleted"].to_numpy(zero_copy_only=False).astype(np.bool_),
        payload_hash=_ints(documents["payload_hash"]),
    )
    before = _versions_of(stored)
    if ignore_stored:
        before = _versions_of(_EMPTY_STORED)
    reduction = greatest_versions(incoming, before, len(slot_key))
    return _assemble(batch, headers, decoded, names, athlete_no, doc_key, incoming, reduction, stored, slot_key, offset)


def _slots(athlete_no: npt.NDArray[np.int32], doc_key: Ints) -> tuple[npt.NDArray[np.void], Ints]:
    pairs = np.empty(len(doc_key), dtype=[("doc_key", np.int64), ("athlete_no", np.int32)])
    pairs["doc_key"], pairs["athlete_no"] = doc_key, athlete_no
    order = np.lexsort((athlete_no, doc_key))
    ordered = pairs[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    slot_of = np.empty(len(order), np.int64)
    slot_of[order] = np.cumsum(fresh) - 1
    return ordered[fresh], slot_of


def _stored(connection: Connection, slot_key: npt.NDArray[np.void], known: DocumentFilter) -> pa.Table:
    possible = np.flatnonzero(known.may_hold(slot_key["doc_key"]))
    wanted = pa.table(
        {
            "slot": possible.astype(np.int64),
            "athlete_no": slot_key["athlete_no"][possible],
            "doc_key": slot_key["doc_key"][possible],
        }
    )
    if len(possible) == 0:
        return _EMPTY_STORED
    connection.register("wanted", wanted)
    found = connection.execute(_STORED).to_arrow_table()
    connection.unregister("wanted")
    return found


_EMPTY_STORED = pa.schema(
    [
        ("slot", pa.int64()), ("rank", pa.int8()), ("value", pa.int64()), ("log_offset", pa.int64()),
        ("item_index", pa.int32()), ("payload_hash", pa.int64()), ("items", pa.int32()), ("alive", pa.bool_()),
        ("kind", pa.string()), ("from_day", pa.date32()), ("to_day", pa.date32()),
    ]
).empty_table()  # fmt: skip


def _versions_of(stored: pa.Table) -> Versions:
    return Versions(
        slot=_ints(stored["slot"]),
        rank=_ints(stored["rank"]),
        value=_ints(stored["value"]),
        offset=_ints(stored["log_offset"]),
        item=_ints(stored["item_index"]),
        deleted=~stored["alive"].to_numpy(zero_copy_only=False).astype(np.bool_),
        payload_hash=_ints(stored["payload_hash"]),
    )


def _assemble(
    batch: Sequence[Logged],
    headers: list[Header],
    decoded: Decoded,
    names: Names,
    athlete_no: npt.NDArray[np.int32],
    doc_key: Ints,
    incoming: Versions,
    reduction: Reduction,
    stored: pa.Table,
    slot_key: npt.NDArray[np.void],
    offset: Ints,
) -> Staged:
    winners = np.sort(reduction.winner[reduction.winner >= 0])
    winning_slots = incoming.slot[winners]
    stored_slot = _ints(stored["slot"])
    made_room = np.isin(stored_slot, winning_slots)
    replaced = stored.filter(pa.array(made_room))
    items = _ints(decoded.documents["items"])
    taken = int(items[winners].sum())
    superseded = int(items.sum()) - taken + int(_ints(replaced["items"]).sum())
    alive = ~incoming.deleted
    keep = np.zeros(len(incoming), np.bool_)
    keep[winners] = True
    new_row = np.full(len(incoming), -1, np.int64)
    new_row[winners] = np.arange(len(winners))
    shared = _Shared(batch, headers, decoded, athlete_no, doc_key, keep & alive, new_row)
    sets, sessions, events = shared.sets(names), shared.sessions(reduction, offset), shared.events()
    days = _day_bounds(len(winners), new_row, [(sets, "anchor_day"), (sessions, "anchor_day"), (events, "anchor_day")])
    documents = shared.documents(winners, reduction, offset, days)
    return Staged(
        documents=documents,
        sets=sets.drop_columns(["row"]),
        sessions=sessions.drop_columns(["row"]),
        events=events.drop_columns(["row", "anchor_day"]),
        replaced=pa.table(
            {
                "athlete_no": slot_key["athlete_no"][_ints(replaced["slot"])],
                "doc_key": slot_key["doc_key"][_ints(replaced["slot"])],
                "kind": replaced["kind"],
                "from_day": replaced["from_day"],
                "to_day": replaced["to_day"],
            }
        ),
        rejected=shared.problems(decoded.rejected, ["reason", "field", "message", "excerpt"]),
        ignored=shared.problems(decoded.ignored, ["reason"]),
        uploads=shared.uploads(),
        new_keys=doc_key[winners],
        clock=shared.clock(),
        items=int(items.sum()) + decoded.rejected.num_rows + decoded.ignored.num_rows,
        superseded=superseded,
        conflicts=reduction.conflicts,
        next_offset=batch[-1].offset + 1,
    )


def _day_bounds(count: int, new_row: Ints, tables: list[tuple[pa.Table, str]]) -> tuple[Ints, Ints]:
    first = np.full(count, np.iinfo(np.int32).max, np.int64)
    last = np.full(count, np.iinfo(np.int32).min, np.int64)
    for table, column in tables:
        if table.num_rows == 0:
            continue
        day = table[column].cast(pa.int32())
        valid = day.is_valid().to_numpy(zero_copy_only=False)
        rows = new_row[_ints(table["row"])][valid]
        values = _ints(day.drop_null())
        np.minimum.at(first, rows, values)
        np.maximum.at(last, rows, values)
    return first, last


class _Shared:
    """Columns that documents, sets, sessions and events have in common."""

    def __init__(
        self,
        batch: Sequence[Logged],
        headers: list[Header],
        decoded: Decoded,
        athlete_no: npt.NDArray[np.int32],
        doc_key: Ints,
        alive: npt.NDArray[np.bool_],
        new_row: Ints,
    ) -> None:
        self.batch, self.headers, self.decoded = batch, headers, decoded
        self.athlete_no, self.doc_key, self.alive, self.new_row = athlete_no, doc_key, alive, new_row
        self.record = _ints(decoded.documents["record"])

    def documents(self, winners: Ints, reduction: Reduction, offset: Ints, days: tuple[Ints, Ints]) -> pa.Table:
        source = self.decoded.documents.take(pa.array(winners))
        record = self.record[winners]
        empty = days[0] > days[1]
        return pa.table(
            {
                "athlete_no": self.athlete_no[winners],
                "doc_key": self.doc_key[winners],
                "source": source["source"],
                "document_id": source["document"],
                "kind": source["kind"],
                "rank": pa.array(reduction.rank[winners].astype(np.int8)),
                "value": reduction.value[winners],
                "log_offset": offset[winners],
                "item_index": source["item"],
                "alive": pc.invert(source["deleted"]),
                "items": source["items"],
                "payload_hash": source["payload_hash"],
                "origin": source["origin"],
                "upload_id": self._header_column(record, "upload_id"),
                "import_id": self._header_column(record, "import_id"),
                "received_at": self._received(record),
                "from_day": pa.array(days[0].astype(np.int32), pa.int32(), mask=empty).cast(pa.date32()),
                "to_day": pa.array(days[1].astype(np.int32), pa.int32(), mask=empty).cast(pa.date32()),
            }
        )

    def sets(self, names: Names) -> pa.Table:
        table, row = self._of_living(self.decoded.sets)
        instant = _timestamp(table["performed_at_us"])
        session_start = self._session_start(row)
        moment = pc.coalesce(table["performed_at_us"], session_start)
        columns = self._identity(row) | {
            "source": self.decoded.documents["source"].take(pa.array(row)),
            "ordinal": table["ordinal"],
            "session": table["session"],
            "session_key": _session_keys(self.decoded.documents["source"].take(pa.array(row)), table["session"]),
            "anchor_day": _timestamp(moment).cast(pa.date32()),
            "performed_at": instant,
            "performed_local": _timestamp(table["performed_local_us"]),
            "name_no": names.exercise_names(table["exercise"]),
        }
        return _with_rest(columns, table, ["doc_row", "performed_at_us", "performed_local_us", "exercise"])

    def sessions(self, reduction: Reduction, offset: Ints) -> pa.Table:
        table, row = self._of_living(self.decoded.sessions)
        documents = self.decoded.documents.take(pa.array(row))
        columns = self._identity(row) | {
            "source": documents["source"],
            "session": table["session"],
            "session_key": _session_keys(documents["source"], table["session"]),
            "anchor_day": _timestamp(table["start_at_us"]).cast(pa.date32()),
            "start_at": _timestamp(table["start_at_us"]),
            "start_local": _timestamp(table["start_local_us"]),
            "end_at": _timestamp(table["end_at_us"]),
            "end_local": _timestamp(table["end_local_us"]),
            "origin": documents["origin"],
            "document_id": documents["document"],
            "rank": pa.array(reduction.rank[row].astype(np.int8)),
            "value": reduction.value[row],
            "log_offset": offset[row],
            "item_index": documents["item"],
        }
        return _with_rest(
            columns, table, ["doc_row", "start_at_us", "start_local_us", "end_at_us", "end_local_us"]
        )

    def events(self) -> pa.Table:
        table, row = self._of_living(self.decoded.events)
        documents = self.decoded.documents.take(pa.array(row))
        local = _timestamp(table["local_us"])
        measured = _timestamp(table["at_us"])
        columns = self._identity(row) | {
            "source": documents["source"],
            "kind": documents["kind"],
            "measured_at": measured,
            "measured_local": local,
            "anchor_day": pc.coalesce(measured.cast(pa.date32()), table["day"]),
            "local_day": pc.coalesce(table["day"], local.cast(pa.date32())),
        }
        return _with_rest(columns, table, ["doc_row", "at_us", "local_us"])

    def problems(self, table: pa.Table, rest: list[str]) -> pa.Table:
        record = _ints(table["record"])
        return pa.table(
            {
                "tenant_id": self._header_column(record, "tenant"),
                "athlete_id": table["athlete"],
                "received_at": self._received(record),
                "source": table["source"],
                "upload_id": self._header_column(record, "upload_id"),
                "log_offset": pa.array([self.batch[i].offset for i in record], pa.int64()),
                "item_index": table["item"],
            }
            | {name: table[name] for name in rest}
        )

    def uploads(self) -> pa.Table:
        rows = [
            (h.upload_id, h.import_id, h.tenant, logged.record.athlete, logged.offset)
            for h, logged in zip(self.headers, self.batch, strict=True)
            if h.import_id is not None
        ]
        columns = list(zip(*rows, strict=True)) if rows else [[], [], [], [], []]
        names = ["upload_id", "import_id", "tenant_id", "athlete_id", "log_offset"]
        kinds = [pa.string()] * 4 + [pa.int64()]
        return pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})

    def clock(self) -> dict[str, int]:
        """The greatest tick of each tenant in the batch, in microseconds."""
        events = self.decoded.events
        kinds = self.decoded.documents["kind"].take(events["doc_row"])
        ticks = events.filter(pc.equal(kinds, "tick"))
        out: dict[str, int] = {}
        for row, at in zip(_ints(ticks["doc_row"]), ticks["at_us"].to_pylist(), strict=True):
            tenant = self.headers[int(self.record[row])].tenant
            out[tenant] = max(out.get(tenant, at), at)
        return out

    def _of_living(self, table: pa.Table) -> tuple[pa.Table, Ints]:
        row = _ints(table["doc_row"])
        keep = self.alive[row] if len(row) else np.zeros(0, np.bool_)
        if keep.all():
            return table, row
        return table.filter(pa.array(keep)), row[keep]

    def _identity(self, row: Ints) -> dict[str, object]:
        return {"row": row, "athlete_no": self.athlete_no[row], "doc_key": self.doc_key[row]}

    def _session_start(self, row: Ints) -> pa.Array:
        """Start of the session document each set belongs to, for sets without a time of their own."""
        starts = np.full(len(self.doc_key), np.iinfo(np.int64).min, np.int64)
        sessions = self.decoded.sessions
        starts[_ints(sessions["doc_row"])] = _ints(pc.fill_null(sessions["start_at_us"], np.iinfo(np.int64).min))
        picked = starts[row]
        return pa.array(picked, pa.int64(), mask=picked == np.iinfo(np.int64).min)

    def _header_column(self, record: Ints, field: str) -> pa.Array:
        values: list[str | None] = [getattr(h, field) for h in self.headers]
        return pa.array(values, pa.string()).take(pa.array(record))

    def _received(self, record: Ints) -> pa.Array:
        stamps = pa.array([h.received_at.replace("Z", "") for h in self.headers], pa.string())
        return stamps.cast(pa.timestamp("us")).take(pa.array(record))


def _with_rest(columns: dict[str, object], table: pa.Table, done: list[str]) -> pa.Table:
    rest = {name: table[name] for name in table.column_names if name not in columns and name not in done}
    return pa.table(columns | rest)


def _session_keys(source: pa.ChunkedArray, session: pa.ChunkedArray) -> pa.Array:
    named = session.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(digest(source, session), pa.int64(), mask=~named)


def _timestamp(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return column.cast(pa.timestamp("us"))


def _ints(column: pa.ChunkedArray | pa.Array) -> Ints:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    out: Ints = array.to_numpy(zero_copy_only=False).astype(np.int64)
    return out
