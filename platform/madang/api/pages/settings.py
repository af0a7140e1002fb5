"""Settings of a person: how they want to be told, and what they were told."""

from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.render import Screen


async def show(visit: Visit) -> Screen:
    """Show the form and the latest notices."""
    view = await visit.services.notices.get(visit.actor)
    return Screen(
        template="settings.html",
        title=visit.words("settings.title"),
        announce=visit.words("settings.title"),
        # A form must not lose what is being written into it.
        is_live=False,
        values={
            "notices": view,
            "kinds": [
                {"name": kind, "title": visit.words(f"settings.kind.{kind}")}
                for kind in view["known_kinds"]
            ],
            "mail_state": _state(visit, view["latest"]["mail"]),
            "webhook_state": _state(visit, view["latest"]["webhook"]),
        },
    )


def _state(visit: Visit, latest: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return whether the latest notice of a channel arrived, in words."""
    if latest is None:
        return None
    if latest["problem_text"]:
        return {"text": latest["problem_text"], "is_bad": True}
    key = "arrived" if latest["state"] == "sent" else "on_way"
    return {"text": visit.words(f"settings.{key}"), "is_bad": False}
