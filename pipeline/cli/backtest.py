"""Trying a rule: what it would have fired on the stored history with other thresholds, beside today's alerts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboards.words import counted, number
from pipeline.cli import output
from pipeline.cli.options import HOME, AsJson, Data, Tenant
from pipeline.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from pipeline.alerts.rules import Rules
    from pipeline.worker.backtest import Backtest, Pair, Told

THRESHOLD_MAX = 1e5
EXAMPLES_SHOWN = 5
WHYS = {
    "later": "in place of a gone alert of the same athlete, rule and scope, opened later",
    "earlier": "in place of a gone alert of the same athlete, rule and scope, opened earlier",
    "part": "in days of an alert that ends sooner as tried",
    "scope": "on another scope (a muscle in place of the whole body, or the other way) where an alert is gone",
}
TITLES = {"new": "new", "gone": "gone", "severity": "of another severity", "moved": "moved", "same": "the same"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backtest")(backtest)


def backtest(
    rule: Annotated[str | None, typer.Option("--rule", metavar="R", help="The rule, such as R07.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A threshold or severity to try; several times for several."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="X01.toml", help="A rule of your own that is not installed yet.")
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Alerts that opened on this day or later.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Alerts that opened on this day or earlier.")
    ] = None,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """What a rule would have fired on the stored history with other thresholds; changes nothing."""
    from pipeline.cli.snapshots import current_snapshot
    from pipeline.settings import data_folder
    from pipeline.worker.backtest import backtest as run

    days = (first.date() if first else None, last.date() if last else None)
    if days[0] and days[1] and days[0] > days[1]:
        raise UsageError("there is no day to look at", f"{days[0]} is after {days[1]}", "turn --from and --to round")
    rule_id, today, tried = _rules(data, rule, file, _settings(changes or []))
    folder = data_folder(data)
    with current_snapshot(folder) as path, output.progress("trying it on a copy", 1.0) as bar:
        found = run(
            path,
            folder,
            tried,
            rule_id,
            tenant=tenant,
            first=days[0],
            last=days[1],
            progress=lambda done, total: bar.to(done / max(1, total)),
        )
    if found.observed.days == 0 and not found.pairs:
        when = " in these days" if any(days) else ""
        raise RefusedError(f"there is no history of {tenant}{when}", do="`spotter roster` shows who has data")
    told = _told(rule_id, today, tried, found, days)
    if as_json:
        output.print_json(told)
    else:
        _print(told, found)


def _settings(changes: Iterable[str]) -> dict[str, float | str]:
    settings: dict[str, float | str] = {}
    for text in changes:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise UsageError(f"--set {text} says nothing", "a setting is KEY=VALUE", "write for example --set some=1.4")
        try:
            settings[key] = float(value) if math.isfinite(float(value)) else value
        except ValueError:
            settings[key] = value
    return settings


def _check_numbers(rule_id: str, settings: dict[str, float | str]) -> None:
    """Raises UsageError for a number that no threshold can be, or that would be tried as another one."""
    from pipeline.alerts.statements import whole_numbers

    for key, value in settings.items():
        if isinstance(value, str):
            continue
        if abs(value) > THRESHOLD_MAX:
            raise UsageError(f"{key} = {value:g} is no threshold", "it is beyond everything a rule counts", "name less")
        if f"{rule_id.lower()}_{key}" in whole_numbers() and not (value >= 0 and value.is_integer()):
            raise UsageError(
                f"{key} = {value:g} is no count", f"{rule_id} compares {key} with a whole number", "name one from 0 on"
            )


def _rules(
    data: Path | None, rule: str | None, file: Path | None, settings: dict[str, float | str]
) -> tuple[str, Rules | None, Rules]:
    """The rule's id, the rules as they are (None where they lack it), and those to try.

    Of the gym's own rules only the one that is tried takes part: none of them changes what another one finds.
    """
    from pipeline.cli.rules import checked, known_rule, known_rules

    if file is None:
        if rule is None:
            raise UsageError("no rule is named", do="add --rule R07, or --file X01.toml")
        _, known = known_rule(data, rule)
        alone = known.with_own([known.own[rule]] if rule in known.own else [], "")
        _check_numbers(rule, settings)
        return rule, known, alone.with_changes(rule, settings)
    pair = checked(file)
    if pair.own is None:
        wrong = "; ".join(f"{one.what}: {one.why}" for one in pair.wrong)
        raise RefusedError(f"{file} cannot be tried", wrong, f"`spotter rules check {file}` says how to correct it")
    if rule is not None and rule != pair.name:
        raise UsageError(f"{file} holds {pair.name}, not {rule}", do="leave out --rule, or name the other file")
    known, _ = known_rules(data)
    alone = known.with_own([pair.own], "")
    return pair.name, known if pair.name in known.own else None, alone.with_changes(pair.name, settings)


def _told(
    rule_id: str, today: Rules | None, tried: Rules, found: Backtest, days: tuple[date | None, date | None]
) -> dict[str, Any]:
    from pipeline.worker.backtest import DAYS_PER_MONTH, KINDS, summary

    rule, before = tried[rule_id], today[rule_id] if today else None
    counts = Counter(pair.change for pair in found.pairs)
    return {
        "rule": rule_id,
        "name": rule.name,
        "settings": {
            "thresholds": _differing(before.thresholds if before else {}, rule.thresholds),
            "severities": _differing(before.severities if before else {}, rule.severities),
        },
        "from": days[0] or found.observed.first,
        "to": days[1] or found.observed.last,
        "observed_days": found.observed.days,
        "observed_athletes": found.observed.athletes,
        "athlete_months": round(found.observed.days / DAYS_PER_MONTH, 2),
        "today": summary((pair.today for pair in found.pairs), found.observed, *days)._asdict(),
        "tried": summary((pair.tried for pair in found.pairs), found.observed, *days)._asdict(),
        "changes": {kind: counts[kind] for kind in KINDS},
        "new_because": _because(found),
        "alerts": [_row(pair, found.why) for pair in found.pairs if pair.change != "same"],
        "other_rules": found.others,
    }


def _differing(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: {"today": now.get(key), "tried": value} for key, value in then.items() if now.get(key) != value}


def _because(found: Backtest) -> dict[str, int]:
    from pipeline.worker.backtest import WHYS as KEYS

    counts = Counter(found.why.get(pair.tried.alert_id) for pair in found.pairs if pair.change == "new" and pair.tried)
    return {key: counts[key] for key in KEYS}


def _row(pair: Pair, why: Mapping[str, str]) -> dict[str, Any]:
    one = pair.tried or pair.today
    return {
        "change": pair.change,
        "because": why.get(one.alert_id) if one and pair.change == "new" else None,
        "athlete_id": one.athlete_id if one else None,
        "scope": one.scope if one else None,
        "today": _alert(pair.today),
        "tried": _alert(pair.tried),
    }


def _alert(one: Told | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {name: getattr(one, name) for name in ("alert_id", "severity", "opened_on", "ends_on", "title")}


def _print(told: dict[str, Any], found: Backtest) -> None:
    output.paragraph(f"{told['rule']} {told['name']}: {_tried(told['settings'])}")
    athletes = counted(told["observed_athletes"], "athlete")
    output.paragraph(
        f"{told['from']} to {told['to']}: {counted(told['observed_days'], 'observed day')} of {athletes},"
        f" {number(told['athlete_months'], 1)} athlete-months"
    )
    output.say()
    today, tried = told["today"], told["tried"]
    rows = [{"what": "alerts opened", "today": today["alerts"], "tried": tried["alerts"]}]
    for name in reversed(today["by_severity"]):
        if today["by_severity"][name] or tried["by_severity"][name]:
            rows.append({"what": f"  {name}", "today": today["by_severity"][name], "tried": tried["by_severity"][name]})
    for key, what in (("per_athlete_month", "per athlete-month"), ("athletes", "athletes concerned")):
        rows.append({"what": what, "today": today[key], "tried": tried[key]})
    output.print_rows(rows, {"what": "counted", "today": "today", "tried": "as tried"}, empty="")
    output.paragraph(_columns(told["settings"]))
    output.say()
    output.paragraph(", ".join(f"{told['changes'][kind]} {title}" for kind, title in TITLES.items()))
    for key, n in told["new_because"].items():
        if n:
            output.paragraph(f"of the new, {n} {WHYS[key]}")
    for kind, title in TITLES.items():
        pairs = [pair for pair in found.pairs if pair.change == kind]
        if not pairs or kind == "same":
            continue
        output.say(f"{title}:")
        for pair in pairs[:EXAMPLES_SHOWN]:
            output.paragraph(output.printable(_example(pair)), "  ")
        if len(pairs) > EXAMPLES_SHOWN:
            output.say(f"  … {len(pairs) - EXAMPLES_SHOWN} more, --json has all")
    for rule, counts in told["other_rules"].items():
        output.paragraph(f"{rule}, which weighs it: {', '.join(f'{n} {TITLES[kind]}' for kind, n in counts.items())}")


def _columns(settings: dict[str, dict[str, dict[str, Any]]]) -> str:
    """What stands in which column."""
    changed = settings["thresholds"] or settings["severities"]
    tried = "the same history played with the settings above" if changed else "the same history played with no change"
    return f"today: what the rule has fired as it is in force; as tried: {tried}"


def _tried(settings: dict[str, dict[str, dict[str, Any]]]) -> str:
    said = []
    for group, (one, several) in {
        "thresholds": ("threshold", "thresholds"),
        "severities": ("severity", "severities"),
    }.items():
        changes = [_setting(key, values) for key, values in settings[group].items()]
        if changes:  # a threshold and a severity may have one name
            said.append(f"{one if len(changes) == 1 else several} {', '.join(changes)}")
    return "; ".join(said) or "as it is"


def _setting(key: str, values: Mapping[str, Any]) -> str:
    tried = output.printable(values["tried"])
    return f"{key} {tried}" if values["today"] is None else f"{key} {output.printable(values['today'])} → {tried}"


def _example(pair: Pair) -> str:
    spans = [_span(one) for one in (pair.today, pair.tried) if one is not None]
    one = pair.tried or pair.today
    title = one.title if one else ""
    return f"{one.athlete_id if one else ''}, {' → '.join(dict.fromkeys(spans))}: {title}"


def _span(one: Told) -> str:
    return f"{one.severity} {one.opened_on} to {one.ends_on or 'now'}"
