"""A slow second opinion on the alerts of R01 to R06, in plain Python over the sessions a test put in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.unit.alert_marts import DAY0, ENDINGS, EXERCISES, Session, session_key

NAMES = ("info", "advice", "warning", "high")
Expected = dict[tuple[int, str, str, date], tuple[str, date, date]]
"""(athlete, rule, scope, opened_on) -> severity, updated_on, the day it ends."""


def lower(level: int) -> int:
    return max(level - 1, 1)


def start(session: Session) -> datetime:
    return datetime.combine(DAY0 + timedelta(days=session.day), datetime.min.time()) + timedelta(hours=session.hour)


def day(session: Session) -> date:
    return DAY0 + timedelta(days=session.day)


def key_of(session: Session) -> int:
    return session_key((session.athlete, session.source, session.name))


def expected(sessions: list[Session], beginners: set[int] = frozenset()) -> Expected:  # type: ignore[assignment]
    found: Expected = {}
    for athlete in {session.athlete for session in sessions}:
        mine = [one for one in sessions if one.athlete == athlete and one.superseded_by is None]
        mine.sort(key=lambda one: (day(one), start(one), key_of(one)))
        _session_rules(athlete, mine, athlete in beginners, found)
        _r02(athlete, mine, found)
        _r06(athlete, mine, found)
    return found


def _levels(session: Session, beginner: bool) -> dict[tuple[str, int | None], int]:
    """(rule, exercise or None) -> level, for the rules about one session."""
    levels: dict[tuple[str, int | None], int] = {}
    down = session.date_only
    early: dict[int, tuple[bool, bool]] = {}
    r04: list[int] = []
    compound_near = axial_near = 0
    r05: list[int] = []
    for exercise, endings in session.work.items():
        kind = EXERCISES[exercise][2]
        sets = [ENDINGS[one] for one in endings]
        explicit = [one[2] for one in sets]
        union = [one[3] for one in sets]
        options = []
        for marks, is_full in ((explicit, True), (union, False)):
            count = sum(marks)
            level = 3 if count >= 3 else 2 if count == 2 and kind in ("axial", "compound") else 0
            if level:
                options.append(level if is_full and not down else lower(level))
        if options:
            levels["R01", exercise] = max(options)
        judged = [one[0] != "UNKNOWN" or mark == "u" for one, mark in zip(sets, endings, strict=True)]
        early[exercise] = tuple(  # type: ignore[assignment]
            any(marks[i] and not marks[j] and judged[j] for i in range(len(marks)) for j in range(i + 1, len(marks)))
            for marks in (explicit, union)
        )
        if kind == "compound" and any(union):
            r04.append(1)
            if any(explicit):
                r04.append(lower(2) if down else 2)
        near = sum(one[1] is not None and 0 < one[1] < 1 for one in sets)
        compound_near += near if kind == "compound" else 0
        axial_near += near if kind == "axial" else 0
        if beginner and any(union):
            level = 3 if kind in ("axial", "compound") else 2
            r05.append(lower(level))
            if any(explicit):
                r05.append(lower(level) if down else level)
    if compound_near >= 2 or axial_near >= 1:
        r04.append(lower(2) if down else 2)
    if r04:
        levels["R04", None] = max(r04)
    if r05:
        levels["R05", None] = max(r05)
    count_explicit = sum(one[0] for one in early.values())
    count = sum(one[1] for one in early.values())
    for exercise, (is_explicit, is_any) in early.items():
        options = []
        if is_explicit:
            level = 3 if count_explicit >= 2 else 2
            options.append(lower(level) if down else level)
        if is_any:
            options.append(lower(3 if count >= 2 else 2))
        if options:
            levels["R03", exercise] = max(options)
    return levels


def _session_rules(athlete: int, mine: list[Session], beginner: bool, found: Expected) -> None:
    all_levels = [_levels(one, beginner) for one in mine]
    best: dict[tuple[str, str], tuple[Any, ...]] = {}
    for index, session in enumerate(mine):
        for (rule, exercise), level in all_levels[index].items():
            ends = day(session) + timedelta(days=7)
            for later in range(index + 1, len(mine)):
                if exercise is not None and exercise not in mine[later].work:
                    continue
                if (rule, exercise) not in all_levels[later]:
                    ends = min(ends, day(mine[later]))
                    break
            scope = f"session:{session.name}"
            if exercise is not None:
                scope = f"exercise-session:{session.name}/{EXERCISES[exercise][0]}"
            rank = (-level, index)
            if (rule, scope) not in best or rank < best[rule, scope][0]:
                best[rule, scope] = (rank, session, level, ends)
    for (rule, scope), (_, session, level, ends) in best.items():
        found[athlete, rule, scope, day(session)] = (NAMES[level - 1], day(session), ends)


def _r02(athlete: int, mine: list[Session], found: Expected) -> None:
    for exercise in (1, 6):
        scope = f"exercise:{EXERCISES[exercise][0]}"
        opened: date | None = None
        last: Session | None = None
        clean = 0

        def close(ends: date) -> None:
            nonlocal opened
            assert opened is not None and last is not None
            found[athlete, "R02", scope, opened] = (NAMES[level_of(last) - 1], day(last), ends)

        def level_of(session: Session) -> int:
            explicit = any(ENDINGS[one][2] for one in session.work[exercise])
            return (lower(3) if session.date_only else 3) if explicit else 2

        is_open = False
        for session in mine:
            if exercise not in session.work:
                continue
            failed = any(ENDINGS[one][3] for one in session.work[exercise])
            if is_open and last is not None and day(session) >= day(last) + timedelta(days=42):
                close(day(last) + timedelta(days=42))
                is_open = False
            if failed:
                if not is_open and opened != day(session):
                    opened = day(session)
                is_open, last, clean = True, session, 0
            elif is_open:
                clean += 1
                if clean == 3:
                    close(day(session))
                    is_open = False
        if is_open and last is not None:
            close(day(last) + timedelta(days=42))


def _r06(athlete: int, mine: list[Session], found: Expected) -> None:
    rows: dict[str, list[tuple[datetime, datetime, Session, int, int]]] = {}
    for session in mine:
        muscles: dict[str, list[Any]] = {}
        for exercise, endings in session.work.items():
            _, _, _, main, helper = EXERCISES[exercise]
            for muscle, share in ((main, 2), (helper, 1)):
                if muscle:
                    one = muscles.setdefault(muscle, [0, 0, False])
                    one[0] += share * len(endings)
                    one[1] += len(endings) if share == 2 else 0
                    one[2] = one[2] or (share == 2 and any(ENDINGS[mark][3] for mark in endings))
        for muscle, (halves, primary, failed) in muscles.items():
            if halves >= (4 if primary else 8):
                rest = 72 if failed or halves >= 16 else 48
                end = start(session) + timedelta(hours=session.hours)
                rows.setdefault(muscle, []).append((start(session), end, session, primary, rest))
    for muscle, trained in rows.items():
        trained.sort(key=lambda one: (one[0], key_of(one[2])))
        scope = f"muscle:{muscle}"
        opened: date | None = None
        until, level = datetime.min, 0
        for before, this in pairwise(trained):
            gap = (this[0] - before[1]) / timedelta(hours=1)
            if not 0 <= gap < before[4] or (day(this[2]) - day(before[2])).days > 5:
                continue
            now = 3 if gap < 24 else 2 if gap < 48 else 1
            if not (before[3] and this[3]) or before[2].date_only or this[2].date_only:
                now = lower(now)
            if opened is None or this[0] >= until:
                if opened is not None and now <= level and this[0] < until + timedelta(hours=48):
                    continue
                opened = day(this[2])
            until, level = this[1] + timedelta(hours=this[4]), now
            found[athlete, "R06", scope, opened] = (NAMES[level - 1], day(this[2]), until.date())
