"""Schedules as the JSON that API, pages and command line show, and what times a cron line has."""

from typing import Any

from madang.domain.schedule import Schedule, check_times, upcoming
from madang.domain.schedule_words import moment_text, when_text
from madang.i18n import text
from madang.services import after
from madang.services.requests import Actor
from madang.services.views import Names
from madang.store import Tx

NEXT_SHOWN = 3


def schedule_view(tx: Tx, actor: Actor, names: Names, found: Schedule) -> dict[str, Any]:
    """Return one schedule; the caller has checked that the actor may see it."""
    is_active = not found.paused_for and found.next_ms is not None
    coming = upcoming(found.cron, found.zone, found.next_ms or 0, NEXT_SHOWN) if is_active else []
    paused = f"schedule.paused.{found.paused_for}"
    return {
        "id": found.id,
        "name": found.name,
        "project": names.project(found.project),
        "person": names.person(found.person),
        "kind": "sweep" if found.is_sweep else "run",
        "cron": found.cron,
        "when_text": when_text(found.cron, actor.lang),
        "timezone": found.zone,
        "overlap": found.is_overlapping,
        "paused_for": found.paused_for,
        "paused_text": text(paused, actor.lang) if found.paused_for else "",
        "next_ms": coming,
        "next_text": [moment_text(at_ms, found.zone, actor.lang) for at_ms in coming],
        "failures": found.failures,
        "last_ms": found.last_ms,
        "last_id": found.last_id,
        "last_state": str(after.state_of(tx, found.last_id) or ""),
        "last_problem": found.last_problem,
        "last_problem_text": _problem_text(found.last_problem, actor.lang),
        "was_late": found.was_late,
        "is_mine": found.person == actor.person.id,
    }


def times_view(cron: str, zone: str, now_ms: int, lang: str) -> dict[str, Any]:
    """Return what a cron line means, and its next times.

    Raises
    ------
    InvalidError
        As ``check_times``.
    """
    coming = upcoming(cron, zone, check_times(cron, zone, now_ms), NEXT_SHOWN)
    return {
        "cron": cron,
        "timezone": zone,
        "when_text": when_text(cron, lang),
        "next_ms": coming,
        "next_text": [moment_text(at_ms, zone, lang) for at_ms in coming],
    }


def _problem_text(code: str, lang: str) -> str:
    """Return in words why there is nothing of the last time; only the code of it is kept."""
    if not code:
        return ""
    own = text(f"schedule.problem.{code}", lang)
    if not own.startswith("schedule.problem."):
        return own
    said = [text(f"error.{code}.{part}", lang) for part in ("message", "hint")]
    whole = [one for one in said if "{" not in one and not one.startswith("error.")]
    return " ".join([text("schedule.problem", lang, code=code), *whole])
