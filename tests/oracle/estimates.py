"""Rungs 3 and 4 of M3: what the effort of a set was probably like, for weighting only."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from tests.oracle.rows import Row
from tests.oracle.sessions import Session

REFERENCE_DAYS = 42
REFERENCE_SESSIONS_MAX = 100
REFERENCE_SESSIONS_MIN = 3
N_MAX_MOST = 15
VELOCITY_DAYS = 90
PAIRS_MIN, CALIBRATION_SETS_MIN, R2_MIN = 8, 2, 0.80
LOWEST, HIGHEST = 0.5, 10.0


def median(values: list[Fraction]) -> Fraction:
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def session_best(rows: list[Row]) -> tuple[Fraction, bool] | None:
    """(e1RM in kg, whether it may enter trends): the best counted set, those with n <= 12 first."""
    found = [(row.e1rm_ok, row.e1rm_kg) for row in rows if row.counted and row.e1rm_kg is not None]
    if not found:
        return None
    ok, value = max(found)
    return value, ok


def by_exercise(session: Session) -> dict[str, list[Row]]:
    """The rows of a session per exercise."""
    found: dict[str, list[Row]] = {}
    for row in session.rows:
        found.setdefault(row.exercise.key, []).append(row)
    return found


def estimate(sessions: list[Session]) -> None:
    """Fill in the estimates of one athlete's rows of unknown effort."""
    counting = [s for s in sessions if not s.superseded_by and s.local_day]
    bests: dict[str, list[tuple[Session, Fraction]]] = {}
    calibration: dict[str, list[tuple[Session, list[tuple[float, float]]]]] = {}
    for session in counting:
        for key, rows in by_exercise(session).items():
            best = session_best(rows)
            if best and best[1]:
                bests.setdefault(key, []).append((session, best[0]))
            for row in rows:
                if row.q_half and row.known and row.velocities:
                    last = len(row.velocities)
                    pairs = [(v, float(row.effort.effective) + last - n) for n, v in enumerate(row.velocities, 1)]
                    calibration.setdefault(key, []).append((session, pairs))
    for session in counting:
        for row in session.rows:
            if row.q_half and not row.known:
                _velocity(row, session, calibration.get(row.exercise.key, []))
                if row.estimate is None:
                    _load_reps(row, session, bests.get(row.exercise.key, []))


def clip(value: float) -> float:
    """An estimate can never be a failure."""
    return min(max(value, LOWEST), HIGHEST)


def fit(pairs: list[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Least squares RIR = a + b v: (a, b, r squared); null where it cannot be fitted."""
    x, y = [Fraction(str(v)) for v, _ in pairs], [Fraction(str(r)) for _, r in pairs]
    n = len(pairs)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    sxx = sum((v - mean_x) ** 2 for v in x)
    syy = sum((v - mean_y) ** 2 for v in y)
    sxy = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    if sxx == 0 or syy == 0:
        return None
    slope = sxy / sxx
    return float(mean_y - slope * mean_x), float(slope), float(sxy**2 / (sxx * syy))


def _velocity(row: Row, session: Session, calibration: list[tuple[Session, list[tuple[float, float]]]]) -> None:
    if not row.velocities:
        return
    day = session.local_day
    near = [
        pairs
        for other, pairs in calibration
        if other.source == session.source and timedelta(0) <= day - other.local_day <= timedelta(VELOCITY_DAYS)
    ]
    pairs = [pair for chunk in near for pair in chunk]
    if len(near) < CALIBRATION_SETS_MIN or len(pairs) < PAIRS_MIN:
        return
    line = fit(pairs)
    if line is None or line[2] < R2_MIN:
        return
    row.estimate = clip(line[0] + line[1] * row.velocities[-1])
    row.estimate_source = "velocity"


def _load_reps(row: Row, session: Session, bests: list[tuple[Session, Fraction]]) -> None:
    if row.load_mg is None or row.load_mg <= 0 or not row.reps:
        return
    day = session.local_day
    before = sorted(
        ((other.first[0], other.local_day, best) for other, best in bests if other.first[0] < session.first[0]),
        key=lambda one: one[0],
    )[-REFERENCE_SESSIONS_MAX:]
    near = [best for _, local_day, best in before if day - local_day <= timedelta(REFERENCE_DAYS)]
    if len(near) < REFERENCE_SESSIONS_MIN:
        return
    n_max = 30 * (median(near) / (row.load_mg / 10**6) - 1)
    if n_max > N_MAX_MOST:
        return
    left = n_max - row.reps
    row.estimate = clip(float(left))
    row.estimate_source = "load_reps"
    row.exceeds_reference = left < 0
