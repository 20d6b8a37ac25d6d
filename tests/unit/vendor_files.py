"""Vendor files for tests: samples by name, plans and decoded columns of bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from pipeline.gateway.imports import ImportPlan, plan_import
from pipeline.sources.columns import Decoded
from pipeline.sources.decode import decode_records

SAMPLES = Path(__file__).parent.parent / "samples"
STRENGTH = SAMPLES / "strength"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def sample(name: str) -> bytes:
    """The bytes of a sample, by its file name."""
    (path,) = SAMPLES.rglob(name)
    return path.read_bytes()


def plan(
    data: bytes,
    *,
    tz: str | None = "Europe/Berlin",
    unit: str | None = None,
    source: str = "auto",
    received_at: datetime = NOW,
    file_name: str | None = None,
) -> ImportPlan:
    """The plan of a file that is given as bytes."""
    return plan_import(
        BytesIO(data),
        athlete="ana",
        tenant="home",
        source=source,
        tz=tz,
        unit=unit,
        received_at=received_at,
        import_id="imp-1",
        upload_id="imp-1",
        file_name=file_name,
    )


def decoded(data: bytes, *, tz: str | None = "Europe/Berlin", unit: str | None = None) -> Decoded:
    """The columns that the worker makes of a file."""
    return decode_records(plan(data, tz=tz, unit=unit).records)


def sets(data: bytes, *, tz: str | None = "Europe/Berlin", unit: str | None = None) -> list[dict[str, Any]]:
    """The set rows of a file, each with its document."""
    found = decoded(data, tz=tz, unit=unit)
    documents = found.documents["document"].to_pylist()
    return [{**row, "document": documents[row["doc_row"]]} for row in found.sets.to_pylist()]


def assert_accounted(data: bytes, found: ImportPlan, columns: Decoded) -> None:
    """Every row of a plan is accepted, ignored or rejected, once, and the worker says the same."""
    assert found.rows == found.accepted + found.ignored + found.rejected
    assert [row.row for row in found.row_reports] == sorted({row.row for row in found.row_reports})
    assert columns.ignored.num_rows == found.ignored
    assert columns.rejected.num_rows == found.rejected
    taken = sum(columns.documents["items"].to_pylist())
    assert taken == found.accepted
