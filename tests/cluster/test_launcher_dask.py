"""The launcher beside a real Dask scheduler that was started by the very command of its pod.

The scheduler runs on this machine, at the address that the played node says its pod has.
"""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cluster import Cluster
from engines_house import spec
from launcher_house import KubernetesHouse, kubernetes_house
from processes import free_ports

from madang.domain.cluster import scheduler_key
from madang.domain.lease import LeaseKind
from madang.engines.kubernetes.security import KEYS, SCRATCH
from madang.engines.scheduler_api import KEY_HEADER

LOOPBACK = "127.0.0.1"


@pytest.fixture
async def house(cluster: Cluster) -> AsyncIterator[KubernetesHouse]:
    async with kubernetes_house(cluster) as made:
        scheduler_port, dashboard_port = free_ports(2)
        made.settings = replace(
            made.settings, scheduler_port=scheduler_port, dashboard_port=dashboard_port
        )
        made.engine.launcher = made.launcher()  # type: ignore[misc]
        yield made


@asynccontextmanager
async def process(house: KubernetesHouse, role: str, folder: Path) -> AsyncIterator[None]:
    """Run what the pod of a role runs, on loopback alone."""
    pods = await house.all("api/v1", "pods")
    [pod] = [p for p in pods if p["metadata"]["labels"]["madang.dev/role"] == role]
    container = pod["spec"]["containers"][0]
    secret = await house.admin.get(f"/api/v1/namespaces/{house.namespace}/secrets/lease-c-1-secret")
    texts = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    for key, text in texts.items():
        (folder / key).write_text(text)
    port = house.settings.dashboard_port
    address = f"lease-c-1.{house.namespace}.svc"
    changed = {"python": sys.executable, f":{port}": f"{LOOPBACK}:{port}", ":0": f"{LOOPBACK}:0"}
    argv = [
        changed.get(part, part)
        .replace(KEYS, str(folder))
        .replace(SCRATCH, str(folder))
        .replace(address, LOOPBACK)
        for part in container["command"]
    ]
    env = {"PATH": os.environ["PATH"]}
    for each in container["env"]:
        source = each.get("valueFrom")
        value = texts[source["secretKeyRef"]["key"]] if source else each.get("value", "")
        env[each["name"]] = value.replace("$$", "$")
    env["HOME"] = str(folder)
    with (folder / f"{role}.log").open("wb") as log:
        made = await asyncio.create_subprocess_exec(
            *argv, "--host", LOOPBACK, env=env, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        made.kill()
        await made.wait()


async def test_a_scheduler_is_asked_over_http_with_its_key(
    house: KubernetesHouse, tmp_path: Path
) -> None:
    launcher: Any = house.engine.launcher
    devices = ("sim-h200-0",)
    wanted = spec(
        "lease-c", kind=LeaseKind.CLUSTER, workers=1, gpus_per_worker=1, device_ids=devices
    )
    await house.start(wanted)
    assert await launcher.endpoint("lease-c", 1) is None
    assert await launcher.wanted_workers("lease-c", 1) is None
    async with process(house, "scheduler", tmp_path):

        async def answers() -> bool:
            return await launcher.endpoint("lease-c", 1) is not None

        await house.until(answers)
        endpoint = await launcher.endpoint("lease-c", 1)
        host = f"lease-c-1.{house.namespace}.svc"
        assert endpoint.address == f"tls://{host}:{house.settings.scheduler_port}"
        assert endpoint.dashboard_url == f"http://{host}:{house.settings.dashboard_port}/"
        assert scheduler_key(endpoint.key_pem) == (tmp_path / "scheduler-key").read_text()
        assert await launcher.wanted_workers("lease-c", 1) == 0
        async with process(house, "worker-0", tmp_path):
            url = f"http://{LOOPBACK}:{house.settings.dashboard_port}/"

            async def is_there() -> bool:
                key = {KEY_HEADER: scheduler_key(endpoint.key_pem)}
                async with httpx.AsyncClient(trust_env=False) as http:
                    known = (await http.get(f"{url}api/v1/get_workers", headers=key)).json()
                return [each["name"] for each in known["workers"]] == ["worker-0"]

            await house.until(is_there)
            assert await launcher.retire("lease-c", 1, ["worker-0"])

            async def is_gone() -> bool:
                return not await is_there()

            await house.until(is_gone)
    # Another launcher, which never heard it answer, hears nothing any more.
    assert await house.launcher().endpoint("lease-c", 1) is None
