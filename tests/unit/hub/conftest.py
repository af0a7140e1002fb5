"""Makes the neighbours of these tests importable, and a spawner of pods without a cluster."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterhub.objects import Hub, Server
from traitlets.config import Config

sys.path.insert(0, str(Path(__file__).parent))


def person(name="ada"):
    return SimpleNamespace(
        name=name,
        id=7,
        url=f"/user/{name}/",
        escaped_name=name,
        db=SimpleNamespace(commit=lambda: None),
    )


@pytest.fixture
async def make_spawner(monkeypatch):
    """Return a maker of spawners whose API server is nowhere."""
    # Where there is no cluster, there is nothing about it to load either.
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_given: None)
    from madang.hub.kube import LeasedKubeSpawner

    def make(name="ada", server="", config=None, **given):
        spawner = LeasedKubeSpawner(
            hub=Hub(),
            user=person(name),
            config=config or Config(),
            api_token="t0p-secret-token",
            oauth_client_id="client",
            orm_spawner=SimpleNamespace(name=server, state={}, server=None),
            **{"image": "madang/user:1", "namespace": "people", **given},
        )
        spawner.service_url = "http://service/services/madang"
        spawner.server = Server(base_url=f"/user/{name}/", ip="10.1.2.3", port=8888)
        return spawner

    return make


@pytest.fixture
def placement():
    """What the service says of an ordinary notebook with two devices."""
    return {
        "person_id": "person-1",
        "cpu_count": 4,
        "memory_bytes": 8 * 1024**3,
        "image": "",
        "env": {"OMP_NUM_THREADS": "4"},
        "resource": "nvidia.com/gpu",
        "node_labels": {"nvidia.com/gpu.product": "NVIDIA-H200"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "may_write": True,
        "longest_ms": 12 * 3_600_000,
    }


@pytest.fixture
def lease(placement):
    """A ready lease as the hub sees it."""
    return {
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
