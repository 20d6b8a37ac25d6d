"""What the oracle wants to know of an exercise; the names come from the catalogue, which is data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

K_MILLI = {"axial": 1500, "compound": 1250, "isolation": 1000, "unknown": 1000}
STABILISERS = ("forearms", "neck", "abdominals")


@dataclass(frozen=True)
class Exercise:
    """``key`` is the exercise id, else ``name:<folded name>``; muscles map to halves (2 primary, 1 secondary)."""

    key: str
    exercise_id: str | None
    cls: str
    is_work: bool
    load_kind: str
    bodyweight_milli: int | None
    muscles: tuple[tuple[str, int], ...]

    @property
    def k_milli(self) -> int:
        return K_MILLI[self.cls]


Find = Callable[[str], Exercise]
