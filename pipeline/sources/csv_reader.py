"""Delimited text to rows, one bad row at a time.

The delimiter is sniffed from the header line. A row is what has as many cells as the header; what has not
is one bad line, and reading goes on after it, so that a lost quote does not swallow the rest of a file.
Encodings: UTF-8 (with or without mark), UTF-16, and Latin-1 if nothing in the file is UTF-8 beyond ASCII.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

ROW_BYTES_MAX = 64 << 10
COLUMNS_MAX = 64
BAD_ROW_KEPT_BYTES = 4000
DELIMITERS = b",;\t|"
MARK = codecs.BOM_UTF8
LATIN1_NOTE = (
    "The file is not UTF-8; it was read as Latin-1. If names look wrong, save it as UTF-8 and import it again."
)

_LINE_END = re.compile(rb"\r\n|\n|\r")
_VISIBLE = re.compile(rb"[^\s]")
_HIGH = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands: its number (the header's is 1), its bytes without line end, its cells.

    ``problem`` says why a bad row cannot be read; it then has no cells. ``mended``: its quotes were not doubled.
    """

    number: int
    raw: bytes
    cells: tuple[str, ...]
    problem: str | None = None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as UTF-8 bytes: its header line, and where its rows begin."""

    header: tuple[str, ...]
    header_raw: bytes
    delimiter: bytes
    body: bytes
    latin1: bool = False

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank, good and bad."""
        yield from _rows(self.body, self.delimiter, len(self.header))

    def payload(self, rows: list[Row]) -> bytes:
        """A file of its own with the header and ``rows``.

        Good rows stand in it byte for byte, mended ones with their quotes doubled, bad ones as one quoted cell.
        """
        lines = [MARK + self.header_raw]
        for row in rows:
            if row.problem is not None:
                lines.append(_quoted(row.raw))
            elif row.mended:
                lines.append(self.delimiter.join(_quoted(cell.encode()) for cell in row.cells))
            else:
                lines.append(row.raw)
        return b"\n".join(lines) + b"\n"


def open_sheet(data: bytes) -> Sheet | None:
    """A file or the beginning of one; None if it has no header line of two cells or more."""
    text, latin1 = to_utf8(data)
    first = _VISIBLE.search(text)  # blank lines before the header
    start = text.rfind(b"\n", 0, first.start()) + 1 if first else len(text)
    match = _LINE_END.search(text, first.start() if first else len(text))
    end, after = (match.start(), match.end()) if match else (len(text), len(text))
    header_raw = text[start:end]
    if len(header_raw) > ROW_BYTES_MAX or b"\0" in header_raw:
        return None
    for delimiter in sorted((bytes([one]) for one in DELIMITERS), key=header_raw.count, reverse=True):
        cells = _split(header_raw, delimiter)
        if cells is not None and 2 <= len(cells) <= COLUMNS_MAX:
            return Sheet(tuple(cell.strip() for cell in cells), header_raw, delimiter, text[after:], latin1)
    return None


def to_utf8(data: bytes) -> tuple[bytes, bool]:
    """The bytes as UTF-8 without mark, and whether they were taken for Latin-1. Damaged UTF-8 stays as it is."""
    if data.startswith(MARK):
        return data[len(MARK) :], False
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _from_utf16(data, "utf-16"), False
    head = data[:512]
    if len(head) >= 8 and head.count(0) >= len(head) // 3:  # UTF-16 without a mark: every other byte of ASCII is 0
        return _from_utf16(data, "utf-16-be" if head[0] == 0 else "utf-16-le"), False
    if _HIGH.search(data) is None:
        return data, False
    try:
        data.decode()
    except UnicodeDecodeError:
        if not _has_utf8(data):
            return _from_windows(data).encode(), True
    return data, False


def _from_windows(data: bytes) -> str:
    try:
        return data.decode("cp1252")  # Latin-1 with typographic quotes, which is what such files are
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _from_utf16(data: bytes, encoding: str) -> bytes:
    return data.decode(encoding, "replace").encode("utf-8", "replace")


def _has_utf8(data: bytes) -> bool:
    """Whether any line holds characters beyond ASCII as good UTF-8."""
    for line in data.splitlines():
        if _HIGH.search(line):
            try:
                line.decode()
            except UnicodeDecodeError:
                continue
            return True
    return False


