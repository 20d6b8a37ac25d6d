"""Who a made-up athlete is: what stays the same over the months, drawn once.

Spreads of readings within one person are from studies of athletes and wearers: total sleep time varies by 3 to 22 %
and efficiency by 2 to 11 % (Costa 2019, doi 10.1371/journal.pone.0218635; Costa 2021, doi 10.3389/fphys.2021.678462),
nocturnal ln RMSSD lies between 3.9 and 5.4 with a coefficient of variation of 2.8 to 9 % (Costa 2019), resting heart
rate stays near its mean for most people, and one in five has a week with 10 bpm between its days (Quer 2020,
doi 10.1371/journal.pone.0227709). One-repetition maxima repeat within 4 % (Grgic 2020,
doi 10.1186/s40798-020-00260-z); repetitions in reserve are called about one too few (Halperin 2022,
doi 10.1007/s40279-021-01559-x). Light weeks come every 5.6 (SD 2.3) weeks (Rogerson 2024,
doi 10.1186/s40798-024-00691-y). Where no figure is known (how many people own a device, how many answer every
morning), the numbers are choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.synthetic.latent import Nature

ZONES = ("Europe/Berlin", "Europe/London", "Europe/Madrid", "America/New_York", "America/Chicago", "Australia/Sydney")
FAR_AWAY = {"Europe": "America/Los_Angeles", "America": "Europe/Paris", "Australia": "Europe/London"}


@dataclass(frozen=True, slots=True)
class Lifting:
    """How somebody trains and writes it down.

    ``level_factor`` multiplies the average lifter's 1RM. ``rir``: repetitions meant to be left. ``by_feel``: ends a
    set when it feels like ``rir``, else does the planned repetitions. ``endurance``: repetitions that can be done per
    unit of -ln(load / 1RM). ``day_noise`` and ``lift_noise``: strength of one day and one exercise, SD as a share.
    ``rir_bias``, ``rir_noise``: error of the reserve as called, repetitions. ``logs_effort``: share of sets.
    """

    sessions: int
    exercises: int
    level_factor: float
    rir: float
    by_feel: bool
    endurance: float
    day_noise: float
    lift_noise: float
    rir_bias: float
    rir_noise: float
    logs_effort: float
    scale: str
    logs_outcome: bool
    warms_up: bool
    misses: float
    deload_every: int
    declares_deloads: bool
    start_hour: float


@dataclass(frozen=True, slots=True)
class Resting:
    """Nights and heart on usual days: means, and the SD of one day within the person.

    ``sleep_h`` hours asleep, ``efficiency`` asleep / in bed, ``wakes_h`` local hour of getting up, ``ln_rmssd`` ln ms,
    ``rhr_bpm``. ``hrv_answers``: change of ln RMSSD, in its own SD, per unit of lost wellbeing; either sign, since
    overreached athletes have been found with more and with less (Le Meur 2013).
    """

    sleep_h: float
    sleep_sd_h: float
    efficiency: float
    efficiency_sd: float
    wakes_h: float
    wakes_sd_h: float
    ln_rmssd: float
    ln_rmssd_sd: float
    hrv_answers: float
    rhr_bpm: float
    rhr_sd_bpm: float


@dataclass(frozen=True, slots=True)
class Answering:
    """How somebody fills in the morning's questions: ``usual`` and ``spread`` on a scale from 0 (worst) to 1 (best)."""

    instrument: str
    usual: float
    spread: float
    noise: float
    answers: float


@dataclass(frozen=True, slots=True)
class Traits:
    """Everything about a person that does not change.

    ``device``: none, watch (nights, heart rate) or ring (RMSSD too); ``wears``: share of nights it is worn.
    ``weighs``: share of mornings on the scale. ``away_zone``: where a journey leads.
    """

    level: str
    sex: str
    birth_year: int
    body_mass_kg: float
    weighs: float
    zone: str
    away_zone: str
    nature: Nature
    lifting: Lifting
    resting: Resting
    answering: Answering
    device: str
    wears: float


