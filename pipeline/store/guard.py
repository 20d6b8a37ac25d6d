"""Whether a text may run beside the writer: one SELECT over tables that say what is, and nothing beyond them.

A sandbox would cost a process for each run, so a text is read before it runs: its syntax tree must name known tables
and harmless functions only. Then it runs once on an empty shard under the sandbox's own locks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import duckdb

from pipeline.store.connection import Connection
from pipeline.store.sandbox_child import lock, refusal_of
from pipeline.store.shard import Shard

MEMORY_BYTES = 64 << 20
SECONDS_MAX = 5.0
SCHEMAS = ("base", "mart", "main")
# what was told, when it came and what time it is: from these no day could be worked out again
NOT_READ = frozenset(
    {
        "base.alert_delivered", "base.alert_sent", "base.athlete_span", "base.clock", "base.document", "base.ignored",
        "base.ledger", "base.mark", "base.outbox", "base.rejected", "base.upload", "mart.alert", "mart.alert_evidence",
        "mart.condition", "main.alert", "main.alert_evidence", "main.ignored", "main.ledger", "main.rejected",
        "main.source_health",
    }
)  # fmt: skip
TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
_MACROS = ("array_", "list_", "md5_number_", "json")
_MACRO_NAMES = frozenset(
    {"date_add", "days_in_month", "fdiv", "fmod", "geomean", "histogram", "if", "nullif", "split_part", "wavg"}
)
# words that DuckDB answers without a table or parentheses
WORDS = frozenset(
    {
        "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
        "current_user", "localtime", "localtimestamp", "session_user",
    }
)  # fmt: skip


class Wrong(NamedTuple):
    """One thing that is wrong: what, why, and what to do about it."""

    what: str
    why: str
    do: str


class Parsed(NamedTuple):
    """A text that is one SELECT: its tree, the names of its parameters, and what is wrong with what it reads."""

    tree: dict[str, Any]
    parameters: frozenset[str]
    wrong: list[Wrong]


_COLUMNS = """
select if(temporary, '', schema_name), table_name, column_name
from duckdb_columns() c
left join (select table_oid as oid, temporary from duckdb_tables()) t on c.table_oid = t.oid
where not internal
order by table_name, column_index
"""


class Guard:
    """An empty shard in memory on which nothing can be changed; ``extra`` makes tables beside those of a shard."""

    def __init__(self, extra: Mapping[str, str]) -> None:
        self._parser = Connection(duckdb.connect())  # a shard writes trees in the older form of its storage version
        self._shard = Shard(None)
        self.connection: Connection = self._shard.connection
        for name, columns in extra.items():
            self.connection.execute(f"create temp table {name} ({columns})")
        run = self.connection.execute
        self._relations = {
            f"{schema}.{name}"
            for schema, name in run(
                "select schema_name, table_name from duckdb_tables() where not temporary"
                " union select schema_name, view_name from duckdb_views() where not internal"
            ).fetchall()
        }
        self._extra = frozenset(extra)
        self._unsteady = {
            name
            for (name,) in run(
                "select function_name from duckdb_functions() where stability <> 'CONSISTENT' or has_side_effects"
            ).fetchall()
        }
        self._macros = {
            name
            for (name,) in run("select function_name from duckdb_functions() where function_type = 'macro'").fetchall()
        }
        lock(self.connection, MEMORY_BYTES)

    def close(self) -> None:
        """Let it go."""
        self._parser.close()
        self._shard.close()

    def parse(self, sql: str) -> Parsed | Wrong:
        """The tree of a text, or why it is not one SELECT."""
        try:
            refusal = refusal_of(self._parser.statements(sql), duckdb.StatementType.SELECT)
        except duckdb.Error as error:
            return Wrong("the SQL cannot be read", str(error).strip(), "correct it; `spotter sql` tries a query")
        if refusal is not None:
            return Wrong(*refusal, "write one SELECT")
        try:
            answer = json.loads(self._parser.execute("select json_serialize_sql(?)", (sql,)).fetchall()[0][0])
            if answer["error"]:  # pivots and the like have no tree that could be looked through
                return Wrong("the SQL is no plain SELECT", str(answer["error_message"]), "write it without that")
            tree = answer["statements"][0]["node"]
            nodes = list(_nodes(tree))
        except RecursionError:
            return Wrong("the SQL is nested too deeply", "its tree cannot be looked through", "write it flatter")
        named = frozenset(str(node["identifier"]) for node in nodes if node.get("class") == "PARAMETER")
        return Parsed(tree, named, list(dict.fromkeys(self._look(nodes))))

    def _look(self, nodes: list[dict[str, Any]]) -> Iterator[Wrong]:
        own = {str(one["key"]) for node in nodes for one in node.get("cte_map", {}).get("map", [])}
        for node in nodes:
            kind = node.get("type")
            if kind == "BASE_TABLE":
                yield from self._table(node, own)
            elif kind == "TABLE_FUNCTION":
                name = str(node["function"]["function_name"])
                if name not in TABLE_FUNCTIONS:
                    allowed = ", ".join(sorted(TABLE_FUNCTIONS))
                    yield Wrong(f"it may not read from {name}()", "it reaches beyond the tables", f"use {allowed}")
            elif kind == "SHOW_REF":
                yield Wrong("only SELECT is allowed here", "it describes instead of selecting", "write one SELECT")
            elif node.get("class") in ("FUNCTION", "WINDOW"):
                yield from self._function(str(node["function_name"]))
            elif node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1:
                yield from self._word(str(node["column_names"][0]).lower())
            if node.get("sample") is not None:
                yield Wrong("it may not take a sample", "it would find something else each time", "look at all rows")

    def _table(self, node: dict[str, Any], own: set[str]) -> Iterator[Wrong]:
        schema, name = str(node["schema_name"]).lower(), str(node["table_name"]).lower()
        if not schema and not node["catalog_name"] and (name in own or name in self._extra):
            return
        full = f"{schema or 'main'}.{name}"
        if node["catalog_name"] or full not in self._relations:
            yield Wrong(
                f"there is no table {'.'.join(node['qualified_name']['path'])} to read",
                f"a rule reads tables of {', '.join(SCHEMAS[:2])}, the views, and {', '.join(sorted(self._extra))}",
                f"the views are {', '.join(self._views())}; docs/data-dictionary.md has their columns",
            )
        elif full in NOT_READ:
            yield Wrong(
                f"it may not read {full.removeprefix('main.')}",
                "what it holds depends on when things came, were told or asked; no day could be worked out again",
                "read what was measured: sets, sessions, days, readings",
            )

    def _function(self, name: str) -> Iterator[Wrong]:
        macro = name in self._macros and not name.startswith(_MACROS) and name not in _MACRO_NAMES
        if name in self._unsteady or macro:
            yield _unsteady(f"{name}()")

    def _word(self, name: str) -> Iterator[Wrong]:
        if name in WORDS:
            yield _unsteady(name)

    def _views(self) -> list[str]:
        return sorted(name.removeprefix("main.") for name in self._relations - NOT_READ if name.startswith("main."))

    def _there(self, parsed: Parsed | None) -> str:
        """The columns of what a text reads, in words."""
        nodes = _nodes(parsed.tree) if parsed is not None else ()
        known: dict[str, list[str]] = {}
        for schema, table, column in self.connection.execute(_COLUMNS).fetchall():
            known.setdefault(f"{schema}.{table}" if schema else table, []).append(str(column))
        read = {}
        for node in nodes:
            if node.get("type") == "BASE_TABLE":
                schema, name = str(node["schema_name"]).lower(), str(node["table_name"]).lower()
                found = known.get(f"{schema or 'main'}.{name}") or known.get(name)
                if found:
                    read[f"{schema}.{name}" if schema else name] = found
        return "; ".join(f"{name} has {', '.join(columns)}" for name, columns in sorted(read.items()))

    def columns(
        self, sql: str, parameters: Mapping[str, object], parsed: Parsed | None = None
    ) -> list[tuple[str, str]] | Wrong:
        """Names and types of what a text gives, run on no rows; or why it fails, and what ``parsed`` could read."""
        try:
            with self.connection.stopped_after(SECONDS_MAX):
                self.connection.execute(sql, parameters or None)
                told = [(str(name), str(kind)) for name, kind, *_ in self.connection.description]
                self.connection.fetchall()
        except duckdb.BinderException as error:
            there = self._there(parsed)
            return Wrong("the SQL fails on empty tables", str(error).strip(), there or "correct it")
        except duckdb.Error as error:
            return Wrong("the SQL fails on empty tables", str(error).strip(), "correct it")
        return told


def listed(tree: dict[str, Any], column: str) -> list[int | None]:
    """How many values the list has that each part of a SELECT gives as ``column``; None where it is not written out.

    The first part of a union names the columns; the others follow it by place.
    """
    first = tree
    while first.get("type") == "SET_OPERATION_NODE":
        first = _parts(first)[0]
    return list(_counts(tree, _place(first, column)))


def _parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    return node.get("children") or [node["left"], node["right"]]


def _counts(node: dict[str, Any], place: int | None) -> Iterator[int | None]:
    if node.get("type") == "SET_OPERATION_NODE":
        for part in _parts(node):
            yield from _counts(part, place)
    else:
        chosen = node.get("select_list", [])
        yield _count(chosen[place] if place is not None and place < len(chosen) else None)


def _place(node: dict[str, Any], column: str) -> int | None:
    names = [_name(one) for one in node.get("select_list", [])]
    return names.index(column) if column in names else None


def _name(node: dict[str, Any]) -> str:
    names = node.get("column_names") or [""]
    return str(node.get("alias") or names[-1]).lower()


def _count(node: dict[str, Any] | None) -> int | None:
    while node is not None and node.get("class") == "CAST":
        node = node["child"]
    if node is None or node.get("function_name") != "list_value":
        return None
    return len(node["arguments"])


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _nodes(part)


def _unsteady(name: str) -> Wrong:
    return Wrong(
        f"it may not ask for {name}",
        "the answer does not follow from the data alone, or it reaches beyond them",
        "use `local_day` for the day, and write it without that",
    )
