"""Columns of the base tables from decoded columns: numbers for names, keys for documents, days for pruning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.log.base import Batch
from pipeline.sources.columns import Decoded
from pipeline.sources.samples import Samples
from pipeline.worker.keys import digest
from pipeline.worker.names import Names
from pipeline.worker.versions import Reduction

Ints = npt.NDArray[np.int64]
SAMPLES = Samples._fields


class BatchColumns:
    """Columns that documents, sets, sessions and events have in common."""

    def __init__(
        self,
        batch: Batch,
        decoded: Decoded,
        athlete_no: npt.NDArray[np.int32],
        doc_key: Ints,
        alive: npt.NDArray[np.bool_],
        new_row: Ints,
    ) -> None:
        self.batch, self.headers, self.decoded = batch, batch.headers, decoded
        self.athlete_no, self.doc_key, self.alive, self.new_row = athlete_no, doc_key, alive, new_row
        self.record = ints(decoded.documents["record"])
        self._columns: dict[str, pa.Array] = {}

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
        return _with_rest(columns, table, ["doc_row", "start_at_us", "start_local_us", "end_at_us", "end_local_us"])

    def events(self) -> pa.Table:
        table, row = self._of_living(self.decoded.events.drop_columns(list(SAMPLES)))
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

    def samples(self) -> pa.Table:
        """The samples of heart rates, one row per document."""
        events = self.decoded.events.select(["doc_row", "at_us", *SAMPLES])
        has_samples = pc.or_(events["bpm"].is_valid(), events["bpm_exact"].is_valid())
        table, row = self._of_living(events.filter(has_samples))
        columns = self._identity(row) | {name: table[name] for name in SAMPLES}
        return pa.table(columns | _reach(table)).drop_columns(["row"])

    def problems(self, table: pa.Table, rest: list[str]) -> pa.Table:
        record = ints(table["record"])
        return pa.table(
            {
                "tenant_id": self._header_column(record, "tenant"),
                "athlete_id": table["athlete"],
                "received_at": self._received(record),
                "source": table["source"],
                "upload_id": self._header_column(record, "upload_id"),
                "log_offset": self.batch.offsets[record],
                "item_index": table["item"],
            }
            | {name: table[name] for name in rest}
        )

    def uploads(self) -> pa.Table:
        imported = np.array([shared.import_id is not None for shared in self.headers.shared], np.bool_)
        rows = np.flatnonzero(imported[self.headers.shared_no])
        return pa.table(
            {
                "upload_id": self._header_column(rows, "upload_id"),
                "import_id": self._header_column(rows, "import_id"),
                "tenant_id": self._header_column(rows, "tenant"),
                "athlete_id": pa.array([self.batch.records[row].athlete for row in rows.tolist()], pa.string()),
                "log_offset": self.batch.offsets[rows],
            }
        )

    def clock(self) -> dict[str, int]:
        """The greatest tick of each tenant in the batch, in microseconds."""
        events = self.decoded.events
        kinds = self.decoded.documents["kind"].take(events["doc_row"])
        ticks = events.filter(pc.equal(kinds, "tick"))
        out: dict[str, int] = {}
        for row, at in zip(ints(ticks["doc_row"]), ticks["at_us"].to_pylist(), strict=True):
            tenant = self.headers.shared[self.headers.shared_no[self.record[row]]].tenant
            out[tenant] = max(out.get(tenant, at), at)
        return out

    def _of_living(self, table: pa.Table) -> tuple[pa.Table, Ints]:
        row = ints(table["doc_row"])
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
        starts[ints(sessions["doc_row"])] = ints(pc.fill_null(sessions["start_at_us"], np.iinfo(np.int64).min))
        picked = starts[row]
        return pa.array(picked, pa.int64(), mask=picked == np.iinfo(np.int64).min)

    def _header_column(self, record: Ints, field: str) -> pa.Array:
        column = self._columns.get(field)
        if column is None:
            column = self._columns[field] = self.headers.column(field)
        return column.take(pa.array(record))

    def _received(self, record: Ints) -> pa.Array:
        return _timestamp(pa.array(self.headers.received_us[record]))


def _reach(blocks: pa.Table) -> dict[str, object]:
    """When the samples of each block begin and end, and how many they are."""
    start = ints(blocks["at_us"])
    first, last, n_obs = start.copy(), start.copy(), np.zeros(len(start), np.int64)
    for name, unit_us in (("offset_ms", 1000), ("offset_us", 1)):
        rows = np.flatnonzero(blocks[name].is_valid().to_numpy(zero_copy_only=False))
        lists = blocks[name].combine_chunks().drop_null()
        lengths, values = ints(lists.value_lengths()), ints(lists.flatten()) * unit_us
        if len(rows):
            begins = np.cumsum(lengths) - lengths
            first[rows] += np.minimum.reduceat(values, begins)
            last[rows] += np.maximum.reduceat(values, begins)
            n_obs[rows] = lengths
    return {
        "first_at": _timestamp(pa.array(first)),
        "last_at": _timestamp(pa.array(last)),
        "n_obs": n_obs.astype(np.int32),
    }


def _with_rest(columns: dict[str, object], table: pa.Table, done: list[str]) -> pa.Table:
    rest = {name: table[name] for name in table.column_names if name not in columns and name not in done}
    return pa.table(columns | rest)


def _session_keys(source: pa.ChunkedArray, session: pa.ChunkedArray) -> pa.Array:
    named = session.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(digest(source, session), pa.int64(), mask=~named)


def _timestamp(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    return column.cast(pa.timestamp("us"))


def ints(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A column without nulls as 64-bit integers."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    out: Ints = array.to_numpy(zero_copy_only=False).astype(np.int64)
    return out
