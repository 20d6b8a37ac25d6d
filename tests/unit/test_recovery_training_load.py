"""M14 to M19: golden vectors, published figures, and the identities that hold for any load."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.models import heart_rate_load, training_load

NAN = math.nan
GV_11 = [300, 0, 450, 0, 360, 500, 0]
GV_12 = [30.0] * 21 + [50.0] * 7
GV_13_WEEK = [12.0, 0, 10, 0, 11, 0, 0]
GV_13 = GV_13_WEEK * 3 + [18.0, 0, 15, 0, 17, 0, 0]


def last(loads: list[float], days: int, **options: bool) -> float:
    return float(training_load.exponential_average([loads], days, **options).value[0, -1])


# --- M14, M15 ---------------------------------------------------------------------------------------------------------


def test_session_rating_load():
    found = training_load.session_rating_load([7, 7, NAN, 0], [60, NAN, 60, 60])
    assert found.tolist() == pytest.approx([420, NAN, NAN, 0], nan_ok=True)


def test_gv_11():
    found = training_load.monotony_and_strain([GV_11])
    assert (found.total[0], found.mean[0], found.status[0]) == (1610, 230, "OK")
    assert found.sd == pytest.approx([207.6398], abs=5e-5)
    assert found.monotony == pytest.approx([1.1077], abs=5e-5)
    assert found.strain == pytest.approx([1783.38], abs=5e-3)


def test_gv_11_with_the_sample_sd():
    found = training_load.monotony_and_strain([GV_11], ddof=1)
    assert found.monotony == pytest.approx([1.0255], abs=5e-5)
    assert found.strain == pytest.approx([1651.09], abs=5e-3)


@pytest.mark.parametrize(("k", "printed"), list(enumerate([0.4082, 0.6325, 0.8660, 1.1547, 1.5811, 2.4495], start=1)))
@pytest.mark.parametrize("load", [0.1, 300.0, 1e6 / 3])
def test_k_equal_training_days(k, printed, load):
    found = training_load.monotony_and_strain([[load] * k + [0.0] * (7 - k)])
    assert found.monotony == pytest.approx([math.sqrt(k / (7 - k))], rel=1e-9)
    assert found.monotony == pytest.approx([printed], abs=5e-5)
    assert found.status.tolist() == ["INSUFFICIENT" if k < 2 else "OK"]


def test_weeks_without_a_monotony():
    # 0.1 seven times has a mean that is not 0.1; its SD must still be none
    found = training_load.monotony_and_strain([[0.1] * 7, [0.0] * 7, [300.0, 0, NAN, 0, 200, 0, 0]])
    assert found.status.tolist() == ["UNDEFINED", "NOT_APPLICABLE", "INSUFFICIENT"]
    assert np.isnan(found.monotony).all()
    assert np.isnan(found.strain).all()


@given(st.lists(st.integers(0, 900), min_size=7, max_size=7))
@settings(max_examples=200, deadline=None)
def test_the_two_sds_differ_by_a_fixed_factor(week):
    assume(len(set(week)) > 1)
    population, sample = (training_load.monotony_and_strain([week], ddof).monotony for ddof in (0, 1))
    assert sample == pytest.approx(population * math.sqrt(6 / 7), rel=1e-9)
    assert population == pytest.approx([np.mean(week) / np.std(week)], rel=1e-9)


def test_wrong_windows_and_sds_are_refused():
    with pytest.raises(ValueError, match="7 columns"):
        training_load.monotony_and_strain([[1.0] * 6])
    with pytest.raises(ValueError, match="ddof 2"):
        training_load.monotony_and_strain([[1.0] * 7], ddof=2)


# --- M16, M17 ---------------------------------------------------------------------------------------------------------


def test_gv_12():
    seeded = [last(GV_12, days, seeded=True) for days in (7, 28)]
    assert seeded == pytest.approx([47.330322, 37.871967], abs=5e-7)
    assert seeded[0] / seeded[1] == pytest.approx(1.249746, abs=5e-7)
    corrected = [last(GV_12, days) for days in (7, 28)]
    assert corrected == pytest.approx([47.335826, 39.102857], abs=5e-7)
    assert corrected[0] / corrected[1] == pytest.approx(1.210546, abs=5e-7)
    weeks = training_load.week_sums([GV_12])
    assert training_load.coupled_ratio(weeks) == pytest.approx([1.428571], abs=5e-7)
    assert training_load.uncoupled_ratio(weeks) == pytest.approx([1.666667], abs=5e-7)


def test_gv_13():
    for seeded, expected in ((False, 0.8956), (True, 0.7683)):
        assert last(GV_13, 7, seeded=seeded) / last(GV_13, 28, seeded=seeded) == pytest.approx(expected, abs=5e-5)
    weeks = training_load.week_sums([GV_13])
    assert training_load.uncoupled_ratio(weeks) == pytest.approx([1.515152], abs=5e-7)
    assert training_load.coupled_ratio(weeks) == pytest.approx([1.342282], abs=5e-7)


def test_gv_13_a_steady_pattern_swings_by_weekday():
    steady = [GV_13_WEEK * 5]
    fast, slow = (training_load.exponential_average(steady, days).value[0, -7:] for days in (7, 28))
    assert fast / slow == pytest.approx([1.106, 0.900, 1.119, 0.909, 1.156, 0.938, 0.761], abs=5e-4)
    assert training_load.uncoupled_ratio(training_load.week_sums([(GV_13_WEEK * 4)])).tolist() == [1.0]


def test_gv_14():
    found = training_load.coupled_from_uncoupled([0.8, 1, 1.3, 1.5, 2])
    assert found == pytest.approx([0.8421, 1, 1.2093, 1.3333, 1.6], abs=5e-5)


def test_gv_28():
    assert training_load.uncoupled_ratio([[40, 42, 41, 60]]) == pytest.approx([1.463415], abs=5e-7)


def test_ratios_without_a_denominator():
    assert np.isnan(training_load.uncoupled_ratio([[0, 0, 0, 10], [1, 1, 1, 9], [1, NAN, 1, 9]], floor=2)).all()
    assert training_load.uncoupled_ratio([[2, 2, 2, 9]], floor=2).tolist() == [4.5]
    assert np.isnan(training_load.coupled_ratio([[0, 0, 0, 0], [1, NAN, 1, 1]])).all()
    assert np.isnan(training_load.week_sums([[1.0] * 10 + [NAN] + [1.0] * 17])[0, 1])


def test_deloads_leave_the_blocks_before():
    weeks = [[40, 42, 12, 41]] * 3
    marks = [[False, False, True], [False] * 3, [True] * 3]
    assert training_load.uncoupled_ratio(weeks, marks) == pytest.approx([1.0, 41 * 3 / 94, NAN], nan_ok=True)
    unknown_deload = training_load.uncoupled_ratio([[40, 42, NAN, 41]], [[False, False, True]])
    assert unknown_deload.tolist() == [1.0]
    with pytest.raises(ValueError, match="three blocks"):
        training_load.uncoupled_ratio(weeks, [[True, False]])


@given(st.lists(st.integers(0, 60), min_size=28, max_size=28))
@settings(max_examples=200, deadline=None)
def test_coupled_and_uncoupled_ratios_are_one(loads):
    weeks = training_load.week_sums([loads])
    uncoupled = training_load.uncoupled_ratio(weeks)
    assume(not np.isnan(uncoupled[0]))
    coupled = training_load.coupled_ratio(weeks)
    assert coupled == pytest.approx(training_load.coupled_from_uncoupled(uncoupled), rel=1e-12)
    assert coupled == pytest.approx([(sum(loads[21:]) / 7) / (sum(loads) / 28)], rel=1e-12)
    assert coupled[0] <= 4


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40), st.sampled_from([7, 28]))
@settings(max_examples=100, deadline=None)
def test_the_corrected_average_is_a_weighted_mean(loads, days):
    weights = (1 - 2 / (days + 1)) ** np.arange(len(loads))[::-1]
    assert last(loads, days) == pytest.approx(float(np.average(loads, weights=weights)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seeded", [False, True])
def test_an_average_goes_on_from_its_state(seeded):
    rng = np.random.default_rng(2)
    loads = rng.integers(0, 50, (3, 60)).astype(float)
    loads[1, :10], loads[2, 25:33] = NAN, NAN
    whole = training_load.exponential_average(loads, 7, seeded=seeded)
    first = training_load.exponential_average(loads[:, :30], 7, seeded=seeded)
    state = (first.numerator[:, -1], first.denominator[:, -1], first.observed_days[:, -1])
    second = training_load.exponential_average(loads[:, 30:], 7, seeded=seeded, state=state)
    assert np.array_equal(np.hstack((first.value, second.value)), whole.value, equal_nan=True)
    for name in ("numerator", "denominator", "observed_days"):  # the state after each day, also where it was cut
        assert np.array_equal(np.hstack((getattr(first, name), getattr(second, name))), getattr(whole, name))


def test_the_state_of_every_day_is_the_one_to_go_on_from():
    loads = np.array([[10.0, 0, NAN, 30, 30, 0, 20], [NAN, 5, 5, 5, 0, 0, 5]])
    whole = training_load.exponential_average(loads, 28)
    for cut in range(1, loads.shape[1]):
        state = tuple(column[:, cut - 1] for column in (whole.numerator, whole.denominator, whole.observed_days))
        rest = training_load.exponential_average(loads[:, cut:], 28, state=state)
        assert np.array_equal(rest.value, whole.value[:, cut:], equal_nan=True)


def test_a_gap_ends_the_average_and_day_one_is_the_first_observed():
    loads = [NAN, 10, 0, NAN, 40, 40]
    found = training_load.exponential_average([loads], 7)
    assert found.observed_days.tolist() == [[0, 1, 2, 0, 1, 2]]
    assert found.value[0].tolist() == pytest.approx([NAN, 10, 7.5 / 1.75, NAN, 40, 40], nan_ok=True)


def test_ten_years_stay_finite():
    found = training_load.exponential_average([[1.0] * 3650], 7)
    assert found.value == pytest.approx(1.0, rel=1e-12)


def test_averages_refuse_what_they_cannot_take():
    with pytest.raises(ValueError, match="at least 1 day"):
        training_load.exponential_average([[1.0]], 0)
    with pytest.raises(ValueError, match="one row per athlete"):
        training_load.exponential_average([1.0, 2.0], 7)


# --- M18 --------------------------------------------------------------------------------------------------------------


def test_gv_15():
    found = training_load.fitness_fatigue([[100.0] * 42 + [0.0] * 7])
    assert found.ctl[0, [41, 48]] == pytest.approx([63.2121, 53.5079], abs=5e-5)
    assert found.atl[0, [41, 48]] == pytest.approx([99.7521, 36.6968], abs=5e-5)
    assert (found.ctl - found.atl)[0, [41, 48]] == pytest.approx([-36.5401, 16.8111], abs=5e-5)
    assert found.tsb[0, 42] == pytest.approx(-36.5401, abs=5e-5), "the balance is shown on the day after"
    assert found.tsb[0, 0] == 0


def test_fitness_goes_on_from_where_it_was_and_fades_through_a_gap():
    loads = np.array([[100.0] * 20 + [NAN] * 5 + [50.0] * 5])
    whole = training_load.fitness_fatigue(loads)
    first = training_load.fitness_fatigue(loads[:, :12])
    second = training_load.fitness_fatigue(loads[:, 12:], first.ctl[:, -1], first.atl[:, -1])
    for name in ("ctl", "atl", "tsb"):
        joined = np.hstack((getattr(first, name), getattr(second, name)))
        assert np.array_equal(joined, getattr(whole, name))
    assert (np.diff(whole.ctl[0, 19:25]) < 0).all()


# --- M19 --------------------------------------------------------------------------------------------------------------


def stream(bpm: list[float], step_s: float = 1.0) -> tuple[list[float], list[float]]:
    return [index * step_s for index in range(len(bpm))], bpm


def load_of(*streams: tuple[list[float], list[float]], rest=55.0, most=190.0, sex="male", estimated=False):
    at, bpm = ([one for each in streams for one in each[part]] for part in (0, 1))
    cuts = np.cumsum([0, *(len(each[0]) for each in streams)])
    return heart_rate_load.heart_rate_load(at, bpm, cuts, np.full(len(streams), rest), most, sex, estimated)


def test_gv_16_formulas():
    assert heart_rate_load.trimp(60, 155, 55, 190, "male") == pytest.approx(117.9399, abs=5e-5)
    assert heart_rate_load.trimp(60, 155, 55, 190, "female") == pytest.approx(131.6905, abs=5e-5)
    assert heart_rate_load.trimp(30, 130, 40, 200, "male") == pytest.approx(31.8025, abs=5e-5)
    assert heart_rate_load.edwards([10, 20, 20, 8, 2]) == 152


def test_gv_16_from_samples():
    steady = stream([155.0] * 3601)
    man, woman = load_of(steady), load_of(steady, sex="female")
    assert man.trimp == pytest.approx([117.9399], abs=5e-5)
    assert woman.trimp == pytest.approx([131.6905], abs=5e-5)
    assert (man.coverage[0], man.trimp_status[0], man.edwards_status[0]) == (1.0, "OK", "OK")
    zones = [100.0] * 600 + [120.0] * 1200 + [140.0] * 1200 + [160.0] * 480 + [180.0] * 121
    found = load_of(stream(zones), most=200.0)
    assert found.zone_min.tolist() == [[10, 20, 20, 8, 2]]
    assert found.edwards.tolist() == [152]


def test_zone_borders_belong_above():
    # 50, 60, ... 90 % of 190; one beat below half is no zone; above the maximum is the last one
    found = load_of(stream([94.0, 95, 114, 133, 152, 171, 195, 1]), most=190.0)
    assert found.zone_min[0] == pytest.approx(np.array([1, 1, 1, 1, 2]) / 60)


def test_gaps_count_for_nothing_and_lower_the_coverage():
    kept = load_of(([0.0, 60, 120, 180, 240], [155.0] * 5))
    gap = load_of(([0.0, 60, 120, 181, 241], [155.0] * 5))
    dropped = load_of(([0.0, 60, 120, 180, 240], [155.0, NAN, 0, 155, 155]))
    assert kept.coverage.tolist() == [1.0]
    assert gap.coverage == pytest.approx([180 / 241])
    assert gap.trimp == pytest.approx(kept.trimp * 3 / 4)
    assert gap.trimp_status.tolist() == gap.edwards_status.tolist() == ["DEGRADED"]
    assert dropped.coverage.tolist() == [0.5]
    assert dropped.trimp == pytest.approx(kept.trimp / 2)


def test_coverage_of_four_fifths_is_enough():
    found = load_of(([0.0, 60, 120, 180, 240, 300], [155.0, 155, 155, NAN, 155, 155]))
    assert (found.coverage[0], found.trimp_status[0]) == (0.8, "OK")


def test_what_is_unknown_is_said_and_costs_no_other_stream():
    at, bpm = stream([155.0] * 301)
    n = 9
    cuts = [301 * index for index in range(n)] + [301 * (n - 1)]
    times = np.array(at * (n - 1))
    times[301 * 7 + 5] = -1  # the last stream but one goes backwards
    found = heart_rate_load.heart_rate_load(
        times,
        bpm * (n - 1),
        cuts,
        rest_bpm=[55, NAN, 190, 55, 55, 55, 0, 55, 55],
        max_bpm=[190, 190, 190, NAN, 190, 190, 190, 190, 190],
        sex=["male", "male", "male", "male", "", "female", "male", "male", "male"],
        max_is_estimated=[False] * 5 + [True] + [False] * 3,
    )
    assert found.trimp_status.tolist() == [
        "OK", "UNDEFINED", "UNDEFINED", "UNDEFINED", "NOT_APPLICABLE", "DEGRADED", "UNDEFINED", "UNDEFINED",
        "UNDEFINED",
    ]  # fmt: skip
    assert found.edwards_status.tolist() == [
        "OK", "OK", "OK", "UNDEFINED", "OK", "DEGRADED", "OK", "UNDEFINED", "UNDEFINED",
    ]  # fmt: skip
    assert np.array_equal(np.isnan(found.trimp), np.isin(found.trimp_status, ["UNDEFINED", "NOT_APPLICABLE"]))
    assert np.array_equal(np.isnan(found.edwards), found.edwards_status == "UNDEFINED")
    assert found.trimp[0] == pytest.approx(float(heart_rate_load.trimp(5, 155, 55, 190, "male")))


def test_reserve_is_held_and_unknown_sex_is_refused_by_the_formula():
    assert heart_rate_load.trimp(10, 40, 55, 190, "male") == 0
    assert heart_rate_load.trimp(10, 250, 55, 190, "male") == heart_rate_load.trimp(10, 190, 55, 190, "male")
    with pytest.raises(ValueError, match="Edwards"):
        heart_rate_load.trimp(10, 150, 55, 190, "unknown")
    assert heart_rate_load.heart_rate_max(40) == 180
