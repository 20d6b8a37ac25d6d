"""The SQL texts of this room, with the parameters each of them names."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.alerts.rules import Rules
from pipeline.store.connection import Connection

_PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")
_SESSION_CONDITIONS = ("R01", "R02", "R03", "R04", "R05", "R06")


@lru_cache(maxsize=64)
def text(name: str) -> tuple[str, tuple[str, ...]]:
    """The text of ``pipeline/alerts/<name>.sql`` and the names of its parameters."""
    sql = files("pipeline.alerts").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return sql, tuple(sorted(set(_PARAMETER.findall(sql))))


@lru_cache(maxsize=2)
def session_conditions() -> tuple[str, tuple[str, ...]]:
    """All conditions of the session lane as one statement that makes ``alert_condition``."""
    parts = [text(f"conditions/{rule}") for rule in _SESSION_CONDITIONS]
    body = "\nunion all by name\n".join(f"(\n{sql})" for sql, _ in parts)
    names = tuple(sorted({name for _, found in parts for name in found}))
    head = (
        "create or replace temp table alert_condition as\nselect *, hash(athlete_no, rule, scope) as scope_key from (\n"
    )
    return f"{head}{body}\n)", names


def run(connection: Connection, statement: tuple[str, tuple[str, ...]], rules: Rules, **more: Any) -> Connection:
    """Execute a statement with the rules' numbers as prepared parameters."""
    sql, names = statement
    if not names:
        return connection.execute(sql)
    known = {**rules.parameters, **more}
    return connection.execute(sql, {name: known[name] for name in names})
