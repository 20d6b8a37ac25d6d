"""M28 and M29: golden vectors, published recordings, a second computation, and variants that are wrong on purpose."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import neurokit2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipeline.models import heart_rate_variability as hrv
from tests.oracle import beats
from tests.unit.vendor_files import sample

GV_23 = [800, 810, 790, 805, 795]
GV_24 = [812, 830, 845, 820, 1190, 640, 815, 822, 835, 828, 810, 805]
MALIK = [100, 110, 100, 130, 100, 100, 70, 100, 120, 100]


def one(rr: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(rr, dtype=float), np.array([0, len(rr)])


def flat(series: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    lengths = [len(each) for each in series]
    return np.array([beat for each in series for beat in each], dtype=float), np.cumsum([0, *lengths])


def rejected(rr: Sequence[float], lowest: float = 300, highest: float = 2000) -> list[float]:
    marks = hrv.accepted_beats(*one(rr), lowest, highest)
    return [beat for beat, good in zip(rr, marks, strict=True) if not good]


@pytest.fixture(scope="module")
def welltory() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sample("welltory_hrv_measurements_open.csv").decode())))


@pytest.fixture(scope="module")
def welltory_beats(welltory: list[dict[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    return flat([[float(beat) for beat in row["rr_data"].split(",")] for row in welltory])


@pytest.fixture(scope="module")
def rest() -> tuple[np.ndarray, np.ndarray]:
    return one([float(line) for line in sample("rri_rest__hrv.txt").split()])


def test_gv_23_rmssd():
    assert hrv.time_domain(*one(GV_23)).rmssd_ms == pytest.approx([14.361407], abs=5e-7)
    assert hrv.measure(*one(GV_23)).status.tolist() == ["INSUFFICIENT"]


def test_gv_24_a_pair_of_premature_beats():
    marks = hrv.accepted_beats(*one(GV_24))
    figures = hrv.time_domain(*one(GV_24), marks)
    assert rejected(GV_24) == [1190, 640]
    assert figures.n_pairs.tolist() == [8]
    assert figures.rmssd_ms == pytest.approx([14.958275], abs=5e-7)
    assert hrv.time_domain(*one(GV_24)).rmssd_ms == pytest.approx([207.10], abs=5e-3)
    whole = hrv.measure(*one(GV_24))
    assert whole.rejected_share == pytest.approx([2 / 12])
    assert whole.status.tolist() == ["INSUFFICIENT"]
    assert np.isnan(whole.rmssd_ms).all()


def test_malik_cases_a_fifth_is_still_accepted():
    assert rejected(MALIK, 0, math.inf) == [130, 70]


@pytest.mark.parametrize(
    ("rr", "expected"),
    [
        ([250, 800, 810], [250]),  # out of bounds first; the next one in bounds is taken without a comparison
        ([300, 2001, 299, 300], [2001, 299]),  # the bounds themselves are inside
        # three rejections, then a new reference at another pace
        ([800, 1200, 1210, 1190, 1205, 1210], [1200, 1210, 1190]),
        # out of bounds counts as a rejection, and the reset waits for a beat in bounds
        ([800, 2500, 100, 2500, 100, 1200, 1210], [2500, 100, 2500, 100]),
        # two rejections do not reset: the third beat is compared with 800 again
        ([800, 1200, 1210, 810, 1205], [1200, 1210, 1205]),
        ([800, math.nan, 805], [math.nan]),
        ([800, 960, 961, 1153, 1384], [1384]),  # exactly a fifth, hardly less, hardly more
    ],
)
def test_filter_by_hand(rr: list[float], expected: list[float]):
    assert str(rejected(rr)) == str(expected)


def test_no_difference_is_taken_across_a_removed_beat_nor_a_new_run():
    rr = [800, 1200, 1210, 1190, 1205, 1215]
    figures = hrv.time_domain(*one(rr), hrv.accepted_beats(*one(rr)))
    assert figures.n_pairs.tolist() == [1]
    assert figures.rmssd_ms.tolist() == [10.0]


def test_all_1398_measurements_of_welltory_as_published(welltory, welltory_beats):
    assert len(welltory) == 1398
    figures = hrv.time_domain(*welltory_beats)
    for name, found in (("rmssd", figures.rmssd_ms), ("sdnn", figures.sdnn_ms), ("pnn50", figures.pnn50_percent)):
        published = np.array([float(row[name]) for row in welltory])
        assert np.abs(found - published).max() < 0.1, name
    assert np.array_equal(hrv.measure(*welltory_beats).raw_rmssd_ms, figures.rmssd_ms)


def test_820_long_measurements_without_a_filtered_beat_keep_their_value(welltory, welltory_beats):
    rr, offsets = welltory_beats
    found = hrv.measure(rr, offsets)
    lasting = np.add.reduceat(rr, offsets[:-1])
    untouched = (lasting >= 60_000) & (found.n_accepted == found.n_beats)
    assert untouched.sum() == 820
    published = np.array([float(row["rmssd"]) for row in welltory])
    assert np.abs(found.rmssd_ms - published)[untouched].max() < 0.1
    assert set(found.status[untouched].tolist()) == {"OK"}
    assert np.isnan(found.rmssd_ms[lasting < 60_000]).all()
    assert set(found.status[lasting < 60_000].tolist()) == {"INSUFFICIENT"}


def test_a_resting_recording_as_published(rest):
    raw, found = hrv.time_domain(*rest), hrv.measure(*rest)
    assert raw.rmssd_ms == pytest.approx([55.137], abs=5e-4)
    assert raw.sdnn_ms == pytest.approx([57.818], abs=5e-4)
    assert raw.pnn50_percent == pytest.approx([35.31], abs=5e-3)
    assert found.rmssd_ms == pytest.approx([51.974], abs=5e-4)
    assert (found.n_beats - found.n_accepted).tolist() == [14]
    assert found.n_beats.tolist() == [910]
    assert found.status.tolist() == ["OK"]


def test_quality_and_minimum_borders():
    steady = [1000.0] * 100
    five, six = (steady[:] for _ in range(2))
    five[10:60:10] = [1500.0] * 5
    six[10:70:10] = [1500.0] * 6
    ten = steady[:]
    ten[5:95:9] = [1500.0] * 10
    eleven = ten[:]
    eleven[98] = 1500.0
    fifty_fast = [1200.0] * 50
    series = [five, six, ten, eleven, steady[:60], steady[:59], fifty_fast, [1300.0] * 49, []]
    found = hrv.measure(*flat(series))
    assert found.status.tolist() == [
        "OK", "DEGRADED", "DEGRADED", "INSUFFICIENT", "OK", "INSUFFICIENT", "OK", "INSUFFICIENT", "INSUFFICIENT",
    ]  # fmt: skip
    assert found.rejected_share[:4].tolist() == [0.05, 0.06, 0.10, 0.11]
    assert np.isnan(found.rejected_share[8])
    assert np.array_equal(np.isnan(found.rmssd_ms), found.status == "INSUFFICIENT")


def test_a_bad_series_costs_no_other():
    good = [800.0, 830.0] * 40
    alone = hrv.measure(*one(good))
    beside = hrv.measure(*flat([[math.nan, math.inf, -5.0], good, [math.inf, math.inf], good]))
    for index in (1, 3):
        assert beside.rmssd_ms[index] == alone.rmssd_ms[0]
        assert beside.raw_rmssd_ms[index] == alone.raw_rmssd_ms[0]
        assert beside.sdnn_ms[index] == alone.sdnn_ms[0]
        assert beside.status[index] == "OK"


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 2, 1, 3], [], [0.0, 3.0], [[0, 3]]])
def test_offsets_that_do_not_fit_are_refused(offsets):
    with pytest.raises(ValueError, match="offsets"):
        hrv.measure([800, 810, 820], offsets)


def test_marks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="each beat needs one"):
        hrv.time_domain(*one(GV_23), [True])


# beats that often break the rule, in runs long enough to settle and short enough to reset
BEAT = st.one_of(st.sampled_from([800, 810, 960, 961, 640, 1200, 100, 2500]), st.integers(250, 2100))
SERIES = st.lists(st.lists(BEAT, max_size=40), max_size=6)


@given(SERIES)
@example([[100], [100, 800], [], [800, 1200, 1200, 1200, 1200]])
@settings(max_examples=400, deadline=None)
def test_many_series_at_once_are_filtered_as_one_by_one(series: list[list[int]]):
    marks = hrv.accepted_beats(*flat(series))
    plain = [beats.accepted(each) for each in series]
    assert marks.tolist() == [mark for each in plain for mark in each]
    found = hrv.time_domain(*flat(series), marks)
    for index, (each, good) in enumerate(zip(series, plain, strict=True)):
        expected = beats.rmssd(each, good)
        assert found.rmssd_ms[index] == pytest.approx(math.nan if expected is None else expected, nan_ok=True)


def test_long_recordings_with_disturbances_are_filtered_as_one_by_one():
    rng = np.random.default_rng(7)
    series = []
    for share in (0.0, 0.01, 0.1, 0.5, 1.0):
        rr = rng.normal(900, 60, 3000).round()
        bad = rng.random(rr.size) < share
        series.append(np.where(bad, rr * rng.uniform(0.3, 2.5, rr.size), rr).tolist())
    marks = hrv.accepted_beats(*flat(series))
    assert marks.tolist() == [mark for each in series for mark in beats.accepted(each)]
    assert 0 < (~marks).sum() < marks.size


@given(st.lists(st.integers(700, 840), min_size=70, max_size=120))
@settings(max_examples=25, deadline=None)
def test_rmssd_and_sdnn_agree_with_neurokit(rr: list[int]):
    assume(len(set(rr)) > 1)  # the other side divides by RMSSD
    # within 20 % of each other throughout, so that nothing is filtered
    reference = neurokit2.hrv_time({"RRI": np.array(rr, float), "RRI_Time": np.cumsum(rr) / 1000}, sampling_rate=1000)
    found = hrv.time_domain(*one(rr))
    assert found.rmssd_ms[0] == pytest.approx(float(reference["HRV_RMSSD"].iloc[0]), rel=1e-9, abs=1e-9)
    assert found.sdnn_ms[0] == pytest.approx(float(reference["HRV_SDNN"].iloc[0]), rel=1e-9, abs=1e-9)


# --- wrong on purpose -------------------------------------------------------------------------------------------------

Filter = Callable[[Sequence[float]], list[bool]]


def against_the_raw_beat_before(rr: Sequence[float]) -> list[bool]:
    marks = [True]
    for before, beat in pairwise(rr):
        marks.append(not marks[-1] or abs(beat - before) * 5 <= before)
    return marks


def without_a_reset(rr: Sequence[float]) -> list[bool]:
    last, marks = rr[0], []
    for beat in rr:
        marks.append(abs(beat - last) * 5 <= last)
        last = beat if marks[-1] else last
    return marks


def relative_to_the_new_beat(rr: Sequence[float]) -> list[bool]:
    last, marks = rr[0], []
    for beat in rr:
        marks.append(abs(beat - last) * 5 <= beat)
        last = beat if marks[-1] else last
    return marks


def check_filter(accepted: Filter) -> None:
    paces = [800, 1200, 1210, 1190, 1205, 1210]
    for rr, expected in ((GV_24, [1190, 640]), (paces, [1200, 1210, 1190]), ([800, 960, 800], [])):
        assert [beat for beat, good in zip(rr, accepted(rr), strict=True) if not good] == expected


def test_the_filter_passes_the_check_that_wrong_ones_fail():
    check_filter(lambda rr: hrv.accepted_beats(*one(rr)).tolist())
    check_filter(beats.accepted)


@pytest.mark.parametrize("wrong", [against_the_raw_beat_before, without_a_reset])
def test_wrong_filters_are_caught(wrong: Filter):
    with pytest.raises(AssertionError):
        check_filter(wrong)


def test_a_limit_relative_to_the_new_beat_is_caught():
    # 130 is more than a fifth above 105, yet less than a fifth of itself away
    assert rejected([105, 130], 0, math.inf) == [130]
    assert relative_to_the_new_beat([105, 130]) == [True, True]


def test_differences_across_removed_beats_would_be_caught():
    kept = np.array([beat for beat, good in zip(GV_24, beats.accepted(GV_24), strict=True) if good])
    joined = hrv.time_domain(kept, [0, kept.size])
    assert joined.rmssd_ms[0] != pytest.approx(14.958275, abs=1e-3)


def test_population_sdnn_would_be_caught(rest):
    assert np.std(rest[0]) != pytest.approx(57.818, abs=5e-4)
    assert np.std(rest[0], ddof=1) == pytest.approx(57.818, abs=5e-4)


# --- M29 --------------------------------------------------------------------------------------------------------------

GV_22_BASELINE = [
    62, 58, 65, 70, 60, 55, 66, 63, 59, 61, 68, 64, 57, 62, 60, 66, 71, 58, 63, 61, 65, 59, 64, 62, 60, 67, 56, 63,
]  # fmt: skip
GV_22_WEEK = [55, math.nan, 52, 58, 50, math.nan, 54]


def days(values: Sequence[float], length: int) -> list[float]:
    """A window that ends with these values."""
    return [math.nan] * (length - len(values)) + list(values)


def range_of(week: Sequence[float], baseline: Sequence[float], **options: float) -> hrv.NormalRange:
    return hrv.normal_range([days(week, 7)], [days(baseline, 60)], **options)


def test_gv_22():
    found = range_of(GV_22_WEEK, GV_22_BASELINE)
    assert found.mean == pytest.approx([4.13030], abs=5e-6)
    assert found.sd == pytest.approx([0.06434], abs=5e-6)
    assert found.swc == pytest.approx([0.03217], abs=5e-6)
    assert [found.lower[0], found.upper[0]] == pytest.approx([4.09813, 4.16248], abs=5e-6)
    assert math.exp(found.lower[0]) == pytest.approx(60.23, abs=5e-3)
    assert found.m7 == pytest.approx([3.98401], abs=5e-6)
    assert found.cv7_percent == pytest.approx([1.412], abs=5e-4)
    assert found.z == pytest.approx([-2.274], abs=5e-4)
    assert found.state.tolist() == ["BELOW"]
    assert found.status.tolist() == ["OK"]
    assert (found.n_recent[0], found.n_baseline[0]) == (5, 28)


def test_population_sd_of_the_baseline_would_be_caught():
    assert np.std(np.log(GV_22_BASELINE)) != pytest.approx(0.06434, abs=5e-6)


def test_states_are_told_apart_and_a_wider_band_holds_more():
    weeks = [[62.0] * 7, [55.0] * 7, [70.0] * 7, [59.5] * 7]
    both = [days(week, 7) for week in weeks], [days(GV_22_BASELINE, 60)] * 4
    assert hrv.normal_range(*both).state.tolist() == ["WITHIN", "BELOW", "ABOVE", "BELOW"]
    assert hrv.normal_range(*both, band_sd=1.0).state.tolist() == ["WITHIN", "BELOW", "ABOVE", "WITHIN"]


def test_thin_data_gives_no_range():
    few_nights, few_baseline = range_of([60, 61], GV_22_BASELINE), range_of(GV_22_WEEK, GV_22_BASELINE[:20])
    for found in (few_nights, few_baseline):
        assert found.status.tolist() == ["INSUFFICIENT"]
        assert found.state.tolist() == [""]
        assert np.isnan(found.z).all()
    assert not np.isnan(few_baseline.m7).any(), "the week's mean needs no baseline"
    assert range_of(GV_22_WEEK, GV_22_BASELINE[:21]).status.tolist() == ["OK"]


def test_a_constant_baseline_has_no_range_and_old_nights_are_stale():
    assert range_of([60, 61, 62], [60.0] * 30).status.tolist() == ["UNDEFINED"]
    assert range_of([60, 61, 62, math.nan, math.nan, math.nan, math.nan], GV_22_BASELINE).status.tolist() == ["STALE"]
    assert range_of([60, 61, 62, math.nan, math.nan, math.nan], GV_22_BASELINE).status.tolist() == ["OK"]


def test_an_outlier_and_an_impossible_value_stay_out_of_the_baseline():
    clean = range_of(GV_22_WEEK, GV_22_BASELINE)
    odd = range_of(GV_22_WEEK, [250, 500, 0, -3, *GV_22_BASELINE])
    assert odd.mean == pytest.approx(clean.mean)
    assert odd.sd == pytest.approx(clean.sd)
    assert odd.n_baseline.tolist() == [29], "counted before outliers leave; what no body shows never counts"


def test_windows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="60 columns"):
        hrv.normal_range([[60.0] * 7], [[60.0] * 28])
