"""Text of a cell to numbers, durations and clean texts. Blank means: not said."""

from __future__ import annotations

import re
import unicodedata

from pipeline.sources.base import RowError
from pipeline.sources.problems import shown

METRES = {
    "m": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "metres": 1.0,
    "km": 1000.0,
    "kilometers": 1000.0,
    "kilometres": 1000.0,
    "mi": 1609.344,
    "mile": 1609.344,
    "miles": 1609.344,
    "yd": 0.9144,
    "yards": 0.9144,
    "ft": 0.3048,
    "feet": 0.3048,
    "cm": 0.01,
    "in": 0.0254,
}
UNITS = {
    "kg": "kg",
    "kgs": "kg",
    "kilograms": "kg",
    "lb": "lb",
    "lbs": "lb",
    "pounds": "lb",
}

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_DURATION = re.compile(r"\s*([0-9]+)\s*([^\W\d_]+)\.?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPELLINGS = {
    3600: "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren sa saat sat ч час godz "
    "小时 小時 时 時間 시간 tim",
    60: "m min mins minute minutes minuten minuto minutos minuti dk dakika мин м 分钟 分鐘 分 분",
    1: "s sec secs second seconds sek sekunde sekunden seg segundo segundos seconde secondes sn с сек 秒钟 秒 초",
}
_SECONDS_OF = {word: seconds for seconds, words in _SPELLINGS.items() for word in words.split()}


def fold(text: str) -> str:
    """A name as it is compared: one form, one case, one kind of apostrophe and space."""
    text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\ufeff", "")
    return " ".join(text.casefold().split())


def number(text: str, field: str) -> float | None:
    """A number with a decimal point or comma; None for a blank cell. Raises RowError."""
    text = text.strip()
    if not text:
        return None
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        raise RowError("invalid_type", field, f"`{field}` is {shown(text)}, which is no number. Correct the cell.")
    return float(text.replace(",", "."))


def positive(text: str, field: str) -> float | None:
    """``number``, with 0 as not said; a negative one raises RowError."""
    value = number(text, field)
    if value is not None and value < 0:
        raise RowError("out_of_range", field, f"`{field}` is {shown(text)}, below 0. Correct the cell.")
    return value or None


def count(text: str, field: str) -> int | None:
    """A whole number, also as ``10.0``; None for a blank cell. Raises RowError."""
    value = number(text, field)
    if value is None:
        return None
    if value < 0 or value > 1e6:
        raise RowError("out_of_range", field, f"`{field}` is {shown(text)}, no possible count. Correct the cell.")
    if value != int(value):
        raise RowError(
            "invalid_type", field, f"`{field}` is {shown(text)}; only whole ones are counted. Correct the cell."
        )
    return int(value)


def unit_of(text: str) -> str | None:
    """``kg`` or ``lb`` for its spellings, else None."""
    return UNITS.get(fold(text))


def seconds_in_words(text: str) -> float | None:
    """``2h 18m``, ``38min``, ``20s``, ``1小时13分钟`` or bare seconds; None if it is none of these."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}(?:[.,][0-9]+)?", text):
        return float(text.replace(",", "."))
    at, total = 0, 0.0
    while at < len(text):
        match = _DURATION.match(text, at)
        if match is None or (unit := _SECONDS_OF.get(fold(match[2]))) is None or len(match[1]) > 9:
            return None
        total += int(match[1]) * unit
        at = match.end()
    return total if at else None


def clock_seconds(text: str, field: str) -> float | None:
    """``HH:mm:ss``, ``mm:ss`` or bare seconds; blank and 0 are not said. Raises RowError."""
    text = text.strip()
    match = _CLOCK.fullmatch(text)
    if match is None:
        return positive(text, field)
    first, second, third, fraction = match.groups()
    if third is None:
        return float(int(first) * 60 + int(second)) or None
    seconds = int(first) * 3600 + int(second) * 60 + int(third) + (float(f"0.{fraction}") if fraction else 0.0)
    return seconds or None


def clean_name(text: str, length: int = 200) -> str:
    """One line of visible text, cut to ``length`` characters."""
    return _CONTROL.sub(" ", _SURROGATE.sub("\ufffd", text)).strip()[:length].strip()


def clean_text(text: str, length: int = 4000) -> str:
    """Free text with its line breaks, cut to ``length`` characters."""
    return _SURROGATE.sub("\ufffd", text).replace("\x00", "").strip()[:length]
