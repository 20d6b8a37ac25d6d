"""A data folder's rules: the preset it chose, its own beside the built-in ones, and which failed on the stored data."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.alerts.own_rules import Folder, folder_version, read_folder
from pipeline.alerts.rules import PRESET, Rules, load, presets
from pipeline.errors import UsageError

FOLDER = "rules"
PRESET_NAME = "preset"
FAILURES_NAME = "rule_failures.json"
_CHOOSE = "choose one with `spotter rules preset NAME`"


def folder_of(data: Path) -> Folder:
    """The gym's own rules as they lie there now, checked."""
    return read_folder(data / FOLDER, failures_of(data))


def preset_of(data: Path) -> str:
    """The preset a folder chose; raises UsageError where its file names none that there is."""
    path = data / FOLDER / PRESET_NAME
    try:
        name = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return PRESET
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read", str(error), _CHOOSE) from error
    if name not in presets():
        raise UsageError(f"{path} names the preset {name[:40]!r}", f"there are {', '.join(presets())}", _CHOOSE)
    return name


def choose_preset(data: Path, name: str) -> None:
    """Have a folder's built-in rules under another preset from its next opening on; raises UsageError."""
    if name not in presets():
        raise UsageError(f"there is no preset {name[:40]!r}", do=f"use one of {', '.join(presets())}")
    path = data / FOLDER / PRESET_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, name + "\n")


def built_in(data: Path) -> Rules:
    """The built-in rules under the preset of a folder."""
    return load(preset_of(data))


def version_of(data: Path) -> str:
    """The version of all rules that tables of this folder must carry; checks nothing, opens no DuckDB."""
    return built_in(data).with_own([], folder_version(data / FOLDER, failures_of(data))).version


def failures_of(data: Path) -> dict[str, str]:
    """Digests of rules that failed on the stored data, and why."""
    try:
        found = json.loads((data / FAILURES_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(digest): str(why) for digest, why in found.items()} if isinstance(found, dict) else {}


def note_failure(data: Path, digest: str, why: str) -> None:
    """Remember that a rule failed, for this life and the next."""
    _put(data / FAILURES_NAME, json.dumps(failures_of(data) | {digest: why}))


def _put(path: Path, text: str) -> None:
    """Write a file beside the one that is there, then put it in its place."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
