"""Checks on whole columns of parsed lines: which rows are certainly within the limits of the schema."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.fast_times import string_bytes
from schemas.common import NAME_LENGTH_MAX

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# first two bytes of the characters beyond ASCII that are white space: a name may begin with, but not be, such
_SPACE_STARTS = [(0xC2, 0x85), (0xC2, 0xA0), (0xE1, 0x9A), (0xE2, 0x80), (0xE2, 0x81), (0xE3, 0x80)]
_CONTROL = "[\\x00-\\x1f\\x7f]"


class Checks:
    """The columns of a parsed chunk; ``doubt`` marks the rows that must be read one by one."""

    def __init__(self, table: pa.Table, *, controls: bool, ascii_only: bool) -> None:
        self.count: int = table.num_rows
        self.doubt: Bools = np.zeros(self.count, np.bool_)
        self._columns = {name: column.chunk(0) for name, column in zip(table.column_names, table.columns, strict=True)}
        self._controls, self._ascii_only = controls, ascii_only

    def column(self, name: str) -> pa.Array | None:
        """A column; null if no row has a value in it."""
        column = self._columns.get(name)
        return None if column is None or column.null_count == self.count else column

    def member(self, name: str, *steps: str) -> pa.Array:
        """A field of an object column; null where the object is."""
        column = self._columns[name]
        for step in steps:
            place = column.type.get_field_index(step)
            column = column.flatten()[place]
        return column

    def text(self, name: str, length_max: int) -> pa.Array | None:
        """A column of free text; in doubt: long ones, ones with NUL."""
        column = self.column(name)
        if column is None:
            return None
        self.doubt |= np.diff(string_bytes(column)[1]) > length_max
        if self._controls:
            self.doubt |= _bools(pc.fill_null(pc.match_substring(column, "\x00"), False))
        return column

    def name(self, name: str, *, required: bool = False, length_max: int = NAME_LENGTH_MAX) -> pa.Array | None:
        """A column of names; in doubt: missing ones, long ones, blank ones, ones with control characters."""
        column = self.column(name)
        if column is None:
            if required:
                self.doubt[:] = True
            return None
        data, starts = string_bytes(column)
        lengths = np.diff(starts)
        sound = (lengths > 0) & (lengths <= length_max)
        if len(data):
            at = np.minimum(starts[:-1], len(data) - 1)
            first = data[at]
            sound &= first > 0x20
            if not self._ascii_only:
                second = data[np.minimum(at + 1, len(data) - 1)]
                for one, two in _SPACE_STARTS:
                    sound &= (first != one) | (second != two)
        if self._controls:
            sound &= ~_bools(pc.fill_null(pc.match_substring_regex(column, _CONTROL), False))
        if column.null_count and not required:
            sound |= ~valid(column)
        self.doubt |= ~sound
        return column

    def choice(self, name: str, allowed: pa.Array, *, required: bool = False) -> pa.Array | None:
        """A column of words from a list."""
        column = self.column(name)
        if column is None:
            if required:
                self.doubt[:] = True
            return None
        known = _bools(pc.is_in(column, value_set=allowed))
        if column.null_count and not required:
            known |= ~valid(column)
        self.doubt |= ~known
        return column

    def whole(self, name: str, most: int, *, required: bool = False) -> pa.Array | None:
        """A column of whole numbers from 0 to ``most``."""
        column = self.column(name)
        if column is None:
            if required:
                self.doubt[:] = True
            return None
        values = pc.fill_null(column, 0).to_numpy() if column.null_count else column.to_numpy()
        self.doubt |= (values < 0) | (values > most)
        if required and column.null_count:
            self.doubt |= ~valid(column)
        return pc.cast(column, pa.int32(), safe=False)

    def number(self, name: str, most: float) -> pa.Array | None:
        """A column of finite numbers from 0 to ``most``."""
        column = self.column(name)
        if column is None:
            return None
        values = floats(column)
        self.doubt |= ~((values >= 0) & (values <= most)) & valid(column)
        return column

    def rare(self, *names: str) -> None:
        """Rows that have any of these fields are read one by one."""
        for name in names:
            column = self.column(name)
            if column is not None:
                self.doubt |= valid(column)


def floats(column: pa.Array) -> Floats:
    """The numbers of a column, 0 where there is none."""
    filled = pc.fill_null(column, 0.0) if column.null_count else column
    result: Floats = filled.to_numpy(zero_copy_only=False)
    return result


def valid(column: pa.Array) -> Bools:
    """Where a column has a value."""
    if not column.null_count:
        return np.ones(len(column), np.bool_)
    return _bools(column.is_valid())


def _bools(column: pa.Array) -> Bools:
    result: Bools = column.to_numpy(zero_copy_only=False)
    return np.array(result) if not result.flags.writeable else result
