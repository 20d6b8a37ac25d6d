"""The SQL texts of this room with the parameters each names, and Arrow tables handed to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.alerts.rules import Rules
from pipeline.store.connection import Connection

_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")
_WHOLE_IN_PYTHON = frozenset({"r02_sessions", "r02_days", "r20_reps"})  # alerts/episodes.py, models/load_jump.py
_WHOLE = re.compile(r"\$(\w+)::(?:integer|bigint)")

Statement = tuple[str, tuple[str, ...]]
Columns = dict[str, npt.NDArray[Any]]


@lru_cache(maxsize=64)
def text(name: str) -> Statement:
    """The text of ``pipeline/alerts/<name>.sql`` and the names of its parameters."""
    sql = files("pipeline.alerts").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return sql, parameters(sql)


def parameters(sql: str) -> tuple[str, ...]:
    """The names a text has for prepared parameters, in order."""
    return tuple(sorted(set(_PARAMETER.findall(sql))))


@lru_cache(maxsize=1)
def whole_numbers() -> frozenset[str]:
    """The thresholds (``r01_many``) that rules take as whole numbers: counts of sets, days, ..."""
    folder = files("pipeline.alerts").joinpath("conditions")
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".sql")]
    return _WHOLE_IN_PYTHON | {name for sql in texts for name in _WHOLE.findall(sql)}


@lru_cache(maxsize=256)
def conditions(rules: tuple[str, ...]) -> Statement:
    """The conditions of some rules of the session lane as one statement that makes ``alert_condition``."""
    parts = [text(f"conditions/{rule}") for rule in rules]
    body = "\nunion all by name\n".join(f"(\n{sql})" for sql, _ in parts)
    names = tuple(sorted({name for _, found in parts for name in found}))
    head = (
        "create or replace temp table alert_condition as\n"
        "select *, md5_number_lower(athlete_no || '/' || rule || '/' || scope) as scope_key,\n"
        "    hash(level, subject, found) as content\nfrom"
    )
    return f"{head} (\n{body}\n)", names


def run(connection: Connection, statement: Statement, rules: Rules, **more: int | date) -> Connection:
    """Execute a statement with the rules' numbers as prepared parameters."""
    sql, names = statement
    if not names:
        return connection.execute(sql)
    known = {**rules.parameters, **more}
    return connection.execute(sql, {name: known[name] for name in names})


def table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Rows as Arrow columns; each row in the order of ``schema``."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def columns(connection: Connection, statement: Statement, rules: Rules, **more: int | date) -> Columns:
    """The result of a statement as numpy columns; integers as int64, booleans as bool."""
    found = run(connection, statement, rules, **more).fetchnumpy()
    plain = {}
    for name, values in found.items():
        if values.dtype.kind in {"b", "O"} or values.dtype == np.uint64:
            plain[name] = np.asarray(values)
        else:
            plain[name] = np.asarray(values).astype(np.int64)
    return plain


def dates(days: npt.NDArray[np.int64], absent: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Days since 1970 as Arrow dates; null where ``absent``."""
    return pa.array(days.astype(np.int32), mask=absent).cast(pa.date32())


@contextmanager
def registered(connection: Connection, name: str, rows: pa.Table) -> Iterator[None]:
    """An Arrow table under a name, for the statements inside."""
    connection.register(name, rows)
    try:
        yield
    except BaseException:
        connection.forget(name)
        raise
    connection.unregister(name)
