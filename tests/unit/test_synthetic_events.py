"""Synthetic athletes: equal seeds give equal bytes, the door takes every event, each story shows in its events."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from pipeline.catalogue.loader import Catalogue
from pipeline.cli.main import run
from pipeline.errors import RefusedError, UsageError
from pipeline.gateway.accept import accept_events
from pipeline.synthetic import Label, events, label_of, live_through, write
from pipeline.synthetic.stories import NAMES, STORIES
from pipeline.synthetic.write import EVENTS, LABELS, athletes, line

WEEKS = 20
RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "synthetic.md"


@cache
def sent(scenario: str, seed: int = 1) -> list[dict[str, Any]]:
    return list(events(live_through("a", scenario, seed=seed, weeks=WEEKS)))


def of(scenario: str, kind: str, seed: int = 1) -> list[dict[str, Any]]:
    return [event for event in sent(scenario, seed) if event["kind"] == kind]


def working(scenario: str, seed: int = 1) -> list[dict[str, Any]]:
    return [event for event in of(scenario, "set", seed) if event["set_type"] == "working"]


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write(tmp_path / name, seed=seed, count=6, weeks=WEEKS)
    for file in (EVENTS, LABELS):
        one, two, other = ((tmp_path / name / file).read_bytes() for name in ("one", "two", "other"))
        assert one == two != other
        assert one.endswith(b"\n")


def test_an_athlete_is_made_again_from_its_label(tmp_path: Path) -> None:
    write(tmp_path, seed=11, count=5, weeks=WEEKS)
    label = json.loads((tmp_path / LABELS).read_text().splitlines()[2])
    again = live_through(label["athlete"], label["scenario"], seed=label["seed"], weeks=label["weeks"])
    lines = (tmp_path / EVENTS).read_text().splitlines(keepends=True)
    mine = [text for text in lines if f'"athlete":"{label["athlete"]}"' in text]
    assert mine == [line(event) for event in events(again)]
    assert label_of(again).as_json() == label


def test_more_athletes_change_nothing_about_the_first_seeds() -> None:
    few = [one.seed for one in athletes(seed=4, count=2, weeks=WEEKS, scenario="healthy")]
    more = [one.seed for one in athletes(seed=4, count=3, weeks=WEEKS, scenario="healthy")]
    assert more[:2] == few
    assert len(set(more)) == 3


def test_another_last_day_moves_the_days() -> None:
    end = date(2025, 3, 2)
    moved = live_through("a", "travel", seed=1, weeks=WEEKS, last_day=end)
    assert label_of(moved).last_day == end.isoformat()
    days = [event["day"] for event in events(moved) if event["kind"] == "resting_heart_rate"]
    assert max(days, default="") <= end.isoformat()


@pytest.mark.parametrize("scenario", NAMES)
def test_the_door_takes_every_event(scenario: str) -> None:
    for seed in (1, 2):
        body = "".join(line(event) for event in sent(scenario, seed)).encode()
        answer = accept_events(body, tenant="home", upload_id="u", received_at=RECEIVED)
        assert not [result for result in answer.results if result.status != "accepted" or result.warnings]
        assert answer.accepted == len(sent(scenario, seed)) > 500


def test_every_kind_is_there_and_every_document_once() -> None:
    kinds: Counter[str] = Counter()
    for seed, scenario in enumerate(NAMES):
        names = [(event["source"], event["document"]) for event in sent(scenario, seed)]
        assert len(names) == len(set(names))
        kinds.update(str(event["kind"]) for event in sent(scenario, seed))
    assert {
        "set",
        "session",
        "sleep",
        "hrv",
        "resting_heart_rate",
        "checkin",
        "declaration",
        "athlete",
        "body_mass",
    } == set(kinds)


def test_every_exercise_is_in_the_catalogue() -> None:
    catalogue = Catalogue.load()
    used = {event["exercise"] for seed in range(1, 9) for event in of("healthy", "set", seed)}
    assert len(used) >= 15
    assert not [name for name in used if catalogue.resolve(name) is None]


def test_nights_do_not_overlap_and_end_before_training() -> None:
    for scenario in ("travel", "healthy_noisy"):
        for seed in range(1, 6):
            last = datetime(2000, 1, 1, tzinfo=UTC)
            for event in sent(scenario, seed):
                if event["kind"] == "sleep":
                    start, end = (datetime.fromisoformat(event[name]) for name in ("start", "end"))
                    assert last <= start < end
                    assert 0 < event["asleep_min"] <= event["in_bed_min"] == (end - start) / timedelta(minutes=1)
                    last = end
                elif event["kind"] == "set":
                    at = datetime.fromisoformat(event["performed_at"])
                    assert at > last
                    last = at


def test_what_is_logged_is_what_was_done() -> None:
    for event in working("healthy"):
        step = 0.5
        assert event["weight"]["value"] % step == 0
        assert 0 <= event["reps"] <= 25
        if "effort" in event:
            scale, value = event["effort"]["scale"], event["effort"]["value"]
            assert 0 <= (value if scale == "rir" else 10 - value) <= 5
            failed = event.get("outcome") == "failed_mechanical"
            assert not failed or value == (0 if scale == "rir" else 10)


def test_overload_shows_in_sets_and_in_failed_repetitions() -> None:
    for seed in (1, 2, 3):
        one = live_through("a", "non_functional_no_deload", seed=seed, weeks=WEEKS)
        first, last = one.course.span
        before, hard = one.days[first - 28 : first], one.days[last - 27 : last + 1]
        count = [sum(len(day.visit.sets) for day in part if day.visit) for part in (before, hard)]
        assert count[1] > 1.1 * count[0]
        left = [
            fmean(single.true_rir for day in part if day.visit for single in day.visit.sets if not single.warm_up)
            for part in (before, hard)
        ]
        assert left[1] < left[0]


def test_answers_follow_fatigue_and_life() -> None:
    fell = Counter[str]()
    for seed in range(1, 10):
        for scenario in ("non_functional_no_deload", "life_stress_only"):
            one = live_through("a", scenario, seed=seed, weeks=WEEKS)
            if one.traits.answering.answers < 0.5:
                continue
            first, last = one.course.span
            asked = [event for event in events(one) if event["kind"] == "checkin"]
            better = -1 if one.traits.answering.instrument == "hooper" else 1
            item = "fatigue" if scenario == "non_functional_no_deload" else "stress"

            def mean(start: int, end: int) -> float:
                days = {one.date_of(day).isoformat() for day in range(start, end)}
                return fmean(better * e["items"][item] for e in asked if e["checked_at"][:10] in days)

            fell[scenario] += mean(first + 8, last - 5) < mean(0, first)
            fell["all " + scenario] += 1
    for scenario in ("non_functional_no_deload", "life_stress_only"):
        assert fell[scenario] >= 0.9 * fell["all " + scenario] > 5


def test_pounds_are_the_same_loads() -> None:
    for seed in (1, 2):
        sets = working("unit_switch", seed)
        units = [event["weight"]["unit"] for event in sets]
        assert units == sorted(units)  # kg, then lb and no way back
        assert set(units) == {"kg", "lb"}
        turn = units.index("lb")
        by_lift: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for number, event in enumerate(sets):
            if abs(number - turn) < 250:
                kilos = event["weight"]["value"] * (0.45359237 if event["weight"]["unit"] == "lb" else 1)
                by_lift[event["exercise"]][number >= turn].append(kilos)
        moved = [median(after) / median(before) for before, after in by_lift.values() if before and after]
        assert len(moved) >= 4
        assert 0.93 < median(moved) < 1.07


def test_a_straight_liner_never_moves() -> None:
    answers = of("straight_liner", "checkin")
    assert len(answers) > 60
    assert len({json.dumps(event["items"]) for event in answers}) == 1


def test_effort_is_hardly_written_down() -> None:
    sets = working("unlogged_effort")
    assert sum("effort" in event for event in sets) < 0.08 * len(sets)
    assert not [event for event in sets if "outcome" in event]


def test_every_set_to_failure() -> None:
    for seed in (1, 2, 3):
        sets = working("all_sets_to_failure_habit", seed)
        assert sum(event["outcome"] == "failed_mechanical" for event in sets) > 0.75 * len(sets)


def test_a_bad_device_has_gaps_spikes_and_a_successor() -> None:
    nights = of("bad_device", "sleep")
    sources = [event["source"] for event in nights]
    assert sources == sorted(sources)
    assert len(set(sources)) == 2
    longest = max(
        date.fromisoformat(later["end"][:10]) - date.fromisoformat(earlier["end"][:10])
        for earlier, later in pairwise(nights)
    )
    assert longest >= timedelta(days=3)
    values = [event["value_ms"] for seed in range(1, 6) for event in of("bad_device", "hrv", seed)]
    assert max(values) > 2 * median(values)


@pytest.mark.parametrize("kind, day", [("sleep", "end"), ("checkin", "checked_at")])
def test_missing_data_is_missing_for_weeks(kind: str, day: str) -> None:
    for seed in (1, 2):
        found = [date.fromisoformat(event[day][:10]) for event in of("missing_data", kind, seed)]
        gaps = [later - earlier for earlier, later in pairwise(found)]
        assert max(gaps) > timedelta(days=10)
        assert len(found) > 40


def test_a_journey_is_declared_and_changes_the_zone_there_and_back() -> None:
    zones = [event["timezone"] for event in of("travel", "athlete")]
    assert len(zones) == 3
    assert zones[0] == zones[2] != zones[1]
    assert [event["what"] for event in of("travel", "declaration")].count("travel") == 1


@pytest.mark.parametrize("scenario, what", [("illness", "illness"), ("good_deload", "deload")])
def test_what_happens_is_declared_by_some(scenario: str, what: str) -> None:
    told = {any(event["what"] == what for event in of(scenario, "declaration", seed)) for seed in range(1, 9)}
    assert told == {True, False}


def test_nothing_is_written_over_and_nothing_is_made_for_a_wrong_call(tmp_path: Path) -> None:
    write(tmp_path, seed=1, count=1, weeks=WEEKS, scenario="healthy")
    before = (tmp_path / EVENTS).read_bytes()
    with pytest.raises(RefusedError):
        write(tmp_path, seed=2, count=1, weeks=WEEKS, scenario="healthy")
    assert (tmp_path / EVENTS).read_bytes() == before
    wrong: list[Callable[[], object]] = [
        lambda: write(tmp_path / "no", seed=1, count=0, weeks=WEEKS),
        lambda: write(tmp_path / "no", seed=-1, count=1, weeks=WEEKS),
        lambda: write(tmp_path / "no", seed=1, count=1, weeks=3),
        lambda: write(tmp_path / "no", seed=1, count=1, weeks=WEEKS, scenario="none"),
    ]
    for call in wrong:
        with pytest.raises(UsageError):
            call()
    assert not (tmp_path / "no").exists()


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made"
    call = ["generate", "--seed", "3", "--athletes", "3", "--weeks", "20", "--out", str(out)]
    assert run([*call, "--scenario", "good_deload", "--end", "2025-11-30", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    lines = (out / EVENTS).read_text().splitlines()
    assert told["events"] == len(lines) == sum(told["kinds"].values())
    assert (told["athletes"], told["overreached"], told["scenarios"]) == (3, 0, {"good_deload": 3})
    labels = [json.loads(text) for text in (out / LABELS).read_text().splitlines()]
    assert [label["last_day"] for label in labels] == ["2025-11-30"] * 3
    assert run(call) == 1
    assert "exists already" in capfd.readouterr().err
    assert run([*call[:-1], str(tmp_path / "b"), "--scenario", "sloth"]) == 2
    assert "good_deload" in capfd.readouterr().err
    assert run([*call[:-1], str(tmp_path / "b"), "--end", "yesterday"]) == 2
    assert "2026-06-28" in capfd.readouterr().err
    assert not (tmp_path / "b").exists()
    assert run([*call[:-1], str(tmp_path / "b"), "--scenario", "straight_liner"]) == 0
    assert "spotter ingest" in capfd.readouterr().out


def test_the_page_has_every_field_and_every_scenario() -> None:
    told = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([a-z_]+)`", told, re.MULTILINE))
    assert {field.name for field in fields(Label)} <= named
    for story in STORIES:
        row = next(text for text in told.splitlines() if text.startswith(f"| `{story.name}` |"))
        assert f"| {story.share:.0%}".replace("%", " %") in row
