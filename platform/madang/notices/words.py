"""A notice in words, in the language of its person."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from madang.domain.notice import Notice, NoticeKind
from madang.i18n import text


def words(notice: Notice, lang: str, zone: str) -> tuple[str, str]:
    """Return subject and body of a notice.

    Parameters
    ----------
    zone
        Name of the time zone in which times are told.
    """
    values = _values(notice, lang, zone)
    key = f"notice.{notice.kind}"
    if notice.kind is NoticeKind.RUN:
        noun = "sweep" if values.get("sweep") else "run"
        key = f"notice.{noun}.{values.get('why') or values['state']}"
    if notice.kind is NoticeKind.SCHEDULE:
        key = f"notice.schedule.{values['why']}"
    return text(f"{key}.subject", lang, **values), text(f"{key}.body", lang, **values)


def _values(notice: Notice, lang: str, zone: str) -> dict[str, Any]:
    data = dict(notice.data)
    data.setdefault("name", "")
    kind = data.get("lease_kind")
    data["name"] = data["name"] or (text(f"pages.kind.{kind}.unnamed", lang) if kind else "")
    if data.get("reason"):
        data["reason_text"] = text(f"reason.{data['reason']}", lang)
        data["reason_hint"] = text(f"reason.{data['reason']}.hint", lang)
    for key in [key for key in data if key.endswith("_ms")]:
        moment = datetime.fromtimestamp(int(data[key]) / 1000, ZoneInfo(zone))
        data[key.removesuffix("_ms") + "_time"] = moment.strftime("%H:%M")
    return data


def path(notice: Notice) -> tuple[str, ...]:
    """Return the parts of the page below the service that a notice leads to."""
    lease, run = str(notice.data.get("lease", "")), str(notice.data.get("run", ""))
    if notice.kind is NoticeKind.TURN and lease:
        return ("wait", lease)
    if notice.kind is NoticeKind.RUN and run:
        return ("runs", run)
    if notice.kind is NoticeKind.RUN and notice.data.get("sweep"):
        return ("sweeps", str(notice.data["sweep"]))
    return {
        NoticeKind.BUDGET: ("usage",),
        NoticeKind.SCHEDULE: ("schedules",),
        NoticeKind.TEST: ("settings",),
    }.get(notice.kind, ())
