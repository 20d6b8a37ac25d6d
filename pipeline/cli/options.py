"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.settings import DATA_DEFAULT

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", envvar="SPOTTER_DATA", help="Data folder; default ./data.")
]
Tenant = Annotated[str, typer.Option("--tenant", metavar="T", help="The gym; default home.")]
Athlete = Annotated[str, typer.Option("--athlete", metavar="A", help="The athlete.")]
AnyAthlete = Annotated[str | None, typer.Option("--athlete", metavar="A", help="Only this athlete.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HOME = "home"


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def folder_words(data: Path | None) -> list[str]:
    """The option that names this data folder in a command one is told to run; none for the default folder."""
    return [] if data is None or data == DATA_DEFAULT else ["--data", str(data)]
