"""What is sent: ids, bodies of webhooks, texts for people. The words of an alert are its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from pipeline.relay import plan

TEXT_CHARACTERS_MAX = 1_500  # of one alert in a digest; many services cut a message at some thousand
FACES = {"info": "Note", "advice": "Advice", "warning": "Warning", "high": "Act now"}


def message_id(alert_id: str, revision: str, state: str, turn: int) -> str:
    """The id of a revision in a state: equal after a restart, a rebuild and for every channel.

    A revision that was withdrawn and came back is a message of its own, so its ``turn`` is part of the id.
    """
    name = f"{alert_id}_{revision}" if state == "open" else f"{alert_id}_{revision}_{state}"
    return name if turn == 1 else f"{name}_{turn}"


def digest_id(channel_id: str, message_ids: Sequence[str]) -> str:
    """The id of a digest: it follows from the messages in it."""
    return f"digest_{channel_id}_{hashlib.sha256(chr(10).join(message_ids).encode()).hexdigest()[:32]}"


def body(kind: str, at: datetime, data: dict[str, Any]) -> str:
    """The body of a webhook; kept as it is, so that every attempt sends the same bytes."""
    return orjson.dumps({"type": kind, "timestamp": at, "data": data}).decode()


def digest_body(at: datetime, bodies: Sequence[str]) -> str:
    """Several messages in one, each as it would have been alone."""
    return body(plan.DIGEST, at, {"messages": [orjson.loads(one) for one in bodies]})


def test_body(at: datetime, tenant: str, channel_id: str) -> str:
    """The message of ``spotter channels test``."""
    return body(plan.TEST, at, {"tenant_id": tenant, "channel_id": channel_id, "text": "Alerts will come this way."})


def title_and_text(message: str) -> tuple[str, str]:
    """A message for people: (title, text)."""
    told = orjson.loads(message)
    kind, data = told["type"], told["data"]
    if kind == plan.TEST:
        return "Spotter: a test", f"{data['text']} This is channel {data['channel_id']} of {data['tenant_id']}."
    if kind != plan.DIGEST:
        return _title(kind, data), _text(kind, data)
    parts = data["messages"]
    titles = [_title(one["type"], one["data"]) for one in parts]
    texts = [_text(one["type"], one["data"])[:TEXT_CHARACTERS_MAX] for one in parts]
    whole = "\n\n".join(f"{title}\n{text}" for title, text in zip(titles, texts, strict=True))
    return f"Spotter: {len(parts)} alerts", whole


def _title(kind: str, alert: dict[str, Any]) -> str:
    before = {
        plan.UPDATED: "Changed: ",
        plan.CORRECTED: "Corrected: ",
        plan.RESOLVED: "Over: ",
        plan.WITHDRAWN: "Withdrawn: ",
    }.get(kind, "")
    return f"{before}{FACES.get(alert['severity'], alert['severity'])} · {alert['athlete_id']} · {alert['title']}"


def _text(kind: str, alert: dict[str, Any]) -> str:
    lines = [alert["body"], alert["action"]]
    if kind == plan.WITHDRAWN:
        stands = " Another alert stands in its place." if alert["replaced_by"] else ""
        lines = [f"Data that came later shows that this alert was wrong; take it as never said.{stands}", *lines[:1]]
    elif kind == plan.RESOLVED:
        lines = [f"This alert ended on {alert['resolved_on']}.", *lines[:1]]
    return "\n".join([*(line for line in lines if line), f"{alert['rule']} · alert {alert['alert_id']}"])
