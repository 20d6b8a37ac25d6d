"""Step 2 of a batch: decoded columns become the greatest version per document, ready to store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.log.base import Batch
from pipeline.sources.columns import Decoded
from pipeline.store.connection import Connection
from pipeline.worker.batch_columns import BatchColumns, ints
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
    samples: pa.Table
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

    def let_go(self) -> None:
        """Free the rows that are stored; what closes the batch stays."""
        empty = pa.table({})
        self.documents = self.sets = self.sessions = self.events = self.samples = self.replaced = empty


def stage(
    connection: Connection,
    batch: Batch,
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
    headers = batch.headers
    tenants = sorted({shared.tenant for shared in headers.shared})
    record_tenant = np.array([tenants.index(shared.tenant) for shared in headers.shared], np.int64)[headers.shared_no]
    documents = decoded.documents
    record = ints(documents["record"])
    offset = batch.offsets[record]
    athlete_no = names.athletes(tenants, record_tenant[record], documents["athlete"])
    doc_key = digest(documents["source"], documents["document"])
    slot_key, slot_of = _slots(athlete_no, doc_key)
    stored = _stored(connection, slot_key, known)
    incoming = Versions(
        slot=slot_of,
        rank=ints(documents["rank"]),
        value=ints(documents["value"]),
        offset=offset,
        item=ints(documents["item"]),
        deleted=documents["deleted"].to_numpy(zero_copy_only=False).astype(np.bool_),
        payload_hash=ints(documents["payload_hash"]),
    )
    before = _versions_of(stored)
    if ignore_stored:
        before = _versions_of(_EMPTY_STORED)
    reduction = greatest_versions(incoming, before, len(slot_key))
    return _assemble(batch, decoded, names, athlete_no, doc_key, incoming, reduction, stored, slot_key, offset)


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
    found = connection.table(_STORED)
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
        slot=ints(stored["slot"]),
        rank=ints(stored["rank"]),
        value=ints(stored["value"]),
        offset=ints(stored["log_offset"]),
        item=ints(stored["item_index"]),
        deleted=~stored["alive"].to_numpy(zero_copy_only=False).astype(np.bool_),
        payload_hash=ints(stored["payload_hash"]),
    )


def _assemble(
    batch: Batch,
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
    stored_slot = ints(stored["slot"])
    made_room = np.isin(stored_slot, winning_slots)
    replaced = stored.filter(pa.array(made_room))
    items = ints(decoded.documents["items"])
    taken = int(items[winners].sum())
    superseded = int(items.sum()) - taken + int(ints(replaced["items"]).sum())
    alive = ~incoming.deleted
    keep = np.zeros(len(incoming), np.bool_)
    keep[winners] = True
    new_row = np.full(len(incoming), -1, np.int64)
    new_row[winners] = np.arange(len(winners))
    shared = BatchColumns(batch, decoded, athlete_no, doc_key, keep & alive, new_row)
    sets, sessions, events = shared.sets(names), shared.sessions(reduction, offset), shared.events()
    days = _day_bounds(len(winners), new_row, [(sets, "anchor_day"), (sessions, "anchor_day"), (events, "anchor_day")])
    documents = shared.documents(winners, reduction, offset, days)
    return Staged(
        documents=documents,
        sets=sets.drop_columns(["row"]),
        sessions=sessions.drop_columns(["row"]),
        events=events.drop_columns(["row", "anchor_day"]),
        samples=shared.samples(),
        replaced=pa.table(
            {
                "athlete_no": slot_key["athlete_no"][ints(replaced["slot"])],
                "doc_key": slot_key["doc_key"][ints(replaced["slot"])],
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
        next_offset=batch.next_offset,
    )


def _day_bounds(count: int, new_row: Ints, tables: list[tuple[pa.Table, str]]) -> tuple[Ints, Ints]:
    first = np.full(count, np.iinfo(np.int32).max, np.int64)
    last = np.full(count, np.iinfo(np.int32).min, np.int64)
    for table, column in tables:
        if table.num_rows == 0:
            continue
        day = table[column].cast(pa.int32())
        valid = day.is_valid().to_numpy(zero_copy_only=False)
        rows = new_row[ints(table["row"])][valid]
        values = ints(day.drop_null())
        np.minimum.at(first, rows, values)
        np.maximum.at(last, rows, values)
    return first, last
