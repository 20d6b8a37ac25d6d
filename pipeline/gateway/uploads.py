"""Taking an upload: answer its items, append what can be kept, remember who sent it.

The same steps serve HTTP and the local socket. The answer leaves only after the append is
durable in the log.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from pipeline.clock import Clock
from pipeline.errors import RefusedError
from pipeline.gateway.accept import Accepted, ItemResult, accept_events
from pipeline.gateway.control import Control, Remembered
from pipeline.gateway.ids import new_id
from pipeline.gateway.service import Service
from pipeline.settings import Settings

IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
_PLAIN = b'{"index":%d,"status":"accepted","reason":null,"field":null,"message":null,"warnings":[]}'


@dataclass(frozen=True, slots=True)
class Taken:
    """An upload that was answered. ``end`` is the log's end after it, None when nothing was appended."""

    upload_id: str
    accepted: Accepted
    end: int | None

    @property
    def status(self) -> int:
        """202 when something was taken or was there before, else 422."""
        return 202 if self.accepted.accepted or self.accepted.duplicates else 422


class ReusedKeyError(RefusedError):
    """An Idempotency-Key came again with another body."""


class Uploads:
    """The door's hands; safe to use from several threads."""

    def __init__(self, service: Service, control: Control, clock: Clock, settings: Settings) -> None:
        self._service, self._control, self._clock, self._settings = service, control, clock, settings
        self._in_progress: set[tuple[str, str]] = set()
        self._turn = threading.Condition()

    def take(
        self,
        body: bytes,
        *,
        tenant: str,
        content_type: str,
        upload_id: str | None = None,
        admin: bool = False,
        source_default: str = "api",
    ) -> Taken:
        """Decode, answer item by item, append durably."""
        now = self._clock.now()
        upload = upload_id or new_id(now)
        accepted = accept_events(
            body,
            content_type=content_type,
            tenant=tenant,
            source_default=source_default,
            upload_id=upload,
            received_at=now,
            admin=admin,
        )
        end = self._service.append(accepted.records, accepted.decoded) if accepted.records else None
        return Taken(upload, accepted, end)

    def post(
        self, body: bytes, *, tenant: str, content_type: str, admin: bool, idempotency_key: str | None
    ) -> tuple[int, bytes]:
        """``take`` for HTTP: the status and JSON members of the answer; a repeated key answers from memory."""
        if idempotency_key is None:
            return self._post(body, tenant, content_type, admin)
        digest = hashlib.sha256(body).digest()
        with self._one_at_a_time((tenant, idempotency_key)):
            before = self._control.remembered(tenant, idempotency_key)
            if before is not None:
                if before.body_hash != digest:
                    raise ReusedKeyError(
                        "this Idempotency-Key was used for another body",
                        f"keys are remembered for {self._settings.idempotency_days} days",
                        "use a new key for a new body",
                    )
                return before.status, _as_duplicates(before.answer)
            status, answer = self._post(body, tenant, content_type, admin)
            entry = Remembered(digest, status, answer)
            self._control.remember(tenant, idempotency_key, entry, self._settings.idempotency_days)
            return status, answer

    def _post(self, body: bytes, tenant: str, content_type: str, admin: bool) -> tuple[int, bytes]:
        taken = self.take(body, tenant=tenant, content_type=content_type, admin=admin)
        self._control.note_sender(tenant, self._clock.now())
        return taken.status, answer_members(taken)

    @contextmanager
    def _one_at_a_time(self, key: tuple[str, str]) -> Iterator[None]:
        """Two requests with one Idempotency-Key follow each other, so the second finds the first's answer."""
        with self._turn:
            self._turn.wait_for(lambda: key not in self._in_progress)
            self._in_progress.add(key)
        try:
            yield
        finally:
            with self._turn:
                self._in_progress.discard(key)
                self._turn.notify_all()


def answer_members(taken: Taken) -> bytes:
    """The members of the JSON answer without the enclosing braces, results in the order of the items."""
    a = taken.accepted
    head = orjson.dumps(
        {"upload_id": taken.upload_id, "accepted": a.accepted, "duplicates": a.duplicates, "rejected": a.rejected}
    )
    return head[1:-1] + b',"results":[' + b",".join(_results(a.results)) + b"]"


def _results(results: Iterable[ItemResult]) -> Iterator[bytes]:
    for item in results:
        if item.status == "accepted" and not item.warnings:
            yield _PLAIN % item.index
        else:
            yield orjson.dumps(
                {
                    "index": item.index,
                    "status": item.status,
                    "reason": item.reason,
                    "field": item.field,
                    "message": item.message,
                    "warnings": list(item.warnings),
                }
            )


def _as_duplicates(members: bytes) -> bytes:
    """The remembered answer, its accepted items told as the duplicates they are now."""
    answer = orjson.loads(b"{" + members + b"}")
    for item in answer["results"]:
        if item["status"] == "accepted":
            item["status"] = "duplicate"
    answer["duplicates"] += answer["accepted"]
    answer["accepted"] = 0
    return orjson.dumps(answer)[1:-1]
