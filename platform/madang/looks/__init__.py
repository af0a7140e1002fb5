"""One look for all pages: the stylesheet, the mark, and the header, footer and question of a page.

The service's pages and the hub's pages are rendered by two processes and must look like one
product, so what they share lies here: ``madang.css``, ``madang.svg`` and the templates in
``shell/``. Both sides add :data:`TEMPLATES` to their template folders and pass a :class:`Shell`.
It must not know who looks at what: it holds no page, no route and no rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER
"""Folder from which ``shell/header.html`` and its neighbours are included."""

_NAV = (
    ("home", ""),
    ("queue", "queue"),
    ("runs", "runs"),
    ("clusters", "clusters"),
    ("projects", "projects"),
    ("usage", "usage"),
)


@cache
def stylesheet() -> str:
    """Return the stylesheet, for pages that carry it inside."""
    return (FOLDER / "madang.css").read_text("utf-8")


@cache
def mark() -> str:
    """Return the mark as an SVG document."""
    return (FOLDER / "madang.svg").read_text("utf-8").strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What the templates in ``shell/`` need.

    Attributes
    ----------
    pages
        Where the service's pages lie, without a slash at its end.
    hub
        Where the hub lies, without a slash at its end.
    word, label
        Return a text of the catalogue (``pages.<key>``) as content, and for an attribute. They
        differ on the hub, whose pages carry both languages.
    lang
        Language of the page; empty when it carries both.
    person
        Who looks; empty when nobody is known.
    is_admin
        Whether to show the way to the hub's administration.
    has_nav
        Whether to show the ways to other pages; not before the login.
    """

    pages: str
    hub: str
    word: Callable[[str], str]
    label: Callable[[str], str]
    lang: str = ""
    person: str = ""
    is_admin: bool = False
    has_nav: bool = True

    @property
    def home(self) -> str:
        """Address of the home page."""
        return f"{self.pages}/"

    @property
    def nav(self) -> list[tuple[str, str]]:
        """The entries of the navigation: name and address."""
        known = (*_NAV, ("manage", "admin")) if self.is_admin else _NAV
        pages = [(name, f"{self.pages}/{leaf}") for name, leaf in known]
        return [*pages, ("spawn", f"{self.hub}/spawn")]

    @property
    def more(self) -> list[tuple[str, str]]:
        """What is needed now and then, shown in the footer: name and address."""
        names = ["servers", "tokens", *(["admin"] if self.is_admin else [])]
        leaves = {"servers": "home", "tokens": "token", "admin": "admin"}
        return [(name, f"{self.hub}/{leaves[name]}") for name in names]

    @property
    def logout(self) -> str:
        """Address that logs out of the hub, and with it out of the service's pages."""
        return f"{self.hub}/logout"
