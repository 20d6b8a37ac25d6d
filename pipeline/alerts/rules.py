"""The rule set: thresholds, severities and texts of ``rules.toml``, checked when loaded.

A preset replaces some thresholds and severities; what a rule decides with is hashed into its version.
"""

from __future__ import annotations

import hashlib
import operator
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import UsageError

Severity = Literal["info", "advice", "warning", "high"]
SEVERITIES: tuple[Severity, ...] = ("info", "advice", "warning", "high")
"""Rising order; level 1 is the first."""
PRESET = "guideline"  # of a folder that chose none


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """Templates of what a person reads; ``ends`` says what would make the alert go away."""

    title: str
    body: str
    action: str
    ends: str


Comparator = Literal[">=", ">", "<=", "<"]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
"""What each comparator does to a value and its threshold, numbers or whole columns."""


class Proof(_Strict):
    """One row of evidence of a day-level rule, as its condition finds it: value, observations, baseline.

    ``threshold`` names a number of the rule; without one the value only stands beside the others. ``says`` is the
    phrase of a finding that holds, with ``{value}``, ``{limit}``, ``{base}`` and ``{n}``; ``days`` is the window, or
    as many weeks as the metric ``weeks_of`` has found: a fixed one would begin before an athlete's first day.
    """

    metric: str
    threshold: str | None = None
    comparator: Comparator = ">="
    days: int = Field(default=1, ge=1, le=400)
    weeks_of: str = ""
    digits: int = Field(default=0, ge=0, le=3)
    says: str = ""


class Finding(_Strict):
    """A severity and the evidence that must hold for it: all of ``all``, and ``at_least`` of ``of``."""

    severity: str
    all: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    at_least: int = Field(default=0, ge=0)


class Rule(_Strict):
    """One rule, with one text or one per part.

    ``thresholds`` are numbers, ``severities`` name the level of each finding. Rules of the day lane say in
    ``evidence`` what their condition finds and in ``findings`` what it decides; ``lasting`` names the severity of a
    condition that held on each of ``lasting_days`` days (a threshold).
    """

    id: str
    name: str
    scope: Literal["exercise-session", "session", "exercise", "muscle", "body", "body and muscle"]
    lane: Literal["session", "day"]
    look_back_days: int = Field(ge=0, le=400)
    cool_down_h: int = Field(ge=0, le=24 * 60)
    closes: str
    origin: Literal["practice rule", "study", "data quality"]
    source: str
    thresholds: dict[str, float]
    severities: dict[str, Severity]
    text: Words | None = None
    texts: dict[str, Words] = Field(default_factory=dict)
    evidence: tuple[Proof, ...] = ()
    findings: tuple[Finding, ...] = ()
    lasting: str | None = None
    suppressed_by: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Rule:
        metrics = {proof.metric for proof in self.evidence}
        for proof in self.evidence:
            if proof.threshold is not None and proof.threshold not in self.thresholds:
                raise ValueError(f"evidence {proof.metric}: there is no threshold {proof.threshold!r}")
            if proof.weeks_of and proof.weeks_of not in metrics:
                raise ValueError(f"evidence {proof.metric}: weeks_of {proof.weeks_of!r} is no evidence of the rule")
        for finding in self.findings:
            if finding.severity not in self.severities:
                raise ValueError(f"findings: there is no severity {finding.severity!r}")
            unknown = sorted({*finding.all, *finding.of} - metrics)
            if unknown or not (finding.all or finding.of):
                raise ValueError(f"findings, {finding.severity}: {unknown or 'nothing'} is no evidence of the rule")
        if self.lasting is not None and not (self.lasting in self.severities and "lasting_days" in self.thresholds):
            raise ValueError("lasting needs a severity of that name and the threshold lasting_days")
        return self

    def words(self, part: str = "") -> Words:
        """The templates of the rule, or of one of its parts."""
        found = self.texts.get(part) or self.text
        if found is None:
            raise KeyError(f"{self.id} has no text for {part!r}")
        return found

    def level(self, finding: str) -> int:
        """1 (info) to 4 (high) of a finding named in ``severities``."""
        return SEVERITIES.index(self.severities[finding]) + 1


class Change(_Strict):
    """What a preset replaces in one rule."""

    thresholds: dict[str, float] = Field(default_factory=dict)
    severities: dict[str, Severity] = Field(default_factory=dict)


class Preset(_Strict):
    """A named choice of strictness. ``systemic_factor``: 'class' (1.5, 1.25, 1.0) or 'one' (k = 1 everywhere)."""

    title: str
    systemic_factor: Literal["class", "one"]
    rules: dict[str, Change]


class OwnRule(NamedTuple):
    """A rule a gym added (docs/own-rules.md): ``sql`` is its condition, ``digest`` stands for both of its files."""

    rule: Rule
    sql: str
    digest: str


