"""The imports of a tenant, each with what its file held: from the tables, and from its records in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.record import parse_header

if TYPE_CHECKING:
    from pipeline.log.base import Log

READ_ITEMS_MAX = 50_000
READ_BYTES_MAX = 16 << 20


def imports_told(found: Sequence[dict[str, Any]], log: Log, partition: int) -> list[dict[str, object]]:
    """Rows of the panel ``imports`` with source, time and number of rows; accepted is what was not left out."""
    return [_told(row, log, partition) for row in found]


def _told(row: dict[str, Any], log: Log, partition: int) -> dict[str, object]:
    rows, offset = 0, row["first_offset"]
    source = decoder = received_at = None
    while offset <= row["last_offset"]:
        read = log.read(partition, offset, items_max=READ_ITEMS_MAX, bytes_max=READ_BYTES_MAX)
        if not read:
            break
        for logged in read:
            header = parse_header(logged.record.header)
            if header.import_id == row["import_id"] and logged.offset <= row["last_offset"]:
                rows += logged.record.item_count
                source, decoder, received_at = header.source, header.decoder, header.received_at
        offset = read[-1].offset + 1
    return {
        "import_id": row["import_id"],
        "athlete_id": row["athlete_id"],
        "source": source,
        "decoder": decoder,
        "received_at": received_at,
        "rows": rows,
        "accepted": None if row["undone"] else rows - row["ignored"] - row["rejected"],
        "ignored": row["ignored"],
        "rejected": row["rejected"],
        "undone": row["undone"],
    }
