"""Files that are no import, and what to say instead of reading them."""

from __future__ import annotations

from pipeline.errors import RefusedError
from pipeline.sources.csv_reader import open_sheet

_SHOWN_COLUMNS = 20
_READ = "files of Hevy (CSV or API), Strong, FitNotes and openweight are read"


def refuse(head: bytes) -> RefusedError:
    """The error for a file that no decoder recognises: what it seems to be, and what to do."""
    if not head.strip():
        return RefusedError("the file is empty", "it has no bytes to read", "export it again")
    sheet = open_sheet(head)
    if sheet is not None:
        names = ", ".join(name or "(blank)" for name in sheet.header[:_SHOWN_COLUMNS])
        return RefusedError(
            "the file's header line is not known",
            f"its columns are: {names}",
            f"{_READ}; export in English if the app offers it",
        )
    return RefusedError("the file's format is not known", "it carries no known signature", _READ)
