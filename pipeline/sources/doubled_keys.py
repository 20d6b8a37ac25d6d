"""Finding a key that one JSON object holds twice: every reader would keep another one of the two values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_NESTED = (dict, list)
_KEY_END = re.compile(rb'"\s*:')


def doubled_key(line: bytes, value: dict[str, Any]) -> str | None:
    """A key that some object of ``line`` holds twice; ``value`` is what the line was parsed to.

    Counting comes first, since next to no line has one: each key in the text ends with a quote and a colon, so
    as many of those as keys in ``value`` means that no key was lost. Only where texts hold such too, or a key is
    doubled, the line is read again pair by pair.
    """
    if len(_KEY_END.findall(line)) == _keys_in(value):
        return None
    try:
        _PAIRS.decode(line.decode("utf-8-sig"))
    except _DoubledError as found:
        return found.key
    return None


def _keys_in(value: dict[str, Any] | list[Any]) -> int:
    """How many keys the objects in a value have, at the least: lists that begin with no object count as none."""
    count = 0
    held: Iterable[Any] = value
    if isinstance(value, dict):
        count, held = len(value), value.values()
    elif not value or not isinstance(value[0], _NESTED):
        return 0
    for one in held:
        if isinstance(one, _NESTED):
            count += _keys_in(one)
    return count


class _DoubledError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DoubledError(key)
            seen.add(key)


# numbers are not looked at, so they are not converted either: a whole number may have any length
_PAIRS = json.JSONDecoder(object_pairs_hook=_unique, parse_int=bool, parse_float=bool, strict=False)