@lru_cache(maxsize=256)
def _row_pattern(delimiter: bytes, columns: int) -> re.Pattern[bytes]:
    """A whole row of ``columns`` cells with its line end; quoted cells may hold anything, also line ends."""
    d = re.escape(delimiter)
    cell = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n' + d + rb"][^\r\n" + d + rb"]*+|)"
    return re.compile(cell + rb"(?:" + d + cell + rb"){" + str(columns - 1).encode() + rb"}(?:\r\n|\n|\r|\Z)")


@lru_cache(maxsize=256)
def _loose_pattern(delimiter: bytes, columns: int) -> re.Pattern[bytes]:
    """A row on one line whose quoted cells hold single quotes that were not doubled, as one app writes them."""
    d = re.escape(delimiter)
    cell = rb'(?:"((?:[^"\r\n]|"(?!' + d + rb"|\r|\n|\Z))*+)\"|([^\"\r\n" + d + rb"][^\r\n" + d + rb"]*+|))"
    return re.compile(cell + (d + cell) * (columns - 1) + rb"(?:\r\n|\n|\r|\Z)")


def _rows(body: bytes, delimiter: bytes, columns: int) -> Iterator[Row]:
    strict, loose = _row_pattern(delimiter, columns), _loose_pattern(delimiter, columns)
    at, number = 0, 1
    while at < len(body):
        number += 1
        match = strict.match(body, at)
        if match is not None and match.end() - at <= ROW_BYTES_MAX:
            raw = match[0].rstrip(b"\r\n") if match[0][-1:] in b"\r\n" else match[0]
            at = match.end()
            row = _good(number, raw, delimiter, columns)
            yield row
            continue
        end = _LINE_END.search(body, at)
        raw, after = (body[at : end.start()], end.end()) if end else (body[at:], len(body))
        if not raw.strip():
            at = after
            continue
        match = loose.match(body, at) if len(raw) <= ROW_BYTES_MAX and not _is_quoted(raw) else None
        at = after
        if match is not None and match.end() == after:
            yield _loose(number, raw, match)
        else:
            yield _bad(number, raw)


def _good(number: int, raw: bytes, delimiter: bytes, columns: int) -> Row:
    cells = _split(raw, delimiter) if _unreadable(raw) is None else None
    if cells is None or len(cells) != columns:
        return _bad(number, raw)
    return Row(number, raw, tuple(cells))


def _loose(number: int, raw: bytes, match: re.Match[bytes]) -> Row:
    if _unreadable(raw) is not None:
        return _bad(number, raw)
    found = match.groups()
    pairs = zip(found[::2], found[1::2], strict=True)
    cells = [(quoted if quoted is not None else bare or b"").replace(b'""', b'"').decode() for quoted, bare in pairs]
    return Row(number, raw, tuple(cells), mended=True)


def _bad(number: int, raw: bytes) -> Row:
    """A bad row; one that ``_quoted`` wrapped is unwrapped, so that it reads the same a second time."""
    if _is_quoted(raw):
        raw = raw[1:-1].replace(b'""', b'"')
    raw = _LINE_END.sub(b" ", raw[:BAD_ROW_KEPT_BYTES])
    problem = _unreadable(raw)
    if problem is None:
        problem = (
            "The row is cut off, damaged or too long: it has not the cells the header names. "
            "Export the file again; the other rows were read."
        )
    return Row(number, raw, (), problem)


def _unreadable(raw: bytes) -> str | None:
    if b"\0" in raw:
        return "The row holds NUL bytes, so the file is damaged here. Export it again; the other rows were read."
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "The row is not valid UTF-8, unlike the rest of the file. Save the file as UTF-8 and import it again."
    return None


def _quoted(raw: bytes) -> bytes:
    return b'"' + raw.replace(b'"', b'""') + b'"'


def _is_quoted(raw: bytes) -> bool:
    """Whether a line is one quoted cell."""
    return len(raw) >= 2 and raw[:1] == raw[-1:] == b'"' and b'"' not in raw[1:-1].replace(b'""', b"")


def _split(raw: bytes, delimiter: bytes) -> list[str] | None:
    try:
        text = raw.decode()
        found = list(csv.reader([text], delimiter=delimiter.decode()))
    except (UnicodeDecodeError, csv.Error):
        return None
    return found[0] if len(found) == 1 else None
