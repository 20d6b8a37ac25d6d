"""A small file in which a worker says how far it is: for health checks, ``spotter doctor`` and whoever looks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "worker.json"


def tell(data: Path, state: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    """Write the state unless it is as it was ``before``; a disk without room is no reason to end."""
    if state == before:
        return
    temporary = data / (NAME + ".part")
    try:
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(data / NAME)
    except OSError:
        temporary.unlink(missing_ok=True)


def told(data: Path) -> dict[str, Any] | None:
    """What was said last; None when nothing was."""
    try:
        found = json.loads((data / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
