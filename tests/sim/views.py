"""What the contract's views say: read, compared with another reading, compared with the oracle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

Rows = list[dict[str, Any]]
Query = Callable[[str], Rows]

# not compared (design.md, invariants): what tells of the delivery of data, not of the data
LEFT_OUT = {"source_health", "ledger", "outbox", "alert_sent", "delivery", "upload"}
COLUMNS_LEFT_OUT = {"received_at", "upload_id", "item_index", "version", "log_offset"}
DAY_COLUMNS_LEFT_OUT = {"revision", "state"}
RELATIVE = 1e-9


def view_names(query: Query) -> list[str]:
    """The compared views of the contract, in the order of their names."""
    found = query("select view_name from duckdb_views() where schema_name = 'main' and not internal")
    return sorted({str(row["view_name"]) for row in found} - LEFT_OUT)


def _columns(view: str, row: dict[str, Any]) -> list[str]:
    out = COLUMNS_LEFT_OUT | (DAY_COLUMNS_LEFT_OUT if view == "athlete_day" else set())
    return [name for name in row if name not in out]


def read_views(query: Query, names: Iterable[str] | None = None) -> dict[str, Rows]:
    """All rows of the compared views, with the compared columns only."""
    result: dict[str, Rows] = {}
    for view in names or view_names(query):
        rows = query(f'select * from "{view}"')
        if view == "alert":
            rows = [row for row in rows if row["state"] != "withdrawn"]
        result[view] = [{name: row[name] for name in _columns(view, row)} for row in rows]
    shown = {row["alert_id"] for row in result.get("alert", [])}
    if "alert_evidence" in result:
        result["alert_evidence"] = [row for row in result["alert_evidence"] if row["alert_id"] in shown]
    return result


def _coarse(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def same(one: Any, other: Any) -> bool:
    """Equal; doubles to 1e-9 of their size."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def differences(one: dict[str, Rows], other: dict[str, Rows], most: int = 5) -> list[str]:
    """What differs between two readings, in words; rows are paired in the order of their coarse values."""
    found: list[str] = []
    for view in sorted(one.keys() | other.keys()):
        a, b = one.get(view, []), other.get(view, [])
        if view == "rejected":
            a, b = _unique(a), _unique(b)
        if len(a) == len(b):
            if sorted(map(repr, a)) == sorted(map(repr, b)):  # to the last digit: most of all comparisons
                continue
            pairs = zip(*(sorted(rows, key=lambda r: [_coarse(v) for v in r.values()]) for rows in (a, b)), strict=True)
            if all(same(x[name], y.get(name)) for x, y in pairs for name in x):
                continue
        count_a, count_b = (Counter(_shown(row) for row in rows) for rows in (a, b))
        lines = [f"{view}: only first: {row}" for row in (count_a - count_b)]
        lines += [f"{view}: only second: {row}" for row in (count_b - count_a)]
        found += sorted(lines, key=lambda line: line.split(": ", 2)[2])[:most]
        if len(lines) == 0:
            found.append(f"{view}: rows differ beyond the sixth digit")
    return found


def _unique(rows: Rows) -> Rows:
    return list({_shown(row): row for row in rows}.values())


def _shown(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_coarse(value)}" for name, value in row.items())
