"""What nodes offer, by flavor, and the names of devices that leases are told.

Kueue counts; which card of which node a pod gets is decided when it starts. So a device here is a
number of its flavor (``h200-0`` …), as many as the nodes offer, and a lease holds as many of those
numbers as it has devices: enough to see that nothing is held twice and to take some out.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.profile import Device
from madang.engines.kubernetes.numbers import Numbers
from madang.engines.kubernetes.objects import Object

CPU = "cpu"


class Pool:
    """Devices by flavor, which of them are out, and who holds which."""

    def __init__(self, flavors: Iterable[ClusterFlavor]) -> None:
        self._flavors = {flavor.name: flavor for flavor in flavors}
        self._numbers = {name: Numbers(name) for name in self._flavors}
        self._offers: dict[str, dict[str, int]] = {}
        self._sums: Counter[str] = Counter()
        self._most: Counter[str] = Counter()
        self._drained: frozenset[str] = frozenset()
        self._held: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = {}

    def hear(self, name: str, node: Object | None) -> bool:
        """Take note of a node, or that it is gone; return whether that changes the pool."""
        offers, before = self._offered(node) if node else {}, self._offers.get(name, {})
        if offers == before:
            return False
        if offers:
            self._offers[name] = offers
        else:
            del self._offers[name]
        self._sums.update(offers)
        self._sums.subtract(before)
        for flavor in offers.keys() | before.keys():
            self._numbers[flavor].offer(self.offered(flavor))
            self._most[flavor] = max(self._most[flavor], self.offered(flavor))
        return True

    def _offered(self, node: Object) -> dict[str, int]:
        labels = node["metadata"].get("labels", {})
        there = node.get("status", {}).get("allocatable", {})
        if not _is_ready(node):
            return {}
        return {
            flavor.name: int(there[flavor.resource])
            for flavor in self._flavors.values()
            if flavor.resource in there
            and all(labels.get(key) == value for key, value in flavor.node_labels.items())
        }

    def flavors(self) -> list[str]:
        """Return the names of all flavors, ``cpu`` last."""
        return [*self._flavors, CPU]

    def knows(self, flavor: str) -> bool:
        """Tell whether there is such a flavor, with nodes or without."""
        return flavor == CPU or flavor in self._flavors

    def offered(self, flavor: str) -> int:
        """Return the devices that nodes offer now, no more than the policy allows."""
        if flavor not in self._flavors:
            return 0
        limit = self._flavors[flavor].devices_total
        return self._sums[flavor] if limit is None else min(self._sums[flavor], limit)

    def largest(self, flavor: str) -> int:
        """Return the most devices that there ever were: more can never be given to anybody."""
        limit = self._flavors[flavor].devices_total if flavor in self._flavors else 0
        return limit if limit is not None else self._most[flavor]

    def devices(self) -> list[Device]:
        """Return every device; those that are out are not healthy."""
        return [
            Device(id=name, flavor=flavor, is_healthy=name not in self._drained)
            for flavor, numbers in self._numbers.items()
            for name in numbers.names()
        ]

    def drain(self, names: Collection[str]) -> None:
        """Give none of these out, and all others again; who holds one keeps it."""
        self._drained = frozenset(names)
        for numbers in self._numbers.values():
            numbers.drain(self._drained)

    def healthy(self, flavor: str) -> int:
        """Return how many devices of a flavor are not out."""
        return self._numbers[flavor].healthy if flavor in self._numbers else 0

    def usable(self, flavor: str) -> int:
        """Return how many may be in use at once: one that is out counts while it is held."""
        return self._numbers[flavor].usable if flavor in self._numbers else 0

    def hold(self, key: tuple[str, int], flavor: str, count: int) -> tuple[str, ...]:
        """Give an attempt devices: free ones, and beyond what there is when nodes have gone."""
        self.let_go(key)
        names = self._numbers[flavor].take(count) if flavor in self._numbers else ()
        self._held[key] = (flavor, names)
        return names

    def adopt(self, key: tuple[str, int], flavor: str, names: Collection[str]) -> None:
        """Take note of who holds which, as the rows say."""
        self.let_go(key)
        self._held[key] = (flavor, tuple(names))
        if flavor in self._numbers:
            self._numbers[flavor].keep(names)

    def let_go(self, key: tuple[str, int]) -> None:
        """Take note that an attempt holds nothing any more."""
        flavor, names = self._held.pop(key, ("", ()))
        if flavor in self._numbers:
            self._numbers[flavor].let_go(names)


def _is_ready(node: Object) -> bool:
    """Tell whether new pods may go there; one that is cordoned or lost offers nothing."""
    if node.get("spec", {}).get("unschedulable"):
        return False
    conditions: list[Mapping[str, str]] = node.get("status", {}).get("conditions", [])
    ready = next((each for each in conditions if each["type"] == "Ready"), None)
    return ready is not None and ready["status"] == "True"


def slim(node: Object) -> Object:
    """Return what is read of a node: there may be thousands, each with a long list of images."""
    conditions = node.get("status", {}).get("conditions") or []
    metadata = node["metadata"]
    return {
        "metadata": {
            "name": metadata["name"],
            "resourceVersion": metadata["resourceVersion"],
            "labels": metadata.get("labels") or {},
        },
        "spec": {"unschedulable": bool(node.get("spec", {}).get("unschedulable"))},
        "status": {
            "allocatable": node.get("status", {}).get("allocatable") or {},
            "conditions": [each for each in conditions if each["type"] == "Ready"],
        },
    }
