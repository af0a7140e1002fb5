"""Turns a screen into HTML: templates, words, links, and the headers that guard a page.

Knows neither services nor identity, so that an error page can be shown when those do not answer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from fastapi import Response
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from madang import looks
from madang.api.pages import wording
from madang.api.pages.assets import Assets
from madang.api.pages.links import Links
from madang.i18n import catalogue, text
from madang.units import credits_short

FRAGMENT = "X-Madang-Fragment"
"""Header by which the script asks for the content without the frame around it."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Vary": f"{FRAGMENT}, Cookie, Accept-Language",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every page. Same-origin referrers let the hub see where its visitors come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a page shows.

    Attributes
    ----------
    section
        Entry of the navigation that is marked as present.
    title
        Also read aloud, and shown on the tab.
    announce
        One sentence on the state of things; a screen reader says it when it changes.
    is_live
        Whether the script keeps the page fresh; off for a form, which must not lose input.
    location
        Set to send the browser on instead of showing anything.
    """

    template: str = ""
    section: str = ""
    title: str = ""
    announce: str = ""
    is_live: bool = True
    status: int = 200
    location: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def problem_screen(shape: Mapping[str, Any], lang: str) -> Screen:
    """Return the page of an error in the one shape; a passing trouble is looked at again."""
    return Screen(
        template="problem.html",
        title=text("pages.problem.title", lang),
        announce=str(shape["message"]),
        status=int(shape["status"]),
        is_live=shape["status"] == 503,
        values={"problem": shape},
    )


def script_words(lang: str) -> str:
    """Return the words that the script needs, as JSON."""
    start = "pages.js."
    shown = {key[len(start) :]: text(key, lang) for key in catalogue() if key.startswith(start)}
    for unit in ("s", "min", "h", "d"):
        shown[f"unit_{unit}"] = text(f"pages.unit.{unit}", lang)
    for form in ("in", "in_past", "left", "left_past", "ago"):
        shown[f"time_{form}"] = text(f"pages.time.{form}", lang, span="{span}")
    return json.dumps(shown, ensure_ascii=False)


@cache
def _templates() -> Environment:
    """Return the templates, which know no installation and are compiled once in each process."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("madang.api.pages"), FileSystemLoader(looks.TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(credits=credits_short, hours=wording.hours, moment=wording.moment)
    return made


class Renderer:
    """Renders screens with the links of one installation."""

    def __init__(self, public_url: str, assets: Assets) -> None:
        self.links = Links.of(public_url)
        self._assets = assets
        self._templates = _templates()

    def render(
        self,
        screen: Screen,
        *,
        lang: str,
        now_ms: int,
        person: str = "",
        is_admin: bool = False,
        csrf: str = "",
        is_fragment: bool = False,
        notice: Mapping[str, Any] | None = None,
    ) -> Response:
        """Return a screen as a page, or as the content alone."""
        if screen.location:
            return Response(status_code=303, headers={**HEADERS, "Location": screen.location})

        def words(key: str, **values: Any) -> str:
            return text(f"pages.{key}", lang, **values)

        shared = {
            "layout": "fragment.html" if is_fragment else "base.html",
            "screen": screen,
            "lang": lang,
            "t": words,
            "shell": looks.Shell(
                pages=self.links.prefix,
                hub=self.links.hub,
                word=words,
                label=words,
                lang=lang,
                person=person,
                is_admin=is_admin,
                has_nav=bool(person),
            ),
            "links": self.links,
            "static": lambda name: self.links.prefix + self._assets.path(name),
            "person": person,
            "now_ms": now_ms,
            "csrf": csrf,
            "notice": notice,
            "script_words": "" if is_fragment else script_words(lang),
            "span": partial(wording.duration, lang=lang),
            "relative": lambda at_ms, form: wording.relative(at_ms, now_ms, form, lang),
        }
        body = self._templates.get_template(screen.template).render({**shared, **screen.values})
        headers = {**HEADERS, "Content-Language": lang}
        if is_fragment:
            headers[FRAGMENT] = "1"
        return Response(body, screen.status, headers, media_type="text/html; charset=utf-8")
