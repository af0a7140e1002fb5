"""Entry of the command line: the verbs, and what an error becomes."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from madang import __version__
from madang.cli import (
    clusters,
    environments,
    house,
    keeping,
    leases,
    money,
    notices,
    pool,
    projects,
    runs,
    schedules,
    secrets,
    sweeps,
    upkeep,
)
from madang.cli.output import EXIT_INTERRUPTED, show_error
from madang.errors import MadangError

app = typer.Typer(
    name="madang",
    help="Share GPUs through notebooks: one queue, one budget and one ledger.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version
    if debug:
        os.environ["MADANG_DEBUG"] = "1"


house.add_to(app)
runs.add_to(app)
sweeps.add_to(app)
schedules.add_to(app)
secrets.add_to(app)
environments.add_to(app)
leases.add_to(app)
clusters.add_to(app)
pool.add_to(app)
projects.add_to(app)
money.add_to(app)
keeping.add_to(app)
upkeep.add_to(app)
notices.add_to(app)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its status: 0, 1 refused, 2 usage, 3 not reachable."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="madang")
    except MadangError as error:
        if os.environ.get("MADANG_DEBUG"):
            raise
        show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # `madang runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    run()
