"""A small file in which a worker says how far it is: for health checks, ``spotter doctor`` and whoever looks.

Several workers may share a folder, so the file is named by the process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def tell(data: Path, state: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    """Write the state of this process unless it is as it was ``before``; a disk without room is no reason to end."""
    if state == before:
        return
    path = _path(data, os.getpid())
    temporary = path.with_suffix(".part")
    try:
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)


def tell_no_more(data: Path) -> None:
    """This process ends: what it said is no longer true."""
    _path(data, os.getpid()).unlink(missing_ok=True)


def told(data: Path) -> dict[int, dict[str, Any]]:
    """What each worker said last, by process; one that was killed may still be among them."""
    found: dict[int, dict[str, Any]] = {}
    for path in sorted(data.glob("worker-*.json")):
        try:
            found[int(path.stem.partition("-")[2])] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return found


def _path(data: Path, process: int) -> Path:
    return data / f"worker-{process}.json"
