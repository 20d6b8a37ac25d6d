"""A request body to its items, each with its own bytes: one object, an array, or one object a line."""

from __future__ import annotations

import re
from typing import Literal

from pydantic_core import from_json

Shape = Literal["object", "array", "lines"]

_BOM = b"\xef\xbb\xbf"
_LINE_TYPES = ("ndjson", "jsonl", "json-seq", "x-json-stream")
# what matters outside of texts; a text is skipped as a whole, also one that never ends
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|$)|[\[\]{},]', re.DOTALL)
_SPACE = b" \t\r\n"


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
    depth, start = 0, 1
    for match in _TOKEN.finditer(body):
        token = match.group()
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
            if depth == 0:
                _take(items, body[start : match.start()], last=True)
                _take(items, body[match.end() :], last=True)
                return items
        elif token == b"," and depth == 1:
            _take(items, body[start : match.start()], last=False)
            start = match.end()
    _take(items, body[start:], last=True)
    return items


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
