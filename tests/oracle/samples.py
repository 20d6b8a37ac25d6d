"""The sample plan of GV-09 and GV-10 and a small exercise table for the oracle's own tests."""

from __future__ import annotations

from typing import Any

from tests.oracle.exercises import Exercise

_TABLE = {
    "Bench Press (Barbell)": ("bench_press", "compound", ("chest", 2), ("shoulders", 1), ("triceps", 1)),
    "Dumbbell Flyes": ("flyes", "isolation", ("chest", 2)),
    "Lat Pulldown (Cable)": (
        "pulldown", "compound", ("lats", 2), ("biceps", 1), ("middle back", 1), ("shoulders", 1)
    ),
    "Bicep Curl (Dumbbell)": ("curl", "isolation", ("biceps", 2), ("forearms", 1)),
    "Leg Press": ("leg_press", "compound", ("quadriceps", 2), ("calves", 1), ("glutes", 1), ("hamstrings", 1)),
    "Leg Extension (Machine)": ("leg_extension", "isolation", ("quadriceps", 2)),
    "Squat (Barbell)": ("squat", "axial", ("quadriceps", 2), ("glutes", 1)),
}  # fmt: skip


def find(name: str) -> Exercise:
    """A look-up like the catalogue's, for seven names."""
    if name not in _TABLE:
        return Exercise(f"name:{name.casefold()}", None, "unknown", name != "Warm Up", "external", None, ())
    key, cls, *muscles = _TABLE[name]
    return Exercise(key, key, cls, True, "external", None, tuple(muscles))


# (exercise, kg, reps, RIR of each set; F is mechanical failure)
SAMPLE_PLAN: list[tuple[str, float, int, list[int | str]]] = [
    ("Bench Press (Barbell)", 80, 8, [2, 2, 1, 1]),
    ("Dumbbell Flyes", 14, 10, [2, 1, "F"]),
    ("Lat Pulldown (Cable)", 60, 10, [2, 2, 2, 2]),
    ("Bicep Curl (Dumbbell)", 12, 12, [1, "F", "F"]),
    ("Leg Press", 160, 12, [2, 2, 2, 2]),
    ("Leg Extension (Machine)", 50, 15, [2, 1, "F"]),
]


def sample_sets(athlete: str = "ana", day: str = "2026-11-20", session: str = "plan") -> list[dict[str, Any]]:
    """The sample plan as canonical ``set`` events, three minutes apart from 18:00."""
    events: list[dict[str, Any]] = []
    for exercise, kg, reps, efforts in SAMPLE_PLAN:
        for index, effort in enumerate(efforts, 1):
            minute = 3 * len(events)
            event: dict[str, Any] = {
                "kind": "set",
                "athlete": athlete,
                "source": "gymlog",
                "document": f"{session}-{len(events)}",
                "performed_at": f"{day}T{18 + minute // 60}:{minute % 60:02d}:00+01:00",
                "session": session,
                "exercise": exercise,
                "set_index": index,
                "set_type": "working",
                "weight": {"value": kg, "unit": "kg"},
                "reps": reps,
            }
            if effort == "F":
                event["outcome"] = "failed_mechanical"
            else:
                event |= {"outcome": "completed", "effort": {"scale": "rir", "value": effort}}
            events.append(event)
    return events
