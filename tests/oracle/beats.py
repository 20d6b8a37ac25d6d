"""M28 beat by beat, as the text says it: one series, plain lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def accepted(rr_ms: Sequence[float], lowest: float = 300, highest: float = 2000) -> list[bool]:
    """Which beats pass the bounds and the filter of a fifth against the last accepted beat."""
    marks: list[bool] = []
    last: float | None = None
    rejected_in_a_row = 0
    for beat in rr_ms:
        good = lowest <= beat <= highest
        if good and last is not None and rejected_in_a_row < 3:
            good = not abs(beat - last) * 5 > last
        marks.append(good)
        if good:
            last, rejected_in_a_row = beat, 0
        else:
            rejected_in_a_row += 1
    return marks


def rmssd(rr_ms: Sequence[float], marks: Sequence[bool]) -> float | None:
    """Root mean square of differences between neighbours that were both accepted."""
    both = [good and next_good for good, next_good in pairwise(marks)]
    squares = [(b - a) ** 2 for (a, b), counted in zip(pairwise(rr_ms), both, strict=True) if counted]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else None
