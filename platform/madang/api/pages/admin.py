"""Administration: devices and their holders, all leases, people, and the trail of acts.

The use-cases refuse everybody but administrators, here as in the API.
"""

from typing import Any
from urllib.parse import quote, urlencode

from madang.api.pages import wording
from madang.api.pages.frame import Visit
from madang.api.pages.leases import devices_text, phase, title
from madang.api.pages.pictures import stack
from madang.api.pages.render import Screen
from madang.i18n import catalogue
from madang.units import credits_short

_UNTOLD = ("grant", "reason", "since_ms", "until_ms")
"""Details with a column of their own, or for the CSV alone."""


async def show(visit: Visit) -> Screen:
    """Show devices, leases, people and acts."""
    services, actor = visit.services, visit.actor
    overview = await services.administration.overview(actor)
    people = await services.departures.list(actor)
    act, words = visit.query.get("act", "")[:64], visit.query.get("words", "")[:100]
    audit = await services.administration.audit(actor, act=act, words=words)
    devices = [device for flavor in overview["flavors"] for device in flavor["devices"]]
    waiting = sum(lease["state"] == "queued" for lease in overview["leases"])
    return Screen(
        template="admin.html",
        section="manage",
        title=visit.words("admin.title"),
        announce=visit.words(
            "admin.summary",
            held=sum(bool(device["lease"]) for device in devices),
            total=len(devices),
            waiting=waiting,
        ),
        values={
            "troubles": overview["troubles"],
            "flavors": [_flavor(flavor) for flavor in overview["flavors"]],
            "gone": overview["gone"],
            "leases": [_lease(visit, lease) for lease in overview["leases"]],
            "people": [
                {**row, "api": f"api/v1/people/{quote(row['person'], safe='')}"} for row in people
            ],
            "audit": {**audit, "rows": [_act(visit, row) for row in audit["rows"]]},
            "acts": [(name, _act_words(visit, name)) for name in audit["acts"]],
            "act": act,
            "words_wanted": words,
            "csv_query": urlencode({"act": act, "words": words}),
        },
    )


def _flavor(flavor: dict[str, Any]) -> dict[str, Any]:
    return {
        **flavor,
        "devices": [
            {
                **device,
                "bar": stack([("used", device["utilisation_percent"] or 0)], 100),
                "memory_gib": None
                if device["memory_bytes"] is None
                else f"{device['memory_bytes'] / 1024**3:.1f}",
            }
            for device in flavor["devices"]
        ],
    }


def _lease(visit: Visit, lease: dict[str, Any]) -> dict[str, Any]:
    return {
        "lease": lease,
        "phase": phase(lease),
        "title": title(visit, lease),
        "devices": devices_text(visit, lease["flavor"], lease["devices"]),
        "may_end": lease["state"] not in ("ending", "ended"),
    }


def _act(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    shown = [_detail(visit, *item) for item in row["details"].items()]
    return {
        **row,
        "act_words": _act_words(visit, row["act"]),
        "told": " · ".join(filter(None, shown)),
    }


def _detail(visit: Visit, key: str, value: Any) -> str:
    """Return one detail of an act as people read it; ids and what is empty are left to the CSV."""
    if value in ("", [], None) or key in _UNTOLD:
        return ""
    if key == "microcredits":
        return f"{credits_short(value)} {visit.words('unit.credits')}"
    if key.endswith("_ms"):
        value = wording.duration(value, visit.lang)
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    # Roles have words; whatever else stands between "from" and "to" is a name.
    if key in ("from", "to") and f"pages.role.{said}" in catalogue():
        said = visit.words(f"role.{said}")
    label = f"admin.detail.{key}"
    return f"{visit.words(label) if f'pages.{label}' in catalogue() else key}: {said}"


def _act_words(visit: Visit, name: str) -> str:
    """Return an act in words; one that a newer part writes is shown by its name."""
    key = f"admin.act.{name}"
    return visit.words(key) if f"pages.{key}" in catalogue() else name
