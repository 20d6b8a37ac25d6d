"""The demo through the whole pipeline: each member's log says what the story promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pipeline.alerts.rules import load as load_rules
from pipeline.clock import FixedClock
from pipeline.demo import DemoReport, Story, load, stories
from pipeline.demo.load import EXPORTS
from pipeline.store import dictionary
from pipeline.worker.embedded import Embedded

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
RULES = frozenset(rule.id for rule in load_rules().all())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    embedded = Embedded.open(tmp_path_factory.mktemp("demo") / "data", FixedClock(NOW))
    yield embedded
    embedded.close()


@pytest.fixture(scope="module")
def report(service: Embedded) -> DemoReport:
    return load(service, clock=FixedClock(NOW))


@pytest.fixture(scope="module")
def spoken(service: Embedded, report: DemoReport) -> dict[str, set[str]]:
    """Athlete -> rules with an alert that holds."""
    found: dict[str, set[str]] = {}
    for row in service.query("select athlete_id, rule from alert where state <> 'withdrawn'"):
        found.setdefault(str(row["athlete_id"]), set()).add(str(row["rule"]))
    return found


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.athlete)
def test_the_story_is_told(story: Story, spoken: dict[str, set[str]]) -> None:
    rules = spoken.get(story.athlete, set())
    assert (story.expects & RULES) - rules == set(), f"{story.shows}: expected alerts are missing"
    assert story.silent & rules == set(), f"{story.shows}: a rule spoke that should be silent"


def test_everything_is_loaded(report: DemoReport) -> None:
    assert report.loaded
    assert report.rejected == 3
    assert len(report.import_ids) == len(EXPORTS)
    assert report.rows_imported > 11_000


def test_loading_again_does_nothing(service: Embedded, report: DemoReport) -> None:
    before = service.log.end_offset(0)
    assert not load(service, clock=FixedClock(NOW)).loaded
    assert service.log.end_offset(0) == before


def test_everybody_is_on_the_roster(service: Embedded, report: DemoReport) -> None:
    rows = service.query("select distinct athlete_id from athlete_day")
    there = {str(row["athlete_id"]) for row in rows}
    assert {story.athlete for story in stories()} <= there
    assert {export.athlete for export in EXPORTS} <= there


def test_every_set_of_two_apps_counts_once(service: Embedded, report: DemoReport) -> None:
    rows = service.query(
        "select source, count(*) filter (superseded_by is null) as counted, count(*) as sets"
        " from set_fact where athlete_id = 'sven' group by source order by source"
    )
    assert [(row["source"], row["counted"] == 0) for row in rows] == [("gymlog", False), ("watch", True)]


def test_left_and_right_are_one_set(service: Embedded, report: DemoReport) -> None:
    rows = service.query(
        "select count(*) filter (side is not null) as sides,"
        " count(*) filter (side is not null and is_counted) as counted"
        " from set_fact where athlete_id = 'keiko'"
    )
    assert rows[0]["sides"] == 2 * int(str(rows[0]["counted"]))


def test_corrections_leave_no_typing_error(service: Embedded, report: DemoReport) -> None:
    rows = service.query("select max(weight_kg) as heaviest from set_fact where athlete_id = 'quinn'")
    assert float(str(rows[0]["heaviest"])) < 300
    again = service.query("select 1 from set_fact where athlete_id = 'quinn' and document_id like '%-again'")
    assert again == []


def test_days_of_travel_are_local(service: Embedded, report: DemoReport) -> None:
    rows = service.query(
        "select count(*) as sets, count(*) filter (local_day = (performed_at - interval 4 hours)::date) as local"
        " from set_fact where athlete_id = 'pedro' and session_id like '%Upper A' and local_day <> performed_at::date"
    )
    assert int(str(rows[0]["sets"])) > 20, "late sessions in New York are the next day in UTC"
    assert rows[0]["sets"] == rows[0]["local"]


def test_bodyweight_lifts_have_a_load(service: Embedded, report: DemoReport) -> None:
    rows = service.query(
        "select count(*) filter (load_kg is null) as missing, count(*) as sets"
        " from set_fact where athlete_id = 'lars' and load_kind in ('bodyweight', 'assisted', 'added') and reps > 0"
    )
    assert rows[0]["missing"] == 0
    assert int(str(rows[0]["sets"])) > 100


def test_the_unknown_machine_is_listed(service: Embedded, report: DemoReport) -> None:
    rows = service.query("select distinct name from unmapped_exercise where athlete_id = 'amir'")
    assert [row["name"] for row in rows] == ["Corner Tower No. 7"]


def test_every_metric_is_in_the_dictionary(service: Embedded, report: DemoReport) -> None:
    known = dictionary.metrics()
    rows = service.query("select distinct metric_id, metric from indicator")
    assert rows
    assert not [row for row in rows if str(row["metric_id"]) not in known[str(row["metric"])][0].split(", ")]


def test_a_rebuild_tells_the_same(service: Embedded, report: DemoReport) -> None:
    assert service.check() == []
