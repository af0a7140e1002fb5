"""The real service with the engine of a cluster, and a node that runs what pods of slots run.

Store, use-cases, loops, HTTP, Kueue, API server and slot workers are the real ones. The hub is a
table of tokens, and instead of a kubelet a test starts the very command of a pod on this machine.
"""

import asyncio
import base64
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from cluster import Cluster
from played_node import PlayedNode

from madang import wiring
from madang.api.app import create_app
from madang.api.hub_client import HubClient
from madang.api.serve import bind, make_server
from madang.engines.kubernetes.client import Api, connect
from madang.engines.kubernetes.pod_life import read_ms
from madang.settings.config import ServiceSettings
from madang.settings.home import Home

ROOT = Path(__file__).parents[2]
TOKEN, PERSON = "the-service-token-of-the-story", "bora"
RESOURCE = "example.org/gpu"
POLICY = """
rates: {{sim-h200: 1}}
stop_grace: 5s
tiers: {{research: {{max_hours: 48}}}}
projects:
  vision: {{tier: research, grant: 1000, quota: {{sim-h200: 2}}, members: {{bora: owner}}}}
kubernetes:
  namespace: {name}
  prefix: {name}
  flavors:
    sim-h200:
      resource: {resource}
      node_labels: {{played: {name}-node}}
      tolerations: [{{key: madang.dev/test, operator: Exists}}]
"""


def answer(request: httpx.Request) -> httpx.Response:
    """Answer as the hub does to the service and to one person."""
    if request.headers["authorization"] == f"token {TOKEN}":
        return httpx.Response(200, json={"name": "madang", "kind": "service"})
    if request.headers["authorization"] != f"token tok-{PERSON}":
        return httpx.Response(403, json={})
    scopes = ["access:services!service=madang"]
    model = {"name": PERSON, "kind": "user", "session_id": "s", "scopes": scopes}
    return httpx.Response(200, json=model)


async def until(happens: Callable[[], Any], limit_s: float = 60.0) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + limit_s
    while not (found := happens()):
        assert time.monotonic() < deadline, f"not within {limit_s} s"
        await asyncio.sleep(0.05)
    return found


class Service:
    """The service in a thread of its own."""

    def __init__(self, folder: Path, cluster: Cluster, name: str, port: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self._listener = bind("127.0.0.1", port)
        port = self._listener.getsockname()[1]
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        policy = folder / "policy.yaml"
        policy.write_text(POLICY.format(name=name, resource=RESOURCE))
        settings = ServiceSettings(
            home=Home(folder),
            database_url=f"sqlite:///{folder / 'madang.sqlite'}",
            bind_host="127.0.0.1",
            bind_port=port,
            public_url=f"{self.url}/",
            hub_api_url="http://hub/hub/api",
            api_token=TOKEN,
            policy_path=policy,
            profiles_path=ROOT / "hub_config" / "profiles.yaml",
            engine="kubernetes",
            kubeconfig=cluster.kubeconfig,
        )
        self.services = wiring.build(settings)
        transport = httpx.MockTransport(answer)
        hub = HubClient(settings.hub_api_url, TOKEN, http=httpx.AsyncClient(transport=transport))
        self._server = make_server(create_app(self.services, settings, hub))
        self._thread = threading.Thread(target=self._run, name="service")

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))

    async def start(self) -> None:
        """Start; returns once it answers."""
        self._thread.start()
        await until(lambda: self._server.started)

    async def stop(self) -> None:
        """Stop; what runs goes on."""
        self._server.should_exit = True
        await asyncio.to_thread(self._thread.join, 30)
        self._listener.close()


class Kubelet:
    """Runs the command of each slot's pod that the played node says is running."""

    def __init__(self, api: Api, node: PlayedNode, namespace: str, folder: Path) -> None:
        self._api, self._node, self._folder = api, node, folder
        self._pods = f"/api/v1/namespaces/{namespace}"
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self._spans: dict[str, tuple[int, int]] = {}

    async def run(self) -> None:
        """Start and follow, until cancelled."""
        while True:
            for pod in (await self._api.get(f"{self._pods}/pods"))["items"]:
                name = pod["metadata"]["name"]
                self._note(name, pod)
                if pod["status"].get("phase") == "Running" and name not in self.processes:
                    self.processes[name] = await self._start(pod)
                made = self.processes.get(name)
                if made is not None and made.returncode is None and name in self._node.told:
                    made.terminate()
                if made is not None and made.returncode is not None:
                    lease = pod["metadata"]["labels"]["madang.dev/lease"]
                    self._node.finish(lease, made.returncode)
            await asyncio.sleep(0.1)

    def _note(self, name: str, pod: dict[str, Any]) -> None:
        for container in pod["status"].get("containerStatuses", []):
            if done := container["state"].get("terminated"):
                begun, ended = read_ms(done["startedAt"]), read_ms(done["finishedAt"])
                self._spans[name] = (begun or 0, ended or 0)

    async def _start(self, pod: dict[str, Any]) -> asyncio.subprocess.Process:
        container = pod["spec"]["containers"][0]
        env = {"PATH": os.environ["PATH"]}
        for each in container["env"]:
            source = each.get("valueFrom")
            value = await self._secret(**source["secretKeyRef"]) if source else each.get("value")
            env[each["name"]] = (value or "").replace("$$", "$")
        home = self._folder / pod["metadata"]["name"]
        home.mkdir()
        env |= {"HOME": str(home), "TMPDIR": str(home)}
        argv = [sys.executable if part == "python" else part for part in container["command"]]
        with (home / "log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *argv, env=env, cwd=home, stdout=log, stderr=log
            )

    async def _secret(self, name: str, key: str) -> str:
        found = await self._api.get(f"{self._pods}/secrets/{name}")
        return base64.b64decode(found["data"][key]).decode()

    def spans_ms(self) -> list[tuple[int, int]]:
        """Return when each pod that was run began and ended, as it was last told."""
        return list(self._spans.values())

    async def stop(self) -> None:
        """End what still runs."""
        for made in self.processes.values():
            if made.returncode is None:
                made.kill()
                await made.wait()


@asynccontextmanager
async def people(cluster: Cluster, name: str, folder: Path) -> AsyncIterator[Kubelet]:
    """Make the people's namespace and a node of two devices that runs their slots."""
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": level}
    cluster.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    api = await connect(cluster.kubeconfig)
    try:
        async with PlayedNode(cluster.plane, api, f"{name}-node", {RESOURCE: 2}) as node:
            kubelet = Kubelet(api, node, name, folder)
            task = asyncio.create_task(kubelet.run())
            yield kubelet
            task.cancel()
            [end] = await asyncio.gather(task, return_exceptions=True)
            await kubelet.stop()
            assert isinstance(end, asyncio.CancelledError), f"the kubelet died: {end!r}"
    finally:
        await api.close()
        cluster.plane.delete(f"/api/v1/namespaces/{name}")
        chosen = f"?labelSelector=madang.dev/pool%3D{name}"
        for plural in ("clusterqueues", "cohorts", "resourceflavors"):
            cluster.plane.delete(f"/apis/kueue.x-k8s.io/v1beta2/{plural}{chosen}")
