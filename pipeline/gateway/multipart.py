"""A vendor file that comes as a multipart form: spooled to disk, bounded while it streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from pipeline.gateway.file_imports import FileRequest
from pipeline.gateway.problems import ProblemError
from pipeline.settings import Settings

FIELDS = ("athlete", "source", "tz", "unit", "preview")
FIELD_BYTES_MAX = 1024
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@asynccontextmanager
async def read_import(request: Request, tenant: str, settings: Settings) -> AsyncIterator[tuple[BinaryIO, FileRequest]]:
    """The file and what was said about it; raises 400, 408, 413, 415 and 422 problems."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(415, "send multipart/form-data with a `file`")
    counted = Request(request.scope, _counting(request, settings.import_bytes_max))
    try:
        async with asyncio.timeout(settings.body_seconds_max):
            form = await counted.form(max_files=1, max_fields=len(FIELDS), max_part_size=FIELD_BYTES_MAX)
    except TimeoutError:
        raise ProblemError(408, f"the file did not arrive within {settings.body_seconds_max:g} s") from None
    except ClientDisconnect:
        raise ProblemError(400, "the sender went away before the file was complete") from None
    except (MultiPartException, HTTPException) as error:
        raise ProblemError(400, f"the form cannot be read: {getattr(error, 'message', None) or error}") from None
    try:
        unknown = sorted(set(form) - {*FIELDS, "file"})
        if unknown:
            raise ProblemError(422, f"unknown field {unknown[0][:60]!r} in the form")
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ProblemError(422, "the form has no `file`")
        texts = {name: str(value).strip() for name, value in form.items() if name != "file"}
        yield (
            file.file,
            FileRequest(
                athlete=texts.get("athlete", ""),
                tenant=tenant,
                source=texts.get("source") or "auto",
                tz=texts.get("tz") or None,
                unit=texts.get("unit") or None,
                preview=_switch(texts.get("preview", "")),
                file_name=file.filename,
            ),
        )
    finally:
        await form.close()


def _counting(request: Request, bytes_max: int):  # type: ignore[no-untyped-def]
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > bytes_max:
            raise ProblemError(
                413,
                f"the file has more than {bytes_max} bytes",
                headers={"Connection": "close"},
                members={"limit_bytes": bytes_max},
            )
        return message

    return receive


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ProblemError(422, "`preview` must be true or false")
