"""A real hub behind a real proxy whose servers are pods of the test cluster."""

import importlib.util
import os
import sys
from dataclasses import replace
from pathlib import Path

from nodes import TOLERATION
from pod_people import STATIC

from madang.hub.kube_settings import KubeSettings

HERE = Path(__file__).parent


def _neighbour(name):
    """Import a module of the hub's integration tests by its file."""
    path = HERE.parent / "integration" / "hub" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"madang_hub_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_hubs = _neighbour("conftest")
FakeService = _hubs.FakeService

# Played nodes serve nothing, so one server on loopback answers in the place of all of them.
CONFIG = """
import os
c.LeasedKubeSpawner.get_pod_url = lambda _spawner, _pod: os.environ["TEST_STANDIN"]
"""

HOMES = {"home_storage": "1Gi", "home_storage_class": STATIC}


class PodService(FakeService):
    """The fake service, which says what a pod needs too."""

    labels: dict

    def create(self, person, body):
        """Answer a request for a lease, with where its pod goes."""
        status, lease = super().create(person, body)
        if "id" in lease and "placement" not in lease:
            lease = self.leases[lease["id"]] = {
                **self.leases[lease["id"]],
                "project_id": "project-00000000000000000000000001",
                "devices": 1,
                "is_simulated": False,
                "started_ms": None,
                "placement": {
                    "person_id": f"person-{person}",
                    "cpu_millis": 1000,
                    "memory_bytes": 2**30,
                    "image": "",
                    "env": {},
                    "resource": "nvidia.com/gpu",
                    "node_labels": self.labels,
                    "tolerations": [TOLERATION],
                    "may_write": True,
                    "longest_ms": 7_200_000,
                },
            }
        return status, lease


class PodHub(_hubs.RunningHub):
    """A hub that may do in the people's namespace what the design gives it, and nothing else."""

    def __init__(self, home, service, people, standin):
        super().__init__(home, service)
        kube = KubeSettings(namespace=people.name, image="madang/user:1", **HOMES)
        self.settings = replace(self.settings, spawner="kubernetes", kube=kube)
        self.config.write_text(self.config.read_text() + CONFIG)
        self.more = {"KUBECONFIG": str(people.kubeconfig), "TEST_STANDIN": standin.origin}

    def _popen(self, argv, name):
        before = {key: os.environ.get(key) for key in self.more}
        os.environ.update(self.more)
        try:
            return super()._popen(argv, name)
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value
