"""Usage: what was granted, held and really used, by day and person, with the head of the ledger."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from madang.api.pages.charts import people_chart
from madang.api.pages.frame import Visit
from madang.api.pages.pictures import day_chart, days_between, stack
from madang.api.pages.render import Screen
from madang.api.pages.wording import percent

MONTHS = 12


async def show(visit: Visit) -> Screen:
    """Show usage of every project that the person may see."""
    month = visit.query.get("month", "")
    spans = visit.services.usage.span(month) if month else (None, None)
    usage = await visit.services.usage.usage(visit.actor, from_ms=spans[0], to_ms=spans[1])
    last = _day(min(usage["to_ms"] - 1, max(visit.now_ms, usage["from_ms"])), usage["zone"])
    return Screen(
        template="usage.html",
        section="usage",
        title=visit.words("nav.usage"),
        values={
            "usage": usage,
            "projects": [_project(project, last) for project in usage["projects"]],
            "first_day": _day(usage["from_ms"], usage["zone"]).isoformat(),
            "last_day": last.isoformat(),
            "month": month,
            "months": _months(_day(visit.now_ms, usage["zone"])),
            "csv_query": urlencode({"from_ms": usage["from_ms"], "to_ms": usage["to_ms"]}),
        },
    )


def _months(today: date) -> list[str]:
    """Return this month and those before it, as ``YYYY-MM``."""
    number = today.year * 12 + today.month - 1
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(number, number - MONTHS, -1)]


def _day(at_ms: int, zone: str) -> date:
    try:
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()
    except ZoneInfoNotFoundError:
        # A machine without zone data still shows the page; days then change at UTC midnight.
        return datetime.fromtimestamp(at_ms / 1000, ZoneInfo("UTC")).date()


def _project(project: dict[str, Any], last: date) -> dict[str, Any]:
    within = max(0, project["used"] - project["overrun"])
    budget = [
        ("used", within),
        ("overrun", project["overrun"]),
        ("reserved", project["reserved"]),
        ("left", project["left"]),
    ]
    people = sorted(project["by_person"], key=lambda row: row["held_device_ms"], reverse=True)
    most = max((row["held_device_ms"] for row in people), default=0)
    metered = project["held_device_ms"] - project["unmetered_device_ms"]
    days = days_between(project["by_day"], last)
    kinds = [row for row in project["by_kind"] if row["held_device_ms"] > 0]
    return {
        **project,
        "budget": stack(budget, project["granted"]),
        "percent_used": percent(project["used"], project["granted"]),
        "busy_percent": percent(project["used_device_ms"], metered),
        "people": [{**row, "bar": _held_used(row, most)} for row in people],
        "days": days,
        "chart": day_chart(days),
        "people_chart": people_chart([row["day"] for row in days], project["by_person_day"])
        if len(project["by_person_day"]) > 1
        else None,
        "kinds": kinds,
        "kind_bar": stack([(row["kind"], row["held_device_ms"]) for row in kinds]),
    }


def _held_used(row: dict[str, Any], most: int) -> dict[str, Any]:
    return {
        "held": stack([("held", row["held_device_ms"])], most),
        "used": stack([("used", row["used_device_ms"])], most),
    }
