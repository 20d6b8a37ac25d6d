"""What is wrong with a rule of a gym's own (docs/own-rules.md): everything at once, and before it is let in."""

from __future__ import annotations

import math
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, cast, get_args
from unicodedata import category

import numpy as np
from pydantic import ValidationError, model_validator

from pipeline.alerts import findings, statements
from pipeline.alerts.claims import claim_in
from pipeline.alerts.own_condition import numbered, wrapped
from pipeline.alerts.rules import Rule, Words
from pipeline.alerts.texts import proof_fields, render
from pipeline.store.guard import Guard, Wrong, listed
from schemas.events import Declaration

IDS = re.compile(r"X(0[1-9]|[1-9][0-9])")
TABLES = {
    "asked_day": "tenant_id varchar, athlete_id varchar, from_day date",
    "touched_rule_day": "athlete_no integer, from_day date",
}
NAMES = {"tenant_id": ("VARCHAR",), "athlete_id": ("VARCHAR",)}
NUMBER = {"athlete_no": ("INTEGER",)}
COLUMNS = {
    "scope": ("VARCHAR",),
    "subject": ("VARCHAR",),
    "local_day": ("DATE",),
    "closes": ("BOOLEAN",),
    "found": ("DOUBLE[]",),
}
_SCOPES = ("body", "muscle", "exercise")
_DECLARED: tuple[str, ...] = get_args(Declaration.model_fields["what"].annotation)
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_GIVEN = ("subject", "few", "of_what", "was", "has", "day", "short_day", "look_back_days", "findings")
_PARTS_OF_SAYS = ("value", "limit", "base", "n")
_DAY = date(2026, 1, 1)
_CUTS = ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER")
_FORM = "docs/own-rules.md has a whole pair to start from"


class _Unchecked(Rule):
    """A rule whose names may lead nowhere, so that this and everything else can be told together."""

    @model_validator(mode="after")
    def _names_exist(self) -> _Unchecked:
        return self


def guard() -> Guard:
    """What conditions are read and tried on; close it after use."""
    return Guard(TABLES)


def check_fields(text: str, rule_id: str) -> tuple[Rule | None, list[Wrong]]:
    """The rule a TOML text holds, and what is wrong with it; the rule is None where it cannot be read at all."""
    try:
        file = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [Wrong("the file is no TOML", str(error), "correct that line")]
    except RecursionError:  # a list in a list in a list: the parser calls itself for each
        return None, [Wrong("the file is nested too deeply", "a rule has no lists in lists", "write it flat")]
    wrong = list(_around(file, rule_id))
    table = file.get(rule_id)
    if not isinstance(table, dict):
        return None, wrong
    wrong += _plain(table)
    try:
        rule = _Unchecked.model_validate({"id": rule_id, "lane": "day", **_told_numbers(table)})
    except ValidationError as error:
        return None, [*wrong, *(_field(rule_id, one) for one in error.errors())]
    wrong += _names(rule)
    wrong += _decides(rule)
    wrong += _texts(rule)
    return (rule if wrong else Rule.model_validate(rule.model_dump())), wrong


