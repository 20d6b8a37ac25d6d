"""The read side of the door: what became of uploads, alerts, days; and health and numbers of the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pipeline.gateway import documents as doc
from pipeline.gateway.access import Gate, Reader, Sender
from pipeline.gateway.parameters import only_known_parameters
from pipeline.gateway.plain_json import dumps
from pipeline.gateway.problems import ProblemError
from pipeline.gateway.service import Panels
from pipeline.settings import Settings

JSON = "application/json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
ALERTS_MAX = 1000
DAYS_MAX = 3660
COMMON = (400, 401, 403, 422, 429, 501, 503)
AS_OF = "spotter-data-as-of"

tables = APIRouter(dependencies=[Depends(only_known_parameters)])
health = APIRouter()  # probes may add what they like to a path


@dataclass(frozen=True, kw_only=True)
class Reads:
    """What the read side is made of; ``not_ready`` says why it cannot work now, None when it can."""

    panels: Panels
    gate: Gate
    settings: Settings
    not_ready: Callable[[], str | None]
    metrics: Callable[[], bytes]
    pages: Sequence[BaseRoute] = ()


@tables.get(
    "/v1/uploads/{upload_id}",
    summary="What became of the items of an upload",
    response_model=doc.UploadState,
    responses=doc.problems(404, *COMMON),
)
def get_upload(request: Request, upload_id: str, caller: Sender) -> Response:
    """Items that are not listed were replaced by newer versions."""
    with _reads(request).panels.opened(caller.tenant) as panels:
        items = panels.rows("upload_items", caller.tenant, upload_id)
        if not items and not panels.rows("upload_known", caller.tenant, upload_id):
            raise ProblemError(
                404,
                "there is no such upload, it is not in the tables yet, or newer versions replaced all of it",
            )
        return json_answer({"upload_id": upload_id, "items": items}, of=panels)


@tables.get(
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
    with _reads(request).panels.opened(caller.tenant) as panels:
        found = panels.alerts(caller.tenant, athlete, state, limit + 1)
        return json_answer({"alerts": found[:limit], "more": len(found) > limit}, of=panels)


@tables.get(
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
    with _reads(request).panels.opened(caller.tenant) as panels:
        if not panels.rows("athlete_known", caller.tenant, athlete_id):
            raise ProblemError(404, "there is no such athlete")
        days = panels.rows("athlete_days", caller.tenant, athlete_id, from_day, to_day, limit)
        return json_answer({"athlete_id": athlete_id, "days": days}, of=panels)


@health.get("/healthz", summary="The process answers", response_model=doc.Health)
async def healthz() -> Response:
    """Says nothing about the data."""
    return json_answer({"status": "ok"})


@health.get("/readyz", summary="The service can work", response_model=doc.Health, responses=doc.problems(503))
def readyz(request: Request) -> Response:
    """503 while the service cannot work."""
    why_not = _reads(request).not_ready()
    if why_not is not None:
        raise ProblemError(503, why_not, headers={"Retry-After": "5"})
    return json_answer({"status": "ready"})


@health.get("/metrics", summary="Numbers for Prometheus", responses=doc.problems(401, 403))
def metrics(request: Request) -> Response:
    """Of all gyms together: for a key with the scope `admin`, or from this very machine."""
    request.app.state.gate.check_operator(request)
    return Response(_reads(request).metrics(), media_type=METRICS)


def json_answer(value: object, status: int = 200, of: Panels | None = None) -> Response:
    """A JSON answer; one from a copy of the tables says in a header when that was made."""
    headers = {AS_OF: of.as_of.isoformat()} if of is not None and of.as_of is not None else None
    return Response(dumps(value), status, headers, JSON)


def _reads(request: Request) -> Reads:
    reads: Reads = request.app.state.parts
    return reads
