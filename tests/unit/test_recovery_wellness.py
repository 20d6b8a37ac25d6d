"""M30 and M33: golden vectors, minimum data, and contributions that add up exactly."""

from __future__ import annotations

import math
import random
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import readiness, wellness

NAN = math.nan
GV_27 = [-1.2, -0.6, 0.1, -0.9, -0.5]

# --- M30 --------------------------------------------------------------------------------------------------------------


def test_gv_25():
    assert wellness.total([3, 5, 4, 5], "hooper") == 17
    assert wellness.normalise([3, 5, 4, 5], "hooper").mean() == pytest.approx(0.458333, abs=5e-7)
    assert wellness.total([2, 3, 2, 3, 2], "mclean") == 12
    assert wellness.normalise([2, 3, 2, 3, 2], "mclean").mean() == pytest.approx(0.35)


@pytest.mark.parametrize(
    ("instrument", "best", "worst"),
    [
        ("hooper", [1] * 4, [7] * 4),
        ("mclean", [5] * 5, [1] * 5),
        ("plain", [10, 0, 0, 0, 10], [0, 10, 10, 10, 0]),
    ],
)
def test_every_item_goes_from_worst_to_best(instrument, best, worst):
    assert wellness.normalise([best, worst], instrument).tolist() == [[1.0] * len(best), [0.0] * len(best)]


def test_off_the_scale_and_missing_items():
    found = wellness.normalise([[0, 8, NAN, 4]], "hooper")[0]
    assert found.tolist() == pytest.approx([NAN, NAN, NAN, 0.5], nan_ok=True)
    assert np.isnan(wellness.total([[0, 5, 4, 5], [3, NAN, 4, 5]], "hooper")).all()


def test_unknown_questionnaires_and_other_numbers_of_items_are_refused():
    with pytest.raises(ValueError, match="known are hooper"):
        wellness.total([1, 2, 3], "borg")
    with pytest.raises(ValueError, match="4 items"):
        wellness.total([1, 2, 3, 4, 5], "hooper")
    with pytest.raises(ValueError, match="items, 7"):
        wellness.item_deviation([[[0.5] * 6]], [[[0.5] * 28]], "hooper")


def window(values: list[float], length: int) -> list[float]:
    return [NAN] * (length - len(values)) + values


def deviation(recent: list[float], earlier: list[float], instrument: str = "mclean") -> wellness.ItemDeviation:
    return wellness.item_deviation([[window(recent, 7)]], [[window(earlier, 28)]], instrument)


def test_item_z_by_hand():
    # median 0.5, eight of twelve values 0.25 away: MAD 0.25
    earlier = [0.5] * 4 + [0.25] * 4 + [0.75] * 4
    assert deviation([0.25, 0.5, 0.0], earlier).z[0, 0] == pytest.approx((0.25 - 0.5) / (1.4826 * 0.25))


def test_a_baseline_that_never_moves_is_taken_in_steps_of_the_scale():
    assert deviation([0.25] * 3, [0.5] * 10).z[0, 0] == pytest.approx(-1.0), "one point below is one"
    assert deviation([0.5 - 1 / 6] * 3, [0.5] * 10, "hooper").z[0, 0] == pytest.approx(-1.0)
    # a spread of quartiles below half a step is held at half a step
    fine = [0.50, 0.51, 0.52, 0.53] * 3
    assert deviation([0.39] * 3, fine).z[0, 0] == pytest.approx((0.39 - 0.515) / 0.125)


def test_minimum_of_items_and_days():
    assert deviation([0.5, 0.5], [0.5] * 10).status.tolist() == [["INSUFFICIENT"]]
    assert deviation([0.5] * 3, [0.5] * 9).status.tolist() == [["INSUFFICIENT"]]
    assert deviation([0.5] * 3, [0.5] * 10).status.tolist() == [["OK"]]
    found = wellness.subjective([[-1, -2, NAN, NAN], [-1, -2, -3, NAN]])
    assert found.status.tolist() == ["INSUFFICIENT", "OK"]
    assert found.z.tolist() == pytest.approx([NAN, -2], nan_ok=True)


def test_straight_lines():
    same = [[4.0] * 14] * 4
    moved = [[4.0] * 14] * 3 + [[4.0] * 13 + [5.0]]
    short = [[4.0] * 13 + [NAN]] * 4
    one_item = [[4.0] * 14] * 3 + [[NAN] * 14]
    found = wellness.straight_line([same, moved, short, one_item])
    assert found.tolist() == [True, False, False, True]
    assert wellness.subjective([[0.0] * 4] * 4, found).status.tolist() == ["DEGRADED", "OK", "OK", "DEGRADED"]


