"""A bar that shows how far a sweep is: live HTML in a notebook, one line on a terminal."""

import sys
from collections.abc import Mapping
from html import escape
from importlib import import_module
from typing import Any

from madang.client.standing import in_notebook
from madang.client.words import language
from madang.i18n import text

_BAR = 24
_PARTS = (("succeeded", "#"), ("failed", "!"), ("expired", "!"), ("cancelled", "-"))


class Progress:
    """Shows views of a sweep one after another, each in the place of the one before.

    Parameters
    ----------
    is_shown
        False shows nothing; neither does a standard error that is no terminal.
    """

    def __init__(self, *, is_shown: bool = True) -> None:
        self._is_in_notebook = is_shown and in_notebook()
        self._is_on_terminal = is_shown and not self._is_in_notebook and sys.stderr.isatty()
        self._shown = ""
        self._handle: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_on_terminal and self._shown:
            print(file=sys.stderr)

    def show(self, view: Mapping[str, Any]) -> None:
        """Show a view, unless nothing in it has changed."""
        said = as_html(view) if self._is_in_notebook else as_line(view)
        if said == self._shown:
            return
        self._shown = said
        if self._is_in_notebook:
            self._show_html(said)
        elif self._is_on_terminal:
            print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)

    def _show_html(self, said: str) -> None:
        screen: Any = import_module("IPython.display")
        if self._handle is None:
            self._handle = screen.display(screen.HTML(said), display_id=True)
        else:
            self._handle.update(screen.HTML(said))


def as_line(view: Mapping[str, Any]) -> str:
    """Return a bar of letters and the counts."""
    total = max(1, view["runs"])
    bar = ""
    seen = 0
    for state, sign in _PARTS:
        seen += view["counts"][state]
        bar += sign * (_BAR * seen // total - len(bar))
    return f"{view['name']} [{bar:.<{_BAR}}] {counts_text(view)}"


def as_html(view: Mapping[str, Any]) -> str:
    """Return a bar that browsers draw, and the counts; the name is escaped."""
    said = escape(counts_text(view))
    return (
        f'<div role="status"><strong>{escape(view["name"])}</strong><br>'
        f'<progress max="{view["runs"]}" value="{view["runs_done"]}" style="width:24em" '
        f'aria-label="{said}"></progress><br>{said}</div>'
    )


def counts_text(view: Mapping[str, Any]) -> str:
    """Return how many runs are done, run and have failed, and what all wait for, in words."""
    counts = view["counts"]
    said = text(
        "cli.sweep_line",
        language(),
        done=view["runs_done"],
        runs=view["runs"],
        running=counts["running"],
        failed=counts["failed"] + counts["expired"],
    )
    waits_for = view.get("waits_for")
    return f"{said} · {waits_for['text']}" if waits_for else said
