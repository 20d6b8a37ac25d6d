"""The headers of many records as columns.

Where every record is an upload of its own no two headers are the same, and yet nearly all differ in two fields only:
the id of the upload and the instant of its receipt. The rest is read once, and these two as columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.record import Header, instant_us, parse_header

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_ALIKE_MIN = 8  # below this, column work costs more than it saves
_KINDS_MAX = 8  # of one length that are looked for: gyms and sources of one partition are few
_INSTANT_LENGTHS = (len("2026-11-28T10:00:00Z"), len("2026-11-28T10:00:00.000000Z"))  # as the gateway writes them
_TEXTS = ("tenant", "source", "decoder", "upload_id", "received_at")
_TEXTS_OR_NONE = ("tz", "unit", "import_id", "file")


def _table_of(characters: bytes) -> Bools:
    found = np.zeros(256, np.bool_)
    found[list(characters)] = True
    return found


_OF_INSTANTS = _table_of(b"0123456789-T:.Z")
_PLAIN = _table_of(bytes(set(range(0x20, 0x7F)) - set(b'"\\')))  # what stands in JSON as itself


class Headers:
    """The header of record ``i`` is ``shared[shared_no[i]]`` with ``upload_ids[i]`` and ``received_us[i]``.

    ``problems``: by record, why its header cannot be used; its columns hold nothing of worth then. Instants are
    microseconds since 1970 in UTC.
    """

    __slots__ = ("problems", "received_us", "shared", "shared_no", "upload_ids")

    def __init__(
        self,
        shared: list[Header],
        shared_no: Int32s,
        upload_ids: pa.StringArray,
        received_us: Int64s,
        problems: dict[int, str],
    ) -> None:
        self.shared, self.shared_no, self.upload_ids = shared, shared_no, upload_ids
        self.received_us, self.problems = received_us, problems

    @classmethod
    def of(cls, raws: Sequence[bytes]) -> Headers:
        """Read some headers as ``Header.to_bytes`` writes them."""
        different = list(dict.fromkeys(raws))
        read = _Reading(len(different)).read(different).finish()
        if len(different) == len(raws):
            return read
        place = {raw: number for number, raw in enumerate(different)}
        return read._take(np.array([place[raw] for raw in raws], np.int64))

    @classmethod
    def of_one(cls, header: Header) -> Headers:
        """Of a single upload."""
        read = _Reading(1)
        read.add(0, header)
        return read.finish()

    @classmethod
    def join(cls, parts: Sequence[Headers]) -> Headers:
        """Those of several batches, one behind the other."""
        if len(parts) == 1:
            return parts[0]
        places: dict[Header, int] = {}
        numbers, problems, at = [], dict[int, str](), 0
        for part in parts:
            moved = np.array([places.setdefault(one, len(places)) for one in part.shared], np.int32)
            numbers.append(moved[part.shared_no] if len(part) else part.shared_no)
            problems |= {at + number: text for number, text in part.problems.items()}
            at += len(part)
        return cls(
            list(places),
            np.concatenate(numbers),
            pa.concat_arrays([part.upload_ids for part in parts]),
            np.concatenate([part.received_us for part in parts]),
            problems,
        )

    def __len__(self) -> int:
        return len(self.shared_no)

    def cut(self, first: int, last: int) -> Headers:
        """Those of the records from ``first`` up to, not including, ``last``."""
        return Headers(
            self.shared,
            self.shared_no[first:last],
            self.upload_ids.slice(first, last - first),
            self.received_us[first:last],
            {number - first: text for number, text in self.problems.items() if first <= number < last},
        )

    def column(self, field: str) -> pa.Array:
        """A field that is a text or missing, of every record."""
        if field == "upload_id":
            return self.upload_ids
        return pa.array([getattr(one, field) for one in self.shared], pa.string()).take(pa.array(self.shared_no))

    def where(self, decoder: str) -> Int64s:
        """The records of a decoder."""
        numbers = [number for number, one in enumerate(self.shared) if one.decoder == decoder]
        return np.flatnonzero(np.isin(self.shared_no, numbers)) if numbers else np.zeros(0, np.int64)

    def _take(self, rows: Int64s) -> Headers:
        problems = {}
        if self.problems:
            problems = {at: self.problems[row] for at, row in enumerate(rows.tolist()) if row in self.problems}
        return Headers(
            self.shared, self.shared_no[rows], self.upload_ids.take(pa.array(rows)), self.received_us[rows], problems
        )


class _Reading:
    """Headers that are all different, being read: those that are alike together, the others one by one."""

    def __init__(self, count: int) -> None:
        self._shared: dict[Header, int] = {}
        self._problems: dict[int, str] = {}
        self._numbers = np.zeros(count, np.int32)
        self._received_us = np.zeros(count, np.int64)
        self._ids: list[tuple[Int64s, pa.StringArray]] = []  # with the places they belong to
        self._single: list[tuple[int, str]] = []

    def read(self, raws: list[bytes]) -> _Reading:
        """All of them."""
        if len(raws) < _ALIKE_MIN:
            rest = np.arange(len(raws))
        else:
            lengths = np.fromiter(map(len, raws), np.int64, len(raws))
            rest = np.concatenate([self._alike(raws, np.flatnonzero(lengths == one)) for one in np.unique(lengths)])
        for place in np.sort(rest).tolist():
            try:
                self.add(place, parse_header(raws[place]))
            except (ValueError, TypeError, AttributeError) as problem:
                self._problems[place] = str(problem)
                self._numbers[place] = self._number(_UNREADABLE)
                self._single.append((place, ""))
        return self

    def add(self, place: int, header: Header) -> None:
        """One header; raises ValueError where its fields are not what they should be."""
        self._received_us[place] = _instant_us(header)
        self._numbers[place] = self._number(header)
        self._single.append((place, header.upload_id))

    def _number(self, header: Header) -> int:
        return self._shared.setdefault(header._replace(upload_id="", received_at=""), len(self._shared))

    def _alike(self, raws: list[bytes], rows: Int64s) -> Int64s:
        """Take headers of one length that differ from another in those two fields only; the places of the rest."""
        left: list[Int64s] = []
        for _ in range(_KINDS_MAX):
            if len(rows) < _ALIKE_MIN:
                break
            alike = self._like_the_first(raws, rows)
            left.append(rows[:1] if alike is None else rows[:0])
            rows = rows[1:] if alike is None else rows[~alike]
        return np.concatenate([*left, rows])

    def _like_the_first(self, raws: list[bytes], rows: Int64s) -> Bools | None:
        """Take what is like the first of these and tell which are; None where that one is to be read by itself."""
        pattern = _pattern_of(raws[rows[0]])
        if pattern is None:
            return None
        header, instants, ids = pattern
        of_length = raws if len(rows) == len(raws) else [raws[row] for row in rows.tolist()]
        block = np.frombuffer(b"".join(of_length), np.uint8).reshape(len(rows), -1)
        alike: Bools = np.logical_and(_every(_OF_INSTANTS[block[:, instants]]), _every(_PLAIN[block[:, ids]]))
        for fixed in (slice(0, instants.start), slice(instants.stop, ids.start), slice(ids.stop, None)):
            alike &= _every(block[:, fixed] == block[0, fixed])
        if not alike[0]:  # one with a character that is looked at by itself
            return None
        taken, block = (rows, block) if alike.all() else (rows[alike], block[alike])
        received_us = _instants_us(_texts(block[:, instants]))
        if received_us is None:
            return None
        self._numbers[taken] = self._number(header)
        self._received_us[taken] = received_us
        self._ids.append((taken, _texts(block[:, ids])))
        return alike

    def finish(self) -> Headers:
        """What was read."""
        if self._single:
            rows = np.array([place for place, _ in self._single], np.int64)
            self._ids.append((rows, pa.array([upload_id for _, upload_id in self._single], pa.string())))
        places: Int64s = np.concatenate([found for found, _ in self._ids] or [np.zeros(0, np.int64)])
        upload_ids = pa.concat_arrays([found for _, found in self._ids] or [pa.array([], pa.string())])
        if (places[1:] < places[:-1]).any():
            upload_ids = upload_ids.take(pa.array(np.argsort(places)))
        return Headers(list(self._shared), self._numbers, upload_ids, self._received_us, self._problems)


_UNREADABLE = Header("", "", "", "", "")


def _pattern_of(raw: bytes) -> tuple[Header, slice, slice] | None:
    """A header, and where its instant and its upload's id stand in it; None if it is not as the gateway writes it.

    The keys are in the order of the alphabet, and found by their quotes, which inside a value have a backslash before
    them.
    """
    try:
        header = parse_header(raw)
        _instant_us(header)
        if header.to_bytes() != raw:
            return None
    except (ValueError, TypeError, AttributeError):
        return None
    found = []
    for key, value in ((b'"received_at":"', header.received_at), (b'"upload_id":"', header.upload_id)):
        start = raw.find(key) + len(key)
        span = slice(start, start + len(value))
        if raw[span] != value.encode():  # it is escaped
            return None
        found.append(span)
    return header, found[0], found[1]


def _instant_us(header: Header) -> int:
    """When it was received; raises ValueError where a field is not what it should be."""
    for field in _TEXTS:
        if not isinstance(getattr(header, field), str):
            raise ValueError(f"{field} is no text")
    for field in _TEXTS_OR_NONE:
        if not isinstance(getattr(header, field), str | None):
            raise ValueError(f"{field} is no text")
    return instant_us(header.received_at)


def _instants_us(texts: pa.StringArray) -> Int64s | None:
    """None where one of them is not written as the gateway does."""
    try:
        if len(texts[0].as_py()) not in _INSTANT_LENGTHS or not pc.all(pc.ends_with(texts, "Z")).as_py():
            return None
        times = texts.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    except pa.ArrowException:
        return None
    found: Int64s = times.to_numpy(zero_copy_only=False)
    return found


def _every(block: Bools) -> Bools:
    """Whether all of a row is so."""
    found: Bools = np.all(block, axis=1)
    return found


def _texts(block: Bytes) -> pa.StringArray:
    """Rows of ASCII characters as texts."""
    count, length = block.shape
    starts = np.arange(0, (count + 1) * length, length, dtype=np.int32) if length else np.zeros(count + 1, np.int32)
    data = np.ascontiguousarray(block)
    return pa.StringArray.from_buffers(count, pa.py_buffer(starts), pa.py_buffer(data))
