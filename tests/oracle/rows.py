"""Logged sets as rows: one per set of a living document, with the effort and load it states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.oracle.documents import Document
from tests.oracle.effort import Effort, epley_kg, milligrams, phi_e8, read_effort
from tests.oracle.exercises import Exercise, Find
from tests.oracle.times import Time, Zones, read_time


@dataclass
class Row:
    """One logged set. Everything below ``velocities`` is filled in by the session it falls into."""

    document: Document
    document_id: str
    ordinal: int
    time: Time | None
    local: datetime | None
    exercise: Exercise
    block: int | None
    index: int
    set_type: str
    weight_mg: int | None
    load_kind: str
    side: str | None
    reps: int | None
    effort: Effort
    velocities: tuple[float, ...]
    session_id: str = ""
    local_day: date | None = None
    set_order: int = 0
    superseded_by: str | None = None
    load_mg: Fraction | None = None
    counted: bool = False
    estimate: float | None = None
    estimate_source: str | None = None
    exceeds_reference: bool = False

    @property
    def is_working(self) -> bool:
        return self.set_type != "warmup" and self.exercise.is_work

    @property
    def q_half(self) -> int:
        """Twice the weight of the row in sums: 2 for a counted set, 1 for a drop row."""
        if self.superseded_by or not self.is_working:
            return 0
        return 2 if self.counted else 1 if self.set_type == "drop" else 0

    @property
    def known(self) -> bool:
        return self.effort.effective is not None

    @property
    def is_failure(self) -> bool:
        return self.set_type != "warmup" and self.effort.failure

    @property
    def is_failure_explicit(self) -> bool:
        return self.set_type != "warmup" and self.effort.explicit

    @property
    def hard_known(self) -> bool:
        return self.counted and self.reps is not None and self.known and self.effort.effective <= 3

    @property
    def hard_assumed(self) -> bool:
        return self.hard_known or (self.counted and self.reps is not None and not self.known)

    @property
    def kq(self) -> int:
        return self.exercise.k_milli * self.q_half

    @property
    def phi(self) -> int:
        return phi_e8(self.effort.effective) if self.known else 0

    @property
    def volume_load_mg(self) -> int | None:
        """M6 of the row: weight as logged times repetitions; null for what is left out."""
        if not self.is_working or self.load_kind == "assisted" or self.weight_mg is None or self.reps is None:
            return None
        return self.weight_mg * self.reps

    @property
    def n(self) -> Fraction | None:
        """Repetitions to failure: completed plus in reserve."""
        if self.effort.effective is None or not self.reps:
            return None
        return self.reps + self.effort.effective

    @property
    def e1rm_kg(self) -> Fraction | None:
        n = self.n
        if n is None or self.load_mg is None or self.load_mg <= 0 or not self.is_working:
            return None
        return epley_kg(1, n) * self.load_mg

    @property
    def e1rm_ok(self) -> bool:
        return self.n is not None and self.n <= 12


def rows_of(document: Document, find: Find, zones: Zones) -> list[Row]:
    """The rows of a living ``set`` or ``session`` document."""
    event = document.event
    assert event is not None
    if event["kind"] == "set":
        return [_row(document, event, 0, event["set_index"], find, zones)]
    return [
        _row(document, entry, n, entry.get("set_index", n), find, zones)
        for n, entry in enumerate(event.get("sets") or [], 1)
        if entry is not None
    ]


def _row(document: Document, entry: dict[str, Any], ordinal: int, index: int, find: Find, zones: Zones) -> Row:
    assert document.event is not None
    time = None
    if entry.get("performed_at"):
        time = read_time(entry["performed_at"], document.event.get("timezone"), document.item.tz)
    exercise = find(entry["exercise"])
    return Row(
        document=document,
        document_id=document.document if ordinal == 0 else f"{document.document}#{ordinal}",
        ordinal=ordinal,
        time=time,
        local=zones.local(time) if time else None,
        exercise=exercise,
        block=entry.get("exercise_block"),
        index=index,
        set_type=entry["set_type"],
        weight_mg=milligrams(entry.get("weight")),
        load_kind=entry.get("load_kind") or exercise.load_kind,
        side=entry.get("side"),
        reps=entry.get("reps"),
        effort=read_effort(entry.get("effort"), entry.get("outcome")),
        velocities=tuple(entry.get("rep_velocities_m_s") or ()),
    )


def set_load(row: Row, body_mass_mg: int | None) -> None:
    """The effective load: body mass times its share, plus what was added or minus the help."""
    weight = row.weight_mg
    if row.load_kind == "external":
        row.load_mg = None if weight is None else Fraction(weight)
        return
    share = row.exercise.bodyweight_milli
    if body_mass_mg is None or share is None:
        row.load_mg = None
        return
    moved = Fraction(body_mass_mg * share // 1000)  # whole milligrams
    if row.load_kind == "assisted":
        row.load_mg = None if weight is None else moved - weight
    else:
        row.load_mg = moved + (weight or 0)


def choose_counted(rows: list[Row]) -> None:
    """Mark the working sets of a session: left and right rows of one (block, index) are one set."""
    sides: dict[tuple[str, int | None, int], list[Row]] = {}
    for row in rows:
        if row.superseded_by or not row.is_working or row.set_type == "drop":
            continue
        if row.side in ("left", "right"):
            sides.setdefault((row.exercise.key, row.block, row.index), []).append(row)
        else:
            row.counted = True
    for group in sides.values():
        effort = [(row.effort.effective is None, row.effort.effective or 0, not row.effort.explicit) for row in group]
        group[min(range(len(group)), key=lambda n: (effort[n], group[n].side or ""))].counted = True
