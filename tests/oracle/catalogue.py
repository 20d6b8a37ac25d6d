"""The shipped catalogue as the oracle's look-up: classes, muscles and body-mass shares are data, not computation."""

from __future__ import annotations

from functools import lru_cache

from pipeline.catalogue.loader import Catalogue
from tests.oracle.exercises import Exercise


@lru_cache(maxsize=1)
def _catalogue() -> Catalogue:
    return Catalogue.load()


@lru_cache(maxsize=1024)
def find(name: str) -> Exercise:
    """The exercise a logged name stands for."""
    found = _catalogue().resolve(name) or _catalogue().unknown(name)
    return Exercise(
        key=found.exercise,
        exercise_id=found.exercise_id,
        cls=found.class_,
        is_work=found.is_work,
        load_kind=found.default_load_kind or "external",
        bodyweight_milli=found.bodyweight_milli,
        muscles=tuple((muscle, c) for muscle, c, _, _ in found.muscles),
    )
