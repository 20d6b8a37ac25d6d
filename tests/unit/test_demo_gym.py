"""The demo gym: the same every time, plausible, and accepted by the door."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.catalogue.loader import Catalogue
from pipeline.demo import Calendar, stories
from pipeline.demo.gym import WEEKS
from pipeline.demo.lifts import HOUSE_MACHINE
from pipeline.demo.load import LINES_PER_BODY, bodies
from pipeline.gateway.accept import accept_events

END = date(2026, 11, 22)


def events(end: date = END) -> list[dict[str, object]]:
    return [json.loads(line) for _, body in bodies(stories(), Calendar(end)) for line in body.splitlines()]


def test_it_is_the_same_every_time() -> None:
    assert list(bodies(stories(), Calendar(END))) == list(bodies(stories(), Calendar(END)))


def test_it_is_a_gym_of_some_size() -> None:
    members = stories()
    assert len(members) >= 24
    assert len({member.athlete for member in members}) == len(members)
    assert WEEKS >= 16
    days = sorted({str(event["performed_at"])[:10] for event in events() if event["kind"] == "set"})
    assert date.fromisoformat(days[0]) >= END - timedelta(days=WEEKS * 7)
    assert days[-1] <= "2027-12-31"


def test_bodies_have_the_size_of_uploads_and_come_in_order() -> None:
    made = list(bodies(stories(), Calendar(END)))
    assert all(500 <= LINES_PER_BODY <= 1000 and body.count(b"\n") == LINES_PER_BODY for _, body in made[:-1])
    assert [at for at, _ in made] == sorted(at for at, _ in made)
    assert made[-1][0] <= datetime(2026, 11, 23, tzinfo=UTC)


def test_another_end_moves_every_day_and_nothing_else() -> None:
    earlier = Counter(str(event["kind"]) for event in events(END - timedelta(days=100)))
    assert earlier == Counter(str(event["kind"]) for event in events())


def test_the_door_takes_everything_but_the_careless_app() -> None:
    refused = Counter[str | None]()
    warnings = 0
    for number, (at, body) in enumerate(bodies(stories(), Calendar(END))):
        answer = accept_events(body, tenant="home", upload_id=f"demo-{number}", received_at=at)
        refused.update(result.reason for result in answer.results if result.status == "rejected")
        warnings += sum(len(result.warnings) for result in answer.results)
        assert answer.duplicates == 0
    assert refused == {"missing_unit": 1, "unknown_field": 1, "implausible_time": 1}
    assert warnings == 1


def test_every_exercise_is_in_the_catalogue_but_the_house_machine() -> None:
    catalogue = Catalogue.load()
    names = {str(event["exercise"]) for event in events() if event["kind"] == "set"}
    for event in events():
        names |= {str(one["exercise"]) for one in event.get("sets", [])}  # type: ignore[attr-defined]
    unknown = {name for name in names if catalogue.resolve(name) is None}
    assert unknown == {HOUSE_MACHINE.name}


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.athlete)
def test_a_story_does_not_contradict_itself(story: object) -> None:
    assert not story.expects & story.silent  # type: ignore[attr-defined]
    assert story.shows  # type: ignore[attr-defined]
