"""Random sets in every variant a logger knows, and the people who do them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

EXTERNAL = (
    "Bench Press (Barbell)",
    "Squat (Barbell)",
    "Deadlift (Barbell)",
    "Overhead Press (Barbell)",
    "Bicep Curl (Dumbbell)",
    "Lat Pulldown (Cable)",
    "Leg Extension (Machine)",
    "Leg Press (Machine)",
    "Zercher Wobble",
)
BODYWEIGHT = ("Pull Up", "Push Up", "Dip")
ASSISTED = ("Pull Up (Assisted)",)
TIMED = ("Plank",)
OTHER = ("Warm Up", "Running")
MEASURED = ("Bench Press (Barbell)", "Squat (Barbell)")  # with a sensor on the bar
UNILATERAL = ("Bicep Curl (Dumbbell)", "Leg Extension (Machine)")


@dataclass
class Person:
    """An athlete: where they live, how their logger writes times, and what they like to train."""

    name: str
    zone: str
    rng: random.Random
    priority: bool = False
    favourites: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spelling = self.rng.choice(("offset", "offset", "zulu", "wall"))
        self.favourites = self.rng.sample(EXTERNAL, 2)

    def exercise(self) -> str:
        """Mostly a favourite, so that references and trends have something to stand on."""
        if self.rng.random() < 0.7:
            return self.rng.choice(self.favourites)
        return self.rng.choice(EXTERNAL + BODYWEIGHT * 2 + ASSISTED * 2 + TIMED + OTHER)

    def time(
        self, name: str, at: datetime, also: dict[str, datetime] | None = None, inside: bool = False
    ) -> dict[str, Any]:
        """Times as this person's logger writes them; ``inside`` a session, its ``timezone`` speaks for all."""
        fields: dict[str, Any] = {}
        for key, value in {name: at, **(also or {})}.items():
            moment = value.astimezone(UTC).replace(microsecond=0)
            local = moment.astimezone(ZoneInfo(self.zone))
            if self.spelling == "zulu":
                fields[key] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            elif self.spelling == "offset":
                fields[key] = local.isoformat()
            else:
                fields[key] = local.replace(tzinfo=None).isoformat()
                if not inside:
                    fields["timezone"] = self.zone
        return fields


def random_set(rng: random.Random, exercise: str, index: int, plain: bool = False) -> list[dict[str, Any]]:
    """The fields of one set, or of its left and its right row."""
    fields: dict[str, Any] = {"exercise": exercise, "set_index": index, "set_type": "working"}
    if exercise in TIMED:
        fields["duration_s"] = rng.randint(20, 90)
    elif exercise in OTHER:
        fields |= {"duration_s": 600, "distance_m": 1500.0}
    else:
        fields["reps"] = rng.randint(3, 12)
        _weight(rng, exercise, fields)
    if plain:
        return [fields]
    if rng.random() < 0.1:
        fields["exercise_block"] = 1
    fields["set_type"] = rng.choices(("working", "warmup", "drop", "amrap", "backoff"), (75, 8, 8, 5, 4))[0]
    _effort(rng, fields)
    if exercise in UNILATERAL and fields["set_type"] == "working" and rng.random() < 0.4:
        fields["side"] = "left"
        right = dict(fields) | {"side": "right"}
        right.pop("effort", None)
        _effort(rng, right)
        return [fields, right]
    if exercise in MEASURED and fields["set_type"] == "working" and rng.random() < 0.5:
        effort = fields.get("effort") or {}
        left = effort["value"] if isinstance(effort, dict) and effort.get("scale") == "rir" else rng.randint(0, 4)
        fields["rep_velocities_m_s"] = [round(0.2 + 0.05 * (left + rep) + rng.uniform(-0.005, 0.005), 3)
                                        for rep in range(fields["reps"] - 1, -1, -1)]  # fmt: skip
    return [fields]


def random_plan(rng: random.Random, person: Person) -> dict[str, Any]:
    """Name and rows of a plan, mostly of what the person likes to train."""
    rows: list[dict[str, Any]] = []
    for day in rng.choice(((None,), ("A", "B"))):
        for _ in range(rng.randint(1, 3)):
            sets = rng.randint(1, 4)
            row: dict[str, Any] = {"exercise": person.exercise(), "sets": sets, "reps": rng.randint(3, 12)}
            if rng.random() < 0.5:
                row["failure_slots"] = sorted(rng.sample(range(1, sets + 1), rng.randint(0, sets)))
            if rng.random() < 0.5:
                row["target_rir"] = rng.choice(({"min": 0, "max": 1}, {"min": 1, "max": 3}, {"min": 2, "max": 2}))
            if day:
                row["day"] = day
            rows.append(row)
    return {"plan": rng.choice(("block", "peak")), "rows": rows}


def _weight(rng: random.Random, exercise: str, fields: dict[str, Any]) -> None:
    kg = rng.choice((60, 62.5, 70, 80))
    if exercise in ASSISTED:
        fields |= {"load_kind": "assisted", "weight": {"value": rng.choice((15, 30)), "unit": "kg"}}
    elif exercise in BODYWEIGHT:
        if rng.random() < 0.4:
            fields |= {"load_kind": "added", "weight": {"value": 10, "unit": "kg"}}
        elif rng.random() < 0.5:
            fields["load_kind"] = "bodyweight"
    elif rng.random() < 0.2:
        fields["weight"] = {"value": rng.choice((95, 135, 182.5)), "unit": "lb"}
    elif rng.random() < 0.95:
        fields["weight"] = {"value": kg, "unit": "kg"}


def _effort(rng: random.Random, fields: dict[str, Any]) -> None:
    rir = rng.choice((0, 0, 1, 1.5, 2, 3, 4, 7))
    kind = rng.random()
    if kind < 0.4:
        fields["effort"] = {"scale": "rir", "value": rir}
    elif kind < 0.6:
        fields["effort"] = {"scale": "rpe", "value": rng.choice((4, 7, 8.5, 9, 10))}
    elif kind < 0.7:
        fields["effort"] = [{"scale": "rir", "value": rir}, {"scale": "rpe", "value": rng.choice((7, 9, 10))}]
    elif kind < 0.72:
        fields["effort"] = {"scale": "rir", "value": 12}
    if rng.random() < 0.5:
        fields["outcome"] = rng.choices(
            ("completed", "failed_mechanical", "failed_technical", "failed", "stopped"), (5, 1, 1, 1, 1)
        )[0]
