"""The profile page: what a person may pick, what it costs, and when it could start.

JupyterHub calls :func:`render` for the form and :func:`read` for what was posted. It shows what the
service answers and decides nothing. Both languages are in the page, one is visible.
"""

import asyncio
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from madang.hub import options as asked
from madang.hub import told
from madang.hub.service import RefusedError, ServiceClient, UnreachableError
from madang.i18n import LANGUAGES
from madang.units import MS_PER_HOUR, MS_PER_S, cpu_text, credits_short, now_ms

_REMEMBER_S = 10.0
_PATIENCE_S = 5.0


async def render(spawner: Any) -> str:
    """Return the form's HTML; also when the service does not answer, then with a way to retry."""
    client = ServiceClient.shared(spawner.service_url, spawner.service_token)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            views = await asyncio.gather(
                *(client.profiles(spawner.person, lang) for lang in LANGUAGES)
            )
    except (UnreachableError, TimeoutError):
        return _template().render(problem=told.both("hub.form.no_service"), projects=[])
    except RefusedError as error:
        return _template().render(problem=error.messages, projects=[])
    return form_html(dict(zip(LANGUAGES, views, strict=True)), _last_options(spawner))


def read(form: Mapping[str, Any], spawner: Any) -> dict[str, Any]:
    """Return options from the posted form, and keep them should the form be shown again."""
    found = asked.from_form(form)
    spawner.last_form = (time.monotonic(), found)
    return found


def _last_options(spawner: Any) -> dict[str, Any]:
    """Return what was posted a moment ago (a refused form comes back filled), else last used."""
    recent = [
        other.last_form
        for other in spawner.user.spawners.values()
        if getattr(other, "last_form", None)
    ]
    if recent:
        at, given = max(recent, key=lambda pair: float(pair[0]))
        if time.monotonic() - at < _REMEMBER_S:
            return dict(given)
    stored = getattr(spawner.orm_spawner, "user_options", None)
    return dict(stored) if isinstance(stored, Mapping) else {}


def form_html(views: Mapping[str, Any], chosen: Mapping[str, Any], at_ms: int | None = None) -> str:
    """Render the profiles views (by language) as a form.

    Parameters
    ----------
    views
        ``{"ko": view, "en": view}``; they differ in texts only.
    chosen
        Options to show as chosen.
    at_ms
        The present; None reads the clock.
    """
    at = now_ms() if at_ms is None else at_ms
    projects = [
        _project(views, index, entry, at)
        for index, entry in enumerate(views["en"].get("projects", []))
    ]
    choice = _choice(views["en"], chosen)
    project = choice[0]
    return _template().render(
        problem=None if projects else told.both("hub.form.no_project"),
        projects=projects,
        project=project,
        choice="/".join(choice),
        environment=f"{chosen.get('project') or ''}/{chosen.get('environment') or ''}",
        hours=str(chosen.get("hours") or ""),
        start_without_me=bool(chosen.get("start_without_me")),
    )


def _choice(view: Mapping[str, Any], chosen: Mapping[str, Any]) -> tuple[str, str]:
    """Return the pre-selected (project, profile): the one chosen before while it is allowed."""
    for project in view.get("projects", []):
        for profile in project.get("profiles", []):
            pair = (str(project["name"]), str(profile["name"]))
            if pair == (chosen.get("project"), chosen.get("profile")) and profile.get("allowed"):
                return pair
    return asked.first_choice(view)


def _project(
    views: Mapping[str, Any], index: int, entry: Mapping[str, Any], at: int
) -> dict[str, Any]:
    korean = views["ko"]["projects"][index]["profiles"]
    return {
        "name": entry["name"],
        "environments": list(entry.get("environments") or ()),
        "title": entry.get("title") or entry["name"],
        "left": told.both("hub.form.left", credits=credits_short(int(entry["left_microcredits"]))),
        "profiles": [
            _profile(str(entry["name"]), profile, korean[at_index], at)
            for at_index, profile in enumerate(entry.get("profiles", []))
        ],
    }


