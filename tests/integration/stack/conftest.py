import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from madang import shim
from madang.settings.home import Home
from madang.stack import down, up
from madang.stack.demo.kernel import Kernel
from madang.stack.demo.look import free_port, processes_of, until
from madang.stack.demo.steps import CheckError
from madang.stack.demo.visitor import Visitor
from madang.stack.plan import MARKER
from madang.stack.probes import Addresses, Probes
from madang.stack.secret import load_secrets
from madang.stack.state import SUPERVISOR, State

POLICY = """
zone: Asia/Seoul
half_life: 7d
block: 15m
stop_grace: 5s
rate_default: 1
rates: {cpu: 0, sim-h200: 1}
tiers:
  open: {max_devices_person: 2, max_hours: 8}
  research: {max_devices_person: 6, max_hours: 48}
projects:
  open: {title: 열린 마당 · Open, tier: open, grant: 100}
  poor: {title: 빈 주머니 · Poor, tier: research, grant: 0.01, members: {ada: owner}}
  vision-lab: {title: 비전 · Vision, tier: research, grant: 500, members: {ada: owner}}
  language-lab: {title: 언어 · Language, tier: research, grant: 500, members: {chan: owner}}
open_project: open
admins: [admin]
"""


def quiet(_line):
    """Nobody reads what a test's installation says."""


class House:
    """A real installation on simulated devices, and looks at it from outside."""

    until = staticmethod(until)

    def __init__(self, root, devices):
        self.home = Home.find(root / "data")
        self.policy = root / "policy.yaml"
        self.policy.write_text(POLICY)
        self.gpus = f"sim:{devices}xh200"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def up(self):
        up(self.home, port=self.port, gpus=self.gpus, detach=True, policy=self.policy, tell=quiet)

    def down(self):
        down(self.home, tell=quiet)

    def cli(self, *arguments, **environment):
        """Run the command line as the administrator does; returns (status, output, errors)."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("MADANG_")}
        done = subprocess.run(
            [sys.executable, "-m", "madang.cli.main", *map(str, arguments)],
            env={**own, "MADANG_HOME": str(self.home.root), "LC_ALL": "C.UTF-8", **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    async def visitor(self, name):
        secrets = json.loads(self.home.secrets.read_text())
        password = secrets["admin_password" if name == "admin" else "user_password"]
        visitor = Visitor(self.url, name, password)
        await visitor.log_in()
        return visitor

    async def kernel(self, visitor):
        kernel = Kernel(self.url, visitor.name, await visitor.server_token())
        await kernel.start()
        return kernel

    # -- killing ----------------------------------------------------------------------------------

    def part(self, name):
        return State.load(self.home).parts[name]

    def kill_supervisor(self):
        supervisor = self.part(SUPERVISOR)
        os.kill(supervisor.pid, signal.SIGKILL)
        return until_sync(lambda: not supervisor.is_alive, "supervisor gone")

    async def kill(self, *names):
        """Kill parts with -9 and wait until each answers again; returns seconds by part."""
        old = {name: self.part(name) for name in names}
        began = time.monotonic()
        for part in old.values():
            os.kill(part.pid, signal.SIGKILL)
        # A part that is still dying may answer once more.
        until_sync(lambda: not any(part.is_alive for part in old.values()), "killed")
        took = {}

        async def all_back():
            for name in set(names) - set(took):
                if await asyncio.to_thread(self._is_back, name):
                    took[name] = round(time.monotonic() - began, 2)
            return set(took) == set(names)

        await until(all_back, bool, 40)
        print(f"back after kill -9: {took}")
        return took

    def _is_back(self, name):
        state = State.load(self.home)
        addresses = Addresses.of(state.public_url, state.ports)
        probes = Probes(addresses, self.port, "127.0.0.1")
        try:
            return probes.checks(load_secrets(self.home).proxy_token)[name]()
        finally:
            probes.close()

    async def until_server_answers(self, name):
        """Wait until a person's server is reachable at its public address; returns seconds."""
        began = time.monotonic()

        async def look():
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(trust_env=False) as http:
                    return (await http.get(f"{self.url}/user/{name}/api")).status_code
            return 0

        await until(look, lambda status: status == 200, 30)
        return round(time.monotonic() - began, 2)

    async def reconnect(self, kernel):
        async def attempt():
            try:
                async with asyncio.timeout(2):  # a kernel that died answers nothing
                    return (await kernel.execute("print('here')")).strip() == "here"
            except (CheckError, TimeoutError):
                with contextlib.suppress(Exception):  # the proxy may not have its routes yet
                    await kernel.connect()
            return False

        await until(attempt, bool, 30)

    # -- looking at processes ---------------------------------------------------------------------

    def records(self, lease_id):
        """Return what the shim recorded for a lease: record folder to (pid, keeper, start)."""
        found = {}
        for folder in sorted(self.home.attempts.glob(f"{lease_id}.*/*")):
            record = shim.read(folder) if folder.is_dir() else None
            if record is not None:
                found[str(folder)] = (record.pid, record.shim_pid, record.started_ms)
        return found

    def record(self, lease, role):
        return shim.read(self.home.process(lease["id"], lease["attempt"], role))

    def processes(self):
        """Return every process of this installation."""
        part = f"{MARKER}={self.home.root}".encode()
        strays = [pid for pid, _ in shim.strays(self.home.attempts)]
        return sorted({*processes_of(self.home), *_with(part), *strays})

    def servers(self, lease_id):
        """Return processes that are a notebook server of a lease."""
        return [
            pid
            for pid in _with(f"MADANG_LEASE={lease_id}".encode())
            if b"madang.hub.singleuser" in _cmdline(pid) and b"madang.shim" not in _cmdline(pid)
        ]


def _with(entry):
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if entry in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def _cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def until_sync(check, what, patience_s=20.0):
    deadline = time.monotonic() + patience_s
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {patience_s} s: {what}"
        time.sleep(0.02)


def notebook(*cells, parameters=""):
    """Return the text of a notebook; the first cell declares parameters."""
    sources = ([(parameters, ["parameters"])] if parameters else []) + [(c, []) for c in cells]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "cells": [
                {
                    "id": f"cell-{number}",
                    "cell_type": "code",
                    "metadata": {"tags": tags},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, (source, tags) in enumerate(sources)
            ],
        }
    )


@pytest.fixture(scope="session", name="notebook")
def notebook_fixture():
    return notebook


@pytest.fixture(scope="module")
def build_house(tmp_path_factory):
    """Build installations that leave no process behind, whatever a test did to them."""
    built = []

    def build(devices, root=None):
        house = House(root or tmp_path_factory.mktemp("house"), devices)
        built.append(house)
        return house

    yield build
    for house in built:
        house.down()
        until_sync(lambda h=house: not h.processes(), f"no process left of {house.home.root}", 10)
