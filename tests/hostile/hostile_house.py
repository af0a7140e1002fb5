"""A service on a loopback port, with people and things in every state, and a hub's answers.

The store, the use-cases, the loops and the HTTP server are the real ones; processes live in memory
(the engine made for tests, calm), and the hub is a table of tokens.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx

from madang.api.app import create_app
from madang.api.hub_client import HubClient
from madang.api.serve import bind, make_server
from madang.domain.environment import EnvironmentRef
from madang.domain.profile import Flavor
from madang.engines.hostile import HostileEngine
from madang.pki.seal import Seal
from madang.services import Services
from madang.services.core import Core
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.files import load_policy, load_profiles
from madang.settings.home import Home
from madang.store import Store
from madang.units import now_ms

ROOT = Path(__file__).parents[2]
API = f"{SERVICE_PREFIX}/api/v1"
SERVICE_TOKEN = "the-service-token-of-the-hostile-house"
METRICS_TOKEN = "the-metrics-token-of-the-hostile-house"
POLICY = """
rates: {sim-h200: 1}
stop_grace: 5s
tiers:
  open: {max_devices_person: 64, max_hours: 8}
  research: {max_hours: 48}
projects:
  open: {tier: open, grant: 1000000}
  vision:
    tier: research
    grant: 1000000
    members: {olga: owner, mina: manager, bora: member, dana: member, vera: viewer}
  language: {tier: research, grant: 1000000, members: {chan: owner}}
