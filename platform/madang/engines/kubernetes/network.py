"""Who may speak with a cluster's pods, and with whom these may speak. Data in, data out.

The namespace denies everything else. What goes to the internet or to storage is for other policies
to add, by tier; they cannot take away what stands here.
"""

from typing import Any

from madang.domain.pod_labels import CLUSTER, KIND, PERSON
from madang.engines.kubernetes.cluster_pods import cluster_of
from madang.engines.kubernetes.job import Owner, labels_of
from madang.engines.kubernetes.names import attempt_name
from madang.engines.ports import LaunchSpec
from madang.settings.pods import PodSettings

COMPONENT = "app.kubernetes.io/component"
NAMESPACE = "kubernetes.io/metadata.name"
DASHBOARD_READERS = ("service", "proxy")
"""Parts of the platform, by the chart's label, that ask schedulers over HTTP."""


def network_policy(spec: LaunchSpec, settings: PodSettings, owner: Owner) -> dict[str, Any]:
    """Return the rules for all pods of a cluster, those that join later among them."""
    labels, cluster = labels_of(spec), cluster_of(spec)
    same = {"podSelector": {"matchLabels": {CLUSTER: cluster}}}
    own = {
        "podSelector": {
            "matchLabels": {PERSON: labels[PERSON]},
            "matchExpressions": [{"key": KIND, "operator": "In", "values": ["notebook", "slot"]}],
        }
    }
    platform = {
        "namespaceSelector": {"matchLabels": {NAMESPACE: settings.platform_namespace}},
        "podSelector": {
            "matchExpressions": [
                {"key": COMPONENT, "operator": "In", "values": list(DASHBOARD_READERS)}
            ]
        },
    }
    names = {
        "namespaceSelector": {"matchLabels": {NAMESPACE: "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": attempt_name(spec.lease_id, spec.attempt),
            "labels": {**labels, CLUSTER: cluster},
            "ownerReferences": owner.references(),
        },
        "spec": {
            "podSelector": {"matchLabels": {CLUSTER: cluster}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [same]},
                {"from": [own], "ports": [_port(settings.scheduler_port)]},
                {"from": [platform], "ports": [_port(settings.dashboard_port)]},
            ],
            "egress": [
                {"to": [same]},
                {"to": [names], "ports": [_port(53, "UDP"), _port(53)]},
            ],
        },
    }


def _port(number: int, protocol: str = "TCP") -> dict[str, Any]:
    return {"port": number, "protocol": protocol}
