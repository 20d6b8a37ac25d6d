"""What people read in place of the names of evidence and rules; programs keep the names."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_args

from pipeline.alerts.rules import load

Kind = Literal["limit", "step", "number", "flag"]


class Label(NamedTuple):
    """``over``: what the value was counted over; ``kind``: compared with a limit, with one that only makes
    the alert graver (nothing to say where it was not met), said beside, or only so.

    A value times ``scale`` is in ``unit``; ``usual`` is the unit of what is usual, where that is another quantity.
    """

    text: str
    unit: str
    kind: Kind
    over: str = ""
    scale: float = 1.0
    usual: str = ""


def label(metric: str) -> Label:
    """The label of a metric of evidence; of one that is not known, its name without underscores."""
    return labels().get(metric) or Label(metric.replace("_", " "), "", "limit")


@cache
def labels() -> dict[str, Label]:
    """Every label, by metric; raises ValueError for one that is not complete."""
    found = {}
    for metric, row in _read().items():
        try:
            found[metric] = Label(row.pop("label"), row.pop("unit"), row.pop("kind"), **row)
        except (KeyError, TypeError) as error:
            raise ValueError(f"metrics.toml, {metric}: {error}") from error
        if found[metric].kind not in get_args(Kind):
            raise ValueError(f"metrics.toml, {metric}: there is no kind {found[metric].kind}")
    return found


def rule_name(rule: str) -> str:
    """The name of a rule; of one that is not known, its id."""
    return _rule_names().get(rule) or _own_names.get(rule, rule)


def take_names(names: Mapping[str, str]) -> None:
    """The names of the gym's own rules in this process, which has one data folder, in place of those of before."""
    _own_names.clear()
    _own_names.update(names)


_own_names: dict[str, str] = {}


@cache
def _rule_names() -> dict[str, str]:
    return {rule.id: rule.name for rule in load().all()}


def _read() -> dict[str, Any]:
    return tomllib.loads(files("pipeline.alerts").joinpath("metrics.toml").read_text(encoding="utf-8"))
