"""A node whose kubelet a test plays: containers start, end as they are told, and are taken away.

kwok takes every finalizer off what it deletes and says no exit status; ends are what the launcher
is about, so here a pod goes the way that a kubelet lets it go, without a process behind it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from api_server import ApiServer
from nodes import node_body

from madang.engines.kubernetes.client import Api
from madang.errors import ConflictError, NotFoundError, RefusedError

LOOK_S = 0.05
HEARTBEAT_S = 5.0
TERMINATED, KILLED = 143, 137
STRATEGIC = "application/strategic-merge-patch+json"
"""Of lists that have keys, such as conditions by type, it changes what it names."""

Object = dict[str, Any]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class PlayedNode:
    """Runs the pods that the scheduler gives to one node.

    Parameters
    ----------
    devices
        How many it has of each kind.
    labels
        Of the node, besides ``played`` with its name.

    Attributes
    ----------
    starts
        Names of pods whose container was started, in order, without those of DaemonSets: one of
        somebody else that tolerates everything has a pod here too.
    told
        The same, in the order in which they saw that they were to end.
    is_stubborn
        Whether a pod, by its labels, goes on until its grace is over.
    """

    def __init__(
        self,
        plane: ApiServer,
        api: Api,
        name: str,
        devices: dict[str, int],
        labels: dict[str, str] | None = None,
    ) -> None:
        self._plane, self._api, self.name = plane, api, name
        self._devices = {key: str(count) for key, count in devices.items()}
        self._labels = {"played": name, **(labels or {})}
        self._codes: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._beat = 0.0
        self.starts: list[str] = []
        self.told: list[str] = []
        self.is_stubborn: Callable[[Object], bool] = lambda _: False

    async def __aenter__(self) -> "PlayedNode":
        await asyncio.to_thread(self._plane.apply, self._node(), status=True)
        self._beat = time.monotonic()
        self._task = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        [end] = await asyncio.gather(self._task, return_exceptions=True)
        await self._api.delete(f"/api/v1/nodes/{self.name}")
        assert isinstance(end, asyncio.CancelledError), f"the node died: {end!r}"

    def finish(self, lease_id: str, exit_code: int) -> None:
        """Let what runs of a lease end by itself."""
        self._codes[lease_id] = exit_code

    def _node(self) -> Object:
        there = {"cpu": "6400", "memory": "64Ti", "ephemeral-storage": "64Ti", "pods": "500"}
        node = node_body(self.name, there | self._devices, self._labels)
        node["status"]["conditions"] = [self._ready()]
        return node

    def _ready(self) -> Object:
        ready = {"type": "Ready", "status": "True", "reason": "Played", "message": ""}
        return ready | {"lastHeartbeatTime": _now(), "lastTransitionTime": _now()}

    async def _renew(self) -> None:
        """Say that it is still there; one that somebody deleted stays deleted."""
        with contextlib.suppress(NotFoundError):
            body = {"status": {"conditions": [self._ready()]}}
            await self._api.patch(f"/api/v1/nodes/{self.name}/status", body, STRATEGIC)
        self._beat = time.monotonic()

    async def _play(self) -> None:
        while True:
            if time.monotonic() - self._beat > HEARTBEAT_S:
                await self._renew()
            query = {"fieldSelector": f"spec.nodeName={self.name}"}
            for pod in (await self._api.get("/api/v1/pods", **query))["items"]:
                await self.tend(pod)
            await asyncio.sleep(LOOK_S)

    async def tend(self, pod: Object) -> None:
        """Do the next step of a pod as it was last seen, if it still is as it was seen.

        Whoever ended, deleted or replaced it meanwhile is right, and the next look shows it. What
        is refused although nothing changed is a defect of this node, and ends it.
        """
        try:
            await self._move(pod)
        except (ConflictError, NotFoundError):
            return
        except RefusedError:
            if not await self._is_other(pod):
                raise

    async def _is_other(self, pod: Object) -> bool:
        try:
            now = await self._api.get(_path(pod))
        except NotFoundError:
            return True
        return bool(now["metadata"]["resourceVersion"] != pod["metadata"]["resourceVersion"])

    async def _move(self, pod: Object) -> None:
        phase, name = pod["status"].get("phase"), pod["metadata"]["name"]
        is_told = "deletionTimestamp" in pod["metadata"]
        owners = pod["metadata"].get("ownerReferences", [])
        is_told_of = all(owner["kind"] != "DaemonSet" for owner in owners)
        if phase in ("Succeeded", "Failed"):
            if is_told:
                await self._api.delete(_path(pod), uid=pod["metadata"]["uid"], grace_s=0)
            return
        if is_told:
            if is_told_of and name not in self.told:
                self.told.append(name)
            if not self.is_stubborn(pod) or _is_past_grace(pod):
                await self._end(pod, KILLED if self.is_stubborn(pod) else TERMINATED)
        elif phase == "Pending" and await self._may_start(pod):
            if is_told_of:
                self.starts.append(name)
            await self._say(pod, "Running", {"running": {"startedAt": _now()}})
        elif phase == "Running":
            lease = pod["metadata"].get("labels", {}).get("madang.dev/lease", "")
            if lease in self._codes:
                await self._end(pod, self._codes[lease])

    async def _may_start(self, pod: Object) -> bool:
        """Tell whether all Secrets are there, without which a kubelet starts nothing."""
        wanted = {
            v["secret"]["secretName"] for v in pod["spec"].get("volumes", []) if "secret" in v
        }
        for each in pod["spec"]["containers"][0].get("env", []):
            if key := each.get("valueFrom", {}).get("secretKeyRef"):
                wanted.add(key["name"])
        root = f"/api/v1/namespaces/{pod['metadata']['namespace']}/secrets"
        for name in wanted:
            try:
                await self._api.get(f"{root}/{name}")
            except NotFoundError:
                return False
        return True

    async def _end(self, pod: Object, code: int) -> None:
        states = pod["status"].get("containerStatuses") or [{"state": {}}]
        begun = (states[0]["state"].get("running") or {}).get("startedAt")
        done = {"exitCode": code, "reason": "Error" if code else "Completed"}
        if begun:
            done |= {"startedAt": begun, "finishedAt": _now()}
        state = {"terminated": done} if begun else {"waiting": {"reason": "ContainerCreating"}}
        await self._say(pod, "Failed" if code else "Succeeded", state)

    async def _say(self, pod: Object, phase: str, state: Object) -> None:
        is_running = phase == "Running"
        container = {"imageID": "", "restartCount": 0, "ready": is_running, "state": state}
        container |= {"started": is_running}
        status = {
            "phase": phase,
            "startTime": pod["status"].get("startTime") or _now(),
            "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": _conditions(pod, is_running),
            "containerStatuses": [
                {"name": each["name"], "image": each["image"], **container}
                for each in pod["spec"]["containers"]
            ],
        }
        seen = {key: pod["metadata"][key] for key in ("uid", "resourceVersion")}
        await self._api.patch(f"{_path(pod)}/status", {"metadata": seen, "status": status})


def _conditions(pod: Object, is_running: bool) -> list[Object]:
    """Return what a pod says of itself, with what others said: a list is replaced as a whole."""
    ours = [{"type": kind, "status": str(is_running)} for kind in ("Ready", "ContainersReady")]
    known = {each["type"] for each in ours}
    return [*(c for c in pod["status"].get("conditions", []) if c["type"] not in known), *ours]


def _path(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _is_past_grace(pod: Object) -> bool:
    return pod["metadata"]["deletionTimestamp"] <= _now()
