"""What decoders of delimited files share: cut by workout, read row by row, put together again."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from pipeline.errors import RefusedError, UnitNeededError, ZoneNeededError
from pipeline.record import Header
from pipeline.sources.base import (
    FILE_BYTES_MAX,
    FILE_ROWS_MAX,
    PART_BYTES_MAX,
    ImportContext,
    Part,
    RowError,
    RowIgnored,
    RowProblem,
    VendorDecoded,
    check_size,
)
from pipeline.sources.cells import number
from pipeline.sources.columns import ORIGIN_FILE
from pipeline.sources.csv_reader import LATIN1_NOTE, Row, Sheet, open_sheet
from pipeline.sources.problems import excerpt
from pipeline.sources.workout import Reading, Workout, assemble

CUT_ROW_BYTES = 200  # what is kept of a row that does not fit into its part

_Workouts = dict[Hashable, tuple[Workout, list[Reading]] | RowError]


class Layout:
    """Where a header line puts what.

    ``unit`` is that of every weight and ``metres`` the length of every distance unit, where the header states them;
    ``unknown`` are columns that are not read.
    """

    def __init__(
        self,
        columns: dict[str, int],
        *,
        family: str = "",
        unit: str | None = None,
        metres: float | None = None,
        unknown: Sequence[str] = (),
    ) -> None:
        self.columns = columns
        self.family = family
        self.unit = unit
        self.metres = metres
        self.unknown = tuple(unknown)

    def get(self, cells: Sequence[str], name: str) -> str:
        """The cell of a column, blank if the file has none."""
        index = self.columns.get(name)
        return "" if index is None else cells[index]

    def has(self, name: str) -> bool:
        """Whether the file has this column."""
        return name in self.columns


class SheetDecoder:
    """Base of the decoders of delimited files. Subclasses say what a header and a row mean."""

    name: str
    source: str
    origin: int = ORIGIN_FILE
    app: str  # as people know it
    reads: str  # what is taken, in words
    not_taken: tuple[tuple[str, str], ...]
    wall_clock: bool = True  # times have no zone

    def layout(self, header: Sequence[str]) -> Layout | None:
        """What the columns mean, None if this is another vendor's header."""
        raise AssertionError("a decoder says what its header means")

    def group_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        """Rows with one key go into one part: those of a workout, and of workouts with the same document."""
        return self.workout_key(cells, layout)

    def workout_key(self, cells: Sequence[str], layout: Layout) -> Hashable:
        """What tells two workouts apart."""
        raise AssertionError("a decoder says what makes a workout")

    def title(self, cells: Sequence[str], layout: Layout) -> str:
        """The title of a row's workout, for progress and previews."""
        return layout.get(cells, "title")

    def weight_text(self, cells: Sequence[str], layout: Layout) -> str:
        """The cell that holds a row's weight."""
        return layout.get(cells, "weight")

    def weight_unit(self, cells: Sequence[str], layout: Layout) -> str | None:
        """The unit the file states for this row's weight."""
        return layout.unit

    def read_workout(self, cells: Sequence[str], layout: Layout, header: Header) -> Workout:
        """What a row says about its workout; raises RowError."""
        raise AssertionError("a decoder reads workouts")

    def read_row(self, row: Row, item: int, layout: Layout, header: Header) -> Reading:
        """What a row says about its set; raises RowError."""
        raise AssertionError("a decoder reads rows")

    def recognise(self, head: bytes) -> bool:
        """Whether the first line is a header of this vendor."""
        sheet = open_sheet(head)
        return sheet is not None and self.layout(sheet.header) is not None

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """Cut a file into workouts; raises RefusedError, UnitNeededError or ZoneNeededError."""
        sheet, layout = self._open(stream.read(FILE_BYTES_MAX + 1))
        rows = list(islice(sheet.rows(), FILE_ROWS_MAX + 1))
        check_size(len(rows), 0)
        if not rows:
            raise RefusedError(
                f"this {self.app} export holds no sets",
                "it has a header line and no rows",
                "log a workout, or check that the export was complete",
            )
        self._check_context(rows, layout, context)
        if sheet.latin1:
            context.warn(LATIN1_NOTE)
        if layout.unknown:
            names = ", ".join(f"`{name}`" for name in layout.unknown)
            context.warn(f"Columns that are not known here were left out: {names}.")
        groups: dict[Hashable, list[Row]] = {}
        key: Hashable = None
        sections, apart = self._sections(rows, sheet, layout)
        if apart:
            context.warn(
                f"The rows of {apart} workout{'s' if apart > 1 else ''} stand apart in the file and were put together."
                " If exports were joined into one file, import them one by one instead."
            )
        for row, section in zip(rows, sections, strict=True):
            if row.problem is None:
                key = section, self.group_key(row.cells, layout)
            groups.setdefault(key, []).append(row)
        check_size(len(rows), len(groups))
        for group in groups.values():
            yield from self._fit(sheet, layout, group)

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        """The events of a part, or of a whole file; raises ValueError if ``items`` are not its rows."""
        sheet = open_sheet(payload)
        layout = self.layout(sheet.header) if sheet is not None else None
        if sheet is None or layout is None:
            raise ValueError(f"it does not begin with a header of {self.app}")
        found = VendorDecoded()
        rows = list(sheet.rows())
        if len(rows) != len(items):
            raise ValueError(f"it has {len(rows)} rows and stands for {len(items)}")
        sections, _ = self._sections(rows, sheet, layout)
        workouts: list[_Workouts] = [{} for _ in range(max(sections, default=0) + 1)]
        for row, item, section in zip(rows, items, sections, strict=True):
            if _repeats(row, sheet):
                found.ignored.append(RowIgnored(item, "header_row"))
                continue
            try:
                self._take(row, item, layout, header, workouts[section], found)
            except RowError as error:
                found.rejected.append(RowProblem(item, error.reason, error.field, error.message, excerpt(row.raw)))
        for one_export in workouts:
            assemble([one for one in one_export.values() if not isinstance(one, RowError)], header, found)
        return found

    def _sections(self, rows: list[Row], sheet: Sheet, layout: Layout) -> tuple[list[int], int]:
        """Which of several exports joined into one file a row is from, and how many workouts stand apart.

        A new export begins with the header once more, or where a workout comes again with the same first row,
        unless the file was sorted anew, so that workouts stand apart anyway. What a later export holds replaces
        what came before.
        """
        sections: list[int] = []
        first: dict[Hashable, bytes] = {}
        apart: set[Hashable] = set()
        section, last = 0, None
        for row in rows:
            if _repeats(row, sheet):
                section, first, last = section + 1, {}, None
            elif row.problem is None and any(cell.strip() for cell in row.cells):
                key = self.workout_key(row.cells, layout)
                if key != last and key in first:
                    if first[key] == row.raw and not apart:
                        section, first = section + 1, {}
                    else:
                        apart.add(key)
                first.setdefault(key, row.raw)
                last = key
            sections.append(section)
        return sections, len(apart)

    def _take(
        self,
        row: Row,
        item: int,
        layout: Layout,
        header: Header,
        workouts: _Workouts,
        found: VendorDecoded,
    ) -> None:
        if row.problem is not None:
            raise RowError("invalid_type", None, row.problem)
        if not any(cell.strip() for cell in row.cells):
            found.ignored.append(RowIgnored(item, "empty_row"))
            return
        key = self.workout_key(row.cells, layout)
        workout = workouts.get(key)
        if workout is None:
            try:
                workout = (self.read_workout(row.cells, layout, header), [])
            except RowError as error:
                workout = error
            workouts[key] = workout
        if isinstance(workout, RowError):
            raise workout
        workout[1].append(self.read_row(row, item, layout, header))

    def _open(self, data: bytes) -> tuple[Sheet, Layout]:
        if len(data) > FILE_BYTES_MAX:
            raise RefusedError(
                "the file is too large",
                f"it has more than {FILE_BYTES_MAX >> 20} MiB",
                "split it by years and import the pieces",
            )
        sheet = open_sheet(data)
        layout = self.layout(sheet.header) if sheet is not None else None
        if sheet is None or layout is None:
            raise RefusedError(
                f"this is no {self.app} export",
                f"its first line is no header of {self.app}",
                "leave out `--source`, so that the format is recognised",
            )
        return sheet, layout

    def _check_context(self, rows: list[Row], layout: Layout, context: ImportContext) -> None:
        if self.wall_clock and context.tz is None:
            raise ZoneNeededError(
                f"this {self.app} export needs a time zone",
                "its times are those of the phone's clock and do not say where the phone was",
                "give the zone, for example `--tz Europe/Berlin`",
            )
        weights = stated = 0
        for row in rows:
            if row.problem is None and self._has_weight(row.cells, layout):
                weights += 1
                stated += self.weight_unit(row.cells, layout) is not None
        if weights and not stated and context.unit is None:
            raise UnitNeededError(
                f"this {self.app} export needs a unit",
                "it has weights and does not say whether they are kilograms or pounds",
                "look into the app's settings, then give `--unit kg` or `--unit lb`",
            )
        if stated and context.unit is not None:
            context.warn("The file states its own unit of weight; `--unit` was not needed and was not used for it.")

    def _has_weight(self, cells: Sequence[str], layout: Layout) -> bool:
        try:
            return bool(number(self.weight_text(cells, layout), "weight"))
        except RowError:
            return False

    def _fit(self, sheet: Sheet, layout: Layout, rows: list[Row]) -> Iterator[Part]:
        """One part, or, of a workout beyond all measure, what fits, and the rest as rows that will be rejected."""
        title = next((self.title(row.cells, layout) for row in rows if row.problem is None), "")
        payload = sheet.payload(rows)
        if len(payload) <= PART_BYTES_MAX:
            yield Part(payload, [row.number for row in rows], title)
            return
        budget = PART_BYTES_MAX - len(sheet.header_raw) - 1024
        kept: list[Row] = []
        size = 0
        cut = False
        for row in rows:
            one = Row(row.number, row.raw[:CUT_ROW_BYTES], (), "cut") if cut else row
            length = 2 * len(one.raw) + 3 if one.problem is not None or one.mended else len(one.raw) + 1
            if size + length > budget and kept:
                yield Part(sheet.payload(kept), [one.number for one in kept], title)
                kept, size, cut = [], 0, True
                one = Row(row.number, row.raw[:CUT_ROW_BYTES], (), "cut")
                length = 2 * len(one.raw) + 3
            kept.append(one)
            size += length
        yield Part(sheet.payload(kept), [row.number for row in kept], title)


def _repeats(row: Row, sheet: Sheet) -> bool:
    """Whether a row is the header once more: exports joined into one file, of which the later ones count."""
    return row.problem is None and tuple(cell.strip() for cell in row.cells) == sheet.header
