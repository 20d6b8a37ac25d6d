"""What others may import, and how errors and SQL files present themselves."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib

import pytest
from house_tree import ROOT, code_files, module_name, own_files, syntax, text_of

from pipeline import errors

PUBLIC = {
    "pipeline": set(),
    "schemas": set(),
    "pipeline.demo": {"Calendar", "DemoReport", "Story", "load", "stories"},
    "pipeline.synthetic": {
        "STORIES",
        "Athlete",
        "Label",
        "Written",
        "athletes",
        "events",
        "label_of",
        "live_through",
        "write",
    },
    "schemas.events": {
        "EVENT",
        "MODELS",
        "AnyEvent",
        "Athlete",
        "BodyMass",
        "Checkin",
        "Declaration",
        "Delete",
        "Event",
        "HeartRate",
        "Hrv",
        "Plan",
        "RestingHeartRate",
        "RrIntervals",
        "Session",
        "SessionSet",
        "Set",
        "SetFields",
        "Sleep",
        "Tick",
        "TimedEvent",
    },
}
ERROR_TREE = {
    "SpotterError": "Exception",
    "UsageError": "SpotterError",
    "RefusedError": "SpotterError",
    "UnitNeededError": "RefusedError",
    "ZoneNeededError": "RefusedError",
    "StorageError": "SpotterError",
    "DiskFullError": "StorageError",
    "BusyError": "StorageError",
    "DamagedError": "StorageError",
    "GapError": "StorageError",
    "BehindError": "GapError",
    "QueryError": "SpotterError",
}
HEADER_OF_MODELS = ("metric", "unit", "window", "source")
HEADER_OF_RULES = ("rule", "unit", "window", "source")


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_public_names(module: str) -> None:
    loaded = importlib.import_module(module)
    named = set(getattr(loaded, "__all__", ()))
    assert named == PUBLIC[module]
    assert all(hasattr(loaded, name) for name in named)


def test_every_module_can_be_imported() -> None:
    leave = {path for path in code_files() if path.name == "__main__.py"}
    leave |= set((ROOT / "bench" / "peers" / "others").glob("*.py"))  # they run in an environment of their own
    for path in set(code_files()) - leave:
        importlib.import_module(module_name(path))


def test_the_command_is_spotter() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(scripts) == {"spotter"}
    module, _, name = scripts["spotter"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_error_tree() -> None:
    found = {
        name: value.__bases__[0].__name__
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert found == ERROR_TREE


def test_an_error_says_what_why_and_what_to_do() -> None:
    text = str(errors.RefusedError("the file was refused", "it is empty", "export it again"))
    assert text == "the file was refused\n  why: it is empty\n  do:  export it again"
    assert (errors.RefusedError("x").exit_code, errors.UsageError("x").exit_code) == (1, 2)


def test_every_raised_error_says_what_to_do() -> None:
    ours = set(ERROR_TREE)
    for path in code_files():  # errors of other rooms that stand on the tree
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.ClassDef) and _extends(node, ours) and not _has_own_init(node):
                ours.add(node.name)
    lacking = []
    for path in code_files():
        for node in ast.walk(syntax(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ours):
                continue
            if any(isinstance(argument, ast.Starred) for argument in node.args):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            do = given.get("do") or (node.args[2] if len(node.args) > 2 else None)
            if do is None or (isinstance(do, ast.Constant) and not do.value):
                lacking.append(f"{path}:{node.lineno} {node.func.id}")
    assert not lacking, "\n".join(lacking)


def _extends(node: ast.ClassDef, names: set[str]) -> bool:
    return any(isinstance(base, ast.Name) and base.id in names for base in node.bases)


def _has_own_init(node: ast.ClassDef) -> bool:
    return any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)


def _header(text: str) -> dict[str, str]:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    found = {}
    for line in lines:
        name, colon, rest = line.partition(":")
        if colon and re.fullmatch(r"[a-z]+", name):
            found[name] = rest.strip()
    return found


@pytest.mark.parametrize("path", own_files(".sql"), ids=str)
def test_sql_files_start_with_their_header(path: object) -> None:
    text = text_of(path) or ""  # type: ignore[arg-type]
    header = _header(text)
    where = str(path)
    if where.startswith("pipeline/models/"):
        assert all(header.get(key) for key in HEADER_OF_MODELS), f"{path} has {sorted(header)}"
        assert re.search(r"\bM\d+\b|^none \(", header["metric"]), header["metric"]
    elif where.startswith("pipeline/alerts/conditions/"):
        assert all(header.get(key) for key in HEADER_OF_RULES), f"{path} has {sorted(header)}"
        assert header["rule"].split()[0] == path.stem  # type: ignore[attr-defined]
    elif where.startswith("dashboards/queries/"):
        assert header.get("panel"), f"{path} has {sorted(header)}"
