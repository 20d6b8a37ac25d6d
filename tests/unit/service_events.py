"""Small helpers to feed a service in tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.gateway.accept import accept_events
from pipeline.worker.embedded import Embedded

RECEIVED = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_set(document: str, **changes: Any) -> dict[str, Any]:
    """A set that every check takes; ``changes`` replace fields, None removes one."""
    event: dict[str, Any] = {
        "kind": "set",
        "athlete": "ana",
        "source": "bar",
        "document": document,
        "performed_at": "2026-11-20T18:05:00+01:00",
        "session": "s1",
        "exercise": "Bench Press (Barbell)",
        "set_index": 1,
        "set_type": "working",
        "weight": {"value": 80, "unit": "kg"},
        "reps": 8,
        "effort": {"scale": "rir", "value": 1},
    }
    event.update(changes)
    return {name: value for name, value in event.items() if value is not None}


def send(
    service: Embedded,
    events: Iterable[dict[str, Any]],
    *,
    upload: str = "u1",
    tenant: str = "home",
    admin: bool = False,
    apply: bool = True,
) -> None:
    """Through the door and, unless ``apply`` is off, into the tables."""
    body = "\n".join(json.dumps(event) for event in events).encode()
    accepted = accept_events(
        body,
        content_type="application/x-ndjson",
        tenant=tenant,
        upload_id=upload,
        received_at=RECEIVED,
        admin=admin,
    )
    service.append(accepted.records)
    if apply:
        service.apply_all()


def rows(service: Embedded, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of a query as tuples."""
    return [tuple(row.values()) for row in service.query(sql, parameters)]
