"""The delivery ledger: what each channel was told of each alert, in a SQLite file of the relay.

Every change is on the disk before the next step is taken, so a process that dies anywhere goes on with the same
message under the same id.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import disk
from pipeline.errors import StorageError
from pipeline.relay.delivery import COLUMNS, Delivery, Known, Status, delivery_of, text_of
from pipeline.relay.source import Delivered, Mark

FILE_NAME = "relay.sqlite"
_TABLES = """
create table if not exists cursor (
    one integer primary key check (one = 1), seq integer not null, alert_id text not null, revision text not null,
    state text not null, log_offset integer not null
);
create table if not exists alert (
    alert_id text primary key, tenant_id text not null, revision text not null, state text not null,
    log_offset integer not null default 0
);
create table if not exists turn (
    alert_id text not null, revision text not null, state text not null, turns integer not null,
    primary key (alert_id, revision, state)
);
create table if not exists delivery (
    channel_id text not null, message_id text not null, kind text not null, alert_id text, revision text,
    tenant_id text not null, athlete_id text, severity text not null, status text not null,
    attempts integer not null default 0, next_at text, bundled integer not null default 0, digest_id text,
    body text not null, answer text, created_at text not null, first_at text, done_at text, mirrored integer not null
    default 0, primary key (channel_id, message_id)
);
create index if not exists delivery_due on delivery (status, next_at);
create index if not exists delivery_alert on delivery (channel_id, alert_id);
create table if not exists pause (channel_id text primary key, until text not null);
"""


class Ledger:
    """The ledger of one relay; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.RLock()
        self._depth = 0
        disk.check(folder, (FILE_NAME,))
        try:
            self._db = sqlite3.connect(self.path, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = full")
            self._db.executescript(_TABLES)
            self.path.chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; calls inside belong to it, transactions inside as well."""
        with self._lock:
            if self._depth:
                yield
                return
            self._do("begin immediate", ())
            self._depth = 1
            try:
                yield
                self._do("commit", ())
            except BaseException:
                if self._db.in_transaction:
                    self._do("rollback", ())
                raise
            finally:
                self._depth = 0

    # what was taken in -----------------------------------------------------

    def cursor(self) -> Mark | None:
        """The message taken in last, None before the first."""
        rows = self._rows("select seq, alert_id, revision, state, log_offset from cursor")
        return Mark(*rows[0]) if rows else None

    def move(self, mark: Mark) -> None:
        """Remember the message taken in last."""
        self._do("insert or replace into cursor values (1, ?, ?, ?, ?, ?)", mark)

    def known(self, alert_id: str) -> Known | None:
        """How the alert stood when it was taken in last."""
        rows = self._rows("select revision, state from alert where alert_id = ?", (alert_id,))
        return Known(*rows[0]) if rows else None

    def known_until(self, alert_id: str) -> int:
        """Up to which record of the log an alert was taken in."""
        rows = self._rows("select log_offset from alert where alert_id = ?", (alert_id,))
        return int(rows[0][0]) if rows else 0

    def note(self, tenant: str, alert_id: str, now: Known, log_offset: int = 0) -> int:
        """Remember how the alert stands; returns how often it came to stand so, from 1."""
        self._do("insert or replace into alert values (?, ?, ?, ?, ?)", (alert_id, tenant, *now, log_offset))
        self._do(
            "insert into turn values (?, ?, ?, 1)"
            " on conflict (alert_id, revision, state) do update set turns = turns + 1",
            (alert_id, *now),
        )
        return int(
            self._rows("select turns from turn where alert_id = ? and revision = ? and state = ?", (alert_id, *now))[0][
                0
            ]
        )

    def standing(self) -> list[tuple[str, str]]:
        """(alert id, body) of the last message about each alert that was told, or waits to be, and not withdrawn."""
        rows = self._rows(
            "select d.alert_id, d.body, max(d.rowid) from delivery d join alert a on d.alert_id = a.alert_id"
            " where (d.attempts > 0 or d.status in ('due', 'in digest')) and a.state <> 'withdrawn'"
            " group by d.alert_id order by d.alert_id"
        )
        return [(str(row[0]), str(row[1])) for row in rows]

    # deliveries ------------------------------------------------------------

    def add(self, one: Delivery) -> None:
        """A new message; nothing happens when the channel has one of that id."""
        self._do(
            "insert or ignore into delivery (channel_id, message_id, kind, alert_id, revision, tenant_id, athlete_id,"
            " severity, status, next_at, bundled, body, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                one.channel_id,
                one.message_id,
                one.kind,
                one.alert_id,
                one.revision,
                one.tenant,
                one.athlete,
                one.severity,
                one.status,
                text_of(one.next_at),
                int(one.bundled),
                one.body,
                text_of(one.created_at),
            ),
        )

    def of_alert(self, channel_id: str, alert_id: str) -> list[Delivery]:
        """All messages of a channel about an alert, oldest first."""
        return self._deliveries("channel_id = ? and alert_id = ? order by rowid", (channel_id, alert_id))

    def channels_due(self, now: datetime) -> list[str]:
        """Channels that have something to send, the one that waits longest first; paused ones are left out."""
        rows = self._rows(
            "select channel_id from delivery where status = 'due' and next_at <= ? and channel_id not in"
            " (select channel_id from pause where until > ?) group by 1 order by min(next_at), 1",
            (text_of(now), text_of(now)),
        )
        return [str(row[0]) for row in rows]

    def due(self, channel_id: str, now: datetime) -> list[Delivery]:
        """What a channel may be sent by ``now``, the longest due first."""
        return self._deliveries(
            "status = 'due' and channel_id = ? and next_at <= ? order by next_at, rowid", (channel_id, text_of(now))
        )

    def interrupted(self) -> list[Delivery]:
        """What was being sent when the process died: it may have arrived or not."""
        return self._deliveries("status = 'sending' order by rowid", ())

    def get(self, channel_id: str, message_id: str) -> Delivery | None:
        """One message."""
        found = self._deliveries("channel_id = ? and message_id = ?", (channel_id, message_id))
        return found[0] if found else None

    def begin(self, one: Delivery, now: datetime) -> bool:
        """Written before an attempt: from now on the receiver may have the message, and those its digest holds.

        False, and nothing is written, when the message is no longer due.
        """
        with self.transaction():
            taken = self._do(
                "update delivery set status = 'sending', attempts = attempts + 1, first_at = coalesce(first_at, ?)"
                " where channel_id = ? and message_id = ? and status = 'due'",
                (text_of(now), one.channel_id, one.message_id),
            )
            if taken:
                self._do(
                    "update delivery set attempts = attempts + 1, first_at = coalesce(first_at, ?)"
                    " where channel_id = ? and digest_id = ? and status = 'in digest'",
                    (text_of(now), one.channel_id, one.message_id),
                )
        return bool(taken)

    def finish(
        self, one: Delivery, status: Status, answer: str, *, now: datetime, next_at: datetime | None = None
    ) -> None:
        """What became of a message, and with it of those its digest holds."""
        done = None if status == "due" else text_of(now)
        with self.transaction():
            self._do(
                "update delivery set status = ?, answer = ?, next_at = ?, done_at = ?"
                " where channel_id = ? and message_id = ?",
                (status, answer, text_of(next_at), done, one.channel_id, one.message_id),
            )
            if done is not None:
                self._do(
                    "update delivery set status = ?, answer = ?, done_at = ?"
                    " where channel_id = ? and digest_id = ? and status = 'in digest'",
                    (status, answer, done, one.channel_id, one.message_id),
                )

    def resume(self, one: Delivery, now: datetime) -> None:
        """Send it again, unless its result was written after ``one`` was read."""
        self._do(
            "update delivery set status = 'due', next_at = ?, answer = 'the process ended meanwhile'"
            " where channel_id = ? and message_id = ? and status = 'sending' and attempts = ?",
            (text_of(now), one.channel_id, one.message_id, one.attempts),
        )

    def wait(self, one: Delivery, until: datetime, *, bundled: bool) -> None:
        """Not before ``until``; ``bundled``: then together with what else waits so."""
        self._do(
            "update delivery set next_at = ?, bundled = ? where channel_id = ? and message_id = ? and status = 'due'",
            (text_of(until), int(bundled), one.channel_id, one.message_id),
        )

    def bundle(self, digest: Delivery, parts: Sequence[Delivery], now: datetime) -> None:
        """Put several messages into one; they wait on, and the digest is dropped, if one of them is no longer due."""
        with self.transaction():
            self._do(  # a digest of the same messages that was given up before
                "delete from delivery where channel_id = ? and message_id = ?", (digest.channel_id, digest.message_id)
            )
            self.add(digest)
            for part in parts:
                self._do(
                    "update delivery set status = 'in digest', digest_id = ?"
                    " where channel_id = ? and message_id = ? and status = 'due'",
                    (digest.message_id, part.channel_id, part.message_id),
                )
            if len(self.members(digest)) != len(parts):  # one of them changed meanwhile
                self.unbundle(digest, "a part has changed meanwhile", now=now, next_at=now)

    def members(self, digest: Delivery) -> list[Delivery]:
        """The messages a digest still stands for."""
        return self._deliveries(
            "channel_id = ? and digest_id = ? and status = 'in digest' order by rowid",
            (digest.channel_id, digest.message_id),
        )

    def unbundle(self, digest: Delivery, why: str, *, now: datetime, next_at: datetime) -> None:
        """Give a digest up; its messages wait for another one."""
        with self.transaction():
            self._do(
                "update delivery set status = 'due', bundled = 1, digest_id = null, next_at = ?"
                " where channel_id = ? and digest_id = ? and status = 'in digest'",
                (text_of(next_at), digest.channel_id, digest.message_id),
            )
            self.finish(digest, "dropped", why, now=now)

    def sent_between(self, channel_id: str, athlete: str, begin: datetime, end: datetime) -> int:
        """How many messages of their own about an athlete were tried first in [begin, end)."""
        return int(
            self._rows(
                "select count(*) from delivery where channel_id = ? and athlete_id = ? and digest_id is null"
                " and first_at >= ? and first_at < ?",
                (channel_id, athlete, text_of(begin), text_of(end)),
            )[0][0]
        )

    def history(self, channel_id: str, rows_max: int) -> list[Delivery]:
        """The newest messages of a channel, the newest first."""
        return self._deliveries("channel_id = ? order by rowid desc limit ?", (channel_id, rows_max))

    def counts(self, channel_id: str) -> dict[str, int]:
        """How many messages of a channel are in each status."""
        rows = self._rows("select status, count(*) from delivery where channel_id = ? group by 1", (channel_id,))
        return {str(status): int(count) for status, count in rows}

    def prune(self, before: datetime) -> int:
        """Forget messages done before then, but not about alerts that are open: how many.

        How an alert stood when it was taken in last is kept, so nothing is sent again; an alert that ended so long ago
        is not taken back any more.
        """
        return self._do(
            "delete from delivery where done_at < ? and not exists"
            " (select 1 from alert a where a.alert_id = delivery.alert_id and a.state = 'open')",
            (text_of(before),),
        )

    # pauses and the mirror -------------------------------------------------

    def pause(self, channel_id: str, until: datetime) -> None:
        """The receiver asked to be left alone until then."""
        self._do("insert or replace into pause values (?, ?)", (channel_id, text_of(until)))

    def paused_until(self, channel_id: str) -> datetime | None:
        """Until when nothing may be sent there."""
        rows = self._rows("select until from pause where channel_id = ?", (channel_id,))
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def not_mirrored(self) -> list[tuple[int, Delivered]]:
        """What was sent and the store has not been told, with the row to mark."""
        rows = self._rows(
            "select rowid, alert_id, revision, done_at from delivery"
            " where status = 'sent' and alert_id is not null and mirrored = 0 order by rowid limit 1000"
        )
        return [(row[0], Delivered(row[1], row[2], datetime.fromisoformat(row[3]))) for row in rows]

    def mirrored(self, rows: Sequence[int]) -> None:
        """The store knows of these."""
        with self.transaction():
            for row in rows:
                self._do("update delivery set mirrored = 1 where rowid = ?", (row,))

    def mirror_again(self) -> None:
        """The store is a new one: tell it everything once more."""
        self._do("update delivery set mirrored = 0", ())

    # -----------------------------------------------------------------------

    def _deliveries(self, where: str, parameters: tuple[object, ...]) -> list[Delivery]:
        return [delivery_of(row) for row in self._rows(f"select {COLUMNS} from delivery where {where}", parameters)]

    def _rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error

    def _do(self, sql: str, parameters: Sequence[object]) -> int:
        """Rows changed."""
        with self._lock:
            try:
                return self._db.execute(sql, tuple(parameters)).rowcount
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error


def _unusable(path: Path, error: Exception) -> StorageError:
    what = f"the delivery ledger {path} cannot be used"
    if isinstance(error, sqlite3.ProgrammingError):
        return StorageError("the delivery ledger is closed", "the service is stopping", "ask again when it runs")
    return disk.of_sqlite(path, what, error) or StorageError(
        what,
        str(error),
        f"restore it from a backup, or move it away together with {path.name}-wal and {path.name}-shm: alerts that left"
        " for somebody are remembered in the tables as well and do not leave again",
    )