def _told_numbers(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with a number for each threshold of which it was said that it is none, so that the rest is checked."""
    numbers = table.get("thresholds")
    if not isinstance(numbers, dict):
        return dict(table)
    return {**table, "thresholds": {key: value if _is_number(value) else 0.0 for key, value in numbers.items()}}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _around(file: Mapping[str, Any], rule_id: str) -> Iterator[Wrong]:
    if not isinstance(file.get("version"), str) or not file["version"]:
        yield Wrong("version is missing", "it says which wording of the rule this is", 'write version = "1" at the top')
    if not isinstance(file.get(rule_id), dict):
        yield Wrong(f"there is no table [{rule_id}]", "the file's name is the rule's id", f"begin it with [{rule_id}]")
    for name in sorted(set(file) - {"version", rule_id}):
        yield Wrong(f"{name} has no place here", f"the file holds version and [{rule_id}]", "take it out")


def _plain(table: Mapping[str, Any]) -> Iterator[Wrong]:
    """What the form of a rule lets through because the built-in rules need it, or never have it."""
    for name in ("id", "texts"):
        if name in table:
            yield Wrong(f"{name} has no place here", "the id is the file's name; a rule has one text", "take it out")
    for name in ("text", "evidence", "findings"):
        if not table.get(name):
            yield Wrong(f"{name} is missing", "a rule says what it found, what it decides by, and why", _FORM)
    numbers = table.get("thresholds")
    for key, value in numbers.items() if isinstance(numbers, dict) else ():
        if not _is_number(value):
            yield Wrong(f"thresholds.{key} is {value!r}", "a threshold is a number", "write a number")


def _field(rule_id: str, error: Any) -> Wrong:
    where = ".".join(str(part) for part in error["loc"]) or rule_id
    if error["type"] == "missing":
        return Wrong(f"{where} is missing", "every rule has it", _FORM)
    if error["type"] == "extra_forbidden":
        return Wrong(f"{where} is no part of a rule", "nothing would read it", "correct the name, or take it out")
    return Wrong(f"{where} cannot be used", str(error["msg"]).removeprefix("Value error, "), _FORM)


def _names(rule: Rule) -> Iterator[Wrong]:
    """Names that stand for nothing."""
    numbers, levels = ", ".join(rule.thresholds), ", ".join(rule.severities)
    metrics = {proof.metric for proof in rule.evidence}
    for proof in rule.evidence:
        if proof.threshold is not None and proof.threshold not in rule.thresholds:
            what = f"evidence {proof.metric}: there is no threshold {proof.threshold!r}"
            yield Wrong(what, "it is compared with a number of the rule", f"use one of {numbers}")
        if proof.weeks_of and proof.weeks_of not in metrics:
            what = f"evidence {proof.metric}: there is no evidence {proof.weeks_of!r}"
            yield Wrong(what, "weeks_of names the row that counts the weeks of the window", "correct the name")
    for finding in rule.findings:
        if finding.severity not in rule.severities:
            what = f"findings: there is no severity {finding.severity!r}"
            yield Wrong(what, "it names one of the rule's", f"use one of {levels}")
        for name in sorted({*finding.all, *finding.of} - metrics):
            why = "a finding is decided by the rule's evidence"
            yield Wrong(f"findings, {finding.severity}: there is no evidence {name!r}", why, "correct the name")
        if not (finding.all or finding.of):
            yield Wrong(f"findings, {finding.severity}: nothing decides", "it would always hold", "name its evidence")
    if rule.lasting is not None and not (rule.lasting in rule.severities and "lasting_days" in rule.thresholds):
        why = "it needs a severity of that name and the threshold lasting_days"
        yield Wrong(f"lasting is {rule.lasting!r}", why, "add both, or take it out")
    elif rule.lasting is not None and not 1 <= rule.thresholds["lasting_days"] <= findings.STREAK_MAX:
        what = f"lasting_days is {rule.thresholds['lasting_days']:g}"
        yield Wrong(what, "days in a row are counted from 1 to 28", "name a number of days between them")


def _decides(rule: Rule) -> Iterator[Wrong]:
    if rule.lane != "day":
        yield Wrong(f"lane is {rule.lane}", "rules of a gym's own judge days", 'write lane = "day", or leave it out')
    if rule.scope not in _SCOPES:
        yield Wrong(f"scope is {rule.scope}", "a day rule speaks of a body part or a lift", f"use {', '.join(_SCOPES)}")
    if not rule.look_back_days:
        why = "a text and the page of rules say how far back it looks: to the day itself at least"
        yield Wrong("look_back_days is 0", why, "write 1 or more")
    if rule.cool_down_h % 24:
        yield Wrong(f"cool_down_h is {rule.cool_down_h}", "days are judged as a whole", "use a multiple of 24")
    for name in sorted(set(rule.suppressed_by) - set(_DECLARED)):
        yield Wrong(f"suppressed_by has {name!r}", "nobody can declare that", f"use {', '.join(_DECLARED)}")
    metrics = [proof.metric for proof in rule.evidence]
    for name in sorted({name for name in metrics if metrics.count(name) > 1}):
        yield Wrong(f"evidence {name} is there twice", "each row of evidence has its own name", "rename one")
    taken = {*_GIVEN, findings.LASTING, findings.DEGRADED, "date_only"}
    for name in sorted({*metrics, *rule.thresholds}):
        if not _WORD.fullmatch(name) or name in taken or name.startswith("declared_"):
            why = "texts and SQL call it by that name: small letters, digits and _, and none of " + ", ".join(_GIVEN)
            yield Wrong(f"{name} cannot be the name of a number", why, "rename it")
    for name in sorted(set(metrics) & set(rule.thresholds)):
        yield Wrong(f"{name} names evidence and a threshold", "a text could mean either", "rename one")
    judged = {proof.metric for proof in rule.evidence if proof.threshold is not None}  # the others stand beside
    for finding in rule.findings:
        for name in sorted({*finding.all, *finding.of} & set(metrics) - judged):
            why = "a finding is decided by evidence that is compared with a threshold"
            yield Wrong(f"findings, {finding.severity}: {name} has no threshold", why, f"give {name} a threshold")
        if finding.of and not 1 <= finding.at_least <= len(finding.of):
            why = f"{len(finding.of)} are named"
            yield Wrong(f"findings, {finding.severity}: at_least is {finding.at_least}", why, "use a number of them")


def _texts(rule: Rule) -> Iterator[Wrong]:
    said = {f"evidence {proof.metric}.says": proof.says for proof in rule.evidence if proof.says}
    words = rule.text or Words(title="", body="", action="", ends="")
    texts = {f"text.{name}": str(getattr(words, name)) for name in Words.model_fields} if rule.text else {}
    others = {name: str(getattr(rule, name)) for name in ("name", "source", "closes")}
    names = {f"severities.{name!r}": name for name in rule.severities}
    for where, text in {**texts, **others, **said, **names}.items():
        if odd := next((one for one in text if category(one) == "Cc" and one not in "\n\t"), None):
            yield Wrong(f"{where} has the character {odd!r}", "no text can show it", "take it out")
    for where, text in {**texts, **others, **said}.items():
        if not text.strip():
            yield Wrong(f"{where} is empty", "every alert says what, why, what to do and when it ends", _FORM)
        elif claim := claim_in(text):
            why = "an alert says what was seen; it names no illness and no danger, and calls nothing harmless"
            yield Wrong(f"{where} says {claim!r}", why, "say what was counted instead")
    known = {*_GIVEN, *rule.thresholds, *(name for proof in rule.evidence for name in proof_fields(proof.metric))}
    for where, text in texts.items():
        yield from _placeholders(where, text, known)
    for where, text in said.items():
        yield from _placeholders(where, text, set(_PARTS_OF_SAYS))


def _placeholders(where: str, text: str, known: set[str]) -> Iterator[Wrong]:
    do = f"use {', '.join(f'{{{name}}}' for name in sorted(known))}; write {{{{ for a brace"
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        yield Wrong(f"{where} cannot be filled in", str(error), do)
        return
    for _, name, form, conversion in parts:
        if name is not None and (name not in known or form or conversion):
            yield Wrong(f"{where} has {{{name}}}", "no number of the rule has that name", do)


class Condition(NamedTuple):
    """What is wrong with a condition, and its text with athletes numbered, as it runs when nothing is."""

    wrong: list[Wrong]
    sql: str


def check_condition(rule: Rule, sql: str, at: Guard) -> Condition:
    """The condition of a rule whose fields are right."""
    parsed = at.parse(sql)
    if isinstance(parsed, Wrong):
        return Condition([parsed], sql)
    wrong = list(parsed.wrong)
    numbers = {f"{rule.id.lower()}_{key}": value for key, value in rule.thresholds.items()}
    for name in sorted(parsed.parameters - set(numbers)):
        listing = ", ".join(f"${key}" for key in numbers)
        wrong.append(Wrong(f"there is no threshold for ${name}", "the SQL asks for it", f"use {listing}"))
    if any(one.get("type") in _CUTS for one in parsed.tree.get("modifiers", [])):
        why = "athletes are worked out some at a time, so it would keep other rows each time"
        wrong.append(Wrong("it may not end in LIMIT or OFFSET", why, "say in WHERE which rows are wanted"))
    width = findings.width(rule)
    for count in listed(parsed.tree, "found"):
        if count != width:
            wrong.append(_narrow(count, width, len(rule.evidence)))
    if wrong:
        return Condition(wrong, sql)
    given = {name: numbers[name] for name in statements.parameters(sql)}
    told = at.columns(f"select * from (\n{sql}\n)", given, parsed)
    if isinstance(told, Wrong):
        return Condition([told], sql)
    wrong = list(_columns(dict(told)))
    text = sql if "athlete_no" in dict(told) else numbered(sql)
    if not wrong:
        last = at.columns(wrapped(text), given)
        if isinstance(last, Wrong):
            return Condition([last], sql)
    return Condition(wrong, text)


def _narrow(count: int | None, width: int, evidence: int) -> Wrong:
    do = "write [value, observations, baseline, … , degraded]::double[] with null where there is nothing to say"
    why = f"{evidence} rows of evidence need three values each, and one more says whether the input is thin"
    if count is None:
        return Wrong("the values of `found` cannot be counted", "the last SELECT does not write its list out", do)
    return Wrong(f"`found` has {count} values, not {width}", why, do)


def _columns(told: Mapping[str, str]) -> Iterator[Wrong]:
    whose = NUMBER if "athlete_no" in told else NAMES
    wanted = {**whose, **COLUMNS}
    gives = f"a condition gives {', '.join(NAMES)} (or {', '.join(NUMBER)}), {', '.join(COLUMNS)}"
    for name, kinds in wanted.items():
        kind = told.get(name)
        if kind is None:
            do = "select it"
            if name in whose:
                do += ": views have tenant_id and athlete_id, tables of base and mart have athlete_no"
            yield Wrong(f"the column {name} is missing", gives, do)
        elif kind not in kinds:
            do = f"write it as {name}::{kinds[0].lower()}"
            yield Wrong(f"the column {name} is {kind}", f"it must be {kinds[0]}", do)
    for name in sorted(set(told) - set(wanted)):
        yield Wrong(f"the column {name} has no place here", gives, "leave it out")


def check_rendering(rule: Rule) -> list[Wrong]:
    """Whether its texts can be filled in: with every number known, and with what may be missing missing."""
    width = findings.width(rule) + 1
    for found in (np.ones(width), np.full(width, np.nan)):
        try:
            proof = findings.proof_rows(rule, cast(Any, found), _DAY)
            render(rule, "", _DAY, proof)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
            return [Wrong("its texts cannot be filled in", f"{type(error).__name__}: {error}", "look at its braces")]
    return []
