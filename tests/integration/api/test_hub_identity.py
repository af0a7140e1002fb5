"""Identity against a real hub: the login of a browser, logging out there, tokens and their end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from madang import wiring
from madang.api.app import create_app
from madang.api.hub_client import HubClient
from madang.settings.config import ServiceSettings
from madang.settings.home import Home

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
SERVICE_TOKEN = "service-token-of-the-hub-test"
ADMIN_TOKEN = "admin-token-of-the-hub-test"
SERVICE = "http://127.0.0.1:2/services/madang"
API = f"{SERVICE}/api/v1"

CONFIG = """
from jupyterhub.proxy import Proxy

class RememberingProxy(Proxy):
    should_start = False
    routes = {}
    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}
    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)
    async def get_all_routes(self):
        return dict(self.routes)

c.JupyterHub.proxy_class = RememberingProxy
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.hub_port = HUB_PORT
c.JupyterHub.bind_url = "http://127.0.0.1:HUB_PORT"
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret = b"0" * 32
c.JupyterHub.services = [
    {"name": "madang", "url": "http://127.0.0.1:2", "api_token": "SERVICE_TOKEN",
     "oauth_client_id": "service-madang",
     "oauth_redirect_uri": "/services/madang/oauth_callback", "oauth_no_confirm": True},
    {"name": "admin", "api_token": "ADMIN_TOKEN"},
]
c.JupyterHub.load_roles = [
    {"name": "user", "scopes": ["self", "access:services!service=madang"]},
    {"name": "test-admin", "scopes": ["admin:users", "tokens"], "services": ["admin"]},
]
"""


@pytest.fixture(scope="module")
def hub_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hub")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = CONFIG.replace("HUB_PORT", str(port))
    text = text.replace("SERVICE_TOKEN", SERVICE_TOKEN).replace("ADMIN_TOKEN", ADMIN_TOKEN)
    (folder / "config.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", "config.py"],
        cwd=folder,
        env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": "unused"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{url}/hub/health").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the hub did not start: {process.communicate()[0]}")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.now_s


@pytest.fixture
async def place(hub_url: str, tmp_path: Path) -> AsyncIterator[tuple[Any, str, Clock]]:
    """A service with its real use-cases, and a client that behaves as a browser."""
    home = Home(tmp_path)
    settings = ServiceSettings(
        home=home,
        database_url=home.database_url,
        bind_host="127.0.0.1",
        bind_port=2,
        public_url="http://127.0.0.1:2/",
        hub_api_url=f"{hub_url}/hub/api",
        api_token=SERVICE_TOKEN,
        policy_path=ROOT / "hub_config" / "policy.yaml",
        profiles_path=ROOT / "hub_config" / "profiles.yaml",
        gpus="sim:2xh200",
    )
    clock = Clock()
    services = wiring.build(settings)
    app = create_app(
        services, settings, HubClient(hub_url + "/hub/api", SERVICE_TOKEN, clock=clock)
    )
    async with app.router.lifespan_context(app):
        mounts = {"http://127.0.0.1:2": httpx.ASGITransport(app)}
        async with httpx.AsyncClient(mounts=mounts, timeout=20) as client:
            yield client, hub_url, clock


async def log_in(client: httpx.AsyncClient, hub_url: str, person: str) -> None:
    """Do what a browser does: open a page, be sent to the hub, log in, be sent back."""
    page = await client.get(f"{SERVICE}/queue", headers={"Accept": "text/html"})
    assert page.status_code == 303
    login = await client.get(f"http://127.0.0.1:2{page.headers['location']}")
    authorize = hub_url + login.headers["location"]
    form = await client.get(f"{hub_url}/hub/login")
    xsrf = next(c.value for c in client.cookies.jar if c.name == "_xsrf")
    assert form.status_code == 200
    data = {"username": person, "password": "x", "_xsrf": xsrf or ""}
    entered = await client.post(f"{hub_url}/hub/login", data=data)
    assert entered.status_code == 302, entered.text
    back = await client.get(authorize)
    assert back.status_code == 302, back.text
    where = urlsplit(back.headers["location"])
    assert where.path == "/services/madang/oauth_callback"
    landed = await client.get(f"http://127.0.0.1:2{where.path}?{where.query}")
    assert landed.headers["location"] == "/services/madang/queue", landed.text


async def test_a_browser_logs_in_and_out(place: tuple[Any, str, Clock]) -> None:
    client, hub_url, clock = place
    await log_in(client, hub_url, "ada")
    assert (await client.get(f"{API}/me")).json()["person"] == "ada"
    page = await client.get(f"{SERVICE}/queue", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert (await client.delete(f"{API}/leases/x")).json()["code"] == "csrf_missing"
    # Somebody who kept the cookies is out within a minute of the logout at the hub.
    kept = [(c.name, c.value) for c in client.cookies.jar]
    await client.get(f"{hub_url}/hub/logout")
    assert (await client.get(f"{API}/me")).status_code == 401
    await log_in(client, hub_url, "ada")
    stolen = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
    assert kept
    await client.get(f"{hub_url}/hub/logout")
    clock.now_s += 61
    again = await client.get(f"{API}/me", headers={"Cookie": stolen})
    assert again.status_code == 401


async def test_tokens_of_the_hub(place: tuple[Any, str, Clock]) -> None:
    client, hub_url, clock = place
    admin = {"Authorization": f"token {ADMIN_TOKEN}"}
    users = f"{hub_url}/hub/api/users"
    await client.post(f"{users}/bora", headers=admin)
    made = (await client.post(f"{users}/bora/tokens", headers=admin, json={})).json()
    narrow = await client.post(
        f"{users}/bora/tokens", headers=admin, json={"scopes": ["read:users:activity!user"]}
    )
    good = {"Authorization": f"token {made['token']}"}
    assert (await client.get(f"{API}/me", headers=good)).json()["person"] == "bora"
    little = {"Authorization": f"token {narrow.json()['token']}"}
    refused = await client.get(f"{API}/me", headers=little)
    assert (refused.status_code, refused.json()["code"]) == (403, "service_access_missing")
    assert (await client.get(f"{API}/me", headers=admin)).status_code == 401
    ended = await client.delete(f"{users}/bora/tokens/{made['id']}", headers=admin)
    assert ended.status_code == 204
    clock.now_s += 61
    assert (await client.get(f"{API}/me", headers=good)).status_code == 401


async def test_a_servers_token_is_never_an_administrators(place: tuple[Any, str, Clock]) -> None:
    client, hub_url, _ = place
    admin = {"Authorization": f"token {ADMIN_TOKEN}"}
    users = f"{hub_url}/hub/api/users"
    await client.post(f"{users}/admin", headers=admin)
    scopes = ["access:servers!server=admin/", "access:services!service=madang"]
    for asked, is_admin in (({}, True), ({"scopes": scopes}, False)):
        made = (await client.post(f"{users}/admin/tokens", headers=admin, json=asked)).json()
        own = {"Authorization": f"token {made['token']}"}
        me = (await client.get(f"{API}/me", headers=own)).json()
        assert (me["person"], me["is_admin"]) == ("admin", is_admin)


async def test_the_service_acts_for_the_one_it_names(place: tuple[Any, str, Clock]) -> None:
    client, _, _ = place
    own = {"Authorization": f"token {SERVICE_TOKEN}"}
    assert (await client.get(f"{API}/me", headers=own)).status_code == 401
    named = await client.get(f"{API}/me", headers={**own, "X-Madang-Person": "chan"})
    assert {p["name"] for p in named.json()["projects"]} == {"open", "language-lab"}
