"""Runs of one person on the node: submitted as the page does, looked at from both sides.

The storage of artifacts is a server that speaks S3, beside the node; its keys are the service's.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from inside import ADDRESS
from installed import PEOPLE, PLATFORM, URL, VALUES, Installed

sys.path.insert(0, str(Path(__file__).parents[2] / "contract" / "engines"))

from storage_house import BUCKET, KEY, S3, SECRET

from madang.stack.demo.look import until
from madang.stack.demo.visitor import Visitor

VOLUMES = Path("/var/lib/volumes")
KEYS = "storage-keys"
GATE = """
import os, pathlib, time
gate = pathlib.Path(os.environ["MADANG_CHECKPOINT_DIR"], "open")
while not gate.exists():
    time.sleep(0.1)
"""
"""A cell that goes on when the test says so."""

SPEND = """
held = []
while True:
    held.append(b"x" * 2**24)
"""


def storage() -> S3:
    """Start a storage that pods reach, with a bucket."""
    # Those who look at it from here must not be given the keys of this machine.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    made = S3(ADDRESS)
    made.files().mkdir(BUCKET)
    return made


def install(installed: Installed, s3: S3) -> None:
    """Install a release that keeps artifacts in the storage, and checkpoints on a volume."""
    plane = installed.plane
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLATFORM}})
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    keys["AWS_DEFAULT_REGION"] = "us-east-1"
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": keys}
    plane.apply(secret | {"metadata": {"name": KEYS, "namespace": PLATFORM}})
    artifacts = {"url": f"s3://{BUCKET}/madang", "endpoint": s3.url}
    where = {"cidrs": [f"{ADDRESS}/32"], "ports": [s3.port]}
    pods = VALUES["people"]["pods"]
    changes = {
        # On their own: no volume holds what the storage is for.
        "service": {**VALUES["service"], "storage": {"enabled": False}, "environmentSecret": KEYS},
        "policy": {**VALUES["policy"], "artifacts": artifacts},
        "people": {**VALUES["people"], "pods": {**pods, "checkpoints": {"size": "1Gi"}}},
        "network": {"kubeApi": {"ports": [443, plane.port]}, "objectStore": where},
    }
    installed.put("install", changes)
    installed.wait_for_pages()


class Runs:
    """A person's runs."""

    def __init__(self, installed: Installed, name: str = "ada", project: str = "vision-lab"):
        self.installed, self._project = installed, project
        self.visitor = Visitor(URL, name, installed.secret("password"))

    async def submit(self, *cells: str, devices: int = 1, **more: Any) -> str:
        """Submit a notebook of these cells; returns the id of its run."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        size = {"flavor": "sim-h200" if devices else "cpu", "devices": devices, "limit_s": 600}
        body = {"project": self._project, "notebook": nbformat.writes(book), **size, **more}
        return (await self.visitor.api("POST", "runs", json=body))["id"]

    async def get(self, run: str) -> dict[str, Any]:
        return await self.visitor.api("GET", f"runs/{run}")

    async def lease(self, lease: str) -> dict[str, Any]:
        return await self.visitor.api("GET", f"leases/{lease}")

    async def until(
        self, run: str, fits: Callable[[dict[str, Any]], Any], limit_s: float = 60
    ) -> dict[str, Any]:
        """Look at a run until it fits."""
        try:
            return await until(lambda: self.get(run), fits, limit_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.installed.story()}") from error

    async def ended(self, run: str, limit_s: float = 60) -> dict[str, Any]:
        """Wait for the end of a run."""
        return await self.until(run, lambda view: view["ended_ms"] is not None, limit_s)

    async def lease_ended(self, lease: str, limit_s: float = 60) -> dict[str, Any]:
        """Wait for the end of a lease."""
        return await until(lambda: self.lease(lease), lambda x: x["state"] == "ended", limit_s)

    async def log(self, run: str) -> str:
        """Return what a run printed, as its page shows it."""
        return (await self._text(f"runs/{run}/log")).strip()

    async def output(self, run: str) -> Any:
        """Return the executed notebook, which has to be a valid one."""
        found = nbformat.reads(await self._text(f"runs/{run}/output"), 4)
        nbformat.validate(found)
        return found

    async def _text(self, path: str) -> str:
        answer = await self.visitor.http.get(f"/services/madang/api/v1/{path}")
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.text

    def open_gate(self, run: str) -> None:
        """Let the cell of a run go on that waits at the gate."""
        [own] = VOLUMES.glob(f"*checkpoints*/*/runs/{run}/own")
        (own / "open").touch()

    def pods(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the pods of the slot that a run is in."""
        return self.installed.pods(lease=run["lease"])

    def living_pods(self) -> list[dict[str, Any]]:
        """Return the pods of slots that have not ended."""
        found = self.installed.pods(kind="slot")
        return [pod for pod in found if pod["status"]["phase"] in ("Pending", "Running")]

    def evict(self, pod: dict[str, Any]) -> None:
        """Have a pod evicted, as a drain of its node does."""
        name = pod["metadata"]["name"]
        metadata = {"name": name, "namespace": PEOPLE}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{PEOPLE}/pods/{name}/eviction"
        assert self.installed.plane.ask(path, body) is not None, self.installed.plane.said

    def everything(self) -> str:
        """Return all that is written in the people's namespace, secrets among it."""
        plane, core = self.installed.plane, f"/api/v1/namespaces/{PEOPLE}"
        jobs = plane.ask(f"/apis/batch/v1/namespaces/{PEOPLE}/jobs")
        kinds = ("pods", "secrets", "configmaps", "services")
        return json.dumps([jobs, *(plane.ask(f"{core}/{kind}") for kind in kinds)])


def said(book: Any) -> str:
    """Return what the cells of an executed notebook printed."""
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)
