"""Tables of readings: every row of a delimited file is an element of its own, told by the names of its columns.

A part is one row as a JSON object, so that the decoders of a vendor's answers and of its tables work alike.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.cells import fold, number
from pipeline.sources.csv_reader import open_sheet
from pipeline.sources.json_file import Element, is_json
from pipeline.sources.problems import shown
from pipeline.sources.readings import ReadingsDecoder
from schemas.times import Moment

_UTC_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?:([+-])([0-9]{1,2}):?([0-9]{2})|Z)?", re.IGNORECASE)


class RowsDecoder(ReadingsDecoder):
    """Base of the decoders of tables of readings; names of columns are folded, so their case does not count."""

    columns: tuple[str, ...]  # folded names that a header must have
    lists = ()

    def recognise(self, head: bytes) -> bool:
        if is_json(head):
            return False
        sheet = open_sheet(head)
        names = {fold(name) for name in sheet.header} if sheet is not None else set()
        return names.issuperset(self.columns)

    def elements_of(self, value: Any) -> list[Any]:
        return [value]

    def _read(self, text: bytes) -> list[Element]:
        """The rows of a table, or the one row a part is."""
        try:
            value = json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, str):
            return [Element(None, value)]
        if isinstance(value, dict):
            return [Element(value)]
        sheet = open_sheet(text)
        if sheet is None:
            return []
        names = [fold(name) for name in sheet.header]
        return [
            Element(dict(zip(names, row.cells, strict=True)))
            if row.problem is None
            else Element(None, row.raw.decode("utf-8", "backslashreplace"))
            for row in sheet.rows()
        ]


def is_header(row: dict[str, Any]) -> bool:
    """Whether a row is the header once more, as in files put together from several exports."""
    return all(isinstance(cell, str) and fold(cell) == name for name, cell in row.items())


def is_blank(row: dict[str, Any]) -> bool:
    """Whether no cell of a row says anything."""
    return not any(str(cell).strip() for cell in row.values())


def cell(row: dict[str, Any], name: str) -> str:
    """The text of a cell, blank if the table has no such column."""
    return str(row.get(name, "")).strip()


def cell_number(row: dict[str, Any], name: str) -> float | None:
    """The number of a cell, None for a blank one; raises RowError."""
    return number(cell(row, name), name)


def utc_offset_s(text: str, field: str) -> int | None:
    """Seconds east of UTC of ``+05:30``, ``UTC-05:00`` or ``Z``; None for a blank text. Raises RowError."""
    text = text.strip()
    match = _UTC_OFFSET.fullmatch(text)
    if match is None or (match[1] and (int(match[2]) > 14 or int(match[3]) > 59)):
        raise RowError(
            "invalid_type", field, f"`{field}` is {shown(text)}, and no offset such as UTC-05:00. Correct the cell."
        )
    if not text:
        return None
    if match[1] is None:
        return 0
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds


def at_offset(instant: Moment, offset_s: int) -> Moment:
    """An instant on the clock of a place ``offset_s`` seconds east of UTC."""
    return Moment(instant.instant_us + offset_s * 1_000_000, offset_s, False)
