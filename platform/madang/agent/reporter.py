"""Sends the activity of one notebook server to the service, every few seconds and on change.

One task on the server's event loop. A service that is down, slow or angry only makes it wait
longer: this code must never raise into the server, nor fill its log.
"""

import asyncio
import json
import time
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import RequestHandler

from madang.agent.observe import Activity, Observer

EVERY_S = 5.0
LOOK_S = 1.0
BACKOFF_S = (5.0, 10.0, 30.0, 60.0)
_TIMEOUT_S = 5.0

# An open page asks for contents, kernels and sessions by itself, so reading is no sign of a person.
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Reporter:
    """Watches one server application and reports.

    Parameters
    ----------
    server_app
        Jupyter Server's application.
    url, lease, token
        Service address, lease id, and the server's own hub token.
    """

    def __init__(self, server_app: Any, *, url: str, lease: str, token: str) -> None:
        self._app = server_app
        self._address = f"{url.rstrip('/')}/api/v1/leases/{lease}/activity"
        self._token = token
        self._observer = Observer(started_ms=_now_ms())
        self._last_input_ms = 0
        self._sent: Activity | None = None
        self._sent_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def start(self) -> None:
        """Begin; returns at once."""
        self._listen()
        self._app.io_loop.add_callback(self._begin)

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    def _listen(self) -> None:
        """Note requests that a person causes, by the server's own log of requests."""
        settings = self._app.web_app.settings
        before = settings.get("log_function")

        def note(handler: RequestHandler) -> None:
            if handler.request.method in _WRITES:
                self._last_input_ms = _now_ms()
            if before is not None:
                before(handler)

        settings["log_function"] = note

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception as error:
                # The loop's edge: whatever goes wrong here is not the person's concern.
                self._app.log.debug("madang: activity was not reported: %r", error)
                self._failures += 1
            await asyncio.sleep(self._pause_s())

    def _pause_s(self) -> float:
        if not self._failures:
            return LOOK_S
        return BACKOFF_S[min(self._failures, len(BACKOFF_S)) - 1]

    async def _step(self) -> None:
        kernels = dict(getattr(self._app.kernel_manager, "_kernels", {}))
        activity = self._observer.look(kernels, self._last_input_ms, _now_ms())
        is_due = time.monotonic() - self._sent_at >= EVERY_S
        if is_due or self._sent is None or self._sent.kernel_busy != activity.kernel_busy:
            await self._send(activity)
            self._sent, self._sent_at, self._failures = activity, time.monotonic(), 0

    async def _send(self, activity: Activity) -> None:
        try:
            await AsyncHTTPClient().fetch(
                self._address,
                method="POST",
                body=json.dumps(activity.body()),
                headers={
                    "Authorization": f"token {self._token}",
                    "Content-Type": "application/json",
                },
                request_timeout=_TIMEOUT_S,
                connect_timeout=_TIMEOUT_S,
                follow_redirects=False,
            )
        except HTTPClientError as error:
            # A lease that is over or not ours answers so for ever; ask seldom.
            self._failures = len(BACKOFF_S) if error.code in (401, 403, 404) else self._failures
            raise


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