# --- M33 --------------------------------------------------------------------------------------------------------------


def test_gv_27():
    found = readiness.readiness([GV_27])
    assert found.score[0] == pytest.approx([26, 38, 52, 32, 40])
    assert found.readiness == pytest.approx([35.6])
    assert found.contribution[0] == pytest.approx([-9.6, -2.4, 0.4, -1.8, -1.0])
    assert (found.coverage[0], found.n_components[0], found.status[0]) == (1.0, 5, "OK")


def test_gv_27_without_heart_signals():
    found = readiness.readiness([[*GV_27[:3], NAN, NAN]])
    assert found.readiness == pytest.approx([35.5])
    assert found.coverage.tolist() == [0.8]
    assert found.contribution[0].tolist() == pytest.approx([-12.0, -3.0, 0.5, NAN, NAN], nan_ok=True)


def test_heart_signals_above_their_range_earn_half_a_deviation_at_most():
    found = readiness.readiness([[0, 0, 0, 3, 3], [3, 3, 3, 0, 0], [-9, -9, -9, -9, -9]])
    assert found.score.tolist() == [[50, 50, 50, 60, 60], [100, 100, 100, 50, 50], [0] * 5]


@pytest.mark.parametrize(
    ("z", "status"),
    [
        ([0, NAN, NAN, NAN, NAN], "INSUFFICIENT"),  # one component
        ([NAN, 0, NAN, 0, 0], "INSUFFICIENT"),  # neither subjective nor performance
        ([NAN, NAN, 0, 0, 0], "INSUFFICIENT"),  # weight 0.4
        ([0, NAN, NAN, 0, NAN], "OK"),  # weight 0.5
        ([NAN, 0, 0, 0, NAN], "OK"),
        ([NAN] * 5, "INSUFFICIENT"),
    ],
)
def test_minimum_components_and_coverage(z, status):
    found = readiness.readiness([z])
    assert found.status.tolist() == [status]
    assert np.isnan(found.readiness[0]) == (status != "OK")


COMPONENT = st.one_of(st.just(NAN), st.floats(-5, 5), st.integers(-3, 3).map(float))


@given(st.lists(st.lists(COMPONENT, min_size=5, max_size=5), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_fifty_and_the_contributions_are_the_readiness_exactly_in_any_order(rows):
    found = readiness.readiness(rows)
    for index, row in enumerate(rows):
        there = [one for one in found.contribution[index].tolist() if not math.isnan(one)]
        assert len(there) == sum(not math.isnan(one) for one in row)
        if found.status[index] != "OK":
            continue
        for order in permutations([50.0, *there]):
            total = 0.0
            for one in order:
                total += one
            assert total == found.readiness[index]
        weights = [w for w, one in zip(readiness.WEIGHTS, row, strict=True) if not math.isnan(one)]
        scores = [one for one in found.score[index].tolist() if not math.isnan(one)]
        plain = sum(w * s for w, s in zip(weights, scores, strict=True)) / sum(weights)
        assert found.readiness[index] == pytest.approx(plain, rel=1e-9, abs=1e-9)


def test_contributions_that_are_not_held_to_a_grain_would_be_caught():
    """Plain doubles add up differently in another order, so an exact sum must be made, not hoped for."""
    rng = random.Random(1)
    for _ in range(200):
        parts = [w / 0.9 * (rng.uniform(0, 100) - 50) for w in (0.4, 0.2, 0.2, 0.1)]
        if len({sum(order, 50.0) for order in permutations(parts)}) > 1:
            return
    pytest.fail("no order mattered")


def test_sleep_and_performance_components():
    found = readiness.sleep_z([390, 390, NAN, NAN], [420, 420, 420, NAN], [30, 5, 30, NAN], [7, NAN, 3.5, NAN])
    assert found.tolist() == pytest.approx([-1, -2, -0.5, NAN], nan_ok=True)
    assert readiness.performance_z([[-5, 2.5, NAN], [NAN] * 3]).tolist() == pytest.approx([-0.25, NAN], nan_ok=True)


def test_another_number_of_components_is_refused():
    with pytest.raises(ValueError, match="subjective, sleep, performance"):
        readiness.readiness([[0.0] * 4])
