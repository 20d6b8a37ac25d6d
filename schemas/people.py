"""Athletes and what they declare; withdrawing a document; the clock of a tenant."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from schemas.common import Event, Label, Name, Strict, wrong
from schemas.times import Day, Moment, Zone

DECLARATION_DAYS_MAX = 3 * 366


Declared = Literal["deload", "illness", "injury", "travel", "taper", "medication", "energy_deficit"]
DECLARED: tuple[str, ...] = get_args(Declared)


class Athlete(Event):
    """Facts about a person; the newest document wins field by field where days are dated."""

    kind: Literal["athlete"]
    timezone: Zone
    timezone_from: Day | None = Field(default=None, description="first day the zone is in force")
    name: Name | None = None
    level: Literal["beginner", "intermediate", "advanced"] | None = None
    training_since: Day | None = None
    sex: Literal["female", "male", "other"] | None = None
    birth_year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    sleep_need_h: Annotated[float, Field(ge=4, le=14)] | None = None
    hr_max_bpm: Annotated[float, Field(ge=100, le=250)] | None = None
    main_lifts: Annotated[list[Name], Field(max_length=20)] | None = None
    source_priority: (
        Annotated[dict[Label, Annotated[list[Name], Field(max_length=20)]], Field(max_length=50)] | None
    ) = None


class Declaration(Event):
    """A stretch of days that explains the numbers; both days are included."""

    kind: Literal["declaration"]
    what: Declared
    from_day: Day
    to_day: Day

    @model_validator(mode="after")
    def _in_order(self) -> Declaration:
        if not 0 <= (self.to_day - self.from_day).days <= DECLARATION_DAYS_MAX:
            raise wrong("out_of_range", "to_day", "must lie between `from_day` and three years later")
        return self


class Delete(Event):
    """Withdraws the document of the same athlete, source and document id."""

    kind: Literal["delete"]


class Tick(Strict):
    """Moves the clock of the tenant; only from senders with scope admin."""

    moments: ClassVar[tuple[str, ...]] = ("now_at",)

    kind: Literal["tick"]
    now_at: Moment
    source: Name | None = None
    document: Name | None = Field(default=None, description="default: the time itself")
