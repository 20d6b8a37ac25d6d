"""Sets, sessions and plans: what was lifted, and what was meant to be."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from schemas.common import (
    Efforts,
    Event,
    Label,
    Name,
    Notes,
    Seconds,
    Strict,
    Superset,
    TimedEvent,
    Title,
    Weight,
    wrong,
)
from schemas.times import Day, Moment

REPS_MAX = 1000
SET_INDEX_MAX = 10_000
EXERCISE_BLOCK_MAX = 1000
DISTANCE_M_MAX = 1_000_000.0
SESSION_SETS_MAX = 1000

Reps = Annotated[int, Field(ge=0, le=REPS_MAX)]
SetType = Literal[
    "warmup", "working", "drop", "amrap", "backoff", "cluster", "rest_pause", "myo_reps", "top", "test", "isometric"
]
Outcome = Literal["completed", "failed_mechanical", "failed_technical", "failed", "stopped"]
LoadKind = Literal["external", "bodyweight", "assisted", "added"]
Side = Literal["left", "right", "both"]


class SetTarget(Strict):
    """What the set was meant to be."""

    reps: Reps | None = None
    weight: Weight | None = None
    effort: Efforts | None = None


class SetFields(Strict):
    """What a set says about itself, alone or inside a session."""

    exercise: Name = Field(description="the name as logged")
    exercise_block: Annotated[int, Field(ge=0, le=EXERCISE_BLOCK_MAX)] | None = None
    set_type: SetType
    weight: Weight | None = None
    load_kind: LoadKind | None = None
    side: Side | None = None
    reps: Reps | None = Field(default=None, description="completed repetitions")
    duration_s: Seconds | None = None
    distance_m: Annotated[float, Field(ge=0, le=DISTANCE_M_MAX)] | None = None
    effort: Efforts | None = None
    outcome: Outcome | None = None
    target: SetTarget | None = None
    rest_s: Seconds | None = None
    rep_velocities_m_s: Annotated[list[Annotated[float, Field(ge=0, le=20)]], Field(max_length=REPS_MAX)] | None = None
    superset: Superset | None = None
    notes: Notes | None = None


class Set(SetFields, TimedEvent):
    """One set, one row."""

    moments: ClassVar[tuple[str, ...]] = ("performed_at",)

    kind: Literal["set"]
    performed_at: Moment
    session: Name | None = Field(default=None, description="without it, sets are grouped by gaps of more than 3 h")
    set_index: Annotated[int, Field(ge=0, le=SET_INDEX_MAX)]


class SessionSet(SetFields):
    """A set inside ``session.sets``; its document is ``<session document>#<n>``, n from 1."""

    performed_at: Moment | None = Field(default=None, description="without it the order of the list counts")
    set_index: Annotated[int, Field(ge=0, le=SET_INDEX_MAX)] | None = Field(default=None, description="default: n")


class Session(TimedEvent):
    """A workout. With ``sets`` it owns all sets of its session; without, it adds times, rating and notes."""

    moments: ClassVar[tuple[str, ...]] = ("start", "end")

    kind: Literal["session"]
    session: Name
    start: Moment
    end: Moment | None = None
    date_only: bool = Field(default=False, description="the source gives a date without a time of day")
    cr10: Annotated[float, Field(ge=0, le=10)] | None = None
    title: Title | None = None
    notes: Notes | None = None
    sets: Annotated[list[SessionSet], Field(max_length=SESSION_SETS_MAX)] | None = None


class RirRange(Strict):
    """Target repetitions in reserve, both ends included."""

    min: Annotated[float, Field(ge=0, le=10)]
    max: Annotated[float, Field(ge=0, le=10)]

    @model_validator(mode="after")
    def _in_order(self) -> RirRange:
        if self.max < self.min:
            raise wrong("out_of_range", "max", "is below `min`; swap them")
        return self


class PlanRow(Strict):
    """One exercise of a plan day; ``failure_slots`` count working sets from 1."""

    exercise: Name
    sets: Annotated[int, Field(ge=1, le=100)]
    reps: Reps
    failure_slots: Annotated[list[Annotated[int, Field(ge=1, le=100)]], Field(max_length=100)] = Field(
        default_factory=list
    )
    target_rir: RirRange | None = None
    day: Label | None = None

    @model_validator(mode="after")
    def _slots_exist(self) -> PlanRow:
        if any(slot > self.sets for slot in self.failure_slots):
            raise wrong("out_of_range", "failure_slots", "names a set beyond `sets`; slots count from 1")
        return self


class Plan(Event):
    """A training plan, in force from a day on."""

    kind: Literal["plan"]
    plan: Name
    rows: Annotated[list[PlanRow], Field(min_length=1, max_length=500)]
    from_day: Day
