"""Which kind of revision a source states, where its format fixes one."""

from __future__ import annotations

from typing import Literal

RevisionKind = Literal["int", "time"]

_FIXED: dict[str, RevisionKind] = {
    "hevy": "time",  # updated_at
    "google_health": "time",  # updateTime
    "health_connect": "time",  # lastModifiedTime
    "intervals": "time",  # updated
    "whoop": "time",  # updated_at
    "withings": "int",  # modified, seconds since 1970
}


def revision_kind(source: str) -> RevisionKind | None:
    """``int`` or ``time`` for sources that always state the same kind; null: either is taken."""
    return _FIXED.get(source)