open_project: open
admins: [root]
"""
DEVICES = 8
PARAMETERS = '{"id": "p", "cell_type": "code", "metadata": {"tags": ["parameters"]}, '
NOTEBOOK = (
    '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": ['
    + PARAMETERS
    + '"source": "x = 1", "outputs": [], "execution_count": null}]}'
)
PEOPLE = ("olga", "mina", "bora", "dana", "vera", "chan", "root", "left")


_NO = httpx.Response(400, json={"error": "invalid_grant"})


class Hub:
    """Answers as the hub's API does."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {f"tok-{name}": model(name) for name in PEOPLE}
        self.models |= {
            "tok-narrow": {**model("bora"), "scopes": ["read:users!user=bora"]},
            "tok-machine": {**model("machine"), "kind": "service"},
            # The service itself asks with it whether this is its hub.
            SERVICE_TOKEN: {"name": "madang", "kind": "service"},
            "tok-revoked": model("bora"),
            "tok-root-notebook": {
                **model("root"),
                "admin": True,
                "scopes": [*model("root")["scopes"], "access:servers!server=root/"],
            },
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth2/token"):
            code = dict(httpx.QueryParams(request.content.decode()))["code"]
            good = {"access_token": code.removeprefix("code-for-")}
            return httpx.Response(200, json=good) if code.startswith("code-for-") else _NO
        if request.method == "POST":
            return httpx.Response(202)
        token = request.headers["authorization"].removeprefix("token ")
        known = self.models.get(token)
        return httpx.Response(200, json=known) if known else httpx.Response(403, json={})


def model(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "user",
        "session_id": "hub-session-" + name,
        "scopes": ["access:services!service=madang"],
    }


class House:
    """The service in a thread; tests speak HTTP to it, and look behind it with :meth:`do`."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub()
        self.late_s = 0.0
        self._listener = bind("127.0.0.1", 0)
        port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        (folder / "policy.yaml").write_text(POLICY)
        self.settings = ServiceSettings(
            home=Home(folder),
            database_url=f"sqlite:///{folder / 'madang.sqlite'}",
            bind_host="127.0.0.1",
            bind_port=port,
            public_url=f"{self.url}/",
            hub_api_url="http://hub/hub/api",
            api_token=SERVICE_TOKEN,
            policy_path=folder / "policy.yaml",
            profiles_path=ROOT / "hub_config" / "profiles.yaml",
            metrics_token=METRICS_TOKEN,
        )
        self.engine = HostileEngine(1, {"sim-h200": DEVICES}, now_ms=now_ms())
        self.services = self._services()
        # Connections belong to the loop of the server, which makes them at the first question.
        self.hub_client = HubClient(
            self.settings.hub_api_url,
            SERVICE_TOKEN,
            http=httpx.AsyncClient(transport=httpx.MockTransport(self.hub)),
            clock=lambda: time.monotonic() + self.late_s,
        )
        self.app = create_app(self.services, self.settings, self.hub_client)
        self._server = make_server(self.app)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="hostile-house")
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self._numbers = 0

    def _services(self) -> Services:
        flavors = [
            Flavor(name="sim-h200", title="H200", rate_microcredits=1_000_000, is_simulated=True),
            Flavor(name="cpu", title="CPU", rate_microcredits=0),
        ]

        def clock() -> int:
            return self.engine.advance(max(0, now_ms() - self.engine.clock()))

        core = Core(
            store=Store(self.settings.database_url),
            engine=self.engine.engine(),
            policy=load_policy(self.settings.policy_path),
            profiles=load_profiles(self.settings.profiles_path),
            flavors={flavor.name: flavor for flavor in flavors},
            devices_total={"sim-h200": DEVICES, "cpu": 0},
            service_url=self.settings.service_url,
            login_is_shared=False,
            seal=Seal(SERVICE_TOKEN),
            clock=clock,
        )
        return Services(core)

    # -- life ------------------------------------------------------------------------------------

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[self._listener])

        asyncio.run(serve())

    def open(self) -> None:
        self._thread.start()
        self.until(lambda: self._server.started, "the service has started")

    def close(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something of the use-cases in the server's loop."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def until(self, happens: Callable[[], Any], what: str, limit_s: float = 30.0) -> Any:
        deadline = time.monotonic() + limit_s
        while not (found := happens()):
            assert time.monotonic() < deadline, f"did not happen: {what}"
            time.sleep(0.01)
        return found

    # -- requests --------------------------------------------------------------------------------

    def ask(
        self, who: str | None, method: str, path: str, json_body: Any = None, **headers: str
    ) -> httpx.Response:
        """Send a request as a person (by name), or with any token."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            token = f"tok-{who}" if f"tok-{who}" in self.hub.models else who
            sent["Authorization"] = f"token {token}"
        content = None
        if json_body is not None:
            content = json.dumps(json_body).encode()
            sent.setdefault("Content-Type", "application/json")
        path = path if path.startswith("/") else f"{API}/{path}"
        return self.http.request(method, path, content=content, headers=sent)

    def good(self, who: str, method: str, path: str, json_body: Any = None) -> Any:
        """Send a request that must succeed, and return what it answers."""
        answer = self.ask(who, method, path, json_body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def browser(self, who: str = "bora") -> httpx.Client:
        """A browser in which somebody has logged in; what proves its acts is in ``csrf``."""
        session, csrf = self.do(
            self.services.sessions.create(who, f"tok-{who}", f"hub-session-{who}")
        )
        cookies = {"madang-session": session, "jupyterhub-session-id": f"hub-session-{who}"}
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, cookies=cookies)
        client.headers["X-Madang-CSRF"] = csrf
        return client

    # -- things ----------------------------------------------------------------------------------

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def notebook(self, who: str = "bora", project: str = "vision", **more: Any) -> dict[str, Any]:
        """A notebook that waits: no device is free once the house is furnished."""
        body = {"project": project, "flavor": "sim-h200", "devices": 1, "limit_s": 3600}
        body |= {"name": f"n{self.number()}", **more}
        return self.good(who, "POST", "leases", body)

    def cluster(self, who: str = "bora", project: str = "vision", **more: Any) -> dict[str, Any]:
        body = {"project": project, "workers": 1, "gpus_per_worker": 1, **more}
        return self.good(who, "POST", "clusters", body)

    def run(self, who: str = "bora", project: str = "vision", **more: Any) -> dict[str, Any]:
        # Short, so that a slot that has lived for a while still takes it.
        body = {"project": project, "notebook": NOTEBOOK, "limit_s": 600, **more}
        body.setdefault("name", f"r{self.number()}")
        return self.good(who, "POST", "runs", body)

    def sweep(self, who: str = "bora", project: str = "vision", **more: Any) -> dict[str, Any]:
        """A sweep that waits: no slot ever holds so many devices."""
        body = {"project": project, "notebook": NOTEBOOK, "limit_s": 600, "devices": 3, **more}
        body.setdefault("name", f"s{self.number()}")
        return self.good(who, "POST", "sweeps", {"grid": {"x": [1, 2]}, **body})

    def schedule(self, who: str = "bora", project: str = "vision") -> dict[str, Any]:
        """A schedule that is not due while a test runs."""
        body = {"project": project, "notebook": NOTEBOOK, "cron": "0 2 1 1 *"}
        return self.good(who, "POST", "schedules", {"name": f"c{self.number()}", **body})

    def failed_sweep(self, who: str = "bora") -> dict[str, Any]:
        """A sweep that was cancelled before any of it ran, and may be tried again."""
        sweep = self.sweep(who)["id"]
        self.good(who, "DELETE", f"sweeps/{sweep}")
        return self.state(f"sweeps/{sweep}", "cancelled")

    def active_notebook(self, who: str = "bora", project: str = "vision") -> dict[str, Any]:
        """A notebook whose server runs."""
        lease = self.notebook(who, project, start_without_me=True)["id"]
        path = f"leases/{lease}"
        self.until(lambda: self.good("root", "GET", path)["ready"], "the notebook is admitted")
        self.engine.launch_notebook(lease, self.good("root", "GET", path)["attempt"])
        return self.state(path, "active")

    def state(self, path: str, wanted: str) -> dict[str, Any]:
        """Wait until a lease or cluster is in a state, and return it."""

        def look() -> dict[str, Any] | None:
            view = self.good("root", "GET", path)
            return view if view["state"] == wanted else None

        view: dict[str, Any] = self.until(look, f"{path} is {wanted}")
        return view

    def slot(self, who: str = "bora", project: str = "vision") -> tuple[str, str, str]:
        """A run in a slot of its own: the ids of run and lease, and the tokens of slot and run."""
        run = self.run(who, project, limit_s=3600)
        lease = self.until(lambda: self.good(who, "GET", f"runs/{run['id']}")["lease"], "a slot")
        self.state(f"leases/{lease}", "active")
        launched = self.engine.launcher.specs[(lease, 1)]
        work = self.good(launched.token, "POST", "slots/next")
        assert work["run"]["id"] == run["id"]
        return run["id"], launched.token, work["token"]

    def failed_environment(self, who: str = "bora") -> dict[str, Any]:
        """An environment whose only build was cancelled."""
        body = {"project": "vision", "name": f"f{self.number()}", "spec": "numpy"}
        made = self.good(who, "POST", "environments", body)
        self.good(who, "DELETE", f"runs/{made['latest']['run']}")
        return self.state(f"environments/{made['id']}", "failed")

    def ready_environment(self, who: str = "bora", project: str = "vision") -> dict[str, Any]:
        """An environment that was built."""
        body = {"project": project, "name": f"b{self.number()}", "spec": "numpy"}
        made = self.good(who, "POST", "environments", body)
        run = made["latest"]["run"]
        lease = self.until(lambda: self.good(who, "GET", f"runs/{run}")["lease"], "a slot")
        self.state(f"leases/{lease}", "active")
        token = self.engine.launcher.specs[(lease, 1)].token
        work = self.good(token, "POST", "slots/next")
        place, environment = made["project_id"], made["id"]
        ref = EnvironmentRef(project=place, environment=environment, revision=1)
        self.engine.environments.finish(ref, run, {"numpy": "2.4.0"})
        self.good(work["token"], "POST", f"runs/{run}/finish", {"state": "succeeded"})
        return self.state(f"environments/{made['id']}", "ready")


class Furniture:
    """Things of Bora in ``vision`` and of Chan in ``language``; all devices are held.

    Names hold the word ``secret`` with their owner's name, so that a leak can be seen anywhere.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        for name in (*PEOPLE, "guest", "clerk"):
            if f"tok-{name}" in house.hub.models:
                house.good(name, "GET", "me")
        house.hub.models["tok-guest"] = model("guest")
        house.good("guest", "GET", "me")
        house.good("root", "POST", "people/left/off-board", {"reason": "moved away"})
        self.notebook = house.active_notebook()["id"]
        self.run, self.slot_token, self.run_token = house.slot()
        self.slot = house.good("bora", "GET", f"runs/{self.run}")["lease"]
        self.environment = house.ready_environment()["id"]
        self.cluster = house.cluster(name="secret-bora-cluster")["id"]
        house.state(f"clusters/{self.cluster}", "active")
        self.ended_run, self.ended_slot_token, self.ended_run_token = self._ended_run()
        self.foreign_run, self.foreign_slot_token, self.foreign_run_token = house.slot(
            "chan", "language"
        )
        self.foreign_notebook = house.active_notebook("chan", "language")["id"]
        held = sum(house.good("root", "GET", f"leases/{x}")["devices"] for x in self._holders())
        filler = house.notebook(
            "chan", "language", devices=DEVICES - held, start_without_me=True, name="filler"
        )
        house.until(
            lambda: house.good("root", "GET", f"leases/{filler['id']}")["ready"], "no device free"
        )
        self.waiting = house.notebook(name="secret-bora-waits")["id"]
        # Of another size than Bora's slot, which would take it.
        asked = {"name": "secret-bora-run", "parameters": {"x": "secret-bora-x"}, "devices": 2}
        self.waiting_run = house.run(**asked)["id"]
        grid = {"x": ["secret-bora-x1", "secret-bora-x2"]}
        self.sweep = house.sweep(name="secret-bora-sweep", grid=grid)["id"]
        self.foreign_sweep = house.sweep("chan", "language", name="secret-chan-sweep")["id"]
        self.bora_secrets = (
            *(self.notebook, self.run, self.slot, self.cluster, self.ended_run, self.waiting),
            *(self.waiting_run, self.sweep, "secret-bora"),
        )

    def tidy(self) -> None:
        """End what tests have left waiting, before a person's limit is reached."""
        house = self.house
        house.good("root", "DELETE", "maintenance")
        for device in ("sim-h200-0", "sim-h200-1"):
            house.ask("root", "POST", "devices/return", {"device": device})
        for lease in house.good("root", "GET", "leases?state=queued"):
            if lease["kind"] != "slot" and not lease["name"].startswith("secret"):
                house.good("root", "DELETE", f"leases/{lease['id']}?why=over")
        for run in house.good("root", "GET", "runs?state=queued"):
            if not run["name"].startswith("secret"):
                house.good("root", "DELETE", f"runs/{run['id']}?why=over")
        for sweep in house.good("root", "GET", "sweeps"):
            if sweep["ended_ms"] is None and not sweep["name"].startswith("secret"):
                house.good("root", "DELETE", f"sweeps/{sweep['id']}?why=over")
        for found in house.good("bora", "GET", "environments?project=vision"):
            if found["id"] != self.environment:
                house.good("root", "DELETE", f"environments/{found['id']}")

    def next_run(self) -> None:
        """Give Bora's slot another run, once the one before has ended."""
        self.house.run()
        work = self.house.good(self.slot_token, "POST", "slots/next")
        self.run, self.run_token = work["run"]["id"], work["token"]

    def _holders(self) -> list[str]:
        leases = self.house.good("root", "GET", "leases")
        return [x["id"] for x in leases if x["state"] in ("admitted", "active", "ending")]

    def _ended_run(self) -> tuple[str, str, str]:
        house = self.house
        # Another size has a slot of its own.
        run = house.run(devices=2, name="secret-bora-done")
        lease = house.until(lambda: house.good("bora", "GET", f"runs/{run['id']}")["lease"], "slot")
        house.state(f"leases/{lease}", "active")
        slot_token = house.engine.launcher.specs[(lease, 1)].token
        token = house.good(slot_token, "POST", "slots/next")["token"]
        house.good(token, "PUT", f"runs/{run['id']}/output", json.loads(NOTEBOOK))
        house.good(token, "POST", f"runs/{run['id']}/finish", {"state": "succeeded"})
        house.good("bora", "DELETE", f"leases/{lease}")
        house.state(f"leases/{lease}", "ended")
        return run["id"], slot_token, token
