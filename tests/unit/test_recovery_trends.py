"""M20: the golden vector, borders of the verdict, and second computations of slope, interval and test."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pymannkendall
import pytest
import scipy.stats
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipeline.models import trends

GV_17_DAYS = [0, 4, 7, 11, 14, 18, 21, 25, 28]
GV_17 = [120, 121.5, 119, 118.5, 117, 116, 117.5, 114, 113]


def trend_of(*series: tuple[list[float], list[float]]) -> trends.Trend:
    days, values = ([one for each in series for one in each[part]] for part in (0, 1))
    return trends.performance_trend(days, values, np.cumsum([0, *(len(each[0]) for each in series)]))


def test_gv_17():
    found = trend_of((GV_17_DAYS, GV_17))
    assert found.slope == pytest.approx([-0.28175], abs=5e-6)
    assert found.median.tolist() == [117.5]
    assert found.pct28 == pytest.approx([-6.714], abs=5e-4)
    assert (found.s[0], found.variance[0]) == (-30, 92)
    assert found.z == pytest.approx([-3.023], abs=5e-4)
    assert found.p_decline == pytest.approx([0.00125], abs=5e-6)
    assert [found.slope_low[0], found.slope_high[0]] == pytest.approx([-0.3542, -0.2143], abs=5e-5)
    assert found.declining.tolist() == [True]
    assert (found.n_obs[0], found.span_days[0], found.status[0]) == (9, 28, "OK")


def test_wrong_forms_would_be_caught():
    # two-sided, without continuity correction, least squares, and against the mean
    assert pymannkendall.original_test(GV_17).p == pytest.approx(0.0025, abs=5e-5)
    assert -30 / math.sqrt(92) != pytest.approx(-3.023, abs=5e-4)
    assert np.polyfit(GV_17_DAYS, GV_17, 1)[0] != pytest.approx(-0.28175, abs=1e-4)
    assert 100 * -0.28175 * 28 / statistics.mean(GV_17) != pytest.approx(-6.714, abs=5e-4)


def test_a_rise_is_no_decline():
    found = trend_of((GV_17_DAYS, GV_17[::-1]), ([0, 4, 7, 14, 20], [100.0] * 5))
    assert found.p_decline == pytest.approx([1 - 0.00125, 0.5], abs=5e-6)
    assert found.declining.tolist() == [False, False]
    assert (found.s[1], found.variance[1], found.z[1], found.pct28[1]) == (0, 0, 0, 0)


def test_declining_needs_both_the_size_and_the_evidence():
    steep = [100, 80, 101, 79, 78.0]  # 28 % in 28 days by slope, but little order
    slight = [100.0, 99.9, 99.8, 99.7, 99.6, 99.5]
    found = trend_of(([0, 7, 14, 21, 28], steep), ([0, 5, 10, 15, 20, 25], slight))
    assert found.pct28[0] < -5
    assert found.p_decline[0] > 0.1
    assert found.p_decline[1] < 0.1
    assert found.declining.tolist() == [False, False]


def test_minimum_data():
    four, short, enough = [0, 7, 14, 21], [0, 3, 6, 9, 13], [0, 3, 6, 9, 14]
    fall = [100.0, 95, 90, 85, 80]
    found = trend_of((four, fall[:4]), (short, fall), (enough, fall), ([], []), ([5.0], [100.0]))
    assert found.status.tolist() == ["INSUFFICIENT", "INSUFFICIENT", "OK", "INSUFFICIENT", "INSUFFICIENT"]
    assert found.declining.tolist() == [False, False, True, False, False]
    assert np.isnan(found.slope[3:]).all()
    assert found.median[4] == 100


def test_missing_values_leave_and_a_median_of_zero_has_no_percentage():
    found = trend_of(
        ([0, 1, *GV_17_DAYS[1:]], [120, math.nan, *GV_17[1:]]),
        ([0, 5, 10, 15, 20], [-1.0, 0, 0, 0, 1]),
    )
    assert found.pct28[0] == pytest.approx(-6.714, abs=5e-4)
    assert found.n_obs[0] == 9
    assert found.status.tolist() == ["OK", "UNDEFINED"]
    assert np.isnan(found.pct28[1])


def test_two_sessions_of_one_day_say_nothing_of_time():
    once = trend_of((GV_17_DAYS, GV_17))
    twice = trend_of(([*GV_17_DAYS, 28], [*GV_17, 150]))
    assert not np.isnan(twice.slope).any()
    assert twice.s[0] == once.s[0] + 8, "the second best of day 28 is compared with the eight days before it alone"


def test_whole_units_give_the_same_verdict():
    kilos, grams = trend_of((GV_17_DAYS, GV_17)), trend_of((GV_17_DAYS, [1000 * value for value in GV_17]))
    assert kilos.pct28 == pytest.approx(grams.pct28, rel=1e-12)
    assert kilos.z.tolist() == grams.z.tolist()


def test_series_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="needs its day"):
        trends.performance_trend([1, 2], [1], [0, 2])
    with pytest.raises(ValueError, match="offsets"):
        trends.performance_trend([1, 2], [1, 2], [0, 1])


# few different values, so that ties are common
SERIES = st.dictionaries(st.integers(0, 28), st.integers(90, 110), min_size=3, max_size=15).map(
    lambda found: (sorted(found), [float(found[day]) for day in sorted(found)])
)


@given(st.lists(SERIES, min_size=1, max_size=5))
@example([([0, 1, 2], [100.0, 100, 100]), ([0, 14, 28], [99.0, 99, 98])])
@settings(max_examples=200, deadline=None)
def test_slope_and_test_agree_with_scipy_and_pymannkendall(series):
    found = trend_of(*series)
    for index, (days, values) in enumerate(series):
        assert found.slope[index] == pytest.approx(scipy.stats.theilslopes(values, days).slope, rel=1e-12, abs=1e-12)
        assert found.pct28[index] == pytest.approx(100 * found.slope[index] * 28 / statistics.median(values))
        reference = pymannkendall.original_test(values) if len(set(values)) > 1 else None
        s, variance = (reference.s, reference.var_s) if reference else (0, 0)
        assert (found.s[index], found.variance[index]) == (s, pytest.approx(variance))
        z = (s - np.sign(s)) / math.sqrt(variance) if s else 0.0
        assert found.z[index] == pytest.approx(z)
        assert found.p_decline[index] == pytest.approx(scipy.stats.norm.cdf(z))


@given(SERIES)
@settings(max_examples=100, deadline=None)
def test_interval_agrees_with_scipy(series):
    days, values = series
    found = trend_of(series)
    # scipy's own z is 1.64485; at ranks that the difference moves the two may part
    reach = np.array([1.645, scipy.stats.norm.ppf(0.95)]) * math.sqrt(found.variance[0])
    pairs = len(days) * (len(days) - 1) / 2
    low, high = np.round((pairs - reach) / 2), np.round((pairs + reach) / 2)
    assume(low[0] == low[1] and high[0] == high[1] and low[0] >= 1 and high[0] < pairs)
    expected = scipy.stats.theilslopes(values, days, alpha=0.90)
    assert found.slope_low[0] == pytest.approx(expected.low_slope, rel=1e-12, abs=1e-12)
    assert found.slope_high[0] == pytest.approx(expected.high_slope, rel=1e-12, abs=1e-12)
    assert found.slope_low[0] <= found.slope[0] <= found.slope_high[0]


@given(SERIES, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_does_not_matter(series, random):
    rows = list(zip(*series, strict=True))
    random.shuffle(rows)
    here, there = trend_of(series), trend_of(tuple(map(list, zip(*rows, strict=True))))
    for name in ("slope", "slope_low", "slope_high", "median", "s", "variance", "p_decline"):
        assert getattr(here, name).tolist() == getattr(there, name).tolist()


def test_many_series_in_several_blocks_are_as_one_by_one(monkeypatch):
    rng = np.random.default_rng(5)
    series = []
    for n in rng.integers(0, 12, 40):
        days = np.sort(rng.choice(29, n, replace=False)).astype(float).tolist()
        series.append((days, rng.integers(95, 105, n).astype(float).tolist()))
    whole = trend_of(*series)
    monkeypatch.setattr(trends, "_PAIRS_AT_ONCE", 50)
    cut = trend_of(*series)
    for name in ("slope", "slope_low", "slope_high", "s"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name), equal_nan=True)
        alone = [getattr(trend_of(each), name)[0] for each in series]
        assert np.array_equal(getattr(whole, name), np.array(alone), equal_nan=True)
