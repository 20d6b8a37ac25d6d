"""What is measured and asked in the morning: nights, RMSSD, resting heart rate, answers, body mass.

Each follows from the latent state, plus noise that carries over from day to day (first-order autoregressive), plus
what the story does to it. Sizes: a night of an overreached athlete is 8 % shorter and 1.6 points less efficient
(Hausswirth 2014, doi 10.1249/MSS.0000000000000177); resting heart rate rises by a beat or two, within the noise of
single days (Bosquet 2008, doi 10.1136/bjsm.2007.042200), and by several in illness; ln RMSSD moves in either
direction (Le Meur 2013, doi 10.1249/MSS.0b013e3182980125); answers follow training and fatigue more closely than any
of these (Saw 2016, doi 10.1136/bjsports-2015-094758; Gastin 2013, doi 10.1519/JSC.0b013e31827fd600). How much noise
carries over is a choice, 0.2 to 0.5: real nights are known to be alike from day to day, by how much differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, sqrt

import numpy as np

from pipeline.synthetic.course import Course, inside
from pipeline.synthetic.latent import State, tiredness_today
from pipeline.synthetic.traits import Answering, Resting, Traits

MORNINGS = 2  # stream of chance of one seed
ITEMS = {
    "hooper": ("sleep", "fatigue", "stress", "soreness"),
    "mclean": ("fatigue", "sleep_quality", "soreness", "stress", "mood"),
}
SCALES = {"hooper": (7, 1), "mclean": (1, 5)}  # the worst answer and the best
NEW_DEVICE = {"ln_rmssd": 0.20, "rhr_bpm": -2.5, "sleep_h": 0.25}  # how the second device reads beside the first
EARLIEST_BED_H, AFTER_TRAINING_H = 20.5, 2.75  # nobody is in bed before, or sooner after a visit has begun
ASLEEP_H, RMSSD_MS, RHR_BPM = (0.5, 12.0), (8.0, 250.0), (36.0, 110.0)


@dataclass(slots=True)
class Morning:
    """One morning as it was recorded; None where nothing was. Hours are local, after midnight of the day."""

    woke_h: float
    asleep_h: float | None = None
    in_bed_h: float | None = None
    rmssd_ms: float | None = None
    rhr_bpm: float | None = None
    second_device: bool = False
    answers: dict[str, int] = field(default_factory=dict)
    answered_h: float = 0.0
    body_mass_kg: float | None = None


class _Noise:
    """Standard normal series that carry over from day to day, one per name."""

    def __init__(self, random: np.random.Generator, days: int) -> None:
        self._random, self._days = random, days

    def series(self, carried: float) -> list[float]:
        """``carried``: correlation of one day with the next."""
        fresh = self._random.normal(size=self._days)
        out = [float(fresh[0])]
        for value in fresh[1:]:
            out.append(carried * out[-1] + sqrt(1 - carried**2) * float(value))
        return out


def mornings(traits: Traits, states: Sequence[State], course: Course, seed: int, weekday: int) -> list[Morning]:
    """The morning of every day; ``weekday`` of day 0, 0 Monday."""
    random = np.random.default_rng([seed, MORNINGS])
    noise = _Noise(random, course.days)
    length, efficient, late = noise.series(0.2), noise.series(0.3), noise.series(0.2)
    hrv, heart = noise.series(0.4), noise.series(0.45)
    asked = {item: noise.series(0.3) for item in ITEMS[traits.answering.instrument]}
    mass = noise.series(0.7)
    chances = random.random((course.days, 6))
    out = []
    for day, state in enumerate(states):
        worn, opened, weighed, spiked, which, moment = (float(one) for one in chances[day])
        free = (weekday + day) % 7 >= 5
        latest = traits.lifting.start_hour - 0.75
        woke = min(latest, traits.resting.wakes_h + 0.5 * free + traits.resting.wakes_sd_h * late[day])
        morning = Morning(woke_h=woke, second_device=_is_second(course, day))
        asleep = _asleep(traits.resting, state, course.jet_lag[day], length[day], free)
        if traits.device != "none" and worn < traits.wears and not inside(day, course.without_nights):
            if not course.moved(day):
                share = _efficiency(traits.resting, state, course.jet_lag[day], efficient[day])
                longest = woke + 24 - max(EARLIEST_BED_H, traits.lifting.start_hour + AFTER_TRAINING_H)
                morning.in_bed_h = min(longest, _within(asleep, ASLEEP_H) / share)
                morning.asleep_h = morning.in_bed_h * share
                if traits.device == "ring":
                    morning.rmssd_ms = _rmssd(traits.resting, state, hrv[day])
            morning.rhr_bpm = _heart_rate(traits.resting, state, heart[day])
            if morning.second_device:
                _read_anew(morning)
            if spiked < course.spikes:
                _spike(morning, which)
        if opened < traits.answering.answers and not inside(day, course.without_checkins):
            rested = (asleep - traits.resting.sleep_h) / traits.resting.sleep_sd_h
            drawn = {item: series[day] for item, series in asked.items()}
            morning.answers = _answers(traits.answering, state, rested, drawn, course.same_answers)
            morning.answered_h = woke + 0.15 + 0.5 * moment
        if weighed < traits.weighs:
            morning.body_mass_kg = round(traits.body_mass_kg + 0.45 * mass[day], 1)
        out.append(morning)
    return out


def _is_second(course: Course, day: int) -> bool:
    return course.new_device_on is not None and day >= course.new_device_on


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(limits[1], max(limits[0], value))


def _asleep(resting: Resting, state: State, jet_lag: float, noise: float, free: bool) -> float:
    """Hours asleep."""
    usual = resting.sleep_h + (0.35 if free else -0.14)
    return usual + resting.sleep_sd_h * noise + 0.22 * state.wellbeing - 0.2 * max(0.0, state.stress) - 0.9 * jet_lag


def _efficiency(resting: Resting, state: State, jet_lag: float, noise: float) -> float:
    """Asleep / in bed."""
    lost = 0.006 * min(0.0, state.wellbeing) - 0.010 * max(0.0, state.stress) - 0.03 * jet_lag
    return _within(resting.efficiency + resting.efficiency_sd * noise + lost, (0.55, 0.98))


def _rmssd(resting: Resting, state: State, noise: float) -> float:
    moved = noise - resting.hrv_answers * state.wellbeing - 0.25 * tiredness_today(state) - 1.5 * state.illness
    return _within(exp(resting.ln_rmssd + resting.ln_rmssd_sd * moved), RMSSD_MS)


def _heart_rate(resting: Resting, state: State, noise: float) -> float:
    raised = -0.5 * state.wellbeing + 0.4 * tiredness_today(state) + 6.0 * state.illness
    return _within(resting.rhr_bpm + resting.rhr_sd_bpm * noise + raised, RHR_BPM)


def _read_anew(morning: Morning) -> None:
    if morning.asleep_h is not None and morning.in_bed_h is not None:
        morning.asleep_h = _within(morning.asleep_h + NEW_DEVICE["sleep_h"], (ASLEEP_H[0], morning.in_bed_h))
    if morning.rmssd_ms is not None:
        morning.rmssd_ms = _within(morning.rmssd_ms * exp(NEW_DEVICE["ln_rmssd"]), RMSSD_MS)
    if morning.rhr_bpm is not None:
        morning.rhr_bpm += NEW_DEVICE["rhr_bpm"]


def _spike(morning: Morning, which: float) -> None:
    """One reading of the night is nonsense, as when the ring sat badly."""
    if which < 0.4 and morning.rmssd_ms is not None:
        morning.rmssd_ms = _within(morning.rmssd_ms * 3.0, (0.0, 290.0))
    elif which < 0.7 and morning.rhr_bpm is not None:
        morning.rhr_bpm += 25.0
    elif morning.asleep_h is not None and morning.in_bed_h is not None:
        morning.asleep_h *= 0.35
        morning.in_bed_h *= 0.4


def _answers(answering: Answering, state: State, rested: float, noise: dict[str, float], same: bool) -> dict[str, int]:
    """Answers on the instrument's own scale. ``rested``: the night against usual nights, in their SD."""
    tired = tiredness_today(state)
    felt = {
        "fatigue": state.wellbeing - 0.35 * tired,
        "sleep": 0.35 * state.wellbeing + 0.4 * rested,
        "sleep_quality": 0.35 * state.wellbeing + 0.4 * rested,
        "stress": 0.35 * state.wellbeing - 0.6 * state.stress,
        "mood": 0.6 * state.wellbeing - 0.35 * state.stress,
        "soreness": 0.5 * state.wellbeing - 0.6 * tired,
    }
    worst, best = SCALES[answering.instrument]
    out = {}
    for item, series in noise.items():
        moved = 0.0 if same else felt[item] + answering.noise * series
        level = _within(answering.usual + answering.spread * moved, (0.0, 1.0))
        out[item] = round(worst + (best - worst) * level)
    return out
