"""Alerts as they leave the system: one message per revision of an episode, with its evidence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from schemas.common import Name, Notes, Strict, Title, wrong
from schemas.times import Day

EVIDENCE_MAX = 200

Rule = Annotated[str, Field(pattern=r"^[RX][0-9]{2}$")]  # X: a gym's own
Severity = Literal["info", "advice", "warning", "high"]
AlertId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="UUIDv5")]


class Evidence(Strict):
    """One number an alert rests on; an alert can be recomputed from its evidence alone."""

    metric: Name
    value: float | None = None
    threshold: float | None = None
    comparator: Literal[">=", ">", "<=", "<", "="] | None = None
    window_start: Day | None = None
    window_end: Day | None = None
    n_obs: Annotated[int, Field(ge=0)] | None = None
    baseline: float | None = None


class Alert(Strict):
    """One revision of an alert. ``revision`` is a digest of row and evidence; ids are equal after a rebuild."""

    alert_id: AlertId
    revision: Name
    tenant_id: Name
    athlete_id: Name
    rule: Rule
    scope: Annotated[str, Field(min_length=1, max_length=600)]
    severity: Severity
    state: Literal["open", "resolved", "withdrawn"]
    opened_on: Day
    updated_on: Day
    resolved_on: Day | None = None
    ends_on: Day | None = Field(default=None, description="the day it ends if nothing new comes; may lie ahead")
    folded_into: AlertId | None = None
    replaced_by: AlertId | None = Field(default=None, description="the episode that corrects a withdrawn one")
    corrects: Annotated[list[AlertId], Field(max_length=EVIDENCE_MAX)] = Field(
        default_factory=list, description="withdrawn episodes that this one stands for"
    )
    title: Title
    body: Notes
    action: Notes
    rule_version: Name
    model_version: Name
    evidence: Annotated[list[Evidence], Field(max_length=EVIDENCE_MAX)]

    @model_validator(mode="after")
    def _in_order(self) -> Alert:
        if self.updated_on < self.opened_on:
            raise wrong("out_of_range", "updated_on", "lies before `opened_on`")
        if self.state == "resolved" and self.resolved_on is None:
            raise wrong("invalid_type", "resolved_on", "is missing, and the alert is resolved")
        return self


ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)

__all__ = ["ALERT", "Alert", "Evidence", "Severity"]