def draw(random: np.random.Generator) -> Traits:
    """A person out of ``random``."""
    level = _one(random, {"beginner": 0.25, "intermediate": 0.45, "advanced": 0.30})
    sex = _one(random, {"female": 0.4, "male": 0.6})
    zone = ZONES[int(random.integers(len(ZONES)))]
    room = {"beginner": 0.12, "intermediate": 0.05, "advanced": 0.02}[level]
    nature = Nature(
        sensitivity=_between(random, 1.2, 1.8),
        feels=_between(random, 0.5, 1.3),
        headroom=room * _between(random, 0.7, 1.3),
    )
    return Traits(
        level=level,
        sex=sex,
        birth_year=int(random.integers(1975, 2007)),
        body_mass_kg=round(_normal(random, 66.0 if sex == "female" else 82.0, 9.0, 45.0, 125.0), 1),
        weighs=float(random.choice([0.0, 1 / 7, 3 / 7])),
        zone=zone,
        away_zone=FAR_AWAY[zone.partition("/")[0]],
        nature=nature,
        lifting=_lifting(random, level, sex),
        resting=_resting(random),
        answering=Answering(
            instrument=_one(random, {"hooper": 0.5, "mclean": 0.5}),
            usual=_normal(random, 0.65, 0.08, 0.45, 0.85),
            spread=_between(random, 0.09, 0.17),
            noise=_between(random, 0.5, 0.9),
            answers=float(random.choice([0.0, 0.55, 0.8, 0.95], p=[0.08, 0.17, 0.35, 0.40])),
        ),
        device=_one(random, {"none": 0.15, "watch": 0.25, "ring": 0.60}),
        wears=_between(random, 0.85, 0.99),
    )


def _lifting(random: np.random.Generator, level: str, sex: str) -> Lifting:
    strong = {"beginner": 0.7, "intermediate": 1.0, "advanced": 1.3}[level] * (0.72 if sex == "female" else 1.0)
    few = {"beginner": 0.8, "intermediate": 0.4, "advanced": 0.2}[level]
    return Lifting(
        sessions=3 if random.random() < few else int(random.integers(4, 6)),
        exercises=int(random.integers(4, 7)),
        level_factor=strong * _between(random, 0.85, 1.15),
        rir=_between(random, 1.5, 3.0),
        by_feel=bool(random.random() < 0.5),
        endurance=_between(random, 34.0, 46.0),
        day_noise=_between(random, 0.010, 0.022),
        lift_noise=_between(random, 0.006, 0.014),
        rir_bias=_normal(random, -0.6, 0.4, -1.6, 0.6),
        rir_noise=_between(random, 0.4, 0.9),
        logs_effort=float(random.choice([0.97, 0.8, 0.5], p=[0.55, 0.3, 0.15])),
        scale=_one(random, {"rir": 0.65, "rpe": 0.35}),
        logs_outcome=bool(random.random() < 0.7),
        warms_up=bool(random.random() < 0.6),
        misses=_between(random, 0.0, 0.08),
        deload_every=int(random.integers(4, 9)),
        declares_deloads=bool(random.random() < 0.5),
        start_hour=float(random.choice([6.5, 12.0, 17.5, 19.0], p=[0.2, 0.1, 0.45, 0.25])),
    )


def _resting(random: np.random.Generator) -> Resting:
    sleep_h = _normal(random, 7.2, 0.5, 6.0, 8.6)
    ln_rmssd = _normal(random, 4.2, 0.32, 3.4, 5.0)
    return Resting(
        sleep_h=sleep_h,
        sleep_sd_h=sleep_h * _between(random, 0.07, 0.14),
        efficiency=_normal(random, 0.90, 0.02, 0.84, 0.95),
        efficiency_sd=_between(random, 0.018, 0.035),
        wakes_h=_normal(random, 7.0, 0.6, 5.5, 8.7),
        wakes_sd_h=_between(random, 0.25, 0.7),
        ln_rmssd=ln_rmssd,
        ln_rmssd_sd=ln_rmssd * _between(random, 0.028, 0.065),
        hrv_answers=_normal(random, -0.25, 0.25, -0.8, 0.4),
        rhr_bpm=_normal(random, 56.0, 6.0, 42.0, 72.0),
        rhr_sd_bpm=_between(random, 1.2, 2.4),
    )


def _one(random: np.random.Generator, shares: dict[str, float]) -> str:
    return str(random.choice(list(shares), p=list(shares.values())))


def _between(random: np.random.Generator, low: float, high: float) -> float:
    return float(random.uniform(low, high))


def _normal(random: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    return float(min(high, max(low, random.normal(mean, sd))))