def _profile(
    project: str, english: Mapping[str, Any], korean: Mapping[str, Any], at: int
) -> dict[str, Any]:
    titles = english.get("titles") or {}
    cost = int(english.get("cost_per_hour_microcredits") or 0)
    return {
        "value": f"{project}/{english['name']}",
        "titles": {lang: str(titles.get(lang) or english["name"]) for lang in LANGUAGES},
        "is_allowed": bool(english.get("allowed")),
        "why_not": {
            "en": str(english.get("why_not") or ""),
            "ko": str(korean.get("why_not") or ""),
        },
        "price": told.both("hub.form.price", credits=credits_short(cost))
        if cost
        else told.both("hub.form.free"),
        "cost": cost,
        "size": told.both(
            "hub.form.size",
            cpus=cpu_text(int(english.get("cpu_millis") or 0)),
            memory=round(int(english.get("memory_bytes", 0)) / 1024**3),
        ),
        "availability": _availability(english, at),
        "is_free_now": _is_free_now(english),
        "hours": _hours(_usual_limit_ms(english)),
        "max_hours": _hours(english.get("max_limit_ms")),
    }


def _is_free_now(profile: Mapping[str, Any]) -> bool:
    devices = int(profile.get("devices") or 0)
    if "waits" in profile:
        # Devices may be free and yet promised to those who asked before.
        return not profile["waits"]
    return profile.get("expected_ms") is None and int(profile.get("devices_free") or 0) >= devices


def _availability(profile: Mapping[str, Any], at: int) -> dict[str, str]:
    free = int(profile.get("devices_free") or 0)
    if not profile.get("allowed"):
        return told.both("hub.form.free_only", free=free)
    if int(profile.get("devices") or 0) == 0:
        return told.both("hub.form.always")
    if _is_free_now(profile):
        return told.both("hub.form.free_now", free=free)
    if profile.get("expected_ms") is None:
        return told.both("hub.form.busy", free=free)
    return {
        lang: told.both("hub.form.expected", free=free, wait=waiting)[lang]
        for lang, waiting in wait_texts(int(profile["expected_ms"]) - at).items()
    }


def _usual_limit_ms(profile: Mapping[str, Any]) -> int:
    """Return the limit that holds when nothing is typed: never more than the project allows."""
    usual, most = int(profile.get("limit_ms") or 0), int(profile.get("max_limit_ms") or 0)
    return min(usual, most) if usual and most else usual or most


def _hours(ms: Any) -> str:
    return f"{int(ms) / MS_PER_HOUR:g}" if ms else ""


def wait_texts(wait_ms: int) -> dict[str, str]:
    """Say a duration in people's words, by language."""
    minutes = max(0, wait_ms) // (60 * MS_PER_S)
    if minutes < 1:
        return told.both("hub.wait.moment")
    if minutes < 90:
        return told.both("hub.wait.minutes", minutes=minutes)
    return told.both("hub.wait.hours", hours=f"{minutes / 60:.1f}")


def standing_texts(
    lease: Mapping[str, Any] | None, is_reachable: bool = True
) -> tuple[dict[str, str], int]:
    """Return what a starting server is told, and how far the bar is (0 to 100)."""
    if not is_reachable:
        return told.both("hub.progress.no_service"), 5
    if lease is None:
        return told.both("hub.progress.asking"), 5
    if lease.get("ready"):
        return told.both("hub.progress.starting"), 80
    if lease.get("state") == "admitted":
        return told.both("hub.progress.claim"), 60
    standing = lease.get("standing")
    if not isinstance(standing, Mapping):
        return told.both("hub.progress.waiting"), 10
    position, waiting = standing.get("position"), standing.get("waiting")
    texts = told.both("hub.progress.position", position=position, waiting=waiting)
    expected = standing.get("expected_ms")
    if isinstance(expected, int):
        when = wait_texts(expected - now_ms())
        more = {lang: told.both("hub.progress.expected", wait=when[lang])[lang] for lang in texts}
        texts = {lang: f"{texts[lang]} {more[lang]}" for lang in texts}
    return texts, 30


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates" / "madang"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["both"] = _markup
    environment.globals["t"] = lambda key: _markup(told.both(key))
    return environment.get_template("form.html")


def _markup(texts: dict[str, str]) -> Markup:
    return Markup(told.both_html(texts))  # noqa: S704 - both_html escapes
