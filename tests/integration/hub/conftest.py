import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from madang import shim
from madang.hub.settings import HubSettings
from madang.settings.home import Home
from madang.shim import warm
from madang.stack import ports, proxy_program

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("fake_service.py")

_spec = importlib.util.spec_from_file_location("madang_fake_service", SCRIPT)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeService = _module.FakeService


def until(check, what, patience_s=30.0, step_s=0.05):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(step_s)
    raise AssertionError(f"not within {patience_s} s: {what}")


class RunningHub:
    """A real hub behind a real proxy, against the fake service."""

    def __init__(self, home, service):
        self.home, self.service = home, service
        taken = set()
        self.port, self.hub_port, self.api_port = (ports.choose(None, taken) for _ in range(3))
        self.settings = HubSettings(
            home=home,
            service_url=service.url,
            service_token=service.token,
            stack_token="s" * 40,
            public_url=f"http://127.0.0.1:{self.port}/",
            bind_url=f"http://127.0.0.1:{self.hub_port}",
            proxy_api_url=f"http://127.0.0.1:{self.api_port}",
            proxy_token="p" * 40,
            user_password="u" * 12,
            admin_password="a" * 32,
            admins=("admin",),
            stop_grace_ms=5000,
        )
        config = home.root / "jupyterhub_config.py"
        config.write_text(
            "from madang.hub import configure\n"
            "configure(c)\n"
            "c.JupyterHub.load_roles.append({'name': 'tester', 'services': ['tester'],"
            " 'scopes': ['admin:users', 'admin:servers', 'tokens', 'proxy', 'access:servers']})\n"
            "c.JupyterHub.services.append({'name': 'tester', 'api_token': 'tester-token-tester'})\n"
        )
        self.config = config
        self.hub = self.proxy = None
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.hub_port}/hub/api",
            headers={"Authorization": "token tester-token-tester"},
            trust_env=False,
            timeout=20,
        )

    def start_proxy(self):
        command = proxy_program.ensure(lambda: None)
        hub = f"http://127.0.0.1:{self.hub_port}"
        address = ["--ip", "127.0.0.1", "--port", str(self.port)]
        api = ["--api-ip", "127.0.0.1", "--api-port", str(self.api_port)]
        self.proxy = self._popen([*command, *address, *api, "--default-target", hub], "proxy")

    def start_hub(self):
        argv = [sys.executable, "-P", "-m", "madang.hub.main", "-f", str(self.config)]
        self.hub = self._popen(argv, "hub")

        def is_up():
            assert self.hub.poll() is None, self.log("hub")
            try:
                return self.http.get("/").status_code == 200
            except httpx.HTTPError:
                return False

        until(is_up, "hub up", 120)
        return self

    def _popen(self, argv, name):
        env = {**os.environ, **self.settings.to_env()}
        with (self.home.root / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                argv,
                env=env,
                cwd=self.home.root,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def log(self, name):
        return (self.home.root / f"{name}.log").read_text()[-6000:]

    def end_hub(self, number=signal.SIGTERM):
        self.hub.send_signal(number)
        self.hub.wait(20)

    def add_user(self, name):
        assert self.http.post(f"/users/{name}").status_code == 201

    def spawn(self, name, server="", **options):
        path = f"/users/{name}/servers/{server}" if server else f"/users/{name}/server"
        options = options or {"project": "open", "profile": "cpu"}
        return self.http.post(path, json={"user_options": options})

    def server(self, name, server=""):
        return self.http.get(f"/users/{name}").json().get("servers", {}).get(server)

    def ready_server(self, name, server=""):
        def look():
            found = self.server(name, server)
            return found if found and found["ready"] else None

        try:
            return until(look, "server ready", 90)
        except AssertionError:
            raise AssertionError(self.log("hub")) from None

    def close(self):
        for process in (self.hub, self.proxy):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.hub, self.proxy):
            if process:
                process.wait(20)
        for record in self.home.attempts.glob("*/server"):
            shim.stop(record, 0)
        for record in self.home.attempts.glob("*/server"):
            until(lambda r=record: not (k := shim.read(r)) or not k.is_alive, "server gone")
        warm.stop(self.home.warm)
        self.http.close()


@pytest.fixture
def service():
    fake = FakeService().start()
    yield fake
    fake.close()


@pytest.fixture
def running(tmp_path, service):
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    hub = RunningHub(home, service)
    hub.start_proxy()
    try:
        yield hub.start_hub()
    finally:
        hub.close()
