"""Quiet hours, digests, limits, snooze and acknowledge: what waits, what is dropped, what goes at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from relay_fakes import Receiver, World, an_alert

from pipeline.relay import hours

BERLIN = "Europe/Berlin"
NIGHT = {"zone": BERLIN, "quiet": ("22:00", "07:00")}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23T21:59:59+01:00", None),
        ("2026-11-23T22:00:00+01:00", "2026-11-24T07:00:00+01:00"),  # over midnight
        ("2026-11-24T00:30:00+01:00", "2026-11-24T07:00:00+01:00"),
        ("2026-11-24T06:59:59+01:00", "2026-11-24T07:00:00+01:00"),
        ("2026-11-24T07:00:00+01:00", None),
        ("2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),  # the night clocks go forward
        ("2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),  # the night they go back
    ],
)
def test_quiet_hours_over_midnight_and_clock_changes(now: str, until: str | None) -> None:
    assert hours.quiet_until(at(now), "22:00", "07:00", BERLIN) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23T12:59:00+01:00", None),
        ("2026-11-23T13:00:00+01:00", "2026-11-23T14:30:00+01:00"),
        ("2026-11-23T14:30:00+01:00", None),
    ],
)
def test_quiet_hours_within_a_day(now: str, until: str | None) -> None:
    assert hours.quiet_until(at(now), "13:00", "14:30", BERLIN) == (at(until) if until else None)


def test_an_end_that_happens_twice_or_never() -> None:
    # 02:30 is shown twice on 25 October 2026 and never on 29 March 2026
    assert hours.quiet_until(at("2026-10-25T00:10:00+02:00"), "22:00", "02:30", BERLIN) == at("2026-10-25T02:30+02:00")
    assert hours.quiet_until(at("2026-10-25T02:45:00+02:00"), "22:00", "02:30", BERLIN) is None
    assert hours.quiet_until(at("2026-10-25T02:10:00+01:00"), "22:00", "02:30", BERLIN) == at("2026-10-25T02:30+01:00")
    assert hours.quiet_until(at("2026-03-29T00:10:00+01:00"), "22:00", "02:30", BERLIN) == at("2026-03-29T02:30+01:00")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.sampled_from([BERLIN, "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]),
)
def test_the_end_of_quiet_hours_lies_ahead_and_is_not_quiet(now: datetime, begin: str, end: str, zone: str) -> None:
    if begin == end:
        return
    until = hours.quiet_until(now, begin, end, zone)
    shown = now.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    inside = begin <= shown < end if begin < end else not end <= shown < begin
    assert (until is not None) == inside
    if until is not None:
        assert now < until <= now + timedelta(hours=26)
        assert hours.next_time(now, end, zone) == until
        local = until.astimezone(ZoneInfo(zone))
        assert local.strftime("%H:%M") == end or local.utcoffset() != (local - timedelta(hours=3)).utcoffset()


def test_what_comes_in_quiet_hours_is_one_digest_after_them(world: World, receiver: Receiver) -> None:
    channel, _ = world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1, severity="advice"), an_alert(2), an_alert(3, severity="high"))
    assert [name[:8] for name in receiver.names] == ["00000003"]
    world.at("2026-11-24T03:00+01:00")
    world.tell(an_alert(4, severity="info", athlete_id="ben"))
    world.at("2026-11-24T06:59+01:00")
    assert len(receiver.got) == 1
    world.at("2026-11-24T07:00+01:00")
    world.later(hours=1)
    assert receiver.types == ["alert.opened", "alert.digest"]
    parts = receiver.got[1].json["data"]["messages"]
    assert [(part["type"], part["data"]["alert_id"][:8]) for part in parts] == [
        ("alert.opened", "00000001"),
        ("alert.opened", "00000002"),
        ("alert.opened", "00000004"),
    ]
    assert [status for _, status in world.statuses(channel)] == ["sent"] * 5
    assert len(world.stream.mirrored) == 4


def test_one_alert_of_the_night_comes_as_itself(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1))
    world.at("2026-11-24T07:00+01:00")
    assert receiver.names == [f"{an_alert(1)['alert_id']}_r1"]


def test_what_is_over_or_withdrawn_before_morning_is_not_told(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, updates=True, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1), an_alert(2), an_alert(3), an_alert(4))
    world.tell(an_alert(1, state="withdrawn"), an_alert(2, state="resolved", resolved_on="2026-11-24"))
    world.tell(an_alert(3, revision="r2"))
    world.at("2026-11-24T07:00+01:00")
    (got,) = receiver.got
    assert sorted((p["data"]["alert_id"][:8], p["data"]["revision"]) for p in got.json["data"]["messages"]) == [
        ("00000003", "r2"),
        ("00000004", "r1"),
    ]


def test_a_digest_whose_alert_changes_while_it_is_tried_again_is_made_anew(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1), an_alert(2), an_alert(3))
    world.at("2026-11-24T07:00+01:00")
    assert receiver.types == ["alert.digest"]
    world.tell(an_alert(2, state="withdrawn"))
    world.later(minutes=30)
    world.later(hours=5)
    assert sorted(receiver.types) == ["alert.digest", "alert.digest", "alert.withdrawn"]
    first, second = (got for got in receiver.got if got.json["type"] == "alert.digest")
    assert first.name != second.name
    assert [p["data"]["alert_id"][:8] for p in second.json["data"]["messages"]] == ["00000001", "00000003"]


def test_a_killed_digest_is_repeated_under_its_id(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1), an_alert(2))

    def fault(point: str) -> None:
        raise KeyboardInterrupt

    world.restart(fault)
    with pytest.raises(KeyboardInterrupt):
        world.at("2026-11-24T07:00+01:00")
    world.restart()
    world.later(minutes=1)
    world.later(days=1)
    assert receiver.types == ["alert.digest"] * 2
    assert len(set(receiver.names)) == 1 and receiver.got[0].body == receiver.got[1].body


def test_a_message_that_failed_by_day_is_not_tried_in_quiet_hours(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * 3
    world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T21:45+01:00")
    world.tell(an_alert(1))
    world.later(seconds=6)
    world.later(minutes=6)
    assert len(receiver.got) == 3
    world.at("2026-11-23T22:30+01:00")
    world.at("2026-11-24T06:00+01:00")
    assert len(receiver.got) == 3
    world.at("2026-11-24T07:00+01:00")
    assert len(receiver.got) == 4


def test_a_daily_digest_but_high_severity_at_once(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, zone=BERLIN, digest="08:00")
    world.at("2026-11-23T12:00+01:00")
    world.tell(an_alert(1), an_alert(2, severity="high"), an_alert(3, severity="info"))
    assert [name[:8] for name in receiver.names] == ["00000002"]
    world.at("2026-11-24T08:00+01:00")
    world.tell(an_alert(4))
    world.at("2026-11-25T08:00+01:00")
    assert receiver.types == ["alert.opened", "alert.digest", "alert.opened"]


def test_a_digest_time_in_quiet_hours_waits_for_their_end(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, zone=BERLIN, quiet=("22:00", "07:00"), digest="06:00")
    world.at("2026-11-23T12:00+01:00")
    world.tell(an_alert(1), an_alert(2))
    world.at("2026-11-24T06:30+01:00")
    assert receiver.got == []
    world.at("2026-11-24T07:00+01:00")
    assert receiver.types == ["alert.digest"]


def test_what_comes_in_quiet_hours_waits_for_the_digest_as_well(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, digest="08:00", **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(an_alert(1), an_alert(2))
    world.at("2026-11-24T07:30+01:00")
    assert receiver.got == []
    world.tell(an_alert(3))
    world.at("2026-11-24T08:00+01:00")
    (got,) = receiver.got
    assert len(got.json["data"]["messages"]) == 3


def test_a_limit_a_day_holds_per_athlete_and_lets_high_severity_through(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, zone=BERLIN, per_day=2)
    world.at("2026-11-23T22:00+01:00")
    world.tell(*(an_alert(n) for n in range(1, 6)))
    world.tell(an_alert(6, athlete_id="ben"), an_alert(7, severity="high"))
    assert sorted(name[:8] for name in receiver.names) == ["00000001", "00000002", "00000006", "00000007"]
    world.at("2026-11-23T23:59+01:00")
    assert len(receiver.got) == 4
    world.at("2026-11-24T00:00+01:00")
    assert receiver.types[4:] == ["alert.digest"]
    assert len(receiver.got[4].json["data"]["messages"]) == 3
    world.tell(an_alert(8))
    assert len(receiver.got) == 6


def test_a_large_night_comes_in_parts(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url, **NIGHT)
    world.at("2026-11-23T23:00+01:00")
    world.tell(*(an_alert(n) for n in range(1, 121)))
    world.at("2026-11-24T07:00+01:00")
    sizes = [len(got.json["data"]["messages"]) for got in receiver.got]
    assert sizes == [50, 50, 20]
    assert len(set(receiver.names)) == 3


def test_acknowledged_is_sent_no_more_unless_it_was_wrong(world: World, receiver: Receiver) -> None:
    receiver.answers = [(500, {})]
    world.webhook(receiver.url, updates=True)
    name = an_alert(1)["alert_id"]
    world.tell(an_alert(1))
    world.channels.acknowledge("home", name)
    world.later(days=1)
    world.tell(an_alert(1, revision="r2", severity="high"))
    assert len(receiver.got) == 1
    world.tell(an_alert(1, revision="r2", severity="high", state="withdrawn"))
    assert receiver.types == ["alert.opened", "alert.withdrawn"]
    world.channels.acknowledge("home", an_alert(2)["alert_id"])
    world.channels.acknowledge("home", an_alert(2)["alert_id"], undo=True)
    world.tell(an_alert(2))
    assert len(receiver.got) == 3


def test_snoozed_comes_on_its_day_if_it_is_still_open(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    day = at("2026-11-25T00:00+01:00")
    world.channels.snooze("home", "athlete", "ana", day)
    world.channels.snooze("home", "alert", an_alert(3)["alert_id"], day)
    world.tell(an_alert(1), an_alert(2), an_alert(3, athlete_id="ben"), an_alert(4, athlete_id="ben"))
    assert [name[:8] for name in receiver.names] == ["00000004"]
    world.tell(an_alert(2, state="resolved", resolved_on="2026-11-24"))
    world.at("2026-11-24T23:59+01:00")
    assert len(receiver.got) == 1
    world.at("2026-11-25T00:00+01:00")
    assert [name[:8] for name in receiver.names] == ["00000004", "00000001", "00000003"]


def test_a_snooze_taken_back_or_of_another_gym_holds_nothing(world: World, receiver: Receiver) -> None:
    world.webhook(receiver.url)
    world.channels.snooze("home", "athlete", "ana", at("2027-01-01T00:00+01:00"))
    world.channels.snooze("home", "athlete", "ana", None)
    world.control.ensure_tenant("other")
    world.channels.snooze("other", "athlete", "ana", at("2027-01-01T00:00+01:00"))
    world.tell(an_alert(1))
    assert len(receiver.got) == 1
