"""A check-in form that came back: its answers as an event, and beside each field what cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from schemas.checkin import JOINTS, answer_number, checkin_event, question
from schemas.recovery import INSTRUMENTS
from schemas.times import is_zone

FIELDS_MAX = 200
OWN_FIELDS = ("instrument", "issued", "token", "timezone")
_PARTS = {"items": "item", "soreness": "muscle", "joint_pain": "joint"}


@dataclass
class Question:
    """One field: what it asks, what was answered, and why that cannot be used (empty where it can)."""

    name: str
    part: str
    key: str
    text: str
    lowest: float
    highest: float
    answer: str = ""
    error: str = ""

    @property
    def choices(self) -> list[str]:
        """The whole numbers of the scale, and the answer given where it lies between two of them."""
        found = [f"{number:g}" for number in range(int(self.lowest), int(self.highest) + 1)]
        between = answer_number(self.answer)
        if between is None or self.answer in found or not self.lowest <= between <= self.highest:
            return found
        return sorted([*found, self.answer], key=lambda text: answer_number(text) or 0.0)


@dataclass
class Form:
    """The questions of an instrument with their answers; ``errors`` belong to no single field."""

    instrument: str
    questions: list[Question]
    timezone: str = ""
    timezone_error: str = ""
    issued: str = ""
    token: str = ""
    errors: list[str] = field(default_factory=list)

    def of(self, part: str) -> list[Question]:
        """The questions of ``items``, ``soreness`` or ``joint_pain``."""
        return [one for one in self.questions if one.part == part]

    def in_use(self, part: str) -> bool:
        """Whether something was answered there."""
        return any(one.answer or one.error for one in self.of(part))

    @property
    def says_pain(self) -> bool:
        """Whether a joint hurts."""
        return any((answer_number(one.answer) or 0) > 0 for one in self.of("joint_pain"))

    @property
    def wrong(self) -> list[Question]:
        """The questions whose answer cannot be used."""
        return [one for one in self.questions if one.error]

    @property
    def can_be_sent(self) -> bool:
        """Whether there is nothing to correct."""
        return not (self.errors or self.wrong or self.timezone_error)

    def event(self, athlete: str, now: datetime, name: datetime) -> dict[str, Any]:
        """The event; only for a form that can be sent."""
        given: dict[str, dict[str, float]] = {part: {} for part in _PARTS}
        for one in self.questions:
            number = answer_number(one.answer)
            if number is not None:
                given[one.part][one.key] = number
        return checkin_event(
            athlete,
            self.instrument,
            given["items"],
            soreness=given["soreness"],
            joint_pain=given["joint_pain"],
            now=now,
            name=name,
            timezone=self.timezone or None,
        )

    def refuse(self, place: str | None, message: str) -> None:
        """Say what the door found: beside the field ``place`` (as ``items.mood``), else above all."""
        part, _, key = (place or "").partition(".")
        for one in self.questions:
            if (one.part, one.key) == (part, key):
                one.error = message
                return
        if part == "timezone":
            self.timezone_error = message
        else:
            self.errors.append(message)


def empty_form(instrument: str, muscles: Sequence[str]) -> Form:
    """Nothing answered. Raises KeyError for an unknown instrument."""
    names, lowest, highest = INSTRUMENTS[instrument]
    asked = [Question(f"item:{name}", "items", name, question(instrument, name), lowest, highest) for name in names]
    asked += [Question(f"muscle:{name.replace(' ', '_')}", "soreness", name, name, 0, 10) for name in muscles]
    asked += [Question(f"joint:{name.replace(' ', '_')}", "joint_pain", name, name, 0, 10) for name in JOINTS]
    return Form(instrument, asked)


def fill(body: bytes, muscles: Sequence[str]) -> Form:
    """The form as it was sent, url-encoded, every answer looked at. Raises ValueError where it is no form."""
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    given = {name: text.strip() for name, text in pairs}
    instrument = given.get("instrument", "plain")
    if instrument not in INSTRUMENTS:
        raise ValueError("there is no such questionnaire")
    form = empty_form(instrument, muscles)
    form.issued, form.token = given.get("issued", ""), given.get("token", "")
    form.timezone = given.get("timezone", "")[:100]
    _look_at(form, given, Counter(name for name, _ in pairs))
    return form


def _look_at(form: Form, given: Mapping[str, str], times: Mapping[str, int]) -> None:
    known = {one.name for one in form.questions} | set(OWN_FIELDS)
    form.errors += [f"The form has no field “{name[:60]}”." for name in given if name not in known]
    for one in form.questions:
        one.answer = given.get(one.name, "")[:60]
        number = answer_number(one.answer)
        ends = f"{one.lowest:g} to {one.highest:g}"
        if times.get(one.name, 0) > 1:
            one.error = "This was answered twice; choose one answer."
        elif one.answer and number is None:
            one.error = f"“{one.answer}” is no number; write one from {ends}, or leave it empty."
        elif number is not None and not one.lowest <= number <= one.highest:
            one.error = f"{one.answer} is not on the scale; it goes from {ends}."
    if form.timezone and not is_zone(form.timezone):
        form.timezone_error = f"“{form.timezone}” is no time zone of the IANA list; write it like Europe/Berlin."
    if not any(one.answer for one in form.questions):
        form.errors.append("Nothing is answered yet; answer at least one question.")
