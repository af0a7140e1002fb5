"""The verb that puts two sweeps side by side."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from madang.cli.leases import Id
from madang.cli.output import Json, credits, hours, note, say, show, show_json, state_word

_HEAD = "fact first second difference"


def of_sweeps(group: typer.Typer) -> None:
    """Add ``compare`` to ``sweeps``."""

    @group.command("compare")
    def compare(
        first: Id,
        second: Id,
        as_csv: Annotated[
            bool, typer.Option("--csv", help="Print a row for each pair of runs instead.")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Put two sweeps side by side: cost, medians, and runs of equal parameters."""
        from madang.client import comparisons
        from madang.client.http import MadangClient

        if as_csv and as_json:
            raise typer.BadParameter(say("cli.csv_or_json"))
        with MadangClient() as client:
            found = comparisons.compared(client, first, second)
        if as_json:
            show_json(found)
        elif as_csv:
            print(comparisons.as_csv(found), end="")
        else:
            show(found, False, _HEAD, lambda: _rows(found), (1, 2, 3))
            only = {"first": found["only_first"], "second": found["only_second"]}
            note(say("cli.compared", count=found["matched"], **only))


def _rows(found: Mapping[str, Any]) -> list[tuple[object, ...]]:
    from madang.client.comparisons import columns_of, in_seconds

    one, other = found["sweeps"]
    rows: list[tuple[object, ...]] = [
        (say(f"column.{key}"), *(said(sweep) for sweep in (one, other)), "")
        for key, said in (
            ("name", lambda x: x["name"]),
            ("state", lambda x: state_word(x["state"])),
            ("runs_done", lambda x: f"{x['runs_done']}/{x['runs']}"),
            ("credits", lambda x: credits(x["charged_microcredits"])),
            ("device_hours", lambda x: hours(x["held_device_ms"])),
        )
    ]
    for column, (name, groups) in enumerate(zip(columns_of(found), found["medians"], strict=True)):
        values = [in_seconds(group and group["median"], column) for group in groups]
        rows.append((say("cli.median_of", name=name), *map(_number, values), _change(*values)))
    return rows


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _change(first: float | None, second: float | None) -> str:
    return "-" if first is None or second is None else f"{second - first:+.4g}"
