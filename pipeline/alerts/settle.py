"""From the alerts that should be to the rows that change in the store; what changed goes on to the outbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.alerts import outbox, statements
from pipeline.alerts.declared import Context
from pipeline.alerts.episodes import Drafts
from pipeline.alerts.evidence import EvidenceRow, context_rows, evidence_rows
from pipeline.alerts.identity import OWN_RULES, alert_id, revision
from pipeline.alerts.life_cycle import NEVER_DAY, Flags, Ints
from pipeline.alerts.rules import SEVERITIES, Rules
from pipeline.alerts.statements import Columns
from pipeline.alerts.texts import Text, render
from pipeline.store.connection import Connection


class Change(NamedTuple):
    """A row of ``steps/change.sql``: an alert that is new or says something else.

    ``opened_before``: the opening day of the row it has already; ``is_proven``: and its evidence stays the same.
    """

    athlete_no: int
    rule: str
    scope: str
    anchor: str
    level: int
    subject: str
    found: list[float | None]
    opened_on: date
    updated_on: date
    resolved_on: date | None
    resolves_at: datetime | None
    scope_key: int
    content: int
    tenant_id: str
    athlete_id: str
    is_resolved: bool
    opened_before: date | None
    is_proven: bool
    context: str
    context_code: int


_EPISODE_RULES = (2, 6, *range(7, 19), 20, 21, *OWN_RULES)  # one per scope and opening day
_ALERT_COLUMNS = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("alert_id", pa.string()),
        ("rule", pa.string()),
        ("scope", pa.string()),
        ("anchor", pa.string()),
        ("severity", pa.string()),
        ("opened_on", pa.date32()),
        ("updated_on", pa.date32()),
        ("resolved_on", pa.date32()),
        ("resolves_at", pa.timestamp("us")),
        ("revision", pa.string()),
        ("title", pa.string()),
        ("body", pa.string()),
        ("action", pa.string()),
        ("rule_version", pa.string()),
        ("model_version", pa.string()),
        ("scope_key", pa.uint64()),
        ("content", pa.uint64()),
        ("subject", pa.string()),
        ("is_resolved", pa.bool_()),
        ("context", pa.int64()),
    ]
)
_EVIDENCE_COLUMNS = pa.schema(
    [
        ("athlete_no", pa.int32()),
        ("alert_id", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("comparator", pa.string()),
        ("window_start", pa.date32()),
        ("window_end", pa.date32()),
        ("n_obs", pa.int32()),
        ("baseline", pa.float64()),
        ("opened_on", pa.date32()),
    ]
)


def settle(
    connection: Connection,
    rules: Rules,
    athletes: Columns,
    drafts: Drafts,
    stored: Columns,
    *,
    context: Context,
    dropped: Ints,
    log_offset: int,
    model_version: str,
) -> int:
    """Make ``mart.alert`` equal to ``drafts``, touching no row that did not change.

    ``stored``: the alerts near the touched days; ``context``: of each draft; ``dropped``: scopes that had a
    condition in the days computed again (a stored alert without draft is gone only if its scope is among them).
    Returns the number of rows appended to the outbox.
    """
    until_us = drafts.until_us
    today, now_us = athletes["today"][drafts.athlete], athletes["now_us"][drafts.athlete]
    is_resolved = np.where(until_us >= 0, until_us <= now_us, drafts.until_day <= today)
    changed, gone, old_opened, is_proven = _compare(drafts, is_resolved, context.code, stored)
    from_day = athletes["from_day"][stored["athlete"][gone]] - np.where(np.isin(stored["rule"][gone], (6, 19)), 2, 0)
    gone = gone[(stored["opened"][gone] >= from_day) & np.isin(stored["scope_key"][gone], dropped)]
    withdrawn = _gone(connection, stored, gone)
    news: list[outbox.News] = []
    alerts: list[tuple[Any, ...]] = []
    evidence: list[tuple[Any, ...]] = []
    replaced = [(one.alert_id, one.opened_on) for one in withdrawn]
    disproved = list(replaced)
    for change in _changes(connection, drafts, changed, context, (is_resolved, is_proven), old_opened):
        name = alert_id(change.tenant_id, change.athlete_id, change.rule, change.scope, change.anchor)
        made = revision(*change[4:11], change.context)
        proof, text = _say(rules, change)
        one = _news(change, name, made, text=text, proof=proof, rules=rules, model_version=model_version)
        news.append(one)
        alerts.append(_alert(change, one))
        if change.opened_before:
            replaced.append((name, change.opened_before))
        if not change.is_proven:
            evidence.extend((change.athlete_no, name, *proved.values(), change.opened_on) for proved in proof)
            if change.opened_before:
                disproved.append((name, change.opened_before))
    _store(connection, "mart.alert", replaced, alerts, _ALERT_COLUMNS)
    _store(connection, "mart.alert_evidence", disproved, evidence, _EVIDENCE_COLUMNS)
    return outbox.append(connection, news, withdrawn, log_offset=log_offset)


def _compare(drafts: Drafts, is_resolved: Flags, context: Ints, stored: Columns) -> tuple[Ints, Ints, Ints, Flags]:
    """Which drafts are new or differ from what is stored, and which stored alerts have no draft (indexes).

    Then per draft: the opening day as stored (NEVER_DAY: not stored), and whether its evidence stays the same.
    Alerts about one session are one per scope; episodes one per scope and opening day.
    """
    n = len(drafts.rule)
    pairs = {
        "scope": (drafts.scope_key, stored["scope_key"]),
        "opened": (drafts.opened, stored["opened"]),
        "until_day": (drafts.until_day, stored["until_day"]),
        "until_us": (drafts.until_us, stored["until_us"]),
        "updated": (drafts.day, stored["updated"]),
        "content": (drafts.content, stored["content"]),
        "context": (context, stored["context"]),
        "resolved": (is_resolved, stored["is_resolved"].astype(bool)),
        "rule": (drafts.rule, stored["rule"]),
    }
    both = {name: np.concatenate(pair) for name, pair in pairs.items()}
    episode = np.where(np.isin(both["rule"], _EPISODE_RULES), both["opened"], -1)
    is_stored = np.arange(len(episode)) >= n
    order = np.lexsort((is_stored, episode, both["scope"]))
    scope, episode = both["scope"][order], episode[order]
    matched = (scope[1:] == scope[:-1]) & (episode[1:] == episode[:-1])
    column = {name: values[order] for name, values in both.items()}
    proven = matched.copy()
    for name in ("updated", "content", "context"):
        proven &= column[name][1:] == column[name][:-1]
    equal = proven.copy()
    for name in ("opened", "until_day", "until_us", "resolved"):
        equal &= column[name][1:] == column[name][:-1]
    flags = {name: np.zeros(len(order), dtype=bool) for name in ("proven", "equal", "found")}
    old_opened = np.full(len(order), NEVER_DAY, dtype=np.int64)
    pair = np.flatnonzero(matched)
    old_opened[order[pair]] = column["opened"][pair + 1]
    for name, pairs_found in (("proven", proven), ("equal", equal)):
        flags[name][order[np.flatnonzero(pairs_found)]] = True
    flags["found"][order[pair + 1]] = True
    return (
        np.flatnonzero(~flags["equal"][:n]),
        np.flatnonzero(~flags["found"][n:]),
        old_opened[:n],
        flags["proven"][:n],
    )


def _changes(
    connection: Connection,
    drafts: Drafts,
    changed: Ints,
    context: Context,
    flags: tuple[Flags, Flags],
    old_opened: Ints,
) -> list[Change]:
    """The words of the changed drafts, in the order in which they are told."""
    if not len(changed):
        return []
    wanted = pa.table(
        {
            "scope_key": pa.array(drafts.scope_key[changed]),
            "session_key": pa.array(drafts.session_key[changed]),
            "local_day": statements.dates(drafts.day[changed]),
            "opened_on": statements.dates(drafts.opened[changed]),
            "resolved_on": statements.dates(drafts.until_day[changed], absent=drafts.until_day[changed] == NEVER_DAY),
            "context": pa.array([context.words[row] for row in changed.tolist()], pa.string()),
            "context_code": pa.array(context.code[changed]),
            "is_resolved": pa.array(flags[0][changed]),
            "opened_before": statements.dates(old_opened[changed], absent=old_opened[changed] == NEVER_DAY),
            "is_proven": pa.array(flags[1][changed]),
        }
    )
    with statements.registered(connection, "alert_change", wanted):
        rows = connection.execute(statements.text("steps/change")[0]).fetchall()
    return [Change(*row) for row in rows]


def _gone(connection: Connection, stored: Columns, gone: Ints) -> list[outbox.Gone]:
    if not len(gone):
        return []
    wanted = pa.table(
        {
            "alert_id": pa.array(stored["alert_id"][gone].tolist(), pa.string()),
            "scope_key": pa.array(stored["scope_key"][gone]),
        }
    )
    with statements.registered(connection, "alert_gone", wanted):
        return [outbox.Gone(*row) for row in connection.execute(statements.text("steps/gone")[0]).fetchall()]


def _say(rules: Rules, change: Change) -> tuple[list[EvidenceRow], Text]:
    rule = rules[change.rule]
    proof = evidence_rows(rule, change.found, change.updated_on) + context_rows(change.context)
    return proof, render(rule, change.subject, change.updated_on, proof)


def _news(
    change: Change, name: str, made: str, *, text: Text, proof: list[EvidenceRow], rules: Rules, model_version: str
) -> outbox.News:
    return outbox.News(
        name,
        made,
        "resolved" if change.is_resolved else "open",
        change.tenant_id,
        change.athlete_id,
        change.rule,
        change.scope,
        SEVERITIES[change.level - 1],
        change.opened_on,
        change.updated_on,
        change.resolved_on,
        text,
        rules.rule_version(change.rule),
        model_version,
        proof,
    )


def _alert(change: Change, one: outbox.News) -> tuple[Any, ...]:
    return (
        change.athlete_no,
        one.alert_id,
        change.rule,
        change.scope,
        change.anchor,
        one.severity,
        change.opened_on,
        change.updated_on,
        change.resolved_on,
        change.resolves_at,
        one.revision,
        *one.text,
        one.rule_version,
        one.model_version,
        change.scope_key,
        change.content,
        change.subject,
        change.is_resolved,
        change.context_code,
    )


def _store(
    connection: Connection, table: str, old: list[tuple[str, date]], rows: list[tuple[Any, ...]], schema: pa.Schema
) -> None:
    """Take the rows of the alerts ``old`` (id, day it opened) out of ``table`` and put ``rows`` in."""
    if old:
        with statements.registered(connection, "alert_id_in", statements.table(old, outbox.ID_COLUMNS)):
            connection.execute(
                f"delete from {table} a using alert_id_in i where a.alert_id = i.alert_id and a.opened_on = i.opened_on"
            )
    if rows:
        with statements.registered(connection, "alert_row_in", statements.table(rows, schema)):
            connection.execute(f"insert into {table} by name select * from alert_row_in")
