"""Looking at an embedded log from outside, without opening it for work."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path


def end_offset_of(path: Path) -> int:
    """The end offset of a log file that may be in use; raises OSError if it cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("select max(log_offset) from record").fetchone()[0]
    except sqlite3.Error as error:
        raise OSError(f"{path.name} cannot be read: {error}") from error
    return 0 if found is None else int(found) + 1
