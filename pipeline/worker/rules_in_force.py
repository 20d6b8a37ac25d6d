"""The rules in force in a data folder: the built-in ones, and the gym's own from its folder ``rules``.

A rule of its own that fails on the stored data is left out until its files change; a small file remembers why, so a
restart does not run into it again. The service and the built-in rules go on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from pipeline.alerts import labels
from pipeline.alerts.own_condition import OwnRuleError
from pipeline.alerts.rules import Rules
from pipeline.worker.own_rules import FAILURES_NAME, built_in, folder_of, note_failure

T = TypeVar("T")

log = structlog.get_logger("spotter.rules")


class RulesInForce:
    """The rules of one data folder as its owner loaded them."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.load()

    def load(self) -> None:
        """Read the folder anew."""
        folder = folder_of(self._data)
        self.rules: Rules = built_in(self._data).with_own(folder.rules, folder.version)
        labels.take_names({one.rule.id: one.rule.name for one in folder.rules})
        for pair in folder.left_out:
            log.error("a rule is left out", rule=pair.name, wrong=[" ".join(one) for one in pair.wrong])

    def try_again(self) -> None:
        """Forget what failed before: the data may be others now."""
        (self._data / FAILURES_NAME).unlink(missing_ok=True)
        self.load()

    def leave_out(self, error: OwnRuleError) -> None:
        """Go on without a rule that failed; remembered before anything else."""
        note_failure(self._data, error.digest, error.why)
        self.load()

    def run(self, work: Callable[[Rules], T]) -> T:
        """Run ``work``, which does everything anew, without the rules that fail in it."""
        while True:
            try:
                return work(self.rules)
            except OwnRuleError as error:
                self.leave_out(error)
