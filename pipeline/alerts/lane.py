"""The session lane: conditions of the touched athletes, their life cycle, and the alerts that changed.

A pure function of the marts: the same rows whatever the order, the cuts or the restarts. An alert that
ended before the touched day cannot change; every other one of the athlete is looked at again.
SQL finds the conditions; the life cycle works on their numbers, and words are fetched for what changed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.alerts import statements
from pipeline.alerts.declared import context_of, declared
from pipeline.alerts.episodes import SLACK_DAYS, Near, exercises_with_failure, fold_episodes, session_alerts
from pipeline.alerts.life_cycle import SUPPRESSED, Flags, Ints, exercise_session_codes
from pipeline.alerts.rules import Rules
from pipeline.alerts.settle import settle
from pipeline.alerts.statements import Columns
from pipeline.store.connection import Connection

SESSION_DAYS = 7  # an alert about one session ends after this many days
WINDOW_DAYS = 9  # 7 days; R06: 1 day for zones, 5 days of rest and cool-down, 2 days between local and UTC dates
_SESSION_RULES = (1, 3, 4, 5, 19)
_POOL = ("athlete_no", "exercise_no", "session_key", "day", "start_us")


def run_session_lane(connection: Connection, *, rules: Rules, log_offset: int, model_version: str) -> int:
    """R01 to R06 and R19 of the athletes in the temp table ``touched_alert (athlete_no, from_day)``.

    ``from_day``: the first local day on which a mart row of the athlete changed, or on which today stood
    before it moved. Runs inside the caller's transaction, after the marts are current. Returns the number
    of rows appended to ``base.outbox``.
    """
    athletes = statements.columns(connection, statements.text("steps/athlete"), rules)
    if not len(athletes["athlete_no"]):
        return 0
    statements.run(connection, statements.text("steps/work"), rules)
    said = declared(connection)
    statements.run(connection, statements.conditions(_needed(connection, plans=said.plans)), rules)
    window = athletes["from_day"] - WINDOW_DAYS
    near, pool = _near(connection, rules, athletes, window)
    far = _twin_days(connection, rules, near, athletes, window)
    if (far < window).any():
        near, pool = _near(connection, rules, athletes, far)
    pool["is_running"] = _running(connection, rules, pool, athletes, plans=said.plans)
    episodes, opened = fold_episodes(near, _lift_sessions(connection, rules, near, athletes), rules)
    drafts = session_alerts(near, pool, SESSION_DAYS).joined(episodes)
    _keep(connection, near, opened)
    final = np.where(far < window, far, athletes["from_day"] - SLACK_DAYS)
    np.minimum.at(final, drafts.athlete, drafts.until_day)
    with statements.registered(connection, "alert_window", _window(athletes, final)):
        stored = statements.columns(connection, statements.text("steps/alert_near"), rules)
    _index(stored, athletes)
    dropped = np.unique(near.scope_key[near.is_dropped])
    return settle(
        connection,
        rules,
        athletes,
        drafts,
        stored,
        context=context_of(said, athletes, drafts.athlete, drafts.day),
        dropped=dropped,
        log_offset=log_offset,
        model_version=model_version,
    )


def _needed(connection: Connection, *, plans: bool) -> tuple[str, ...]:
    """The rules that can find anything; R06 always, because it looks at muscles and not at failures."""
    flags = connection.execute(statements.text("steps/needed")[0]).fetchall()[0]
    found = [rule for rule, flag in zip(("R01", "R02", "R03", "R04", "R05"), flags, strict=True) if flag]
    return (*found, "R06", "R19") if plans else (*found, "R06")


def _window(athletes: Columns, window: Ints) -> pa.Table:
    return pa.table(
        {
            "athlete_no": pa.array(athletes["athlete_no"].astype(np.int32)),
            "from_day": statements.dates(athletes["from_day"]),
            "window_day": statements.dates(window),
        }
    )


def _index(columns: Columns, athletes: Columns) -> None:
    """Give each row the index of its athlete in place of the number."""
    columns["athlete"] = np.searchsorted(athletes["athlete_no"], columns.pop("athlete_no"))


def _near(connection: Connection, rules: Rules, athletes: Columns, window: Ints) -> tuple[Near, Columns]:
    """The conditions near the touched days, and the sessions of each exercise."""
    with statements.registered(connection, "alert_window", _window(athletes, window)):
        rows = statements.columns(connection, statements.text("steps/condition_near"), rules)
        if np.isin(rows["rule"], _SESSION_RULES).any():
            pool = statements.columns(connection, statements.text("steps/exercise_near"), rules)
        else:
            pool = {name: np.empty(0, dtype=np.int64) for name in _POOL}
    _index(rows, athletes)
    _index(pool, athletes)
    return Near(**rows, from_day=athletes["from_day"][rows["athlete"]]), pool


def _running(connection: Connection, rules: Rules, pool: Columns, athletes: Columns, *, plans: bool) -> Flags:
    """Which rows of the pool belong to a session that is not closed; R19 alone asks."""
    flags = np.zeros(len(pool["day"]), dtype=bool)
    if not plans:
        return flags
    rows = statements.columns(connection, statements.text("steps/running"), rules)
    _index(rows, athletes)
    n = len(flags)
    code = exercise_session_codes(
        np.concatenate([pool["athlete"], rows["athlete"]]),
        np.concatenate([pool["session_key"], rows["session_key"]]),
        np.full(n + len(rows["athlete"]), -1, dtype=np.int64),
    )
    flags |= np.isin(code[:n], code[n:])
    return flags


def _twin_days(connection: Connection, rules: Rules, near: Near, athletes: Columns, window: Ints) -> Ints:
    """Per athlete the first day to look at, so that all conditions of one scope are seen together."""
    scopes = np.unique(near.scope_key[np.isin(near.rule, _SESSION_RULES)])
    if not len(scopes):
        return window
    with statements.registered(connection, "alert_scope", pa.table({"scope_key": pa.array(scopes)})):
        rows = statements.columns(connection, statements.text("steps/condition_twin"), rules)
    _index(rows, athletes)
    far = window.copy()
    far[rows["athlete"]] = np.minimum(far[rows["athlete"]], rows["day"])
    return far


def _lift_sessions(connection: Connection, rules: Rules, near: Near, athletes: Columns) -> Columns:
    """The sessions of the exercises R02 speaks of, from the first failure that matters on."""
    athlete, exercise, day = exercises_with_failure(near)
    if not len(athlete):
        return {name: np.empty(0, dtype=np.int64) for name in ("athlete", *_POOL[1:], "failed")}
    wanted = pa.table(
        {
            "athlete_no": pa.array(athletes["athlete_no"][athlete].astype(np.int32)),
            "exercise_no": pa.array(exercise.astype(np.int32)),
            "from_day": statements.dates(day),
        }
    )
    with statements.registered(connection, "alert_exercise", wanted):
        rows = statements.columns(connection, statements.text("steps/exercise_since"), rules)
    _index(rows, athletes)
    return rows


def _keep(connection: Connection, near: Near, opened: Ints) -> None:
    """Bring ``mart.condition`` up to the conditions just found, touching no row that stays the same."""
    new, old = np.flatnonzero(near.is_new), np.flatnonzero(near.is_dropped)
    same_new, same_old = _same(near, opened, new, old)
    new, old = new[~same_new], old[~same_old]
    if len(old):
        dropped = pa.table(
            {
                "scope_key": pa.array(near.scope_key[old]),
                "session_key": pa.array(near.session_key[old]),
                "local_day": statements.dates(near.day[old]),
            }
        )
        with statements.registered(connection, "alert_drop", dropped):
            connection.execute(statements.text("steps/drop")[0])
    if len(new):
        kept = pa.table(
            {
                "scope_key": pa.array(near.scope_key[new]),
                "session_key": pa.array(near.session_key[new]),
                "opened_on": statements.dates(opened[new], absent=opened[new] == SUPPRESSED),
            }
        )
        with statements.registered(connection, "alert_keep", kept):
            connection.execute(statements.text("steps/keep")[0])


def _same(near: Near, opened: Ints, new: Ints, old: Ints) -> tuple[Flags, Flags]:
    """Which of the new rows are stored already, and which of the old rows stay."""
    rows = np.concatenate([new, old])
    is_old = np.r_[np.zeros(len(new), dtype=bool), np.ones(len(old), dtype=bool)]
    now_opened = np.where(is_old, near.opened[rows], opened[rows])
    compared = [near.content, near.day, near.seen_us, near.until_us, near.until_day]
    order = np.lexsort((is_old, near.session_key[rows], near.scope_key[rows]))
    here = rows[order]
    equal = (near.scope_key[here][1:] == near.scope_key[here][:-1]) & (
        near.session_key[here][1:] == near.session_key[here][:-1]
    )
    for column in compared:
        equal &= column[here][1:] == column[here][:-1]
    equal &= now_opened[order][1:] == now_opened[order][:-1]
    pair = np.flatnonzero(equal)
    same = np.zeros(len(rows), dtype=bool)
    same[order[pair]] = True
    same[order[pair + 1]] = True
    return same[: len(new)], same[len(new) :]
