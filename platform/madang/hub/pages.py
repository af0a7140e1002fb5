"""What the hub's page templates get beside JupyterHub's own values.

JupyterHub calls each callable among the template values with the user who looks. Its templates see
neither the browser's language nor the request, so pages carry both languages, and a class on
``<html>`` hides one (``templates/page.html``).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from madang.hub import told
from madang.looks import Shell, mark, stylesheet
from madang.settings.config import SERVICE_PREFIX

_STATIC = Path(__file__).parent / "static"


def pages_at(public_url: str) -> str:
    """Return where the service's pages lie, without a slash at its end."""
    return urlsplit(public_url).path.rstrip("/") + SERVICE_PREFIX


def page_values(public_url: str) -> dict[str, Any]:
    """Return the template values of an installation at ``public_url``."""
    base = urlsplit(public_url).path.rstrip("/")

    def shell(user: Any) -> Shell:
        return Shell(
            pages=pages_at(public_url),
            hub=f"{base}/hub",
            word=_word,
            label=lambda key: told.both_plain(told.both(f"pages.{key}")),
            person=viewer(user),
            is_admin=bool(user is not None and user.admin),
            has_nav=user is not None,
        )

    css = stylesheet() + (_STATIC / "frame.css").read_text("utf-8")
    script = (_STATIC / "frame.js").read_text("utf-8")
    return {
        "shell": shell,
        "words": _constant(_word),
        "madang_prefix": pages_at(public_url),
        "madang_viewer": viewer,
        "madang_css": Markup(css),  # noqa: S704 - our own file
        "madang_js": Markup(script),  # noqa: S704 - our own file
        "madang_mark": mark(),
    }


def viewer(user: Any) -> str:
    """Name of who looks at a page (pages about another person carry that person as ``user``)."""
    return str(user.name) if user is not None else ""


def _word(key: str, **values: Any) -> Markup:
    return Markup(told.both_html(told.both(f"pages.{key}", **values)))  # noqa: S704 - escaped


def _constant(value: Any) -> Callable[[Any], Any]:
    """Wrap a callable, which JupyterHub would otherwise call with the user."""
    return lambda _user: value
