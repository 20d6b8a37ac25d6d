"""Checks on whole columns of parsed lines: which rows are certainly within the limits of the schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.fast_times import string_bytes
from schemas.common import INVISIBLE, NAME_LENGTH_MAX

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_SPACES = [(0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x202F), (0x205F, 0x205F)]
_SPACES += [(0x3000, 0x3000)]
_LEAD_OF_THREE = 0xE0  # first byte of characters of three bytes or more
_CONTROL = "[\\x00-\\x1f\\x7f]"


def _starts_of(ranges: Iterable[tuple[int, int]]) -> list[int]:
    """The first three bytes (two, where a character has no more) of these characters, each as a number."""
    codes = (code for first, last in ranges for code in range(first, last + 1))
    return sorted({int.from_bytes(chr(code).encode()[:3].ljust(3, b"\0"), "big") for code in codes})


# how a name may begin, but not be: white space and invisible characters beyond ASCII
_UNSEEN_STARTS = np.array(_starts_of((*_SPACES, *INVISIBLE)), np.int64)
_UNSEEN_LEADS = np.zeros(256, np.bool_)
_UNSEEN_LEADS[_UNSEEN_STARTS >> 16] = True


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
                odd = np.flatnonzero(_UNSEEN_LEADS[first])
                if len(odd):
                    sound[odd] &= ~_starts_unseen(data, at[odd])
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


def _starts_unseen(data: npt.NDArray[np.uint8], at: npt.NDArray[Any]) -> Bools:
    """Whether the characters at these places are white space or invisible."""
    one, two, three = (data[np.minimum(at + step, len(data) - 1)].astype(np.int64) for step in range(3))
    three[one < _LEAD_OF_THREE] = 0
    unseen: Bools = np.isin(one << 16 | two << 8 | three, _UNSEEN_STARTS)
    return unseen


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
