"""Reading a request body within limits: bytes on the wire, bytes after gzip, time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from pipeline.gateway.problems import ProblemError
from pipeline.settings import Settings

_GZIP = 16 + zlib.MAX_WBITS
_DRAIN_BYTES_MAX = 256 << 20  # of a refused body, so that the sender reads the answer and sees no reset
_DRAIN_SECONDS_MAX = 10.0


async def read_body(request: Request, settings: Settings) -> bytes:
    """The whole body, unpacked; raises a 400, 408, 413 or 415 problem. Never holds more than the limits allow."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise ProblemError(415, f"content encoding {encoding[:40]!r} is not supported; send gzip or none")
    chunks = request.stream()
    try:
        async with asyncio.timeout(settings.body_seconds_max):
            try:
                return await _collect(request, chunks, settings, packed=encoding == "gzip")
            except ProblemError as problem:
                if problem.status == 413:
                    await _drain(chunks)
                raise
    except TimeoutError:
        raise ProblemError(408, f"the body did not arrive within {settings.body_seconds_max:g} s") from None
    except ClientDisconnect:
        raise ProblemError(400, "the sender went away before the body was complete") from None


async def _collect(request: Request, chunks: AsyncIterator[bytes], settings: Settings, *, packed: bool) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > settings.body_bytes_max:
        raise _too_large(settings.body_bytes_max, "on the wire")
    unpack = Gunzip(settings.unpacked_bytes_max) if packed else None
    parts: list[bytes] = []
    wire = 0
    async for chunk in chunks:
        wire += len(chunk)
        if wire > settings.body_bytes_max:
            raise _too_large(settings.body_bytes_max, "on the wire")
        parts.append(unpack.feed(chunk) if unpack else chunk)
    if unpack:
        unpack.end()
    return b"".join(parts)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    thrown_away = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS_MAX):
            async for chunk in chunks:
                thrown_away += len(chunk)
                if thrown_away > _DRAIN_BYTES_MAX:
                    return
    except (TimeoutError, ClientDisconnect):
        return


class Gunzip:
    """Unpacks gzip (also several members) up to a limit; a bomb is refused before it unfolds."""

    def __init__(self, bytes_max: int) -> None:
        self._max = bytes_max
        self._out = 0
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, packed: bytes) -> bytes:
        """What these bytes unpack to; raises a 413 problem beyond the limit, 400 when they are no gzip."""
        parts: list[bytes] = []
        while packed:
            if self._member.eof:
                self._member, self._begun = zlib.decompressobj(_GZIP), False
            room = self._max - self._out + 1
            try:
                part = self._member.decompress(packed, room)
            except zlib.error as error:
                raise ProblemError(400, f"the body is not valid gzip: {error}") from None
            self._begun = True
            self._out += len(part)
            if self._out > self._max:
                raise _too_large(self._max, "unpacked")
            parts.append(part)
            packed = self._member.unconsumed_tail or self._member.unused_data
        return b"".join(parts)

    def end(self) -> None:
        """Raises a 400 problem when the last member is cut short."""
        if not self._begun or not self._member.eof:
            raise ProblemError(400, "the gzip body ends too early")


def _too_large(limit: int, where: str) -> ProblemError:
    return ProblemError(
        413,
        f"the body has more than {limit} bytes {where}; send it in smaller parts",
        headers={"Connection": "close"},
        members={"limit_bytes": limit},
    )
