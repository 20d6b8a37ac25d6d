"""What a check of the doctor says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SpotterError

Finding = dict[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """Whether it is good, low (look at it) or bad, what was seen, and what to do."""

    status: Literal["good", "low", "bad"]
    says: str
    do: str = ""


def finding(name: str, check: Callable[[], Said]) -> Finding:
    """A check as a row; one that ends in an error is bad."""
    try:
        said = check()
    except SpotterError as error:
        said = Said("bad", f"{error.what}: {error.why}" if error.why else error.what, error.do)
    return {"check": name, "status": said.status, "says": said.says, "do": said.do}
