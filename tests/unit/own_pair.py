"""The pair of files that docs/own-rules.md shows, for tests that put it, or something like it, into a folder."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "own-rules.md"


def shown(kind: str) -> str:
    """The page's one block of that kind."""
    (block,) = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def put(folder: Path, name: str = "X01", *, toml: str | None = None, sql: str | None = None) -> Path:
    """Write the pair under a name; returns the TOML file."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in ((".toml", toml or shown("toml")), (".sql", sql or shown("sql"))):
        told = text.replace("X01", name).replace("x01", name.lower())
        (folder / (name + suffix)).write_text(told, encoding="utf-8")
    return folder / f"{name}.toml"
