"""What a time-zone case is made of: the days it is about, the events sent, and the rows worked out by hand."""

from __future__ import annotations

from typing import Any, NamedTuple

Event = dict[str, Any]
Day = tuple[str, str, float]  # zone, local date, hours that day has there
Rows = list[tuple[Any, ...]]

DAYS_SET = "document_id, local_day, performed_at from set_fact"
SETS_A_DAY = "local_day, sets from athlete_day"
SESSIONS = "session_id, local_day, set_rows from session_load"
REFUSED = "item_index, field, reason from rejected"
NIGHTS = "night, start_at, end_at, in_bed_minutes, asleep_minutes, nap from sleep_fact"


class Case(NamedTuple):
    """``expect`` maps "columns [from] view [where ...]" to the rows, in their own order; times are in UTC."""

    name: str
    days: tuple[Day, ...]
    why: str
    events: list[Event]
    expect: dict[str, Rows]
    later: list[Event] = []  # sent when the rest is already told  # noqa: RUF012


def event(kind: str, document: str, zone: str | None = None, athlete: str = "ana", **fields: Any) -> Event:
    """An event of the contract; ``zone`` stands beside its times."""
    beside = {} if zone is None else {"timezone": zone}
    return {"kind": kind, "athlete": athlete, "source": "api", "document": document, **beside, **fields}


def lift(document: str, at: str, zone: str | None = None, *, session: str | None = "", **fields: Any) -> Event:
    """One hard set of 10 x 50 kg with 2 in reserve, a session of its own unless ``session`` says another (or none)."""
    named = {} if session is None else {"session": session or document}
    told = {
        "exercise": "Leg Extension (Machine)", "set_index": 1, "set_type": "working", "reps": 10,
        "weight": {"value": 50, "unit": "kg"}, "effort": {"scale": "rir", "value": 2},
    }  # fmt: skip
    return event("set", document, zone, performed_at=at, **named, **(told | fields))


def legs(session: str, at: str, zone: str | None = None) -> list[Event]:
    """Two hard sets at one time: what starts the 48 h of the quadriceps."""
    return [lift(f"{session}{n}", at, zone, session=session, set_index=n) for n in (1, 2)]


def night(document: str, start: str, end: str, zone: str | None = None, **fields: Any) -> Event:
    """A night or a nap."""
    return event("sleep", document, zone, start=start, end=end, **fields)


def profile(zone: str, since: str | None = None) -> Event:
    """The athlete's own zone, from a day on."""
    dated = {} if since is None else {"timezone_from": since}
    return event("athlete", f"profile-{since}", zone, **dated)


def tick(at: str) -> Event:
    """The tenant's clock."""
    return {"kind": "tick", "now_at": at}
