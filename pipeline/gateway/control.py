"""Control data: tenants, API keys, idempotency keys, senders, channels. A small SQLite file of the gateway.

Several processes may use it at once (``spotter keys`` beside a running ``spotter up``). What
guards access is synced to disk before it is confirmed; the rest may lose its last second in a
power cut without harm, because documents carry their own identity.
"""

from __future__ import annotations

import hmac
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline import disk
from pipeline.clock import Clock, SystemClock
from pipeline.errors import RefusedError, StorageError, UsageError
from pipeline.gateway.keys import SCOPES, Caller, hash_secret, new_key, split_key
from pipeline.settings import make_private

FILE_NAME = "control.sqlite"
HOME = "home"
REVOKED_WITHIN_S = 2.0  # a cached key is looked up again after this time
LAST_USED_EVERY_S = 60.0
SENDER_NOTED_EVERY = timedelta(minutes=1)
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NOBODY = b"\0" * 32  # compared with when the id is unknown, so that both ways take the same time

_TABLES = """
create table if not exists tenant (tenant_id text primary key, created_at text not null);
create table if not exists api_key (
    key_id text primary key, tenant_id text not null references tenant, secret_hash blob not null,
    scopes text not null, label text not null, created_at text not null, expires_at text,
    revoked_at text, last_used_at text
);
create table if not exists idempotency (
    tenant_id text not null, idempotency_key text not null, body_hash blob not null, status integer not null,
    answer blob not null, created_at text not null, primary key (tenant_id, idempotency_key)
);
create index if not exists idempotency_age on idempotency (created_at);
create table if not exists placement (tenant_id text primary key, partition integer not null);
create table if not exists sender (tenant_id text primary key, last_at text not null, ticked_at text);
create table if not exists channel (
    channel_id text primary key, tenant_id text not null references tenant, kind text not null, url text not null,
    secret text, old_secret text, old_until text, wishes text not null, created_at text not null,
    disabled_at text, disabled_why text
);
create table if not exists acknowledged (
    tenant_id text not null, alert_id text not null, at text not null, primary key (tenant_id, alert_id)
);
create table if not exists snoozed (
    tenant_id text not null, what text not null, name text not null, until text not null,
    primary key (tenant_id, what, name)
);
create table if not exists fed (key blob primary key, digest blob not null);
"""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as listed: everything but its secret."""

    key_id: str
    tenant: str
    scopes: list[str]
    label: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that an Idempotency-Key got."""

    body_hash: bytes
    status: int
    answer: bytes


