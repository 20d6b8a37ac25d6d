"""The outermost layer of the HTTP door: security headers on every answer, and no answer lost to a bug."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.gateway.problems import ProblemError

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}
STATIC_PREFIX = "/static/"
STATIC_CACHE = "public, max-age=3600"

log = structlog.get_logger("spotter.http")


class Shield:
    """Wraps an application; adds the headers and turns an escaped exception into a 500 problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = ended = False

        async def guarded(message: Message) -> None:
            nonlocal started, ended
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message, scope["path"])
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self.app(scope, receive, guarded)
        except Exception as error:
            # the body and the path's ids stay out of the log: they may be personal data
            log.error("request failed", method=scope["method"], error=type(error).__name__, where=_where(error))
            if started and not ended:
                raise  # the server cuts the connection, so that half an answer is not taken for a whole one
            if not started:
                await unforeseen().response()(scope, receive, guarded)


def unforeseen() -> ProblemError:
    """What a caller is told about a bug: nothing of its inside."""
    return ProblemError(500, "the request met an error that was not foreseen; it is in the log")


def _add_headers(message: Message, path: str) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in HEADERS.items():
        headers[name] = value
    fresh_file = path.startswith(STATIC_PREFIX) and message["status"] in (200, 304)
    headers["cache-control"] = STATIC_CACHE if fresh_file else "no-store"


def _where(error: BaseException) -> str:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_globals.get('__name__', '?')}:{at.tb_lineno}" if at is not None else "?"
