"""What happens to a made-up athlete on each day of the months: hard weeks, light weeks, illness, travel, faults."""

from __future__ import annotations

from dataclasses import dataclass, field

Span = tuple[int, int]  # first and last day, counted from 0; both belong to it


@dataclass(slots=True)
class Course:
    """One athlete's days, counted from 0. A story fills it in; everything else reads it.

    ``light`` and ``off``: days of reduced and of no training. ``push`` 0 to 1: how far training is above the usual.
    How much that is in sets and effort is looked for by :mod:`pipeline.synthetic.athlete`, so that strength falls by
    ``loss`` (a share) until day ``loss_by``, by default the end of the story, or so that slow fatigue rises to
    ``tired``, which a story takes that must stay below being overreached. ``illness`` 0 to 1, ``stress`` in standard
    deviations, ``jet_lag`` 0 to 1. ``span``: the story. ``deload``: its own light week. ``declared``: what the athlete
    tells, with its days. ``spikes``: share of nights with a nonsense reading. ``pounds_from``: first day in pounds.
    """

    days: int
    light: list[bool] = field(default_factory=list)
    off: list[bool] = field(default_factory=list)
    push: list[float] = field(default_factory=list)
    illness: list[float] = field(default_factory=list)
    stress: list[float] = field(default_factory=list)
    span: Span = (0, 0)
    loss: float | None = None
    loss_by: int | None = None
    tired: float | None = None
    deload: Span | None = None
    declared: list[tuple[str, Span]] = field(default_factory=list)
    away: Span | None = None
    jet_lag: list[float] = field(default_factory=list)
    without_nights: list[Span] = field(default_factory=list)
    without_checkins: list[Span] = field(default_factory=list)
    new_device_on: int | None = None
    spikes: float = 0.0
    pounds_from: int | None = None
    same_answers: bool = False

    def __post_init__(self) -> None:
        self.light = [False] * self.days
        self.off = [False] * self.days
        for name in ("push", "illness", "stress", "jet_lag"):
            setattr(self, name, [0.0] * self.days)
        self.span = (0, self.days - 1)

    def is_away(self, day: int) -> bool:
        """Whether the athlete is in another time zone."""
        return self.away is not None and self.away[0] <= day <= self.away[1]

    def moved(self, day: int) -> bool:
        """Whether the time zone is another one than the day before."""
        return self.is_away(day) != self.is_away(day - 1)


def inside(day: int, spans: list[Span]) -> bool:
    """Whether one of the spans holds the day."""
    return any(first <= day <= last for first, last in spans)


def mark(values: list[bool], span: Span) -> None:
    """Set the days of a span, as far as they lie within the months."""
    for day in range(max(0, span[0]), min(len(values), span[1] + 1)):
        values[day] = True
