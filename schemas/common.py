"""What every event shares: the strict base, names and texts with their limits, weights and efforts."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, LiteralString

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from schemas.times import Moment, Zone, parse_moment

NAME_LENGTH_MAX = 200  # athlete, source, document, session, exercise
LABEL_LENGTH_MAX = 60  # superset, muscle, metric
NOTES_LENGTH_MAX = 4000
WEIGHT_KG_MAX = 2000.0
KG_PER_LB = 0.45359237  # exactly
WEIGHT_LB_MAX = WEIGHT_KG_MAX / KG_PER_LB
REVISION_MAX = (1 << 62) - 1
SECONDS_MAX = 86_400.0

# characters that show nothing: a name of these alone could not be told from another on any page
INVISIBLE = (
    (0x80, 0x9F),  # control characters beyond ASCII
    (0xAD, 0xAD),  # soft hyphen
    (0x34F, 0x34F),  # grapheme joiner
    (0x61C, 0x61C),  # marks of direction, here and in the 20.. and 206. below
    (0x115F, 0x1160),  # fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero-width space and joiners
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),  # blank Braille cell
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags, more selectors
)


def _class_of(ranges: tuple[tuple[int, int], ...]) -> str:
    """Inside of a regular expression's class, for every engine that reads the JSON Schemas."""

    def one(code: int) -> str:
        return f"\\u{code:04x}" if code < 0x10000 else chr(code)

    return "".join(one(first) if first == last else f"{one(first)}-{one(last)}" for first, last in ranges)


# no control characters, and something to see
_VISIBLE = rf"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f{_class_of(INVISIBLE)}][^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=_VISIBLE)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=LABEL_LENGTH_MAX, pattern=_VISIBLE)]
Title = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Notes = Annotated[str, StringConstraints(max_length=NOTES_LENGTH_MAX, pattern=r"^[^\x00]*$")]
Seconds = Annotated[float, Field(ge=0, le=SECONDS_MAX)]
Minutes = Annotated[float, Field(ge=0, le=2880)]


def wrong(reason: LiteralString, field: str, text: LiteralString, **context: Any) -> PydanticCustomError:
    """A problem found across fields: ``field`` is the one to look at, ``text`` goes on after its name."""
    return PydanticCustomError(reason, text, {**context, "field": field})


class Strict(BaseModel):
    """Nothing is converted, nothing unknown is taken, no number may be NaN or infinite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


def _check_revision(value: Any) -> int | Moment:
    if isinstance(value, Moment):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("invalid_type", "must be a whole number or an RFC 3339 time")
    if isinstance(value, int):
        if not 0 <= value <= REVISION_MAX:
            raise PydanticCustomError("out_of_range", "must lie between 0 and {most}", {"most": REVISION_MAX})
        return value
    try:
        moment = parse_moment(value)
    except ValueError as problem:
        raise PydanticCustomError("invalid_type", "{problem}", {"problem": str(problem)}) from None
    if not moment.is_instant:
        raise PydanticCustomError("missing_zone", "is a time without an offset; end it with Z or an offset")
    return moment


class _RevisionSchema:
    """Integer or RFC 3339 time; the two are compared as numbers, times in microseconds."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(_check_revision)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": REVISION_MAX},
                {"type": "string", "format": "date-time"},
            ]
        }


Revision = Annotated[int | Moment, _RevisionSchema]


class Event(Strict):
    """The fields all kinds share but ``tick``. Identity is tenant, athlete, source and document."""

    moments: ClassVar[tuple[str, ...]] = ()  # fields that hold a Moment

    kind: str
    athlete: Name
    source: Name | None = Field(default=None, description="who says it; default: the source of the upload")
    document: Name = Field(description="the source's own id of this record")
    revision: Revision | None = Field(default=None, description="a greater one replaces a smaller one")


class TimedEvent(Event):
    """An event whose times may be wall clocks, with the zone beside them."""

    timezone: Zone | None = None


class Weight(Strict):
    """The number on the implement as logged, at most 2,000 kg."""

    value: Annotated[float, Field(ge=0, json_schema_extra={"maximum": WEIGHT_LB_MAX})]
    unit: Literal["kg", "lb"]

    @model_validator(mode="after")
    def _within_limit(self) -> Weight:
        if self.value > (WEIGHT_KG_MAX if self.unit == "kg" else WEIGHT_LB_MAX):
            raise wrong("out_of_range", "value", "is more than 2000 kg, the most that is taken; check value and unit")
        return self

    @property
    def milligrams(self) -> int:
        """The weight in milligrams, half to even."""
        return round(self.value * (1_000_000.0 if self.unit == "kg" else 453_592.37))


class Effort(Strict):
    """Effort of a set; values off the scale are left out later with a warning, the set is kept."""

    scale: Literal["rir", "rpe"]
    value: float


def _one_or_pair(value: Any) -> str:
    return "pair" if isinstance(value, list) else "one"


def _two_scales(value: list[Effort]) -> list[Effort]:
    if len({effort.scale for effort in value}) != len(value):
        raise PydanticCustomError("invalid_type", "names one scale twice; give one rir and one rpe")
    return value


class _PairRule:
    """One effort per scale."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(_two_scales, handler(source))


Efforts = Annotated[
    Annotated[Effort, Tag("one")] | Annotated[list[Effort], Field(min_length=1, max_length=2), _PairRule, Tag("pair")],
    Discriminator(_one_or_pair),
]
UNION_TAGS = frozenset({"one", "pair"})  # left out of the field names in messages


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else value


Superset = Annotated[
    Label,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1, "maxLength": LABEL_LENGTH_MAX}, {"type": "integer"}]}),
]
