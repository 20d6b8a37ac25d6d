"""Sleep, heart, questionnaires and body mass: what the body says."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from schemas.common import Label, Minutes, Strict, TimedEvent, Weight, wrong
from schemas.times import Day, Moment

SAMPLES_MAX = 100_000
STAGES_MAX = 5_000
BODY_MASS_KG = (10.0, 500.0)

Context = Literal["overnight", "morning", "exercise", "spot"]
Score = Annotated[float, Field(ge=0, le=10)]

INSTRUMENTS: dict[str, tuple[tuple[str, ...], float, float]] = {  # items, lowest and highest answer
    "hooper": (("sleep", "fatigue", "stress", "soreness"), 1, 7),
    "mclean": (("fatigue", "sleep_quality", "soreness", "stress", "mood"), 1, 5),
    "plain": (("sleep_quality", "fatigue", "stress", "soreness", "mood"), 0, 10),
}


class Measured(TimedEvent):
    """A reading with a baseline; a source that collects from several devices says which of them it was."""

    device: Label | None = Field(
        default=None, description="what measured it, where a source collects: each device has baselines of its own"
    )


class SleepStage(Strict):
    """A stretch of one stage."""

    stage: Literal["awake", "light", "deep", "rem", "asleep", "in_bed", "out_of_bed", "unknown"]
    start: Moment
    end: Moment


class Sleep(Measured):
    """A night or a nap, from going to bed to getting up."""

    moments: ClassVar[tuple[str, ...]] = ("start", "end")

    kind: Literal["sleep"]
    start: Moment
    end: Moment
    in_bed_min: Minutes | None = None
    asleep_min: Minutes | None = None
    stages: Annotated[list[SleepStage], Field(max_length=STAGES_MAX)] | None = None
    nap: bool = False


class HeartRate(TimedEvent):
    """A block of heart-rate samples, as columns of equal length."""

    moments: ClassVar[tuple[str, ...]] = ("start",)

    kind: Literal["heart_rate"]
    start: Moment
    offset_s: Annotated[
        list[Annotated[float, Field(ge=0, le=172_800)]], Field(min_length=1, max_length=SAMPLES_MAX)
    ] = Field(description="seconds after `start`")
    bpm: Annotated[list[Annotated[float, Field(ge=20, le=250)]], Field(min_length=1, max_length=SAMPLES_MAX)]
    context: Label | None = None

    @model_validator(mode="after")
    def _equal_length(self) -> HeartRate:
        if len(self.offset_s) != len(self.bpm):
            raise wrong(
                "out_of_range",
                "bpm",
                "has {beats} values where `offset_s` has {offsets}; both need the same number",
                offsets=len(self.offset_s),
                beats=len(self.bpm),
            )
        return self


class RrIntervals(Measured):
    """Times between beats; out-of-bounds values are kept here and filtered by the model."""

    moments: ClassVar[tuple[str, ...]] = ("start",)

    kind: Literal["rr_intervals"]
    start: Moment
    rr_ms: Annotated[list[Annotated[float, Field(ge=0, le=65_535)]], Field(min_length=1, max_length=SAMPLES_MAX)]
    context: Context


class Hrv(Measured):
    """One HRV number of a device: rMSSD and SDNN are two different signals."""

    moments: ClassVar[tuple[str, ...]] = ("measured_at",)

    kind: Literal["hrv"]
    measured_at: Moment | None = None
    night: Day | None = Field(default=None, description="local date of waking")
    statistic: Literal["rmssd", "sdnn"]
    value_ms: Annotated[float, Field(gt=0, le=1000)]
    context: Context

    @model_validator(mode="after")
    def _has_time(self) -> Hrv:
        if self.measured_at is None and self.night is None:
            raise wrong("invalid_type", "measured_at", "is missing, and so is `night`; give one of them")
        return self


class RestingHeartRate(Measured):
    """The resting heart rate of a day."""

    kind: Literal["resting_heart_rate"]
    day: Day
    bpm: Annotated[float, Field(ge=20, le=220)]


class Checkin(TimedEvent):
    """A wellness questionnaire; items may be missing, at least one answer must be there."""

    moments: ClassVar[tuple[str, ...]] = ("checked_at",)

    kind: Literal["checkin"]
    checked_at: Moment
    instrument: Literal["hooper", "mclean", "plain"]
    items: Annotated[dict[Label, float], Field(max_length=20)]
    soreness: Annotated[dict[Label, Score], Field(max_length=50)] | None = None
    joint_pain: Annotated[dict[Label, Score], Field(max_length=50)] | None = None

    @model_validator(mode="after")
    def _fits_instrument(self) -> Checkin:
        names, lowest, highest = INSTRUMENTS[self.instrument]
        for name, value in self.items.items():
            place = f"items.{name}"
            if name not in names:
                asked = ", ".join(names)
                raise wrong(
                    "unknown_field",
                    place,
                    "is no item of {instrument}, which asks for {asked}",
                    instrument=self.instrument,
                    asked=asked,
                )
            if not lowest <= value <= highest:
                raise wrong(
                    "out_of_range",
                    place,
                    "is {value}; {instrument} goes from {lowest} to {highest}",
                    value=f"{value:g}",
                    instrument=self.instrument,
                    lowest=f"{lowest:g}",
                    highest=f"{highest:g}",
                )
        if not (self.items or self.soreness or self.joint_pain):
            raise wrong("invalid_type", "items", "is empty, and so is all else; give at least one answer")
        return self


class BodyMass(TimedEvent):
    """Body mass, 10 to 500 kg."""

    moments: ClassVar[tuple[str, ...]] = ("measured_at",)

    kind: Literal["body_mass"]
    measured_at: Moment
    mass: Weight

    @model_validator(mode="after")
    def _plausible(self) -> BodyMass:
        lowest, highest = BODY_MASS_KG
        if not lowest * 1e6 <= self.mass.milligrams <= highest * 1e6:
            raise wrong("out_of_range", "mass", "is outside 10 to 500 kg; check value and unit")
        return self
