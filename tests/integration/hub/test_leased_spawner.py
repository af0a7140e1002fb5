import asyncio
import json
import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from madang import shim
from madang.domain.environment import EnvironmentRef
from madang.engines.local.environments import LocalEnvironments
from madang.engines.ports import Kernel

pytestmark = pytest.mark.integration


def wait_for(check, what, patience_s=30.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {what}")


def only_lease(service, person, name=""):
    found = service.of(person, name)
    assert len(found) == 1, found
    return found[0]


def live_servers(home):
    records = [shim.read(path) for path in home.attempts.glob("*/server")]
    return [record for record in records if record is not None and record.is_alive]


async def run_a_cell(running, server_url, token, code):
    base = f"http://127.0.0.1:{running.port}{server_url}api/kernels"
    headers = {"Authorization": f"token {token}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
        kernel = (await http.post(base)).json()["id"]
    address = base.replace("http:", "ws:") + f"/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(address, headers=headers))
    header = {"msg_id": "1", "msg_type": "execute_request", "session": "s", "username": "ada"}
    content = {"code": code, "silent": False}
    message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}}
    await socket.write_message(json.dumps({**message, "content": content}))
    while True:
        reply = json.loads(await asyncio.wait_for(socket.read_message(), 30))
        if reply["msg_type"] == "execute_reply":
            assert reply["content"]["status"] == "ok"
            break
    socket.close()


def test_a_spawn_waits_and_runs_and_a_waiting_one_can_be_withdrawn(running, service):
    running.add_user("ada")
    began = time.monotonic()
    assert running.spawn("ada").status_code == 202
    # A queue is no open request: the answer comes at once, also on a machine that is busy.
    assert time.monotonic() - began < 10
    lease = wait_for(lambda: service.of("ada"), "lease asked for")[0]
    assert service.requests[0][1]["project"] == "open"
    assert running.server("ada")["pending"] == "spawn"

    url = "/users/ada/server/progress"
    with running.http.stream("GET", url) as events:
        lines = events.iter_lines()
        first = next(line for line in lines if "Position 1 of 1" in line)
        assert "1번째" in json.loads(first.removeprefix("data:"))["message"]
        service.admit(lease["id"])
        began = time.monotonic()
        assert any('"ready": true' in line for line in lines)
    print(f"admitted to ready: {time.monotonic() - began:.2f} s")
    server = running.ready_server("ada")
    assert len(live_servers(running.home)) == 1

    # Its limit holds by itself, should hub and service both be gone by then.
    written = json.loads(next(running.home.attempts.glob("*/server/record.json")).read_text())
    assert written["deadline_ms"] > 3_600_000

    # The environment holds the lease and no secret of the hub.
    record = live_servers(running.home)[0]
    text = Path(f"/proc/{record.pid}/environ").read_bytes()
    environment = dict(e.split(b"=", 1) for e in text.split(b"\0") if b"=" in e)
    assert environment[b"MADANG_LEASE"] == lease["id"].encode()
    assert environment[b"MADANG_SIMULATED_GPUS"] == b"sim-0"
    assert environment[b"CUDA_VISIBLE_DEVICES"] == b""
    assert b"MADANG_SERVICE_TOKEN" not in environment
    assert not any(service.token.encode() in value for value in environment.values())
    assert b"CONFIGPROXY_AUTH_TOKEN" not in environment

    # The extension reports; a person's token opens the server through the proxy.
    wait_for(lambda: service.activities, "activity")
    assert service.activities[0]["kernel_busy"] is False
    token = running.http.post("/users/ada/tokens", json={}).json()["token"]
    address = f"http://127.0.0.1:{running.port}{server['url']}api/status"
    headers = {"Authorization": f"token {token}"}
    assert httpx.get(address, headers=headers, trust_env=False).status_code == 200

    asyncio.run(run_a_cell(running, server["url"], token, "import time; time.sleep(2)"))
    wait_for(lambda: any(a["kernel_busy"] for a in service.activities), "seen busy", 10)
    wait_for(lambda: not service.activities[-1]["kernel_busy"], "seen idle again", 15)
    busy = next(a for a in service.activities if a["kernel_busy"])
    assert busy["busy_since_ms"] <= time.time() * 1000
    assert busy["last_input_ms"] >= busy["busy_since_ms"]
    assert service.activities[-1]["kernel_cpu_ms"] > 0

    # A second one, named, waits and is withdrawn by Stop; the first is not touched.
    assert running.spawn("ada", "second").status_code == 202
    waiting = wait_for(lambda: service.of("ada", "second"), "second lease")[0]
    assert running.http.delete("/users/ada/servers/second").status_code in (202, 204)
    wait_for(lambda: waiting["id"] in service.deleted, "withdrawn")
    assert service.deleted == [waiting["id"]]

    assert running.http.delete("/users/ada/server").status_code in (202, 204)
    wait_for(lambda: not live_servers(running.home), "server ended")
    wait_for(lambda: lease["id"] in service.deleted, "lease ended")
    assert running.server("ada") is None or not running.server("ada")["ready"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_a_hub_withdraws_nothing(running, service, number):
    running.add_user("ada")
    assert running.spawn("ada").status_code == 202
    lease = wait_for(lambda: service.of("ada"), "lease asked for")[0]
    running.end_hub(number)
    running.start_hub()
    wait_for(lambda: (running.server("ada") or {}).get("pending") != "check", "checked")
    assert service.deleted == []
    # Asked for again (by a person or the service), it is the same place in the queue.
    assert running.spawn("ada").status_code == 202
    wait_for(lambda: len(service.requests) == 2, "asked again")
    assert only_lease(service, "ada")["id"] == lease["id"]


def test_a_killed_hub_keeps_running_servers_and_finds_half_started_ones(running, service):
    service.admits = True
    running.add_user("ada")
    running.add_user("bora")
    assert running.spawn("ada").status_code in (201, 202)
    running.ready_server("ada")
    pid = live_servers(running.home)[0].pid

    # Killed between the launch and the return of start(): bora's server answers later.
    assert running.spawn("bora").status_code in (201, 202)
    wait_for(lambda: len(live_servers(running.home)) == 2, "bora's process")
    running.end_hub(signal.SIGKILL)
    assert len(live_servers(running.home)) == 2
    running.start_hub()
    running.ready_server("ada")
    running.ready_server("bora")
    alive = live_servers(running.home)
    assert len(alive) == 2
    assert pid in [record.pid for record in alive]
    assert service.deleted == []
    assert len(service.leases) == 2

    # A server that dies is noticed, and the next start is a new attempt of a new lease.
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not (running.server("ada") or {}).get("ready"), "noticed", 20)
    service.update(only_lease(service, "ada")["id"], state="ended", reason="failed", ready=False)
    assert running.spawn("ada").status_code in (201, 202)
    running.ready_server("ada")
    assert len(service.of("ada")) == 2


