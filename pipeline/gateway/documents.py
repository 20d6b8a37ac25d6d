"""The shapes of the door's JSON answers, for the OpenAPI document and its readers."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel

from pipeline.gateway.problems import MEDIA_TYPE


class Item(BaseModel):
    """What became of one item of an upload."""

    index: int
    status: str
    reason: str | None
    field: str | None
    message: str | None
    warnings: list[str]


class UploadAnswer(BaseModel):
    """One result per item, in their order."""

    upload_id: str
    accepted: int
    duplicates: int
    rejected: int
    results: list[Item]


class RowReason(BaseModel):
    """Rows that were not accepted for one reason: how many, and the first of them."""

    status: str
    reason: str
    count: int
    row: int
    field: str | None
    message: str | None


class ImportAnswer(BaseModel):
    """What became of a vendor file; ``import_id`` is null for a preview, ``told`` the first rejected rows."""

    import_id: str | None
    decoder: str
    source: str
    documents: int
    kinds: dict[str, int]
    new_documents: int | None
    known_documents: int | None
    rows: int
    accepted: int
    ignored: int
    rejected: int
    reasons: list[RowReason]
    told: list[dict[str, Any]]
    preview: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    warnings: list[str]


class Withdrawal(BaseModel):
    """An import that is taken back; the tables follow within seconds."""

    import_id: str
    withdrawn: bool


class ItemState(BaseModel):
    """Where an item is now: current, deleted or rejected."""

    index: int
    status: str
    reason: str | None
    field: str | None


class UploadState(BaseModel):
    """Items that are not listed were replaced by newer versions."""

    upload_id: str
    items: list[ItemState]


class Evidence(BaseModel):
    """One number an alert rests on."""

    metric: str
    value: float | None
    threshold: float | None
    comparator: str | None
    window_start: date | None
    window_end: date | None
    n_obs: int | None
    baseline: float | None


class Alert(BaseModel):
    """One episode of a rule, with its evidence."""

    alert_id: str
    athlete_id: str
    rule: str
    scope: str
    severity: str
    state: str
    revision: str | None
    opened_on: date | None
    updated_on: date | None
    resolved_on: date | None
    title: str | None
    body: str | None
    action: str | None
    folded_into: str | None
    replaced_by: str | None
    rule_version: str | None
    model_version: str | None
    evidence: list[Evidence]


class Alerts(BaseModel):
    """Alerts, newest first; ``more`` when the limit cut some off."""

    alerts: list[Alert]
    more: bool


class Days(BaseModel):
    """Days of one athlete, oldest first."""

    athlete_id: str
    days: list[dict[str, Any]]


class Health(BaseModel):
    """Whether the process answers, and whether it can take uploads."""

    status: str


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` argument of a route that answers these problem documents."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {"description": "Problem document", "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }


EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One event, a JSON array of events, or one event a line; `Content-Encoding: gzip` is allowed.",
        "content": {
            "application/json": {"schema": {"oneOf": [{"type": "object"}, {"type": "array"}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}

IMPORT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "athlete"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "athlete": {"type": "string", "description": "whose records these are"},
                        "source": {
                            "type": "string",
                            "default": "auto",
                            "description": "the logger",
                        },
                        "tz": {"type": "string", "description": "IANA zone of wall-clock times, e.g. Europe/Berlin"},
                        "unit": {"type": "string", "enum": ["kg", "lb"]},
                        "preview": {"type": "boolean", "default": False},
                    },
                }
            }
        },
    }
}
