"""Strength formulas on single numbers: one-repetition maximum (M5), DOTS (M8), effort weights (M1, M9).

The tables compute M5 with Epley in SQL; the other formulas here are for display and comparison.
In all of them ``n`` is the number of repetitions to failure, completed plus in reserve; half steps are allowed.
"""

from __future__ import annotations

import math
from typing import Literal

# fraction of the maximum for n repetitions to failure, n = 1, 1.5, 2, ... 10.5, then whole steps to 16
# (Tuchscherer, Reactive Training Systems; public copies agree up to n = 10)
_RTS_PERCENT: dict[float, float] = {
    1.0: 100.0, 1.5: 97.8, 2.0: 95.5, 2.5: 93.9, 3.0: 92.2, 3.5: 90.7, 4.0: 89.2, 4.5: 87.8, 5.0: 86.3, 5.5: 85.0,
    6.0: 83.7, 6.5: 82.4, 7.0: 81.1, 7.5: 79.9, 8.0: 78.6, 8.5: 77.4, 9.0: 76.2, 9.5: 75.1, 10.0: 73.9, 10.5: 72.3,
    11.0: 70.7, 12.0: 68.0, 13.0: 65.3, 14.0: 62.6, 15.0: 59.9, 16.0: 57.4,
}  # fmt: skip
RTS_N_MAX = 16.0
BRZYCKI_N_MAX = 36.0

_OPL_BEND = 2.92  # where the parabola of few repetitions gives way to the straight line

# (lowest, highest body mass in kg that is told apart, coefficients of 1, m, m^2, m^3, m^4)
_DOTS: dict[str, tuple[float, float, tuple[float, float, float, float, float]]] = {
    "male": (40.0, 210.0, (-307.75076, 24.0900756, -0.1918759221, 0.0007391293, -0.000001093)),
    "female": (40.0, 150.0, (-57.96288, 13.6175032, -0.1126655495, 0.0005158568, -0.0000010706)),
}


def epley(load_kg: float, n: float) -> float:
    """M5: estimated one-repetition maximum in kg, ``w (1 + n / 30)``, and ``w`` itself for n = 1.

    Epley 1985. Raises ValueError if ``load_kg`` is not positive or ``n`` is below 1.
    """
    _check(load_kg, n)
    return load_kg if n == 1 else load_kg * (1 + n / 30)


def brzycki(load_kg: float, n: float) -> float:
    """M5 after Brzycki 1993: ``36 w / (37 - n)`` in kg.

    Raises ValueError if ``load_kg`` is not positive or ``n`` lies outside 1 to 36.
    """
    _check(load_kg, n, BRZYCKI_N_MAX)
    return load_kg * 36 / (37 - n)


def rts_fraction(n: float) -> float:
    """Fraction of the maximum that allows ``n`` repetitions, straight between the printed steps of the RTS chart.

    Raises ValueError if ``n`` lies outside 1 to 16.
    """
    _check(1.0, n, RTS_N_MAX)
    below = max(step for step in _RTS_PERCENT if step <= n)
    above = min(step for step in _RTS_PERCENT if step >= n)
    low, high = _RTS_PERCENT[below], _RTS_PERCENT[above]
    share = 0.0 if above == below else (n - below) / (above - below)
    return (low + (high - low) * share) / 100


def rts_chart(load_kg: float, n: float) -> float:
    """M5 after the RTS chart (Tuchscherer): load over the chart's fraction, in kg.

    Raises ValueError if ``load_kg`` is not positive or ``n`` lies outside 1 to 16.
    """
    _check(load_kg, n, RTS_N_MAX)
    return load_kg / rts_fraction(n)


def opl_closed_form(load_kg: float, n: float) -> float:
    """M5 after the closed form OpenPowerlifting uses for the RTS chart, in kg.

    A parabola in ``x = n - 1`` up to 2.92, a straight line beyond. Raises ValueError as ``rts_chart`` does.
    """
    _check(load_kg, n, RTS_N_MAX)
    x = n - 1
    percent = 0.347619 * x * x - 4.60714 * x + 99.9667 if x <= _OPL_BEND else -2.64249 * x + 97.0955
    return load_kg * 100 / percent


def dots(total_kg: float, body_mass_kg: float, sex: Literal["male", "female"]) -> float:
    """M8: DOTS points of a total, ``500 total / p(m)`` with a polynomial of body mass in kg.

    Body mass is held to 40-210 kg (men) or 40-150 kg (women), the range the polynomials were fitted on.
    Raises ValueError for another ``sex`` and for a total or body mass that is not positive.
    """
    if sex not in _DOTS:
        raise ValueError(f"DOTS knows 'male' and 'female', not {sex!r}")
    if not total_kg > 0 or not body_mass_kg > 0:
        raise ValueError("DOTS needs a total and a body mass above 0 kg")
    lightest, heaviest, coefficients = _DOTS[sex]
    mass = min(max(body_mass_kg, lightest), heaviest)
    return 500 * total_kg / sum(c * mass**power for power, c in enumerate(coefficients))


def proximity(rir: float) -> float:
    """M9: how near to failure a set ended, ``exp(-1.15 rir)``; 1 at failure. After Refalo 2023a (domain policy)."""
    return math.exp(-1.15 * rir)


def fatigue_weight(rir: float) -> float:
    """M9: the share of a failure set's fatigue that a set costs, ``0.30 + 0.70 proximity``."""
    return 0.30 + 0.70 * proximity(rir)


def _check(load_kg: float, n: float, n_max: float = math.inf) -> None:
    if not load_kg > 0:
        raise ValueError(f"a one-repetition maximum needs a load above 0 kg, not {load_kg:g}")
    if not 1 <= n <= n_max:
        raise ValueError(f"the formula holds for 1 to {n_max:g} repetitions to failure, not {n:g}")
