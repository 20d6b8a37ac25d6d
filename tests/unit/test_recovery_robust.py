"""M26 and M27: the golden vector, both fallbacks of the spread, and plain medians of the standard library."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.models import robust

GV_21 = [52, 53, 51, 54, 52, 50, 53, 52, 71, 51, 53, 52, 54, 50]
GV_21_WEEK = [57, 58, 56, 59, 57]
NAN = math.nan


def days(values: Sequence[float], length: int) -> list[float]:
    return [NAN] * (length - len(values)) + list(values)


def deviation(week: Sequence[float], baseline: Sequence[float]) -> robust.Deviation:
    return robust.resting_heart_rate_deviation([days(week, 7)], [days(baseline, 28)])


def test_gv_21_baseline():
    found = robust.baseline([GV_21], 1.0)
    assert (found.median[0], found.mad[0], found.spread[0], found.n_obs[0]) == (52, 1, 1.4826, 14)
    assert robust.modified_z([GV_21], 1.0)[0, GV_21.index(71)] == pytest.approx(12.8155, abs=5e-7)
    assert [value for value, out in zip(GV_21, found.outlier[0], strict=True) if out] == [71]


def test_gv_21_deviation():
    found = deviation(GV_21_WEEK, GV_21)
    assert found.delta_bpm.tolist() == [5]
    assert found.z == pytest.approx([5 / 1.4826])
    assert found.elevated.tolist() == [True]
    assert (found.n_recent[0], found.n_baseline[0], found.status[0]) == (5, 14, "OK")
    naive = statistics.mean(GV_21), statistics.stdev(GV_21)
    assert naive == (pytest.approx(53.43, abs=5e-3), pytest.approx(5.21, abs=5e-3))
    assert statistics.median(GV_21_WEEK) < sum(naive), "a mean with the outlier in it would hide the rise"


def test_spread_falls_back_to_quartiles_and_then_to_the_resolution():
    # more than half equal: MAD 0; quartiles of 1..: 50, 50 and 52
    quartiles = [50, 50, 50, 50, 50, 50, 52, 52, 52]
    assert robust.mad([quartiles]).tolist() == [0]
    assert robust.spread([quartiles], 1.0) == pytest.approx([2 / 1.349])
    assert robust.spread([[50, 50, 50, 50, 58]], 1.0).tolist() == [1.0]
    assert robust.spread([[4.1] * 9], 0.02).tolist() == [0.02]
    assert np.isnan(robust.spread([[NAN, NAN]], 1.0)).all()


def test_outliers_of_a_baseline_that_hardly_moves_are_told_by_the_resolution():
    found = robust.baseline([[50, 50, 50, 50, 53, 54]], 1.0)
    assert found.outlier[0].tolist() == [False] * 6, "the quartiles 50 and 52.25 give a spread of 1.67"
    found = robust.baseline([[50, 50, 50, 50, 50, 50, 50, 53, 54]], 1.0)
    assert found.outlier[0].tolist() == [False] * 8 + [True]


def test_bounds_are_inside_and_what_is_missing_is_not_out_of_them():
    found = robust.out_of_bounds([24.9, 25, 120, 120.1, NAN], "resting_hr_bpm")
    assert found.tolist() == [True, False, False, True, False]
    assert robust.out_of_bounds([2.9, 3, 300, 301], "rmssd_ms").tolist() == [True, False, False, True]
    assert robust.out_of_bounds([-0.1, 0, 16, 16.1], "sleep_h").tolist() == [True, False, False, True]


def test_impossible_rates_count_as_absent():
    assert deviation(GV_21_WEEK, [*GV_21, 0, 250]).n_baseline.tolist() == [14]
    assert deviation([57, 0, 300, 58], GV_21).status.tolist() == ["INSUFFICIENT"]


@pytest.mark.parametrize(
    ("week", "baseline", "elevated"),
    [
        ([57] * 3, [48, 50, 52, 54, 56] * 3, True),  # +5 alone is enough, at 1.7 spreads
        ([56.9] * 3, [48, 50, 52, 54, 56] * 3, False),
        ([55] * 3, [51, 52, 53] * 5, True),  # +3 with two spreads
        ([55] * 3, [48, 50, 52, 54, 56] * 3, False),  # +3 with one
        ([54.9] * 3, [52] * 15, False),  # nearly three spreads, but below 3 bpm
    ],
)
def test_elevated(week, baseline, elevated):
    assert deviation(week, baseline).elevated.tolist() == [elevated]


def test_spread_below_one_beat_is_not_trusted():
    assert deviation([54] * 3, [52, 52.1, 51.9] * 5).z == pytest.approx([2.0])


def test_minimum_data_and_age():
    assert deviation([57, 57], GV_21).status.tolist() == ["INSUFFICIENT"]
    assert deviation([57] * 3, GV_21[:13]).status.tolist() == ["INSUFFICIENT"]
    assert not deviation([77, 77], GV_21).elevated.any()
    assert deviation([57, 57, 57, NAN, NAN, NAN], GV_21).status.tolist() == ["OK"]
    assert deviation([57, 57, 57, NAN, NAN, NAN, NAN], GV_21).status.tolist() == ["STALE"]


def test_shapes_and_resolutions_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="28 columns"):
        robust.resting_heart_rate_deviation([[50.0] * 7], [[50.0] * 27])
    with pytest.raises(ValueError, match="above 0"):
        robust.spread([[1, 2]], 0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        robust.quantile([[1, 2]], 1.5)


READINGS = st.lists(st.one_of(st.integers(30, 110), st.just(NAN)), min_size=1, max_size=20)


@given(st.lists(READINGS, min_size=1, max_size=5))
@example([[NAN], [50], [50, NAN, 52]])
@settings(max_examples=200, deadline=None)
def test_rows_of_any_number_of_readings_agree_with_the_standard_library(rows):
    width = max(map(len, rows))
    table = np.array([days(row, width) for row in rows])
    middles, deviations, quarters = robust.median(table), robust.mad(table), robust.quantile(table, 0.25)
    for index, row in enumerate(rows):
        there = [value for value in row if not math.isnan(value)]
        if not there:
            assert np.isnan([middles[index], deviations[index], quarters[index]]).all()
            continue
        middle = statistics.median(there)
        assert middles[index] == middle
        assert deviations[index] == statistics.median([abs(value - middle) for value in there])
        assert quarters[index] == pytest.approx(np.quantile(there, 0.25), rel=1e-12)


@given(st.lists(st.integers(40, 70), min_size=14, max_size=28), st.integers(-10, 10))
@settings(max_examples=100, deadline=None)
def test_moving_every_reading_moves_the_baseline_and_nothing_else(baseline, shift):
    here, there = deviation([57] * 4, baseline), deviation([57 + shift] * 4, [value + shift for value in baseline])
    assert here.delta_bpm == pytest.approx(there.delta_bpm)
    assert here.z == pytest.approx(there.z)
    assert here.elevated.tolist() == there.elevated.tolist()
