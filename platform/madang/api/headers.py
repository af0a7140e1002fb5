"""The outermost layer: security headers on every answer, and a last net under defects.

Written as plain ASGI, since a stream must pass through untouched and end when its client leaves.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madang.api.problems import answer_problem, defect
from madang.errors import NotFoundError
from madang.settings.config import SERVICE_PREFIX

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOWNLOAD_CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""For bytes that people made: never run, never shown as a page of ours."""

_FIXED = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_log = logging.getLogger("madang.api")


class Guard:
    """Adds headers, and turns a defect into the one error shape with an id to look up."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def guarded(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                _add_headers(scope["path"], message)
            await send(message)

        try:
            if not scope["path"].isprintable() or b"%00" in scope["query_string"]:
                # No id and no name holds such a character, and a database may refuse to look.
                unusable = NotFoundError("not_found", given=ascii(scope["path"])[1:60])
                await answer_problem(Request(scope), unusable)(scope, receive, guarded)
                return
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            return
        except Exception:
            error = defect()
            shown = ascii(scope["path"][:200])
            _log.exception("defect %s in %s %s", error.details["id"], scope["method"], shown)
            if has_started:
                raise
            await answer_problem(Request(scope), error)(scope, receive, guarded)


def _add_headers(path: str, message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _FIXED.items():
        headers.setdefault(name, value)
    # Static files are the only thing that may be kept by a browser.
    if not path.startswith(f"{SERVICE_PREFIX}/static/"):
        headers.setdefault("Cache-Control", "no-store")
