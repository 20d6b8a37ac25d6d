"""RFC 3339 texts to microseconds, a column at a time, by arithmetic on their bytes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_US = 1_000_000
_WALL_LENGTH = 19  # 2026-11-20T18:05:00
_LENGTHS = range(_WALL_LENGTH, 36)  # up to nine digits of a second and an offset
_DAYS_BEFORE_MONTH = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int32)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
_ZERO = ord("0")


class Times(NamedTuple):
    """A column of times. ``known`` is false where the text has a rarer shape and must be read one by one.

    ``wall_us`` is the wall clock as written, ``offset_us`` its numeric offset (0 without one); ``zulu``
    marks ``Z`` (and ``-00:00``), ``bare`` a wall clock without a zone.
    """

    wall_us: Int64s
    offset_us: Int64s
    zulu: Bools
    bare: Bools
    known: Bools


def string_bytes(column: pa.StringArray) -> tuple[Bytes, Int32s]:
    """The characters of a column as one array, and where each value begins and the last one ends."""
    _, offsets, data = column.buffers()
    starts = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return (np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)), starts


def parse_times(column: pa.StringArray) -> Times:
    """Read a column of texts; nulls and whatever is not plain RFC 3339 come back with ``known`` false."""
    count = len(column)
    data, starts = string_bytes(column)
    lengths = np.diff(starts)
    if count and (lengths == lengths[0]).all():
        length = int(lengths[0])
        if length in _LENGTHS:
            return _parse_block(data[starts[0] : starts[-1]].reshape(count, length))
    zeros, no = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    times = Times(zeros, zeros.copy(), no, no.copy(), no.copy())
    for length in np.unique(lengths):
        if length in _LENGTHS:
            rows = np.flatnonzero(lengths == length)
            block = data[starts[rows][:, None] + np.arange(length, dtype=np.int32)]
            for whole, part in zip(times, _parse_block(block), strict=True):
                whole[rows] = part
    return times


def _parse_block(text: Bytes) -> Times:
    """Texts of one length, one per row."""
    count, length = text.shape
    columns = np.ascontiguousarray(text.T)
    zulu = columns[length - 1] == ord("Z")
    if length >= _WALL_LENGTH + 6:
        sign = columns[length - 6]
        numeric = (columns[length - 3] == ord(":")) & ((sign == ord("+")) | (sign == ord("-"))) & ~zulu
    else:
        numeric = np.zeros(count, np.bool_)
    wall_us, known = _wall(columns)
    offset_us = np.zeros(count, np.int64)
    if numeric.any():
        tail = columns[length - 6 :]
        hours, minutes = _number(tail[1:3]), _number(tail[4:6])
        offset_us = (hours * 3600 + minutes * 60).astype(np.int64) * _US
        fits = _digits(tail[1:3]) & _digits(tail[4:6]) & (hours < 24) & (minutes < 60)
        negative = tail[0] == ord("-")
        known &= fits | ~numeric
        offset_us = np.where(numeric, np.where(negative, -offset_us, offset_us), 0)
        zulu |= numeric & negative & (offset_us == 0)
    bare = ~zulu & ~numeric
    known &= _fraction(columns, np.where(numeric, length - 6, length - (columns[length - 1] == ord("Z"))), wall_us)
    return Times(wall_us, offset_us, zulu, bare, known)


def _wall(columns: Bytes) -> tuple[Int64s, Bools]:
    """Date and time of day of the first 19 characters, and whether they are one."""
    known: Bools = (columns[4] == ord("-")) & (columns[7] == ord("-")) & (columns[10] == ord("T"))
    known &= (columns[13] == ord(":")) & (columns[16] == ord(":"))
    for first, last in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)):
        known &= _digits(columns[first:last])
    year, month, day = _number(columns[0:4]), _number(columns[5:7]), _number(columns[8:10])
    hour, minute, second = _number(columns[11:13]), _number(columns[14:16]), _number(columns[17:19])
    known &= (year >= 1) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    month = np.where((month >= 1) & (month <= 12), month, 1)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    known &= (day >= 1) & (day <= _DAYS_IN_MONTH[month] + (leap & (month == 2)))
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719_162
    days += _DAYS_BEFORE_MONTH[month] + (leap & (month > 2)) + day - 1
    seconds = days.astype(np.int64) * 86_400 + (hour * 3600 + minute * 60 + second)
    return seconds * _US, known


def _fraction(columns: Bytes, ends: npt.NDArray[np.int64], wall_us: Int64s) -> Bools:
    """Add the fraction of a second between character 19 and ``ends`` to ``wall_us``; whether it is well formed."""
    known: Bools = ends == _WALL_LENGTH
    for end in np.unique(ends):
        digits = int(end) - _WALL_LENGTH - 1
        if not 1 <= digits <= 9:
            continue
        rows = np.flatnonzero(ends == end)
        part = columns[_WALL_LENGTH : int(end), rows]
        known[rows] = (part[0] == ord(".")) & _digits(part[1:])
        value = np.zeros(len(rows), np.int64)
        for digit in range(6):
            value = value * 10 + (part[digit + 1].astype(np.int64) - _ZERO if digit < digits else 0)
        wall_us[rows] += value
    return known


def _digits(columns: Bytes) -> Bools:
    sound = np.ones(columns.shape[1], np.bool_)
    for column in columns:
        sound &= (column - np.uint8(_ZERO)) < 10  # what lies before "0" wraps around to large numbers
    return sound


def _number(columns: Bytes) -> Int32s:
    value: Int32s = np.zeros(columns.shape[1], np.int32)
    for column in columns:
        value = value * 10 + (column.astype(np.int32) - _ZERO)
    return value
