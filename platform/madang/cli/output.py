"""How the command line speaks: tables or JSON on standard output, everything else on the other."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer

from madang.client.table import table
from madang.client.words import language, spoken
from madang.errors import MadangError
from madang.i18n import text

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Project = Annotated[str | None, typer.Option("--project", help="Only this project.")]

EXIT_INTERRUPTED = 130


def say(key: str, **values: Any) -> str:
    """Return a text of the catalogue in the person's language."""
    return text(key, language(), **values)


def show_json(data: Any) -> None:
    """Print data for programs."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def show_text(name: str, said: str, as_json: bool) -> None:
    """Print a text as it is, or as JSON under a name."""
    if as_json:
        show_json({name: said})
    else:
        print(said, end="")


def show(
    data: Any,
    as_json: bool,
    head: str,
    rows: Callable[[], Iterable[Sequence[object]]],
    right: Iterable[int] = (),
) -> None:
    """Print a list as a table, or as JSON.

    Parameters
    ----------
    head
        Names of the columns, in one text of words: keys of the catalogue below ``column``.
    right
        Columns of quantities.
    """
    if as_json:
        show_json(data)
        return
    lines = list(rows())
    if not lines:
        note(say("cli.nothing"))
        return
    print(table([say(f"column.{word}") for word in head.split()], lines, right))


def note(line: str) -> None:
    """Tell a person something that is no result."""
    print(line, file=sys.stderr)


def show_error(error: MadangError) -> None:
    """Print what failed and the next step."""
    said = spoken(error)
    note(said.message)
    if said.hint:
        note(said.hint)


def details(view: dict[str, Any], as_json: bool, keys: str) -> None:
    """Print some values of one thing, one a line, or all of it as JSON."""
    if as_json:
        show_json(view)
        return
    rows = [(say(f"column.{key}"), value_text(view, key)) for key in keys.split()]
    print("\n".join(table(["", ""], rows).split("\n")[1:]))


def value_text(view: dict[str, Any], key: str) -> object:
    """Return a value as people read it: times by the clock, spans in words, nested data as JSON."""
    from madang.client.standing import clock

    value = view.get(key)
    if value is None or value == "":
        return "-"
    if key == "limit_ms":
        return f"{value / 60_000:g} min"
    if key == "state":
        return state_word(str(value))
    if key == "waits_for":
        return value["text"]
    if key.endswith("_ms") and not key.endswith("device_ms"):
        return clock(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def state_word(state: str) -> str:
    """Return a state of a lease, run or cluster in the person's language."""
    said = say(f"state.{state}")
    return state if said.startswith("state.") else said


def minutes(ms: int) -> int:
    """Return a span in whole minutes, never less than none."""
    return max(0, round(ms / 60_000))


def done(view: Any, as_json: bool, key: str, **values: Any) -> None:
    """Print what was done: a sentence, or what the service answered."""
    if as_json:
        show_json(view)
    else:
        print(say(key, **values))


def credits(microcredits: int) -> str:
    """Return money as people read it."""
    from madang.units import credits_text

    return credits_text(microcredits)


def hours(device_ms: int) -> str:
    """Return device time as people read it."""
    return f"{device_ms / 3_600_000:,.3f}"


def noun(app: typer.Typer, name: str, help_: str) -> typer.Typer:
    """Add a group of commands whose bare name does the first thing one wants: a list."""
    group = typer.Typer(
        help=help_, invoke_without_command=True, no_args_is_help=False, rich_markup_mode=None
    )
    app.add_typer(group, name=name)
    return group
