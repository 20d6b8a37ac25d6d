"""Five hundred histories with crashes at every step: incremental = replay = oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from schemas.events import EVENT, MODELS
from tests.oracle.beats import measured
from tests.sim.driver import POINTS, Driver, SimulatedCrash
from tests.sim.generator import history
from tests.sim.simulator import merged, runs
from tests.sim.soak import portions, soak

HISTORIES, SEED = 500, 1
HITS_MIN = 50  # per crash point


def test_histories_with_crashes_agree_with_a_replay_and_with_the_oracle():
    outcome = soak(HISTORIES, SEED, processes=2)
    print({point: outcome.hits[point] for point in POINTS})
    assert outcome.failures == []
    assert outcome.histories == HISTORIES
    assert {point: outcome.hits[point] for point in POINTS if outcome.hits[point] < HITS_MIN} == {}


def told() -> Iterator[dict[str, Any]]:
    """Every event of the histories above that the schemas take."""
    for count, seed in portions(HISTORIES, SEED):
        for run, together in runs(count, seed):
            for upload in merged(run, together):
                for event in upload.events:
                    if _is_taken(event):
                        yield event


def _is_taken(event: dict[str, Any]) -> bool:
    try:
        EVENT.validate_python(event)
    except ValidationError:
        return False
    return True


def test_the_histories_send_every_kind_of_the_schemas_and_series_of_every_quality():
    kinds: Counter[str] = Counter()
    series: Counter[tuple[str, str]] = Counter()
    for event in told():
        kinds[event["kind"]] += 1
        if event["kind"] == "rr_intervals":
            series[event["context"], measured(event["rr_ms"]).status] += 1
    assert {kind for kind in MODELS if kinds[kind] < HISTORIES // 5} == set(), kinds
    qualities = {
        (c, s) for c in ("overnight", "morning", "exercise", "spot") for s in ("OK", "DEGRADED", "INSUFFICIENT")
    }
    assert qualities - series.keys() == set(), series


def test_a_seed_tells_its_history():
    one, again = history(5), history(5)
    assert one == again
    assert len({event["athlete"] for upload in one for event in upload.events if "athlete" in event}) >= 3
    assert len(one) >= 40


def test_histories_tell_of_every_reading_and_some_of_enough_days_for_a_baseline():
    names = ("sleep", "hrv", "rr_intervals", "resting_heart_rate", "checkin")
    found: dict[tuple[str, str], set[str]] = {}
    for seed in range(60):
        for upload in history(seed):
            for event in upload.events:
                if event["kind"] in names:
                    found.setdefault((event["kind"], f"{seed} {event['athlete']}"), set()).add(event["document"])
    most = {kind: max(len(documents) for (of, _), documents in found.items() if of == kind) for kind, _ in found}
    assert set(most) == set(names)
    assert min(most.values()) >= 28, most


def test_a_record_on_which_the_process_dies_three_times_is_put_aside_and_the_rest_goes_on():
    uploads = history(3, operations=10)
    with Driver() as driver:
        driver.send(uploads[0])
        deaths = 0
        while deaths < 10:
            driver.faults.armed = "inside:3"
            try:
                driver.service.apply_all()
                break
            except SimulatedCrash:
                deaths += 1
                driver.come_back()
        driver.faults.armed = None
        assert 3 <= deaths <= 6, "three deaths of the batch, and at most three of the record alone"
        assert {row["reason"] for row in driver.query("select reason from rejected")} == {"worker_crash"}
        for upload in uploads[1:]:
            driver.send(upload)
        driver.apply()
        (ledger,) = driver.query("select * from ledger")
        assert ledger["next_offset"] == driver.service.log.end_offset(0)
        assert driver.query("select count(*) as n from set_fact")[0]["n"] > 0
