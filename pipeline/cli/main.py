"""The command line: ``spotter``. Exit codes: 0 good, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline import disk
from pipeline.cli import (
    about_athletes,
    access,
    alerts,
    backtest,
    channels,
    checkin,
    cluster,
    exercises,
    generating,
    importing,
    keeping,
    reading,
    rules,
    sending,
    serving,
)
from pipeline.errors import SpotterError

INTERRUPTED = 130
BROKEN_PIPE = 141

app = typer.Typer(
    name="spotter",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for part in (
    serving,
    sending,
    importing,
    checkin,
    about_athletes,
    alerts,
    channels,
    reading,
    rules,
    backtest,
    exercises,
    keeping,
    generating,
    access,
    cluster,
):
    part.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spotter {version('spotter')}")
        raise typer.Exit


@app.callback()
def _of_every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Watches your sets and steps in: failure load, recovery and explained overtraining alerts."""
    serving.log_as_lines()


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. What goes wrong is told on standard error, never as a traceback."""
    try:
        app(args=list(arguments), prog_name="spotter", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except SpotterError as error:
        _tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _tell("interrupted\n  do:  run it again; what was accepted is kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - replaces the dead stream at exit
        return BROKEN_PIPE
    except OSError as error:
        if os.environ.get("SPOTTER_DEBUG"):
            raise
        _tell(str(disk.in_words(error)))
        return 1
    except Exception as error:
        if os.environ.get("SPOTTER_DEBUG"):
            raise
        _tell(
            "the command met an error it did not foresee\n"
            f"  why: {type(error).__name__}: {error}\n"
            "  do:  run `spotter doctor`; with SPOTTER_DEBUG=1 the full trace is shown, please report it"
        )
        return 1
    return 0


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


def _tell(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
