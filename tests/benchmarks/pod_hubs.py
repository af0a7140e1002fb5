"""Two hubs on one control plane for ``bench_waiting_hub.py``: ours, and stock JupyterHub beside it.

Both start servers as pods of played nodes; one answerer on loopback is the notebook of all of them.
The stock hub has stock KubeSpawner with the settings of zero-to-jupyterhub, without which it would
give up on whoever waits: no limit of spawns at once, and a start that may take for ever.
"""

import asyncio
import contextlib
import html
import re
import sys
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import ClassVar

import httpx
from pod_hub import PodHub
from pod_people import UNPLACED

LIMIT_S = 900.0
BESIDE = 8
STYLE_SHEET = re.compile(r'<link[^>]+rel="stylesheet"[^>]+href="([^"]+)"')

STOCK = """
import os
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.hub_bind_url = "{hub}"
c.JupyterHub.bind_url = "{public}"
c.JupyterHub.db_url = "sqlite:///{home}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{home}/cookie"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "{proxy_api}"
c.ConfigurableHTTPProxy.auth_token = "{proxy_token}"
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = "{namespace}"
c.KubeSpawner.image = "madang/user:1"
c.KubeSpawner.start_timeout = 30 * 86_400
c.KubeSpawner.consecutive_failure_limit = 0
c.KubeSpawner.node_selector = {labels}
c.KubeSpawner.container_security_context = {{
    "allowPrivilegeEscalation": False,
    "capabilities": {{"drop": ["ALL"]}},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {{"type": "RuntimeDefault"}},
}}
c.KubeSpawner.get_pod_url = lambda _spawner, _pod: os.environ["TEST_STANDIN"]

def place(spawner, pod):
    if spawner.user.name.startswith("w"):
        pod.spec.node_selector = {unplaced}
    return pod

c.KubeSpawner.modify_pod_hook = place
c.JupyterHub.load_roles = [{{
    "name": "tester",
    "services": ["tester"],
    "scopes": ["admin:users", "admin:servers", "tokens", "proxy", "access:servers"],
}}]
c.JupyterHub.services = [{{"name": "tester", "api_token": "tester-token-tester"}}]
"""


class Crowd:
    """What both hubs have: people whose server runs, and people whose server does not start.

    Attributes
    ----------
    password
        With which anybody logs in.
    asked
        Body of a request for a server.
    """

    name = ""
    password = "u" * 12
    asked: ClassVar[dict] = {}

    async def fill(self, running: int, waiting: int) -> None:
        """Start the servers of some, then let others wait; names begin with r and w."""
        headers = {"Authorization": "token tester-token-tester"}
        base = f"http://127.0.0.1:{self.hub_port}/hub/api"
        gate = asyncio.Semaphore(BESIDE)
        async with httpx.AsyncClient(
            base_url=base, headers=headers, trust_env=False, timeout=120, verify=False
        ) as http:

            async def ask(name: str) -> None:
                async with gate:
                    (await http.post(f"/users/{name}")).raise_for_status()
                    answer = await http.post(f"/users/{name}/server", json=self.asked)
                    answer.raise_for_status()

            for letter, count, state in (("r", running, "ready"), ("w", waiting, "")):
                await asyncio.gather(*(ask(name) for name in people(letter, count)))
                await self._until(http, state, count)

    async def _until(self, http: httpx.AsyncClient, state: str, count: int) -> None:
        deadline = time.monotonic() + LIMIT_S
        found = -1
        while time.monotonic() < deadline:
            found = await self._count(http, state)
            if found == count:
                return
            await asyncio.sleep(1)
        raise RuntimeError(f"{self.name}: {found} of {count} are {state or 'waiting'}; {self.tail}")

    async def _count(self, http: httpx.AsyncClient, state: str) -> int:
        query = {"state": state or "active", "limit": 200}
        count, offset = 0, 0
        while True:
            page = (await http.get("/users", params={**query, "offset": offset})).json()
            count += sum(bool(state) or user["pending"] == "spawn" for user in page)
            offset += len(page)
            if not page:
                return count

    @property
    def tail(self) -> str:
        """The end of the hub's log."""
        return self.log("hub")


class OurHub(Crowd, PodHub):
    """JupyterHub with our spawner and pages; leases come from a real service."""

    name = "ours"
    asked: ClassVar = {"user_options": {"project": "bench", "profile": "gpu-1"}}

    def __init__(self, home, service_url, token, people, standin):
        super().__init__(home, SimpleNamespace(url=service_url, token=token), people, standin)
        # No volumes, as at the other hub.
        self.settings = replace(self.settings, kube=replace(self.settings.kube, home_storage=""))


class StockHub(Crowd, PodHub):
    """JupyterHub with KubeSpawner as they come."""

    name = "stock"

    def __init__(self, home, people, standin, labels):
        super().__init__(home, SimpleNamespace(url="http://nowhere", token="none"), people, standin)
        given = self.settings
        self.config.write_text(
            STOCK.format(
                hub=given.bind_url,
                public=given.public_url,
                home=home.root,
                proxy_api=given.proxy_api_url,
                proxy_token=given.proxy_token,
                namespace=people.name,
                labels=labels,
                unplaced=UNPLACED,
            )
        )

    def _popen(self, argv, name):
        stock = [sys.executable, "-P", "-m", "jupyterhub", "-f", str(self.config)]
        return super()._popen(stock if name == "hub" else argv, name)


def people(letter: str, count: int) -> list[str]:
    """Return names of people who run (r) or wait (w)."""
    return [f"{letter}{number:04d}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Login:
    """What a login took, in milliseconds and bytes.

    Attributes
    ----------
    styled_ms
        Until the page and the style sheets that it names are there: no browser draws it before.
    """

    html_ms: float
    styled_ms: float
    size_bytes: int


def log_in(hub: Crowd, person: str, page: str) -> Login:
    """Log in with a browser that was never here before."""
    base = f"http://127.0.0.1:{hub.port}"
    with httpx.Client(
        base_url=base, trust_env=False, follow_redirects=True, timeout=60, verify=False
    ) as browser:
        browser.get("/hub/login").raise_for_status()
        form = {"username": person, "password": hub.password, "_xsrf": browser.cookies["_xsrf"]}
        began = time.perf_counter()
        answer = browser.post("/hub/login", params={"next": page}, data=form)
        html_ms = 1000 * (time.perf_counter() - began)
        size_bytes = len(answer.content)
        for sheet in STYLE_SHEET.findall(answer.text):
            size_bytes += len(browser.get(html.unescape(sheet)).raise_for_status().content)
        styled_ms = 1000 * (time.perf_counter() - began)
    if answer.status_code != 200 or answer.url.path != page or person not in answer.text:
        came = f"{person} came to {answer.url} ({answer.status_code}) instead of {page}"
        raise RuntimeError(f"{hub.name}: {came}; {hub.tail}")
    return Login(html_ms, styled_ms, size_bytes)


@contextlib.contextmanager
def running(hub: Crowd):
    """Start proxy and hub; end them afterwards, the pods stay."""
    hub.start_proxy()
    try:
        hub.start_hub()
        yield hub
    finally:
        # Asked politely, a hub with a crowd that waits takes minutes.
        for process in (hub.hub, hub.proxy):
            if process is not None:
                process.kill()
                process.wait(30)
        hub.close()
