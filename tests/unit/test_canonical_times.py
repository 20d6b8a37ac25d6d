"""Times: one text, a whole column, and the way between instants and wall clocks, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipeline.sources.fast_times import parse_times
from pipeline.sources.local_time import local_of, place, to_local_us, to_utc_us, utc_of
from schemas.times import Zone, format_us, is_zone, parse_moment

EPOCH = datetime(1970, 1, 1)
ZONES = ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
ZONES += ["Pacific/Apia", "America/New_York", "UTC", "Asia/Tehran", "Pacific/Kiritimati"]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))


def us(at: datetime) -> int:
    since = at.replace(tzinfo=None) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ZONES), st.lists(MOMENTS, min_size=1, max_size=5))
def test_zone_rules_equal_zoneinfo(zone: str, clocks: list[datetime]) -> None:
    numbers = np.array([us(clock) for clock in clocks], np.int64)
    info = ZoneInfo(zone)
    local = [us(clock.replace(tzinfo=UTC).astimezone(info)) for clock in clocks]
    instants = [us(clock.replace(tzinfo=info).astimezone(UTC)) for clock in clocks]
    assert to_local_us(zone, numbers).tolist() == local == [local_of(zone, number) for number in numbers.tolist()]
    assert to_utc_us(zone, numbers).tolist() == instants == [utc_of(zone, number) for number in numbers.tolist()]


@pytest.mark.parametrize("zone", ZONES)
def test_zone_rules_around_every_change(zone: str) -> None:
    info = ZoneInfo(zone)
    at = datetime(2003, 12, 28, tzinfo=UTC)
    while at < datetime(2008, 1, 3, tzinfo=UTC):
        after = at + timedelta(hours=6)
        if at.astimezone(info).utcoffset() != after.astimezone(info).utcoffset():
            for minutes in range(-90, 451, 1):
                near = at + timedelta(minutes=minutes, seconds=59)
                assert local_of(zone, us(near)) == us(near.astimezone(info))
                wall = near.astimezone(info).replace(tzinfo=None, fold=0)
                assert utc_of(zone, us(wall)) == us(wall.replace(tzinfo=info).astimezone(UTC))
        at = after


def test_skipped_wall_clock_moves_forward_and_doubled_one_is_the_first() -> None:
    skipped = place(parse_moment("2026-03-29T02:30:00"), "Europe/Berlin", None)
    assert skipped is not None and skipped.local_us is not None
    assert (format_us(skipped.at_us), format_us(skipped.local_us)) == ("2026-03-29T01:30:00", "2026-03-29T03:30:00")
    doubled = place(parse_moment("2026-10-25T02:30:00"), "Europe/Berlin", None)
    assert doubled is not None and format_us(doubled.at_us) == "2026-10-25T00:30:00"


def test_ladder_of_zones() -> None:
    numeric, zulu, bare = (parse_moment("2026-11-20T18:00:00" + end) for end in ("+01:00", "Z", ""))
    seventeen, eighteen = us(datetime(2026, 11, 20, 17)), us(datetime(2026, 11, 20, 18))
    hour = 3_600_000_000
    assert place(numeric, None, "Asia/Tokyo") == (seventeen, eighteen, 1, None)
    assert place(numeric, "Asia/Tokyo", None) == (seventeen, seventeen + 9 * hour, 2, "Asia/Tokyo")
    assert place(zulu, None, None) == (eighteen, None, 0, None)
    assert place(zulu, None, "Asia/Tokyo") == (eighteen, eighteen + 9 * hour, 3, "Asia/Tokyo")
    assert place(bare, "Asia/Tokyo", "Europe/Berlin") == (eighteen - 9 * hour, eighteen, 2, "Asia/Tokyo")
    assert place(bare, None, "Europe/Berlin") == (seventeen, eighteen, 3, "Europe/Berlin")
    assert place(bare, None, None) is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(MOMENTS, st.integers(0, 10), st.sampled_from(["", "Z", "+01:00", "-03:30", "-00:00"]))))
def test_a_column_of_times_equals_one_by_one(parts: list[tuple[datetime, int, str]]) -> None:
    texts = []
    for at, digits, end in parts:
        fraction = f".{at.microsecond:06d}000"[: min(digits, 9) + 1] if digits else ""
        texts.append(at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + end)
    column = parse_times(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        moment = parse_moment(text)
        assert column.known[row]
        assert (column.wall_us[row], column.offset_us[row]) == (moment.wall_us, (moment.offset_s or 0) * 1_000_000)
        assert (column.zulu[row], column.bare[row]) == (moment.zulu, not moment.is_instant)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.text("0123456789-:T.Z+ ", max_size=34), st.none()), max_size=6))
def test_a_column_knows_no_more_than_one_by_one(texts: list[str | None]) -> None:
    column = parse_times(pa.array(texts, pa.string()))
    for row in np.flatnonzero(column.known).tolist():
        text = texts[row]
        assert text is not None and parse_moment(text).wall_us == column.wall_us[row]


@pytest.mark.parametrize(
    "text", ["", "2026-11-20", "2026-11-20T18:05Z", "2026-02-30T00:00:00Z", "2026-11-20T18:05:00+1:00", "1e9"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_moment(text)


def test_moments_print_as_they_were_written() -> None:
    for text in ("2026-11-20T18:05:00+01:00", "2026-11-20T18:05:00.250000-03:30", "0999-01-01T00:00:00Z"):
        assert str(parse_moment(text)) == text


def test_zone_names_are_checked_by_name_not_by_file() -> None:
    assert is_zone("Europe/Berlin")
    assert not any(is_zone(name) for name in ("Europe", "../etc/passwd", "", "europe/berlin", "Mars/Olympus"))


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin"])
def test_a_zone_that_is_another_one_on_every_machine_is_none(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ValidationError, match="IANA zone name; write it like Europe/Berlin"):
        TypeAdapter(Zone).validate_python(name)


@pytest.mark.parametrize("name", ["UTC", "Etc/GMT+5", "EST5EDT", "America/Argentina/Buenos_Aires", "Asia/Calcutta"])
def test_every_zone_of_the_list_is_taken(name: str) -> None:
    assert is_zone(name)
