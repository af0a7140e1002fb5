"""Schedules: the list, and the form that repeats a sweep at set times."""

from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.render import Screen
from madang.api.pages.runs import TONES as RUN_TONES
from madang.api.pages.sweeps import TONES as SWEEP_TONES
from madang.domain.schedule import MAX_CRON_CHARS
from madang.i18n import text

_ZONES = (
    *("Asia/Seoul", "Asia/Tokyo", "Asia/Shanghai", "Europe/Berlin", "Europe/London"),
    *("America/New_York", "America/Los_Angeles", "UTC"),
)
"""Offered while one is typed; any other is taken too."""

_WEEK = (1, 2, 3, 4, 5, 6, 0)
_BEGIN_WITH = "0 2 * * *"


def _row(visit: Visit, schedule: dict[str, Any]) -> dict[str, Any]:
    noun = "sweep" if schedule["last_id"].startswith("sweep-") else "run"
    state = schedule["last_state"]
    tones = SWEEP_TONES if noun == "sweep" else RUN_TONES
    now = "paused" if schedule["paused_for"] else "active" if schedule["next_ms"] else "over"
    return {
        "schedule": schedule,
        "last_page": visit.links.page(f"{noun}s", schedule["last_id"]),
        "last_words": visit.words(f"{noun}.state.{state}") if state else "",
        "last_tone": tones.get(state, "quiet"),
        "state": now,
        "tone": {"active": "go", "paused": "quiet", "over": "quiet"}[now],
        "api": f"api/v1/schedules/{schedule['id']}",
    }


async def show_all(visit: Visit) -> Screen:
    """Show the list of schedules, newest first."""
    found = [_row(visit, one) for one in await visit.services.schedules.list(visit.actor)]
    paused = sum(row["state"] == "paused" for row in found)
    return Screen(
        template="schedules.html",
        section="runs",
        title=visit.words("schedules.title"),
        announce=visit.words("schedules.summary", active=len(found) - paused, paused=paused),
        values={"rows": found},
    )


async def show_form(visit: Visit) -> Screen:
    """Show the form that repeats a sweep."""
    sweep = await visit.services.sweeps.get(visit.actor, visit.path["sweep_id"])
    begun = visit.services.schedules.times(visit.actor, cron=_BEGIN_WITH)
    zones = dict.fromkeys([begun["timezone"], *_ZONES])
    return Screen(
        template="schedule_new.html",
        section="runs",
        title=visit.words("schedule_new.title"),
        is_live=False,
        values={
            "sweep": sweep,
            "zone": begun["timezone"],
            "zones": list(zones),
            "cron": _BEGIN_WITH,
            "cron_chars": MAX_CRON_CHARS,
            "next": begun["next_text"],
            "days": [{"number": n, "name": text(f"schedule.day.{n}", visit.lang)} for n in _WEEK],
        },
    )
