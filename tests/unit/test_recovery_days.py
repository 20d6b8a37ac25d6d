"""Recovery per day, end to end: readings in, and what the days say against hand-made expectations (M22 to M30)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import pytest
from recovery_events import ZONE, against_usual, checkin, day, hrv, indicator, night, reading, recovery, resting, values

from tests.sim.driver import Driver

RHR_BASE = (52, 53, 51, 54, 52, 50, 53, 52, 71, 51, 53, 52, 54, 50)
RMSSD_BASE = (
    62, 58, 65, 70, 60, 55, 66, 63, 59, 61, 68, 64, 57, 62, 60, 66, 71, 58, 63, 61, 65, 59, 64, 62, 60, 67, 56, 63,
)  # fmt: skip


@pytest.fixture
def driver() -> Iterator[Driver]:
    with Driver() as opened:
        yield opened


# sleep


def test_gv_18_efficiency_is_asleep_by_time_in_bed(driver: Driver) -> None:
    driver.ingest([night(0, 402, in_bed_min=455)])
    (fact,) = driver.query("select * from sleep_fact")
    (athlete,) = driver.query("select * from athlete_day")
    assert fact["efficiency"] == athlete["sleep_efficiency"] == pytest.approx(0.883516, abs=5e-7)
    assert (fact["in_bed_minutes"], fact["asleep_minutes"], athlete["sleep_minutes"]) == (455, 402, 402)


def test_gv_18_debt_is_scaled_to_the_known_nights(driver: Driver) -> None:
    hours = (7.5, 6, 8.25, 5.5, 7, 6.75, 8, 7.25, None, 6.5, 7, 5, 8.5, 7.75)
    driver.ingest([night(n, h * 60, hours=9) for n, h in enumerate(hours) if h])
    assert recovery(driver, 13)["sleep_debt_h"] == pytest.approx(14.0)
    assert indicator(driver, 13, "sleep_debt_14d_h") == ("OK", pytest.approx(14.0), 13)
    assert recovery(driver, 9)["sleep_debt_h"] is None  # nine nights are too few
    assert indicator(driver, 9, "sleep_debt_14d_h") == ("INSUFFICIENT", None, 9)


@pytest.mark.parametrize(
    ("profile", "debt_h"),
    [({}, 14), ({"birth_year": 2010}, 28), ({"birth_year": 1990}, 14), ({"birth_year": 2010, "sleep_need_h": 7.5}, 7)],
)
def test_the_need_is_the_athletes_own_else_nine_hours_for_teenagers(
    driver: Driver, profile: dict[str, float], debt_h: float
) -> None:
    driver.ingest([night(n, 420) for n in range(14)])
    driver.ingest([reading("athlete", "profile", "coach", timezone=ZONE, **profile)])
    assert recovery(driver, 13)["sleep_debt_h"] == pytest.approx(debt_h)


def test_gv_20_midpoints_are_told_by_the_clock_also_around_midnight(driver: Driver) -> None:
    midpoints = (180, 210, 270, 165, 195, 300, 180)
    ends = [f"{(m + 240) // 60:02d}:{(m + 240) % 60:02d}" for m in (*midpoints, -10, 10)]
    driver.ingest([night(n, 400, until=end) for n, end in enumerate(ends)])
    assert values(driver, "sleep_midpoint_min") == [*midpoints, 1430, 10]


def test_summer_time_moves_the_clock_but_not_the_length_of_a_night(driver: Driver) -> None:
    start, end = "2026-10-24T23:00:00", "2026-10-25T07:00:00"  # the clock went back at 2: nine hours
    driver.ingest([reading("sleep", "long", start=start, end=end, timezone=ZONE, asleep_min=480)])
    (row,) = driver.query("select * from sleep_fact")
    assert (row["in_bed_minutes"], row["efficiency"], row["night"]) == (
        540,
        pytest.approx(480 / 540),
        date(2026, 10, 25),
    )
    (found,) = driver.query("select sleep_midpoint_min from recovery_day")
    assert found["sleep_midpoint_min"] == 150  # 4.5 hours before seven by the clock of the morning


def test_one_night_handed_out_twice_or_growing_counts_once(driver: Driver) -> None:
    driver.ingest([night(0, 400), night(0, 400, name="again")])
    driver.ingest([night(1, 200, until="03:00", hours=4), night(1, 420, name="grown")])
    assert values(driver, "sleep_minutes") == [400, 420]
    facts = driver.query("select asleep_minutes, overlapping_documents from sleep_fact order by night")
    assert facts == [
        {"asleep_minutes": 400, "overlapping_documents": 1}, {"asleep_minutes": 420, "overlapping_documents": 1},
    ]  # fmt: skip


def test_a_night_without_minutes_asleep_never_hides_one_that_has_them(driver: Driver) -> None:
    driver.ingest([night(0, 400), night(0, None, name="longer", hours=8.5)])
    assert recovery(driver, 0)["sleep_minutes"] == 400


def test_naps_are_added_and_leave_the_night_its_efficiency(driver: Driver) -> None:
    driver.ingest([night(0, 400, hours=8), night(0, 30, until="15:00", hours=0.75, nap=True, name="nap")])
    row = recovery(driver, 0)
    assert (row["sleep_minutes"], row["sleep_efficiency"]) == (430, pytest.approx(400 / 480))


def test_a_nap_alone_is_no_night(driver: Driver) -> None:
    driver.ingest([night(0, 400), night(1, 30, until="15:00", hours=0.75, nap=True)])
    assert values(driver, "sleep_minutes") == [400, None]


def test_a_night_that_grows_past_midnight_leaves_the_day_before(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in (0, 1, 2, 3, 4, 7, 8, 9)])
    driver.ingest([night(5, 200, until="23:50", hours=4, name="part")])
    driver.ingest([night(6, 210, until="00:20", hours=4.5, name="whole")])
    assert values(driver, "sleep_minutes") == [420] * 5 + [None, 210] + [420] * 3
    assert driver.service.check() == []
    driver.ingest([{"kind": "delete", "athlete": "ana", "source": "band", "document": "sleep6whole"}])
    assert values(driver, "sleep_minutes") == [420] * 5 + [200, None] + [420] * 3
    assert driver.service.check() == []


def test_a_record_of_two_days_folds_the_nights_in_it_whatever_their_days(driver: Driver) -> None:
    driver.ingest([night(n, 420) for n in range(4)])
    driver.ingest([night(3, 500, until="23:00", hours=47, name="stuck")])
    assert values(driver, "sleep_minutes") == [420, 420, None, 500]
    assert driver.service.check() == []


# resting heart rate


def test_gv_21_resting_heart_rate_five_beats_above(driver: Driver) -> None:
    base = [resting(n, bpm) for n, bpm in enumerate((*RHR_BASE, 52))]
    driver.ingest([*base, *(resting(17 + n, bpm) for n, bpm in enumerate((57, 58, 56, 59, 57)))])
    row = recovery(driver, 21)  # days 8 to 35 end with day 14
    assert (row["resting_hr_n_28d"], row["resting_hr_n_7d"]) == (15, 5)
    assert (row["resting_hr_median_28d_bpm"], row["resting_hr_deviation_bpm"]) == (52, 5)
    assert row["resting_hr_z"] == pytest.approx(5 / 1.4826)
    assert indicator(driver, 21, "resting_hr_deviation_bpm") == ("OK", 5, 5)


def test_thirteen_days_are_no_baseline_and_say_so(driver: Driver) -> None:
    base = [resting(n, bpm) for n, bpm in enumerate(RHR_BASE[:13])]
    driver.ingest([*base, *(resting(17 + n, 60) for n in range(3))])
    assert recovery(driver, 19)["resting_hr_deviation_bpm"] is None
    assert indicator(driver, 19, "resting_hr_deviation_bpm")[:2] == ("INSUFFICIENT", None)


def test_values_beyond_bounds_stay_facts_and_enter_no_day_and_no_baseline(driver: Driver) -> None:
    driver.ingest([resting(0, 22), resting(1, 130), resting(2, 50), hrv(2, 2), hrv(3, 310), resting(9, 51)])
    driver.ingest([night(2, 970, hours=17), resting(4, 22, name="low"), resting(4, 54)])
    facts = driver.query("select resting_hr_bpm from resting_heart_rate_fact order by local_day, resting_hr_bpm")
    assert [row["resting_hr_bpm"] for row in facts] == [22, 130, 50, 22, 54, 51]
    assert [row["value_ms"] for row in driver.query("select value_ms from hrv_fact order by local_day")] == [2, 310]
    assert [row["asleep_minutes"] for row in driver.query("select * from sleep_fact")] == [970]
    shown = driver.query("select local_day, resting_hr_bpm, sleep_minutes, rmssd_ms from athlete_day order by all")
    assert {row["local_day"]: row["resting_hr_bpm"] for row in shown if row["resting_hr_bpm"]} == {
        day(2): 50, day(4): 54, day(9): 51,
    }  # fmt: skip
    assert {row["sleep_minutes"] for row in shown} | {row["rmssd_ms"] for row in shown} == {None}
    assert recovery(driver, 9)["resting_hr_n_28d"] == 1


# heart rate variability


def test_gv_22_rmssd_below_its_usual_range(driver: Driver) -> None:
    week = {28: 55, 30: 52, 31: 58, 32: 50, 34: 54}
    driver.ingest([hrv(n, value) for n, value in [*enumerate(RMSSD_BASE), *week.items()]])
    row = recovery(driver, 34)
    assert (row["hrv_signal"], row["hrv_n_60d"], row["hrv_n_7d"]) == ("rmssd_overnight", 28, 5)
    assert row["ln_hrv_mean_60d"] == pytest.approx(4.13030, abs=5e-6)
    assert row["ln_hrv_sd_60d"] == pytest.approx(0.06434, abs=5e-6)
    assert row["ln_hrv_7d"] == pytest.approx(3.98401, abs=5e-6)
    assert row["ln_hrv_cv_7d"] == pytest.approx(1.412, abs=5e-4)
    assert row["hrv_z"] == pytest.approx(-2.274, abs=5e-4)
    assert row["hrv_state"] == "BELOW"
    assert indicator(driver, 34, "hrv_z") == ("OK", pytest.approx(-2.274, abs=5e-4), 5)
    (athlete,) = driver.query(f"select rmssd_ms from athlete_day where local_day = date '{day(34)}'")
    assert athlete["rmssd_ms"] == pytest.approx(54)


def test_an_outlier_is_counted_but_is_no_part_of_the_baseline(driver: Driver) -> None:
    driver.ingest([hrv(n, value) for n, value in enumerate((60, 62) * 12)] + [hrv(24, 200), hrv(31, 61)])
    row = recovery(driver, 31)
    assert row["hrv_n_60d"] == 25
    assert row["ln_hrv_mean_60d"] == pytest.approx((math.log(60) + math.log(62)) / 2)


def test_equal_values_are_within_a_range_without_width(driver: Driver) -> None:
    driver.ingest([hrv(n, 61) for n in range(35)])
    row = recovery(driver, 34)
    assert (row["ln_hrv_sd_60d"], row["hrv_state"], row["hrv_z"], row["ln_hrv_cv_7d"]) == (0, "WITHIN", None, 0)


def test_sdnn_is_never_mixed_with_rmssd(driver: Driver) -> None:
    driver.ingest([hrv(n, 60 + n % 3) for n in range(35)] + [hrv(n, 120, statistic="sdnn") for n in range(35)])
    row = recovery(driver, 34)
    assert (row["hrv_signal"], row["hrv_n_60d"]) == ("rmssd_overnight", 28)
    assert row["ln_hrv_mean_60d"] < math.log(62)
    assert row["hrv_ms"] == pytest.approx(61)


def test_a_device_that_gives_only_sdnn_gives_no_rmssd(driver: Driver) -> None:
    driver.ingest([hrv(n, 100 + n % 3, statistic="sdnn") for n in range(35)])
    row = recovery(driver, 34)
    assert (row["hrv_signal"], row["hrv_state"]) == ("sdnn_overnight", "WITHIN")
    assert driver.query("select rmssd_ms from athlete_day where rmssd_ms is not null") == []
    assert driver.query("select 1 from indicator where metric = 'rmssd_ms'") == []


def test_overnight_and_morning_have_baselines_of_their_own_and_exercise_has_none(driver: Driver) -> None:
    driver.ingest([hrv(n, 60) for n in range(35)])
    driver.ingest([hrv(n, 90, context=context) for n in range(35) for context in ("morning", "exercise")])
    assert recovery(driver, 34)["ln_hrv_mean_60d"] == pytest.approx(math.log(60))
    signals = driver.query("select distinct signal from mart.signal_day order by signal")
    assert [row["signal"] for row in signals] == ["ln_rmssd_morning", "ln_rmssd_overnight"]


# questionnaires


def test_gv_25_hooper_is_worst_at_seven(driver: Driver) -> None:
    row = against_usual(driver, "hooper", 4, {"sleep": 3, "fatigue": 5, "stress": 4, "soreness": 5})
    (total,) = driver.query(f"select sum(answer) as hooper from checkin_fact where local_day = date '{day(16)}'")
    assert total["hooper"] == 17
    assert [row[z] for z in ("sleep_quality_z", "fatigue_z", "stress_z", "soreness_z")] == pytest.approx([1, -1, 0, -1])
    assert row["mood_z"] is None
    assert row["subjective_z"] == pytest.approx((0.458333 - 0.5) * 6, abs=5e-6)  # one point is a sixth
    assert (row["wellness_instrument"], row["wellness_items"]) == ("hooper", 4)


def test_gv_25_mclean_is_best_at_five(driver: Driver) -> None:
    answers = {"fatigue": 2, "sleep_quality": 3, "soreness": 2, "stress": 3, "mood": 2}
    row = against_usual(driver, "mclean", 3, answers)
    (total,) = driver.query(f"select sum(answer) as mclean from checkin_fact where local_day = date '{day(16)}'")
    assert total["mclean"] == 12
    found = [row[z] for z in ("fatigue_z", "sleep_quality_z", "soreness_z", "stress_z", "mood_z")]
    assert found == pytest.approx([-1, 0, -1, 0, -1])
    assert row["subjective_z"] == pytest.approx((0.35 - 0.5) * 4)


def test_the_plain_scale_has_its_worst_at_ten_for_fatigue_stress_and_soreness(driver: Driver) -> None:
    row = against_usual(
        driver, "plain", 5, dict.fromkeys(("sleep_quality", "fatigue", "stress", "soreness", "mood"), 7)
    )
    found = [row[z] for z in ("sleep_quality_z", "mood_z", "fatigue_z", "stress_z", "soreness_z")]
    assert found == pytest.approx([2, 2, -2, -2, -2])


def test_two_items_are_no_subjective_z_and_instruments_are_never_mixed(driver: Driver) -> None:
    row = against_usual(driver, "hooper", 4, {"sleep": 3, "fatigue": 5})
    assert (row["subjective_z"], row["fatigue_z"]) == (None, pytest.approx(-1))
    driver.ingest([checkin(17, "mclean", fatigue=1)])
    assert recovery(driver, 17)["wellness_n_28d"] == 10  # still those of the hooper index


def test_the_last_answer_of_a_day_counts(driver: Driver) -> None:
    driver.ingest([checkin(n, "hooper", sleep=4, fatigue=4, stress=4) for n in range(10)])
    events = [checkin(n, "hooper", sleep=4, fatigue=4, stress=4) for n in range(14, 17)]
    evening = [
        {**event, "document": f"late{n}", "checked_at": f"{day(14 + n)}T20:00:00", "items": {"fatigue": 6}}
        for n, event in enumerate(events)
    ]
    driver.ingest([*evening, *events])
    row = recovery(driver, 16)
    assert (row["fatigue_z"], row["stress_z"]) == (pytest.approx(-2), 0)


def test_answers_that_never_vary_are_degraded_from_the_fourteenth_on(driver: Driver) -> None:
    """M30: counted in reports, not days; one that differs begins anew, and after 13 days of silence nothing is said."""
    asked = [n for n in range(1, 28) if n % 7] + [30, 60]
    driver.ingest([checkin(n, "hooper", sleep=2, fatigue=6 if n == 10 else 5, stress=3, soreness=4) for n in asked])
    same = {n: recovery(driver, n)["wellness_same_answers"] for n in (1, 2, 6, 7, 9, 10, 11, 25, 26, 30, 43, 44, 60)}
    assert same == {1: 1, 2: 2, 6: 6, 7: 6, 9: 8, 10: 1, 11: 1, 25: 13, 26: 14, 30: 16, 43: 16, 44: None, 60: 17}
    for n, status in ((25, "OK"), (26, "DEGRADED"), (30, "DEGRADED"), (38, "STALE")):
        found = driver.query(
            f"select distinct status from indicator where metric_id = 'M30' and local_day = date '{day(n)}'"
        )
        assert [row["status"] for row in found] == [status], n
    driver.ingest([checkin(20, "hooper", sleep=2, fatigue=5, stress=3, soreness=3)])  # corrected afterwards
    assert recovery(driver, 26)["wellness_same_answers"] == 5


# documents that overlap


@pytest.mark.parametrize(
    ("nights", "minutes"),
    [
        # by less than half: 22:00 to 04:00 and 01:30 to 07:00 share two and a half hours
        ([night(0, 340, until="04:00", hours=6), night(0, 310, until="07:00", hours=5.5, name="b")], 500),
        # a nap that begins before the night ends
        ([night(0, 420, until="06:30"), night(0, 200, until="08:30", hours=3.5, name="b", nap=True)], 530),
        # by more than half: what the lesser one has beyond the greater one is not lost
        ([night(0, 420, until="06:30", hours=7.5), night(0, 300, until="07:30", hours=5, name="b")], 480),
        # handed out growing, and apart
        ([night(0, 300, until="04:30", hours=5.5), night(0, 420, until="07:00", name="b")], 420),
        ([night(0, 400, until="06:30"), night(0, 60, until="15:00", hours=1, name="b", nap=True)], 460),
    ],
)
def test_no_minute_asleep_counts_twice(driver: Driver, nights: list[dict[str, object]], minutes: float) -> None:
    driver.ingest(nights)
    (athlete,) = driver.query(f"select sleep_minutes from athlete_day where local_day = date '{day(0)}'")
    assert athlete["sleep_minutes"] == pytest.approx(minutes)
    assert driver.problems() == []


def test_an_early_piece_on_the_evening_before_adds_nothing_to_its_own_day(driver: Driver) -> None:
    """The growing night was first handed out before midnight; its minutes are those of the day of waking."""
    driver.ingest([night(0, 430), night(0, 100, until="23:50", hours=1.75, name="b"), night(1, 410, hours=9)])
    assert [row["sleep_minutes"] for row in driver.query("select sleep_minutes from athlete_day")] == [430, 410]
    assert driver.problems() == []


def test_what_no_body_can_have_is_kept_and_warned_of(driver: Driver) -> None:
    answer = driver.ingest([hrv(0, 0.06), resting(0, 20), hrv(1, 60)])
    assert [len(item.warnings) for item in answer.results] == [1, 1, 0]
    assert "outside 3 to 300 ms" in answer.results[0].warnings[0]
    rows = driver.query("select value_ms, status from hrv_fact order by value_ms")
    assert rows == [{"value_ms": 0.06, "status": "INSUFFICIENT"}, {"value_ms": 60.0, "status": "OK"}]
    assert driver.problems() == []
