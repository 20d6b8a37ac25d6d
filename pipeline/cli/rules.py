"""Rules: what each decides with, a gym's own among them, and what is wrong with a file of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dashboards.words import counted
from pipeline.cli import output
from pipeline.cli.layout import Narrow
from pipeline.cli.options import AsJson, Data
from pipeline.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from pipeline.alerts.own_rules import Pair
    from pipeline.alerts.rules import Rule, Rules

rules = typer.Typer(
    help="The rules, and a gym's own in the folder `rules` of its data.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_rules(data: Data = None, as_json: AsJson = False) -> None:
    """Every rule; of the folder's own also those that are left out, and how many things are wrong with each."""
    known, left_out = known_rules(data)
    rows: list[dict[str, Any]] = [
        {
            "rule": rule.id,
            "name": rule.name,
            "scope": rule.scope,
            "lane": rule.lane,
            "severities": sorted(set(rule.severities.values()), key=list(rule.severities.values()).index),
            "from": "own" if rule.id in known.own else "built in",
            "state": "in force",
            "version": known.rule_version(rule.id),
        }
        for rule in known.all()
    ]
    for pair in left_out:
        wrong = [one._asdict() for one in pair.wrong]
        state = f"left out: {counted(len(wrong), 'thing')} wrong"
        rows.append({"rule": pair.name, "from": "own", "state": state, "wrong": wrong})
    if as_json:
        output.print_json(rows)
        return
    columns = {"rule": "rule", "name": "name", "severities": "severities", "scope": "scope", "lane": "lane"}
    narrow = Narrow(texts=("name", "severities"), left_out=("lane", "scope"))
    output.print_rows(rows, columns | {"from": "from", "state": "state"}, empty="", narrow=narrow)
    if left_out:
        output.note(f"`spotter rules check FILE` says what is wrong with {', '.join(pair.name for pair in left_out)}")


@rules.command("show")
def show_rule(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="Its id, such as R07 or X01.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """What one rule decides with: thresholds, severities, evidence, texts, and where it comes from."""
    rule, known = known_rule(data, rule_id)
    if as_json:
        output.print_json(rule.model_dump() | {"version": known.rule_version(rule.id), "own": rule.id in known.own})
        return
    from pipeline.alerts.catalogue import section

    for line in section(rule).rstrip().splitlines():
        if line:
            output.paragraph(output.printable(line.removeprefix("## ")), "")


@rules.command("check")
def check_rules(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="X01.toml or X01.sql, beside each other.")],
    as_json: AsJson = False,
) -> None:
    """Everything that is wrong with the files of a rule, before they are put into the folder; changes nothing."""
    found = [checked(path) for path in files]
    if as_json:
        output.print_json([{"rule": pair.name, "wrong": [one._asdict() for one in pair.wrong]} for pair in found])
    else:
        for pair in found:
            output.say(f"{output.printable(pair.name)}: {told(pair)}")
            for one in pair.wrong:
                output.say()
                output.paragraph(output.printable(one.what), "  ")
                output.paragraph(output.printable(f"why: {one.why}"), "    ")
                output.paragraph(output.printable(f"do:  {one.do}"), "    ")
    if any(pair.wrong for pair in found):
        raise typer.Exit(1)


@rules.command("preset")
def choose(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The one to use from now on.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """How strict the built-in rules are: which presets there are, which is in force, or another one from now on."""
    from pipeline.alerts.rules import presets
    from pipeline.settings import data_folder
    from pipeline.worker.own_rules import choose_preset, preset_of

    folder = data_folder(data)
    if name is not None:
        choose_preset(folder, name)
    chosen = preset_of(folder)
    rows = [
        {"preset": one, "title": told.title, "changes": sorted(told.rules), "in_force": one == chosen}
        for one, told in presets().items()
    ]
    if as_json:
        output.print_json(rows)
        return
    shown = [row | {"in_force": "in force" if row["in_force"] else ""} for row in rows]
    columns = {"preset": "preset", "title": "what it is", "changes": "rules it changes", "in_force": "state"}
    output.print_rows(shown, columns, empty="", narrow=Narrow(texts=("title", "changes")))
    if name is not None:
        output.note(
            "history is worked out again under it at the next start of `spotter up`, or by the next command while that"
            " does not run; the alerts of the one before are withdrawn where they no longer hold"
        )


def told(pair: Pair) -> str:
    """What a check came to."""
    if not pair.wrong:
        return "nothing is wrong"
    return f"{counted(len(pair.wrong), 'thing')} {'is' if len(pair.wrong) == 1 else 'are'} wrong"


def checked(path: Path) -> Pair:
    """The pair a file belongs to; raises for a name that is none of a rule's files."""
    from pipeline.alerts.own_rules import SUFFIXES, read_file

    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} is no file of a rule", "a rule is a pair of .toml and .sql", "name one of the two")
    if not path.exists():
        raise RefusedError(f"{path} is not there", do="check the name")
    return read_file(path)


def known_rules(data: Path | None) -> tuple[Rules, list[Pair]]:
    """The rules as the folder has them now, and the pairs that are left out."""
    from pipeline.settings import data_folder
    from pipeline.worker.own_rules import built_in, folder_of

    folder = data_folder(data)
    own = folder_of(folder)
    return built_in(folder).with_own(own.rules, own.version), own.left_out


def known_rule(data: Path | None, rule_id: str) -> tuple[Rule, Rules]:
    """One rule and all of them; raises UsageError naming those there are, RefusedError for one that is left out."""
    known, left_out = known_rules(data)
    for pair in left_out:
        if pair.name == rule_id:
            raise RefusedError(
                f"the rule {rule_id} is left out",
                "; ".join(f"{one.what}: {one.why}" for one in pair.wrong),
                f"correct its files; `spotter rules check` on {rule_id}.toml says how",
            )
    found = {rule.id: rule for rule in known.all()}
    if rule_id not in found:
        raise UsageError(f"there is no rule {rule_id}", do=f"use one of {', '.join(found)}")
    return found[rule_id], known
