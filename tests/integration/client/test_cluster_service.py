"""`madang.Cluster` with everything real: service, queue, scheduler, workers, TLS."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from distributed import Client

from madang.client import Cluster, MadangClient
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack import ports

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
TOKEN = "integration-service-token"


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    """A person's client of a service that runs as a process of its own."""
    home = Home(tmp_path_factory.mktemp("cluster"))
    settings = ServiceSettings(
        home=home,
        database_url=home.database_url,
        bind_host="127.0.0.1",
        bind_port=ports.choose(None, set()),
        public_url="http://127.0.0.1:1/",
        hub_api_url="http://127.0.0.1:1/hub/api",
        api_token=TOKEN,
        policy_path=ROOT / "hub_config" / "policy.yaml",
        profiles_path=ROOT / "hub_config" / "profiles.yaml",
        gpus="sim:4xh200",
    )
    log = home.root / "service.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "madang.api.serve"],
            env={**os.environ, **settings.to_env()},
            stdout=file,
            stderr=file,
        )
    try:
        until(lambda: is_healthy(settings) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        with MadangClient(settings.service_url, TOKEN, person="ada") as client:
            yield client
            for cluster in client.get("clusters"):
                client.delete(f"clusters/{cluster['id']}")
            until(lambda: all(x["state"] == "ended" for x in client.get("leases")))
    finally:
        process.terminate()
        process.wait(20)


def is_healthy(settings):
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{settings.service_url}/healthz").status_code == 200


def until(condition, limit_s=40):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.05)


def test_it_grows_shrinks_and_computes(http):
    with Cluster(1, project="vision-lab", client=http) as cluster:
        client = cluster.get_client()
        assert cluster.get_client() is client
        assert client.submit(sum, [1, 2]).result(timeout=20) == 3
        cluster.wait_for_workers(1, timeout=20)
        assert cluster.observed == cluster.plan == {"worker-0"}
        cluster.scale(3)
        client.wait_for_workers(3, timeout=40)
        until(lambda: cluster.observed == cluster.requested == cluster.plan)
        joined = next(name for name in cluster.plan if name != "worker-0")
        kept = client.submit(pow, 2, 99, workers=[joined], allow_other_workers=True)
        assert kept.result(timeout=20) == 2**99
        logs = cluster.logs
        assert "== scheduler ==" in logs["Cluster"]
        assert "Scheduler" in logs
        assert len(logs) == 5
        html = cluster._repr_html_()
        assert "3 of 3 workers" in html
        assert cluster.dashboard_link in html
        begin = time.monotonic()
        cluster.scale(1)
        until(lambda: cluster.observed == {"worker-0"})
        # Its data moved, so that nothing is computed again.
        assert client.who_has([kept])[kept.key]
        until(lambda: len(cluster.workers) == 1)
        assert time.monotonic() - begin < 30
        with Client(cluster) as second:
            assert second.submit(sum, [4, 5]).result(timeout=20) == 9
    assert client.status == "closed"
    until(lambda: cluster.view["state"] != "active")


def test_it_adapts_to_what_the_scheduler_wants(http):
    with Cluster(1, project="vision-lab", client=http) as cluster:
        client = cluster.get_client()
        handle = cluster.adapt(minimum=1, maximum=2)
        slow = client.map(lambda n: time.sleep(2) or n, range(14), pure=False)
        until(lambda: len(cluster.observed) == 2)
        assert cluster.refresh()["adapt"]["maximum"] == 2
        handle.stop()
        assert cluster.refresh()["adapt"] is None
        client.cancel(slow)


async def test_asynchronous(http):
    async with Cluster(1, project="vision-lab", client=http, asynchronous=True) as cluster:
        async with cluster.get_client() as client:
            assert await client.submit(sum, [1, 2]) == 3
        await cluster.scale(2)
        await cluster.wait_for_workers(2, timeout=40)
        async with asyncio.timeout(20):
            while len(cluster.observed) < 2:  # noqa: ASYNC110 - a test
                await asyncio.sleep(0.02)
        logs = await cluster.get_logs(workers=False)
        assert set(logs) == {"Cluster", "Scheduler"}
    assert cluster.status.name == "closed"


def test_a_process_that_ends_lets_its_cluster_go(http):
    code = (
        "import madang\n"
        f"client = madang.MadangClient({http.url!r}, {TOKEN!r}, person='ada')\n"
        "cluster = madang.Cluster(1, project='vision-lab', client=client)\n"
        "cluster.get_client().submit(sum, [1]).result()\n"
        "print(cluster.id)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    until(lambda: http.get(f"clusters/{done.stdout.strip()}")["state"] == "ended")
