"""Synthetic athletes: the latent state behaves as it is said to, and labels say what it was."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from math import exp
from statistics import fmean

import numpy as np
import pytest

from pipeline.errors import UsageError
from pipeline.synthetic import Athlete, label_of, live_through
from pipeline.synthetic.latent import OVERREACHED_AT, Nature, State, disturbed, is_overreached, next_morning
from pipeline.synthetic.stories import NAMES, STORIES, crowd
from pipeline.synthetic.truth import came_back, stretches, usual_form

WEEKS = 20
SEEDS = range(1, 6)
OVERLOADED = (
    "functional_overreaching",
    "accumulated_fatigue",
    "non_functional_failed_deload",
    "non_functional_no_deload",
)
NEVER_OVERREACHED = tuple(name for name in NAMES if name not in OVERLOADED)


@cache
def athlete(scenario: str, seed: int) -> Athlete:
    return live_through("a", scenario, seed=seed, weeks=WEEKS)


def weekly_work(one: Athlete, day: int) -> float:
    """Mean dose of the seven days from ``day``."""
    return fmean(single.dose for single in one.days[day : day + 7])


def test_without_training_slow_fatigue_falls_to_a_third_in_nine_days() -> None:
    state = State(fitness=0.2, fast=0.05, slow=0.06)
    for _ in range(9):
        state = next_morning(state, Nature(), 0.0, sessions_a_week=4)
    assert state.slow == pytest.approx(0.06 * exp(-1))
    assert state.fast < 0.001
    assert state.fitness == pytest.approx(0.2 * exp(-9 / 50))


def test_training_as_usual_keeps_fatigue_where_it_is() -> None:
    state = State(fitness=0.2, fast=0.0, slow=0.03)
    for day in range(140):
        state = next_morning(state, Nature(), 1.75 if day % 7 in {0, 1, 3, 4} else 0.0, sessions_a_week=4)
    assert 0.02 < state.slow < 0.04
    assert state.wear == 0
    assert state.fitness > 0.2


def test_the_same_session_tires_more_after_hard_weeks_and_for_the_sensitive() -> None:
    def added(recent: float, sensitivity: float) -> float:
        state = State(fitness=0.2, fast=0.0, slow=0.0, recent=recent)
        return next_morning(state, Nature(sensitivity=sensitivity), 1.75, sessions_a_week=4).slow

    assert added(1.0, 1.5) == added(0.5, 1.5) == added(2.0, 0.0)
    assert added(2.0, 1.5) == pytest.approx(2.5 * added(1.0, 1.5))


def test_wear_makes_fatigue_stay() -> None:
    def left(wear: float) -> float:
        state = State(fitness=0.2, fast=0.0, slow=0.12, wear=wear)
        for _ in range(7):
            state = next_morning(state, Nature(), 0.4, sessions_a_week=4)
        return state.slow

    assert left(0.0) < OVERREACHED_AT < left(1.0)


def test_stress_and_illness_reach_wellbeing_and_only_illness_strength() -> None:
    usual = State(fitness=0.2, fast=0.02, slow=0.03)
    stressed = disturbed(usual, Nature(), illness=0.0, stress=2.0, noise=0.0)
    ill = disturbed(usual, Nature(), illness=1.0, stress=0.0, noise=0.0)
    assert stressed.form == usual.form > ill.form
    assert stressed.wellbeing < 0 > ill.wellbeing


def test_the_threshold_is_that_of_slow_fatigue_alone() -> None:
    at = State(fitness=0.2, fast=0.5, slow=OVERREACHED_AT, wear=3, illness=1, wellbeing=-5)
    assert not is_overreached(at)
    assert is_overreached(replace(at, slow=OVERREACHED_AT + 1e-9, fast=0, wear=0, illness=0, wellbeing=0))


@pytest.mark.parametrize("scenario", ["healthy", "healthy_noisy", "all_sets_to_failure_habit", "unlogged_effort"])
def test_a_healthy_athlete_does_not_get_weaker(scenario: str) -> None:
    for seed in range(1, 13):
        forms = athlete(scenario, seed).forms
        assert fmean(forms[-28:]) > 0.995 * fmean(forms[:28]), seed


@pytest.mark.parametrize("scenario", OVERLOADED)
@pytest.mark.parametrize("seed", SEEDS)
def test_overload_costs_five_to_fifteen_percent_of_strength(scenario: str, seed: int) -> None:
    one = athlete(scenario, seed)
    label = label_of(one)
    assert 0.05 <= label.strength_loss <= 0.15
    assert label.overreached
    assert label.onset_day
    assert label.story_from <= label.onset_day <= label.story_to
    least = {"functional_overreaching": 1, "accumulated_fatigue": 21}.get(scenario, 42)
    onset, end = date.fromisoformat(label.onset_day), date.fromisoformat(str(label.end_day))
    assert (end - onset).days + 1 >= least
    assert label.overreached_days >= least


@pytest.mark.parametrize("seed", SEEDS)
def test_a_light_week_undoes_functional_overreaching_and_not_the_other_kind(seed: int) -> None:
    for scenario in ("functional_overreaching", "accumulated_fatigue"):
        assert label_of(athlete(scenario, seed)).deload_failed is False
    failed = label_of(athlete("non_functional_failed_deload", seed))
    assert failed.deload_failed is True
    assert failed.onset_day
    assert failed.deload_from
    assert failed.onset_day < failed.deload_from < str(failed.deload_to) < str(failed.end_day)
    never = label_of(athlete("non_functional_no_deload", seed))
    assert (never.deload_given, never.deload_failed) == (False, None)
    good = label_of(athlete("good_deload", seed))
    assert (good.overreached, good.deload_failed) == (False, False)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_failed_light_week_was_a_real_one(seed: int) -> None:
    one = athlete("non_functional_failed_deload", seed)
    assert one.course.deload
    first, last = one.course.deload
    assert last - first + 1 >= 7
    assert weekly_work(one, first) < 0.5 * weekly_work(one, first - 14)
    assert all(one.course.light[first : last + 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_light_week_hides_in_the_hard_months(seed: int) -> None:
    one = athlete("non_functional_no_deload", seed)
    first, last = one.course.span
    assert last - first + 1 >= 70
    assert not any(one.course.light[first : last + 1])


@pytest.mark.parametrize("scenario", OVERLOADED)
@pytest.mark.parametrize("seed", SEEDS)
def test_overload_comes_gradually(scenario: str, seed: int) -> None:
    one = athlete(scenario, seed)
    first = one.course.span[0]
    push = one.course.push[first - 1 : first + 15]
    assert max(later - earlier for earlier, later in pairwise(push)) < 0.075
    before = max(weekly_work(one, first - 7 * week) for week in (1, 2, 3))
    assert weekly_work(one, first) < 2 * before


@pytest.mark.parametrize("scenario", NEVER_OVERREACHED)
def test_no_other_story_is_overreached(scenario: str) -> None:
    for seed in range(1, 9):
        label = label_of(athlete(scenario, seed))
        assert (label.overreached, label.onset_day, label.end_day, label.overreached_days) == (False, None, None, 0)


def test_life_stress_and_travel_leave_strength_and_time_off_takes_some() -> None:
    for seed in SEEDS:
        assert label_of(athlete("life_stress_only", seed)).strength_loss < 0.02
        assert min(day.state.wellbeing for day in athlete("life_stress_only", seed).days) < -1
        assert label_of(athlete("travel", seed)).strength_loss < 0.02
        away = athlete("detraining", seed)
        first, last = away.course.span
        assert not any(day.visit for day in away.days[first : last + 1])
        assert away.forms[last] < away.forms[first + 6]


def test_illness_costs_strength_for_a_while() -> None:
    for seed in SEEDS:
        one = athlete("illness", seed)
        usual = usual_form(one.forms, one.course.span)
        assert min(one.forms) < 0.97 * usual
        assert max(one.forms[one.course.span[1] + 1 :][:14]) > 0.98 * usual


@pytest.mark.parametrize("scenario", NAMES)
def test_labels_lie_inside_the_months(scenario: str) -> None:
    for seed in SEEDS:
        label = label_of(athlete(scenario, seed))
        assert label.first_day <= label.story_from <= label.story_to <= label.last_day
        for day in (label.onset_day, label.end_day, label.deload_from, label.deload_to):
            assert day is None or label.first_day <= day <= label.last_day
        whole = (label.story_from, label.story_to) == (label.first_day, label.last_day)
        lead = (date.fromisoformat(label.story_from) - date.fromisoformat(label.first_day)).days
        assert whole or lead >= 49


def test_stretches_join_over_short_breaks() -> None:
    assert stretches([False, True, True, False, False, False, True, False]) == [(1, 6)]
    assert stretches([True, False, False, False, False, True]) == [(0, 0), (5, 5)]
    assert stretches([False]) == []


def test_coming_back_is_within_two_percent() -> None:
    hard, light = [1.0] * 28 + [0.9] * 10, (38, 44)
    assert came_back(hard + [0.98] * 20, (28, 44), light)
    assert not came_back(hard + [0.979] * 20, (28, 44), light)
    assert not came_back(hard + [0.9] * 14 + [1.0] * 20, (28, 44), light)  # too late to be the light week's


def test_athletes_differ() -> None:
    people = [athlete("healthy", seed).traits for seed in range(1, 13)]
    assert len({one.level for one in people}) == 3
    assert len({one.lifting.sessions for one in people}) >= 2
    assert len({one.device for one in people}) >= 2
    assert len({one.answering.answers for one in people}) >= 2
    assert len({one.lifting.logs_effort for one in people}) >= 2
    for seed in range(1, 13):
        assert 3 <= len(athlete("healthy", seed).week) <= 5
        assert all(4 <= len(workout.slots) <= 6 for workout in athlete("healthy", seed).week)


@pytest.mark.parametrize("count", [1, 7, 17, 100, 1000])
def test_a_crowd_has_each_scenario_by_its_share(count: int) -> None:
    found = crowd(np.random.default_rng(3), count)
    assert len(found) == count
    for story in STORIES:
        assert abs(found.count(story.name) - story.share * count) < 1
    assert sum(story.share for story in STORIES) == pytest.approx(1)


def test_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(UsageError) as error:
        live_through("a", "bad_mood", seed=1, weeks=26)
    assert "healthy_noisy" in error.value.do
    for weeks in (0, 19, 261):
        with pytest.raises(UsageError):
            live_through("a", "healthy", seed=1, weeks=weeks)


def test_it_knows_neither_rules_nor_models() -> None:
    """Nothing it loads, at any depth, computes what it is meant to put to the test."""
    code = (
        "import sys, pipeline.synthetic, pipeline.synthetic.write\n"
        "print(*sorted(n for n in sys.modules if n.split('.')[0] in {'pipeline', 'schemas', 'dashboards', 'duckdb'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pipeline.synthetic.latent" in loaded
    assert {name for name in loaded if not name.startswith("pipeline.synthetic")} == {"pipeline", "pipeline.errors"}
