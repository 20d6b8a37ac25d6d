"""The check-in page: a form that works without JavaScript and sends the event of ``spotter checkin`` through the door.

No page of another site can send it: the form carries a token that only this process can make and only a reader of the
page can see, and a request that says it comes from elsewhere is refused.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboards.web.checkin_form import Form, empty_form, fill
from pipeline.clock import Clock
from pipeline.errors import StorageError
from schemas.checkin import PAIN_TOLD
from schemas.recovery import INSTRUMENTS

BODY_BYTES_MAX = 64 << 10
BODY_SECONDS_MAX = 20.0
GOOD_FOR = timedelta(hours=12)  # a page of yesterday would overwrite yesterday's check-in
FORM_TYPE = "application/x-www-form-urlencoded"


class Result(Protocol):
    """What the door answers to an event."""

    @property
    def status(self) -> str: ...
    @property
    def field(self) -> str | None: ...
    @property
    def message(self) -> str | None: ...
    @property
    def warnings(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Sending:
    """What the form needs besides panels.

    ``sender_of`` says for which tenant a request may send, or raises; ``take`` gives a tenant's event (JSON) to the
    door, waits until it is durable in the log and answers; ``muscles`` are those of the catalogue.
    """

    sender_of: Callable[[Request], str]
    take: Callable[[str, bytes], Result]
    clock: Clock
    muscles: Sequence[str]


class PanelRows(Protocol):
    """Rows of a panel."""

    def rows(self, panel: str, *parameters: object) -> list[dict[str, object]]: ...


class CheckinPage:
    """Shows the form and takes it; ``page`` renders a template, ``tenant_of`` is that of all pages."""

    def __init__(
        self,
        panels: PanelRows,
        tenant_of: Callable[[Request], str],
        sending: Sending,
        page: Callable[..., Response],
    ) -> None:
        self._panels, self._tenant_of, self._sending, self._page = panels, tenant_of, sending, page
        self._secret = secrets.token_bytes(32)

    def routes(self) -> list[BaseRoute]:
        """``/checkin/<athlete>``: the form (GET), and what was filled in (POST)."""
        return [Route("/checkin/{athlete_id:path}", self._ask, name="checkin", methods=["GET"]),
                Route("/checkin/{athlete_id:path}", self._receive, name="send_checkin", methods=["POST"])]  # fmt: skip

    def _ask(self, request: Request) -> Response:
        tenant, athlete = self._tenant_of(request), str(request.path_params["athlete_id"])
        if not self._panels.rows("athlete_known", tenant, athlete):
            return self._page("missing.html", status=404, tenant=tenant)
        newest = next(iter(self._panels.rows("last_checkin", tenant, athlete)), {"instrument": "plain"})
        # answers are compared with answers to the same questions only, so the questions stay those of last time
        instrument = request.query_params.get("instrument", str(newest["instrument"]))
        if instrument not in INSTRUMENTS:
            raise HTTPException(404, f"there is no such questionnaire; known are {', '.join(sorted(INSTRUMENTS))}")
        form = empty_form(instrument, self._sending.muscles)
        taken = "taken" in request.query_params
        notes = [PAIN_TOLD] if taken and "pain" in request.query_params else []
        return self._show(tenant, athlete, form, taken=taken, notes=notes)

    async def _receive(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
            raise HTTPException(415, f"the form sends {FORM_TYPE}")
        if _is_foreign(request):
            raise HTTPException(403, "a check-in is sent from its own page only; open it and answer there")
        body = await _body(request)
        return await run_in_threadpool(self._take, request, body)

    def _take(self, request: Request, body: bytes) -> Response:
        tenant, athlete = self._sending.sender_of(request), str(request.path_params["athlete_id"])
        if not self._panels.rows("athlete_known", tenant, athlete):
            return self._page("missing.html", status=404, tenant=tenant)
        try:
            form = fill(body, self._sending.muscles)
        except ValueError as error:
            raise HTTPException(400, f"this is no filled-in check-in form: {error}") from None
        now = self._sending.clock.now()
        issued = self._issued(tenant, athlete, form, now)
        if issued is None:
            form.errors.append("This page was open for too long. Look over the answers and send them once more.")
            return self._show(tenant, athlete, form, status=403)
        if not form.can_be_sent:
            return self._show(tenant, athlete, form, status=422)
        try:
            result = self._sending.take(tenant, json.dumps(form.event(athlete, now, issued)).encode())
        except StorageError as error:
            form.errors.append(f"The check-in was not taken: {error.what}. Send it again in a while.")
            return self._show(tenant, athlete, form, status=503)
        if result.status == "rejected":
            form.refuse(result.field, result.message or "This cannot be used.")
            return self._show(tenant, athlete, form, status=422)
        if result.warnings:
            notes = [*result.warnings, *([PAIN_TOLD] if form.says_pain else [])]
            return self._show(
                tenant, athlete, empty_form(form.instrument, self._sending.muscles), taken=True, notes=notes
            )
        told = {"taken": "1"} | ({"pain": "1"} if form.says_pain else {})
        return RedirectResponse(checkin_url(athlete, tenant, **told), 303)

    def _show(
        self,
        tenant: str,
        athlete: str,
        form: Form,
        *,
        status: int = 200,
        taken: bool = False,
        notes: Sequence[str] = (),
    ) -> Response:
        form.issued = self._sending.clock.now().isoformat(timespec="milliseconds")
        form.token = self._token(tenant, athlete, form.issued)
        zone = next(iter(self._panels.rows("athlete_zone", tenant, athlete, None)), {"timezone": None})["timezone"]
        waiting = self._panels.rows("undated_checkins", tenant, athlete)
        return self._page(
            "checkin.html",
            status=status,
            tenant=tenant,
            athlete=athlete,
            form=form,
            taken=taken,
            notes=list(notes),
            zone=zone,
            waiting=bool(waiting),
            instruments=sorted(set(INSTRUMENTS) - {form.instrument}),
        )

    def _issued(self, tenant: str, athlete: str, form: Form, now: datetime) -> datetime | None:
        """When this process made the page that the form comes from; None when it did not, or not lately."""
        if not hmac.compare_digest(self._token(tenant, athlete, form.issued).encode(), form.token.encode()):
            return None
        at = datetime.fromisoformat(form.issued)
        return at if now - GOOD_FOR <= at <= now else None

    def _token(self, tenant: str, athlete: str, issued: str) -> str:
        told = json.dumps([tenant, athlete, issued]).encode()
        return hmac.new(self._secret, told, "sha256").hexdigest()


def checkin_url(athlete: str, tenant: str, **query: str) -> str:
    """The address of an athlete's check-in page."""
    asked = ({} if tenant == "home" else {"tenant": tenant}) | query
    suffix = "&".join(f"{name}={quote(text, safe='')}" for name, text in asked.items())
    return f"/checkin/{quote(athlete, safe='')}" + (f"?{suffix}" if suffix else "")


def _is_foreign(request: Request) -> bool:
    """Whether the browser says that another site, or another port of this machine, made it send this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host", "")


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                size += len(part)
                if size > BODY_BYTES_MAX:
                    raise HTTPException(413, f"a check-in form has at most {BODY_BYTES_MAX} bytes")
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, f"the form did not arrive within {BODY_SECONDS_MAX:g} s") from None
    except ClientDisconnect:
        raise HTTPException(400, "the sender went away before the form was complete") from None
    return b"".join(parts)