def refusal_of(running, **options):
    answer = running.spawn("ada", **options)
    if answer.status_code != 202 and answer.content:
        return answer.json()["message"]
    # On a busy machine the answer to a slow start comes first; then the progress says it.
    with running.http.stream("GET", "/users/ada/server/progress") as events:
        return next(line for line in events.iter_lines() if '"failed": true' in line)


def posted_until(browser, url, form, said):
    """Send the form until the answer itself says it.

    On a busy machine the hub answers before the refusal comes, and another page tells it.
    """
    for _ in range(20):
        page = browser.post(url, data=form)
        if said in page.text and 'id="spawn_form"' in page.text:
            break
        form["_xsrf"] = browser.cookies["_xsrf"]
        time.sleep(0.5)
    return page


def test_refusals_reach_the_person(running, service):
    running.add_user("ada")
    problem = {
        "code": "no_such_profile",
        "message": "No profile 'x'.",
        "hint": "Pick another <one>.",
        "details": {},
        "status": 404,
    }
    service.refusal = (404, problem)
    assert "No profile 'x'." in refusal_of(running, project="open", profile="x")
    service.refusal = None
    assert "hours" in refusal_of(running, hours=[1])
    assert service.leases == {}

    # The form: filled by the service, and kept when the service says no.
    browser = httpx.Client(trust_env=False, follow_redirects=True, timeout=20)
    base = f"http://127.0.0.1:{running.port}/hub"
    page = browser.get(f"{base}/login")
    assert 'class="m-t" lang="ko"' in page.text
    form = {"username": "ada", "password": "u" * 12, "_xsrf": browser.cookies["_xsrf"]}
    page = browser.post(f"{base}/login?next=/hub/spawn", data=form)
    assert 'value="open/cpu"' in page.text
    assert "CPU only" in page.text
    service.refusal = (403, {**problem, "code": "budget_gone", "message": "Nothing left."})
    form = {"choice": "open/cpu", "hours": "1.5", "_xsrf": browser.cookies["_xsrf"]}
    page = posted_until(browser, f"{base}/spawn/ada", form, "Nothing left.")
    assert "Nothing left." in page.text
    assert "Pick another &lt;one&gt;." in page.text
    assert 'value="1.5"' in page.text
    service.refusal = None
    form["_xsrf"] = browser.cookies["_xsrf"]
    page = browser.post(f"{base}/spawn/ada", data=form, follow_redirects=False)
    assert page.status_code == 302
    assert service.requests[-1][1]["limit_s"] == 5400
    page = browser.get(f"{base}/spawn-pending/ada")
    assert "/services/madang/wait?server=" in page.text
    browser.close()


def test_environments_of_the_project_and_of_no_other_are_kernels(running, service):
    environments = LocalEnvironments(running.home.environments())

    def publish(project, *names):
        kernels = [
            Kernel(
                name=f"madang-{name}",
                title=name,
                environment=name,
                ref=EnvironmentRef(project=project, environment="environment-01", revision=1),
            )
            for name in names
        ]
        asyncio.run(environments.publish(project, kernels))

    publish("project-01", "torch")
    publish("project-02", "foreign")
    running.add_user("kim")
    assert running.spawn("kim", environment="torch").status_code == 202
    lease = wait_for(lambda: service.of("kim"), "lease asked for")[0]
    assert service.requests[-1][1]["environment"] == "torch"
    service.admit(lease["id"])
    server = running.ready_server("kim")
    token = running.http.post("/users/kim/tokens", json={}).json()["token"]
    address = f"http://127.0.0.1:{running.port}{server['url']}api/kernelspecs"

    def kernels():
        headers = {"Authorization": f"token {token}"}
        answer = httpx.get(address, headers=headers, trust_env=False).json()
        ours = {name for name in answer["kernelspecs"] if name.startswith("madang-")}
        return answer["default"], ours

    assert kernels() == ("madang-torch", {"madang-torch"})
    # What is built while the server runs shows up in it.
    publish("project-01", "torch", "rapids")
    assert kernels()[1] == {"madang-torch", "madang-rapids"}
    assert running.http.delete("/users/kim/server").status_code in (202, 204)
    wait_for(lambda: not live_servers(running.home), "server ended")
