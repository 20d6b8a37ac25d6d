"""Exercises: looking them up, and what names stand for that no exercise of the catalogue has."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import output
from pipeline.cli.layout import Narrow
from pipeline.cli.options import HOME, AsJson, Data, Tenant, folder_words

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.catalogue.loader import Exercise

NEAR_SHOWN = 5
ALL_GYMS = "A mapping holds for all gyms of this data folder."

unmapped = typer.Typer(
    help=f"Exercise names that match no exercise, and what they stand for. {ALL_GYMS}", rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("exercises")(exercises)
    app.add_typer(unmapped, name="unmapped")


def exercises(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Words of its name or id; all exercises without.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Exercises of the catalogue whose name, alias or id has these words, with the ids to map names to."""
    from pipeline.settings import data_folder
    from pipeline.worker.fresh import catalogue_of

    wanted = " ".join(text or [])
    catalogue = catalogue_of(data_folder(data))
    found = catalogue.search(wanted)
    if not found:
        found = catalogue.closest(wanted, NEAR_SHOWN)
        output.note(f"no exercise is named {wanted!r}" + ("; these are spelled alike" if found else ""))
    rows = [_row(exercise) for exercise in found]
    if as_json:
        output.print_json(rows)
        return
    columns = {"exercise_id": "id", "name": "name", "class": "class", "primary_muscles": "primary muscles"}
    narrow = Narrow(texts=("primary_muscles", "name", "exercise_id"), left_out=("name",))
    if rows:
        output.print_rows(rows, columns, empty="", narrow=narrow)


def _row(exercise: Exercise) -> dict[str, object]:
    return {
        "exercise_id": exercise.exercise,
        "name": exercise.display_name,
        "class": exercise.class_,
        "primary_muscles": [muscle for muscle, _, is_primary, _ in exercise.muscles if is_primary],
    }


@unmapped.callback(invoke_without_command=True)
def unmapped_names(context: typer.Context, tenant: Tenant = HOME, data: Data = None, as_json: AsJson = False) -> None:
    """Names that match no exercise, with suggestions, and what to make of them.

    A mapping holds for all gyms of this data folder.
    """
    if context.invoked_subcommand is None:
        _list(data, tenant, as_json=as_json)


@unmapped.command("list")
def list_names(
    mapped: Annotated[bool, typer.Option("--mapped", help="The folder's own mappings, of all gyms, instead.")] = False,
    tenant: Tenant = HOME,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Names that match no exercise, with suggestions; or the names this data folder has mapped."""
    if not mapped:
        _list(data, tenant, as_json=as_json)
        return
    rows = _call(data, "mapped")
    if as_json:
        output.print_json(rows)
        return
    columns = {"name": "name", "exercise_id": "stands for", "sets": "sets logged so"}
    narrow = Narrow(texts=("name", "exercise_id"))
    output.print_rows(rows, columns, empty="no name is mapped; `spotter unmapped map` does so", narrow=narrow)


def _list(data: Path | None, tenant: str, *, as_json: bool) -> None:
    rows = _call(data, "panel", name="unmapped", parameters=[tenant])
    if as_json:
        output.print_json(rows)
        return
    columns = {key: key.replace("_", " ") for key in (rows[0] if rows else {})}
    narrow = Narrow(texts=("athlete_id", "name", "suggestions"), left_out=("first_day", "last_day"))
    output.print_rows(rows, columns, empty="every exercise name is known", narrow=narrow)


@unmapped.command("map")
def map_name(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name as logged, or as it will be.")],
    exercise_id: Annotated[
        str, typer.Argument(metavar="EXERCISE_ID", help="What it stands for; `spotter exercises TEXT` finds ids.")
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say what a name stands for, in all gyms of this data folder; everything is computed anew with it."""
    # also in a folder without data: names are known before the first set comes
    answer = _call(data, "map", "computing anew", create=True, name=name, exercise_id=exercise_id)
    if as_json:
        output.print_json(answer)
    else:
        output.say(f"{name!r} now stands for {exercise_id}, in all gyms of this data folder")
    if not answer["logged"]:
        near = ", ".join(map(output.printable, answer["near"]))
        close = f"close to it, and logged without an exercise: {near}" if near else "no such name is close to it"
        output.note(
            f"note: nobody has logged {name!r}; the mapping is kept and holds as soon as somebody does\n"
            f"  {close}\n"
            f"  take it back with: {shlex.join(['spotter', 'unmapped', 'forget', *folder_words(data), name])}"
        )


@unmapped.command("forget")
def forget_name(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `unmapped list --mapped` shows it.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Take a mapping of this data folder back, for all its gyms; everything is computed anew without it."""
    answer = _call(data, "forget", "computing anew", name=name)
    if as_json:
        output.print_json(answer)
    else:
        output.say(f"{name!r} no longer stands for {answer['exercise_id']}, in all gyms of this data folder")


def _call(data: Path | None, op: str, title: str | None = None, *, create: bool = False, **args: Any) -> Any:
    """The answer to ``op``: read, or with a bar under ``title`` for what takes long."""
    from pipeline.cli.session import open_reading, open_session
    from pipeline.settings import data_folder

    if title is None:
        with open_reading(data_folder(data)) as session:
            return session.call(op, **args)
    with open_session(data_folder(data), create=create) as session, output.progress(title, None) as bar:
        return session.call(op, progress=lambda step: bar.to(0), **args)
