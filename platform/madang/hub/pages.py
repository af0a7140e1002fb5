"""What the hub's page templates get beside JupyterHub's own values.

JupyterHub calls each callable among the template values with the user who looks, once a page. Its
templates see neither the browser's language nor the request, so pages carry both languages, and a
class on ``<html>`` hides one (``templates/madang/plain.html``).
"""

import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from madang import looks
from madang.hub import endings, told
from madang.looks import Shell, mark, stylesheet
from madang.settings.config import SERVICE_PREFIX

TEMPLATES = Path(__file__).parent / "templates"
"""Folder of the hub's page templates; they also need those of :mod:`madang.looks`."""

_STATIC = Path(__file__).parent / "static"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


def pages_at(public_url: str) -> str:
    """Return where the service's pages lie, without a slash at its end."""
    return urlsplit(public_url).path.rstrip("/") + SERVICE_PREFIX


def page_values(public_url: str, callbacks: Iterable[str] = ()) -> dict[str, Any]:
    """Return the template values of an installation.

    Parameters
    ----------
    public_url
        Address that people use.
    callbacks
        Where services of the site wait for the end of a login; browsers refuse to follow a form to
        an origin that the page does not name.
    """
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
        "madang_nonce": nonce,
        "madang_ending": _constant(endings.of),
        "madang_forms": " ".join(["'self'", *_origins(callbacks)]),
    }


def away_page(public_url: str) -> str:
    """Return what the proxy shows when nothing answers; the page tries again by itself."""
    loader = jinja2.FileSystemLoader([str(TEMPLATES), str(looks.TEMPLATES)])
    values = page_values(public_url)
    known = {key: value(None) if callable(value) else value for key, value in values.items()}
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("madang/away.html")
    return template.render(known, base_url=f"{urlsplit(public_url).path}hub/", xsrf_token="")


def keep_away_page(folder: Path, public_url: str) -> None:
    """Write the page where the proxy looks for it; without room there is none, and no harm done."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        fresh = folder / "error.html.new"
        fresh.write_text(away_page(public_url), "utf-8")
        fresh.replace(folder / "error.html")


def viewer(user: Any) -> str:
    """Name of who looks at a page (pages about another person carry that person as ``user``)."""
    return str(user.name) if user is not None else ""


def nonce(_user: Any) -> str:
    """Return what marks the scripts and styles of one answer as ours; never the same again."""
    return secrets.token_urlsafe(18)


def _origins(addresses: Iterable[str]) -> list[str]:
    found = (_ORIGIN.match(address) for address in addresses)
    return sorted({match.group() for match in found if match})


def _word(key: str, **values: Any) -> Markup:
    return Markup(told.both_html(told.both(f"pages.{key}", **values)))  # noqa: S704 - escaped


def _constant(value: Any) -> Callable[[Any], Any]:
    """Wrap a callable, which JupyterHub would otherwise call with the user."""
    return lambda _user: value
