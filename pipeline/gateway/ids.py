"""Ids of uploads and imports."""

from __future__ import annotations

import secrets
from datetime import datetime


def new_id(now: datetime) -> str:
    """An id that sorts by time and cannot be guessed."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"
