"""The canonical events: one strict model per kind, chosen by ``kind``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, TypeAdapter

from schemas.common import Event, TimedEvent
from schemas.people import Athlete, Declaration, Delete, Tick
from schemas.recovery import BodyMass, Checkin, HeartRate, Hrv, RestingHeartRate, RrIntervals, Sleep
from schemas.strength import Plan, Session, SessionSet, Set, SetFields

AnyEvent = (
    Set
    | Session
    | Sleep
    | HeartRate
    | RrIntervals
    | Hrv
    | RestingHeartRate
    | Checkin
    | BodyMass
    | Athlete
    | Declaration
    | Plan
    | Delete
    | Tick
)

MODELS: dict[str, type[AnyEvent]] = {
    "set": Set,
    "session": Session,
    "sleep": Sleep,
    "heart_rate": HeartRate,
    "rr_intervals": RrIntervals,
    "hrv": Hrv,
    "resting_heart_rate": RestingHeartRate,
    "checkin": Checkin,
    "body_mass": BodyMass,
    "athlete": Athlete,
    "declaration": Declaration,
    "plan": Plan,
    "delete": Delete,
    "tick": Tick,
}

EVENT: TypeAdapter[AnyEvent] = TypeAdapter(Annotated[AnyEvent, Discriminator("kind")])

__all__ = [
    "EVENT",
    "MODELS",
    "AnyEvent",
    "Athlete",
    "BodyMass",
    "Checkin",
    "Declaration",
    "Delete",
    "Event",
    "HeartRate",
    "Hrv",
    "Plan",
    "RestingHeartRate",
    "RrIntervals",
    "Session",
    "SessionSet",
    "Set",
    "SetFields",
    "Sleep",
    "Tick",
    "TimedEvent",
]
