import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from madang import shim
from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import doctor, down, ports, status, up
from madang.stack.plan import MARKER
from madang.stack.state import State
from madang.stack.supervisor import leftovers

pytestmark = pytest.mark.integration

DRIVER = Path(__file__).with_name("up_with_fake.py")


def wait_for(check, what, patience_s=40.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {what}")


class Up:
    def __init__(self, home, port, kind="fake"):
        self.home, self.port, self.lines = home, port, []
        self.process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(home.root), str(port), kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def ready(self):
        wait_for(lambda: "READY" in self.lines or self.process.poll() is not None, "ready", 90)
        assert "READY" in self.lines, "\n".join(self.lines)
        return self

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        self.reader.join()
        self.process.stdout.close()


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "data")
    yield made
    down(made, tell=lambda _: None)


def pids(home):
    return {name: part.pid for name, part in State.load(home).alive().items()}


def processes_of(home):
    wanted = f"MADANG_PART_OF={home.root}".encode()
    marker = f"MADANG_ATTEMPT_DIR={home.attempts}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes()
                if wanted in environment or marker in environment:
                    found.append(int(entry.name))
    return found


def test_a_life_of_an_installation(home):
    port = ports.choose(None, set())
    began = time.monotonic()
    first = Up(home, port).ready()
    print(f"up: {time.monotonic() - began:.2f} s")
    try:
        _life(home, port, first)
    finally:
        first.end(signal.SIGKILL)


def _life(home, port, first):
    said = "\n".join(first.lines)
    assert f"http://127.0.0.1:{port}/" in said
    assert "로그인하세요" in said
    assert "Log in with" in said
    cli = json.loads(home.cli_token.read_text())
    assert cli["person"] == "admin"
    assert home.cli_token.stat().st_mode & 0o777 == 0o600
    assert home.secrets.stat().st_mode & 0o777 == 0o600
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}/hub/api",
        headers={"Authorization": f"token {cli['token']}"},
        trust_env=False,
        timeout=20,
    ) as hub:
        _with_hub(home, port, first, hub, cli)


def _with_hub(home, port, first, hub, cli):
    secrets = json.loads(home.secrets.read_text())
    for pid in processes_of(home):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert pid == pids(home).get("service") or not any(v in line for v in secrets.values())

    # One data folder, one up; and the port of another is not taken.
    for folder, code in ((home, "already_up"), (Home(home.root.parent / "b"), "public_port_busy")):
        second = Up(folder, port)
        second.end(signal.SIGCONT)
        assert any(line.startswith(f"FAILED {code}") for line in second.lines), second.lines

    assert hub.post("/users/ada").status_code == 201
    assert hub.post("/users/ada/server", json={}).status_code in (201, 202)
    wait_for(lambda: hub.get("/users/ada").json()["servers"].get("", {}).get("ready"), "server")
    records = list(home.attempts.glob("*/server"))
    server = shim.read(records[0])
    address = f"http://127.0.0.1:{port}/user/ada/api"
    wait_for(lambda: httpx.get(address, trust_env=False).status_code == 200, "routed")

    # A closed terminal ends nothing.
    first.process.send_signal(signal.SIGHUP)

    # Each part dies and comes back alone; the server never notices.
    before = pids(home)
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda n=name, p=pid: pids(home).get(n) not in (None, p), f"{name} restarted")
    others = {name: pid for name, pid in pids(home).items() if pid == before[name]}
    assert others == {}

    def is_all_well():
        with contextlib.suppress(httpx.HTTPError):
            healthy = httpx.get(f"http://127.0.0.1:{port}/services/madang/healthz", trust_env=False)
            return healthy.status_code == httpx.get(address, trust_env=False).status_code == 200

    wait_for(is_all_well, "healthy, and the server's route is back")
    assert shim.read(records[0]).is_alive

    seen = status(home)
    assert seen["is_up"]
    assert all(part["is_alive"] for part in seen["parts"])
    assert all(c.is_ok for c in doctor(home) if c.name == "part")

    # The supervisor is killed: everything goes on, and the next up takes over.
    ports_before = State.load(home).ports
    first.end(signal.SIGKILL)
    assert len(pids(home)) == 3
    old = pids(home)
    second = Up(home, port).ready()
    assert not set(old.values()) & set(pids(home).values())
    assert State.load(home).ports == ports_before
    assert json.loads(home.cli_token.read_text())["token"] == cli["token"]
    assert shim.read(records[0]).pid == server.pid
    assert shim.read(records[0]).is_alive
    wait_for(lambda: hub.get("/users/ada").json()["servers"].get("", {}).get("ready"), "kept")
    wait_for(is_all_well, "healthy again")

    # A deliberate end ends everything.
    assert down(home, tell=lambda _: None)
    second.process.wait(10)
    second.end()
    assert second.process.returncode == 0
    assert not shim.read(records[0]).is_alive
    assert processes_of(home) == []
    assert not status(home)["is_up"]
    assert not down(home, tell=lambda _: None)


def test_a_part_that_does_not_come_up_is_named_with_its_log(home):
    up = Up(home, ports.choose(None, set()), "broken")
    wait_for(lambda: up.process.poll() is not None, "given up")
    up.end()
    assert up.process.returncode == 1
    said = [line for line in up.lines if line.startswith("FAILED part_not_healthy")]
    assert said
    assert "no such table: leases" in said[0]
    assert processes_of(home) == []


def test_detached_tells_the_caller_why_it_failed(home):
    taken = ports.choose(None, set())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        with pytest.raises(LocalError) as caught:
            up(home, port=taken, detach=True, tell=lambda _: None)
    assert caught.value.code == "public_port_busy"
    assert str(os.getpid()) in caught.value.details["holder"]
    assert not status(home)["is_up"]


def test_leftovers_are_found_by_their_marker_and_leases_are_not_touched(home):
    code = "import sys; print('on', flush=True); sys.stdin.read()"

    def child(**env):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, MARKER: str(home.root), **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        return process

    part, leased = child(), child(MADANG_ATTEMPT_DIR=str(home.attempts / "x"))
    try:
        assert [one.pid for one in leftovers(home, State())] == [part.pid]
    finally:
        for process in (part, leased):
            process.communicate()
