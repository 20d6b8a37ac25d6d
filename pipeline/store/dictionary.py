"""The data dictionary: every view of the shard with its columns, their types, units and meaning.

Names and types come from the views of an empty shard, meanings from ``dictionary.toml``; a column
without a meaning, or a meaning without a column, is an error. ``python -m pipeline.store.dictionary``
prints the page.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.store.connection import Connection
from pipeline.store.shard import Shard

INTRODUCTION = """# Data dictionary

The views of the shard (`spotter sql`, snapshots, exports, notebooks). Generated from the views themselves and
`pipeline/store/dictionary.toml` by `python -m pipeline.store.dictionary`; metric ids (M1 …) are those of
[domain.md](domain.md). Null means unknown, never zero.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view: DuckDB's type, and what it holds in which unit."""

    name: str
    type: str
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """A view and what one of its rows is."""

    name: str
    about: str
    columns: tuple[Column, ...]


def views(connection: Connection) -> list[View]:
    """The documented views of a shard, by name; raises ValueError naming every gap between views and meanings."""
    meanings = _meanings()
    shared: dict[str, list[str]] = meanings.pop("columns")
    del meanings["metrics"]
    found = _columns(connection)
    gaps = [f"the view {name} has no meaning" for name in found if name not in meanings]
    gaps += [f"there is no view {name}" for name in meanings if name not in found]
    out = []
    for name, columns in found.items():
        own: dict[str, list[str]] = meanings.get(name, {}).get("columns", {})
        gaps += [f"{name} has no column {column}" for column in own if column not in dict(columns)]
        documented = []
        for column, kind in columns:
            meaning = own.get(column) or shared.get(column)
            if meaning is None:
                gaps.append(f"{name}.{column} has no meaning")
            else:
                documented.append(Column(column, kind, *meaning))
        out.append(View(name, meanings.get(name, {}).get("about", ""), tuple(documented)))
    if gaps:
        raise ValueError("the data dictionary is not complete: " + "; ".join(gaps))
    return out


def metrics() -> dict[str, tuple[str, str, str]]:
    """Names of the metrics of ``indicator``: metric id, unit, meaning."""
    found: dict[str, list[str]] = _meanings()["metrics"]
    return {name: (told[0], told[1], told[2]) for name, told in found.items()}


def render(documented: list[View]) -> str:
    """The page, in Markdown."""
    parts = [INTRODUCTION]
    for view in documented:
        lines = [f"## {view.name}", "", view.about, "", "| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{column.name}` | {column.type} | {column.unit} | {column.text.replace('|', '/')} |"
            for column in view.columns
        ]
        parts.append("\n".join(lines) + "\n")
    lines = ["## Metrics of `indicator`", "", "| metric | id | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {' | '.join(told)} |" for name, told in metrics().items()]
    parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def page() -> str:
    """The page for the shard this version creates."""
    shard = Shard(None)
    try:
        return render(views(shard.connection))
    finally:
        shard.close()


def _meanings() -> dict[str, Any]:
    return tomllib.loads(files("pipeline.store").joinpath("dictionary.toml").read_text(encoding="utf-8"))


def _columns(connection: Connection) -> dict[str, list[tuple[str, str]]]:
    rows = connection.execute(
        "select c.table_name, c.column_name, c.data_type"
        " from duckdb_columns() c join duckdb_views() v on c.table_oid = v.view_oid and c.schema_name = v.schema_name"
        " where c.schema_name = 'main' and not v.internal"
        " order by c.table_name, c.column_index"
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for view, column, kind in rows:
        found.setdefault(view, []).append((column, kind.lower()))
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
