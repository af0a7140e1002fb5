"""The three things that the origin of dashboards answers: a ticket, a page, a websocket.

Tornado's, since the dashboards are: it speaks websockets on both sides, and is there wherever Dask
is. What goes wrong is answered with one plain page that says how to open the dashboard anew.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import httpx
from tornado.httpclient import HTTPRequest
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler, websocket_connect

from madang.api.dashboards import handing_on, pages
from madang.api.dashboards.gate import Gate
from madang.api.dashboards.tickets import PASS_MS, Tickets
from madang.services.dashboards import Upstream

KEY_HEADER = "x-madang-key"
MAX_ANSWER_BYTES = 32 * 1024**2
MAX_MESSAGE_BYTES = 10 * 1024**2
ANSWER_LIMIT_S = 60.0
MAX_AT_ONCE = 24
"""Open requests and websockets of one pass; a page of plots needs a dozen."""

CLOSE_OVER = 4003
"""Code with which a websocket ends whose visitor may not look any more."""


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all requests share.

    Attributes
    ----------
    own_origins
        Addresses that the listener is known to be reached by, beside the one of each request.
    """

    tickets: Tickets
    gate: Gate
    http: httpx.AsyncClient
    is_secure: bool
    own_origins: frozenset[str]
    pages_url: str
    open: Counter[str] = field(default_factory=Counter)
    sockets: "set[SocketHandler]" = field(default_factory=set)


class _Handler(RequestHandler):  # type: ignore[misc] # Tornado ships no types we follow.
    shared: Shared

    def initialize(self, shared: Shared) -> None:
        self.shared = shared

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in handing_on.FIXED.items():
            self.set_header(name, value)
        self.set_header("content-security-policy", pages.POLICY)

    def write_error(self, _status: int, **_: Any) -> None:
        lang = self.request.headers.get("accept-language", "")
        self.set_header("content-type", "text/html; charset=utf-8")
        self.finish(pages.gone(lang, self.shared.pages_url))

    @property
    def own(self) -> str:
        """Origin by which the browser came here."""
        for origin in self.shared.own_origins:
            if origin.partition("://")[2] == self.request.host:
                return origin
        return f"{'https' if self.shared.is_secure else 'http'}://{self.request.host}"


class MissingHandler(_Handler):
    """Everything else."""

    def prepare(self) -> None:
        """Say that it is not there."""
        raise HTTPError(404)


class TicketHandler(_Handler):
    """Changes a ticket into a pass."""

    async def get(self, ticket: str) -> None:
        """Set the cookie of one cluster and go there."""
        found = self.shared.tickets.change(ticket)
        if found is None:
            raise HTTPError(404)
        pass_, visitor = found
        path = handing_on.path_of(visitor.cluster)
        self.set_cookie(
            handing_on.COOKIE,
            pass_,
            path=path,
            max_age=PASS_MS // 1000,
            httponly=True,
            samesite="Lax",
            secure=self.own.startswith("https:"),
        )
        self.redirect(f"{path}status", status=303)


class _Guarded(_Handler):
    """A request to a dashboard: who bears no pass for it learns nothing."""

    upstream: Upstream
    leaf: str
    pass_ = ""
    is_counted = False

    async def prepare(self) -> None:
        cluster, given = self.path_args[:2]
        leaf = handing_on.leaf_of(given)
        pass_ = self.get_cookie(handing_on.COOKIE) or ""
        upstream = await self.shared.gate.admit(pass_, cluster)
        if upstream is None or leaf is None or not self._is_from_here():
            raise HTTPError(404)
        if self.shared.open[pass_] >= MAX_AT_ONCE:
            raise HTTPError(429)
        self.pass_, self.is_counted = pass_, True
        self.shared.open[pass_] += 1
        self.upstream, self.leaf = upstream, leaf

    def _is_from_here(self) -> bool:
        """Refuse what a page of another origin asks for; it may only lead people here."""
        site = self.request.headers.get("sec-fetch-site", "none")
        mode = self.request.headers.get("sec-fetch-mode", "navigate")
        dest = self.request.headers.get("sec-fetch-dest", "document")
        return site in ("same-origin", "none") or (mode == "navigate" and dest == "document")

    def leave(self) -> None:
        if self.is_counted:
            self.is_counted = False
            self.shared.open[self.pass_] -= 1
            if not self.shared.open[self.pass_]:
                del self.shared.open[self.pass_]


