"""Reads of a cluster what its doctor judges: one look at each kind, and nothing is changed.

A part that may not be read, or is not there, is told as such; only a cluster that does not answer
at all is an error.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import yaml

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.objects import GoneError, Object
from madang.engines.kubernetes.rights import KUEUE, VISIBILITY, Right, review, rights
from madang.errors import MadangError, NotFoundError, RefusedError

Problem = Literal["", "missing", "forbidden", "silent"]

API = "v1beta2"
PAGE = 500
MOST_AT_ONCE = 8
_CONFIG = "controller_manager_config.yaml"
_DCGM = ("app=nvidia-dcgm-exporter", "app.kubernetes.io/name=dcgm-exporter")


class Reader(Protocol):
    """The little that is needed of a client."""

    async def get(self, path: str, **query: str | int) -> Object:
        """Read an object, or a list of them."""
        ...

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Ask a review, which is created and kept nowhere."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look found.

    Attributes
    ----------
    problem
        Empty; or why there is nothing: it is not there, we may not look, or nobody answers.
    said
        What the server said to that.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    problem: Problem = ""
    said: str = ""

    @property
    def items(self) -> list[Object]:
        """Objects of a list; none where there was a problem."""
        return list(self.body.get("items") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """All that the checks look at.

    Attributes
    ----------
    kueue_group, kueue_kinds
        Discovery of Kueue's API: its versions, and the kinds of the version that we speak.
    kueue_config
        Kueue's own configuration, read from its ConfigMap.
    dcgm
        DaemonSets of the exporter.
    denied
        Rights that the service lacks; ``rights_unread`` where nobody would tell us.
    """

    version: Seen
    kueue_group: Seen
    kueue_kinds: Seen
    visibility: Seen
    kueue_deployments: Seen
    kueue_config: Seen
    nodes: Seen
    storage_classes: Seen
    namespace: Seen
    network_policies: Seen
    dcgm: Seen
    flavors: Seen
    cohorts: Seen
    cluster_queues: Seen
    local_queues: Seen
    account: str = ""
    denied: tuple[Right, ...] = ()
    rights_unread: str = ""


async def read_cluster(reader: Reader, policy: ClusterPolicy, account: str = "") -> ClusterFacts:
    """Look at everything once.

    Parameters
    ----------
    account
        Service account of the service as ``namespace/name``; empty when the service itself asks.

    Raises
    ------
    UnavailableError
        The cluster does not answer.
    """
    version = Seen(body=await reader.get("/version"))
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def look(path: str, **query: str | int) -> Seen:
        async with gate:
            return await _look(reader, path, **query)

    async def listed(path: str, **query: str | int) -> Seen:
        async with gate:
            return await _list(reader, path, **query)

    own = f"/apis/{KUEUE}/{API}"
    inside = f"namespaces/{policy.namespace}"
    paths = {
        "kueue_group": look(f"/apis/{KUEUE}"),
        "kueue_kinds": look(own),
        "visibility": look(f"/apis/{VISIBILITY}/{API}"),
        "nodes": listed("/api/v1/nodes"),
        "storage_classes": listed("/apis/storage.k8s.io/v1/storageclasses"),
        "namespace": look(f"/api/v1/{inside}"),
        "network_policies": listed(f"/apis/networking.k8s.io/v1/{inside}/networkpolicies"),
        "flavors": listed(f"{own}/resourceflavors"),
        "cohorts": listed(f"{own}/cohorts"),
        "cluster_queues": listed(f"{own}/clusterqueues"),
        "local_queues": listed(f"{own}/{inside}/localqueues"),
    }
    seen = dict(zip(paths, await asyncio.gather(*paths.values()), strict=True))
    denied, unread = await _denied(reader, policy.namespace, account, gate)
    deployments, config = await _kueue(reader)
    return ClusterFacts(
        version=version,
        **seen,
        kueue_deployments=deployments,
        kueue_config=config,
        dcgm=await _dcgm(reader),
        account=account,
        denied=denied,
        rights_unread=unread,
    )


async def _look(reader: Reader, path: str, **query: str | int) -> Seen:
    try:
        return Seen(body=await reader.get(path, **query))
    except GoneError as error:
        return Seen(problem="silent", said=str(error))
    except MadangError as error:
        return _seen(error)


def _seen(error: MadangError) -> Seen:
    said = str(error.details.get("said") or error.details.get("given") or error.code)
    problem: Problem = "silent"
    if isinstance(error, NotFoundError):
        problem = "missing"
    elif isinstance(error, RefusedError):
        problem = "forbidden"
    return Seen(problem=problem, said=said)


async def _list(reader: Reader, path: str, **query: str | int) -> Seen:
    """Read a list by pages; one that cannot be read to its end is no list."""
    items: list[Object] = []
    onward = ""
    while True:
        more = {"continue": onward} if onward else {}
        seen = await _look(reader, path, limit=PAGE, **query, **more)
        if seen.problem:
            return seen
        items += seen.items
        onward = str((seen.body.get("metadata") or {}).get("continue") or "")
        if not onward:
            return Seen(body={"items": items})


async def _kueue(reader: Reader) -> tuple[Seen, Seen]:
    """Return Kueue's Deployments, and the configuration of the first."""
    found = await _list(
        reader, "/apis/apps/v1/deployments", labelSelector="app.kubernetes.io/name=kueue"
    )
    managers = [one for one in found.items if _manager(one)]
    if found.problem or not managers:
        return found, Seen(problem=found.problem or "missing", said=found.said)
    volumes = managers[0]["spec"]["template"]["spec"].get("volumes") or ()
    names = [one["configMap"]["name"] for one in volumes if "configMap" in one]
    home = managers[0]["metadata"]["namespace"]
    kept = Seen(body={"items": managers})
    if not names:
        return kept, Seen(problem="missing")
    seen = await _look(reader, f"/api/v1/namespaces/{home}/configmaps/{names[0]}")
    return kept, _config(seen)


def _manager(deployment: Object) -> bool:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return any(one["name"] == "manager" for one in containers)


def _config(seen: Seen) -> Seen:
    if seen.problem:
        return seen
    try:
        known = yaml.safe_load((seen.body.get("data") or {}).get(_CONFIG, ""))
    except yaml.YAMLError as error:
        return Seen(problem="silent", said=str(error)[:200])
    return Seen(body=known) if isinstance(known, dict) else Seen(problem="missing")


async def _dcgm(reader: Reader) -> Seen:
    for label in _DCGM:
        seen = await _list(reader, "/apis/apps/v1/daemonsets", labelSelector=label)
        if seen.problem or seen.items:
            return seen
    return Seen(body={"items": []})


async def _denied(
    reader: Reader, namespace: str, account: str, gate: asyncio.Semaphore
) -> tuple[tuple[Right, ...], str]:
    """Return what the service may not do, and why nobody would tell us."""

    async def ask(right: Right) -> Seen:
        path, body = review(right, namespace, account)
        async with gate:
            try:
                return Seen(body=await reader.create(path, body))
            except MadangError as error:
                return _seen(error)

    asked = tuple(rights())
    answers = await asyncio.gather(*(ask(one) for one in asked))
    unread = next((one.said for one in answers if one.problem), "")
    denied = (
        right
        for right, one in zip(asked, answers, strict=True)
        if not (one.body.get("status") or {}).get("allowed")
    )
    return (() if unread else tuple(denied)), unread
