"""The truth about an athlete, in one line: what was planted, and when the latent state says overreached.

A label is worked out from the states of :mod:`pipeline.synthetic.latent` and the story's days alone. No event is
read for it, so it cannot depend on what is done with the events.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipeline.synthetic.athlete import Athlete
from pipeline.synthetic.latent import is_overreached
from pipeline.synthetic.truth import came_back, deepest_loss, overreached


@dataclass(frozen=True, slots=True)
class Label:
    """One line of ``labels.ndjson``. Days are dates (ISO 8601); both ends belong to a stretch; None: there is none.

    ``seed`` is the athlete's own and makes it again. ``story_from``, ``story_to``: the planted story; the whole time
    for habits. ``overreached``, ``onset_day``, ``end_day``: the longest stretch in which latent slow fatigue is above
    its threshold; ``overreached_days`` counts all such days. ``strength_loss``: the share of usual latent strength
    missing in the story's worst week. ``deload_from``, ``deload_to``: the story's own light week;
    ``deload_failed``: whether strength stayed more than 2 % below the usual in it and the week after it.
    ``declared``: what the athlete tells, light weeks included. The last four say what an observer can know at all.
    """

    athlete: str
    scenario: str
    seed: int
    weeks: int
    first_day: str
    last_day: str
    story_from: str
    story_to: str
    overreached: bool
    onset_day: str | None
    end_day: str | None
    overreached_days: int
    strength_loss: float
    deload_given: bool
    deload_from: str | None
    deload_to: str | None
    deload_failed: bool | None
    declared: list[str]
    sessions_a_week: int
    device: str
    answers_share: float
    effort_logged_share: float

    def as_json(self) -> dict[str, object]:
        """The label as a JSON object."""
        return asdict(self)


def label_of(athlete: Athlete) -> Label:
    """The label of a finished athlete."""
    course, forms = athlete.course, athlete.forms
    states = [day.state for day in athlete.days]
    longest = max(overreached(states), key=lambda span: span[1] - span[0], default=None)

    def date(day: int | None) -> str | None:
        return None if day is None else athlete.date_of(day).isoformat()

    return Label(
        athlete=athlete.name,
        scenario=athlete.scenario,
        seed=athlete.seed,
        weeks=course.days // 7,
        first_day=athlete.first_day.isoformat(),
        last_day=athlete.date_of(course.days - 1).isoformat(),
        story_from=athlete.date_of(course.span[0]).isoformat(),
        story_to=athlete.date_of(course.span[1]).isoformat(),
        overreached=longest is not None,
        onset_day=date(longest[0] if longest else None),
        end_day=date(longest[1] if longest else None),
        overreached_days=sum(map(is_overreached, states)),
        strength_loss=round(max(0.0, deepest_loss(forms, course.span)), 4),
        deload_given=course.deload is not None,
        deload_from=date(course.deload[0] if course.deload else None),
        deload_to=date(course.deload[1] if course.deload else None),
        deload_failed=None if course.deload is None else not came_back(forms, course.span, course.deload),
        declared=sorted({what for what, _ in course.declared}),
        sessions_a_week=len(athlete.week),
        device=athlete.traits.device,
        answers_share=athlete.traits.answering.answers,
        effort_logged_share=athlete.traits.lifting.logs_effort,
    )
