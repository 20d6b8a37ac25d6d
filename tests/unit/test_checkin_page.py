"""The check-in page as a browser without JavaScript uses it: what is asked, sent, refused and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from app_fakes import NOW, Door, FakePanels, set_event

from schemas.checkin import PAIN_TOLD
from tests.sim.driver import Driver

FORM = {"content-type": "application/x-www-form-urlencoded"}
PAGE = "/checkin/ana"


class Browser(HTMLParser):
    """The fields of a page's form as a browser would send them, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.offered: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self.described: dict[str, str] = {}
        self.action = ""
        self.text = ""
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "form":
            self.action = found["action"]
        if "aria-describedby" in found:
            self.described[found["id"]] = found["aria-describedby"]
        if tag != "input":
            return
        if found["type"] == "radio":
            self.offered.setdefault(found["name"], []).append(found["value"])
            if "checked" in found:
                self.fields[found["name"]] = found["value"]
        else:
            self.fields[found["name"]] = found["value"]

    def handle_data(self, data: str) -> None:
        self.text += data


def known(**rows: list[dict[str, object]]) -> FakePanels:
    return FakePanels(athlete_known=[{"known": 1, "athlete_id": "ana"}], **rows)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path, known(athlete_zone=[{"timezone": "Europe/Lisbon"}]))


def opened(door: Door, path: str = PAGE) -> Browser:
    answer = door.client.get(path)
    assert answer.status_code == 200, answer.text
    return Browser(answer.text)


def sent(door: Door, page: Browser, headers: dict[str, str] | None = None, **fields: str) -> Any:
    named = {name.replace("__", ":"): text for name, text in fields.items()}
    return door.client.post(page.action, data=page.fields | named, headers=headers, follow_redirects=False)


def events(door: Door) -> list[dict[str, Any]]:
    return [json.loads(record.payload) for record in door.service.records]


def test_every_question_is_asked_and_none_has_an_answer(door: Door) -> None:
    page = opened(door)
    asked = [name for name in page.fields if ":" in name]
    assert {name.partition(":")[0] for name in asked} == {"item", "muscle", "joint"}
    assert {page.fields[name] for name in asked} == {""}
    assert page.offered["item:mood"] == ["", *map(str, range(11))]
    assert "muscle:lower_back" in asked and "joint:knee" in asked
    assert len(set(page.ids)) == len(page.ids) and not [name for name in page.ids if " " in name]
    assert "script" not in page.tags and "Time zone: Europe/Lisbon" in page.text


def test_what_is_sent_is_the_event_of_the_command(door: Door) -> None:
    answer = sent(
        door, opened(door), item__mood="7", item__fatigue="4", muscle__lower_back="3,5", joint__knee="2"
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/checkin/ana?taken=1&pain=1")
    (event,) = events(door)
    at = "2026-11-20T19:30:00.000Z"
    assert event == {
        "kind": "checkin", "athlete": "ana", "source": "spotter", "document": f"checkin/{at}", "checked_at": at,
        "instrument": "plain", "items": {"fatigue": 4, "mood": 7}, "soreness": {"lower back": 3.5},
        "joint_pain": {"knee": 2},
    }  # fmt: skip
    told = opened(door, answer.headers["location"]).text
    assert "Taken." in told and PAIN_TOLD in told
    without = sent(door, opened(door), item__mood="7", joint__knee="0")
    assert without.headers["location"] == "/checkin/ana?taken=1"
    assert PAIN_TOLD not in opened(door, without.headers["location"]).text


def test_a_form_sent_twice_is_one_check_in_and_the_next_page_another(door: Door) -> None:
    page = opened(door)
    sent(door, page, item__mood="7")
    door.clock.at = NOW + timedelta(minutes=3)
    sent(door, page, item__mood="6")
    sent(door, opened(door), item__mood="5")
    first, second, third = events(door)
    assert first["document"] == second["document"] != third["document"]
    assert first["checked_at"] < second["checked_at"]


def test_a_bad_answer_is_said_beside_its_field_and_the_rest_is_kept(door: Door) -> None:
    answer = sent(
        door, opened(door), item__mood="11", item__stress="6", item__fatigue="4.5", muscle__chest="very",
        joint__hip="2", timezone="Mars/Olympus",
    )  # fmt: skip
    assert answer.status_code == 422 and not door.service.records
    page = Browser(answer.text)
    kept = {"item:mood": "", "item:stress": "6", "item:fatigue": "4.5", "muscle:chest": "very", "joint:hip": "2"}
    assert {name: page.fields[name] for name in kept} == kept
    assert page.fields["timezone"] == "Mars/Olympus"
    for name in ("item:mood", "muscle:chest", "timezone"):
        assert page.described[name] == f"why-{name}" and f"why-{name}" in page.ids
    assert not {"item:stress", "joint:hip", "item:fatigue"} & set(page.described)
    assert "11 is not on the scale; it goes from 0 to 10." in page.text
    assert "“very” is no number" in page.text and "“Mars/Olympus” is no time zone" in page.text
    again = sent(door, page, item__mood="8", muscle__chest="", timezone="")  # as corrected there
    assert again.status_code == 303
    (event,) = events(door)
    assert event["items"] == {"mood": 8, "stress": 6, "fatigue": 4.5} and event["joint_pain"] == {"hip": 2}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "answer at least one question"),
        ({"item__mood": "3", "muscle__kneecap": "3"}, "The form has no field “muscle:kneecap”."),
        ({"item__mood": "1e1"}, "“1e1” is no number"),
        ({"item__mood": "nan"}, "“nan” is no number"),
        ({"item__mood": "-1"}, "-1 is not on the scale"),
        ({"item__mood": "<script>alert(1)</script>"}, "“<script>alert(1)</script>” is no number"),
    ],
)
def test_what_cannot_be_sent_is_said(door: Door, fields: dict[str, str], told: str) -> None:
    answer = sent(door, opened(door), **fields)
    page = Browser(answer.text)
    assert (answer.status_code, door.service.records) == (422, [])
    assert told in page.text and "script" not in page.tags


