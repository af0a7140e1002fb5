"""Verbs that delete what was made: outputs of runs and sweeps."""

from typing import Annotated

import typer

from madang.cli.leases import Id
from madang.cli.output import Json, done, say

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def add_delete_output(group: typer.Typer, noun: str) -> None:
    """Add ``delete-output`` to the verbs of runs or sweeps."""

    @group.command("delete-output")
    def delete_output(
        thing: Id,
        yes: Yes = False,
        reason: Annotated[
            str, typer.Option("--reason", help="Why, when it is somebody else's.")
        ] = "",
        as_json: Json = False,
    ) -> None:
        """Delete output and log of what has ended for good; the row stays."""
        from madang.client.http import MadangClient

        if not yes:
            typer.confirm(say("cli.output_delete_ask", id=thing), abort=True, err=True)
        with MadangClient() as client:
            view = client.delete(f"{noun}/{thing}/output", why=reason or None)
        done(view, as_json, "cli.output_deleted", id=thing)
