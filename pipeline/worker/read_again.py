"""Rejected items read once more: what a later version takes that an earlier one could not.

Reading is pure and the log keeps what was sent, so this asks the decoders of today. A record on which the worker died
is left out: it is tried where deaths are counted, by a rebuild.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pipeline.log.base import Batch, Log
from pipeline.worker.apply import CRASH, decode_batch

REJECTED = """
select log_offset, upload_id, item_index, reason, athlete_id
from base.rejected
where tenant_id = ? and (? is null or upload_id = ?)
order by log_offset, item_index
"""


def read_again(log: Log, partition: int, rejected: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """``rejected`` in order of ``log_offset``; each with ``now``: taken, rejected, or not tried."""
    for offset, rows in groupby(rejected, key=lambda row: int(row["log_offset"])):
        items = list(rows)
        tried = any(row["reason"] != CRASH for row in items)
        still: set[int] = set()
        if tried:
            one = Batch.of(log.read(partition, offset, items_max=1, bytes_max=1))
            still = set(decode_batch(one).rejected["item"].to_pylist())
        for row in items:
            now = "not tried" if row["reason"] == CRASH else "rejected" if row["item_index"] in still else "taken"
            yield {**row, "now": now}
