"""From conditions to the alerts there should be: episodes of R02 and R06, and alerts about one session.

Everything here is numbers: days since 1970, microseconds, keys. ``near`` holds the conditions just found and
those stored near the touched days; a stored one in the days that were computed again does not count any more.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from pipeline.alerts.life_cycle import (
    SUPPRESSED,
    Conditions,
    Flags,
    Ints,
    clean_run_day,
    exercise_session_codes,
    fold,
    next_clean_day,
)
from pipeline.alerts.rules import Rules

DAY_US = 86_400_000_000
CLOSE_DAYS = 2
_HOUR_US = 3_600_000_000
_EXERCISE_RULES = (1, 3)
_SESSION_RULES = (4, 5, 19)
SLACK_DAYS = 5  # what ended this long before the touched day is final (R06 counts in hours and across zones)


@dataclass(frozen=True)
class Near:
    """Conditions as columns. ``athlete``: index into the touched athletes; ``from_day``: theirs, per row."""

    is_new: Flags
    athlete: Ints
    rule: Ints
    scope_key: Ints
    session_key: Ints
    exercise_no: Ints
    day: Ints
    seen_us: Ints
    level: Ints
    content: Ints
    until_us: Ints
    until_day: Ints
    opened: Ints
    from_day: Ints

    @property
    def is_dropped(self) -> Flags:
        """Stored rows of the days that were computed again: R06 counts in instants, the others in days.

        R19 waits for the close of a session, which may come two dates after its day.
        """
        again = np.where(self.rule == 6, self.seen_us >= (self.from_day - 1) * DAY_US, self.day >= self.from_day)
        again |= (self.rule == 19) & (self.day >= self.from_day - CLOSE_DAYS)
        return ~self.is_new & again


@dataclass(frozen=True)
class Drafts:
    """Alerts there should be. ``session_key`` and ``day`` name the condition whose words each speaks."""

    athlete: Ints
    rule: Ints
    scope_key: Ints
    session_key: Ints
    day: Ints
    opened: Ints
    until_day: Ints
    until_us: Ints
    content: Ints

    def joined(self, other: Drafts) -> Drafts:
        """Both, one after the other."""
        return Drafts(
            **{
                field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            }
        )


def exercises_with_failure(near: Near) -> tuple[Ints, Ints, Ints]:
    """Athlete, exercise and first day of the R02 conditions that the fold starts from."""
    rows = _fold_rows(near)
    rows = rows[near.rule[rows] == 2]
    code = (near.athlete[rows] << 24) | near.exercise_no[rows]
    order = np.lexsort((near.day[rows], code))
    rows, code = rows[order], code[order]
    first = np.r_[True, code[1:] != code[:-1]][: len(code)]
    rows = rows[first]
    return near.athlete[rows], near.exercise_no[rows], near.day[rows]


def _fold_rows(near: Near) -> Ints:
    """Rows to fold, sorted by scope and time: new ones, and per scope the last opened one before them."""
    folded = np.isin(near.rule, (2, 6))
    state = np.flatnonzero(folded & ~near.is_new & ~near.is_dropped & (near.opened != SUPPRESSED))
    order = np.lexsort((near.session_key[state], near.seen_us[state], near.day[state], near.scope_key[state]))
    state = state[order]
    scope = near.scope_key[state]
    state = state[np.r_[scope[1:] != scope[:-1], True][: len(state)]]
    rows = np.concatenate([state, np.flatnonzero(folded & near.is_new)])
    at = np.where(near.rule[rows] == 2, near.day[rows], near.seen_us[rows])
    return rows[np.lexsort((near.session_key[rows], near.seen_us[rows], at, near.is_new[rows], near.scope_key[rows]))]


def fold_episodes(near: Near, sessions: dict[str, Ints], rules: Rules) -> tuple[Drafts, Ints]:
    """Fold R02 and R06. ``sessions``: the sessions of ``exercises_with_failure`` from those days on.

    Returns the episodes, and per row of ``near`` the day its episode opened (SUPPRESSED: in cool-down, or not folded).
    """
    rows = _fold_rows(near)
    until_day = near.until_day[rows].copy()
    is_lift = near.rule[rows] == 2
    until_day[is_lift] = _lift_ends(near, rows[is_lift], sessions, rules)
    cool = {rule: rules[f"R0{rule}"].cool_down_h * _HOUR_US for rule in (2, 6)}
    day_us = near.day[rows] * DAY_US
    opened = fold(
        Conditions(
            key=near.scope_key[rows],
            at=np.where(is_lift, day_us, near.seen_us[rows]),
            until=np.where(is_lift, until_day * DAY_US, near.until_us[rows]),
            day=near.day[rows],
            level=near.level[rows],
            cool=np.where(is_lift, cool[2], cool[6]),
            state=~near.is_new[rows],
            opened=near.opened[rows],
        )
    )
    all_opened = np.full(len(near.rule), SUPPRESSED, dtype=np.int64)
    all_opened[rows] = opened
    live = np.flatnonzero(opened != SUPPRESSED)
    scope, day = near.scope_key[rows][live], opened[live]
    is_last = np.r_[(scope[1:] != scope[:-1]) | (day[1:] != day[:-1]), True][: len(live)]
    live = live[is_last & (until_day[live] >= near.from_day[rows][live] - SLACK_DAYS)]
    row = rows[live]
    return (
        Drafts(
            athlete=near.athlete[row],
            rule=near.rule[row],
            scope_key=near.scope_key[row],
            session_key=near.session_key[row],
            day=near.day[row],
            opened=opened[live],
            until_day=until_day[live],
            until_us=near.until_us[row],
            content=near.content[row],
        ),
        all_opened,
    )


def _lift_ends(near: Near, rows: Ints, sessions: dict[str, Ints], rules: Rules) -> Ints:
    """R02: the day of the third later session without failure, or the time limit, whichever is first."""
    limit = near.day[rows] + int(rules["R02"].thresholds["days"])
    count = int(rules["R02"].thresholds["sessions"])
    group = (sessions["athlete"] << 24) | sessions["exercise_no"]
    order = np.lexsort((sessions["session_key"], sessions["start_us"], sessions["day"], group))
    clean = clean_run_day(group[order], sessions["day"][order], sessions["failed"][order].astype(bool), count)
    wanted = len(rows)
    code = exercise_session_codes(
        np.concatenate([near.athlete[rows], sessions["athlete"][order]]),
        np.concatenate([near.session_key[rows], sessions["session_key"][order]]),
        np.concatenate([near.exercise_no[rows], sessions["exercise_no"][order]]),
    )
    found = _positions(code[wanted:], code[:wanted])
    return np.minimum(limit, np.where(found >= 0, clean[found] if len(clean) else limit, limit))


def _positions(where: Ints, what: Ints) -> Ints:
    """Index in ``where`` of each of ``what``; -1 if it is not there."""
    if not len(where):
        return np.full(len(what), -1, dtype=np.int64)
    order = np.argsort(where, kind="stable")
    place = np.minimum(np.searchsorted(where[order], what), len(where) - 1)
    found = order[place]
    return np.where(where[found] == what, found, -1)


def session_alerts(near: Near, pool: dict[str, Ints], session_days: int) -> Drafts:
    """Alerts about one session.

    ``pool``: sessions of each exercise in the window; its ``is_running`` marks sessions that are not closed.
    Each ends after ``session_days``, or on the day of the next session (of the exercise, or of the athlete)
    that does not meet the condition. Of several findings under one scope the worst stands, then the earliest.
    """
    held = np.isin(near.rule, (*_EXERCISE_RULES, *_SESSION_RULES))
    dropped = np.unique(near.scope_key[held & near.is_dropped])
    rows = np.flatnonzero(held & ~near.is_dropped)
    ends = near.day[rows] + session_days
    for rules, by_exercise in ((_EXERCISE_RULES, True), (_SESSION_RULES, False)):
        mine = np.flatnonzero(np.isin(near.rule[rows], rules))
        if len(mine):
            clean = _clean_days(near, rows[mine], pool, by_exercise=by_exercise)
            ends[mine] = np.minimum(ends[mine], clean)
    order = np.lexsort(
        (
            near.session_key[rows],
            near.seen_us[rows],
            near.day[rows],
            -near.level[rows],
            near.scope_key[rows],
        )
    )
    rows, ends = rows[order], ends[order]
    scope = near.scope_key[rows]
    first = np.r_[True, scope[1:] != scope[:-1]][: len(rows)]
    shown = first & ((ends >= near.from_day[rows]) | np.isin(scope, dropped))
    rows, ends = rows[shown], ends[shown]
    return Drafts(
        athlete=near.athlete[rows],
        rule=near.rule[rows],
        scope_key=near.scope_key[rows],
        session_key=near.session_key[rows],
        day=near.day[rows],
        opened=near.day[rows],
        until_day=ends,
        until_us=np.full(len(rows), -1, dtype=np.int64),
        content=near.content[rows],
    )


def _clean_days(near: Near, rows: Ints, pool: dict[str, Ints], *, by_exercise: bool) -> Ints:
    """The day of the next session that does not meet the condition of each row, or the largest integer."""
    exercise = pool["exercise_no"] if by_exercise else np.full(len(pool["day"]), -1, dtype=np.int64)
    group = (pool["athlete"] << 24) | (exercise + 1)
    mine = (near.athlete[rows] << 24) | (near.exercise_no[rows] + 1)
    near_enough = np.isin(group, mine)
    athlete, exercise, group = pool["athlete"][near_enough], exercise[near_enough], group[near_enough]
    session, day, start, running = (
        pool[name][near_enough] for name in ("session_key", "day", "start_us", "is_running")
    )
    order = np.lexsort((session, start, day, group))
    athlete, exercise, group, session, day, running = (
        column[order] for column in (athlete, exercise, group, session, day, running)
    )
    n = len(rows)
    code = exercise_session_codes(
        np.concatenate([near.athlete[rows], athlete]),
        np.concatenate([near.session_key[rows], session]),
        np.concatenate([near.exercise_no[rows], exercise]),
    )
    wanted, code = code[:n], code[n:]
    if not by_exercise and len(code):  # one row per session
        once = np.r_[True, code[1:] != code[:-1]]
        group, day, code, running = group[once], day[once], code[once], running[once]
    found = _positions(code, wanted)
    never = np.iinfo(np.int64).max
    clean = np.full(n, never, dtype=np.int64)
    for rule in np.unique(near.rule[rows]).tolist():
        of_rule = near.rule[rows] == rule
        meets = np.isin(code, wanted[of_rule])
        if rule == 19:
            meets |= running.astype(bool)
        here = found[of_rule]
        days = next_clean_day(group, day, meets)
        clean[of_rule] = np.where(here >= 0, days[here] if len(days) else never, never)
    return clean
