"""The result of a run as a page of its own, for the frame in the run's page: nothing in it runs."""

import asyncio
from typing import Any

from fastapi import Request, Response

from madang.api.notebook_html import POLICY, render
from madang.errors import MadangError

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class OutputView:
    """Answers ``/runs/<id>/view``."""

    def __init__(self, services: Any, identity: Any) -> None:
        self._services = services
        self._identity = identity

    async def show(self, request: Request, run_id: str) -> Response:
        """Return the executed notebook, sanitised; errors go the way of all errors."""
        actor = await self._identity.page_actor(request)
        try:
            data = await self._services.runs.output(actor, run_id)
        except MadangError as error:
            return Response(status_code=error.status, headers=HEADERS)
        # Up to 10 MiB of JSON, and as much HTML: nobody else should wait for it.
        page = await asyncio.to_thread(render, data, self._identity.lang(request))
        return Response(page, headers=HEADERS, media_type="text/html; charset=utf-8")
