"""The pair of files that docs/own-rules.md shows, for tests that put it, or something like it, into a folder."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "own-rules.md"


def shown(kind: str) -> str:
    """The page's one block of that kind."""
    (block,) = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def by_number() -> str:
    """The page's SQL over the tables below the views."""
    sql = shown("sql")
    for view, table in (
        ("w.tenant_id, w.athlete_id,", "w.athlete_no,"),
        ("from training_week", "from mart.training_week"),
        ("asked_day", "touched_rule_day"),
        ("w.tenant_id = t.tenant_id and w.athlete_id = t.athlete_id", "w.athlete_no = t.athlete_no"),
    ):
        assert view in sql
        sql = sql.replace(view, table)
    return sql


def put(folder: Path, name: str = "X01", *, toml: str | None = None, sql: str | None = None) -> Path:
    """Write the pair under a name; returns the TOML file."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".toml", toml or shown("toml")), (".sql", sql or shown("sql"))):
        told = text.replace("X01", name).replace("x01", name.lower())
        (folder / (name + suffix)).write_text(told, encoding="utf-8")
    return folder / f"{name}.toml"
