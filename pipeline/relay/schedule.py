"""When a message is tried again: the schedule of Standard Webhooks, ten attempts over 75 h 35 min 5 s."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# waits after the first, second, … attempt that failed
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS_MAX = len(WAITS) + 1
SPREAD = 0.1  # waits are longer or shorter by up to this share, so that many messages do not come back at once
RETRY_AFTER_MAX = timedelta(days=3)


def wait_after(attempts: int, message_id: str) -> timedelta | None:
    """The wait after so many attempts that failed; None when there is no further one.

    The spread follows from id and attempt, so a restart computes the same instant.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    digest = hashlib.sha256(f"{message_id} {attempts}".encode()).digest()
    part = int.from_bytes(digest[:4], "big") / 0xFFFFFFFF
    return WAITS[attempts - 1] * (1 + SPREAD * (2 * part - 1))


def retry_after(text: str | None, now: datetime) -> datetime | None:
    """The instant a ``Retry-After`` header asks for (seconds or an HTTP date), at most three days ahead."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        at = now + min(timedelta(seconds=min(int(text[:9]), 10**8)), RETRY_AFTER_MAX)
    else:
        try:
            said = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        at = min(said if said.tzinfo else said.replace(tzinfo=UTC), now + RETRY_AFTER_MAX)
    return at if at > now else None
