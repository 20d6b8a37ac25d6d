"""M22 to M25: golden vectors, elapsed days over a change of the clock, and second computations."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.models import circular, sleep_duration, sleep_regularity
from tests.oracle import regularity

NAN = math.nan
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


# --- M22, M23 ---------------------------------------------------------------------------------------------------------

GV_18 = [7.5, 6, 8.25, 5.5, 7, 6.75, 8, 7.25, NAN, 6.5, 7, 5, 8.5, 7.75]


def test_gv_18():
    assert sleep_duration.sleep_efficiency(402, 455) == pytest.approx(0.883516, abs=5e-7)
    found = sleep_duration.sleep_debt([GV_18], 8)
    assert (found.debt_h[0], found.n_obs[0], found.status[0]) == (14.0, 13, "OK")


def test_debt_is_never_below_zero_and_each_row_has_its_need():
    found = sleep_duration.sleep_debt([[9.0] * 14, [8.5] * 14], [8, 9])
    assert found.debt_h.tolist() == [0, 7]


def test_debt_needs_ten_nights_that_can_be():
    nine = [NAN] * 5 + [7.0] * 9
    assert sleep_duration.sleep_debt([nine]).status.tolist() == ["INSUFFICIENT"]
    assert np.isnan(sleep_duration.sleep_debt([nine]).debt_h).all()
    assert sleep_duration.sleep_debt([[17.0, -1, 7, 7, *nine[4:]]]).n_obs.tolist() == [11]
    assert sleep_duration.sleep_debt([[7.0] * 10 + [NAN] * 4]).status.tolist() == ["STALE"]


def test_absurd_efficiency_is_no_value():
    found = sleep_duration.sleep_efficiency([460, -1, 0, 400, NAN, 455], [455, 400, 0, NAN, 400, 455])
    assert found.tolist() == pytest.approx([NAN, NAN, NAN, NAN, NAN, 1.0], nan_ok=True)


# --- M24 --------------------------------------------------------------------------------------------------------------


def index_of(stretches: list[regularity.Stretch], days: int, **options: int) -> tuple[float, int, int]:
    """Index, compared minutes and day pairs of one window that begins with the epoch."""
    start, end, asleep = zip(*stretches, strict=True) if stretches else ((), (), ())
    pairs = sleep_regularity.day_pairs(sleep_regularity.Stretches.of([0] * len(start), start, end, asleep))
    found = sleep_regularity.regularity(pairs, [days], [days], days, **options)
    if not len(found.day):
        return NAN, 0, 0
    assert (found.series.tolist(), found.day.tolist()) == ([0], [days])
    return found.value[0], found.compared[0], found.day_pairs[0]


def told(*asleep_hours: tuple[int, int], hours: int) -> list[regularity.Stretch]:
    """Stretches that cover so many hours: asleep from hour to hour, awake between."""
    found, at = [], 0
    for begin, end in asleep_hours:
        found += [(at * HOUR, begin * HOUR, False), (begin * HOUR, end * HOUR, True)]
        at = end
    return [*found, (at * HOUR, hours * HOUR, False)]


def test_gv_19_counts():
    assert sleep_regularity.regularity_index([45, 23, 48, 0], [48, 24, 48, 0]) == pytest.approx(
        [87.5, 91.6667, 100, NAN], abs=5e-5, nan_ok=True
    )


def test_gv_19_minutes():
    three = told((0, 7), (23, 31), (48, 56), (71, 72), hours=72)
    assert index_of(three, days=3) == pytest.approx((NAN, 2880, 2), nan_ok=True)
    # three times over with an unknown day between: six valid day pairs, the same agreement
    apart = [(a + 4 * n * DAY, b + 4 * n * DAY, s) for n in range(3) for a, b, s in three]
    assert index_of(apart, days=12) == (87.5, 3 * 2880, 6)


def test_equal_days_are_100_and_opposite_days_minus_100():
    equal = [(day * DAY + 23 * HOUR, day * DAY + 31 * HOUR, True) for day in range(-1, 14)]
    awake = [(day * DAY + 7 * HOUR, day * DAY + 23 * HOUR, False) for day in range(14)]
    assert index_of(equal + awake, days=14) == (100, 13 * 1440, 13)
    opposite = [(day * DAY, (day + 1) * DAY, day % 2 == 0) for day in range(14)]
    assert index_of(opposite, days=14) == (-100, 13 * 1440, 13)


def test_an_agreement_of_23_of_24_hours_is_91_67_and_not_95_83():
    base = [told((0, 8), hours=24), told((0, 7), hours=24)]
    days = [(a + n * DAY, b + n * DAY, s) for n in range(8) for a, b, s in base[n % 2]]
    assert index_of(days, days=8)[0] == pytest.approx(91.6667, abs=5e-5)


def test_unknown_minutes_are_left_out_and_never_taken_for_wake():
    nights = [(day * DAY, day * DAY + 8 * HOUR, True) for day in range(14)]
    assert index_of(nights, days=14) == pytest.approx((NAN, 13 * 480, 0), nan_ok=True)
    assert index_of(nights, days=14, known_min=480) == (100, 13 * 480, 13)
    assert index_of([], days=14)[1:] == (0, 0)


def test_what_is_told_both_ways_is_unknown_in_any_order():
    # half a day is told asleep by one and awake by another
    day = told((0, 8), hours=24)
    days = [(a + n * DAY, b + n * DAY, s) for n in range(7) for a, b, s in day]
    against = [(3 * DAY + 2 * HOUR, 3 * DAY + 14 * HOUR, False), (3 * DAY + 2 * HOUR, 3 * DAY + 14 * HOUR, True)]
    found, turned = index_of(days + against, days=7), index_of(against[::-1] + days[::-1], days=7)
    assert found == turned == (100, 6 * 1440 - 2 * 720, 6)


def test_days_over_a_change_of_the_clock_are_24_elapsed_hours():
    """Asleep from 23:00 to 07:00 by the wall clock; the night of the change moves both by an hour in elapsed time."""
    zone = ZoneInfo("Europe/Berlin")
    start = us(datetime(2026, 3, 24, tzinfo=UTC))
    stretches = []
    for day in range(22, 32):
        bed = us(datetime(2026, 3, day, 23, tzinfo=zone)) - start
        up = us(datetime(2026, 3, day, 7, tzinfo=zone) + timedelta(days=1)) - start
        stretches += [(us(datetime(2026, 3, day, 7, tzinfo=zone)) - start, bed, False), (bed, up, True)]
    found = index_of([(a + DAY, b + DAY, s) for a, b, s in stretches], days=8)
    # by elapsed time, waking and going to bed come an hour earlier once: two hours of all pairs differ
    assert found[1:] == (7 * 1440, 7)
    assert found[0] == pytest.approx(-100 + 200 * (1 - 120 / found[1]))


STRETCH = st.tuples(st.integers(-600, 4 * 1440), st.integers(-30, 900), st.booleans(), st.integers(-MINUTE, MINUTE))


@given(st.lists(st.lists(STRETCH, max_size=12), min_size=1, max_size=4), st.integers(1, 60))
@example([[(0, 1, True, 1), (1440, 1, True, 0)]], 1)
@settings(max_examples=30, deadline=None)
def test_windows_agree_with_minutes_one_by_one(series, known_min):
    days = 3
    firsts = [17 + 5 * n for n in range(len(series))]
    stretches = [
        [
            (first * DAY + at * MINUTE + shift, first * DAY + (at + long) * MINUTE, asleep)
            for at, long, asleep, shift in each
        ]
        for first, each in zip(firsts, series, strict=True)
    ]
    joined = [(n, *one) for n, each in enumerate(stretches) for one in each]
    pairs = sleep_regularity.day_pairs(
        sleep_regularity.Stretches.of(*(zip(*joined, strict=True) if joined else [()] * 4))
    )
    ends = [first + days for first in firsts]
    found = sleep_regularity.regularity(pairs, ends, [end + 1 for end in ends], days, known_min)
    rows = {
        (one, day): (compared, valid)
        for one, day, compared, valid, _ in zip(*(column.tolist() for column in found), strict=True)
    }
    for n, (end, each) in enumerate(zip(ends, stretches, strict=True)):
        for day in (end, end + 1):
            _, compared, valid = regularity.regularity(each, (day - days) * DAY, days, known_min)
            assert rows.get((n, day), (0, 0)) == (compared, valid)


def test_series_side_by_side_keep_their_own_stretches():
    rng = np.random.default_rng(3)
    n = 150
    stretches = []
    for _ in range(n):
        bed = [day * DAY - HOUR + int(rng.integers(0, 90)) * MINUTE for day in range(8)]
        stretches.append([(b, b + 8 * HOUR, True) for b in bed] + [(b + 8 * HOUR, c, False) for b, c in pairwise(bed)])
    joined = [(number, *one) for number, each in enumerate(stretches) for one in each]
    pairs = sleep_regularity.day_pairs(sleep_regularity.Stretches.of(*zip(*joined, strict=True)))
    found = sleep_regularity.regularity(pairs, [7] * n, [7] * n, 7)
    assert found.series.tolist() == list(range(n))
    for index in (0, 63, 64, 127, 128, 149):
        expected, _, _ = regularity.regularity(stretches[index], 0, 7, 720)
        assert found.value[index] == pytest.approx(expected)
    assert len(set(found.value.tolist())) > n / 2


def test_regularity_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="a series, a start, an end and a state"):
        sleep_regularity.Stretches.of([0], [0], [1, 2], [True])
    nothing = sleep_regularity.day_pairs(sleep_regularity.Stretches.of([], [], [], []))
    with pytest.raises(ValueError, match="at least 2 days"):
        sleep_regularity.regularity(nothing, [0], [0], days=1)


# --- M25 --------------------------------------------------------------------------------------------------------------


def nights(*minutes: float) -> list[list[float]]:
    return [[NAN] * (14 - len(minutes)) + list(minutes)]


def test_gv_20():
    found = circular.midpoint_variability(nights(180, 210, 270, 165, 195, 300, 180))
    assert found.mean_min == pytest.approx([214.01], abs=5e-3)
    assert found.sd_min == pytest.approx([47.32], abs=5e-3)
    assert (found.n_obs[0], found.status[0]) == (7, "OK")


def test_gv_20_across_midnight():
    centre, deviation = circular.circular_mean_sd([[1430, 10]])
    assert centre == pytest.approx([0.0], abs=1e-9)
    assert deviation == pytest.approx([10.00], abs=5e-3)
    thin = circular.midpoint_variability(nights(1430, 10))
    assert thin.status.tolist() == ["INSUFFICIENT"]
    assert np.isnan(thin.sd_min).all()
    assert np.std([1430, 10]) > 700, "a straight SD would be caught"


def test_times_that_cancel_have_no_middle():
    found = circular.midpoint_variability(nights(*[0, 360, 720, 1080] * 2))
    assert found.status.tolist() == ["UNDEFINED"]
    assert np.isnan(found.mean_min).all()
    assert circular.midpoint_variability(nights(*[200] * 10, NAN, NAN, NAN, NAN)).status.tolist() == ["STALE"]


def test_midpoint_by_the_local_clock():
    onset, offset = us(datetime(2026, 1, 9, 22, 30, tzinfo=UTC)), us(datetime(2026, 1, 10, 6, 0, tzinfo=UTC))
    assert circular.midpoint_min([onset] * 3, [offset] * 3, [0, 3600, -8 * 3600]).tolist() == [135, 195, 1095]


@given(st.lists(st.floats(0, 1439.9), min_size=2, max_size=14))
@settings(max_examples=200, deadline=None)
def test_circular_figures_agree_with_scipy(minutes):
    centre, deviation = circular.circular_mean_sd([minutes])
    expected = scipy.stats.circstd(minutes, high=1440)
    length = np.abs(np.exp(2j * np.pi * np.array(minutes) / 1440).mean())
    if length < 1e-6:  # both are rounding alone
        return
    # near equal times both are roots of rounding errors
    assert deviation[0] == pytest.approx(expected, rel=1e-6, abs=1e-4)
    apart = abs(centre[0] - scipy.stats.circmean(minutes, high=1440))
    assert min(apart, 1440 - apart) < 1e-6 / length
    assert 0 <= centre[0] < 1440


@given(st.lists(st.integers(0, 1439), min_size=7, max_size=14), st.integers(0, 1439))
@settings(max_examples=100, deadline=None)
def test_turning_the_clock_changes_no_spread(minutes, turn):
    _, here = circular.circular_mean_sd([minutes])
    _, there = circular.circular_mean_sd([[(minute + turn) % 1440 for minute in minutes]])
    if not (np.isnan(here).any() or np.isnan(there).any()) and here[0] < 1000:
        assert here == pytest.approx(there, rel=1e-6, abs=1e-4)
