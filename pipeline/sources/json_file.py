"""What decoders of JSON files share: the elements of a file, each a part of its own, and values with their type.

A file that is cut off keeps the elements before the cut; what is left of it is one rejected row.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from pipeline.errors import RefusedError, UnitNeededError, ZoneNeededError
from pipeline.record import Header
from pipeline.sources.base import (
    FILE_BYTES_MAX,
    PART_BYTES_MAX,
    ImportContext,
    Part,
    RowError,
    RowProblem,
    VendorDecoded,
    check_size,
)
from pipeline.sources.csv_reader import LATIN1_NOTE, to_utf8
from pipeline.sources.problems import excerpt, shown
from schemas.times import Moment, parse_moment

CUT_BYTES = 1000  # what is kept of the unreadable rest of a file, or of an element beyond all measure
_SPACE = b" \t\r\n"
_WITHOUT_SECONDS = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})((?:[Zz]|[+-]\d{2}:\d{2})?)")


class Element(NamedTuple):
    """One thing a file holds; ``broken`` is the rest that cannot be read, or why it is not taken."""

    value: Any
    broken: str | None = None


def is_json(head: bytes) -> bool:
    """Whether a file begins like a JSON object or array."""
    return to_utf8(head)[0].lstrip(_SPACE)[:1] in (b"{", b"[")


class JsonDecoder:
    """Base of the decoders of JSON files. Subclasses say what an element is and how many rows it has."""

    name: str
    source: str
    origin: int
    app: str
    reads: str  # what is taken, in words
    not_taken: tuple[tuple[str, str], ...]  # what such a file may hold beside it, and why that is left
    lists: tuple[str, ...]  # keys of an object that hold a list of elements

    def recognise(self, head: bytes) -> bool:
        """Whether the first bytes carry this format's signature."""
        raise AssertionError("a decoder knows its signature")

    def elements_of(self, value: Any) -> list[Any]:
        """The elements in a whole document, in their order."""
        raise AssertionError("a decoder knows its elements")

    def rows_in(self, element: Any) -> int:
        """How many rows an element has, at least 1."""
        raise AssertionError("a decoder counts its rows")

    def title(self, element: Any) -> str:
        """The title of an element, for progress and previews."""
        title = element.get("title", element.get("name", "")) if isinstance(element, dict) else ""
        return title if isinstance(title, str) else ""

    def starts(self, element: Any) -> list[Moment]:
        """The times of an element that need a zone if they state none."""
        return []

    def lacks_unit(self, element: Any) -> bool | None:
        """Whether the weights of an element have no unit; None if it has no weights."""
        return None

    def read_element(self, element: Any, items: Sequence[int], header: Header, found: VendorDecoded) -> None:
        """Add what an element says to ``found``; raises RowError if nothing of it can be taken."""
        raise AssertionError("a decoder reads its elements")

    def parts(self, stream: BinaryIO, context: ImportContext) -> Iterator[Part]:
        """One part per element; raises RefusedError, UnitNeededError or ZoneNeededError."""
        data = stream.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise RefusedError(
                "the file is too large",
                f"it has more than {FILE_BYTES_MAX >> 20} MiB",
                "export a shorter time",
            )
        text, latin1 = self.text_of(data)
        elements = self._read(text)
        if not elements:
            raise RefusedError(
                f"this {self.app} file holds no workouts", "its list is empty", "log a workout and export again"
            )
        rows = sum(1 if one.broken is not None else self.rows_in(one.value) for one in elements)
        check_size(rows, len(elements))
        self._check_context([one.value for one in elements if one.broken is None], context)
        if latin1:
            context.warn(LATIN1_NOTE)
        number = 1
        for element in elements:
            if element.broken is not None:
                yield Part(_quoted(element.broken), [number], "")
                number += 1
                continue
            payload = _dumps(element.value)
            if len(payload) > PART_BYTES_MAX:
                yield Part(_quoted(payload.decode()), [number], self.title(element.value))
                number += 1
                continue
            rows = self.rows_in(element.value)
            yield Part(payload, list(range(number, number + rows)), self.title(element.value))
            number += rows

    def decode(self, payload: bytes, header: Header, athlete: str, items: Sequence[int]) -> VendorDecoded:
        """The events of a part, or of a whole file; raises ValueError if ``items`` are not its rows."""
        found = VendorDecoded()
        at = 0
        for element in self._read(self.text_of(payload)[0]):
            rows = 1 if element.broken is not None else self.rows_in(element.value)
            own = items[at : at + rows]
            if len(own) != rows:
                raise ValueError(f"it has more rows than the {len(items)} it stands for")
            at += rows
            try:
                if element.broken is not None:
                    raise RowError("invalid_json", None, _broken(element.broken))
                self.read_element(element.value, own, header, found)
            except RowError as error:
                broken = element.broken
                cut = excerpt(_dumps(element.value) if broken is None else broken.encode("utf-8", "backslashreplace"))
                found.rejected += [RowProblem(item, error.reason, error.field, error.message, cut) for item in own]
        if at != len(items):
            raise ValueError(f"it has {at} rows and stands for {len(items)}")
        return found

    def text_of(self, data: bytes) -> tuple[bytes, bool]:
        """A file as UTF-8, and whether it was read as Latin-1; a decoder of binary files leaves them as they are."""
        return to_utf8(data)

    def _read(self, text: bytes) -> list[Element]:
        """The elements of a document; of a broken one, those before the break, and the rest as one."""
        decoded = text.decode("utf-8", "replace")
        try:
            value = json.loads(decoded)
        except (ValueError, RecursionError):
            return self._salvage(decoded)
        if isinstance(value, str):  # what ``parts`` made of something unreadable
            return [Element(None, value)]
        # a text in the place of an entry is a part of its own, which reads as what cannot be read
        return [Element(None, one) if isinstance(one, str) else Element(one) for one in self.elements_of(value)]

    def _salvage(self, text: str) -> list[Element]:
        """Whole elements of the first list of a broken document, and what is left."""
        keys = "|".join(self.lists)
        start = re.match(rf'\s*(?:\{{[^\[]*?"(?:{keys})"\s*:\s*)?\[', text)
        if start is None:
            raise RefusedError(
                f"this {self.app} file is cut off or damaged",
                "it begins as JSON and does not end as such",
                "copy or download it again",
            )
        decoder = json.JSONDecoder()
        elements: list[Element] = []
        at = start.end()
        while True:
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                rest = text[at + 1 :].strip(" \t\r\n]}")
                break
            try:
                value, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                rest = text[at:]
                break
            elements += [Element(one) for one in self.elements_of([value])]
        rest = rest.strip()
        if rest:
            elements.append(Element(None, rest[:CUT_BYTES]))
        return elements

    def _check_context(self, elements: Sequence[Any], context: ImportContext) -> None:
        if context.tz is None and any(not start.is_instant for one in elements for start in self.starts(one)):
            raise ZoneNeededError(
                f"this {self.app} file needs a time zone",
                "some of its times do not say where they are from",
                "give the zone, for example `--tz Europe/Berlin`",
            )
        lacking = [lacks for one in elements if (lacks := self.lacks_unit(one)) is not None]
        if lacking and all(lacking) and context.unit is None:
            raise UnitNeededError(
                f"this {self.app} file needs a unit",
                "it has weights and does not say whether they are kilograms or pounds",
                "give `--unit kg` or `--unit lb`",
            )
        if lacking and not all(lacking) and context.unit is not None:
            context.warn("The file states its own unit of weight; `--unit` was not used where it does.")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _dumps(value: Any) -> bytes:
    """JSON without space; everything beyond ASCII is escaped, since a text may hold half a character."""
    return json.dumps(value, separators=(",", ":")).encode()


