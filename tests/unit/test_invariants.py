"""Invariants I2 to I7 of design.md, on random histories; I4 also says what the oracle says."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sim.driver import NOW, POINTS, Driver, SimulatedCrash
from tests.sim.generator import Upload, history
from tests.sim.views import Rows, differences

SEEDS = st.integers(0, 10**6)
FEW = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
KNOWN_EFFORT_RULES = {"R01", "R02", "R03", "R04", "R05", "R08", "R10"}


def fold(uploads: list[Upload], batch_records: int | None = None) -> tuple[dict[str, Rows], list[str]]:
    """The views after all uploads were appended and then applied in batches; and the oracle's objections."""
    with Driver(batch_records=batch_records) as driver:
        for upload in uploads:
            driver.send(upload)
        driver.apply()
        return driver.views(), driver.problems(replay=False)


@FEW
@given(SEEDS)
def test_invariant_I2_every_item_is_accounted_for(seed):
    with Driver() as driver:
        for upload in history(seed):
            driver.send(upload)
        driver.apply()
        (ledger,) = driver.query("select * from ledger")
        assert ledger["items"] == sum(ledger[n] for n in ("current", "gone", "superseded", "ignored", "rejected"))
        assert ledger["items"] == driver.world().documents.account["items"]


@pytest.mark.parametrize("point", POINTS)
def test_invariant_I3_the_ledger_moves_with_the_data_or_not_at_all(point):
    uploads = history(11, operations=12)
    with Driver() as driver:
        for upload in uploads[:-6]:
            driver.send(upload)
        driver.apply()
        before, ledger_before = driver.views(), driver.query("select next_offset, items from ledger")
        for upload in uploads[-6:]:
            driver.send(upload)
        driver.faults.armed = point
        with pytest.raises(SimulatedCrash):
            driver.service.apply_all()
        driver.come_back()
        (ledger,) = driver.query("select next_offset, items from ledger")
        if point == "after:6":
            assert ledger["next_offset"] == len({item.offset for item in driver.items})
        else:
            assert [ledger] == ledger_before
            assert differences(before, driver.views()) == []
        driver.apply()
        assert driver.problems() == []


@settings(FEW, max_examples=2)
@given(SEEDS)
def test_invariant_I4_batch_cuts_and_an_independent_computation_agree(seed):
    uploads = history(seed, operations=24)
    whole, objections = fold(uploads)
    assert objections == []
    for cut in (1, 7, 1000):
        views, _ = fold(uploads, cut)
        assert differences(whole, views) == [], f"batches of {cut} records"


@settings(FEW, max_examples=3)
@given(SEEDS)
def test_invariant_I4_incremental_is_rebuild(seed):
    rng = random.Random(seed)
    with Driver() as driver:
        for upload in history(seed):
            driver.send(upload)
            if rng.random() < 0.1:
                driver.apply()
                assert driver.problems() == []
        driver.apply()
        assert driver.problems() == []
        assert driver.service.check() == []


@FEW
@given(SEEDS)
def test_invariant_I5_order_duplicates_cuts_and_restarts_change_nothing(seed):
    uploads = [Upload(u.tenant, NOW, u.events, u.admin) for u in history(seed, stated=True)]
    once, objections = fold(uploads)
    assert objections == []
    rng = random.Random(seed)
    events = [(event, u.admin) for u in uploads for event in u.events for _ in range(rng.choice((1, 1, 2, 3)))]
    rng.shuffle(events)
    with Driver() as driver:
        while events:
            part = [events.pop() for _ in range(min(len(events), rng.randint(1, 40)))]
            driver.send(Upload(uploads[0].tenant, NOW, [event for event, _ in part], admin=True))
            if rng.random() < 0.3:
                driver.apply()
            if rng.random() < 0.1:
                driver.restart()
        driver.apply()
        assert differences(once, driver.views()) == []


@settings(FEW, max_examples=3)
@given(SEEDS)
def test_invariant_I6_a_wrong_clock_changes_no_other_athlete(seed):
    rng = random.Random(seed)
    with Driver() as driver:
        for upload in history(seed, operations=12):
            driver.send(upload)
        driver.apply()
        before = others(driver.views())
        events = []
        for n in range(12):
            at = NOW + timedelta(seconds=rng.choice((-1, 1)) * rng.randint(0, 10 ** rng.randint(3, 9)))
            events.append({
                "kind": "set", "athlete": "wrong", "source": "watch", "document": f"x{n}", "reps": 5,
                "performed_at": at.isoformat(), "exercise": "Squat (Barbell)", "set_index": n, "set_type": "working",
            })  # fmt: skip
        driver.ingest(events)
        assert differences(before, others(driver.views())) == []
        assert driver.problems(replay=False) == []


def others(views: dict[str, Rows]) -> dict[str, Rows]:
    return {name: [row for row in rows if row.get("athlete_id") != "wrong"] for name, rows in views.items()}


@FEW
@given(SEEDS)
def test_invariant_I7_an_estimate_or_an_unknown_never_makes_a_failure_set(seed):
    def without_effort(fields):
        kept = {k: v for k, v in fields.items() if k not in ("effort", "outcome")}
        if "sets" in kept:
            kept["sets"] = [without_effort(entry) for entry in kept["sets"]]
        return kept

    rng = random.Random(seed)
    with Driver() as driver:
        for upload in history(seed):
            told = [{**e, **({"outcome": "completed"} if rng.random() < 0.3 and e["kind"] == "set" else {})}
                    for e in map(without_effort, upload.events)]  # fmt: skip
            driver.send(Upload(upload.tenant, upload.received_at, told, upload.admin))
        driver.apply()
        assert driver.query("select * from set_fact where is_failure or is_failure_explicit or rir is not null") == []
        assert driver.query("select * from set_fact where rir_effective < 0.5") == []
        assert driver.query("select * from athlete_day where failure_sets > 0 or failure_load > 0") == []
        spoken = {row["rule"] for row in driver.query("select rule from alert")}
        assert spoken & KNOWN_EFFORT_RULES == set()