def test_an_answer_given_twice_is_not_chosen_from(door: Door) -> None:
    page = opened(door)
    body = urlencode([*page.fields.items(), ("item:mood", "8")])
    answer = door.client.post(page.action, content=body, headers=FORM)
    assert answer.status_code == 422 and "answered twice" in answer.text and not door.service.records


def test_the_scale_is_that_of_the_questionnaire(tmp_path: Path) -> None:
    last = [{"instrument": "hooper", "athlete_id": "ana"}]
    door = Door(tmp_path, known(last_checkin=last))  # type: ignore[arg-type]
    page = opened(door)
    assert page.fields["instrument"] == "hooper" and page.offered["item:sleep"] == ["", *map(str, range(1, 8))]
    assert sent(door, page, item__sleep="0").status_code == 422
    assert sent(door, page, item__sleep="7").status_code == 303
    assert events(door)[0]["instrument"] == "hooper"
    assert opened(door, f"{PAGE}?instrument=mclean").offered["item:mood"] == ["", "1", "2", "3", "4", "5"]
    assert door.client.get(f"{PAGE}?instrument=poms").status_code == 404


def test_elsewhere_the_wall_clock_of_the_place_counts(door: Door) -> None:
    sent(door, opened(door), item__mood="7", timezone="Asia/Tokyo")
    (event,) = events(door)
    assert (event["timezone"], event["checked_at"]) == ("Asia/Tokyo", "2026-11-21T04:30:00.000+09:00")


def test_no_other_site_can_send_a_check_in(door: Door) -> None:
    page = opened(door)
    for foreign in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
    ):
        assert sent(door, page, foreign, item__mood="1").status_code == 403, foreign
    made_up = page.fields | {"item:mood": "1", "token": "0" * 64}
    answer = door.client.post(PAGE, data=made_up)
    assert answer.status_code == 403 and Browser(answer.text).fields["item:mood"] == "1"
    assert door.client.post(PAGE, json={"item:mood": 1}).status_code == 415
    assert not door.service.records
    same = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8080"}
    assert sent(door, page, same, item__mood="1").status_code == 303


def test_a_token_is_good_for_one_athlete_and_half_a_day(tmp_path: Path) -> None:
    panels = FakePanels(athlete_known=[{"known": 1}])
    door = Door(tmp_path, panels)
    page = opened(door)
    stolen = page.fields | {"item:mood": "1"}
    assert door.client.post("/checkin/ben", data=stolen).status_code == 403
    door.clock.at = NOW + timedelta(hours=13)
    late = sent(door, page, item__mood="4", muscle__chest="6")
    assert late.status_code == 403 and "open for too long" in late.text and not door.service.records
    renewed = Browser(late.text)
    assert (renewed.fields["item:mood"], renewed.fields["muscle:chest"]) == ("4", "6")
    assert sent(door, renewed).status_code == 303


def test_who_may_not_see_the_page_may_not_send_it(door: Door) -> None:
    page = opened(door)
    far = {"x-forwarded-for": "203.0.113.9"}
    assert sent(door, page, far, item__mood="1").status_code == 401
    assert sent(door, page, door.key("read"), item__mood="1").status_code == 403
    assert not door.service.records
    assert sent(door, page, door.key("ingest"), item__mood="1").status_code == 303
    assert door.client.get("/checkin/nobody").status_code == 404
    assert door.client.post("/checkin/nobody", data=page.fields).status_code == 404


def test_another_gym_keeps_its_name_in_every_link(tmp_path: Path) -> None:
    door = Door(tmp_path, known())
    door.control.ensure_tenant("north")
    page = opened(door, f"{PAGE}?tenant=north")
    answer = sent(door, page, item__mood="5")
    assert answer.headers["location"] == "/checkin/ana?tenant=north&taken=1"
    # the token of one gym's page is none for another gym
    assert door.client.post(PAGE, data=page.fields | {"item:mood": "5"}).status_code == 403


def test_too_much_or_no_text_is_refused(door: Door) -> None:
    assert door.client.post(PAGE, content=b"a=" + b"x" * 70_000, headers=FORM).status_code == 413
    assert door.client.post(PAGE, content=b"item:mood=%ff", headers=FORM).status_code == 400
    assert door.client.post(PAGE, content=b"&".join([b"a=1"] * 500), headers=FORM).status_code == 400
    assert not door.service.records


def test_a_full_disk_loses_no_answer(door: Door) -> None:
    page = opened(door)
    door.service.broken = True
    answer = sent(door, page, item__mood="3", joint__wrist="5")
    assert answer.status_code == 503 and "the disk is nearly full" in answer.text
    door.service.broken = False
    assert sent(door, Browser(answer.text)).status_code == 303
    assert events(door)[0]["joint_pain"] == {"wrist": 5}


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened_driver:
        yield opened_driver


def test_it_reaches_the_tables_as_that_of_the_command_does(door: Door, driver: Driver) -> None:
    sent(door, opened(door), item__mood="7", muscle__quadriceps="6", timezone="Europe/Lisbon")
    driver.ingest([set_event(), *events(door)])
    found = driver.query("select part, item, answer, local_day::varchar as day, source from checkin_fact order by part")
    assert [tuple(row.values()) for row in found] == [
        ("items", "mood", 7.0, "2026-11-20", "spotter"),
        ("soreness", "quadriceps", 6.0, "2026-11-20", "spotter"),
    ]
