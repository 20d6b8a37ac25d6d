"""What readers do not know yet goes to the outbox: new and changed alerts, changed states, withdrawals.

``base.alert_sent`` remembers what was handed over last and outlives a rebuild, so a rebuild sends nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from pipeline.alerts import statements
from pipeline.alerts.evidence import EvidenceRow
from pipeline.alerts.texts import Text
from pipeline.store.connection import Connection


class News(NamedTuple):
    """An alert as it now stands."""

    alert_id: str
    revision: str
    state: str
    tenant_id: str
    athlete_id: str
    rule: str
    scope: str
    severity: str
    opened_on: date
    updated_on: date
    ends_on: date | None
    text: Text
    rule_version: str
    model_version: str
    evidence: list[EvidenceRow]


class Gone(NamedTuple):
    """An alert that was stored and is no longer."""

    alert_id: str
    opened_on: date
    tenant_id: str
    athlete_id: str
    rule: str
    scope: str


class _Sent(NamedTuple):
    revision: str
    state: str


ID_COLUMNS = pa.schema([("alert_id", pa.string()), ("opened_on", pa.date32())])
_WORDS = [(name, pa.string()) for name in ("tenant_id", "athlete_id", "alert_id", "revision", "state", "payload")]
_SENT_COLUMNS = pa.schema([*_WORDS, ("alert_no", pa.uint64())])
_OUTBOX_COLUMNS = pa.schema([("seq", pa.int64()), *_WORDS, ("log_offset", pa.int64())])
_DELIVERED = pa.schema([("alert_id", pa.string()), ("revision", pa.string()), ("delivered_at", pa.timestamp("us"))])
_NUMBERED = pa.schema([("alert_no", pa.uint64()), ("alert_id", pa.string())])

_Row = tuple[str, str, str, str, str, str]

# Which rows of the alerts handed over have a number of ``alert_id_in``: the numbers alone are read of all of them, and
# of the rows with these places what is asked for (2 ms where a join of the whole table takes 9 on 240,000 alerts).
_PLACES = "select n.rowid from base.alert_sent n semi join alert_id_in i on n.alert_no = i.alert_no"


def append(connection: Connection, news: Sequence[News], gone: Sequence[Gone], *, log_offset: int) -> int:
    """Compare with what was sent; append the differences, withdrawals first, each in a fixed order.

    Returns the number of rows appended to ``base.outbox``.
    """
    if not news and not gone:
        return 0
    sent = _sent(connection, [one.alert_id for one in news])
    fresh = [one for one in news if sent.get(one.alert_id) != _Sent(one.revision, one.state)]
    withdrawn, corrects = _withdraw(connection, gone, news)
    told: list[_Row] = [_without_evidence(row) for row in withdrawn]
    kept: list[_Row] = list(withdrawn)
    for one in fresh:
        payload = _payload(one, corrects.get(one.alert_id, []))
        head = (one.tenant_id, one.athlete_id, one.alert_id, one.revision, one.state)
        told.append((*head, orjson.dumps(payload).decode()))
        del payload["evidence"]  # not needed to withdraw it, and most of the bytes
        kept.append((*head, orjson.dumps(payload).decode()))
    old = [row[2] for row in withdrawn] + [one.alert_id for one in fresh if one.alert_id in sent]
    _write(connection, told, kept, old, log_offset)
    return len(told)


def _without_evidence(row: _Row) -> _Row:
    """A withdrawal as a message: what was kept of the alert, and an empty list where its evidence stood."""
    return (*row[:5], orjson.dumps(orjson.loads(row[5]) | {"evidence": []}).decode())


def withdraw_lost(connection: Connection, *, log_offset: int) -> int:
    """After a rebuild: withdraw what was handed over and the rebuilt alerts no longer contain.

    Reads everything that was ever sent, so it belongs to a rebuild and not to a batch. Returns the
    number of outbox rows.
    """
    rows: list[_Row] = []
    for tenant, athlete, name, revision, text, replaced_by in connection.execute(
        statements.text("steps/lost")[0]
    ).fetchall():
        payload = orjson.loads(text) | {"state": "withdrawn", "replaced_by": replaced_by}
        rows.append((tenant, athlete, name, revision, "withdrawn", orjson.dumps(payload).decode()))
    _write(connection, [_without_evidence(row) for row in rows], rows, [row[2] for row in rows], log_offset)
    return len(rows)


def note_delivered(connection: Connection, rows: Sequence[tuple[str, str, datetime]]) -> None:
    """Remember what has left for a person: (alert id, revision, instant); known ones are passed over."""
    told = statements.table([(name, revision, at.replace(tzinfo=None)) for name, revision, at in rows], _DELIVERED)
    with statements.registered(connection, "alert_told_in", told):
        connection.execute(
            "insert into base.alert_delivered by name select distinct on (alert_id, revision) * from alert_told_in t"
            " where not exists (select 1 from base.alert_delivered d"
            " where d.alert_id = t.alert_id and d.revision = t.revision)"
        )


def _withdraw(
    connection: Connection, gone: Sequence[Gone], news: Sequence[News]
) -> tuple[list[_Row], dict[str, list[str]]]:
    """Withdrawal rows of what was sent and is gone, and per replacing alert the ids it corrects."""
    if not gone:
        return [], {}
    by_id = {one.alert_id: one for one in gone}
    by_key: dict[tuple[str, str, str, str], list[News]] = {}
    for fresh in news:
        by_key.setdefault((fresh.tenant_id, fresh.athlete_id, fresh.rule, fresh.scope), []).append(fresh)
    rows: list[_Row] = []
    corrects: dict[str, list[str]] = {}
    with statements.registered(connection, "alert_id_in", _numbered(list(by_id))):
        found = connection.execute(
            "select alert_id, revision, payload from base.alert_sent"
            f" where rowid in ({_PLACES}) and state <> 'withdrawn' order by alert_id"
        ).fetchall()
    for name, revision, text in found:
        one = by_id.get(name)
        if one is None:  # another alert's number begins alike
            continue
        payload: dict[str, Any] = orjson.loads(text)
        payload["state"] = "withdrawn"
        payload["replaced_by"] = _replacement(
            payload, by_key.get((one.tenant_id, one.athlete_id, one.rule, one.scope), [])
        )
        if payload["replaced_by"]:
            corrects.setdefault(payload["replaced_by"], []).append(name)
        rows.append((one.tenant_id, one.athlete_id, name, revision, "withdrawn", orjson.dumps(payload).decode()))
    return rows, corrects


def _replacement(payload: dict[str, Any], news: Sequence[News]) -> str | None:
    """The first of the alerts of the same key whose days overlap those of the withdrawn one."""
    opened = date.fromisoformat(payload["opened_on"])
    ends = date.fromisoformat(payload["ends_on"]) if payload["ends_on"] else date.max
    for one in news:
        if one.opened_on <= ends and (one.ends_on is None or one.ends_on >= opened):
            return one.alert_id
    return None


def _payload(one: News, corrects: list[str]) -> dict[str, Any]:
    return {
        "alert_id": one.alert_id,
        "tenant_id": one.tenant_id,
        "athlete_id": one.athlete_id,
        "rule": one.rule,
        "scope": one.scope,
        "severity": one.severity,
        "state": one.state,
        "revision": one.revision,
        "folded_into": None,
        "replaced_by": None,
        "corrects": corrects,
        "opened_on": one.opened_on,
        "updated_on": one.updated_on,
        "resolved_on": one.ends_on if one.state == "resolved" else None,
        "ends_on": one.ends_on,
        "title": one.text.title,
        "body": one.text.body,
        "action": one.text.action,
        "rule_version": one.rule_version,
        "model_version": one.model_version,
        "evidence": one.evidence,
    }


def _number(alert_id: str) -> int:
    return int(alert_id[:8] + alert_id[9:13] + alert_id[14:18], 16)


def _numbered(names: list[str]) -> pa.Table:
    return statements.table([(_number(name), name) for name in names], _NUMBERED)


def _sent(connection: Connection, names: list[str]) -> dict[str, _Sent]:
    with statements.registered(connection, "alert_id_in", _numbered(names)):
        rows = connection.execute(
            f"select alert_id, revision, state from base.alert_sent where rowid in ({_PLACES})"
        ).fetchall()
    return {row[0]: _Sent(row[1], row[2]) for row in rows}


def _write(connection: Connection, told: list[_Row], kept: list[_Row], old: list[str], log_offset: int) -> None:
    if not told:
        return
    first = connection.execute("select coalesce(max(seq), 0) + 1 from base.outbox").fetchall()[0][0]
    out = [(first + index, *row, log_offset) for index, row in enumerate(told)]
    with statements.registered(connection, "alert_out_in", statements.table(out, _OUTBOX_COLUMNS)):
        connection.execute("insert into base.outbox by name select * from alert_out_in")
    if old:
        with statements.registered(connection, "alert_id_in", _numbered(old)):
            connection.execute(
                "delete from base.alert_sent where rowid in (select f.rowid from"
                f" (select rowid, alert_id from base.alert_sent where rowid in ({_PLACES})) f"
                " semi join alert_id_in i on f.alert_id = i.alert_id)"
            )
    with statements.registered(
        connection, "alert_sent_in", statements.table([(*row, _number(row[2])) for row in kept], _SENT_COLUMNS)
    ):
        connection.execute("insert into base.alert_sent by name select * from alert_sent_in")
