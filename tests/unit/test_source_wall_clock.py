"""Wall clocks in the words of many languages: read if they mean one thing, refused if they could mean two."""

from __future__ import annotations

from datetime import datetime

import pytest
from babel.dates import format_datetime

from pipeline.sources.base import RowError
from pipeline.sources.wall_clock import LANGUAGES, read_wall_clock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-09-15 07:48:09", datetime(2025, 9, 15, 7, 48, 9)),
        ("2025-09-15T07:48", datetime(2025, 9, 15, 7, 48)),
        ("15 Sep 2025, 07:48", datetime(2025, 9, 15, 7, 48)),
        ("15 Sept 2025, 07:48", datetime(2025, 9, 15, 7, 48)),
        ("Jun 11, 2026, 1:01 PM", datetime(2026, 6, 11, 13, 1)),
        ("Jun 11, 2026, 12:01\u202fAM", datetime(2026, 6, 11, 0, 1)),
        ("12 Aug 2026, 12:30 p. m.", datetime(2026, 8, 12, 12, 30)),
        ("7 Ago 2023, 18:16", datetime(2023, 8, 7, 18, 16)),
        ("11 Nis 2026, 13:05", datetime(2026, 4, 11, 13, 5)),
        ("8 de ago. de 2025, 06:00", datetime(2025, 8, 8, 6, 0)),
        ("15.09.2025, 07:48", datetime(2025, 9, 15, 7, 48)),
        ("2025年9月15日 07:48", datetime(2025, 9, 15, 7, 48)),
        ("2025년 9월 15일 07:48", datetime(2025, 9, 15, 7, 48)),
    ],
)
def test_times_as_apps_write_them(text: str, expected: datetime) -> None:
    assert read_wall_clock(text, "start_time") == expected


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ru", "sv", "da", "cs", "ro"]
)
def test_every_month_of_the_languages_people_train_in(language: str) -> None:
    for month in range(1, 13):
        at = datetime(2025, month, 7, 18, 16)
        for pattern in ("d MMM y, HH:mm", "d MMMM y, HH:mm"):
            text = format_datetime(at, pattern, locale=language)
            try:
                assert read_wall_clock(text, "start_time") == at, text
            except RowError as refused:
                assert "month" in refused.message, text  # a word with two meanings is refused, never guessed
                assert language not in {"en", "de", "fr", "es", "it", "pt", "nl", "tr"}, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "31 Feb 2025, 07:48",
        "15 Sep 2025",
        "15 Sep 2025, 25:00",
        "15 Sep 2025, 13:00 PM",
        "5/6/2025, 07:48",
        "15 Xyz 2025, 07:48",
        "15 lis 2025, 07:48",
        "15 Sep 2025, 07:48, 08:00",
        "9" * 500,
    ],
)
def test_what_could_mean_two_things_or_nothing_is_refused(text: str) -> None:
    with pytest.raises(RowError) as caught:
        read_wall_clock(text, "start_time")
    assert caught.value.field == "start_time"
    assert caught.value.message


def test_there_are_enough_languages() -> None:
    assert len(LANGUAGES) >= 40
