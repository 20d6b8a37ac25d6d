"""The other contestants' environment: made if it is not there, with what bench/peers.txt pins."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PINS = Path(__file__).parents[1] / "peers.txt"
COMMON = ("duckdb", "pyarrow", "pydantic")
_VERSIONS = (
    "import importlib.metadata, json;"
    "print(json.dumps({one.metadata['Name'].lower(): one.version for one in importlib.metadata.distributions()}))"
)


class Venv:
    """An environment in a folder."""

    def __init__(self, folder: Path) -> None:
        self.python = python_of(folder)
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)

    def versions(self) -> dict[str, str]:
        """What is installed of the pinned packages."""
        done = subprocess.run([self.python, "-c", _VERSIONS], check=True, capture_output=True, text=True)
        found: dict[str, str] = json.loads(done.stdout)
        return {name: found[name] for name in pins() if name in found}

    def install(self, packages: Sequence[str]) -> str | None:
        """Bring packages, and what all need, to their pinned versions; why it could not be done, or None."""
        wanted = {name: pins()[name] for name in (*COMMON, *packages)}
        there = self.versions()
        missing = [f"{name}=={pin}" for name, pin in wanted.items() if there.get(name) != pin]
        if not missing:
            return None
        done = subprocess.run(
            [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "-c", PINS, *missing],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return None
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        return said[-1] if said else f"pip ended with {done.returncode}"


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder.absolute() / "bin" / "python"


def pins() -> dict[str, str]:
    """Name and version of each pinned package."""
    lines = [line.partition("#")[0].strip() for line in PINS.read_text(encoding="utf-8").splitlines()]
    return {name: pin for name, _, pin in (line.partition("==") for line in lines if line)}
