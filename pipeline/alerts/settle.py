"""From the alerts that should be to the rows that change: store, then hand over what readers do not know yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from pipeline.alerts import outbox
from pipeline.alerts.identity import alert_id, revision
from pipeline.alerts.rules import SEVERITIES, Rules
from pipeline.alerts.texts import Text, render
from pipeline.store.connection import Connection

Key = tuple[int, str, str, str]
"""athlete_no, rule, scope, anchor."""


class Athlete(NamedTuple):
    """Who is touched from which day on, and where their time stands (None: no data yet)."""

    tenant_id: str
    athlete_id: str
    from_day: date
    today: date | None
    now_at: datetime | None


class Draft(NamedTuple):
    """An alert as the marts say it should be. ``shown_on``: the day its text speaks of."""

    athlete_no: int
    rule: str
    scope: str
    anchor: str
    opened_on: date
    updated_on: date
    resolved_on: date | None
    resolves_at: datetime | None
    level: int
    subject: str
    shown_on: date
    evidence: str

    @property
    def key(self) -> Key:
        return (self.athlete_no, self.rule, self.scope, self.anchor)

    def is_resolved(self, athlete: Athlete) -> bool:
        """Whether the alert is over at the athlete's present: by the instant if it has one, else by the day."""
        if self.resolves_at is not None and athlete.now_at is not None:
            return self.resolves_at <= athlete.now_at
        return self.resolved_on is not None and athlete.today is not None and self.resolved_on <= athlete.today


class Stored(NamedTuple):
    """An alert as stored. ``is_refolded``: gone unless a draft has its key."""

    alert_id: str
    revision: str
    is_refolded: bool


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
        ("folded_into", pa.string()),
        ("title", pa.string()),
        ("body", pa.string()),
        ("action", pa.string()),
        ("rule_version", pa.string()),
        ("model_version", pa.string()),
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
    ]
)


def settle(
    connection: Connection,
    rules: Rules,
    athletes: dict[int, Athlete],
    drafts: Iterable[Draft],
    stored: dict[Key, Stored],
    *,
    log_offset: int,
    model_version: str,
) -> int:
    """Write the alerts that differ from what is stored; append what changed for readers to the outbox.

    Returns the number of outbox rows.
    """
    left = dict(stored)
    changed: list[outbox.Known] = []
    flipped: list[outbox.Known] = []
    for draft in drafts:
        athlete = athletes[draft.athlete_no]
        found = left.pop(draft.key, None)
        made = _revision(draft)
        state = "resolved" if draft.is_resolved(athlete) else "open"
        if found is None:
            name = alert_id(athlete.tenant_id, athlete.athlete_id, draft.rule, draft.scope, draft.anchor)
            changed.append(outbox.Known(name, made, state, draft, athlete))
        elif found.revision != made:
            changed.append(outbox.Known(found.alert_id, made, state, draft, athlete))
        elif state == "resolved":
            flipped.append(outbox.Known(found.alert_id, made, state, draft, athlete))
    gone = {found.alert_id: key for key, found in left.items() if found.is_refolded}
    said = {known.alert_id: _say(rules, known.draft) for known in changed}
    _write(connection, rules, changed, said, gone, model_version)
    return outbox.append(
        connection,
        rules,
        [*changed, *flipped],
        gone,
        lambda known: said.get(known.alert_id) or _say(rules, known.draft),
        athletes=athletes,
        log_offset=log_offset,
        model_version=model_version,
    )


def _revision(draft: Draft) -> str:
    return revision(
        draft.level,
        draft.opened_on,
        draft.updated_on,
        draft.resolved_on,
        draft.resolves_at,
        draft.subject,
        draft.evidence,
    )


def _say(rules: Rules, draft: Draft) -> tuple[Text, list[dict[str, Any]]]:
    evidence: list[dict[str, Any]] = orjson.loads(draft.evidence)
    return render(rules[draft.rule], draft.subject, draft.shown_on, evidence), evidence


def _write(
    connection: Connection,
    rules: Rules,
    changed: list[outbox.Known],
    said: dict[str, tuple[Text, list[dict[str, Any]]]],
    gone: dict[str, Key],
    model_version: str,
) -> None:
    names = [known.alert_id for known in changed]
    names.extend(gone)
    if not names:
        return
    connection.register("alert_changed_id", pa.table({"alert_id": pa.array(names, pa.string())}))
    connection.execute("delete from mart.alert a using alert_changed_id i where a.alert_id = i.alert_id")
    connection.execute("delete from mart.alert_evidence a using alert_changed_id i where a.alert_id = i.alert_id")
    connection.unregister("alert_changed_id")
    if not changed:
        return
    rows = []
    evidence_rows = []
    for known in changed:
        draft = known.draft
        text, evidence = said[known.alert_id]
        rows.append(
            (
                draft.athlete_no,
                known.alert_id,
                draft.rule,
                draft.scope,
                draft.anchor,
                SEVERITIES[draft.level - 1],
                draft.opened_on,
                draft.updated_on,
                draft.resolved_on,
                draft.resolves_at,
                known.revision,
                None,
                text.title,
                text.body,
                text.action,
                rules.rule_version(draft.rule),
                model_version,
            )
        )
        for row in evidence:
            evidence_rows.append(
                (
                    draft.athlete_no,
                    known.alert_id,
                    row["metric"],
                    row["value"],
                    row["threshold"],
                    row["comparator"],
                    _day(row["window_start"]),
                    _day(row["window_end"]),
                    row["n_obs"],
                    row["baseline"],
                )
            )
    insert(connection, "mart.alert", rows, _ALERT_COLUMNS)
    insert(connection, "mart.alert_evidence", evidence_rows, _EVIDENCE_COLUMNS)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def insert(connection: Connection, table: str, rows: list[tuple[Any, ...]], schema: pa.Schema) -> None:
    """Append ``rows`` (in the order of ``schema``) to ``table`` by column name."""
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    connection.register("alert_rows", pa.Table.from_arrays(arrays, schema=schema))
    try:
        connection.execute(f"insert into {table} by name select * from alert_rows")
    finally:
        connection.unregister("alert_rows")