class PageHandler(_Guarded):
    """Hands a page, a script or a picture of a dashboard on; nothing may be sent to it."""

    async def get(self, cluster: str, _given: str) -> None:
        """Ask the scheduler and pass its answer on as it comes."""
        query = f"?{self.request.query}" if self.request.query else ""
        headers = handing_on.to_tenant(self.request.headers, KEY_HEADER, self.upstream.key)
        url = f"{self.upstream.url}{self.leaf}{query}"
        with contextlib.suppress(
            httpx.HTTPError, httpx.InvalidURL, TimeoutError, StreamClosedError
        ):
            async with (
                asyncio.timeout(ANSWER_LIMIT_S),
                self.shared.http.stream("GET", url, headers=headers) as answer,
            ):
                await self._pass_on(answer, cluster)
            return
        if not self._headers_written:
            raise HTTPError(502)
        # Half an answer is no answer: let the browser see that it broke off.
        self.request.connection.stream.close()

    async def _pass_on(self, answer: httpx.Response, cluster: str) -> None:
        self.set_status(answer.status_code if answer.status_code < 600 else 502)
        self.clear_header("Content-Type")
        for name, value in handing_on.to_visitor(answer.headers, self.own, cluster).items():
            self.set_header(name, value)
        if answer.has_redirect_location:
            target = handing_on.location_of(answer.headers["location"], cluster)
            self.set_header("Location", target)
        count = 0
        if answer.status_code not in (204, 304):
            async for part in answer.aiter_raw():
                count += len(part)
                if count > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError("the dashboard's answer is too large")
                self.write(part)
                await self.flush()
        self.finish()

    def compute_etag(self) -> None:
        """Leave that to the scheduler."""

    def on_finish(self) -> None:
        """Count it as done."""
        self.leave()

    on_connection_close = on_finish


class SocketHandler(_Guarded, WebSocketHandler):  # type: ignore[misc]
    """Hands the messages of a dashboard's websocket on, both ways, at the pace of the slower."""

    far: Any = None
    tasks: tuple["asyncio.Task[None]", ...] = ()

    def check_origin(self, origin: str) -> bool:
        """Only pages of this origin speak here, whatever cookie comes along."""
        return origin in (self.own, *self.shared.own_origins)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Bokeh's own; the second name that it sends is a token."""
        return subprotocols[0] if subprotocols else None

    async def get(self, *args: str, **kwargs: str) -> None:
        """Reach the scheduler first, so that a dead one is no websocket."""
        near = self.request.headers.get_list("sec-websocket-protocol")
        query = f"?{self.request.query}" if self.request.query else ""
        request = HTTPRequest(
            f"ws{self.upstream.url.removeprefix('http')}{self.leaf}{query}",
            headers={KEY_HEADER: self.upstream.key, "Origin": self.upstream.url.rstrip("/")},
            follow_redirects=False,
            connect_timeout=5,
            request_timeout=10,
        )
        try:
            self.far = await websocket_connect(
                request,
                subprotocols=handing_on.subprotocols_of(near),
                max_message_size=MAX_MESSAGE_BYTES,
            )
        except Exception as error:
            # Whatever a tenant's process answers with, this visitor gets nothing.
            raise HTTPError(502) from error
        if self.request.connection.stream.closed():
            self.far.close()
            return
        await super().get(*args, **kwargs)

    def open(self, *_args: str) -> None:
        """Start to pass on what the scheduler says."""
        self.shared.sockets.add(self)
        cluster = self.path_args[0]
        jobs: tuple[Awaitable[None], ...] = (self._from_far(), self._look_again(cluster))
        self.tasks = tuple(asyncio.ensure_future(job) for job in jobs)

    async def on_message(self, message: str | bytes) -> None:
        """Pass on what the page says; the next one waits for this."""
        with contextlib.suppress(WebSocketClosedError):
            await self.far.write_message(message, binary=isinstance(message, bytes))

    async def _from_far(self) -> None:
        with contextlib.suppress(WebSocketClosedError):
            while (message := await self.far.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close()

    async def _look_again(self, cluster: str) -> None:
        await self.shared.gate.until_over(self.pass_, cluster)
        self.let_go(CLOSE_OVER)

    def on_close(self) -> None:
        """Let the scheduler's side go as well."""
        self.let_go()
        self.leave()

    def let_go(self, code: int | None = None) -> None:
        """End both sides; repeating is harmless."""
        self.shared.sockets.discard(self)
        for task in self.tasks:
            task.cancel()
        if self.far is not None:
            self.far.close()
        self.close(code)

    def on_finish(self) -> None:
        """Count what never became a websocket as done; the rest ends with :meth:`on_close`."""
        if self.get_status() != 101:
            self.on_close()
