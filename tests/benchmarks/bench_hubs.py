"""Two hubs for the benchmarks: Madang's whole stack, and stock JupyterHub beside it.

Imported by the bench_*.py beside it. Each hub runs below a holder: a small process that is the
subreaper of everything its hub starts, so that the CPU time of processes that have ended is
counted, and none is left behind.
"""

import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from madang.shim.warm import read_state
from madang.stack import ports, proxy_program
from madang.stack.state import State

PEOPLE = tuple(f"bench{number:02d}" for number in range(1, 13))
"""Also the names of system users, where those are asked for."""

TICKS = os.sysconf("SC_CLK_TCK")
ROLE = (
    "{'name': 'bench', 'services': ['bench'], 'scopes': ['admin:users', 'admin:servers', "
    "'tokens', 'access:servers']}"
)
POLICY = """
tiers: {bench: {max_devices_person: 16, max_hours: 8}}
projects: {bench: {title: Bench, tier: bench, grant: 100000}}
open_project: bench
admins: [admin]
rates: {cpu: 0, sim-h200: 1}
"""
PROFILES = """
gpu-1: {titles: {ko: "1", en: "1"}, devices: 1, limit: 4h}
gpu-16: {titles: {ko: "16", en: "16"}, devices: 16, limit: 4h}
"""
MADANG = """
from madang.hub import configure
configure(c)
"""
STOCK = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.args = ["--allow-root"] if {root} else []
# Twelve at once on two busy cores need more than the default of 30 s, and would fail with it.
c.Spawner.http_timeout = 180
c.Spawner.start_timeout = 180
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.ConfigurableHTTPProxy.command = {command}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_api}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/people/{{username}}"
"""
SYSTEM_USERS = """
c.JupyterHub.spawner_class = "localprocess"
c.Spawner.args = []
"""


class Tree:
    """The processes below one process: CPU time, memory, and whether any is left."""

    def __init__(self, root: int) -> None:
        self.root = root

    def stats(self) -> dict[int, list[bytes]]:
        """Return the fields of /proc/<pid>/stat from the state on, of the root and all below."""
        every: dict[int, list[bytes]] = {}
        children: dict[int, list[int]] = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
                    every[int(entry.name)] = fields
                    children.setdefault(int(fields[1]), []).append(int(entry.name))
        found, todo = {}, [self.root]
        while todo:
            pid = todo.pop()
            if pid in every:
                found[pid] = every[pid]
                todo.extend(children.get(pid, ()))
        return found

    def cpu_s(self) -> float:
        """CPU time of all that live and of all that were waited for."""
        return sum(int(v) for f in self.stats().values() for v in f[11:15]) / TICKS


def pss_mib(pids: Any) -> float:
    """Proportional set size of processes: shared pages are split among those that share them."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


