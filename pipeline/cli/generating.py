"""Making data: synthetic athletes whose true state is known."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from dashboards.words import counted
from pipeline.cli import output
from pipeline.cli.instants import stated_day
from pipeline.cli.options import AsJson

ATHLETES_DEFAULT, WEEKS_DEFAULT = 20, 26
LAST_DAY_HELP = "The last day of everybody, such as 2026-06-28 (the default)."


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("generate")(generate)


def generate(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the two files go; made if not there.")],
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Equal seeds give equal files; default 1.")] = 1,
    athletes: Annotated[
        int, typer.Option("--athletes", metavar="N", help=f"How many; default {ATHLETES_DEFAULT}.")
    ] = ATHLETES_DEFAULT,
    weeks: Annotated[
        int, typer.Option("--weeks", metavar="N", help=f"Of each athlete, 20 or more; default {WEEKS_DEFAULT}.")
    ] = WEEKS_DEFAULT,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME", help="All in this one; a name that is not known lists them."),
    ] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="DAY", help=LAST_DAY_HELP)] = None,
    as_json: AsJson = False,
) -> None:
    """Write months of events of made-up athletes, and labels that say which of them are overreached, and when."""
    from pipeline.synthetic import write
    from pipeline.synthetic.write import EVENTS, LABELS

    last_day = _day(end)
    with output.progress("living through", athletes) as bar:
        written = write(
            out,
            seed=seed,
            count=athletes,
            weeks=weeks,
            scenario=scenario,
            last_day=last_day,
            progress=lambda done, total: bar.to(done, f"{done:,} of {total:,}"),
        )
    if as_json:
        output.print_json(
            {
                "events_file": str(out / EVENTS),
                "labels_file": str(out / LABELS),
                "athletes": written.athletes,
                "overreached": written.overreached,
                "events": written.events,
                "kinds": dict(sorted(written.kinds.items())),
                "scenarios": dict(sorted(written.scenarios.items())),
            }
        )
        return
    output.say(
        f"{counted(written.events, 'event')} of {counted(written.athletes, 'athlete')} are in {out / EVENTS},"
        f" what is true of them in {out / LABELS}"
    )
    output.say(f"overreached at some time: {written.overreached}")
    for name, count in sorted(written.scenarios.items()):
        output.say(f"  {name}: {count}")
    output.say(f"load them with `spotter ingest {shlex.quote(str(out / EVENTS))}`")


def _day(text: str | None) -> date:
    from pipeline.synthetic.athlete import LAST_DAY

    return LAST_DAY if text is None else stated_day(text, "--end", str(LAST_DAY))
