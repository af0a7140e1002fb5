"""Evaluates NetworkPolicies as Kubernetes defines them: selectors, address blocks, ports.

Says what the objects mean. Whether a cluster does what they mean is for `helm test` in it.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pod:
    """A pod, as policies see it."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """Something outside of the cluster, or the address of a node or a Service's backend."""

    ip: str


Peer = Pod | Address


class Policies:
    """All policies of a cluster; those without a namespace are of the release's."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], namespace: str) -> None:
        self._all = [(one["metadata"].get("namespace", namespace), one["spec"]) for one in objects]

    def allow(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        """Tell whether a connection is let out of its source and into its target."""
        return self._lets(source, target, "Egress", port, protocol) and self._lets(
            target, source, "Ingress", port, protocol
        )

    def _lets(self, pod: Peer, other: Peer, way: str, port: int, protocol: str) -> bool:
        if isinstance(pod, Address):
            return True
        chosen = [
            spec
            for namespace, spec in self._all
            if namespace == pod.namespace
            and way in spec["policyTypes"]
            and matches(spec["podSelector"], pod.labels)
        ]
        side = "to" if way == "Egress" else "from"
        rules = [rule for spec in chosen for rule in spec.get(way.lower()) or []]
        return not chosen or any(
            self._is_peer(rule.get(side), pod.namespace, other)
            and is_port(rule.get("ports"), port, protocol)
            for rule in rules
        )

    def _is_peer(self, peers: Any, namespace: str, other: Peer) -> bool:
        # No peers at all means everybody.
        return not peers or any(is_peer(peer, namespace, other) for peer in peers)


def is_peer(peer: Mapping[str, Any], namespace: str, other: Peer) -> bool:
    """Tell whether an entry of ``from`` or ``to`` means somebody."""
    if "ipBlock" in peer:
        return isinstance(other, Address) and in_block(peer["ipBlock"], other.ip)
    if isinstance(other, Address):
        return False
    if "namespaceSelector" in peer:
        own = {NAMESPACE_LABEL: other.namespace}
        if not matches(peer["namespaceSelector"], own):
            return False
    elif other.namespace != namespace:
        return False
    return matches(peer.get("podSelector", {}), other.labels)


def in_block(block: Mapping[str, Any], ip: str) -> bool:
    """Tell whether an address is in a block and in none of its exceptions."""
    address = ipaddress.ip_address(ip)
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(one) for one in block.get("except", [])
    )


def is_port(ports: Any, port: int, protocol: str) -> bool:
    """Tell whether a rule is about a port; without ports it is about all."""
    return not ports or any(
        one.get("port", port) == port and one["protocol"] == protocol for one in ports
    )


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector chooses these labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for one in selector.get("matchExpressions") or []:
        assert one["operator"] == "In", "no other operator is used"
        if labels.get(one["key"]) not in one["values"]:
            return False
    return True