def _quoted(text: str) -> bytes:
    return _dumps(text[:CUT_BYTES])


def _broken(rest: str) -> str:
    return (
        f"From {shown(rest[:40])} on the file is cut off or damaged, or this entry is longer than a part may be. "
        "What could be read before and after it was taken; export the file again for the rest."
    )


def real(value: Any, field: str) -> float | None:
    """A finite number or None; raises RowError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowError("invalid_type", field, f"`{field}` is {shown(value)}, which is no number.")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise RowError("out_of_range", field, f"`{field}` is no finite number.")
    return found


def whole(value: Any, field: str) -> int | None:
    """A whole number that is not negative, or None; raises RowError."""
    number = real(value, field)
    if number is None:
        return None
    if number < 0 or number != int(number):
        raise RowError("invalid_type", field, f"`{field}` is {shown(value)}; only whole ones from 0 are counted.")
    return int(number)


def words(value: Any, field: str) -> str:
    """A text, empty for null; raises RowError."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RowError("invalid_type", field, f"`{field}` is {shown(value)}, which is no text.")
    return value


def moment(value: Any, field: str) -> Moment:
    """A time in ISO 8601, seconds or not; raises RowError."""
    text = words(value, field).strip()
    short = _WITHOUT_SECONDS.fullmatch(text)
    if short is not None:
        text = f"{short[1]}:00{short[2]}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        text += "T00:00:00"
    try:
        return parse_moment(text)
    except ValueError as problem:
        raise RowError("invalid_type", field, f"`{field}` {problem}. Correct the time.") from None


def exercise_rows(element: Any) -> list[tuple[Any, list[Any]]] | None:
    """The exercises of a workout with their sets; an entry that is not so stands for one bad set of its own.

    None if there is no list of exercises.
    """
    exercises = element.get("exercises") if isinstance(element, dict) else None
    if not isinstance(exercises, list):
        return None
    found: list[tuple[Any, list[Any]]] = []
    for one in exercises:
        sets = one.get("sets") if isinstance(one, dict) else None
        if isinstance(one, dict) and (sets is None or isinstance(sets, list)):
            found.append((one, sets or []))
        else:
            found.append((None, [one]))
    return found
