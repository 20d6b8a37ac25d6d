"""Wall clocks as apps write them: in the words of the phone's language, without a zone.

Month names and the marks of morning and afternoon are those of CLDR (through babel). A word that means
different months in different languages (``lis`` is October in Croatian and November in Polish) is refused,
never guessed; English wins, since every app falls back to it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale

from pipeline.sources.base import RowError
from pipeline.sources.problems import shown

# fmt: off
LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ru", "uk", "cs", "sk", "hr", "sr", "sr_Latn", "sl", "bg",
    "ro", "hu", "fi", "sv", "da", "nb", "nn", "no", "is", "et", "lv", "lt", "el", "he", "ar", "fa", "hi", "bn", "id",
    "ms", "vi", "th", "ko", "ja", "zh", "zh_Hant", "ca", "gl", "eu", "sq", "mk", "be", "kk", "uz", "az", "ka", "hy",
    "af", "sw", "fil", "ur", "ta", "te", "mr", "gu", "pa", "bs", "mt", "cy", "ga",
)
# fmt: on

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?")
_TIME = re.compile(r"(?<!\d)(\d{1,2})\s?[:.]\s?(\d{2})(?:[:.](\d{2}))?(?!\d)")
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_VIETNAMESE = re.compile(r"\b(?:thg|tháng)\s*(0?[1-9]|1[0-2])\b", re.IGNORECASE)  # months have numbers, not names
_DOTTED = re.compile(r"(?<!\d)(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
_SLASHED = re.compile(r"\d{1,4}[/-]\d{1,2}[/-]\d{1,4}")
_FILLERS = frozenset({"de", "del", "di", "da", "d", "at", "à", "a las", "um", "г", "г.", "р", "р.", "ч", "ч."})
_ENGLISH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LENGTH_MAX = 80
_DEFAULT_PERIODS = {"am": 0, "pm": 12, "a.m.": 0, "p.m.": 12}


def _plain(word: str) -> str:
    """A word as it is compared: no dots, one case, one form."""
    word = unicodedata.normalize("NFKC", word).casefold().replace("\u0307", "")
    return word.replace(".", "").replace(" ", "").replace("\u200e", "").replace("\u200f", "").strip()


def _names(names: object) -> dict[str, str]:
    return {str(key): str(name) for key, name in dict(names).items()}  # type: ignore[call-overload]


@lru_cache(maxsize=1)
def _english() -> dict[str, int]:
    locale = Locale.parse("en")
    return {
        _plain(name): int(month)
        for width in ("abbreviated", "wide")
        for month, name in locale.months["format"][width].items()
    } | {"sept": 9}


@lru_cache(maxsize=1)
def _months() -> dict[str, frozenset[int]]:
    """Every spelling of a month in any of the languages, with all months it can mean."""
    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                for month, name in months[context][width].items():
                    found.setdefault(_plain(name), set()).add(int(month))
    return {name: frozenset(months) for name, months in found.items() if not name.isdigit()}


@lru_cache(maxsize=1)
def _shortened() -> dict[str, frozenset[int]]:
    """Beginnings of three letters and more of the full names, for spellings that CLDR has since changed."""
    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        own: dict[str, set[int]] = {}
        for context in ("format", "stand-alone"):
            for month, name in Locale.parse(language).months[context]["wide"].items():
                plain = _plain(name)
                for length in range(3, len(plain)):
                    own.setdefault(plain[:length], set()).add(int(month))
        for start, months in own.items():
            if len(months) == 1:
                found.setdefault(start, set()).update(months)
    return {name: frozenset(months) for name, months in found.items() if not name.isdigit()}


@lru_cache(maxsize=1)
def _periods() -> dict[str, int]:
    """Marks of the half of the day in any of the languages, with the hours they add."""
    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for names in Locale.parse(language).day_periods.get("format", {}).values():
            for key, hours in (("am", 0), ("pm", 12)):
                if key in names:
                    found.setdefault(_plain(str(names[key])), set()).add(hours)
    return {name: next(iter(hours)) for name, hours in found.items() if len(hours) == 1}


def month_of(word: str, field: str) -> int:
    """The month a word means in every language that has it; raises RowError for none or several."""
    plain = _plain(word)
    if (month := _english().get(plain)) is not None:
        return month
    for table in (_months(), _shortened()):
        months = table.get(plain)
        if months is None:
            continue
        if len(months) == 1:
            return next(iter(months))
        names = " or ".join(str(month) for month in sorted(months))
        raise RowError(
            "invalid_type",
            field,
            f"`{field}`: {shown(word)} is month {names}, depending on the language, and is not guessed. "
            "Export again with the app set to English.",
        )
    raise RowError(
        "invalid_type",
        field,
        f"`{field}`: {shown(word)} is no month in any language known here. Export again with the app set to English.",
    )


@lru_cache(maxsize=4096)
def read_wall_clock(text: str, field: str) -> datetime:
    """A date with a time of day, without zone; raises RowError.

    Known are ``2025-09-15 07:48:00``, ``15 Sep 2025, 07:48``, ``Jun 11, 2026, 1:01 PM``, the same in the
    languages of ``LANGUAGES``, ``15.09.2025, 07:48`` and ``2025年9月15日 07:48``.
    """
    text = text.strip()
    if len(text) > _LENGTH_MAX:
        raise _unreadable(text, field)
    iso = _ISO.fullmatch(text)
    if iso is not None:
        return _build([int(group or 0) for group in iso.groups()], text, field)
    times = list(_TIME.finditer(_without_dates(text)))
    if len(times) != 1:
        raise _unreadable(text, field)
    hour, minute, second = (int(group or 0) for group in times[0].groups())
    rest = text[: times[0].start()] + " " + text[times[0].end() :]
    rest = _VIETNAMESE.sub(lambda found: _ENGLISH_NAMES[int(found[1]) - 1], rest)
    east_asian, dotted = _EAST_ASIAN.search(rest), _DOTTED.search(rest)
    if east_asian is not None:
        year, month, day = (int(group) for group in east_asian.groups())
        words = _words(rest[: east_asian.start()] + " " + rest[east_asian.end() :])
    elif dotted is not None:
        day, month, year = (int(group) for group in dotted.groups())
        words = _words(rest[: dotted.start()] + " " + rest[dotted.end() :])
    elif _SLASHED.search(rest):
        raise RowError(
            "invalid_type",
            field,
            f"`{field}` is {shown(text)}: it does not say which number is the day and which the month. "
            "Export again with the app set to English.",
        )
    else:
        year, month, day, words = _spelled(rest, text, field)
    hour = _on_clock(hour, words, text, field)
    return _build([year, month, day, hour, minute, second], text, field)


def _without_dates(text: str) -> str:
    """The text with dotted dates blanked out, so that they are not taken for times."""
    return _DOTTED.sub(lambda match: " " * len(match[0]), text)


def _words(text: str) -> list[str]:
    """Words besides numbers, without fillers; ``a. m.`` is one."""
    text = re.sub(r"\b([ap])\.?\s?(m)\b\.?", r"\1\2", unicodedata.normalize("NFKC", text), flags=re.IGNORECASE)
    words = [word.strip(",;()'\u2019") for word in re.split(r"[\s,]+", text)]
    return [word for word in words if word and word.casefold() not in _FILLERS and word not in {".", "-"}]


def _spelled(rest: str, text: str, field: str) -> tuple[int, int, int, list[str]]:
    """Year, month, day of a date with a month's name, and the words that are left."""
    numbers: list[str] = []
    words: list[str] = []
    for word in _words(rest):
        bare = word.rstrip(".")
        if bare.isdecimal():
            numbers.append(bare)
        else:
            words.append(word)
    years = [word for word in numbers if len(word) == 4]
    days = [word for word in numbers if len(word) <= 2]
    if len(years) != 1 or len(days) != 1 or len(numbers) != 2 or not words:
        raise _unreadable(text, field)
    first_error: RowError | None = None
    for index, word in enumerate(words):
        if _plain(word) in _DEFAULT_PERIODS:
            continue
        try:
            month = month_of(word, field)
        except RowError as error:
            first_error = first_error or error
            continue
        return int(years[0]), month, int(days[0]), words[:index] + words[index + 1 :]
    raise first_error or _unreadable(text, field)


