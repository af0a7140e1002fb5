"""The second listener of the service: dashboards, and nothing else.

It runs on the event loop of the application, so it is a place where a tenant's bytes pass through
the service; they are passed at the pace of the slower side, counted, and never looked into.
"""

import ipaddress
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from madang.api.dashboards import handlers
from madang.api.dashboards.gate import Gate
from madang.api.dashboards.handing_on import CLUSTER
from madang.api.dashboards.tickets import Tickets, Visitor
from madang.api.hub_client import HubClient
from madang.errors import UnavailableError
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.units import now_ms

if TYPE_CHECKING:
    from madang.services import Services

_CLUSTER = CLUSTER.pattern
_log = logging.getLogger("madang.api")


class Listener:
    """Serves dashboards while the application runs.

    Parameters
    ----------
    services, hub
        Asked who may look.
    settings
        Without a dashboard port there are no dashboards.
    """

    def __init__(
        self,
        services: "Services",
        hub: HubClient,
        settings: ServiceSettings,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._settings = settings
        self._tickets = Tickets(clock)
        self._gate = Gate(services, hub, self._tickets)
        self._server: HTTPServer | None = None
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Listen; a port that cannot be had means no dashboards, and is said in the log."""
        settings = self._settings
        if not settings.dashboard_port:
            return
        self._http = httpx.AsyncClient(timeout=handlers.ANSWER_LIMIT_S, trust_env=False)
        try:
            sockets = bind_sockets(settings.dashboard_port, settings.dashboard_host or None)
            server = HTTPServer(
                self._application(self._http),
                ssl_options=self._tls(),
                max_header_size=32 * 1024,
                max_body_size=1024,
                idle_connection_timeout=120,
                body_timeout=10,
            )
        except OSError as error:
            _log.error("no dashboards: %s", error.strerror)
            return
        server.add_sockets(sockets)
        self._server = server

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.stop()
            for socket in list(self._shared.sockets):
                socket.let_go()
            await self._server.close_all_connections()
            self._server = None
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def open(self, visitor: Visitor, host: str) -> str:
        """Return the address that opens a dashboard, once and within a minute.

        Parameters
        ----------
        host
            How the browser reached the service: ``Host`` of its request.

        Raises
        ------
        UnavailableError
            ``dashboards_off`` when there is no listener.
        """
        if self._server is None:
            raise UnavailableError("dashboards_off")
        return f"{self._base(host)}/t/{self._tickets.make(visitor)}"

    def _base(self, host: str) -> str:
        settings = self._settings
        if settings.dashboard_url:
            return settings.dashboard_url.rstrip("/")
        parts = urlsplit(settings.public_url)
        name = urlsplit(f"//{host}").hostname or parts.hostname or "localhost"
        return f"{parts.scheme}://{other_name(name)}:{settings.dashboard_port}"

    def _tls(self) -> ssl.SSLContext | None:
        settings = self._settings
        if not settings.dashboard_cert:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(settings.dashboard_cert, settings.dashboard_key)
        return context

    def _application(self, http: httpx.AsyncClient) -> Application:
        settings = self._settings
        own = {settings.dashboard_url.rstrip("/")} - {""}
        self._shared = shared = handlers.Shared(
            tickets=self._tickets,
            gate=self._gate,
            http=http,
            is_secure=bool(settings.dashboard_cert),
            own_origins=frozenset(own),
            pages_url=f"{settings.public_url.rstrip('/')}{SERVICE_PREFIX}/clusters",
        )
        given = {"shared": shared}
        return Application(
            [
                (r"/t/([A-Za-z0-9_-]{20,80})", handlers.TicketHandler, given),
                (rf"/c/({_CLUSTER})/((?:[^/]+/)*ws)", handlers.SocketHandler, given),
                (rf"/c/({_CLUSTER})/(.*)", handlers.PageHandler, given),
            ],
            default_handler_class=handlers.MissingHandler,
            default_handler_args=given,
            # Addresses hold tickets, and cookies hold passes: neither belongs into a log.
            log_function=lambda _handler: None,
            websocket_max_message_size=handlers.MAX_MESSAGE_BYTES,
            websocket_ping_interval=30,
        )


def other_name(host: str) -> str:
    """Return another name of the same machine where there is one, else the same.

    Browsers keep cookies by host name and not by port. The two names of loopback keep a dashboard's
    cookies and the hub's apart; elsewhere a site gives dashboards a name of their own.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_loopback:
        return "localhost"
    return f"[{host}]" if address.version == 6 else host
