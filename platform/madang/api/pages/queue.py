"""The queue: who holds the devices of each flavor until when, and who starts next."""

from typing import Any

from madang.api.pages.charts import wait_chart
from madang.api.pages.frame import Visit
from madang.api.pages.pictures import span, tiles
from madang.api.pages.render import Screen
from madang.services.board import LINES

MAX_SHOWN = 1_000
"""Lines of each list that a browser still shows without a wait."""

_SHORTEST_AXIS_MS = 3_600_000


async def show(visit: Visit) -> Screen:
    """Show the queue of every flavor."""
    is_long = visit.query.get("lines") == "all"
    queue = await visit.services.pool.queue(visit.actor, MAX_SHOWN if is_long else LINES)
    waits = await visit.services.waits.by_day(visit.actor)
    flavors = [_flavor(visit, flavor) for flavor in queue["flavors"]]
    waiting = sum(flavor["waiting_total"] for flavor in flavors)
    mine = [row for flavor in flavors for row in flavor["waiting"] if row["mine"]]
    announce = (
        visit.words("queue.summary_mine", position=mine[0]["position"], waiting=waiting)
        if mine
        else visit.words("queue.summary", waiting=waiting)
    )
    return Screen(
        template="queue.html",
        section="queue",
        title=visit.words("nav.queue"),
        announce=announce,
        values={
            "flavors": flavors,
            "may_show_more": not is_long,
            "strategy": queue["strategy"],
            "waits": waits,
            "wait_chart": wait_chart(waits["days"]),
        },
    )


def _flavor(visit: Visit, flavor: dict[str, Any]) -> dict[str, Any]:
    until = _axis_end(visit.now_ms, flavor)
    mine = sum(row["devices"] for row in flavor["running"] if row["mine"])
    running = sorted(flavor["running"], key=lambda row: row["expires_ms"] or until)
    return {
        **flavor,
        "picture": tiles(flavor["devices_total"], flavor["devices_free"], mine),
        "running": [
            {
                **row,
                "bar": span(visit.now_ms, until, visit.now_ms, row["expires_ms"] or until),
            }
            for row in running
        ],
        "waiting": _with_gaps(
            [{**row, "bar": _band(visit.now_ms, until, row)} for row in flavor["waiting"]]
        ),
        "behind": flavor["waiting_total"]
        - max((r["position"] for r in flavor["waiting"]), default=0),
        "running_more": flavor["running_total"] - len(running),
        "axis": [
            {"at": share, "ms": visit.now_ms + (until - visit.now_ms) * share // 4}
            for share in (1, 2, 3)
        ],
    }


def _with_gaps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell each line how many stand between it and the line before that are not shown."""
    before = 0
    for row in rows:
        row["hidden_before"] = max(0, row["position"] - before - 1)
        before = row["position"]
    return rows


def _axis_end(now_ms: int, flavor: dict[str, Any]) -> int:
    """Return a moment that all known ends and starts lie before."""
    ends = [row["expires_ms"] for row in flavor["running"] if row["expires_ms"]]
    starts = [row["latest_ms"] or row["expected_ms"] for row in flavor["waiting"]]
    latest = max([*ends, *(start for start in starts if start), now_ms + _SHORTEST_AXIS_MS])
    return int(now_ms + (latest - now_ms) * 1.04)


def _band(now_ms: int, until: int, row: dict[str, Any]) -> dict[str, Any] | None:
    expected = row["expected_ms"]
    if expected is None:
        return None
    earliest, latest = row["earliest_ms"] or expected, row["latest_ms"] or expected
    return span(now_ms, until, earliest, latest, expected)
