"""What became of one attempt to deliver a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Outcome:
    """``told`` is what people see of the answer: a status and our own words, never the receiver's body."""

    verdict: Literal["sent", "again", "gone"]  # gone: the receiver wants nothing more at all
    told: str
    not_before: datetime | None = None  # the receiver asked to be left alone until then
