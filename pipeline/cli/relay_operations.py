"""Operations on alerts and channels: what the owner of a data folder does for ``spotter alerts`` and ``channels``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.cli.athletes import unknown_athlete
from pipeline.errors import RefusedError
from pipeline.worker.fresh import are_elsewhere

if TYPE_CHECKING:
    from pipeline.cli.operations import Operations, Progress
    from pipeline.clock import Clock
    from pipeline.gateway.channels import Channel, Channels
    from pipeline.gateway.control import Control
    from pipeline.relay.ledger import Ledger
    from pipeline.relay.relay import Relay
    from pipeline.settings import Settings
    from pipeline.worker.embedded import Embedded

NEWS_MAX = 200
ID_CHARACTERS_MIN = 8
FED_SECONDS_MAX = 10.0
_WHOLE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEWS = """
select seq, tenant_id, athlete_id, payload
from base.outbox
where seq > ?
order by seq
limit ?
"""


def build_relay(service: Embedded, control: Control, clock: Clock, settings: Settings) -> Relay:
    """The relay of a folder: its outbox, its ledger, its channels."""
    from pipeline.gateway.channels import Channels
    from pipeline.relay.ledger import Ledger
    from pipeline.relay.relay import Relay
    from pipeline.relay.send import ChannelSender
    from pipeline.relay.source import OutboxSource

    source = OutboxSource(service.query, service.note_delivered)
    return Relay(source, Ledger(service.data), Channels(control, clock), ChannelSender(settings), clock)


def _alerts(
    ops: Operations,
    *,
    body: bytes,
    progress: Progress,
    tenant: str,
    athlete: str | None,
    state: str | None,
    rows_max: int,
) -> object:
    from pipeline.gateway.channels import Channels

    aside = Channels(ops.control, ops.clock).put_aside(tenant)
    return [
        row
        | {
            "acknowledged_at": aside.acknowledged.get(str(row["alert_id"])),
            "snoozed_until": max(
                aside.alerts.get(str(row["alert_id"]), ""), aside.athletes.get(str(row["athlete_id"]), "")
            )
            or None,
        }
        for row in ops.panels.alerts(tenant, athlete, state, rows_max)
    ]


def _news(ops: Operations, *, body: bytes, progress: Progress, tenant: str, after: int | None) -> dict[str, object]:
    """Alerts told after number ``after``, and the number to ask with next; without one, where the stream stands."""
    import orjson

    if after is None:
        return {"after": ops.service.query("select coalesce(max(seq), 0) as n from base.outbox")[0]["n"], "alerts": []}
    rows: list[dict[str, Any]] = ops.service.query(_NEWS, [after, NEWS_MAX])
    told = [orjson.loads(row["payload"]) for row in rows if row["tenant_id"] == tenant]
    return {"after": rows[-1]["seq"] if rows else after, "alerts": told}


def _acknowledge(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, alert: str, undo: bool
) -> dict[str, object]:
    row = _named(ops, tenant, alert)
    ops.relay.channels.acknowledge(tenant, str(row["alert_id"]), undo=undo)
    return row


def _snooze(
    ops: Operations,
    *,
    body: bytes,
    progress: Progress,
    tenant: str,
    alert: str | None,
    athlete: str | None,
    until: str | None,
) -> dict[str, object]:
    end = datetime.fromisoformat(until) if until else None
    if end is not None and end <= ops.clock.now():
        raise RefusedError(f"{end.isoformat()} is over", do="give a day or a time that lies ahead")
    if alert is not None:
        row = _named(ops, tenant, alert)
        ops.relay.channels.snooze(tenant, "alert", str(row["alert_id"]), end)
        return row
    if not are_elsewhere(ops.service.data) and not ops.panels.rows("athlete_known", tenant, athlete):
        raise unknown_athlete(ops.panels.rows("roster", tenant, None), str(athlete), tenant)
    ops.relay.channels.snooze(tenant, "athlete", str(athlete), end)
    return {"athlete_id": athlete}


def _named(ops: Operations, tenant: str, alert: str) -> dict[str, object]:
    """The alert whose id begins so; raises RefusedError unless it is exactly one.

    A gateway has no tables: it takes a whole id, as a message has it, for what it is.
    """
    if are_elsewhere(ops.service.data):
        if not _WHOLE_ID.fullmatch(alert):
            raise RefusedError(
                f"{alert!r} is no whole id of an alert",
                "a gateway has no tables to look for its beginning in",
                "give the whole id, as messages and /v1/alerts have it",
            )
        return {"alert_id": alert, "title": alert}
    rows = ops.panels.rows("alert_named", tenant, alert) if len(alert) >= ID_CHARACTERS_MIN else []
    if len(rows) == 1:
        return rows[0]
    why = (
        "several ids begin so" if rows else f"no id in {tenant} begins so, with {ID_CHARACTERS_MIN} characters or more"
    )
    raise RefusedError(f"the alert {alert!r} is not known", why, "`spotter alerts` shows the ids")


def _add(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, url: str, wishes: dict[str, Any]
) -> dict[str, object]:
    from pipeline.gateway.channels import wishes_of
    from pipeline.gateway.control import check_tenant_name
    from pipeline.relay.send import ChannelSender

    check_tenant_name(tenant)
    kind, service = ChannelSender(ops.settings).examine(url)
    ops.relay.take_in()  # what was there before the channel is no news to it
    channel_id, secret = ops.relay.channels.add(tenant, kind, url, wishes_of(wishes))
    return {
        "channel_id": channel_id,
        "tenant": tenant,
        "kind": kind,
        "service": service,
        "secret": secret,
        "hears": _hears(ops),
    }


def _hears(ops: Operations) -> bool:
    """Whether the channel hears of what comes from now on: beside a gateway, when that has published it."""
    from pipeline.gateway.shared_control import wait_until_fed

    beside_gateway = bool(ops.settings.brokers or ops.control.fed())
    return not beside_gateway or wait_until_fed(ops.control, FED_SECONDS_MAX)


def _list(ops: Operations, *, body: bytes, progress: Progress, tenant: str | None) -> list[dict[str, object]]:
    return listed(ops.relay.channels, ops.relay.ledger, tenant)


def listed(channels: Channels, ledger: Ledger, tenant: str | None) -> list[dict[str, object]]:
    """The channels of a gym, or of all, with what was sent over each."""
    return [_told(ledger, channel) for channel in channels.of(tenant)]


def _told(ledger: Ledger, channel: Channel) -> dict[str, object]:
    """A channel as listed: no secret, and of its address only where it leads."""
    wishes, last = channel.wishes, ledger.history(channel.channel_id, 1)
    counts = ledger.counts(channel.channel_id)
    return {
        "channel_id": channel.channel_id,
        "tenant": channel.tenant,
        "name": wishes.name,
        "kind": channel.kind,
        "leads_to": _leads_to(channel),
        "severities": list(wishes.severities),
        "rules": list(wishes.rules),
        "updates": wishes.updates,
        "timezone": wishes.zone,
        "quiet": "-".join(wishes.quiet) if wishes.quiet else None,
        "digest": wishes.digest,
        "per_day": wishes.per_day,
        "created_at": channel.created_at,
        "disabled_at": channel.disabled_at,
        "disabled_why": channel.disabled_why,
        "sent": counts.get("sent", 0),
        "waiting": sum(counts.get(status, 0) for status in ("due", "sending", "in digest")),
        "failed": counts.get("failed", 0),
        "last": last[0].answer if last else None,
    }


def _leads_to(channel: Channel) -> str:
    scheme = channel.url.partition("://")[0]
    if channel.kind != "webhook":
        return f"{scheme}://…"  # in such an address nearly every part may be a password
    return f"{scheme}://{urlsplit(channel.url).netloc}/…"


def _test(ops: Operations, *, body: bytes, progress: Progress, tenant: str, channel_id: str) -> dict[str, object]:
    outcome = ops.relay.test(ops.relay.channels.require(tenant, channel_id))
    return {"channel_id": channel_id, "sent": outcome.verdict == "sent", "told": outcome.told}


def _remove(ops: Operations, *, body: bytes, progress: Progress, tenant: str, channel_id: str) -> dict[str, object]:
    ops.relay.channels.remove(tenant, channel_id)
    return {"channel_id": channel_id}


def _enable(ops: Operations, *, body: bytes, progress: Progress, tenant: str, channel_id: str) -> dict[str, object]:
    ops.relay.take_in()
    ops.relay.channels.enable(tenant, channel_id)
    return {"channel_id": channel_id, "hears": _hears(ops)}


def _rotate(ops: Operations, *, body: bytes, progress: Progress, tenant: str, channel_id: str) -> dict[str, object]:
    overlap = timedelta(hours=ops.settings.secret_overlap_hours)
    secret = ops.relay.channels.rotate(tenant, channel_id, overlap)
    return {"channel_id": channel_id, "secret": secret, "old_until": ops.clock.now() + overlap}


def _log(
    ops: Operations, *, body: bytes, progress: Progress, tenant: str, channel_id: str, rows_max: int
) -> list[dict[str, object]]:
    return logged(ops.relay.channels, ops.relay.ledger, tenant, channel_id, rows_max)


def logged(channels: Channels, ledger: Ledger, tenant: str, channel_id: str, rows_max: int) -> list[dict[str, object]]:
    """What became of the newest messages of a channel; raises RefusedError when the gym has none of that id."""
    channels.require(tenant, channel_id)
    return [
        {
            "created_at": one.created_at,
            "kind": one.kind,
            "athlete_id": one.athlete,
            "severity": one.severity,
            "status": one.status,
            "attempts": one.attempts,
            "next_at": one.next_at if one.status == "due" else None,
            "answer": one.answer,
            "message_id": one.message_id,
        }
        for one in ledger.history(channel_id, rows_max)
    ]


RELAY_OPERATIONS: dict[str, Callable[..., object]] = {
    "alerts": _alerts,
    "alert_news": _news,
    "alert_acknowledge": _acknowledge,
    "alert_snooze": _snooze,
    "channel_add": _add,
    "channel_list": _list,
    "channel_test": _test,
    "channel_remove": _remove,
    "channel_enable": _enable,
    "channel_rotate": _rotate,
    "channel_log": _log,
}
