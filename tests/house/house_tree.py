"""The project's own files, for tests that look at all of them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_ROOMS = ("pipeline", "schemas", "dashboards")
LEFT_OUT = {
    ".git",
    ".venv",
    ".venv-peers",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    "data",
    "build",
    "dist",
    "spotter.egg-info",
}
# what others wrote and is passed on unchanged
FOREIGN = ("pipeline/demo/exports/", "tests/samples/", "LICENSE")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, tracked or new, without what is ignored; relative to the root."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
        names = [Path(name) for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*") if not LEFT_OUT & set(path.parts)]
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def own_files(*suffixes: str) -> list[Path]:
    """Files the project wrote itself, with one of these suffixes (all without any)."""
    return [
        path
        for path in project_files()
        if not path.as_posix().startswith(FOREIGN) and (not suffixes or path.suffix in suffixes)
    ]


def code_files() -> list[Path]:
    """Python files of the import packages."""
    return [path for path in own_files(".py") if path.parts[0] in CODE_ROOMS]


def bytes_of(path: Path) -> bytes:
    """The file's content; nothing if it has gone since it was listed."""
    try:
        return (ROOT / path).read_bytes()
    except FileNotFoundError:
        return b""


def text_of(path: Path) -> str | None:
    """The file's text; None if it is no text."""
    try:
        return bytes_of(path).decode("utf-8")
    except UnicodeDecodeError:
        return None


def module_name(path: Path) -> str:
    """The dotted name of a Python file."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def syntax(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


@cache
def imports(path: Path, *, types_too: bool = False) -> tuple[str, ...]:
    """Dotted names a module imports, at any depth; without those only a type checker sees unless asked for."""
    found: list[str] = []
    _collect(syntax(path), found, types_too)
    return tuple(found)


def _collect(node: ast.AST, found: list[str], types_too: bool) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test) and not types_too:
            for other in child.orelse:
                _collect(other, found, types_too)
            continue
        if isinstance(child, ast.Import):
            found.extend(alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports are not used here"
            assert child.module
            found.append(child.module)
            found.extend(f"{child.module}.{alias.name}" for alias in child.names)
        _collect(child, found, types_too)


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
