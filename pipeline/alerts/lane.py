"""The two lanes: conditions of the touched athletes, the fold, and the alerts that changed.

Both are pure functions of the marts: the same rows whatever the order, the cuts or the restarts.
An alert that ended before the touched day cannot change; every other one of the athlete is looked at again.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.alerts import statements
from pipeline.alerts.life_cycle import SUPPRESSED, Conditions, fold
from pipeline.alerts.rules import Rules
from pipeline.alerts.settle import Athlete, Draft, Stored, settle
from pipeline.store.connection import Connection

SESSION_DAYS = 7  # an alert about one session ends after this many days
_HOUR_US = 3_600_000_000
_SLACK = timedelta(days=5)  # R06 counts in hours and zones: what ended this long before the touched day is final
_SESSION_LANE = "('R01', 'R02', 'R03', 'R04', 'R05', 'R06', 'R19')"

_GONE = f"""
create or replace temp table alert_gone as
select distinct c.scope_key
from mart.condition c
join touched_alert t on c.athlete_no = t.athlete_no and c.local_day >= t.from_day
where c.rule in ('R01', 'R03', 'R04', 'R05', 'R19')
"""
_DROP = f"""
delete from mart.condition c
using touched_alert t
where
    c.athlete_no = t.athlete_no and c.local_day >= t.from_day - 2 and c.rule in {_SESSION_LANE}
    and if(c.rule = 'R06', c.seen_at >= t.from_day - interval 1 day, c.local_day >= t.from_day)
"""
_KEEP = """
insert into mart.condition by name
select c.*, f.opened_on
from alert_condition c
left join alert_opened f
    on c.athlete_no = f.athlete_no and c.rule = f.rule and c.session_key = f.session_key and c.scope = f.scope
"""
_NONE_RUNNING = "create or replace temp table alert_running (athlete_no integer, session_key bigint)"


def run_session_lane(connection: Connection, *, rules: Rules, log_offset: int, model_version: str) -> int:
    """R01 to R06 and R19 of the athletes in ``touched_alert (athlete_no, from_day)``.

    ``from_day``: the first local day on which a mart row of the athlete changed, or on which today stood
    before it moved. Runs inside the caller's transaction, after the marts are current. Returns the number
    of rows appended to ``base.outbox``.
    """
    connection.execute(statements.text("steps/macro")[0])
    athletes = _athletes(connection)
    if not athletes:
        return 0
    run = connection.execute
    statements.run(connection, statements.text("steps/work"), rules)
    statements.run(connection, statements.session_conditions(), rules)
    run(_NONE_RUNNING)
    run(_GONE)
    drafts = _episodes(connection, rules, athletes)
    drafts.extend(_session_alerts(connection, rules))
    stored = _stored(connection, "steps/stored_alert")
    return settle(connection, rules, athletes, drafts, stored, log_offset=log_offset, model_version=model_version)


def _athletes(connection: Connection) -> dict[int, Athlete]:
    rows = connection.execute(statements.text("steps/athlete")[0]).fetchall()
    return {row[0]: Athlete(row[1], row[2], row[3], row[4], row[5]) for row in rows}


def _stored(connection: Connection, step: str) -> dict[tuple[int, str, str, str], Stored]:
    rows = connection.execute(statements.text(step)[0]).fetchall()
    return {(row[0], row[1], row[2], row[3]): Stored(row[4], row[5], row[6]) for row in rows}


def _session_alerts(connection: Connection, rules: Rules) -> list[Draft]:
    found = statements.run(
        connection, statements.text("steps/session_alert"), rules, session_days=SESSION_DAYS
    ).fetchall()
    return [
        Draft(athlete, rule, scope, anchor, day, day, ends, None, level, subject, day, evidence)
        for athlete, rule, scope, anchor, day, level, evidence, subject, ends in found
    ]


def _episodes(connection: Connection, rules: Rules, athletes: dict[int, Athlete]) -> list[Draft]:
    """Fold R02 and R06, store the new conditions with the day their episode opened, give the episodes."""
    statements.run(connection, statements.text("steps/episode_state"), rules)
    connection.execute(_DROP)
    rows = statements.run(connection, statements.text("steps/episode_input"), rules).fetchall()
    opened = _opened(rows, rules)
    table = pa.table(
        {
            "athlete_no": pa.array([row[0] for row in rows], pa.int32()),
            "rule": pa.array([row[1] for row in rows], pa.string()),
            "scope": pa.array([row[2] for row in rows], pa.string()),
            "session_key": pa.array([row[9] for row in rows], pa.int64()),
            "opened_on": pa.array(opened, pa.date32()),
        }
    )
    connection.register("alert_opened", table)
    try:
        connection.execute(_KEEP)
    finally:
        connection.unregister("alert_opened")
    return [
        draft for draft in _drafts(rows, opened) if draft.resolved_on >= athletes[draft.athlete_no].from_day - _SLACK
    ]


def _opened(rows: list[tuple[Any, ...]], rules: Rules) -> list[date | None]:
    if not rows:
        return []
    names = [(row[0], row[2]) for row in rows]
    key = np.cumsum([False] + [a != b for a, b in zip(names[1:], names[:-1], strict=True)])
    cool = {rule: rules[rule].cool_down_h * _HOUR_US for rule in ("R02", "R06")}
    days = [row[4].toordinal() for row in rows]
    folded = fold(
        Conditions(
            key=key.astype(np.int64),
            at=np.array([row[13] for row in rows], dtype=np.int64),
            until=np.array([row[14] for row in rows], dtype=np.int64),
            day=np.array(days, dtype=np.int64),
            level=np.array([row[5] for row in rows], dtype=np.int64),
            cool=np.array([cool[row[1]] for row in rows], dtype=np.int64),
            state=np.array([row[3] for row in rows], dtype=np.bool_),
            opened=np.array([row[8].toordinal() if row[3] else 0 for row in rows], dtype=np.int64),
        )
    )
    return [None if day == SUPPRESSED else date.fromordinal(day) for day in folded.tolist()]


def _drafts(rows: list[tuple[Any, ...]], opened: list[date | None]) -> list[Draft]:
    """One alert per episode: what its last condition says."""
    last: dict[tuple[int, str, date], tuple[Any, ...]] = {}
    for row, day in zip(rows, opened, strict=True):
        if day is not None:
            last[(row[0], row[2], day)] = row
    drafts = []
    for (athlete, scope, day), row in last.items():
        rule, ends = row[1], row[12]
        resolves_at: datetime | None = row[11]
        drafts.append(
            Draft(athlete, rule, scope, day.isoformat(), day, row[4], ends, resolves_at, row[5], row[7], row[4], row[6])
        )
    return drafts
