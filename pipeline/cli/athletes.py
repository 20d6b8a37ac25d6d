"""Names of athletes that nobody has, and the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pipeline.errors import RefusedError

Roster = Iterable[Mapping[str, Any]]


def closest(roster: Roster, athlete: str) -> str | None:
    """Of the gym's ``roster`` (the panel) the other name that is nearest; capitals do not count. None: none is near."""
    by_folded = {str(row["athlete_id"]).casefold(): str(row["athlete_id"]) for row in roster}
    if by_folded.get(athlete.casefold()) == athlete:
        del by_folded[athlete.casefold()]
    near = get_close_matches(athlete.casefold(), sorted(by_folded), n=1)
    return by_folded[near[0]] if near else None


def unknown_athlete(roster: Roster, athlete: str, tenant: str) -> RefusedError:
    """The refusal of a command about somebody who is not there."""
    near = closest(roster, athlete)
    meant = f"did you mean {near!r}? " if near else ""
    return RefusedError(f"there is no athlete {athlete!r} in {tenant}", do=f"{meant}`spotter roster` lists all")
