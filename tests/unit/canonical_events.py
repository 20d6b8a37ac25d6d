"""Canonical events for tests: good sets, odd ones, and a way to compare two decodings row by row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.headers import Headers
from pipeline.record import Header
from pipeline.sources.canonical import decode_slowly
from pipeline.sources.columns import Decoded
from pipeline.sources.lines import Lines, Uploads

RECEIVED = "2026-11-23T12:00:00Z"
HEADER = Header(tenant="home", source="api", decoder="canonical", upload_id="u1", received_at=RECEIVED)


def a_set(**changes: Any) -> dict[str, Any]:
    """The set of the contract with some fields changed; a field set to ``...`` is left out."""
    fields = {
        "kind": "set",
        "athlete": "ana",
        "source": "gymlog",
        "document": "w1-s3",
        "performed_at": "2026-11-20T18:05:00+01:00",
        "session": "w1",
        "exercise": "Bench Press (Barbell)",
        "set_index": 3,
        "set_type": "working",
        "weight": {"value": 80, "unit": "kg"},
        "reps": 8,
        "effort": {"scale": "rir", "value": 1},
        "outcome": "completed",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not ...}


def line(fields: Any) -> bytes:
    """An event as one line of JSON."""
    return json.dumps(fields, separators=(",", ":")).encode()


def one_by_one(lines: Sequence[bytes], header: Header = HEADER) -> Decoded:
    """The decoding that is the authority: every line through the models."""
    count = len(lines)
    rows = np.arange(count, dtype=np.int32)
    return decode_slowly(
        Lines(lines, np.zeros(count, np.int32), rows, Uploads(Headers.of_one(header)), np.zeros(count, np.int32)),
        range(count),
    )


def as_rows(decoded: Decoded) -> dict[str, Any]:
    """Everything a decoding holds, in an order of its own: rows name their item instead of a row number."""
    documents = decoded.documents.to_pylist()
    item_of = [(row["record"], row["item"]) for row in documents]
    held: dict[str, Any] = {"documents": sorted(documents, key=_item)}
    for name in ("sets", "sessions", "events"):
        rows = [{**row, "doc_row": item_of[row["doc_row"]]} for row in getattr(decoded, name).to_pylist()]
        held[name] = sorted(rows, key=lambda row: (row["doc_row"], row.get("ordinal", 0)))
    held["rejected"] = sorted(decoded.rejected.to_pylist(), key=lambda row: (_item(row), row["field"] or ""))
    held["ignored"] = sorted(decoded.ignored.to_pylist(), key=_item)
    held["warnings"] = sorted(decoded.warnings)
    return held


def _item(row: dict[str, Any]) -> tuple[int, int]:
    return (row["record"], row["item"])
