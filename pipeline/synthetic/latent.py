"""What goes on inside a made-up athlete: fitness, two fatigues, illness and wellbeing, day by day.

An impulse-response model of our own, in the family of Banister 1975 (performance = fitness minus fatigue) with
what Busso 2003 (Med Sci Sports Exerc 35:1188) added: the same session tires more after weeks of hard
training. That such a system follows the strength of lifters over a year is shown by Busso 1990
(doi 10.1007/BF00236693). Fatigue has two parts, as recovery after lifting has: one gone in days (Refalo 2023,
doi 10.1186/s40798-023-00554-y: bar speed still 3 % down a day after, back after two), one that builds up over
weeks. What is added here is *wear*: it grows on each day on which slow fatigue stands above a threshold, and as
it grows slow fatigue leaves more slowly and training adds less. It makes the difference that Meeusen 2013
(doi 10.1249/MSS.0b013e318279a10a) draws between functional overreaching, which a light week undoes, and the
non-functional kind, which takes weeks to months.

All numbers below are choices, made so that the sizes agree with what has been measured: 9 % loss in functional
overreaching (Le Meur 2013, doi 10.1249/MSS.0b013e3182980125), strength back after one or two light weeks
(Bell 2025, doi 10.3390/jfmk10020227), hardly any loss in two weeks without training and more with
each week after (Bosquet 2013, doi 10.1111/sms.12047). Nothing here looks at what a pipeline computes from the
events: labels come from this state and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, tanh

USUAL_FITNESS = 0.22  # share of strength that training holds up when it goes on as usual
USUAL_SLOW = 0.03  # share of strength that slow fatigue takes away then
OVERREACHED_AT = 0.07  # more than this is overreached: four points of strength above the usual share

FITNESS_DAYS = 50.0
FAST_DAYS = 1.5
SLOW_DAYS = 9.0
WEAR_DAYS = 40.0
RECENT_DAYS = 12.0
WELLBEING_DAYS = 3.0

GAIN_POWER = 1 / 3  # twice the work does not give twice the gain
FAST_GAIN = 0.022
WEAR_GAIN = 0.05
WEAR_SLOWS = 2.0  # slow fatigue lasts longer by this times the wear
WEAR_BLUNTS = 0.25  # share of the gain in fitness that full wear takes away
FORM_LEAST = 0.3  # far beyond any story; keeps a search for the right amount of training within numbers
FELT_PER, WORST_FELT = 0.04, 3.0  # slow fatigue that costs one standard deviation of wellbeing; it ends at three
ILLNESS_COST = 0.07  # share of strength gone on the worst day of an illness

_SLOW_GAIN = USUAL_SLOW * (exp(1 / SLOW_DAYS) - 1)
_FITNESS_GAIN = USUAL_FITNESS * (exp(1 / FITNESS_DAYS) - 1)
_USUAL_FAST = FAST_GAIN / (exp(1 / FAST_DAYS) - 1)


@dataclass(frozen=True, slots=True)
class Nature:
    """How one athlete's body answers.

    ``sensitivity``: how much more a session tires when the last weeks were hard (0 not at all, 1.5 usual).
    ``feels``: how much of slow fatigue reaches wellbeing (1 usual). ``headroom``: strength still to be won, a share.
    """

    sensitivity: float = 1.5
    feels: float = 1.0
    headroom: float = 0.04


@dataclass(frozen=True, slots=True)
class State:
    """An athlete on the morning of a day; shares of strength unless said otherwise.

    ``fitness``, ``fast`` and ``slow`` make up strength. ``wear`` (0 none, 1 much) is what makes slow fatigue stay.
    ``recent`` is training of the last two weeks, usual = 1. ``illness`` and ``stress`` come from the story (0 none);
    ``wellbeing`` is in standard deviations of this athlete's usual days, 0 usual, below it worse.
    """

    fitness: float
    fast: float
    slow: float
    wear: float = 0.0
    recent: float = 1.0
    wellbeing: float = 0.0
    illness: float = 0.0
    stress: float = 0.0

    @property
    def form(self) -> float:
        """Strength today as a multiple of the athlete's untrained baseline."""
        return max(FORM_LEAST, 1.0 + self.fitness - self.fast - self.slow - ILLNESS_COST * self.illness)


def rested_start(nature: Nature) -> State:
    """The state of somebody who has trained as usual for months and may still gain ``headroom``."""
    return State(fitness=USUAL_FITNESS * 0.9 - nature.headroom, fast=_USUAL_FAST * 0.5, slow=USUAL_SLOW)


def is_overreached(state: State) -> bool:
    """Whether slow fatigue takes more than :data:`OVERREACHED_AT` of strength. Every label rests on this."""
    return state.slow > OVERREACHED_AT


def next_morning(state: State, nature: Nature, dose: float, *, sessions_a_week: int) -> State:
    """The state one night later.

    ``dose``: training of the day in units of the athlete's usual *average* day, so a usual week sums to 7 and a
    usual session is ``7 / sessions_a_week``; 0 on a day of rest. Illness and stress stay as they are: they are
    put in by :func:`disturbed`.
    """
    usual_session = 7 / sessions_a_week
    stimulus = usual_session * (dose / usual_session) ** GAIN_POWER
    blunted = 1 - WEAR_BLUNTS * min(1.0, state.wear)
    fitness = (state.fitness + _FITNESS_GAIN * blunted * stimulus) * exp(-1 / FITNESS_DAYS)
    fast = (state.fast + FAST_GAIN * dose) * exp(-1 / FAST_DAYS)
    tiring = 1 + nature.sensitivity * max(0.0, state.recent - 1)
    slow = (state.slow + _SLOW_GAIN * tiring * dose) * exp(-1 / (SLOW_DAYS * (1 + WEAR_SLOWS * state.wear)))
    above = min(1.0, max(0.0, state.slow - OVERREACHED_AT) / OVERREACHED_AT)
    wear = (state.wear + WEAR_GAIN * above) * exp(-1 / WEAR_DAYS)
    keep = exp(-1 / RECENT_DAYS)
    recent = state.recent * keep + dose * (1 - keep)
    return replace(state, fitness=fitness, fast=fast, slow=slow, wear=wear, recent=recent)


def disturbed(state: State, nature: Nature, *, illness: float, stress: float, noise: float) -> State:
    """The same morning with what life adds, and wellbeing on its way to where fatigue, illness and stress pull it.

    ``illness`` 0 to 1, ``stress`` in standard deviations of usual weeks, ``noise`` a draw with mean 0.
    """
    pulled = (
        -nature.feels * WORST_FELT * tanh((state.slow - USUAL_SLOW) / FELT_PER / WORST_FELT)
        - 0.25 * (state.fast - _USUAL_FAST) / _USUAL_FAST
        - 0.6 * stress
        - 2.0 * illness
    )
    wellbeing = state.wellbeing + (pulled - state.wellbeing) / WELLBEING_DAYS + noise
    return replace(state, illness=illness, stress=stress, wellbeing=wellbeing)


def tiredness_today(state: State) -> float:
    """Fast fatigue against its usual average: 0 usual, 1 twice as much, -1 none."""
    return state.fast / _USUAL_FAST - 1
