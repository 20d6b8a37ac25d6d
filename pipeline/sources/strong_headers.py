"""Strong's header lines: the families of ten years, and the languages seen, to one set of column names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.cells import METRES, fold, unit_of
from pipeline.sources.sheet import Layout

_NAMES = {
    "number": "workout #",
    "date": "date|datum|日期",
    "title": "workout name|workout-name|nom de l'entraînement|锻炼名称",
    "duration": "duration|workout duration|duration (sec)|dauer|durée|时长",
    "exercise": "exercise name|name der übung|nom de l'exercice|运动名称",
    "order": "set order|reihenfolge festlegen|ordre de la série|设置顺序",
    "weight": "weight|gewicht|poids|重量",
    "weight_unit": "weight unit|gewichtseinheit|unité de poids",
    "reps": "reps|wiederh.|wiederh|réps|次",
    "rpe": "rpe|belastungsempfinden|epe",
    "distance": "distance|entfernung|distanz|距离",
    "distance_unit": "distance unit|entfernungseinheit|unité de distance",
    "seconds": "seconds|sekunden|secondes|秒",
    "notes": "notes|notizen|备注",
    "workout_notes": "workout notes|workout-notizen|notes de l'entraînement|notes d'entraînement|锻炼备注",
}
_COLUMN = {fold(spelling): name for name, spellings in _NAMES.items() for spelling in spellings.split("|")}
_REQUIRED = ("date", "title", "exercise", "order", "weight", "reps")
_WITH_UNIT = re.compile(r"(weight|distance|gewicht|poids) \(([a-z]+)\)")
_BARE_UNIT = {"kg": "weight", "lb": "weight", "lbs": "weight", "km": "distance", "mi": "distance"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_DATA_CELLS_MIN = 9


def layout_of(header: Sequence[str]) -> Layout | None:
    """What the columns mean; None if what every Strong export has is missing."""
    columns: dict[str, int] = {}
    unknown: list[str] = []
    unit: str | None = None
    metres: float | None = None
    for index, cell in enumerate(header):
        folded = fold(cell)
        name = _COLUMN.get(folded)
        stated = _WITH_UNIT.fullmatch(folded)
        if stated is not None:
            name = "distance" if stated[1] == "distance" else "weight"
            if name == "weight":
                unit = unit_of(stated[2])
            else:
                metres = METRES.get(stated[2])
        elif folded in _BARE_UNIT:
            name = _BARE_UNIT[folded]
            if name == "weight":
                unit = unit_of(folded)
            else:
                metres = METRES[folded]
        if name is None or name in columns:
            if folded:
                unknown.append(cell)
            continue
        columns[name] = index
    if not all(name in columns for name in _REQUIRED):
        return None
    return Layout(columns, unit=unit, metres=metres, unknown=unknown)


def is_data_row(cells: Sequence[str]) -> bool:
    """Whether a first line is a row of Strong's Android export, whose header line some versions left out."""
    if len(cells) < _DATA_CELLS_MIN:
        return False
    return any(_DATE.fullmatch(cell.strip()) for cell in cells[:2])
