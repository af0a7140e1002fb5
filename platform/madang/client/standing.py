"""Shows a waiting cluster its standing: a card in a notebook, lines on a terminal."""

import sys
from collections.abc import Mapping
from datetime import datetime
from html import escape
from importlib import import_module
from typing import Any

from madang.client.words import language
from madang.i18n import text

_CARD = (
    '<div style="border:1px solid #8888;border-radius:6px;padding:.6em .9em;max-width:40em" '
    'role="status"><strong>{title}</strong><br>{lines}</div>'
)


def clock(at_ms: int | None) -> str:
    """Return a time as people say it: the hour, and the day unless it is today."""
    if at_ms is None:
        return text("client.unknown", language())
    then = datetime.fromtimestamp(at_ms / 1000).astimezone()
    is_today = then.date() == datetime.now(then.tzinfo).date()
    return then.strftime("%H:%M" if is_today else "%m-%d %H:%M")


def lines(view: Mapping[str, Any]) -> list[str]:
    """Return what a cluster should say about itself now, one thing a line."""
    lang = language()
    lease = view["lease"]
    standing = lease.get("standing")
    if lease["state"] in ("ended", "ending"):
        return [text("client.ended", lang), str(lease.get("reason_text") or "")]
    if view["ready"]:
        return [text("client.ready", lang), str(view.get("dashboard_url") or "")]
    if standing is None:
        return [text("client.starting", lang)]
    expected = text("client.expected_unknown", lang)
    if standing.get("expected_ms") is not None:
        times = {key: clock(standing[f"{key}_ms"]) for key in ("expected", "earliest", "latest")}
        expected = text("client.expected", lang, **times)
    place = text("client.waiting", lang, position=standing["position"], waiting=standing["waiting"])
    return [place, str(standing.get("reason_text") or ""), expected]


def card(name: str, said: list[str]) -> str:
    """Return the HTML of a card; everything in it is escaped."""
    return _CARD.format(
        title=escape(name), lines="<br>".join(escape(line) for line in said if line)
    )


class Display:
    """One place on the screen that is written again whenever the standing changes."""

    def __init__(self) -> None:
        self._last: list[str] = []
        self._handle: Any = None

    def show(self, name: str, said: list[str]) -> None:
        """Show the lines, unless they are those that are shown already."""
        if said == self._last:
            return
        self._last = said
        if not in_notebook():
            print(f"{name}: {' · '.join(line for line in said if line)}", file=sys.stderr)
            return
        screen: Any = import_module("IPython.display")

        content = screen.HTML(card(name, said))
        if self._handle is None:
            self._handle = screen.display(content, display_id=True)
        else:
            self._handle.update(content)


def in_notebook() -> bool:
    """Tell whether a kernel runs us; nothing is imported to find out."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")
