"""Columns that the door made while it answered, kept until the worker beside it applies the same records.

Decoding is a pure function of a record, so this saves work and changes nothing: what is not here (another
process took it, too much is waiting, the process was started anew) is decoded from the log.
"""

from __future__ import annotations

import threading

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.log.base import Batch
from pipeline.sources.columns import Decoded
from pipeline.sources.rows import concat
from pipeline.worker.apply import decode_batch

ROW_BYTES = 110  # of a document or a set; other events hold their whole text, whatever its length
BYTES_MAX = 320_000 * ROW_BYTES  # of columns that wait here; what comes beyond is decoded again


class Handover:
    """Decoded uploads by the offset of their first record. Safe from several threads."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[int, int, Decoded]] = {}
        self._bytes, self._bytes_max = 0, bytes_max

    def put(self, first: int, records: int, decoded: Decoded) -> None:
        """Keep the columns of ``records`` records from the offset ``first`` on; their ``record`` counts from 0."""
        size = (decoded.sets.num_rows + decoded.documents.num_rows) * ROW_BYTES + decoded.events.nbytes
        with self._lock:
            self._bytes -= self._waiting.pop(first, (0, 0, None))[1]
            if self._bytes + size <= self._bytes_max:
                self._waiting[first] = (records, size, decoded)
                self._bytes += size

    def columns_of(self, batch: Batch) -> Decoded:
        """The columns of a batch without a hole; what is not here is decoded.

        What lies below the batch's end is forgotten.
        """
        start, end = int(batch.offsets[0]), batch.next_offset
        parts: list[Decoded] = []
        at = start
        for first, records, decoded in self._found(start, end):
            if first < at:  # read twice, cut elsewhere, as after a seek: what it has more is decoded anew
                continue
            if first > at:
                parts.append(_moved(decode_batch(batch[at - start : first - start]), at - start))
            parts.append(_moved(decoded, first - start))
            at = first + records
        if at < end:
            parts.append(_moved(decode_batch(batch[at - start :]), at - start))
        return concat(parts)

    def _found(self, start: int, end: int) -> list[tuple[int, int, Decoded]]:
        with self._lock:
            below = sorted(first for first in self._waiting if first < end)
            taken = [(first, *self._waiting.pop(first)) for first in below]
            self._bytes -= sum(size for _, _, size, _ in taken)
        return [
            (first, records, decoded)
            for first, records, _, decoded in taken
            if first >= start and first + records <= end
        ]


def _moved(decoded: Decoded, by: int) -> Decoded:
    """The same columns with ``record`` counted from ``by`` on."""
    if not by:
        return decoded

    def moved(table: pa.Table) -> pa.Table:
        at = table.column_names.index("record")
        return table.set_column(at, table.schema.field(at), pc.add(table["record"], pa.scalar(by, pa.int32())))

    return Decoded(
        documents=moved(decoded.documents),
        sets=decoded.sets,
        sessions=decoded.sessions,
        events=decoded.events,
        rejected=moved(decoded.rejected),
        ignored=moved(decoded.ignored),
        warnings=[(record + by, item, text) for record, item, text in decoded.warnings],
    )
