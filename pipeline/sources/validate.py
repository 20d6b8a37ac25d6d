"""One event as a dictionary, checked against its model; a bad set of a session is sorted out alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UsageError
from pipeline.sources.problems import Problem, from_validation, shown
from pipeline.sources.samples import Samples, read_lists, samples_of
from schemas.common import NAME_LENGTH_MAX, Name
from schemas.events import MODELS, AnyEvent, HeartRate, Session, SessionSet
from schemas.strength import SESSION_SETS_MAX

_NAME = TypeAdapter(Name)


@dataclass(slots=True)
class Checked:
    """A good event. For a session, ``ordinals`` are the places (from 1) of its good sets among all sent,
    and ``problems`` the places of the bad ones with what is wrong. ``samples`` of a heart rate are its columns,
    where they were made on the way."""

    event: AnyEvent
    ordinals: list[int] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    samples: Samples | None = None


def require_name(name: str, whose: str, do: str) -> None:
    """Raises UsageError, with ``do`` as what to do, unless ``name`` could stand in an event."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise UsageError(
            f"the {whose}'s name cannot be taken",
            f"it is empty, longer than {NAME_LENGTH_MAX} characters, holds control characters or shows nothing",
            do,
        ) from None


def check_event(fields: dict[str, Any], *, bools: bool = True) -> Checked | Problem:
    """The event, or why it is none; never raises for any content of ``fields``.

    ``bools`` false: the text it was read from is known to hold no true and no false.
    """
    kind = fields.get("kind")
    if not isinstance(kind, str):
        what = "is missing" if "kind" not in fields else f"is {shown(kind)}, not a text"
        return Problem("invalid_type", "kind", f"`kind` {what}: every event says what it is. Send one of {_kinds()}.")
    model = MODELS.get(kind)
    if model is None:
        return Problem("unsupported", "kind", f"`kind` {shown(kind)} is not known here. Known are {_kinds()}.")
    if model is HeartRate and (block := _check_block(fields, bools)) is not None:
        return block
    try:
        event = model.model_validate(fields)
    except ValidationError as error:
        sets = fields.get("sets")
        if model is Session and isinstance(sets, list) and len(sets) <= SESSION_SETS_MAX:
            return _check_sets(fields, sets)
        return from_validation(error, kind)
    if isinstance(event, Session) and event.sets:
        return Checked(event, list(range(1, len(event.sets) + 1)))
    return Checked(event)


def _check_block(fields: dict[str, Any], bools: bool) -> Checked | None:
    """A block of heart rate whose lists were judged as columns; None where the model must judge the whole of it.

    A thousand numbers one by one cost the model as much as all other steps of the block together.
    """
    lists = read_lists(fields, bools=bools)
    if lists is None:
        return None
    try:
        head = HeartRate.model_validate({**fields, "offset_s": [0.0], "bpm": [60.0]})
    except ValidationError:
        return None
    event = head.model_copy(update={"offset_s": fields["offset_s"], "bpm": fields["bpm"]})
    return Checked(event, samples=samples_of(*lists))


def _check_sets(fields: dict[str, Any], sets: list[Any]) -> Checked | Problem:
    """A session of which the head or some sets are bad."""
    try:
        head = Session.model_validate({**fields, "sets": []})
    except ValidationError as error:
        return from_validation(error, "session")
    good: list[SessionSet] = []
    ordinals: list[int] = []
    problems: list[tuple[int, Problem]] = []
    for index, fields_of_set in enumerate(sets):
        try:
            good.append(SessionSet.model_validate(fields_of_set))
            ordinals.append(index + 1)
        except ValidationError as error:
            problems.append((index + 1, from_validation(error, "set", f"sets[{index}]")))
    return Checked(head.model_copy(update={"sets": good}), ordinals, problems)


def _kinds() -> str:
    return ", ".join(f"`{kind}`" for kind in MODELS)
