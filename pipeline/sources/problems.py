"""What is wrong with an item, in words: the reason code, the field, and what to do about it."""

from __future__ import annotations

import json
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.errors import Reason
from schemas.common import INVISIBLE, UNION_TAGS
from schemas.events import MODELS, SessionSet

EXCERPT_LENGTH = 200
_REASONS = frozenset(get_args(Reason))
_LIMITS = {  # pydantic's error type: the limit in its context, and how to say it
    "greater_than": ("gt", "it must be more than {}"),
    "greater_than_equal": ("ge", "the least is {}"),
    "less_than": ("lt", "it must be less than {}"),
    "less_than_equal": ("le", "the most is {}"),
    "string_too_long": ("max_length", "the most is {} characters"),
    "string_too_short": ("min_length", "the least is {} character"),
    "too_long": ("max_length", "the most is {} entries"),
    "too_short": ("min_length", "the least is {} entry"),
}
_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object in braces",
    "model_type": "an object in braces",
}
_SHOWN_LENGTH_MAX = 60


class Problem(NamedTuple):
    """Why an item, or one set of a session, is not taken."""

    reason: Reason
    field: str | None
    message: str


def excerpt(raw: bytes) -> str:
    """The first 200 characters, with undecodable bytes and control characters written out."""
    text = raw[: EXCERPT_LENGTH * 4].decode("utf-8", "backslashreplace")[:EXCERPT_LENGTH]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:EXCERPT_LENGTH]


def path_of(location: tuple[int | str, ...]) -> str | None:
    """``('sets', 3, 'reps')`` as ``sets[3].reps``; null for the event as a whole."""
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in UNION_TAGS:
            path += f".{step}" if path else step
    return path[:EXCERPT_LENGTH] or None


def shown(value: Any) -> str:
    """A value as it may stand in a message: as JSON, cut short."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > _SHOWN_LENGTH_MAX:
        text = text[: _SHOWN_LENGTH_MAX - 3] + "..."
    return excerpt(text.encode("utf-8", "backslashreplace"))


def from_validation(error: ValidationError, kind: str, prefix: str = "") -> Problem:
    """The first problem of a document that did not fit its schema; ``prefix`` is put before the field."""
    details = error.errors(include_url=False)
    first = details[0]
    at = first.get("ctx", {}).get("field")  # a problem across fields names the one to look at
    inner = path_of((*first["loc"], at) if isinstance(at, str) else first["loc"])
    field = (f"{prefix}.{inner}" if inner else prefix) if prefix else inner
    reason, text = _describe(first, inner, kind)
    subject = f"`{field}` " if field else f"The {kind} "
    more = len(details) - 1
    if more:
        text += f" ({more} more problem{'s' if more > 1 else ''} in this item.)"
    return Problem(reason, field, subject + text)


def _describe(error: ErrorDetails, field: str | None, kind: str) -> tuple[Reason, str]:
    found, name = error["type"], field or ""
    value = error.get("input")
    if found in _REASONS:
        return found, error["msg"] + "."  # type: ignore[return-value]
    if _lacks_unit(found, name, value):
        what = "is missing" if name.endswith("unit") else "has no unit"
        return "missing_unit", (
            f'{what}: a bare number could be kg or lb, and is never guessed. Send {{"value": 80, "unit": "kg"}}.'
        )
    if found == "missing":
        return "invalid_type", f"is missing, and {_a(kind)} needs it. Add it and send the event again."
    if found == "extra_forbidden":
        return "unknown_field", _unknown(name, kind)
    if found == "finite_number" or (found == "float_type" and isinstance(value, int) and not isinstance(value, bool)):
        return "out_of_range", f"is {shown(value)}, which is no finite number. Leave it out if it is unknown."
    if found in _LIMITS:
        limit, text = _LIMITS[found]
        bound = text.format(_round(error.get("ctx", {}).get(limit)))
        return "out_of_range", f"is {_amount(value)}, outside what is taken: {bound}. Correct it, or leave it out."
    if found == "string_pattern_mismatch" and _shows_nothing(value):
        return "out_of_range", (
            f"is {shown(value)}: all its characters are invisible, so nobody could tell it from another."
            " Send a text that can be seen."
        )
    if found == "string_pattern_mismatch":
        return "invalid_type", (
            f"is {shown(value)}: it needs something to see and no control characters. Correct the text."
        )
    return "invalid_type", f"is {shown(value)}, and must be {_wanted(error)}. Correct it and send the event again."


def _shows_nothing(value: Any) -> bool:
    """Whether a text has characters that are neither white space nor control characters, but all invisible."""
    if not isinstance(value, str):
        return False
    unseen = [any(first <= ord(c) <= last for first, last in INVISIBLE) for c in value]
    return any(unseen) and all(hidden or c.isspace() for c, hidden in zip(value, unseen, strict=True))


def _lacks_unit(found: str, field: str, value: Any) -> bool:
    last = field.rpartition(".")[2]
    if last == "unit":
        return found == "missing" or value is None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return last in {"weight", "mass"} and found == "model_type" and is_number


def _amount(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} entries long"
    if isinstance(value, str) and len(value) > _SHOWN_LENGTH_MAX:
        return f"{len(value)} characters long"
    return shown(value)


def _round(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _wanted(error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        return "one of " + str(error.get("ctx", {}).get("expected")).replace(" or ", ", ").replace("'", "`")
    return _WANTED.get(error["type"], error["msg"])


def _unknown(field: str, kind: str) -> str:
    close = _closest(field.rpartition(".")[2][:_SHOWN_LENGTH_MAX], kind)
    hint = f"Did you mean `{close}`?" if close else "Remove it, or check its spelling."
    return f"is no field that {_a(kind)} has: unknown fields are refused, so that nothing is lost unseen. {hint}"


@lru_cache(maxsize=4096)
def _closest(name: str, kind: str) -> str | None:
    """The field that may have been meant."""
    known: set[str] = set(MODELS[kind].model_fields) if kind in MODELS else set()
    if kind in {"set", "session"}:
        known |= set(SessionSet.model_fields)
    return next(iter(get_close_matches(name, sorted(known), n=1)), None)


def _a(kind: str) -> str:
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"
