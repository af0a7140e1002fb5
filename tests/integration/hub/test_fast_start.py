"""Servers forked from the warm parent: real pages, a kernel, adoption, and the fall-back."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from madang import shim
from madang.shim import warm

pytestmark = pytest.mark.integration


def wait_for(check, what, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {what}")


def server_of(running, service, person):
    lease = service.of(person)[0]
    return shim.read(next(running.home.attempts.glob(f"{lease['id']}.*/server")))


def test_servers_are_forked_and_outlive_hub_and_parent(running, service):
    service.admits = True
    for person in ("ada", "bora", "chan"):
        running.add_user(person)
    # The first click finds no parent; it starts one for the next.
    assert running.spawn("ada").status_code in (201, 202)
    running.ready_server("ada")
    assert server_of(running, service, "ada").meta["start"] == "fresh"
    assert server_of(running, service, "ada").meta["start_why"]
    log = running.home.logs / "fast-start.log"
    state = wait_for(
        lambda: (s := warm.read_state(running.home.warm)).state in ("on", "off") and s, "parent"
    )
    assert state.state == "on", (state.why, log.read_text())

    assert running.spawn("bora").status_code in (201, 202)
    server = running.ready_server("bora")
    forked = server_of(running, service, "bora")
    assert forked.meta["start"] == "forked"
    environment = Path(f"/proc/{forked.pid}/environ").read_bytes().split(b"\0")
    assert f"HOME={running.home.people / 'bora'}".encode() in environment

    # The same pages as ever: Lab, the newer server extension, and the reporting one.
    token = running.http.post("/users/bora/tokens", json={}).json()["token"]
    base = f"http://127.0.0.1:{running.port}{server['url']}"
    with httpx.Client(
        headers={"Authorization": f"token {token}"}, trust_env=False, timeout=30
    ) as http:
        page = http.get(f"{base}lab")
        assert page.status_code == 200
        assert "jupyter-config-data" in page.text
        assert http.get(f"{base}api/me").json()["identity"]["username"] == "bora"
        assert http.post(f"{base}api/kernels").status_code == 201
        # Nobody else's page.
        other = f"http://127.0.0.1:{running.port}{running.server('ada')['url']}api/status"
        assert http.get(other).status_code == 403
    wait_for(lambda: service.activities, "activity")

    os.kill(state.pid, signal.SIGKILL)
    running.end_hub(signal.SIGKILL)
    assert server_of(running, service, "bora").is_alive
    running.start_hub()
    running.ready_server("bora")
    assert server_of(running, service, "bora").pid == forked.pid

    assert running.spawn("chan").status_code in (201, 202)
    running.ready_server("chan")
    assert server_of(running, service, "chan").meta["start"] in ("fresh", "forked")
    assert running.http.delete("/users/bora/server").status_code in (202, 204)
    ended = wait_for(lambda: not (r := server_of(running, service, "bora")).is_alive and r, "ended")
    assert ended.is_sure
    assert shim.strays(running.home.attempts) == []
