"""Spawners of pods for tests, and a lease that is ready; used here and on the test cluster."""

from types import SimpleNamespace

from jupyterhub.objects import Hub
from jupyterhub.orm import Server
from traitlets.config import Config

TOKEN = "t0p-secret-token"


def person(name="ada"):
    return SimpleNamespace(
        name=name,
        id=7,
        url=f"/user/{name}/",
        escaped_name=name,
        db=SimpleNamespace(commit=lambda: None),
    )


def spawner_of(name="ada", server="", config=None, token=TOKEN, **given):
    """Return a spawner as a hub has it; what the cluster is, is known from elsewhere."""
    from madang.hub.kube import LeasedKubeSpawner

    where = {"ip": "10.1.2.3", "port": 8888, "proto": "http", "cookie_name": "c"}
    address = Server(base_url=f"/user/{name}/", **where)
    spawner = LeasedKubeSpawner(
        hub=Hub(),
        user=person(name),
        config=config or Config(),
        api_token=token,
        oauth_client_id="client",
        orm_spawner=SimpleNamespace(name=server, state={}, server=address),
        **{"image": "madang/user:1", "namespace": "people", **given},
    )
    spawner.service_url = "http://service/services/madang"
    return spawner


def ready_lease(**changes):
    """Return a ready lease as the hub sees it, with two devices."""
    placement = {
        "person_id": "person-1",
        "cpu_millis": 4000,
        "memory_bytes": 8 * 1024**3,
        "image": "",
        "env": {"OMP_NUM_THREADS": "4"},
        "resource": "nvidia.com/gpu",
        "node_labels": {"nvidia.com/gpu.product": "NVIDIA-H200"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "may_write": True,
        "longest_ms": 12 * 3_600_000,
    }
    lease = {
        "id": "lease-00000000000000000000000001",
        "attempt": 3,
        "kind": "notebook",
        "state": "admitted",
        "ready": True,
        "project": "vision",
        "project_id": "project-00000000000000000000000009",
        "devices": 2,
        "device_ids": [],
        "is_simulated": False,
        "limit_ms": 3_600_000,
        "placement": placement,
    }
    return {**lease, **changes}
