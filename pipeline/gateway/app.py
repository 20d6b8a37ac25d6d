"""The HTTP door. Every answer is a result, a problem document or a page; every path is in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from pipeline import disk
from pipeline.errors import SpotterError
from pipeline.gateway import documents as doc
from pipeline.gateway.access import Gate, Reader, Sender
from pipeline.gateway.bodies import read_body
from pipeline.gateway.file_imports import FileImports
from pipeline.gateway.multipart import read_import
from pipeline.gateway.parameters import only_known_parameters
from pipeline.gateway.plain_json import dumps
from pipeline.gateway.problems import RETRY_AFTER_STORAGE_S, ProblemError, from_error
from pipeline.gateway.service import Panels
from pipeline.gateway.shield import Shield, unforeseen
from pipeline.gateway.uploads import IDEMPOTENCY_KEY_CHARACTERS_MAX, Uploads
from pipeline.settings import Settings

JSON = "application/json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
EVENT_TYPES = (JSON, "application/x-ndjson", "application/ndjson", "application/jsonl", "text/plain")
ALERTS_MAX = 1000
DAYS_MAX = 3660
IMPORTS_IN_FLIGHT_MAX = 2
COMMON = (400, 401, 403, 422, 429, 501, 503)

T = TypeVar("T")
api = APIRouter(dependencies=[Depends(only_known_parameters)])
health = APIRouter()  # probes may add what they like to a path


@dataclass(frozen=True, slots=True)
class Parts:
    """What the door is made of; ``not_ready`` says why uploads cannot be taken now, None when they can."""

    uploads: Uploads
    imports: FileImports
    panels: Panels
    gate: Gate
    settings: Settings
    not_ready: Callable[[], str | None]
    metrics: Callable[[], bytes]
    pages: Sequence[BaseRoute] = field(default=())


def create_app(parts: Parts) -> ASGIApp:
    """The application, shielded; ``Parts.pages`` stand beside the API."""
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
    app.state.parts, app.state.gate = parts, parts.gate
    app.state.bodies = Turns(parts.settings.bodies_in_flight_max)
    app.state.imports = Turns(IMPORTS_IN_FLIGHT_MAX)
    app.include_router(api)
    app.include_router(health)
    app.router.routes.extend(parts.pages)
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


@api.get(
    "/v1/uploads/{upload_id}",
    summary="What became of the items of an upload",
    response_model=doc.UploadState,
    responses=doc.problems(404, *COMMON),
)
def get_upload(request: Request, upload_id: str, caller: Sender) -> Response:
    """Items that are not listed were replaced by newer versions."""
    panels = _parts(request).panels
    if not panels.rows("upload_known", caller.tenant, upload_id):
        raise ProblemError(404, "there is no such upload, or it is not in the tables yet")
    return _json({"upload_id": upload_id, "items": panels.rows("upload_items", caller.tenant, upload_id)})


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
        return _json(answer)
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


@api.get(
    "/v1/alerts",
    summary="Alerts with their evidence, newest first; of open ones the most severe first",
    response_model=doc.Alerts,
    responses=doc.problems(*COMMON),
)
def get_alerts(
    request: Request,
    caller: Reader,
    athlete: Annotated[str | None, Query(max_length=200)] = None,
    state: Annotated[Literal["open", "resolved", "withdrawn"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=ALERTS_MAX)] = 200,
) -> Response:
    """Of one athlete or all, in one state or any."""
    found = _parts(request).panels.alerts(caller.tenant, athlete, state, limit + 1)
    return _json({"alerts": found[:limit], "more": len(found) > limit})


@api.get(
    "/v1/athletes/{athlete_id:path}/days",
    summary="The days of an athlete, oldest first",
    response_model=doc.Days,
    responses=doc.problems(404, *COMMON),
)
def get_days(
    request: Request,
    athlete_id: str,
    caller: Reader,
    *,
    from_day: Annotated[date | None, Query()] = None,
    to_day: Annotated[date | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=DAYS_MAX)] = DAYS_MAX,
) -> Response:
    """The newest ``limit`` days of the range."""
    panels = _parts(request).panels
    if not panels.rows("athlete_known", caller.tenant, athlete_id):
        raise ProblemError(404, "there is no such athlete")
    days = panels.rows("athlete_days", caller.tenant, athlete_id, from_day, to_day, limit)
    return _json({"athlete_id": athlete_id, "days": days})


@health.get("/healthz", summary="The process answers", response_model=doc.Health)
async def healthz() -> Response:
    """Says nothing about the data."""
    return _json({"status": "ok"})


@health.get("/readyz", summary="Uploads are taken and applied", response_model=doc.Health, responses=doc.problems(503))
def readyz(request: Request) -> Response:
    """503 while the service cannot work."""
    why_not = _parts(request).not_ready()
    if why_not is not None:
        raise ProblemError(503, why_not, headers={"Retry-After": "5"})
    return _json({"status": "ready"})


@health.get("/metrics", summary="Numbers for Prometheus", responses=doc.problems(401, 403))
def metrics(request: Request) -> Response:
    """Of all gyms together: for a key with the scope `admin`, or from this very machine."""
    request.app.state.gate.check_operator(request)
    return Response(_parts(request).metrics(), media_type=METRICS)


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


def _json(value: object) -> Response:
    return Response(dumps(value), media_type=JSON)


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
