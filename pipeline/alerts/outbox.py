"""What readers do not know yet goes to the outbox: new and changed alerts, changed states, withdrawals.

``base.alert_sent`` remembers what was handed over last and outlives a rebuild, so a rebuild sends nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pyarrow as pa

from pipeline.alerts.rules import SEVERITIES, Rules
from pipeline.alerts.texts import Text
from pipeline.store.connection import Connection

if TYPE_CHECKING:
    from pipeline.alerts.settle import Athlete, Draft, Key


class Known(NamedTuple):
    """An alert as it now stands: id, revision, state (open or resolved), content, whose it is."""

    alert_id: str
    revision: str
    state: str
    draft: Draft
    athlete: Athlete


class Sent(NamedTuple):
    """What was handed over last under an id."""

    revision: str
    state: str
    payload: str


_OUTBOX_COLUMNS = pa.schema(
    [
        ("seq", pa.int64()),
        ("alert_id", pa.string()),
        ("revision", pa.string()),
        ("state", pa.string()),
        ("tenant_id", pa.string()),
        ("athlete_id", pa.string()),
        ("log_offset", pa.int64()),
        ("payload", pa.string()),
    ]
)
_SENT_COLUMNS = pa.schema(
    [(name, pa.string()) for name in ("tenant_id", "athlete_id", "alert_id", "revision", "state", "payload")]
)

Say = Callable[[Known], tuple[Text, list[dict[str, Any]]]]


def append(
    connection: Connection,
    rules: Rules,
    known: Sequence[Known],
    gone: dict[str, Key],
    say: Say,
    *,
    athletes: dict[int, Athlete],
    log_offset: int,
    model_version: str,
) -> int:
    """Compare with what was sent; append the differences in a fixed order. Returns their number."""
    if not known and not gone:
        return 0
    sent = _sent(connection, [*(one.alert_id for one in known), *gone])
    rows: list[tuple[str, str, str, str, str, str]] = []  # as base.alert_sent
    news = [one for one in known if _is_news(one, sent.get(one.alert_id))]
    news.sort(key=_order)
    withdrawn = sorted(name for name in gone if name in sent and sent[name].state != "withdrawn")
    corrects: dict[str, list[str]] = {}
    for name in withdrawn:
        athlete = athletes[gone[name][0]]
        payload = orjson.loads(sent[name].payload)
        replacement = _replacement(payload, gone[name], news)
        payload["state"] = "withdrawn"
        payload["replaced_by"] = replacement
        if replacement:
            corrects.setdefault(replacement, []).append(name)
        text = orjson.dumps(payload).decode()
        rows.append((athlete.tenant_id, athlete.athlete_id, name, sent[name].revision, "withdrawn", text))
    for one in news:
        text = _payload(rules, one, say(one), corrects.get(one.alert_id, []), model_version)
        rows.append((one.athlete.tenant_id, one.athlete.athlete_id, one.alert_id, one.revision, one.state, text))
    _write(connection, rows, log_offset)
    return len(rows)


def _is_news(known: Known, sent: Sent | None) -> bool:
    return sent is None or sent.revision != known.revision or sent.state != known.state


def _order(known: Known) -> tuple[str, str, date, str, str, str]:
    draft = known.draft
    return (known.athlete.tenant_id, known.athlete.athlete_id, draft.opened_on, draft.rule, draft.scope, draft.anchor)


def _replacement(payload: dict[str, Any], key: Key, news: Sequence[Known]) -> str | None:
    """The first alert of the same athlete, rule and scope whose days overlap those of the withdrawn one."""
    opened = date.fromisoformat(payload["opened_on"])
    ends = date.fromisoformat(payload["ends_on"]) if payload["ends_on"] else date.max
    for one in news:
        draft = one.draft
        if (draft.athlete_no, draft.rule, draft.scope) == key[:3] and draft.opened_on <= ends:
            if draft.resolved_on is None or draft.resolved_on >= opened:
                return one.alert_id
    return None


def _payload(
    rules: Rules,
    known: Known,
    said: tuple[Text, list[dict[str, Any]]],
    corrects: list[str],
    model_version: str,
) -> str:
    draft, athlete = known.draft, known.athlete
    text, evidence = said
    ends = draft.resolved_on
    return orjson.dumps(
        {
            "alert_id": known.alert_id,
            "tenant_id": athlete.tenant_id,
            "athlete_id": athlete.athlete_id,
            "rule": draft.rule,
            "scope": draft.scope,
            "severity": SEVERITIES[draft.level - 1],
            "state": known.state,
            "revision": known.revision,
            "folded_into": None,
            "replaced_by": None,
            "corrects": corrects,
            "opened_on": draft.opened_on,
            "updated_on": draft.updated_on,
            "resolved_on": ends if known.state == "resolved" else None,
            "ends_on": ends,
            "title": text.title,
            "body": text.body,
            "action": text.action,
            "rule_version": rules.rule_version(draft.rule),
            "model_version": model_version,
            "evidence": evidence,
        }
    ).decode()


def _sent(connection: Connection, names: list[str]) -> dict[str, Sent]:
    connection.register("alert_asked", pa.table({"alert_id": pa.array(names, pa.string())}))
    try:
        rows = connection.execute(
            "select s.alert_id, s.revision, s.state, s.payload from base.alert_sent s"
            " join alert_asked i on s.alert_id = i.alert_id"
        ).fetchall()
    finally:
        connection.unregister("alert_asked")
    return {row[0]: Sent(row[1], row[2], row[3]) for row in rows}


def _write(connection: Connection, rows: list[tuple[str, str, str, str, str, str]], log_offset: int) -> None:
    if not rows:
        return
    first = connection.execute("select coalesce(max(seq), 0) + 1 from base.outbox").fetchall()[0][0]
    columns = [list(column) for column in zip(*rows, strict=True)]
    tenants, people, names, revisions, states, payloads = columns
    sent = pa.table([pa.array(column, pa.string()) for column in columns], schema=_SENT_COLUMNS)
    numbers = range(first, first + len(rows))
    out = pa.table(
        [
            pa.array(numbers, pa.int64()),
            pa.array(names, pa.string()),
            pa.array(revisions, pa.string()),
            pa.array(states, pa.string()),
            pa.array(tenants, pa.string()),
            pa.array(people, pa.string()),
            pa.array([log_offset] * len(rows), pa.int64()),
            pa.array(payloads, pa.string()),
        ],
        schema=_OUTBOX_COLUMNS,
    )
    connection.register("alert_out", out)
    connection.register("alert_out_sent", sent)
    try:
        connection.execute("insert into base.outbox by name select * from alert_out order by seq")
        connection.execute("delete from base.alert_sent s using alert_out_sent n where s.alert_id = n.alert_id")
        connection.execute("insert into base.alert_sent by name select * from alert_out_sent")
    finally:
        connection.unregister("alert_out")
        connection.unregister("alert_out_sent")
