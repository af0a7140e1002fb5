"""Makes the reference pages from what the program itself says; ``make docs`` writes them.

Commands come from the command line's own help, errors from the catalogue and from where they are
raised, settings from :mod:`madang.settings.described`. A test keeps the pages equal to this.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

import madang
from madang import errors
from madang.i18n import catalogue
from madang.settings import described

_HEAD = "<!-- Made by `make docs`; change the program, not this page. -->\n"


_KINDS = {int: "NUMBER", float: "NUMBER", Path: "PATH"}


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    made = {"cli.md": commands(), "errors.md": error_codes(), "settings.md": settings()}
    return {name: f"{_HEAD}\n{text.rstrip()}\n" for name, text in made.items()}


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    # The signs that Markdown would take for its own.
    safe = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in safe)


# -- commands ----------------------------------------------------------------------------------


def commands() -> str:
    """Return the page of all commands."""
    from madang.cli.main import app

    root = typer.main.get_command(app)
    parts = [
        "# Commands\n",
        "Status 0 is success, 1 refused or failed, 2 wrong usage, 3 nothing answers, 130 Ctrl-C. "
        "Results go to standard output, everything else to the other. Messages are Korean or "
        "English, by `MADANG_LANG` or the locale.\n",
        *(_command(words, command) for words, command in _all(root, ("madang",))),
    ]
    return "\n".join(parts)


def _all(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _all(command, (*path, name))
        else:
            yield (*path, name), command


def _command(words: tuple[str, ...], command: Any) -> str:
    shown = [p for p in command.params if p.name != "help"]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    usage = " ".join([*words, *(_argument(p) for p in arguments), *(["[OPTIONS]"] * bool(options))])
    if hasattr(command, "commands"):
        usage += " COMMAND" if command.no_args_is_help else " [COMMAND]"
    parts = [f"\n## {' '.join(words)}\n", f"{command.help or ''}\n", f"```\n{usage}\n```\n"]
    rows = [(f"`{_argument(p)}`", p.help or "", _default(p)) for p in arguments if p.help]
    rows += [(f"`{_option(p)}`", p.help or "", _default(p)) for p in options]
    if rows:
        parts.append(_table(("given", "meaning", "default"), rows) + "\n")
    return "\n".join(parts)


def _argument(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required else f"[{name}]"


def _option(param: Any) -> str:
    names = ", ".join([*param.opts, *param.secondary_opts])
    if param.is_flag:
        return names
    kind = _KINDS.get(param.type_descriptor.annotation, "TEXT")
    return f"{names} {kind}{' …' * param.multiple}"


def _default(param: Any) -> str:
    value = param.default
    if param.required:
        return "must be given"
    if getattr(param, "is_flag", False):
        return ""
    is_told = isinstance(value, str | int | float) and value != ""
    return f"`{value}`" if is_told else ""


# -- errors ------------------------------------------------------------------------------------


def raised() -> dict[str, type[errors.MadangError]]:
    """Return the class of each code, from the source of the package."""
    found: dict[str, type[errors.MadangError]] = {}
    for path in sorted(Path(madang.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                kind = getattr(errors, name, None)
                if isinstance(kind, type) and issubclass(kind, errors.MadangError):
                    found.setdefault(str(node.args[0].value), kind)
    return found


def error_codes() -> str:
    """Return the page of all error codes."""
    kinds = raised()
    codes = sorted(
        key.removeprefix("error.").removesuffix(".message")
        for key in catalogue()
        if key.startswith("error.") and key.endswith(".message")
    )
    parts = [
        "# Error codes\n",
        "Every error of API, pages, client and command line has one of these codes, a message and "
        "a next step, in Korean and English. Words in braces are filled from its `details`. "
        "A dash as status: it is no answer of its own, but the reason of something that ended.\n",
    ]
    for code in codes:
        kind = kinds.get(code)
        status = f"{kind.status}, exit status {kind.exit_code}" if kind else "-"
        parts.append(f"\n## {code}\n\nStatus {status}\n")
        parts += [
            f"- {catalogue()[f'error.{code}.message'][i]} {catalogue()[f'error.{code}.hint'][i]}"
            for i in (0, 1)
        ]
    return "\n".join(parts)


# -- settings ----------------------------------------------------------------------------------


def settings() -> str:
    """Return the page of both files and all environment variables."""
    parts = [
        "# Settings\n",
        "Times are written as `90s`, `15m`, `4h`, `7d`. An unknown key is refused with the known "
        "ones. `madang serve` reads both files at its start.\n",
    ]
    for where, rows in described.POLICY.items():
        parts.append(f"\n## policy.yaml{': ' + where if where else ''}\n\n{_rows(rows)}\n")
    parts.append(f"\n## profiles.yaml: each profile\n\n{_rows(described.PROFILES)}\n")
    for title, rows in (
        ("for people and scripts", described.FOR_PEOPLE),
        ("in servers, slots, runs and clusters", described.IN_PROCESSES),
        ("of the service (`madang up` sets them)", described.FOR_THE_SERVICE),
        ("of the hub (`madang up` sets them)", described.FOR_THE_HUB),
    ):
        parts.append(f"\n## Environment {title}\n\n{_rows(rows)}\n")
    return "\n".join(parts)


def _rows(rows: Mapping[str, tuple[str, str]]) -> str:
    made = [(f"`{key}`", f"`{d}`" if d else "", text) for key, (d, text) in rows.items()]
    return _table(("name", "default", "meaning"), made)


def main(folder: str) -> None:
    """Write all pages into a folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
