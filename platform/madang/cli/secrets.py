"""Verbs about secrets: set, list, remove. A value never stands on a command line."""

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from madang.cli.output import Json, done, noun, say, show
from madang.domain.secret import MAX_VALUE_BYTES, check_secret_name, check_secret_value

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as HF_TOKEN.")]
Project = Annotated[
    str, typer.Option("--project", help="That of the notebook server when left out.")
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why; administrators must say it, it is kept.")
]


def add_to(app: typer.Typer) -> None:
    """Add ``secret``."""
    group = noun(app, "secret", "Values that runs get in their environment, by name.")
    _list(group)
    _acts(group)


def _at(project: str, *more: str) -> str:
    import os

    from madang.client.words import spoken
    from madang.errors import InvalidError

    named = project or os.environ.get("MADANG_PROJECT", "")
    if not named:
        raise spoken(InvalidError("secret_which_project"))
    return "/".join(quote(part, safe="") for part in ("projects", named, "secrets", *more))


def _named(name: str) -> str:
    """Return a name that was found to be one: nothing else may stand in an address."""
    from madang.client.words import spoken
    from madang.errors import MadangError

    try:
        return check_secret_name(name)
    except MadangError as error:
        raise spoken(error) from error.__cause__


def _list(group: typer.Typer) -> None:
    def list_(project: str, as_json: bool) -> None:
        from madang.cli.output import value_text
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get(_at(project))
        rows = [(x["name"], x["version"], x["set_by"], value_text(x, "set_ms")) for x in found]
        show(found, as_json, "name secret_version set_by set_ms", lambda: rows, (1,))

    @group.callback()
    def default(context: typer.Context, project: Project = "", as_json: Json = False) -> None:
        """List the names of a project's secrets."""
        if context.invoked_subcommand is None:
            list_(project, as_json)

    @group.command("list")
    def list_command(project: Project = "", as_json: Json = False) -> None:
        """List the names of a project's secrets; nobody is shown a value."""
        list_(project, as_json)


def _acts(group: typer.Typer) -> None:
    @group.command("set")
    def set_command(
        name: Name,
        project: Project = "",
        from_file: Annotated[
            Path | None, typer.Option("--from-file", help="Take the text of this file as it is.")
        ] = None,
        reason: Reason = "",
        as_json: Json = False,
    ) -> None:
        """Give a secret a value: from a file, standard input, or typed without being shown."""
        from madang.client.http import MadangClient

        path = _at(project, _named(name))
        body = {"value": _value(name, from_file), "reason": reason}
        with MadangClient() as client:
            view = client.put(path, body)
        done(view, as_json, "cli.secret_set", name=name, version=view["version"])

    @group.command("remove")
    def remove(
        name: Name, project: Project = "", reason: Reason = "", as_json: Json = False
    ) -> None:
        """Forget a secret; runs that wait for it end before they start."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            client.delete(_at(project, _named(name)), reason=reason or None)
        done({"name": name}, as_json, "cli.secret_removed", name=name)


def _value(name: str, path: Path | None) -> str:
    """Return what was given; one line end after a single line is the keyboard's, not the value's.

    Raises
    ------
    InvalidError
        What cannot be read, or is no value; nothing of it is repeated.
    """
    from madang.client.words import spoken
    from madang.errors import InvalidError

    try:
        if path is not None:
            return check_secret_value(_text(_read(path)))
        if sys.stdin.isatty():
            return check_secret_value(
                typer.prompt(say("cli.secret_ask", name=name), hide_input=True)
            )
        given = _text(sys.stdin.buffer.read(MAX_VALUE_BYTES + 3))
        line = given.removesuffix("\n").removesuffix("\r")
        return check_secret_value(given if "\n" in line else line)
    except InvalidError as error:
        raise spoken(error) from None


def _read(path: Path) -> bytes:
    from madang.errors import InvalidError

    try:
        with path.open("rb") as file:
            return file.read(MAX_VALUE_BYTES + 1)
    except OSError as error:
        said = error.strerror or str(error)
        raise InvalidError("input_unreadable", path=str(path), given=said) from error


def _text(data: bytes) -> str:
    from madang.errors import InvalidError

    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidError("secret_value_unfit") from None
