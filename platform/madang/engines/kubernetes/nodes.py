"""What nodes offer, by flavor, and the names of devices that leases are told.

Kueue counts; which card of which node a pod gets is decided when it starts. So a device here is a
number of its flavor (``h200-0`` …), as many as the nodes offer, and a lease holds as many of those
numbers as it has devices: enough to see that nothing is held twice and to take some out.
"""

from collections.abc import Collection, Iterable, Mapping

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.profile import Device
from madang.engines.kubernetes.objects import Object

CPU = "cpu"


class Pool:
    """Devices by flavor, which of them are out, and who holds which."""

    def __init__(self, flavors: Iterable[ClusterFlavor]) -> None:
        self._flavors = {flavor.name: flavor for flavor in flavors}
        self._offers: dict[str, dict[str, int]] = {}
        self._most: dict[str, int] = {}
        self.drained: frozenset[str] = frozenset()
        self.held: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = {}

    def hear(self, name: str, node: Object | None) -> bool:
        """Take note of a node, or that it is gone; return whether that changes the pool."""
        offers = self._offered(node) if node else {}
        if offers == self._offers.get(name, {}):
            return False
        self._offers[name] = offers
        for flavor in self._flavors:
            self._most[flavor] = max(self._most.get(flavor, 0), self.offered(flavor))
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
        there = sum(each.get(flavor, 0) for each in self._offers.values())
        limit = self._flavors[flavor].devices_total
        return there if limit is None else min(there, limit)

    def largest(self, flavor: str) -> int:
        """Return the most devices that there ever were: more can never be given to anybody."""
        limit = self._flavors[flavor].devices_total if flavor in self._flavors else 0
        return limit if limit is not None else self._most.get(flavor, 0)

    def devices(self) -> list[Device]:
        """Return every device; those that are out are not healthy."""
        return [
            Device(id=name, flavor=flavor, is_healthy=name not in self.drained)
            for flavor in self._flavors
            for name in self._names(flavor)
        ]

    def healthy(self, flavor: str) -> list[str]:
        """Return the devices of a flavor that are not out."""
        return [name for name in self._names(flavor) if name not in self.drained]

    def usable(self, flavor: str) -> int:
        """Return how many may be in use at once: one that is out counts while it is held."""
        held = self._held(flavor)
        return sum(name in held or name not in self.drained for name in self._names(flavor))

    def hold(self, key: tuple[str, int], flavor: str, count: int) -> tuple[str, ...]:
        """Give an attempt devices: free ones, and beyond what there is when nodes have gone."""
        held, found = self._held(flavor), []
        free = [name for name in self.healthy(flavor) if name not in held]
        number = self.offered(flavor)
        while len(free) < count:
            if f"{flavor}-{number}" not in held:
                free.append(f"{flavor}-{number}")
            number += 1
        found = free[:count]
        self.held[key] = (flavor, tuple(found))
        return tuple(found)

    def adopt(self, key: tuple[str, int], flavor: str, names: Collection[str]) -> None:
        """Take note of who holds which, as the rows say."""
        self.held[key] = (flavor, tuple(names))

    def _names(self, flavor: str) -> list[str]:
        return [f"{flavor}-{number}" for number in range(self.offered(flavor))]

    def _held(self, flavor: str) -> set[str]:
        return {n for name, names in self.held.values() if name == flavor for n in names}


def _is_ready(node: Object) -> bool:
    """Tell whether new pods may go there; one that is cordoned or lost offers nothing."""
    if node.get("spec", {}).get("unschedulable"):
        return False
    conditions: list[Mapping[str, str]] = node.get("status", {}).get("conditions", [])
    ready = next((each for each in conditions if each["type"] == "Ready"), None)
    return ready is not None and ready["status"] == "True"
