"""The public page: how busy it is, for anybody, without a login and without a single person."""

from typing import Any

from fastapi import Request, Response

from madang.api.pages.pictures import tiles
from madang.api.pages.render import Renderer, Screen
from madang.i18n import text


class Public:
    """Answers ``/public``; it asks nobody who they are."""

    def __init__(self, services: Any, identity: Any, renderer: Renderer) -> None:
        self._services = services
        self._identity = identity
        self._renderer = renderer

    async def show(self, request: Request) -> Response:
        """Return the page."""
        lang = self._identity.lang(request)
        view = await self._services.waits.public()
        screen = Screen(
            template="public.html",
            title=text("pages.public.title", lang),
            is_live=False,
            values={
                "days": view["days"],
                "flavors": [
                    {**row, "picture": tiles(row["devices_total"], row["devices_free"])}
                    for row in view["flavors"]
                ],
            },
        )
        answer = self._renderer.render(
            screen,
            lang=lang,
            now_ms=view["now_ms"],
            notice=self._services.upkeep.notice(lang),
        )
        # Looked at by many at once, on screens in the hall: a minute old is good enough.
        answer.headers["Refresh"] = "60"
        return answer
