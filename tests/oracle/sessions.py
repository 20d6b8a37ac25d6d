"""Which rows form a session, who owns it, and which session stands for another (contract.md)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests.oracle.documents import Document
from tests.oracle.rows import Row, choose_counted
from tests.oracle.times import Zones, read_time

GAP = timedelta(hours=3)


@dataclass
class Session:
    """Rows that count together. ``start`` and ``end`` are those of the session document, if there is one."""

    tenant: str
    athlete: str
    source: str
    session_id: str
    rows: list[Row] = field(default_factory=list)
    owner: Document | None = None
    start: tuple[datetime, datetime | None] | None = None
    end: tuple[datetime, datetime | None] | None = None
    zones: dict[str, str | None] = field(default_factory=dict)  # as stated with start and end
    superseded_by: str | None = None

    def _timed(self) -> list[tuple[datetime, datetime | None]]:
        return [(row.time.at, row.local) for row in self.rows if row.time]

    @property
    def first(self) -> tuple[datetime, datetime | None] | None:
        """(instant, wall clock) of the first set, else of the stated start."""
        return min(self._timed(), key=lambda t: t[0], default=self.start)

    @property
    def last(self) -> tuple[datetime, datetime | None] | None:
        """(instant, wall clock) of the last set, else of the stated end or start."""
        return max(self._timed(), key=lambda t: t[0], default=self.end or self.start)

    @property
    def last_zone(self) -> str | None:
        """The name of the zone stated with the last set, else with the end or start."""
        timed = [(row.time.at, row.local or datetime.min, row.time.zone or "") for row in self.rows if row.time]
        if timed:
            return max(timed)[2] or None
        return self.zones.get("end" if self.end else "start")

    @property
    def local_day(self) -> date | None:
        return self.first[1].date() if self.first and self.first[1] else None


def auto_id(first: datetime) -> str:
    """The name of a session that its source did not name."""
    return f"auto:{first.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def group(documents: list[Document], rows: list[Row], zones: Zones) -> list[Session]:
    """The sessions of one athlete, counted rows marked, rows ordered; superseded rows stay outside."""
    sessions: dict[tuple[str, str], Session] = {}
    for document in documents:
        event = document.event
        if event is None or event["kind"] != "session":
            continue
        session = sessions.setdefault(
            (document.source, event["session"]),
            Session(document.tenant, document.athlete, document.source, event["session"]),
        )
        if event.get("sets") is not None:
            session.owner = document
        for name in ("start", "end"):
            if event.get(name):
                time = read_time(event[name], event.get("timezone"), document.item.tz)
                assert time is not None
                setattr(session, name, (time.at, zones.local(time)))
                session.zones[name] = time.zone
    unnamed: dict[str, list[Row]] = {}
    for row in rows:
        name = row.document.event["session"] if row.ordinal else (row.document.event or {}).get("session")
        if name is None:
            unnamed.setdefault(row.document.source, []).append(row)
            continue
        tenant, athlete, source = row.document.tenant, row.document.athlete, row.document.source
        session = sessions.setdefault((source, name), Session(tenant, athlete, source, name))
        row.session_id = name
        if session.owner and row.document is not session.owner:
            row.superseded_by = session.owner.document
        else:
            session.rows.append(row)
    for source, loose in unnamed.items():
        for session in _by_gaps(source, loose):
            sessions[source, session.session_id] = session
    result = list(sessions.values())
    for session in result:
        _settle(session)
    return result


def _by_gaps(source: str, rows: list[Row]) -> list[Session]:
    found: list[Session] = []
    for row in sorted(rows, key=lambda r: r.time.at):
        if not found or row.time.at - found[-1].rows[-1].time.at > GAP:
            found.append(Session(row.document.tenant, row.document.athlete, source, auto_id(row.time.at)))
        row.session_id = found[-1].session_id
        found[-1].rows.append(row)
    return found


def _settle(session: Session) -> None:
    listed = any(row.ordinal and not row.time for row in session.rows)

    def place(row: Row) -> tuple[object, ...]:
        if row.ordinal:
            return (datetime.min.replace(tzinfo=UTC) if listed else row.time.at, row.ordinal)
        return (row.time.at, row.block or 0, row.index, row.document_id)

    session.rows.sort(key=place)
    for order, row in enumerate(session.rows, 1):
        row.set_order = order
        row.local_day = session.local_day
    choose_counted(session.rows)


def drop_doubles(sessions: list[Session], priority: list[str]) -> None:
    """Workouts of two sources that are one: the source named first in ``priority`` stands for both."""
    rank = {source: place for place, source in enumerate(priority)}
    order = sorted(sessions, key=lambda s: (rank.get(s.source, len(rank)), s.source, s.session_id))
    kept: list[Session] = []
    for session in order:
        if session.local_day is None:  # it belongs to no day yet, and stands for nothing
            continue
        better = next((k for k in kept if k.source != session.source and _same_workout(k, session)), None)
        if better is None:
            kept.append(session)
            continue
        session.superseded_by = better.owner.document if better.owner else better.session_id
        for row in session.rows:
            row.superseded_by = session.superseded_by
            row.counted = False


def _same_workout(one: Session, other: Session) -> bool:
    if not one.rows or not other.rows:
        return False
    (a_first, _), (a_last, _), (b_first, _), (b_last, _) = one.first, one.last, other.first, other.last
    shared = min(a_last, b_last) - max(a_first, b_first)
    shorter = min(a_last - a_first, b_last - b_first)
    if shared < timedelta(0) or (shorter and 2 * shared <= shorter):
        return False
    rows_a, rows_b = (Counter((r.exercise.key, r.reps, r.weight_mg) for r in s.rows) for s in (one, other))
    return 10 * (rows_a & rows_b).total() >= 8 * max(rows_a.total(), rows_b.total())
