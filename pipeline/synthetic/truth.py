"""What the states of some months amount to: how deep strength fell, for how long, whether it came back.

Read by labels, and by stories that must keep what their name says.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pipeline.synthetic.course import Span
from pipeline.synthetic.latent import State, is_overreached

REFERENCE_DAYS = 28
TREND_DAYS = 7
BACK_WITHIN = 0.02  # a light week has worked when strength is at most this share below the usual
RESTED_DAYS = 7  # counted to the end of the light days and so many after them
JOINED_DAYS = 3  # stretches of overreached days with shorter breaks between them are one


def overreached(states: Sequence[State]) -> list[Span]:
    """The stretches of days on which an athlete is overreached, in order."""
    return stretches([is_overreached(state) for state in states])


def usual_form(forms: list[float], span: Span) -> float:
    """Mean strength of the 28 days before a story; of the first 28 where it begins on day 0."""
    before = forms[max(0, span[0] - REFERENCE_DAYS) : span[0]]
    return fmean(before or forms[:REFERENCE_DAYS])


def deepest_loss(forms: list[float], span: Span) -> float:
    """The share of usual strength missing in the worst seven days that lie in the story, and after what is usual."""
    usual = usual_form(forms, span)
    first, last = span[0] or REFERENCE_DAYS, span[1]
    means = [fmean(forms[day - TREND_DAYS + 1 : day + 1]) for day in range(first + TREND_DAYS - 1, last + 1)]
    return 1 - min(means or [fmean(forms[first : last + 1])]) / usual


def stretches(above: list[bool]) -> list[Span]:
    """First and last day of each run of true days; runs with up to three other days between them are one."""
    out: list[Span] = []
    for day, is_above in enumerate(above):
        if is_above and out and day - out[-1][1] <= JOINED_DAYS + 1:
            out[-1] = (out[-1][0], day)
        elif is_above:
            out.append((day, day))
    return out


def came_back(forms: list[float], span: Span, deload: Span) -> bool:
    """Whether the mean strength of three days reached the usual less 2 %, at the latest a week after the light days."""
    last = min(len(forms) - 1, deload[1] + RESTED_DAYS)
    best = max(fmean(forms[day - 2 : day + 1]) for day in range(deload[0] + 2, last + 1))
    return best >= (1 - BACK_WITHIN) * usual_form(forms, span)
