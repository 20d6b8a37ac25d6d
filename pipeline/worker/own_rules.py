"""The rules in force in a data folder: the built-in ones, and the gym's own from its folder ``rules``.

A rule of its own that fails on the stored data is left out until its files change; a small file remembers why, so a
restart does not run into it again. The service and the built-in rules go on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from pipeline.alerts import labels
from pipeline.alerts.own_condition import OwnRuleError
from pipeline.alerts.own_rules import Folder, folder_version, read_folder
from pipeline.alerts.rules import Rules, load

T = TypeVar("T")
FOLDER = "rules"
FAILURES_NAME = "rule_failures.json"

log = structlog.get_logger("spotter.rules")


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


class RulesInForce:
    """The rules of one data folder as its owner loaded them."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.load()

    def load(self) -> None:
        """Read the folder anew."""
        folder = folder_of(self._data)
        self.rules: Rules = load().with_own(folder.rules, folder.version)
        labels.take_names({one.rule.id: one.rule.name for one in folder.rules})
        if structlog.is_configured():  # a command prints its answer where unconfigured log lines go
            for pair in folder.left_out:
                log.error("a rule is left out", rule=pair.name, wrong=[" ".join(one) for one in pair.wrong])

    def try_again(self) -> None:
        """Forget what failed before: the data may be others now."""
        (self._data / FAILURES_NAME).unlink(missing_ok=True)
        self.load()

    def leave_out(self, error: OwnRuleError) -> None:
        """Go on without a rule that failed; remembered before anything else."""
        path = self._data / FAILURES_NAME
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(failures_of(self._data) | {error.digest: error.why}), encoding="utf-8")
        temporary.replace(path)
        self.load()

    def run(self, work: Callable[[Rules], T]) -> T:
        """Run ``work``, which does everything anew, without the rules that fail in it."""
        while True:
            try:
                return work(self.rules)
            except OwnRuleError as error:
                self.leave_out(error)
