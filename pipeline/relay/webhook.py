"""A signed webhook as Standard Webhooks prescribes: id, timestamp, one signature per valid secret."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import httpx
from standardwebhooks import Webhook

from pipeline.relay.addresses import AddressRefusedError, Resolver, checked_addresses, checked_url, resolve
from pipeline.relay.outcome import Outcome
from pipeline.relay.schedule import retry_after

ANSWER_BYTES_MAX = 64 << 10  # what is read of an answer, so that the connection can end in order
ADDRESSES_MAX = 4  # of one host are tried
CONNECT_SECONDS_MAX = 5.0
USER_AGENT = "spotter-relay"
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they would log addresses, which may hold a receiver's secret


def headers(message_id: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The three headers of the standard; ``now`` in UTC, ``secrets`` the newest first."""
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(
    url: str,
    message_id: str,
    body: str,
    secrets: Sequence[str],
    *,
    now: datetime,
    seconds_max: float,
    allowed: str,
    resolver: Resolver = resolve,
) -> Outcome:
    """One attempt, done within ``seconds_max``; never raises for what the other side does."""
    try:
        host, port = checked_url(url, allowed)
        found = checked_addresses(host, port, allowed, resolver)
        sent = headers(message_id, body, secrets, now)
        status, asked = asyncio.run(asyncio.wait_for(_post(httpx.URL(url), host, found, body, sent), seconds_max))
    except AddressRefusedError as error:
        return Outcome("again", f"{error.what}: {error.why}")
    except TimeoutError:
        return Outcome("again", f"no answer within {seconds_max:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return Outcome("again", f"not reached: {type(error).__name__}")
    return outcome(status, retry_after(asked, now))


async def _post(
    target: httpx.URL, host: str, found: Sequence[str], body: str, sent: dict[str, str]
) -> tuple[int, str | None]:
    """(status, Retry-After) of the first address that takes the connection."""
    named = sent | {
        "host": target.netloc.decode("ascii"),
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }
    limits = httpx.Timeout(None, connect=CONNECT_SECONDS_MAX)
    async with httpx.AsyncClient(verify=_trust(), trust_env=False, follow_redirects=False, timeout=limits) as client:
        for last, address in enumerate(found[:ADDRESSES_MAX], start=1 - min(len(found), ADDRESSES_MAX)):
            # the request goes to the address that was checked; name and certificate stay those of the host
            request = client.build_request(
                "POST",
                target.copy_with(host=address),
                content=body.encode(),
                headers=named,
                extensions={"sni_hostname": host},
            )
            try:
                answer = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if last == 0:
                    raise
                continue
            try:
                await _read_away(answer)
            finally:
                await answer.aclose()
            return answer.status_code, answer.headers.get("retry-after")
    raise httpx.ConnectError("no address")


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates count; made once, because reading them takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


async def _read_away(answer: httpx.Response) -> None:
    read = 0
    async for part in answer.aiter_raw():
        read += len(part)
        if read > ANSWER_BYTES_MAX:
            return


def outcome(status: int, asked: datetime | None) -> Outcome:
    """What an HTTP status means; ``asked`` is its Retry-After."""
    if 200 <= status < 300:
        return Outcome("sent", f"HTTP {status}")
    if status == 410:
        return Outcome("gone", "HTTP 410: the receiver wants nothing more")
    if 300 <= status < 400:
        return Outcome("again", f"HTTP {status}: redirects are not followed")
    return Outcome("again", f"HTTP {status}", asked)
