"""What an event says, for tests: its payload, with the samples of a heart rate, which are columns beside it."""

from __future__ import annotations

import json
from typing import Any


def payload_of(row: dict[str, Any]) -> dict[str, Any]:
    """The payload of a row of decoded events; ``offset_s`` and ``bpm`` as they were sent."""
    fields: dict[str, Any] = json.loads(row["payload"])
    whole, exact = row["offset_ms"], row["offset_us"]
    if whole is not None or exact is not None:
        fields["offset_s"] = [us / 1e6 for us in exact] if whole is None else [ms / 1e3 for ms in whole]
        fields["bpm"] = row["bpm_exact"] if row["bpm"] is None else row["bpm"]
    return fields
