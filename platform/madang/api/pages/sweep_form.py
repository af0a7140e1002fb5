"""The form that submits a sweep: its choices, and the words that its script says."""

import json

from madang.api.pages.frame import Visit
from madang.api.pages.render import Screen
from madang.api.pages.runs import TONES, choices
from madang.domain.notice import NoticeKind
from madang.domain.run import MAX_CHECKPOINT_S, MIN_CHECKPOINT_S
from madang.domain.sweep import MAX_PARALLEL, MAX_RUNS_PER_DEVICE
from madang.i18n import catalogue, text

_SAID = "pages.sweep_new.say."


def said(visit: Visit, **instead: str) -> str:
    """Return what the script says, as JSON; only pages that need it carry it."""
    words = {
        key[len(_SAID) :]: text(key, visit.lang) for key in catalogue() if key.startswith(_SAID)
    }
    states = {f"state_{state}": visit.words(f"run.state.{state}") for state in TONES}
    return json.dumps(words | states | instead, ensure_ascii=False)


async def telling(visit: Visit, wish: bool | None = None) -> dict[str, bool]:
    """Return whether the tick for being told is set, and whether there is an address to tell.

    Parameters
    ----------
    wish
        What was said of the sweep that is submitted again; None as the person's settings say.
    """
    settings = await visit.services.notices.get(visit.actor)
    has_address = bool(settings["mail"] or settings["webhook_url"])
    is_usual = str(NoticeKind.RUN) in settings["kinds"]
    is_on = has_address and (is_usual if wish is None else wish)
    return {"has_address": has_address, "is_on": is_on}


async def show_form(visit: Visit) -> Screen:
    """Show the form that submits a sweep."""
    return Screen(
        template="sweep_new.html",
        section="runs",
        title=visit.words("sweep_new.title"),
        is_live=False,
        values={
            **await choices(visit),
            "said": said(visit),
            "telling": await telling(visit),
            "parallel_most": MAX_PARALLEL,
            "per_device_most": MAX_RUNS_PER_DEVICE,
            "checkpoint_least": MIN_CHECKPOINT_S,
            "checkpoint_most": MAX_CHECKPOINT_S,
        },
    )
