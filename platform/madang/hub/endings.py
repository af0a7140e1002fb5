"""Why servers ended by themselves, for the page that their person comes to next.

JupyterHub shows the reason of a start that failed, and none for a server that ran and then was
gone. Kept in memory: after a restart of the hub the page is as it was before. The service tells the
lease's end in its own words.
"""

from typing import Any

from markupsafe import Markup

from madang.hub import told

_LIMIT = 5000
_known: dict[tuple[str, str], Markup] = {}


def note(person: str, server: str, code: str, **values: Any) -> None:
    """Keep the words of an error code for a person's server."""
    _known.pop((person, server), None)
    while len(_known) >= _LIMIT:
        del _known[next(iter(_known))]
    message = told.both_html(told.both(f"error.{code}.message", **values))
    hint = told.both_html(told.both(f"error.{code}.hint", **values))
    html = f'{message}<br><span class="note">{hint}</span>'
    _known[person, server] = Markup(html)  # noqa: S704 - escaped by told


def forget(person: str, server: str) -> None:
    """Drop what is kept; the server starts anew."""
    _known.pop((person, server), None)


def of(person: str, server: str) -> Markup:
    """Return what to say about a server that is gone; empty when nothing is known."""
    return _known.get((person, server), Markup(""))
