"""Effort of one set: M1 scales, M2 endpoint, M3 rungs 1 and 2, M5, M9. Exact fractions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

PHI_SCALE = 10**8
ENDPOINTS = {
    "failed_mechanical": "FAIL_MECHANICAL",
    "failed_technical": "FAIL_TECHNICAL",
    "failed": "FAIL_UNSPECIFIED",
}


@dataclass(frozen=True)
class Effort:
    """What a set says about its effort. ``rir`` is null where nothing usable was logged."""

    rir: Fraction | None
    censored: bool
    conflict: bool
    endpoint: str
    effective: Fraction | None  # rungs 1 and 2
    source: str | None  # failure | logged | null
    scales_differ: bool = False  # RIR and RPE were both given and contradict each other

    @property
    def explicit(self) -> bool:
        return self.endpoint.startswith("FAIL")

    @property
    def failure(self) -> bool:
        return self.explicit or self.endpoint == "LIMIT"


def logged(effort: Any) -> tuple[Fraction | None, Fraction | None]:
    """(RIR, RPE) as logged; values off their scale are dropped."""
    entries = effort if isinstance(effort, list) else [effort] if effort else []
    found: dict[str, Fraction] = {}
    for entry in entries:
        value = Fraction(str(entry["value"]))
        lowest = 0 if entry["scale"] == "rir" else 1
        if lowest <= value <= 10:
            found[entry["scale"]] = value
    return found.get("rir"), found.get("rpe")


def read_effort(effort: Any, outcome: str | None) -> Effort:
    """M1, M2 and rungs 1 and 2 of M3."""
    rir_logged, rpe = logged(effort)
    rir, censored, conflict = rir_logged, False, False
    if rpe is not None:
        from_rpe, low = (Fraction(5), True) if rpe < 5 else (10 - rpe, False)
        if rir is None:
            rir, censored = from_rpe, low
        else:
            conflict = abs(rir - (10 - rpe)) > Fraction(1, 2)
    endpoint = ENDPOINTS.get(outcome or "", "")
    if not endpoint:
        endpoint = "UNKNOWN" if rir is None else "LIMIT" if rir == 0 else "SUBMAX"
        return Effort(rir, censored, conflict, endpoint, rir, None if rir is None else "logged", conflict)
    scales_differ = conflict
    conflict = conflict or (rir is not None and rir > 0)
    if endpoint == "FAIL_MECHANICAL":
        effective = Fraction(0)
    elif endpoint == "FAIL_TECHNICAL":
        effective = Fraction(1) if rir is None else min(max(rir, Fraction(1, 2)), Fraction(1))
    else:
        effective = Fraction(0) if rir is None else min(rir, Fraction(1))
    return Effort(rir, censored, conflict, endpoint, effective, "failure", scales_differ)


def phi_e8(rir: Fraction | float) -> int:
    """M9 proximity weight in 1e-8, as the tables hold it."""
    return round(math.exp(-1.15 * float(rir)) * PHI_SCALE)


def epley_kg(load_mg: int, n: Fraction) -> Fraction:
    """M5 for n repetitions to failure: the load itself for one, else w (1 + n / 30)."""
    load_kg = Fraction(load_mg, 10**6)
    return load_kg if n == 1 else load_kg * (1 + n / 30)


def milligrams(weight: dict[str, Any] | None) -> int | None:
    """A weight as logged in whole milligrams."""
    if weight is None:
        return None
    per_unit = Fraction(10**6) if weight["unit"] == "kg" else Fraction("453592.37")
    return round(Fraction(str(weight["value"])) * per_unit)
