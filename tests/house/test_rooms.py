"""Imports point one way, and each outside thing has one room that knows it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from house_tree import CODE_ROOMS, code_files, imports, own_files, syntax, text_of

LEAVES = frozenset({"errors", "clock", "disk", "settings", "record", "headers", "records"})
DATA = LEAVES | {"schemas"}
# room -> rooms it may import (itself always)
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "clock": frozenset(),
    "disk": frozenset({"errors"}),
    "record": frozenset({"errors"}),
    "headers": frozenset({"record"}),
    "records": frozenset({"record", "headers"}),
    "settings": frozenset({"errors", "disk"}),
    "schemas": frozenset(),
    "sources": DATA,
    "catalogue": LEAVES,
    "log": LEAVES,
    "store": LEAVES,
    "models": LEAVES | {"store"},
    "alerts": DATA | {"store"},
    "worker": DATA | {"sources", "store", "models", "alerts", "catalogue", "log"},
    "gateway": DATA | {"sources", "log", "store"},
    "relay": DATA | {"gateway"},
    "dashboards": DATA | {"store", "alerts"},
    "demo": DATA | {"sources", "gateway"},
    "synthetic": frozenset({"errors"}),  # its labels would be worth nothing if it knew models or rules
}
EVERYTHING = frozenset({"cli"})

# outside package -> where it may be imported
ONLY_IN = {
    "duckdb": ("pipeline/store/",),
    "sqlite3": ("pipeline/log/", "pipeline/gateway/control.py", "pipeline/relay/ledger.py"),
    "kafka": ("pipeline/log/",),
    "aiokafka": ("pipeline/log/", "pipeline/worker/"),
    "faust": ("pipeline/worker/",),
    "fastapi": ("pipeline/gateway/", "dashboards/"),
    "uvicorn": ("pipeline/gateway/", "pipeline/cli/"),
    "httpx": ("pipeline/relay/",),
    "standardwebhooks": ("pipeline/relay/",),
    "apprise": ("pipeline/relay/",),
    "typer": ("pipeline/cli/",),
    "rich": ("pipeline/cli/",),
}
TIME_READERS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("time", "ctime"),
}
SQL_TIME_READERS = ("now()", "today()", "current_timestamp", "current_date", "get_current_time", "localtimestamp")


def room_of(name: str) -> str | None:
    """The room a dotted name belongs to: the part after ``pipeline``, or the top-level package."""
    parts = name.split(".")
    if parts[0] == "pipeline":
        return parts[1] if len(parts) > 1 else None
    return parts[0] if parts[0] in CODE_ROOMS else None


def room_of_file(path: Path) -> str | None:
    parts = path.with_suffix("").parts
    return room_of(".".join(part for part in parts if part != "__init__"))


def test_every_room_has_its_directions() -> None:
    rooms = {room_of_file(path) for path in code_files()} - {None}
    assert rooms <= set(MAY_IMPORT) | EVERYTHING, "a new room needs a line in MAY_IMPORT"


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{path} imports {name}"
        for path in code_files()
        if room_of_file(path) == room
        for name in imports(path)
        if (target := room_of(name)) and target != room and target not in MAY_IMPORT[room]
    ]
    assert not wrong, "\n".join(wrong)


def test_pages_take_nothing_but_names_from_the_rules() -> None:
    """What an alert says and rests on comes from the store; only the labels of its numbers are the rules' own."""
    used = {name for path in code_files() if room_of_file(path) == "dashboards" for name in imports(path)}
    assert {".".join(name.split(".")[:3]) for name in used if room_of(name) == "alerts"} == {"pipeline.alerts.labels"}


def test_directions_have_no_circle() -> None:
    left = {room: set(may) for room, may in MAY_IMPORT.items()}
    while left:
        free = [room for room, may in left.items() if not may & set(left)]
        assert free, f"these rooms import each other: {sorted(left)}"
        for room in free:
            del left[room]


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_each_outside_package_has_its_room(package: str) -> None:
    wrong = [
        f"{path} imports {package}"
        for path in code_files()
        if not path.as_posix().startswith(ONLY_IN[package])
        and any(name.split(".")[0] == package for name in imports(path, types_too=True))
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_clock_reads_the_time() -> None:
    wrong = []
    for path in code_files():
        if path.as_posix() == "pipeline/clock.py":
            continue
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Attribute):
                base = node.value
                name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
                if (name, node.attr) in TIME_READERS:
                    wrong.append(f"{path}:{node.lineno} {name}.{node.attr}")
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                wrong += [f"{path}:{node.lineno} from time import {a.name}" for a in node.names if a.name == "time"]
    assert not wrong, "\n".join(wrong)


def test_no_sql_reads_the_time() -> None:
    wrong = []
    for path in own_files(".sql"):
        for number, line in enumerate((text_of(path) or "").lower().splitlines(), start=1):
            code = line.split("--")[0]
            wrong += [f"{path}:{number} {word}" for word in SQL_TIME_READERS if word in code]
    assert not wrong, "\n".join(wrong)
