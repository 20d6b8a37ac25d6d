"""The imports of a tenant, each with what its file held: from the tables, and from its records in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.gateway.imports import left_out
from pipeline.record import parse_header

if TYPE_CHECKING:
    from pipeline.log.base import Log

READ_ITEMS_MAX = 50_000
READ_BYTES_MAX = 16 << 20


def imports_told(found: Sequence[dict[str, Any]], log: Log, partition: int) -> list[dict[str, object]]:
    """Rows of the panel ``imports`` with file, source, time and number of rows; accepted is what was not left out.

    Of an import that was taken back the tables keep nothing: its rows are counted from the log again.
    """
    return [_told(row, log, partition) for row in found]


def _told(row: dict[str, Any], log: Log, partition: int) -> dict[str, object]:
    rows, offset = 0, row["first_offset"]
    ignored, rejected = (0, 0) if row["undone"] else (row["ignored"], row["rejected"])
    file = source = decoder = received_at = None
    while offset <= row["last_offset"]:
        read = log.read(partition, offset, items_max=READ_ITEMS_MAX, bytes_max=READ_BYTES_MAX)
        if not read:
            break
        for logged in read:
            header = parse_header(logged.record.header)
            if header.import_id == row["import_id"] and logged.offset <= row["last_offset"]:
                rows += logged.record.item_count
                file, source, decoder, received_at = header.file, header.source, header.decoder, header.received_at
                if row["undone"] and ignored is not None:
                    out = left_out(logged.record)
                    ignored, rejected = (ignored + out[0], rejected + out[1]) if out else (None, None)
        offset = read[-1].offset + 1
    return {
        "import_id": row["import_id"],
        "athlete_id": row["athlete_id"],
        "file": file,
        "source": source,
        "decoder": decoder,
        "received_at": received_at,
        "rows": rows,
        "accepted": None if ignored is None else rows - ignored - rejected,
        "ignored": ignored,
        "rejected": rejected,
        "undone": row["undone"],
    }
