"""Apple's ``export.xml`` as it is read: one child of ``HealthData`` after the other, none of them kept.

The document type is cut out before anything is parsed: it is long, in some versions of iOS it is malformed, and it is
the only place where an XML file could hide anything. Control characters that XML forbids, which some names of devices
hold, are left out too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from pipeline.errors import RefusedError

CHUNK_BYTES = 256 << 10
PROLOG_BYTES_MAX = 1 << 20  # everything before the first element; the longest known has 12 KiB
SILENT_BYTES_MAX = 4 << 20  # without the begin or end of an element; the parser keeps them until then
_ROOT = re.compile(rb"<HealthData[\s>]")
_TYPE = re.compile(rb"<!DOCTYPE\s+HealthData\b")
_FORBIDDEN = bytes(code for code in range(32) if code not in b"\t\n\r")


class Child(NamedTuple):
    """A child of the root with its attributes, and the zone that its metadata names; or where the file broke."""

    tag: str
    attributes: dict[str, str]
    zone: str | None = None
    broken: str | None = None


class _Children:
    """What the parser calls: children of the root that have ended, without what stands in them."""

    def __init__(self) -> None:
        self.ended: list[Child] = []
        self.calls = 0
        self._depth = 0
        self._child = Child("", {})

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.calls += 1
        if self._depth == 2:
            self._child = Child(tag, attributes)
        elif self._depth == 3 and tag == "MetadataEntry" and attributes.get("key") == "HKTimeZone":
            self._child = self._child._replace(zone=attributes.get("value"))

    def end(self, tag: str) -> None:
        if self._depth == 2:
            self.ended.append(self._child)
        self._depth -= 1
        self.calls += 1

    def close(self) -> None:
        """Nothing is kept."""


def is_export(head: bytes) -> bool:
    """Whether a file begins as Apple's export."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text[:1] == b"<" and (_ROOT.search(text) is not None or _TYPE.search(text) is not None)


def children(stream: BinaryIO) -> Iterator[Child]:
    """The children of the root in their order; the last one has ``broken`` if the file is cut off or damaged.

    Memory does not grow with the file. Raises RefusedError for a file without a root.
    """
    target = _Children()
    parser = DefusedXMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    chunk, silent, calls = _from_root(stream), 0, 0
    try:
        while chunk:
            parser.feed(chunk.translate(None, _FORBIDDEN))
            yield from target.ended
            target.ended.clear()
            silent, calls = (silent + len(chunk) if target.calls == calls else 0), target.calls
            if silent > SILENT_BYTES_MAX:
                yield Child("", {}, broken=f"more than {SILENT_BYTES_MAX >> 20} MiB follow without an element")
                return
            chunk = stream.read(CHUNK_BYTES)
        parser.close()
    except (ParseError, DefusedXmlException) as problem:
        yield from target.ended
        yield Child("", {}, broken=str(problem))


def _from_root(stream: BinaryIO) -> bytes:
    """The file's beginning from its root on."""
    begin = b""
    while (root := _ROOT.search(begin)) is None:
        chunk = stream.read(CHUNK_BYTES)
        begin += chunk
        if not chunk or len(begin) > PROLOG_BYTES_MAX:
            raise RefusedError(
                "this Apple Health export is cut off or damaged",
                "it begins as one and has no `HealthData` element",
                "export again in the Health app, and import the file as it is",
            )
    return begin[root.start() :]
