"""M19 per day and session, end to end, against hand-made expectations; never in failure load or an alert."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from recovery_events import ZONE, day, reading, resting

from tests.sim.driver import Driver

DAY = 40


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


def profile(**fields: Any) -> dict[str, Any]:
    return reading("athlete", "profile", "coach", timezone=ZONE, **fields)


def block(start: str, minutes: dict[float, float], *, source: str = "band", name: str = "", n: int = DAY,
          step_s: int = 60) -> dict[str, Any]:  # fmt: skip
    """A sample every ``step_s`` seconds: ``minutes`` of each rate one after the other, and a last one to end them."""
    rates = [bpm for bpm, length in minutes.items() for _ in range(round(length * 60 / step_s))]
    rates.append(rates[-1])
    return reading(
        "heart_rate", f"hr-{start}{name}", source, start=f"{day(n)}T{start}:00", timezone=ZONE,
        offset_s=[index * step_s for index in range(len(rates))], bpm=rates,
    )  # fmt: skip


def workout(start: str, minutes: int, name: str = "w1", source: str = "gymlog", n: int = DAY) -> dict[str, Any]:
    """Two sets, so many minutes apart."""
    first = datetime.fromisoformat(f"{day(n)}T{start}:00")
    sets = [
        {"exercise": "Squat (Barbell)", "set_type": "working", "reps": 5, "weight": {"value": 100, "unit": "kg"},
         "performed_at": (first + timedelta(minutes=late)).isoformat()}
        for late in (0, minutes)
    ]  # fmt: skip
    return reading(
        "session", name, source, session=name, start=first.isoformat(), end=(first + timedelta(hours=3)).isoformat(),
        timezone=ZONE, sets=sets,
    )  # fmt: skip


def rested(bpm: float = 55, days: int = 14) -> list[dict[str, Any]]:
    """Resting heart rates of days that end a week before."""
    return [resting(n, bpm) for n in range(DAY - 7 - days, DAY - 7)]


def loads(driver: Driver, where: str = "session_id is null") -> list[dict[str, Any]]:
    return driver.query(f"select * from heart_rate_load where {where} order by source, local_day, session_id")


def shown(driver: Driver, metric: str) -> list[tuple[str, float | None, str]]:
    rows = driver.query(
        f"select scope, value, status from indicator where metric_id = 'M19' and metric = '{metric}' order by all"
    )
    return [(row["scope"], row["value"], row["status"]) for row in rows]


def test_gv_16_an_hour_at_155_and_edwards_minutes(driver: Driver) -> None:
    driver.ingest([profile(sex="male", hr_max_bpm=190), *rested(), block("10:00", {155: 60}, step_s=30)])
    (row,) = loads(driver)
    assert (row["trimp_status"], row["edwards_status"], row["heart_rate_coverage"]) == ("OK", "OK", 1)
    assert row["trimp_au"] == pytest.approx(117.9399, abs=5e-5)
    assert (row["zone_4_min"], row["edwards_au"], row["n_obs"], row["is_chosen"]) == (60, 240, 121, True)
    driver.ingest([profile(sex="female", hr_max_bpm=190)])
    assert loads(driver)[0]["trimp_au"] == pytest.approx(131.6905, abs=5e-5)
    driver.ingest([profile(sex="other", hr_max_bpm=200)])
    assert [shown(driver, name) for name in ("trimp_au", "edwards_load_au")] == [
        [("body", None, "NOT_APPLICABLE")], [("body", 180, "OK")],
    ]  # fmt: skip
    zones = {100: 10, 120: 20, 140: 20, 160: 8, 180: 2, 99: 30}  # of 200, each on the border of its zone but the last
    driver.ingest([block("10:00", zones)])
    assert shown(driver, "edwards_load_au") == [("body", 152, "OK")]
    assert [shown(driver, f"heart_rate_zone_{zone}_min")[0][1] for zone in range(1, 6)] == [10, 20, 20, 8, 2]


def test_without_a_stated_maximum_the_age_estimates_it(driver: Driver) -> None:
    driver.ingest([profile(sex="male", birth_year=1986), *rested(), block("10:00", {144: 10})])  # 40 years: 180 bpm
    (row,) = loads(driver)
    assert (row["hr_max_bpm"], row["hr_max_is_estimated"], row["zone_4_min"]) == (180, True, 10)
    assert {row["trimp_status"], row["edwards_status"]} == {"DEGRADED"}
    driver.ingest([profile(sex="male")])
    (row,) = loads(driver)
    assert (row["hr_max_bpm"], row["hr_max_is_estimated"], row["edwards_au"]) == (None, None, None)
    assert {row["trimp_status"], row["edwards_status"]} == {"UNDEFINED"}


def test_trimp_stands_on_fourteen_days_of_resting_heart_rate_below_the_maximum(driver: Driver) -> None:
    driver.ingest([profile(sex="male", hr_max_bpm=190), *rested(days=13), block("10:00", {155: 60})])
    assert shown(driver, "trimp_au") == [("body", None, "UNDEFINED")]
    assert shown(driver, "edwards_load_au") == [("body", 240, "OK")]
    driver.ingest([resting(DAY - 21, 55)])  # the fourteenth, after the samples
    assert shown(driver, "trimp_au") == [("body", pytest.approx(117.9399, abs=5e-5), "OK")]
    driver.ingest([profile(sex="male", hr_max_bpm=130), *(resting(n, 119) for n in range(DAY - 21, DAY - 7))])
    assert loads(driver)[0]["trimp_status"] == "OK"  # 119 is still below 130, and 155 is taken for the whole reserve
    assert loads(driver)[0]["trimp_au"] == pytest.approx(60 * 0.64 * math.exp(1.92))


def test_a_gap_of_more_than_a_minute_counts_for_nothing_and_lowers_the_coverage(driver: Driver) -> None:
    offsets = [0, 60, 120, 181, 241]  # the third is followed by 61 seconds
    driver.ingest([profile(hr_max_bpm=200), block("10:00", {150: 4}) | {"offset_s": offsets}])
    assert shown(driver, "heart_rate_coverage") == [("body", pytest.approx(180 / 241), "DEGRADED")]
    assert shown(driver, "heart_rate_zone_3_min") == [("body", 3, "DEGRADED")]
    driver.ingest([block("10:00", {150: 4}) | {"offset_s": [7], "bpm": [150]}])
    assert shown(driver, "edwards_load_au") == [("body", None, "UNDEFINED")]  # one sample has no time


def test_blocks_of_a_day_are_one_stream_whatever_their_cut_and_order(driver: Driver) -> None:
    whole = block("10:00", {150: 10, 170: 10})
    halves = [block("10:00", {150: 10}, name="a"), block("10:10", {170: 10}, name="b")]
    again = [block("10:05", {150: 3}, name="again"), whole | {"document": "twice"}]
    driver.ingest([profile(hr_max_bpm=200), whole])
    wanted = loads(driver)
    driver.ingest([reading("delete", whole["document"])])
    assert loads(driver) == shown(driver, "edwards_load_au") == []
    for one in (*reversed(halves), *again):
        driver.ingest([one])
    (found,) = loads(driver)
    assert [found[f"zone_{zone}_min"] for zone in range(1, 6)] == [0, 0, 10, 10, 0]
    assert found["edwards_au"] == wanted[0]["edwards_au"] == 70


def test_a_session_has_the_samples_between_its_first_and_its_last_set(driver: Driver) -> None:
    driver.ingest([profile(hr_max_bpm=200), block("09:50", {150: 20, 170: 20}), workout("10:00", 20)])
    (row,) = loads(driver, "session_id = 'w1'")
    assert [row[f"zone_{zone}_min"] for zone in range(1, 6)] == [0, 0, 10, 10, 0]
    assert (row["heart_rate_coverage"], row["session_source"], row["n_obs"]) == (1, "gymlog", 21)
    assert shown(driver, "heart_rate_zone_4_min") == [("body", 20, "OK"), ("session:w1", 10, "OK")]
    driver.ingest([workout("10:00", 100)])  # it went on without the strap
    assert loads(driver, "session_id = 'w1'")[0]["edwards_status"] == "DEGRADED"
    assert shown(driver, "heart_rate_coverage")[1] == ("session:w1", pytest.approx(0.3), "DEGRADED")
    driver.ingest([workout("18:00", 20)])
    assert loads(driver, "session_id = 'w1'") == []
    assert [scope for scope, _, _ in shown(driver, "trimp_au")] == ["body"]


def test_a_session_in_a_hole_of_a_block_has_no_heart_rate(driver: Driver) -> None:
    holed = block("10:00", {150: 1}) | {"offset_s": [0, 3600]}
    driver.ingest([profile(hr_max_bpm=200), holed, workout("10:10", 20)])
    assert loads(driver, "session_id is not null") == []
    assert shown(driver, "heart_rate_coverage") == [("body", 0, "DEGRADED")]


def test_a_session_after_midnight_has_the_samples_of_the_day_before(driver: Driver) -> None:
    driver.ingest([profile(hr_max_bpm=200), workout("00:10", 20, n=DAY + 1)])
    driver.ingest([block("23:50", {150: 60})])
    assert [(row["local_day"], row["zone_3_min"]) for row in loads(driver, "session_id = 'w1'")] == [(day(DAY + 1), 20)]
    assert [(row["local_day"], row["zone_3_min"]) for row in loads(driver)] == [(day(DAY), 60)]


def test_the_listed_source_is_shown_else_the_one_that_tells_most(driver: Driver) -> None:
    driver.ingest([profile(hr_max_bpm=200), block("10:00", {150: 10}), block("10:00", {150: 20}, source="watch")])
    assert [(row["source"], row["is_chosen"]) for row in loads(driver)] == [("band", False), ("watch", True)]
    assert shown(driver, "heart_rate_zone_3_min") == [("body", 20, "OK")]
    driver.ingest([profile(hr_max_bpm=200, source_priority={"heart_rate": ["band"]})])
    assert shown(driver, "heart_rate_zone_3_min") == [("body", 10, "OK")]


def test_samples_wait_for_a_zone_and_move_with_it(driver: Driver) -> None:
    late = block("23:30", {150: 10})
    del late["timezone"]
    driver.ingest([late | {"start": f"{day(DAY)}T23:30:00Z"}])
    assert loads(driver) == []
    driver.ingest([profile(hr_max_bpm=200)])  # an hour ahead in summer
    assert [row["local_day"] for row in loads(driver)] == [day(DAY + 1)]
    driver.ingest([profile(hr_max_bpm=200) | {"timezone": "Atlantic/Azores"}])
    assert [row["local_day"] for row in loads(driver)] == [day(DAY)]


def test_heart_rate_is_no_part_of_failure_load_and_no_alert(driver: Driver) -> None:
    driver.ingest([workout("10:00", 20)])
    before = driver.query("select * exclude (revision, state) from athlete_day")
    driver.ingest(
        [profile(sex="male", hr_max_bpm=160), *(block("10:00", {159: 300}, n=n) for n in range(DAY - 14, DAY + 1))]
    )
    after = driver.query(f"select * exclude (revision, state) from athlete_day where local_day = date '{day(DAY)}'")
    assert [{k: v for k, v in row.items() if v != w[k]} for row, w in zip(after, before, strict=True)] == [{}]
    assert driver.query("select * from alert where rule not in ('R21')") == []


def test_what_came_piece_by_piece_is_what_a_rebuild_finds(driver: Driver) -> None:
    for one in (workout("10:00", 20), block("09:50", {150.5: 20, 170: 20}), profile(sex="female", hr_max_bpm=188),
                *rested(), block("10:30", {140: 5}, source="watch"), workout("10:05", 30)):  # fmt: skip
        driver.ingest([one])
    assert driver.service.check() == []
