"""What a channel hears of an alert, and when: one decision when news comes in, one before each attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pipeline.gateway.channels import Wishes
from pipeline.relay import hours
from pipeline.relay.delivery import UNDONE, Delivery

LEVELS = ("info", "advice", "warning", "high")
OPENED, UPDATED, CORRECTED = "alert.opened", "alert.updated", "alert.corrected"
RESOLVED, WITHDRAWN = "alert.resolved", "alert.withdrawn"
DIGEST, TEST = "alert.digest", "channel.test"


class PutAside(Protocol):
    """What people put aside."""

    def acknowledged_at(self, tenant: str, alert_id: str) -> datetime | None:
        """When the alert was acknowledged."""
        ...

    def snoozed_until(self, tenant: str, alert_id: str, athlete: str) -> datetime | None:
        """Until when alert or athlete are put aside."""
        ...


def wants(wishes: Wishes, alert: dict[str, Any]) -> bool:
    """Whether the channel asks for this kind of alert."""
    return (not wishes.severities or alert["severity"] in wishes.severities) and (
        not wishes.rules or alert["rule"] in wishes.rules
    )


def news_kind(
    alert: dict[str, Any], before: Sequence[Delivery], corrected: Delivery | None, wishes: Wishes
) -> str | None:
    """What this state of an alert is to a channel; None when the channel does not hear of it.

    ``before``: what the channel has of the same alert, oldest first; ``corrected``: what it was sent last of an alert
    that this one stands for. An alert that rises in severity is news, whatever the channel asks for. What was tried
    without success may have arrived: it is taken back like what was sent, and does not keep a newer state away.
    """
    told = [one for one in before if one.told]
    sent = [one for one in before if one.status == "sent"]
    if alert["state"] == "withdrawn":
        return WITHDRAWN if told and told[-1].kind != WITHDRAWN else None
    if alert["state"] == "resolved":
        return RESOLVED if told and told[-1].kind != WITHDRAWN and wishes.updates else None
    if told and told[-1].kind == WITHDRAWN:  # it was taken back, and stands again
        return OPENED if wants(wishes, alert) else None
    if sent:
        return UPDATED if wishes.updates or _rises(alert, sent[-1]) else None
    waiting = [one.kind for one in outdated(before) if one.kind in (OPENED, CORRECTED)]
    if waiting:
        return waiting[-1]
    if corrected is not None:
        return CORRECTED if wishes.updates or _rises(alert, corrected) else None
    return OPENED if wants(wishes, alert) else None


def outdated(before: Sequence[Delivery]) -> list[Delivery]:
    """What waits to be sent about an alert and is no longer how it stands."""
    return [one for one in before if one.status in UNDONE]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a message goes now, later (``until``; ``bundled`` with others) or never (``why``)."""

    does: Literal["go", "wait", "drop"]
    until: datetime | None = None
    bundled: bool = False
    why: str = ""


GO = Gate("go")


def gate(one: Delivery, wishes: Wishes, aside: PutAside, sent_today: int, now: datetime) -> Gate:
    """The decision before an attempt; ``sent_today``: messages about the athlete on the channel's local day."""
    if one.kind == TEST:
        return GO
    if one.alert_id is not None and one.athlete is not None and one.kind != WITHDRAWN:
        if aside.acknowledged_at(one.tenant, one.alert_id) is not None:
            return Gate("drop", why="acknowledged")
        snoozed = aside.snoozed_until(one.tenant, one.alert_id, one.athlete)
        if snoozed is not None:
            return Gate("wait", snoozed)
    if one.severity == LEVELS[-1] or wishes.zone is None:
        return GO
    fresh = one.kind != DIGEST and not one.bundled and one.attempts == 0
    if fresh and wishes.digest is not None:
        return _bundled(wishes, hours.next_time(now, wishes.digest, wishes.zone))
    until = _quiet(wishes, now)
    if until is not None:
        return Gate("wait", until, bundled=one.kind != DIGEST)
    if fresh and wishes.per_day is not None and one.kind != WITHDRAWN and sent_today >= wishes.per_day:
        return _bundled(wishes, hours.day_of(now, wishes.zone)[1])
    return GO


def _bundled(wishes: Wishes, at: datetime) -> Gate:
    return Gate("wait", _quiet(wishes, at) or at, bundled=True)


def _quiet(wishes: Wishes, at: datetime) -> datetime | None:
    if wishes.quiet is None or wishes.zone is None:
        return None
    return hours.quiet_until(at, *wishes.quiet, wishes.zone)


def _rises(alert: dict[str, Any], before: Delivery) -> bool:
    return _level(alert["severity"]) > _level(before.severity)


def _level(severity: str) -> int:
    return LEVELS.index(severity) if severity in LEVELS else len(LEVELS)