def _on_clock(hour: int, words: list[str], text: str, field: str) -> int:
    """The hour from 0 to 23; ``words`` may hold one mark of the half of the day and nothing else."""
    if not words:
        return hour
    plain = _plain("".join(words))
    added = _DEFAULT_PERIODS.get(plain)
    if added is None:
        added = _periods().get(plain)
    if added is None or not 1 <= hour <= 12:
        raise _unreadable(text, field)
    return hour % 12 + added


def _build(parts: list[int], text: str, field: str) -> datetime:
    try:
        return datetime(*parts)  # type: ignore[arg-type]
    except ValueError:
        raise _unreadable(text, field) from None


def _unreadable(text: str, field: str) -> RowError:
    return RowError(
        "invalid_type",
        field,
        f"`{field}` is {shown(text)}, which is not read as a date with a time of day. "
        "Export again with the app set to English, or write it like 15 Sep 2025, 07:48.",
    )


def end_after(start: datetime, seconds: float, zone: str | None) -> str:
    """The end of something that began at a wall clock of ``zone``, with its offset, across changes of the clock."""
    if zone is None:
        return (start + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    place = ZoneInfo(zone)
    end = start.replace(tzinfo=place).astimezone(UTC) + timedelta(seconds=seconds)
    return end.astimezone(place).isoformat(timespec="seconds")
