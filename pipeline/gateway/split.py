"""A request body to its items, each with its own bytes: one object, an array, or one object a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json

_BOM = b"\xef\xbb\xbf"
_LINE_TYPES = ("ndjson", "jsonl", "json-seq", "x-json-stream")
_SPACE = b" \t\r\n"
_BLOCK_BYTES = 4 << 20
_NOT_BACKSLASH = re.compile(rb"[^\\]")
_QUOTE, _BACKSLASH, _COMMA = ord('"'), ord("\\"), ord(",")
_STEP = np.zeros(256, np.int8)  # how a byte changes the depth
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1
_MARKS = np.zeros(256, np.bool_)
_MARKS[[_QUOTE, _COMMA, *b"[]{}"]] = True


def split_items(body: bytes, content_type: str = "") -> list[bytes]:
    """The items of a body, without the space around them and with line breaks between tokens as spaces.

    A body that begins with ``[`` is an array, unless the content type says that it is lines. Otherwise the
    first line decides: if it is not a complete object but the whole body is one, that is the only item.
    Anything else is read as lines, and every non-empty line is an item, be it JSON or not.
    """
    if body.startswith(_BOM):
        body = body[len(_BOM) :]
    body = body.strip(_SPACE)
    if not body:
        return []
    if not any(name in content_type for name in _LINE_TYPES):
        if body[:1] == b"[":
            return split_array(body)
        if body[:1] == b"{" and _is_one_object(body):
            return [one_line(body)]
    return [item for line in body.split(b"\n") if (item := line.strip(_SPACE))]


def one_line(item: bytes) -> bytes:
    """An item without line breaks; outside of texts, where they may stand, they mean nothing."""
    return item.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in item or b"\r" in item else item


def split_array(body: bytes) -> list[bytes]:
    """The elements of an array, as written. Of a broken or cut-off array, what stands after the last whole
    element is one more item, so that it is answered as broken and the others are kept."""
    items: list[bytes] = []
    start = 1
    for comma in _commas(body):
        _take(items, body[start:comma], last=body[comma] != _COMMA)
        start = comma + 1
    _take(items, body[start:], last=True)
    return items


def _commas(body: bytes) -> Iterator[int]:
    """Places of the commas of the outermost array, and of its end."""
    depth, in_text, first = 0, 0, 0
    while first < len(body):
        last = min(first + _BLOCK_BYTES, len(body))
        if last < len(body) and body[last - 1] == _BACKSLASH:  # keep an escape in one block
            after = _NOT_BACKSLASH.search(body, last)
            last = after.end() if after else len(body)
        block = np.frombuffer(body, np.uint8, last - first, first)
        marks = np.flatnonzero(_MARKS[block])
        found = block[marks]
        quotes = (found == _QUOTE) & ~_escaped(block, marks)
        texts = np.cumsum(quotes, dtype=np.int64) + in_text
        outside = (texts & 1) == 0
        depths = np.cumsum(np.where(outside, _STEP[found], 0), dtype=np.int64) + depth
        at_end = outside & (depths == 0) & (_STEP[found] < 0)
        wanted = (outside & (depths == 1) & (found == _COMMA)) | at_end
        for place in np.flatnonzero(wanted).tolist():
            yield first + int(marks[place])
            if at_end[place]:
                return
        if len(marks):
            depth, in_text = int(depths[-1]), int(texts[-1])
        first = last


def _escaped(block: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the ``places`` stand behind an odd number of backslashes."""
    backslash = block == _BACKSLASH
    if not backslash.any():
        return np.zeros(len(places), np.bool_)
    last_other = np.maximum.accumulate(np.where(backslash, -1, np.arange(len(block))))
    before = np.where(places > 0, last_other[places - 1], -1)
    odd: npt.NDArray[np.bool_] = ((places - 1 - before) & 1) == 1
    return odd


def _take(items: list[bytes], element: bytes, *, last: bool) -> None:
    element = element.strip(_SPACE)
    if element or not last:
        items.append(one_line(element))


def _is_one_object(body: bytes) -> bool:
    """Whether a body of several lines is a single object (its first line alone is none)."""
    first, line_break, _ = body.partition(b"\n")
    if not line_break or _parses(first):
        return False
    return _parses(body)


def _parses(text: bytes) -> bool:
    try:
        return isinstance(from_json(text, allow_inf_nan=True), dict)
    except ValueError:
        return False
