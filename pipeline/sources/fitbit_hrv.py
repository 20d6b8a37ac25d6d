"""Fitbit's account export: the CSV files with the HRV of each night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from pipeline.errors import RefusedError
from pipeline.record import Header
from pipeline.sources.base import (
    FILE_BYTES_MAX,
    ImportContext,
    Part,
    RowError,
    RowIgnored,
    RowProblem,
    VendorDecoded,
    VendorEvent,
    check_size,
)
from pipeline.sources.cells import fold, number
from pipeline.sources.columns import ORIGIN_WATCH
from pipeline.sources.csv_reader import Row, Sheet, open_sheet
from pipeline.sources.fitbit import nightly_rmssd
from pipeline.sources.json_file import moment
from pipeline.sources.problems import Problem, excerpt
from pipeline.sources.readings import Left, Reading, wrong_with_reading

_COLUMNS = ("timestamp", "rmssd", "nremhr")


class FitbitHrv:
    """``fitbit.csv``: ``Daily Heart Rate Variability Summary`` of the export, one row a night."""

    name = "fitbit.csv"
    source = "fitbit"
    origin = ORIGIN_WATCH
    app = "Fitbit account"
    reads = "RMSSD of each night, from the files Daily Heart Rate Variability Summary"
    not_taken = (
        ("Heart Rate Variability Details", "five-minute values of a night; the night's RMSSD stands for them"),
        ("nremhr, entropy", "no model reads them"),
    )

    def recognise(self, head: bytes) -> bool:
        sheet = open_sheet(head)
        return sheet is not None and [fold(name) for name in sheet.header[:3]] == list(_COLUMNS)

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        data = stream.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise RefusedError("the file is too large", f"it has more than {FILE_BYTES_MAX >> 20} MiB", "split it")
        sheet = _sheet(data)
        rows = list(sheet.rows())
        check_size(len(rows), len(rows))
        for row in rows:
            yield Part(sheet.payload([row]), [row.number], "")

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        rows = list(_sheet(payload).rows())
        if len(rows) != len(items):
            raise ValueError(f"it has {len(rows)} rows and stands for {len(items)}")
        found = VendorDecoded()
        for row, item in zip(rows, items, strict=True):
            try:
                reading = _night(row)
            except RowError as error:
                reading = error
            if isinstance(reading, Left):
                found.ignored.append(RowIgnored(item, reading.reason))
                continue
            problem = (
                Problem(reading.reason, reading.field, reading.message)
                if isinstance(reading, RowError)
                else wrong_with_reading(reading, header)
            )
            if problem is not None:
                found.rejected.append(RowProblem(item, *problem, excerpt(row.raw)))
            elif isinstance(reading, dict):
                found.events.append(VendorEvent(item, reading))
        return found


def _sheet(data: bytes) -> Sheet:
    sheet = open_sheet(data)
    if sheet is None:
        raise RefusedError("the file has no header line", "its columns are not known", "export it again")
    return sheet


def _night(row: Row) -> Reading:
    if row.problem is not None:
        raise RowError("invalid_type", None, row.problem)
    rmssd = number(row.cells[1], "rmssd")
    if not rmssd:
        return Left("no_reading")
    return nightly_rmssd(str(moment(row.cells[0], "timestamp"))[:10], rmssd)
