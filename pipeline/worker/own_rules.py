"""A data folder's own rules: where they lie, what they are now, and which failed on the stored data."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.alerts.own_rules import Folder, folder_version, read_folder
from pipeline.alerts.rules import load

FOLDER = "rules"
FAILURES_NAME = "rule_failures.json"


def folder_of(data: Path) -> Folder:
    """The gym's own rules as they lie there now, checked."""
    return read_folder(data / FOLDER, failures_of(data))


def version_of(data: Path) -> str:
    """The version of all rules that tables of this folder must carry; checks nothing, opens no DuckDB."""
    return load().with_own([], folder_version(data / FOLDER, failures_of(data))).version


def failures_of(data: Path) -> dict[str, str]:
    """Digests of rules that failed on the stored data, and why."""
    try:
        found = json.loads((data / FAILURES_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(digest): str(why) for digest, why in found.items()} if isinstance(found, dict) else {}


def note_failure(data: Path, digest: str, why: str) -> None:
    """Remember that a rule failed, for this life and the next."""
    path = data / FAILURES_NAME
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(failures_of(data) | {digest: why}), encoding="utf-8")
    temporary.replace(path)