class Control:
    """The control file of one data folder; safe to use from several threads and processes."""

    def __init__(self, data: Path, clock: Clock | None = None) -> None:
        self.path = data / FILE_NAME
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._callers: dict[str, tuple[float, bytes, Caller]] = {}
        self._last_used: dict[str, float] = {}
        self._senders: dict[str, datetime] = {}
        disk.check(data, (FILE_NAME,))
        try:
            make_private(data)
            self._db = sqlite3.connect(self.path, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma foreign_keys = on")
            self._db.executescript(_TABLES)
            self.path.chmod(0o600)  # secrets that sign must be kept as they are
            self.durably("insert or ignore into tenant values (?, ?)", (HOME, self._now()))
        except (sqlite3.Error, OSError) as error:
            raise _unusable(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # tenants ---------------------------------------------------------------

    def create_tenant(self, tenant: str) -> None:
        """Make a tenant; raises RefusedError when it exists, UsageError when the name cannot be one."""
        check_tenant_name(tenant)
        if self.has_tenant(tenant):
            raise RefusedError(f"the tenant {tenant!r} exists already", do="`spotter tenants list` shows all")
        self.durably("insert or ignore into tenant values (?, ?)", (tenant, self._now()))

    def ensure_tenant(self, tenant: str) -> None:
        """Make the tenant unless it exists; only for callers that own the data folder."""
        check_tenant_name(tenant)
        if not self.has_tenant(tenant):
            self.durably("insert or ignore into tenant values (?, ?)", (tenant, self._now()))

    def has_tenant(self, tenant: str) -> bool:
        """Whether the tenant exists."""
        return bool(self.rows("select 1 from tenant where tenant_id = ?", (tenant,)))

    def tenants(self) -> list[tuple[str, str]]:
        """(tenant, created_at), by name."""
        return [(str(a), str(b)) for a, b in self.rows("select tenant_id, created_at from tenant order by 1")]

    def place(self, tenant: str, partition: int) -> int:
        """The partition of the log a tenant is kept in: ``partition`` at first, and from then on always the same."""
        self.durably("insert or ignore into placement values (?, ?)", (tenant, partition))
        placed = self.placed(tenant)
        return partition if placed is None else placed

    def placed(self, tenant: str) -> int | None:
        """The partition a tenant was placed in; None before its first upload."""
        rows = self.rows("select partition from placement where tenant_id = ?", (tenant,))
        return int(rows[0][0]) if rows else None

    # keys ------------------------------------------------------------------

    def create_key(
        self, tenant: str, scopes: Iterable[str], *, label: str = "", expires_at: datetime | None = None
    ) -> tuple[str, str]:
        """(key id, key text); the text is not kept. Raises when the tenant or a scope is unknown."""
        wanted = sorted(set(scopes))
        unknown = [scope for scope in wanted if scope not in SCOPES]
        if unknown or not wanted:
            raise UsageError(
                f"unknown scope {unknown[0]!r}" if unknown else "a key needs a scope",
                do=f"choose from {', '.join(SCOPES)}",
            )
        if not self.has_tenant(tenant):
            raise _no_tenant(tenant)
        key = new_key()
        expiry = expires_at.astimezone(UTC).isoformat() if expires_at else None
        self.durably(
            "insert into api_key (key_id, tenant_id, secret_hash, scopes, label, created_at, expires_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (key.key_id, tenant, key.secret_hash, " ".join(wanted), label[:200], self._now(), expiry),
        )
        return key.key_id, key.text

    def list_keys(self, tenant: str | None = None) -> list[KeyRow]:
        """All keys, or those of one tenant, oldest first."""
        rows = self.rows(
            "select key_id, tenant_id, scopes, label, created_at, expires_at, revoked_at, last_used_at"
            " from api_key where ? is null or tenant_id = ? order by created_at, key_id",
            (tenant, tenant),
        )
        return [KeyRow(r[0], r[1], r[2].split(), r[3], r[4], r[5], r[6], r[7]) for r in rows]

    def revoke_key(self, key_id: str) -> None:
        """End a key; running gateways notice within ``REVOKED_WITHIN_S``."""
        if not self.rows("select 1 from api_key where key_id = ? and revoked_at is null", (key_id,)):
            raise RefusedError(f"there is no live key {key_id!r}", do="`spotter keys list` shows the ids")
        self.durably("update api_key set revoked_at = ? where key_id = ?", (self._now(), key_id))

    def caller(self, text: str) -> Caller | None:
        """Who the key speaks for; None for malformed, unknown, wrong, expired and revoked keys alike."""
        parts = split_key(text)
        if parts is None:
            return None
        key_id, secret = parts
        offered = hash_secret(secret)
        known = self._callers.get(key_id)
        if known is None or time.monotonic() - known[0] > REVOKED_WITHIN_S:
            known = self._look_up(key_id)
        if not hmac.compare_digest(offered, known[1] if known else _NOBODY) or known is None:
            return None
        self._note_use(key_id)
        return known[2]

    def _look_up(self, key_id: str) -> tuple[float, bytes, Caller] | None:
        rows = self.rows(
            "select tenant_id, secret_hash, scopes from api_key"
            " where key_id = ? and revoked_at is null and (expires_at is null or expires_at > ?)",
            (key_id, self._now()),
        )
        if not rows:
            self._callers.pop(key_id, None)
            return None
        tenant, secret_hash, scopes = rows[0]
        known = (time.monotonic(), bytes(secret_hash), Caller(key_id, tenant, frozenset(scopes.split())))
        self._callers[key_id] = known
        return known

    def _note_use(self, key_id: str) -> None:
        now = time.monotonic()
        if now - self._last_used.get(key_id, -LAST_USED_EVERY_S) >= LAST_USED_EVERY_S:
            self._last_used[key_id] = now
            with suppress(StorageError):  # a full disk must not keep a reader out
                self._write("update api_key set last_used_at = ? where key_id = ?", (self._now(), key_id))

    # idempotency -----------------------------------------------------------

    def remembered(self, tenant: str, key: str) -> Remembered | None:
        """What was answered to this Idempotency-Key before."""
        rows = self.rows(
            "select body_hash, status, answer from idempotency where tenant_id = ? and idempotency_key = ?",
            (tenant, key),
        )
        return Remembered(bytes(rows[0][0]), int(rows[0][1]), bytes(rows[0][2])) if rows else None

    def remember(self, tenant: str, key: str, entry: Remembered, days: int) -> None:
        """Keep an answer for ``days`` and forget those that are older."""
        now = self._clock.now()
        with suppress(StorageError):  # what was sent is in the log already; sent again, it changes nothing
            self._write("delete from idempotency where created_at < ?", ((now - timedelta(days=days)).isoformat(),))
            self._write(
                "insert or ignore into idempotency values (?, ?, ?, ?, ?, ?)",
                (tenant, key, entry.body_hash, entry.status, entry.answer, now.isoformat()),
            )

    # senders and ticks -----------------------------------------------------

    def note_sender(self, tenant: str, at: datetime) -> None:
        """Remember that a device of this tenant is alive; to the minute is enough."""
        noted = self._senders.get(tenant)
        if noted is not None and timedelta(0) <= at - noted < SENDER_NOTED_EVERY:
            return
        self._senders[tenant] = at
        with suppress(StorageError):  # what it sent is in the log already and must be answered so
            self._write(
                "insert into sender values (?, ?, null)"
                " on conflict (tenant_id) do update set last_at = excluded.last_at",
                (tenant, at.isoformat()),
            )

    def tick_due(self, hour: datetime, live_since: datetime) -> list[str]:
        """Tenants that sent since ``live_since`` and have no tick of ``hour`` yet."""
        rows = self.rows(
            "select tenant_id from sender where last_at >= ? and (ticked_at is null or ticked_at < ?) order by 1",
            (live_since.isoformat(), hour.isoformat()),
        )
        return [str(row[0]) for row in rows]

    def note_tick(self, tenant: str, hour: datetime) -> None:
        """Remember that the tick of ``hour`` is in the log."""
        self._write("update sender set ticked_at = ? where tenant_id = ?", (hour.isoformat(), tenant))

    # what other roles were given ---------------------------------------------

    def fed(self) -> dict[bytes, bytes]:
        """By key a digest of the rows that this gateway published and did not end."""
        return {bytes(key): bytes(digest) for key, digest in self.rows("select key, digest from fed")}

    def note_fed(self, digests: Mapping[bytes, bytes | None]) -> None:
        """Remember what is published; None is what was ended."""
        for key, digest in digests.items():
            if digest is None:
                self._write("delete from fed where key = ?", (key,))
            else:
                self._write("insert or replace into fed values (?, ?)", (key, digest))

    # -----------------------------------------------------------------------

    def _now(self) -> str:
        return self._clock.now().isoformat()

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._used():
            return self._db.execute(sql, parameters).fetchall()

    def _write(self, sql: str, parameters: tuple[object, ...]) -> None:
        with self._used():
            self._db.execute("pragma synchronous = normal")
            self._db.execute(sql, parameters)

    def durably(self, sql: str, parameters: tuple[object, ...]) -> None:
        """Change something and sync it to disk before returning."""
        with self._used():
            self._db.execute("pragma synchronous = full")
            self._db.execute(sql, parameters)

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error


def check_tenant_name(tenant: str) -> None:
    """Raises UsageError unless the name is 1-63 of a-z, 0-9, _ and -."""
    if not _TENANT.fullmatch(tenant):
        raise UsageError(
            f"{tenant[:80]!r} cannot be a tenant",
            "a tenant has 1 to 63 characters of a-z, 0-9, _ and -, beginning with a letter or digit",
            "choose another name",
        )


def _unusable(path: Path, error: Exception) -> StorageError:
    if isinstance(error, sqlite3.ProgrammingError):  # a request that is answered while the service stops
        return StorageError("the control file is closed", "the service is stopping", "ask again when it runs")
    what = f"the control file {path} cannot be used"
    if str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StorageError(
            what,
            f"it is damaged ({error})",
            f"restore it from a backup, or move it away together with {path.name}-wal and {path.name}-shm: keys and"
            " gyms are then made anew (`spotter keys create`, `spotter tenants create`); the log keeps what was sent",
        )
    return disk.of_sqlite(path, what, error) or StorageError(
        what, str(error), "check that the data folder exists and may be written; give it with --data DIR"
    )


def _no_tenant(tenant: str) -> RefusedError:
    return RefusedError(
        f"there is no tenant {tenant!r}",
        "a key always belongs to a tenant that exists",
        f"make it with `spotter tenants create {tenant}`",
    )
