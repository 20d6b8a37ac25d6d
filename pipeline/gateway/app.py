"""The HTTP door. Every answer is a result, a problem document or a page; every path is in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from pipeline import disk
from pipeline.errors import SpotterError
from pipeline.gateway import documents as doc
from pipeline.gateway.access import Sender
from pipeline.gateway.bodies import read_body
from pipeline.gateway.file_imports import FileImports
from pipeline.gateway.multipart import read_import
from pipeline.gateway.parameters import only_known_parameters
from pipeline.gateway.plain_json import dumps
from pipeline.gateway.problems import RETRY_AFTER_STORAGE_S, ProblemError, from_error
from pipeline.gateway.reads import COMMON, JSON, Reads, health, json_answer, tables
from pipeline.gateway.shield import Shield, unforeseen
from pipeline.gateway.uploads import IDEMPOTENCY_KEY_CHARACTERS_MAX, Uploads

EVENT_TYPES = (JSON, "application/x-ndjson", "application/ndjson", "application/jsonl", "text/plain")
IMPORTS_IN_FLIGHT_MAX = 2

T = TypeVar("T")
api = APIRouter(dependencies=[Depends(only_known_parameters)])


@dataclass(frozen=True, kw_only=True)
class Parts(Reads):
    """What the door is made of."""

    uploads: Uploads
    imports: FileImports


def create_app(parts: Parts) -> ASGIApp:
    """The application, shielded; its pages stand beside the API."""
    app = _bare(parts)
    app.state.bodies = Turns(parts.settings.bodies_in_flight_max)
    app.state.imports = Turns(IMPORTS_IN_FLIGHT_MAX)
    app.include_router(api)
    return _finished(app, parts)


def create_read_app(reads: Reads) -> ASGIApp:
    """The read side alone: what stands in tables, pages, health; it takes nothing."""
    return _finished(_bare(reads), reads)


def _bare(reads: Reads) -> FastAPI:
    app = FastAPI(
        title="Spotter",
        version=version("spotter"),
        description="Strength sets and recovery signals in, explained alerts out.",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            ProblemError: _on_problem,
            SpotterError: _on_refusal,
            HTTPException: _on_http_error,
            RequestValidationError: _on_wrong_parameter,
            OSError: _on_system_error,
            Exception: _on_bug,
        },
    )
    app.state.parts, app.state.gate = reads, reads.gate
    return app


def _finished(app: FastAPI, reads: Reads) -> ASGIApp:
    app.include_router(tables)
    app.include_router(health)
    app.router.routes.extend(reads.pages)
    return Shield(app)


@api.post(
    "/v1/events",
    status_code=202,
    summary="Send events; one result per item",
    response_model=doc.UploadAnswer,
    responses=doc.problems(408, 413, 415, *COMMON),
    openapi_extra=doc.EVENTS_BODY,
)
async def post_events(
    request: Request,
    caller: Sender,
    idempotency_key: Annotated[str | None, Header(max_length=IDEMPOTENCY_KEY_CHARACTERS_MAX)] = None,
) -> Response:
    """Answers after every item that is kept is durable in the log."""
    content_type = _event_type(request)
    parts = _parts(request)

    async def work() -> tuple[int, bytes]:
        body = await read_body(request, parts.settings)
        return await run_in_threadpool(
            parts.uploads.post,
            body,
            tenant=caller.tenant,
            content_type=content_type,
            admin=caller.may("admin"),
            idempotency_key=idempotency_key,
        )

    status, members = await request.app.state.bodies.run(work)
    if status == 422:
        detail = "none of the items could be taken; see the reason of each"
        raise ProblemError(422, detail, members=orjson.loads(b"{" + members + b"}"))
    return Response(b"{" + members + b"}", status, media_type=JSON)


@api.post(
    "/v1/imports",
    status_code=202,
    summary="Import a file of another logger",
    response_model=doc.ImportAnswer,
    responses=doc.problems(408, 413, 415, *COMMON),
    openapi_extra=doc.IMPORT_BODY,
)
async def post_import(request: Request, caller: Sender) -> Response:
    """Takes the file whole or not at all; with ``preview`` it takes nothing and answers 200.

    422 when no row could be taken; rows that came with an earlier import are taken again.
    """
    parts = _parts(request)

    async def work() -> dict[str, Any]:
        async with read_import(request, caller.tenant, parts.settings) as (stream, wanted):
            report = await run_in_threadpool(parts.imports.take, stream, wanted)
        return report.as_answer()

    answer = await request.app.state.imports.run(work)
    if answer["import_id"] is None:
        return json_answer(answer)
    if not answer["accepted"]:
        detail = "none of the rows could be taken; see the reasons"
        raise ProblemError(422, detail, members=orjson.loads(dumps(answer)))
    return Response(dumps(answer), 202, media_type=JSON)


@api.delete(
    "/v1/imports/{import_id}",
    status_code=202,
    summary="Take an import back, as if it had never come",
    response_model=doc.Withdrawal,
    responses=doc.problems(404, *COMMON),
)
def delete_import(request: Request, import_id: str, caller: Sender) -> Response:
    """The tables follow within seconds."""
    imports = _parts(request).imports
    if not imports.knows(caller.tenant, import_id):
        raise ProblemError(404, "there is no such import, or it was taken back before")
    imports.undo(caller.tenant, import_id)
    return Response(dumps({"import_id": import_id, "withdrawn": True}), 202, media_type=JSON)


class Turns:
    """Bounds how many bodies are in memory at once; more are asked to come again."""

    def __init__(self, most: int) -> None:
        self._free = most

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await ``work`` unless too many run already (a 503 problem)."""
        if self._free == 0:
            raise ProblemError(503, "too many uploads at once; send it again shortly", headers={"Retry-After": "1"})
        self._free -= 1
        try:
            return await work()
        finally:
            self._free += 1


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


def _event_type(request: Request) -> str:
    content_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if content_type not in EVENT_TYPES:
        raise ProblemError(415, f"send {JSON} or application/x-ndjson, not {content_type[:60]!r}")
    return content_type


async def _on_problem(_: Request, error: Any) -> Response:
    problem: ProblemError = error
    return problem.response()


async def _on_bug(_: Request, error: Any) -> Response:
    return unforeseen().response()  # the shield writes it into the log


async def _on_refusal(_: Request, error: Any) -> Response:
    return from_error(error).response()


async def _on_system_error(_: Request, error: Any) -> Response:
    if not disk.is_full(error):
        raise error
    return ProblemError(503, "the disk is full", headers={"Retry-After": str(RETRY_AFTER_STORAGE_S)}).response()


async def _on_http_error(_: Request, error: Any) -> Response:
    return ProblemError(error.status_code, str(error.detail), headers=error.headers).response()


async def _on_wrong_parameter(_: Request, error: Any) -> Response:
    where = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
    return ProblemError(422, "a parameter cannot be used", members={"errors": where}).response()
