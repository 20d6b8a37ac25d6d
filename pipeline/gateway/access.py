"""Who is calling: bearer keys, scopes, rates; and pages on one's own machine."""

from __future__ import annotations

import base64
import ipaddress
import time
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pipeline.gateway.control import HOME, Control
from pipeline.gateway.keys import Caller
from pipeline.gateway.problems import ProblemError
from pipeline.settings import Settings

_BEARER = HTTPBearer(auto_error=False, description="An API key: `spotter keys create --scope ingest`")
_CHALLENGE = 'Bearer realm="spotter"'
_CHALLENGES = f'Basic realm="Spotter: a key as password", charset="UTF-8", {_CHALLENGE}'
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_BUCKETS_MAX = 10_000


class Gate:
    """Checks keys, scopes and rates. ``trusts_loopback``: pages need no key from this very machine."""

    def __init__(self, control: Control, settings: Settings, *, trusts_loopback: bool) -> None:
        self._control, self._settings, self._trusts_loopback = control, settings, trusts_loopback
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, credentials: HTTPAuthorizationCredentials | None, scope: str) -> Caller:
        """The caller of these credentials; raises 401, 403 and 429 problems."""
        caller = self._known(credentials.credentials if credentials else "", scope)
        self._spend(caller.key_id)
        return caller

    def page_tenant(self, request: Request) -> str:
        """Whose pages are shown: the key's tenant; without a key ``home`` (or ``?tenant=``), on loopback only.

        A browser asks its user for a name and a password: the key is the password, the name is of no consequence.
        """
        return self._page_tenant(request, "read")

    def page_sender(self, request: Request) -> str:
        """For whom a form of the pages may send, by the same rules: a key needs the scope ``ingest``, and is not taken
        as a password, which a browser would send along with another site's form."""
        return self._page_tenant(request, "ingest")

    def _page_tenant(self, request: Request, scope: str) -> str:
        key = _key_of(request, as_password=scope == "read")
        challenge = _CHALLENGES if scope == "read" else _CHALLENGE
        if key is not None:
            caller = self._known(key, scope, challenge)
            if scope == "ingest":
                self._spend(caller.key_id)
            return caller.tenant
        if not (self._trusts_loopback and _is_local(request)):
            raise _unknown_caller(challenge)
        wanted = request.query_params.get("tenant", HOME)
        if not self._control.has_tenant(wanted):
            raise ProblemError(404, "there is no such tenant")
        return wanted

    def check_operator(self, request: Request) -> None:
        """Who runs the process: a key with the scope ``admin``, or a program on this very machine; else 401, 403."""
        key = _key_of(request, as_password=False)
        if key is not None:
            self._known(key, "admin")
        elif not (self._trusts_loopback and _is_local(request)):
            raise _unknown_caller()

    def _known(self, key: str, scope: str, challenge: str = _CHALLENGE) -> Caller:
        """Whose key it is; raises 401 with the challenge, and 403 where it lacks the scope."""
        caller = self._control.caller(key)
        if caller is None:
            raise _unknown_caller(challenge)
        if not caller.may(scope):
            raise ProblemError(403, f"the key {caller.key_id} lacks the scope {scope!r}", members={"scope": scope})
        return caller

    def _spend(self, key_id: str) -> None:
        now = time.monotonic()
        rate, burst = self._settings.requests_per_second, float(self._settings.requests_burst)
        tokens, at = self._buckets.get(key_id, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        if tokens < 1.0:
            self._buckets[key_id] = (tokens, now)
            wait_s = max(1, round((1.0 - tokens) / rate))
            raise ProblemError(429, "this key sends too many requests", headers={"Retry-After": str(wait_s)})
        if len(self._buckets) > _BUCKETS_MAX:
            self._buckets.clear()
        self._buckets[key_id] = (tokens - 1.0, now)


Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


async def _sender(request: Request, credentials: Credentials) -> Caller:
    return _gate(request).check(credentials, "ingest")


async def _reader(request: Request, credentials: Credentials) -> Caller:
    return _gate(request).check(credentials, "read")


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


Sender = Annotated[Caller, Depends(_sender)]
"""The caller of a route that needs the scope ``ingest``; the application's ``state.gate`` checks it."""
Reader = Annotated[Caller, Depends(_reader)]
"""The same for ``read``."""


def _key_of(request: Request, *, as_password: bool) -> str | None:
    """The key a request brings; None when it brings none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return text.strip()
    if as_password and scheme.lower() == "basic":
        try:
            return base64.b64decode(text.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""  # no key is empty
    return None


def _unknown_caller(challenge: str = _CHALLENGE) -> ProblemError:
    return ProblemError(
        401,
        "send `Authorization: Bearer <key>` with a live key; `spotter keys create` makes one",
        headers={"WWW-Authenticate": challenge},
    )


def _is_local(request: Request) -> bool:
    """From this machine, not through a proxy, and asked for by a local name (no rebound foreign name)."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        from_here = ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host
    return from_here and name in _LOCAL_NAMES
