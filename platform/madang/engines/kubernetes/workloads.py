"""A lease as an object of Kueue: a Workload without an owner and without a pod.

Pure: what is sent, and what is read of what Kueue wrote. The item that the queue was given stands
in an annotation, so that what was made by a service that was killed can be told from its object.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import QueueItem
from madang.engines.kubernetes.objects import Object

GROUP = "kueue.x-k8s.io"
VERSION = f"{GROUP}/v1beta2"
ITEM = "madang.dev/item"
LABEL = "madang.dev/lease"
POOL = "madang.dev/pool"
KEPT = (1 << 31) - 1
"""Priority of what may not be asked back, once it is admitted: the last that Kueue would choose."""

# One text for all objects, and not one for each.
_READ = {kind: kind for kind in ("Admitted", "Evicted", "Finished")}
_METADATA = ("name", "uid", "resourceVersion", "deletionTimestamp")
_SINCE_MS = 1_767_225_600_000
_UNIT_MS = 250
_SPAN = 1 << 30


def workloads(namespace: str) -> str:
    """Return the path of the Workloads of a namespace."""
    return f"/apis/{VERSION}/namespaces/{namespace}/workloads"


def priority(item: QueueItem) -> int:
    """Return the priority that puts a lease where it belongs: by class, then by time of request.

    The time is in it, and not left to Kueue's time of creation, so that whoever was given back,
    held or changed may come again as a new object and keep the place. Quarters of a second from
    2026 on reach eight years; who asks later comes last of all.
    """
    waited = (item.submitted_ms - _SINCE_MS) // _UNIT_MS
    rank = _SPAN - 1 - min(max(waited, 0), _SPAN - 2)
    return rank if item.lease_class is LeaseClass.INTERACTIVE else rank - _SPAN


def workload(item: QueueItem, flavor: ClusterFlavor | None, queue: str, pool: str) -> Object:
    """Return the object of a waiting lease.

    Parameters
    ----------
    flavor
        None for ``cpu``, which holds no devices.
    queue
        LocalQueue of its project.
    pool
        Prefix of the installation; several may share a cluster.
    """
    asked = {flavor.resource: str(item.devices)} if flavor and item.devices else {}
    # Kueue gives it what a LimitRange gives to containers that say nothing, and no queue of ours
    # has processors to give: the lease would wait for ever.
    sizes = {"cpu": "0", "memory": "0", **asked}
    container = {
        "name": "lease",
        "image": "lease",
        "resources": {"requests": sizes, "limits": sizes},
    }
    spec: dict[str, Any] = {"restartPolicy": "Never", "containers": [container]}
    if flavor:
        spec["nodeSelector"] = dict(flavor.node_labels)
        spec["tolerations"] = [dict(each) for each in flavor.tolerations]
    return {
        "apiVersion": VERSION,
        "kind": "Workload",
        "metadata": {
            "name": item.lease_id,
            "labels": {POOL: pool, LABEL: item.lease_id},
            "annotations": {ITEM: _written(item)},
        },
        "spec": {
            "active": not item.is_held_back,
            "queueName": queue,
            "priority": priority(item),
            "podSets": [{"name": "main", "count": 1, "template": {"metadata": {}, "spec": spec}}],
        },
    }


def item_of(found: Object) -> QueueItem | None:
    """Return the item of a Workload; None for one that is not ours, or was edited by hand."""
    try:
        values = json.loads(found["metadata"]["annotations"][ITEM])
        values["kind"] = LeaseKind(values["kind"])
        values["lease_class"] = LeaseClass(values["lease_class"])
        item = QueueItem(**values)
    except (KeyError, TypeError, ValueError):
        return None
    return item if item.lease_id == found["metadata"]["name"] else None


def is_same(found: Object, item: QueueItem) -> bool:
    """Tell whether a Workload asks for the same, for the same attempt; held back or not."""
    made = item_of(found)
    return made is not None and _shape(made) == _shape(item)


def is_admitted(found: Object) -> bool:
    """Tell whether Kueue gave it what it asks for."""
    return condition(found, "Admitted").get("status") == "True"


def is_asked_back(found: Object) -> bool:
    """Tell whether Kueue wants back what it gave and we have not let go of it."""
    return is_admitted(found) and condition(found, "Evicted").get("status") == "True"


def is_going(found: Object) -> bool:
    """Tell whether it is being deleted, or has been finished by somebody."""
    finished = condition(found, "Finished").get("status") == "True"
    return finished or "deletionTimestamp" in found["metadata"]


def slim(found: Object) -> Object:
    """Return what is read of a Workload: tens of thousands are kept.

    The annotation says all that it asks for; of what Kueue wrote only what is true is told here.
    """
    metadata = found["metadata"]
    there = found.get("status", {}).get("conditions", ())
    true = [
        {"type": _READ[each["type"]], "status": "True", "reason": each.get("reason", "")}
        for each in there
        if each["type"] in _READ and each["status"] == "True"
    ]
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    if ITEM in (written := metadata.get("annotations") or {}):
        kept["annotations"] = {ITEM: written[ITEM]}
    spec = {name: found["spec"][name] for name in ("active", "priority") if name in found["spec"]}
    return {"metadata": kept, "spec": spec, "status": {"conditions": true}}


def is_stopped(found: Object) -> bool:
    """Tell whether Kueue must not choose it."""
    return not found["spec"].get("active", True)


def condition(found: Object, kind: str) -> Mapping[str, str]:
    """Return a condition of a Workload; empty when it has none of that kind."""
    there = found.get("status", {}).get("conditions", ())
    return next((each for each in there if each["type"] == kind), {})


def _shape(item: QueueItem) -> tuple[Any, ...]:
    return item.attempt, item.flavor, item.devices, item.project, priority(item)


def _written(item: QueueItem) -> str:
    return json.dumps(asdict(item), sort_keys=True, separators=(",", ":"))
