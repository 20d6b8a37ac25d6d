"""Words that no alert may use: nothing is diagnosed, foretold or called safe (docs/domain.md, wording)."""

from __future__ import annotations

import re

CLAIMS = re.compile(r"overtrain|diagnos|injur|\bCNS\b|nervous system|\bsafe\b|danger|\brisk", re.IGNORECASE)
NOT_A_DIAGNOSIS = "This is a training-load warning, not a medical diagnosis."
"""The one sentence in which one of them stands."""


def claim_in(text: str) -> str | None:
    """The first word of a text that claims too much, as written there."""
    found = CLAIMS.search(text.replace(NOT_A_DIAGNOSIS, ""))
    return found.group() if found else None
