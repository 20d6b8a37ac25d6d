"""The pointer to the newest snapshot: tells whether it is current without opening anything."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = "snapshots"
POINTER = "current.json"


def current_snapshot(data: Path, versions: dict[str, str], log_end: int) -> Path | None:
    """The newest snapshot if it stands for the log's end and these versions."""
    folder = data / FOLDER
    try:
        pointer = json.loads((folder / POINTER).read_text())
        target = folder / str(pointer["path"])
        current = (
            target.exists()
            and pointer["marks"] == 0
            and int(pointer["next_offset"]) == log_end
            and all(pointer.get(name) == version for name, version in versions.items())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return target if current else None
