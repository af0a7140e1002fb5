"""What a notebook takes, as papermill's option of the same name shows it."""

from typing import Annotated

import typer

from madang.cli.output import note, say, show

HelpNotebook = Annotated[
    bool,
    typer.Option("--help-notebook", help="Show the notebook's parameters; submit nothing."),
]


def show_parameters(notebook: str, as_json: bool) -> None:
    """Print name, type, default and help of each parameter."""
    from madang.client.runs import parameters_of

    found = parameters_of(notebook)
    if not found["has_cell"] and not as_json:
        note(say("cli.no_parameters_cell"))
        return
    rows = [
        (row["name"], row["type"] or "-", row["default"] or "-", row["help"])
        for row in found["parameters"]
    ]
    show(found, as_json, "name type default help", lambda: rows)
