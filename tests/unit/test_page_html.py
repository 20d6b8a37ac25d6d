"""The pages: what they say, what they never say, and that foreign text stays text."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from app_fakes import Door, FakePanels, alert_row, day_row, roster_row

TODAY = date(2026, 11, 20)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; drop table alert; --",
    "{{ 7*7 }}",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</title><script>",
    "\u202egnp.exe",
    "a/b?c#d%zz",
    "Zoë Ærø 李",
)


class Tree(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "line", "rect", "circle", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect", "circle"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def site(tmp_path: Path, **rows: list[dict[str, object]]) -> Door:
    return Door(tmp_path, FakePanels(**rows))


def read(door: Door, path: str) -> Tree:
    answer = door.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Tree(answer.text)


def test_the_roster_counts_and_lists_everybody(tmp_path: Path) -> None:
    rows = [
        roster_row("ana", attention="act", warning=1, headline="Too many failure sets"),
        roster_row("ben", attention="unknown", sets_7d=12, unknown_share_7d=1.0, failure_sets_7d=0, failure_load_7d=0),
        roster_row("cy", attention="ready", unknown_share_7d=0.0),
        roster_row("di", attention="unknown", sets_7d=0, unknown_share_7d=None, failure_load_7d=None),
    ]
    page = read(site(tmp_path, roster=rows), "/")
    assert "1 act, 2 unknown, 1 ready of 4" in page.text
    assert "Too many failure sets" in page.text
    assert "effort is not logged for most sets" in page.text
    assert "no sets in the 7 days to 20 Nov 2026" in page.text


def test_unknown_effort_is_never_shown_as_a_number(tmp_path: Path) -> None:
    row = roster_row("ben", attention="unknown", unknown_share_7d=1.0, failure_sets_7d=0, failure_load_7d=0.0)
    door = site(tmp_path, roster=[row], athlete_days=[day_row(TODAY, unknown_effort_share=1.0, failure_load=0.0)])
    cells = door.client.get("/").text.split('data-label="Failure load')[1].split("</td>")[0]
    assert "unknown" in cells
    page = read(door, "/athletes/ben")
    assert "too little evidence to call this good" in page.text
    assert "unknown-mark" in door.client.get("/athletes/ben").text


def test_a_partly_known_load_is_a_lower_bound(tmp_path: Path) -> None:
    door = site(tmp_path, roster=[roster_row(unknown_share_7d=0.25, failure_load_7d=3.25)])
    assert "≥ 3.2" in door.client.get("/").text


def test_an_athlete_page_tells_alerts_with_evidence_action_and_origin(tmp_path: Path) -> None:
    days = [day_row(TODAY - timedelta(days=n)) for n in range(55, -1, -1)]
    past = alert_row(alert_id="a-2", state="resolved", title="Trained again early", resolved_on=TODAY)
    door = site(tmp_path, roster=[roster_row()], alerts=[alert_row(), past], athlete_days=days)
    page = read(door, "/athletes/ana")
    for told in (
        "Too many failure sets",
        "4 of 5 sets ended in failure.",
        "Keep failure to the last set.",
        "Rule R01: Too many failure sets (version 1)",
        "warning · Squat, 19 Nov 2026 · since",
        "Limits met",
        "Sets at failure or at the last possible repetition: 4 (limit: 3 or more), out of 5 working sets, 19 Nov 2026",
        "7 days to Fri 20 Nov 2026: 20 sets",
        "FES: failure-equivalent sets",
        "Trained again early",
    ):
        assert told in page.text, told
    assert "exercise-session:" not in page.text and "failure_sets" not in page.text
    assert len(page.all("rect")) == 56
    assert page.all("svg")[0]["role"] == "img"


def test_an_athlete_page_has_the_parts_of_an_alert_after_it(tmp_path: Path) -> None:
    whole = alert_row(alert_id="w", rule="R17", severity="advice", title="Several signs at once")
    part = alert_row(
        rule="R12", title="Short nights", folded_into="w", part_of_rule="R17", part_of_title=whole["title"]
    )
    door = site(tmp_path, roster=[roster_row(advice=1, parts=1)], alerts=[part, whole], athlete_days=[day_row(TODAY)])
    page = read(door, "/athletes/ana")
    assert page.text.index("Several signs at once") < page.text.index("Short nights")
    assert "part of R17: Several signs at once" in page.text
    assert "Open alerts: 1 advice (1 more is part of these)" in page.text


@pytest.mark.parametrize("name", HOSTILE)
def test_foreign_text_stays_text(tmp_path: Path, name: str) -> None:
    alert = alert_row(athlete_id=name, title=name, body=name, action=name, scope=name)
    alert["evidence"][0]["metric"] = name
    door = site(tmp_path, roster=[roster_row(name, headline=name)], alerts=[alert], athlete_days=[day_row(TODAY)])
    roster = read(door, "/")
    (link,) = [a["href"] for a in roster.all("a") if (a["href"] or "").startswith("/athletes/")]
    page = read(door, str(link))
    for tree in (roster, page):
        assert not tree.all("script")
        assert not tree.all("img")
        assert not [key for _, attributes in tree.tags for key in attributes if key.startswith("on") or key == "style"]
        assert name in tree.text
        assert all((a["href"] or "").startswith(("/", "#")) for a in tree.all("a"))


def test_pages_can_be_read_without_eyes_or_a_mouse(tmp_path: Path) -> None:
    door = site(tmp_path, roster=[roster_row()], alerts=[alert_row()], athlete_days=[day_row(TODAY)])
    for path in ("/", "/athletes/ana"):
        page = read(door, path)
        names = [tag for tag, _ in page.tags]
        for landmark in ("main", "header", "nav", "footer", "h1"):
            assert names.count(landmark) == 1, f"{path}: {landmark}"
        assert page.all("html")[0]["lang"] == "en"
        assert names.count("caption") == names.count("table")
        assert all("scope" in th for th in page.all("th"))
        assert page.all("a")[0]["href"] == "#main"
        levels = [int(tag[1]) for tag in names if tag in ("h1", "h2", "h3")]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        for _, attributes in page.tags:
            assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)


def test_an_unknown_athlete_is_a_plain_404_page(tmp_path: Path) -> None:
    answer = site(tmp_path).client.get("/athletes/nobody")
    assert answer.status_code == 404
    assert "There is no such athlete" in answer.text


def test_an_empty_house_says_how_to_begin(tmp_path: Path) -> None:
    assert "spotter import" in read(site(tmp_path), "/").text


def test_pages_need_no_key_here_and_one_from_anywhere_else(tmp_path: Path) -> None:
    door = site(tmp_path, roster=[roster_row()])
    assert door.client.get("/").status_code == 200
    assert door.client.get("/", headers={"Host": "evil.example"}).status_code == 401, "a rebound name"
    assert door.client.get("/", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401, "through a proxy"
    assert door.client.get("/", headers={"Authorization": "Bearer x"}).status_code == 401
    assert door.client.get("/", headers=door.key("ingest")).status_code == 403
    assert door.client.get("/", headers=door.key("read")).status_code == 200
    from starlette.testclient import TestClient

    remote = TestClient(door.app, base_url="http://127.0.0.1", client=("192.0.2.7", 4000))
    assert remote.get("/").status_code == 401
    assert remote.get("/", headers=door.key("read")).status_code == 200


def test_a_tenant_sees_its_own_athletes_only(tmp_path: Path) -> None:
    door = site(tmp_path, roster=[roster_row("ana"), roster_row("canary", tenant_id="other")])
    door.control.create_tenant("other")
    home = door.client.get("/", headers=door.key("read") | {"X-Tenant": "other"}).text
    assert "canary" not in home
    assert "canary" not in door.client.get("/?tenant=other", headers=door.key("read")).text
    assert door.client.get("/athletes/canary", headers=door.key("read")).status_code == 404
    assert "canary" in door.client.get("/", headers=door.key("read", tenant="other")).text


def test_the_style_sheet_is_the_only_file_and_is_ours(tmp_path: Path) -> None:
    door = site(tmp_path)
    assert door.client.get("/static/spotter.css").headers["content-type"] == "text/css; charset=utf-8"
    for path in ("/static/", "/static/x.css", "/static/..%2fpages.py", "/static/spotter.css/x"):
        assert door.client.get(path).status_code == 404
    page = read(site(tmp_path / "b"), "/")
    assert all((link["href"] or "").startswith("/static/") for link in page.all("link"))


def test_an_athlete_page_has_the_last_check_in_and_the_way_to_the_next(tmp_path: Path) -> None:
    said = {"athlete_id": "ana", "instrument": "plain", "local_day": TODAY, "part": "items", "source": "spotter"}
    answers = [
        said | {"item": "mood", "answer": 7.0},
        said | {"item": "lower back", "part": "soreness", "answer": 3.5},
    ]
    rows = {"roster": [roster_row()], "athlete_days": [day_row(TODAY)]}
    page = read(site(tmp_path / "a", **rows, last_checkin=answers), "/athletes/ana")
    assert "Last check-in (plain, 20 Nov 2026): mood 7; sore: lower back 3.5." in page.text
    assert "/checkin/ana" in [link["href"] for link in page.all("a")]
    undated = [row | {"local_day": None} for row in answers]
    assert "of no day yet" in read(site(tmp_path / "b", **rows, last_checkin=undated), "/athletes/ana").text
    assert "None yet." in read(site(tmp_path / "c", **rows), "/athletes/ana").text
