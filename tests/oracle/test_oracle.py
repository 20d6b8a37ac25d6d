"""The oracle against the numbers printed in the specification, before it judges anything else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from tests.oracle.days import Stimulus, freshness
from tests.oracle.documents import Item, fold
from tests.oracle.effort import epley_kg, phi_e8, read_effort
from tests.oracle.estimates import fit
from tests.oracle.samples import find, sample_sets
from tests.oracle.world import compute

RECEIVED = datetime(2026, 11, 20, 22, tzinfo=UTC)


def items(events, first_offset=0):
    return [Item("home", first_offset + n, 0, RECEIVED, event) for n, event in enumerate(events)]


def a_set(document="d", **fields):
    return {
        "kind": "set", "athlete": "ana", "source": "gymlog", "document": document, "session": "s",
        "performed_at": "2026-11-20T18:00:00+01:00", "exercise": "Bench Press (Barbell)", "set_index": 1,
        "set_type": "working", "weight": {"value": 80, "unit": "kg"}, "reps": 8, **fields,
    }  # fmt: skip


def only_row(*events):
    (truth,) = compute(items(events), find).people.values()
    return truth.rows[-1]


def test_gv_01_scales():
    assert read_effort({"scale": "rpe", "value": 8.5}, None).rir == Fraction(3, 2)
    low = read_effort({"scale": "rpe", "value": 4}, None)
    assert (low.rir, low.censored) == (5, True)


def test_gv_02_proximity():
    table = {0: 100000000, 0.5: 56270487, 1: 31663677, 2: 10025884, 3: 3174564, 5: 318278}
    assert {rir: phi_e8(rir) for rir in table} == table


def test_gv_04_estimates_from_load_and_reps():
    past = [
        a_set(f"p{n}", session=f"p{n}", weight={"value": 90, "unit": "kg"}, reps=8,
              performed_at=f"2026-11-{10 + n}T18:00:00+01:00", effort={"scale": "rir", "value": 2})
        for n in range(3)
    ]  # fmt: skip
    for weight, expected, exceeds in ((90, 2.0, False), (100, 0.5, True), (70, None, False)):
        row = only_row(*past, a_set("now", session="now", weight={"value": weight, "unit": "kg"}))
        assert (row.estimate, row.exceeds_reference) == (expected, exceeds)


def test_gv_05_to_07_epley():
    assert float(epley_kg(100_000_000, Fraction(7))) == pytest.approx(123.3333, abs=5e-5)
    assert epley_kg(80_000_000, Fraction(9)) == 104
    assert epley_kg(140_000_000, Fraction(1)) == 140
    row = only_row(
        a_set(weight={"value": 60, "unit": "kg"}, reps=12, effort={"scale": "rir", "value": 0.5}, set_index=1)
    )
    assert not row.e1rm_ok
    assert row.e1rm_kg is not None


def test_gv_09_sample_plan():
    world = compute(items(sample_sets()), find)
    truth = world.people["home", "ana"]
    day = truth.days.days[date(2026, 11, 20)]
    assert (day.sets, day.failure_sets, day.volume_load_mg) == (21, 4, 15_742_000_000)
    assert day.weighted_volume == 24.0
    assert day.failure_load_fes == pytest.approx(7.1953, abs=5e-5)
    assert day.fatigue_weighted_volume == pytest.approx(12.2367, abs=5e-5)
    loads = [truth.exercise_sessions["gymlog", "plan", key].failure_load_fes
             for key in ("bench_press", "flyes", "pulldown", "curl", "leg_press", "leg_extension")]  # fmt: skip
    assert loads == pytest.approx([1.0422, 1.4169, 0.5013, 2.3166, 0.5013, 1.4169], abs=5e-5)


def test_gv_10_muscles():
    truth = compute(items(sample_sets()), find).people["home", "ana"]
    found = {muscle: sums for (_, muscle), sums in truth.days.muscles.items()}
    assert {muscle: sums.hard_known_half / 2 for muscle, sums in found.items()} == {
        "chest": 7, "shoulders": 4, "triceps": 2, "lats": 4, "biceps": 5, "middle back": 2, "forearms": 1.5,
        "quadriceps": 7, "calves": 2, "glutes": 2, "hamstrings": 2,
    }  # fmt: skip
    for muscle, load in {"chest": 2.2507, "biceps": 2.5172, "quadriceps": 1.8179, "forearms": 1.1583}.items():
        assert found[muscle].failure_load_fes == pytest.approx(load, abs=5e-5)


@pytest.mark.parametrize(("hours", "rest_h", "expected"), [(30, 48, 0.625), (30, 72, 0.416667), (50, 72, 0.694444)])
def test_gv_26_freshness(hours, rest_h, expected):
    stimulus = Stimulus(RECEIVED.date(), RECEIVED, None, timedelta(0), rest_h)
    assert freshness(stimulus, timedelta(hours=hours)) == pytest.approx(expected, abs=5e-7)


def test_gv_29_velocity():
    pairs = [(0, 0.20), (1, 0.25), (2, 0.31), (3, 0.35), (4, 0.41), (5, 0.44),
             (0, 0.19), (1, 0.26), (2, 0.30), (3, 0.37)]  # fmt: skip
    intercept, slope, r2 = fit([(v, rir) for rir, v in pairs])
    assert (intercept, slope) == pytest.approx((-3.9021, 19.4873), abs=5e-5)
    assert r2 == pytest.approx(0.9877, abs=5e-5)
    assert intercept + slope * 0.33 == pytest.approx(2.529, abs=5e-4)


def test_greatest_version_wins_in_any_order():
    events = [a_set(reps=n, revision=n) for n in (3, 1, 2)]
    state = fold(items(events)).state
    assert [d.event["reps"] for d in state.values()] == [3]


def test_a_document_with_revisions_yields_to_a_bare_delete_but_not_to_a_bare_insert():
    stated, bare, delete = a_set(reps=5, revision=7), a_set(reps=9), {"kind": "delete", "athlete": "ana",
                                                                      "source": "gymlog", "document": "d"}  # fmt: skip
    assert [d.event["reps"] for d in fold(items([stated, bare])).living] == [5]
    assert fold(items([stated, delete])).living == []
    assert [d.event["reps"] for d in fold(items([stated, delete, a_set(reps=6, revision=8)])).living] == [6]
    assert [d.event["reps"] for d in fold(items([delete, bare])).living] == [9]


def test_a_delete_with_a_revision_outlives_an_older_insert():
    delete = {"kind": "delete", "athlete": "ana", "source": "gymlog", "document": "d", "revision": 4}
    assert fold(items([delete, a_set(revision=3)])).living == []


def test_a_workout_with_sets_owns_its_session():
    workout = {"kind": "session", "athlete": "ana", "source": "gymlog", "document": "w", "session": "s",
               "start": "2026-11-20T18:00:00+01:00",
               "sets": [{"exercise": "Squat (Barbell)", "set_type": "working", "reps": 5}]}  # fmt: skip
    truth = compute(items([a_set(), workout]), find).people["home", "ana"]
    assert {row.document_id: row.superseded_by for row in truth.rows} == {"d": "w", "w#1": None}
    assert truth.days.days[date(2026, 11, 20)].sets == 1


def test_unnamed_sets_part_at_gaps_of_more_than_three_hours():
    times = ("18:00:00", "21:00:00")
    later = a_set("e", session=None, performed_at="2026-11-21T00:00:01+01:00")
    events = [a_set(t, session=None, performed_at=f"2026-11-20T{t}+01:00") for t in times]
    truth = compute(items([{k: v for k, v in e.items() if v is not None} for e in [*events, later]]), find).people[
        "home", "ana"
    ]
    assert sorted((row.document_id, row.session_id) for row in truth.rows) == [
        ("18:00:00", "auto:2026-11-20T17:00:00Z"),
        ("21:00:00", "auto:2026-11-20T17:00:00Z"),
        ("e", "auto:2026-11-20T23:00:01Z"),
    ]


def test_left_and_right_are_one_set_with_the_lower_reserve():
    rows = [a_set("l", side="left", effort={"scale": "rir", "value": 2}),
            a_set("r", side="right", effort={"scale": "rir", "value": 1})]  # fmt: skip
    day = compute(items(rows), find).people["home", "ana"].days.days[date(2026, 11, 20)]
    assert (day.sets, day.failure_load) == (1, 1250 * 2 * phi_e8(1))
    assert day.volume_load_mg == 2 * 640_000_000


def test_items_are_accounted_for():
    delete = {"kind": "delete", "athlete": "ana", "source": "gymlog", "document": "d"}
    account = fold(items([a_set(), a_set(reps=9), delete, a_set("e"), a_set("f", reps=-1)])).account
    assert account == {"items": 5, "superseded": 2, "gone": 1, "current": 1, "rejected": 1}


def test_no_effort_no_failure_load():
    day = compute(items([a_set(), a_set("e", set_index=2)]), find).people["home", "ana"].days.days[date(2026, 11, 20)]
    assert (day.failure_load, day.unknown_effort_share, day.hard_sets_assumed) == (0, 1.0, 2)