class Rules:
    """The rules under one preset, and those of the data folder.

    ``parameters`` names every threshold (``r01_many``) and level (``r01_many_level``) for the SQL files.
    ``own_version`` stands for all that lies in the folder's rule files, left out or not.
    """

    def __init__(
        self,
        preset: str,
        rules: dict[str, Rule],
        systemic_factor: str,
        file_version: str = "",
        *,
        own: Mapping[str, OwnRule] | None = None,
        own_version: str = "",
    ) -> None:
        self.preset = preset
        self.file_version = file_version
        self.systemic_factor = systemic_factor
        self.own = dict(own or {})
        self.own_version = own_version
        self._built_in = rules
        self._rules = rules = {**rules, **{key: one.rule for key, one in self.own.items()}}
        self.parameters: dict[str, int | float] = {}
        self._versions: dict[str, str] = {}
        for rule in rules.values():
            for key, value in rule.thresholds.items():
                self.parameters[f"{rule.id.lower()}_{key}"] = int(value) if value == int(value) else value
            for key in rule.severities:
                self.parameters[f"{rule.id.lower()}_{key}_level"] = rule.level(key)
            digest = self.own[rule.id].digest if rule.id in self.own else ""
            self._versions[rule.id] = _version(preset, rule, digest)

    def __getitem__(self, rule_id: str) -> Rule:
        return self._rules[rule_id]

    def all(self) -> list[Rule]:
        """Every rule, by id."""
        return [self._rules[key] for key in sorted(self._rules)]

    def rule_version(self, rule_id: str) -> str:
        """Short hash of the preset and of what the rule decides with."""
        return self._versions[rule_id]

    @property
    def version(self) -> str:
        """Short hash over the built-in rules and the version of their file, and the folder's files; for the ledger.

        A folder's rules are not looked at for it, so whoever only asks for the version need not check them.
        """
        built_in = "|".join([self.file_version, *(self._versions[key] for key in sorted(self._built_in))])
        return _digest(f"{built_in}|own {self.own_version}" if self.own_version else built_in)

    def with_own(self, own: Sequence[OwnRule], own_version: str) -> Rules:
        """The built-in rules with these of a data folder beside them."""
        found = {one.rule.id: one for one in own}
        return Rules(
            self.preset, self._built_in, self.systemic_factor, self.file_version, own=found, own_version=own_version
        )

    def with_changes(self, rule_id: str, changes: Mapping[str, float | str]) -> Rules:
        """The same rules with other thresholds or severities of one rule (a back-test); raises UsageError."""
        rule = self._rules.get(rule_id)
        if rule is None:
            raise UsageError(f"there is no rule {rule_id}", "", f"use one of {', '.join(sorted(self._rules))}")
        thresholds = dict(rule.thresholds)
        severities: dict[str, object] = dict(rule.severities)
        for key, value in changes.items():
            if key in thresholds and not isinstance(value, str):
                thresholds[key] = value
            elif key in severities and value in SEVERITIES:
                severities[key] = value
            else:
                raise UsageError(
                    f"{rule_id} has no setting {key} = {value}",
                    "",
                    f"numbers: {', '.join(thresholds)}; severities: {', '.join(severities)} ({', '.join(SEVERITIES)})",
                )
        changed = rule.model_validate({**rule.model_dump(), "thresholds": thresholds, "severities": severities})
        if rule_id in self.own:
            own = {**self.own, rule_id: self.own[rule_id]._replace(rule=changed)}
            version = _digest(f"{self.own_version}|{_version(self.preset, changed, own[rule_id].digest)}")
            return self.with_own(list(own.values()), version)
        built_in = {**self._built_in, rule_id: changed}
        return Rules(
            self.preset,
            built_in,
            self.systemic_factor,
            self.file_version,
            own=self.own,
            own_version=self.own_version,
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _version(preset: str, rule: Rule, digest: str) -> str:
    numbers = ",".join(f"{key}={value!r}" for key, value in sorted(rule.thresholds.items()))
    levels = ",".join(f"{key}={value}" for key, value in sorted(rule.severities.items()))
    decided = "".join(f"|{finding.model_dump_json()}" for finding in rule.findings)
    return _digest(f"{preset}|{rule.id}|{numbers}|{levels}|{rule.look_back_days}|{rule.cool_down_h}{decided}{digest}")


def _read() -> dict[str, object]:
    return tomllib.loads(files("pipeline.alerts").joinpath("rules.toml").read_text(encoding="utf-8"))


def presets() -> dict[str, Preset]:
    """The presets of the shipped rule file."""
    tables = _read()["presets"]
    if not isinstance(tables, dict):
        raise TypeError("presets must be a table")
    found = {}
    for name, table in tables.items():
        plain = {key: value for key, value in table.items() if key in ("title", "systemic_factor")}
        changes = {key: value for key, value in table.items() if key not in plain}
        found[name] = Preset.model_validate({**plain, "rules": changes})
    return found


@lru_cache(maxsize=8)
def load(preset: str = PRESET) -> Rules:
    """The shipped rules under ``preset``; raises UsageError for an unknown preset, ValueError for a bad file."""
    known = presets()
    if preset not in known:
        raise UsageError(f"there is no preset {preset}", "", f"use one of {', '.join(known)}")
    rules = {}
    chosen = known[preset]
    file = _read()
    for key, table in file.items():
        if not isinstance(table, dict) or key == "presets":
            continue
        change = chosen.rules.get(key, Change())
        try:
            rule = Rule.model_validate({"id": key, **table})
        except ValidationError as error:
            raise ValueError(f"rules.toml, {key}: {error}") from error
        unknown = (set(change.thresholds) - set(rule.thresholds)) | (set(change.severities) - set(rule.severities))
        if unknown:
            raise ValueError(f"rules.toml, preset {preset}, {key}: {sorted(unknown)} are no settings of the rule")
        rules[key] = rule.model_copy(
            update={
                "thresholds": {**rule.thresholds, **change.thresholds},
                "severities": {**rule.severities, **change.severities},
            }
        )
    stray = set(chosen.rules) - set(rules)
    if stray:
        raise ValueError(f"rules.toml, preset {preset}: there is no rule {sorted(stray)}")
    return Rules(preset, rules, chosen.systemic_factor, str(file["version"]))
