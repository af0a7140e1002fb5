"""A listener for dashboards between hostile tenants and a visitor; no whole installation."""

import asyncio
import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from madang.api.dashboards import Listener
from madang.api.dashboards.tickets import Visitor
from madang.domain.project import Person
from madang.errors import NotFoundError
from madang.services.dashboards import Upstream
from madang.settings.config import ServiceSettings
from madang.settings.home import Home

ONE, TWO = "cluster-01arz3ndektsv4rrffq69g5fa1", "cluster-01arz3ndektsv4rrffq69g5fa2"
SECRET = "what-only-the-second-cluster-knows"


@dataclass
class Tenant:
    """A scheduler's HTTP side that does whatever it likes, and notes what reached it."""

    page: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    server: Any = None

    def start(self) -> "Tenant":
        tenant = self

        class Page(RequestHandler):
            def get(self, path: str) -> None:
                tenant.seen.append((self.request.uri, dict(self.request.headers)))
                self.set_status(tenant.status)
                for name, value in tenant.headers.items():
                    self.set_header(name, value)
                if path == "endless":
                    self.write("x" * 40_000_000)
                self.write(tenant.page)

        class Echo(WebSocketHandler):
            def select_subprotocol(self, subprotocols: list[str]) -> str | None:
                tenant.seen.append((self.request.uri, dict(self.request.headers)))
                return subprotocols[0] if subprotocols else None

            async def on_message(self, message: str | bytes) -> None:
                await self.write_message(message, binary=isinstance(message, bytes))

            def check_origin(self, origin: str) -> bool:
                return origin == tenant.url.rstrip("/")

        sockets = bind_sockets(0, "127.0.0.1")
        self.server = HTTPServer(Application([(r"/(?:.*/)?ws", Echo), (r"/(.*)", Page)]))
        self.server.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/"
        return self


class Stage:
    """The listener with two tenants behind it, and what its use-cases know."""

    def __init__(self) -> None:
        self.tenants = {ONE: Tenant().start(), TWO: Tenant(page=SECRET).start()}
        self.members = {"ada", "mina"}
        self.sessions = {
            "session-of-ada": "ada",
            "session-of-mina": "mina",
            "session-of-eve": "eve",
        }
        self.tokens = {"ada", "mina", "eve"}
        self.now_ms = 1_000_000
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.listener = Listener(
            SimpleNamespace(sessions=self, people=self, dashboards=self),  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            _settings(self.port),
            clock=lambda: self.now_ms,
        )

    # What the listener asks of use-cases and hub.

    async def get(self, session_id: str) -> Any:
        name = self.sessions.get(session_id)
        return name and SimpleNamespace(person_name=name, hub_token=name)

    async def user_for_token(self, token: str, max_age_s: float = 60.0) -> Any:
        assert max_age_s <= 30
        known = token in self.tokens
        return SimpleNamespace(name=token, has_access=True, is_admin=False) if known else None

    async def resolve(self, hub_name: str, *, is_admin: bool) -> Person:
        return Person(id=f"person-{hub_name}", hub_name=hub_name)

    async def upstream(self, actor: Any, cluster: str) -> Upstream:
        if actor.person.hub_name not in self.members:
            raise NotFoundError("cluster_unknown", given=cluster)
        return Upstream(url=self.tenants[cluster].url, key="the-key")

    # What tests do.

    def ticket(self, cluster: str, name: str = "ada") -> str:
        """Return the address that opens a cluster's dashboard."""
        visitor = Visitor(cluster=cluster, person_name=name, session_id=f"session-of-{name}")
        return self.listener.open(visitor, f"127.0.0.1:{self.port}")

    async def close(self) -> None:
        await self.listener.stop()
        for tenant in self.tenants.values():
            tenant.server.stop()
            await tenant.server.close_all_connections()
        await asyncio.sleep(0)


def _settings(port: int) -> ServiceSettings:
    return ServiceSettings(
        home=Home(Path("/nowhere")),
        database_url="",
        bind_host="127.0.0.1",
        bind_port=1,
        public_url="http://localhost:8000/",
        hub_api_url="",
        api_token="",
        policy_path=Path("/nowhere"),
        profiles_path=Path("/nowhere"),
        dashboard_port=port,
    )
