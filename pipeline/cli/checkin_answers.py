"""The answers of a check-in: as they stand on the command line, or asked for one after the other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import typer

from pipeline.errors import UsageError
from schemas.checkin import JOINTS, answer_number, question
from schemas.recovery import INSTRUMENTS

SORE_ENDS = (0.0, 10.0)  # of single muscles and joints, with every questionnaire
_BETWEEN_PAIRS = re.compile(r"[;,]\s*(?=[^\W\d])|(?<=\d)\s+(?=[^\W\d])")  # a comma before a digit is a decimal one
_T = TypeVar("_T")


@dataclass
class Answers:
    """What was answered: items of the questionnaire, soreness of muscles, pain in joints."""

    items: dict[str, float] = field(default_factory=dict)
    soreness: dict[str, float] = field(default_factory=dict)
    joint_pain: dict[str, float] = field(default_factory=dict)


def given_answers(instrument: str, given: Iterable[str], pain: Iterable[str]) -> Answers:
    """Answers as ``mood=7``, ``quadriceps=6`` and, in ``pain``, ``knee=2``; raises UsageError."""
    names = INSTRUMENTS[instrument][0]
    found = Answers()
    for text in given:
        name, number = _pair(text)
        if name in names:
            found.items[name] = number
            continue
        muscle = _muscle(name)
        if muscle is None:
            raise _no_item(name, number, instrument)
        found.soreness[muscle] = number
    for text in pain:
        name, number = _pair(text)
        joint = _joint(name)
        if joint is None:
            raise UsageError(f"{name[:40]!r} is no joint", "", f"name one of {', '.join(JOINTS)}")
        found.joint_pain[joint] = number
    return found


def _no_item(name: str, number: float, instrument: str) -> UsageError:
    """What may have been meant: a joint, an item of another questionnaire, or a muscle in other words."""
    names = INSTRUMENTS[instrument][0]
    elsewhere = sorted(other for other, (items, *_) in INSTRUMENTS.items() if name in items)
    if (joint := _joint(name)) is not None:
        do = f"pain in a joint is told with --pain {joint.replace(' ', '_')}={number:g}"
    elif elsewhere:
        do = f"use one of these, or answer the questionnaire that has it: --instrument {elsewhere[-1]}"
    else:
        do = f"use one of these, or a muscle: {', '.join(_muscles())}"
    return UsageError(f"{name[:40]!r} is no item and no muscle", f"{instrument} asks for {', '.join(names)}", do)


def asked_answers(instrument: str) -> Answers:
    """Ask for everything; what cannot be used is asked again at once, so that nothing answered before is lost.

    Raises UsageError where nobody can answer, or nobody did.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            "no answer is given", "there is no terminal to ask at", "add answers, for example mood=7 fatigue=4"
        )
    typer.echo("An empty answer leaves a question out.", err=True)
    names, lowest, highest = INSTRUMENTS[instrument]
    found = Answers()
    for name in names:
        number = _prompt(question(instrument, name), lambda text: _on_scale(text, lowest, highest))
        if number is not None:
            found.items[name] = number
    found.soreness = _prompt(
        "sore muscles (0 none, 10 worst), like quadriceps=6, lower back=3",
        lambda text: _pairs(text, _muscle, f"no muscle; muscles are {', '.join(_muscles())}"),
    )
    found.joint_pain = _prompt(
        "pain in a joint (0 none, 10 worst), like knee=2",
        lambda text: _pairs(text, _joint, f"no joint; joints are {', '.join(JOINTS)}"),
    )
    if not (found.items or found.soreness or found.joint_pain):
        raise UsageError("no answer is given", "", "answer at least one question")
    return found


def in_words(event: Mapping[str, Mapping[str, float]]) -> str:
    """What a check-in says, in one line."""
    parts = [f"{name.replace('_', ' ')} {value:g}" for name, value in event["items"].items()]
    parts += [f"{name} sore {value:g}" for name, value in event.get("soreness", {}).items()]
    parts += [f"{name} hurts {value:g}" for name, value in event.get("joint_pain", {}).items()]
    return ", ".join(parts)


def _prompt(text: str, read: Callable[[str], _T]) -> _T:
    """Ask until the answer can be read; the prompt is no result, so it goes to standard error."""
    found: _T = typer.prompt(text, default="", show_default=False, value_proc=read, err=True)
    return found


def _on_scale(text: str, lowest: float, highest: float) -> float | None:
    if not text.strip():
        return None
    number, ends = answer_number(text), f"{lowest:g} to {highest:g}"
    if number is None:
        raise typer.BadParameter(f"{text[:40]!r} is no number; write one from {ends}, or nothing")
    if not lowest <= number <= highest:
        raise typer.BadParameter(f"{text.strip()} is not on the scale; it goes from {ends}")
    return number


def _pairs(text: str, name_of: Callable[[str], str | None], unknown: str) -> dict[str, float]:
    found = {}
    for part in filter(None, map(str.strip, _BETWEEN_PAIRS.split(text))):
        name, _, number = part.partition("=")
        value = _on_scale(number, *SORE_ENDS)
        if value is None:
            raise typer.BadParameter(f"{part[:40]!r} is no name with a number; write it like neck=3")
        known = name_of(name.strip().lower())
        if known is None:
            raise typer.BadParameter(f"{name[:40]!r} is {unknown}")
        found[known] = value
    return found


def _pair(text: str) -> tuple[str, float]:
    name, sign, number = text.partition("=")
    value = answer_number(number)
    if not sign or not name.strip() or value is None:
        raise UsageError(f"{text[:40]!r} is no answer", "it must be a name and a number", "write it like mood=7")
    return name.strip().lower(), value


def _muscle(name: str) -> str | None:
    spoken = name.replace("_", " ")
    return spoken if spoken in _muscles() else None


def _muscles() -> list[str]:
    from pipeline.catalogue.loader import muscle_names

    return sorted(muscle_names())


def _joint(name: str) -> str | None:
    spoken = name.replace("_", " ")
    return spoken if spoken in JOINTS else None
