"""Where a gym wants its alerts: channels, what each wants to hear, and what people put aside.

Control data, so it lies in the control file. A secret that signs cannot be kept as a hash; it is printed once, is in
no list and no log line, and the control file is readable by its owner only.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from pipeline.clock import Clock
from pipeline.errors import RefusedError
from pipeline.gateway.control import Control

Kind = Literal["webhook", "apprise"]
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"
_COLUMNS = (
    "channel_id, tenant_id, kind, url, secret, old_secret, old_until, wishes, created_at, disabled_at, disabled_why"
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a channel wants to hear, and when. Times are local ``HH:MM`` of ``zone``."""

    name: str = ""
    severities: tuple[str, ...] = ()  # none: all
    rules: tuple[str, ...] = ()  # none: all
    updates: bool = False  # also what becomes of an alert it was told
    zone: str | None = None
    quiet: tuple[str, str] | None = None
    digest: str | None = None
    per_day: int | None = None  # messages about one athlete on one local day


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out. ``repr`` hides the address and the secrets, so that no log line has them."""

    channel_id: str
    tenant: str
    kind: Kind
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_until: datetime | None
    wishes: Wishes
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None

    def secrets_at(self, now: datetime) -> list[str]:
        """The secrets that sign at ``now``, the newest first."""
        both = [self.secret] if self.secret else []
        if self.old_secret and self.old_until is not None and now < self.old_until:
            both.append(self.old_secret)
        return both


@dataclass(frozen=True, slots=True)
class PutAside:
    """By alert: when it was acknowledged; by alert and by athlete: until when nothing is sent."""

    acknowledged: dict[str, str]
    alerts: dict[str, str]
    athletes: dict[str, str]


class Channels:
    """The channels of all gyms, and the alerts and athletes that were put aside."""

    def __init__(
        self, control: Control, clock: Clock, on_disabled: Callable[[str, str, str], None] | None = None
    ) -> None:
        """``on_disabled`` is told of a channel, when and why, where the file is a copy of another's."""
        self._control, self._clock, self._on_disabled = control, clock, on_disabled

    def add(self, tenant: str, kind: Kind, url: str, wishes: Wishes) -> tuple[str, str | None]:
        """(id, secret of a webhook); the gym is made if it is new. The caller has checked the address."""
        self._control.ensure_tenant(tenant)
        channel_id, secret = secrets.token_hex(4), new_secret() if kind == "webhook" else None
        self._control.durably(
            "insert into channel (channel_id, tenant_id, kind, url, secret, wishes, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (channel_id, tenant, kind, url, secret, orjson.dumps(_told(wishes)).decode(), self._now()),
        )
        return channel_id, secret

    def of(self, tenant: str | None) -> list[Channel]:
        """The channels of one gym, or all, oldest first."""
        rows = self._control.rows(
            f"select {_COLUMNS} from channel where ? is null or tenant_id = ? order by created_at, channel_id",
            (tenant, tenant),
        )
        return [_channel(row) for row in rows]

    def get(self, channel_id: str) -> Channel | None:
        """The channel, None when there is none of that id."""
        rows = self._control.rows(f"select {_COLUMNS} from channel where channel_id = ?", (channel_id,))
        return _channel(rows[0]) if rows else None

    def require(self, tenant: str, channel_id: str) -> Channel:
        """The channel of this gym; raises RefusedError when it has none of that id."""
        found = self.get(channel_id)
        if found is None or found.tenant != tenant:
            raise RefusedError(f"{tenant} has no channel {channel_id!r}", do="`spotter channels list` shows them")
        return found

    def remove(self, tenant: str, channel_id: str) -> None:
        """Forget a channel with its secrets."""
        self.require(tenant, channel_id)
        self._control.durably("delete from channel where channel_id = ?", (channel_id,))

    def rotate(self, tenant: str, channel_id: str, overlap: timedelta) -> str:
        """A new secret; the one before signs beside it for ``overlap``. Raises RefusedError for other kinds."""
        if self.require(tenant, channel_id).kind != "webhook":
            raise RefusedError(
                f"the channel {channel_id} has no secret of its own",
                "only webhooks are signed",
                "add it anew with another address, and remove this one",
            )
        fresh = new_secret()
        self._control.durably(
            "update channel set old_secret = secret, old_until = ?, secret = ? where channel_id = ?",
            ((self._clock.now() + overlap).isoformat(), fresh, channel_id),
        )
        return fresh

    def disable(self, channel_id: str, why: str) -> None:
        """Send nothing more there until somebody says so."""
        at, why = self._now(), why[:200]
        disable(self._control, channel_id, at, why)
        if self._on_disabled is not None:
            self._on_disabled(channel_id, at, why)

    def enable(self, tenant: str, channel_id: str) -> None:
        """Send there again, from the next alert on."""
        self.require(tenant, channel_id)
        self._control.durably(
            "update channel set disabled_at = null, disabled_why = null where channel_id = ?", (channel_id,)
        )

    # put aside -------------------------------------------------------------

    def acknowledge(self, tenant: str, alert_id: str, *, undo: bool = False) -> None:
        """Somebody knows about the alert: nothing more is sent about it, unless it turns out to be wrong."""
        if undo:
            self._control.durably("delete from acknowledged where tenant_id = ? and alert_id = ?", (tenant, alert_id))
            return
        self._control.durably("insert or ignore into acknowledged values (?, ?, ?)", (tenant, alert_id, self._now()))

    def snooze(self, tenant: str, what: Literal["alert", "athlete"], name: str, until: datetime | None) -> None:
        """Nothing about an alert or an athlete before ``until``; None ends it."""
        if until is None:
            self._control.durably(
                "delete from snoozed where tenant_id = ? and what = ? and name = ?", (tenant, what, name)
            )
            return
        self._control.durably(
            "insert into snoozed values (?, ?, ?, ?)"
            " on conflict (tenant_id, what, name) do update set until = excluded.until",
            (tenant, what, name, until.isoformat()),
        )

    def acknowledged_at(self, tenant: str, alert_id: str) -> datetime | None:
        """When the alert was acknowledged, None if it was not."""
        rows = self._control.rows(
            "select at from acknowledged where tenant_id = ? and alert_id = ?", (tenant, alert_id)
        )
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def snoozed_until(self, tenant: str, alert_id: str, athlete: str) -> datetime | None:
        """Until when alert or athlete are put aside, None when they are not (any more)."""
        rows = self._control.rows(
            "select until from snoozed where tenant_id = ?"
            " and (what = 'alert' and name = ? or what = 'athlete' and name = ?)",
            (tenant, alert_id, athlete),
        )
        ends = max((datetime.fromisoformat(row[0]) for row in rows), default=None)
        return ends if ends is not None and ends > self._clock.now() else None

    def put_aside(self, tenant: str) -> PutAside:
        """Everything that is put aside in a gym at present."""
        known = self._control.rows("select alert_id, at from acknowledged where tenant_id = ?", (tenant,))
        later = self._control.rows(
            "select what, name, until from snoozed where tenant_id = ? and until > ?", (tenant, self._now())
        )
        return PutAside(
            dict(known),
            {name: until for what, name, until in later if what == "alert"},
            {name: until for what, name, until in later if what == "athlete"},
        )

    def _now(self) -> str:
        return self._clock.now().isoformat()


def disable(control: Control, channel_id: str, at: str, why: str) -> None:
    """Send nothing more to a channel from an instant on, unless that was so before."""
    control.durably(
        "update channel set disabled_at = ?, disabled_why = ? where channel_id = ? and disabled_at is null",
        (at, why, channel_id),
    )


def new_secret() -> str:
    """A fresh signing secret in the form of Standard Webhooks."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def wishes_of(said: dict[str, Any]) -> Wishes:
    """Wishes from plain JSON values."""
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Wishes(**given)


def _told(wishes: Wishes) -> dict[str, Any]:
    return {name: getattr(wishes, name) for name in Wishes.__dataclass_fields__}


def _channel(row: tuple[Any, ...]) -> Channel:
    channel_id, tenant, kind, url, secret, old_secret, old_until, wishes, created_at, disabled_at, why = row
    return Channel(
        channel_id,
        tenant,
        kind,
        url,
        secret,
        old_secret,
        _instant(old_until),
        wishes_of(orjson.loads(wishes)),
        datetime.fromisoformat(created_at),
        _instant(disabled_at),
        why,
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