class Hub:
    """One hub with the twelve people and their tokens.

    Parameters
    ----------
    login
        ``shared``, or ``pam``: each server runs as the system user of its person.
    """

    name = ""

    def __init__(self, login: str = "shared") -> None:
        self.login = login
        self.folder = Path(tempfile.mkdtemp(prefix="madang-bench-"))
        if login == "pam":
            self.folder.chmod(0o755)
        taken: set[int] = set()
        names = ("public", "hub", "proxy_api")
        self.ports = {name: ports.choose(None, taken) for name in names}
        self.url = f"http://127.0.0.1:{self.ports['public']}"
        self.token = secrets.token_hex(16)
        self.tokens: dict[str, str] = {}
        self.options: dict[str, Any] = {}
        self._holder: subprocess.Popen[bytes] | None = None
        self.tree = Tree(0)

    def argv(self) -> list[str]:
        raise NotImplementedError

    def write_config(self, text: str) -> Path:
        path = self.folder / "config.py"
        service = f"{{'name': 'bench', 'api_token': '{self.token}'}}"
        path.write_text(
            f"{text}\nc.JupyterHub.load_roles.append({ROLE})\n"
            f"c.JupyterHub.services.append({service})\n"
        )
        return path

    def start(self) -> float:
        """Start everything; returns the seconds until the hub answered through the proxy."""
        began = time.monotonic()
        with (self.folder / "out.log").open("wb") as log:
            self._holder = subprocess.Popen(
                [sys.executable, "-P", __file__, *self.argv()],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self.folder,
            )
        self.tree = Tree(self._holder.pid)
        with self.api() as http:
            self._until(http)
            took = time.monotonic() - began
            for person in PEOPLE:
                answer = http.post(f"/users/{person}")
                answer.raise_for_status()
                made = http.post(f"/users/{person}/tokens", json={"note": "bench"})
                self.tokens[person] = made.json()["token"]
                (self.folder / "people" / person).mkdir(parents=True, exist_ok=True)
        return took

    def _until(self, http: httpx.Client) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._holder is None or self._holder.poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if http.get("/").status_code == 200 and self.is_up():
                    return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not start: {self.folder}/out.log")

    def is_up(self) -> bool:
        """Tell whether the rest of it is up too."""
        return True

    def api(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/hub/api",
            headers={"Authorization": f"token {self.token}"},
            trust_env=False,
            timeout=120,
        )

    def stop_server(self, http: httpx.Client, person: str) -> None:
        http.delete(f"/users/{person}/server")

    def wait_stopped(self, http: httpx.Client) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            users = http.get("/users", params={"state": "active"}).json()
            if not [user for user in users if user.get("servers") or user.get("pending")]:
                return
            time.sleep(0.1)
        raise RuntimeError(f"servers of {self.name} do not end: {self.folder}")

    def close(self, keep: bool = False) -> None:
        """End everything; raises when a process is left."""
        if self._holder is not None:
            self._holder.send_signal(signal.SIGTERM)
            try:
                self._holder.wait(120)
            finally:
                for pid in self.tree.stats():
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Madang(Hub):
    """``madang up`` with simulated GPUs, the real proxy, the real service."""

    name = "madang"

    def argv(self) -> list[str]:
        config = self.write_config(MADANG)
        for name, text in (("policy.yaml", POLICY), ("profiles.yaml", PROFILES)):
            (self.folder / name).write_text(text)
        self.options = {"project": "bench", "profile": "gpu-1"}
        code = (
            "import json, sys; from madang.settings.home import Home; from madang.stack import up;"
            "up(Home.find(sys.argv[1]), **json.loads(sys.argv[2]))"
        )
        options = {
            "port": self.ports["public"],
            "gpus": "sim:16xh200",
            "policy": str(self.folder / "policy.yaml"),
            "profiles": str(self.folder / "profiles.yaml"),
            "hub_config": str(config),
            "login": self.login,
        }
        return [sys.executable, "-P", "-c", code, str(self.home), json.dumps(options)]

    @property
    def goals(self) -> tuple[str, str]:
        """What one click and twelve may take, as a share of the peer's time."""
        return ("0.42", "") if self.login == "pam" else ("0.25", "0.2")

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def is_up(self) -> bool:
        return (self.home / "cli.json").exists()

    def wait_warm(self) -> str:
        """Wait for the parent that servers are forked from; returns whether it is on, or why."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            known = read_state(self.home / "warm")
            if known.state != "starting":
                break
            time.sleep(0.1)
        return f"{known.state} {known.why}".strip()

    def part(self, name: str) -> int:
        """Return the process id of a part."""
        from madang.settings.home import Home

        return State.load(Home(self.home)).parts[name].pid


class Stock(Hub):
    """JupyterHub as its documentation starts it on one machine."""

    name = "stock"

    def argv(self) -> list[str]:
        text = STOCK.format(
            root=os.geteuid() == 0,
            folder=self.folder,
            command=proxy_program.ensure(lambda: None),
            **self.ports,
        )
        text += SYSTEM_USERS if self.login == "pam" else ""
        beside = Path(sys.executable).parent
        self.folder.joinpath("people").mkdir()
        path = f"PATH={beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.write_config(text))]
        return ["/usr/bin/env", path, *command]


def hold(argv: list[str]) -> None:
    """Run a command as the subreaper of everything below it; SIGTERM is passed on."""
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    child = subprocess.Popen(argv)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    hold(sys.argv[1:])
