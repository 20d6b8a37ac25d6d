"""Two shards side by side: every view of the contract, row for row, with the places where they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.store.connection import Connection

RELATIVE = 1e-9  # doubles; everything else is compared exactly
ROWS_SHOWN_MAX = 200

# keys by which a row is named; a relation without unique key names itself by all of these
KEYS: dict[str, tuple[str, ...]] = {
    "set_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "session_load": ("tenant_id", "athlete_id", "source", "session_id"),
    "exercise_session": ("tenant_id", "athlete_id", "session_id", "exercise", "start_at"),
    "muscle_day": ("tenant_id", "athlete_id", "local_day", "muscle"),
    "athlete_day": ("tenant_id", "athlete_id", "local_day"),
    "indicator": ("tenant_id", "athlete_id", "local_day", "metric", "scope"),
    "sleep_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "hrv_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "resting_heart_rate_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "heart_rate_sample": ("tenant_id", "athlete_id", "source", "document_id", "measured_at"),
    "heart_rate_load": ("tenant_id", "athlete_id", "source", "local_day", "session_id"),
    "checkin_fact": ("tenant_id", "athlete_id", "source", "document_id", "part", "item"),
    "recovery_day": ("tenant_id", "athlete_id", "local_day"),
    "load_day": ("tenant_id", "athlete_id", "local_day"),
    "body_mass_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "declaration_fact": ("tenant_id", "athlete_id", "source", "document_id"),
    "unmapped_exercise": ("tenant_id", "athlete_id", "name"),
    "alert": ("tenant_id", "athlete_id", "alert_id"),
    "alert_evidence": ("tenant_id", "athlete_id", "alert_id", "metric"),
    "rejected": ("tenant_id", "athlete_id", "upload_id", "item_index", "reason", "field"),
    "ignored": ("tenant_id", "athlete_id", "upload_id", "item_index"),
}
# what may depend on how the data arrived (design.md, invariants)
_LEFT_OUT_OF = {"athlete_day": {"revision", "state"}}
_ARRIVAL = {"received_at", "upload_id", "item_index", "version"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. A missing or added row names itself in ``column`` as ``(row)``."""

    relation: str
    key: str
    column: str
    stored: str
    rebuilt: str

    def __str__(self) -> str:
        return f"{self.relation} [{self.key}] {self.column}: stored {self.stored}, rebuilt {self.rebuilt}"


def compare(connection: Connection, other: Path, *, across_arrivals: bool = False) -> list[Difference]:
    """Differences between the open shard (stored) and the shard at ``other`` (rebuilt).

    With ``across_arrivals`` the columns that name an upload are left out, so that shards fed by
    different uploads of the same data can be compared.
    """
    connection.execute(f"attach '{str(other).replace(chr(39), chr(39) * 2)}' as rebuilt (read_only)")
    try:
        out: list[Difference] = []
        for relation in KEYS:
            out.extend(_compare_view(connection, relation, across_arrivals))
        return out
    finally:
        connection.execute("detach rebuilt")


def compared_columns(connection: Connection, relation: str, across_arrivals: bool) -> list[str]:
    """The columns of a view under I4 and I5."""
    names = [row[0] for row in connection.execute(f"select column_name from (describe main.{relation})").fetchall()]
    left_out = _LEFT_OUT_OF.get(relation, set()) | (_ARRIVAL if across_arrivals else set())
    return [name for name in names if name not in left_out]


def _compare_view(connection: Connection, relation: str, across_arrivals: bool) -> Iterator[Difference]:
    columns = compared_columns(connection, relation, across_arrivals)
    keys = [key for key in KEYS[relation] if key in columns]
    listed = ", ".join(f'"{name}"' for name in columns)
    where = " where state <> 'withdrawn'" if relation == "alert" else ""
    here = f"select {listed} from main.{relation}{where}"
    there = f"select {listed} from rebuilt.main.{relation}{where}"
    stored = _rows(connection, f"({here}) except all ({there})", keys, columns)
    rebuilt = _rows(connection, f"({there}) except all ({here})", keys, columns)
    for key in sorted(stored.keys() | rebuilt.keys()):
        left, right = stored.get(key, []), rebuilt.get(key, [])
        for old, new in zip(left, right, strict=False):
            for name, a, b in zip(columns, old, new, strict=True):
                if not _same(a, b):
                    yield Difference(relation, " ".join(key), name, repr(a), repr(b))
        for old in left[len(right) :]:
            yield Difference(relation, " ".join(key), "(row)", repr(dict(zip(columns, old, strict=True))), "none")
        for new in right[len(left) :]:
            yield Difference(relation, " ".join(key), "(row)", "none", repr(dict(zip(columns, new, strict=True))))


def _rows(
    connection: Connection, query: str, keys: list[str], columns: list[str]
) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
    order = ", ".join(f'"{name}"' for name in columns)
    found = connection.execute(f"select * from ({query}) order by {order} limit {ROWS_SHOWN_MAX}").fetchall()
    at = [columns.index(key) for key in keys]
    out: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for row in found:
        out.setdefault(tuple(str(row[i]) for i in at), []).append(row)
    return out


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
    return bool(a == b)
