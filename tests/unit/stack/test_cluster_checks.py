"""Every trouble of a cluster that the doctor knows is shown to it, and a healthy one is well."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cluster_answers import (
    CONFIG,
    KUEUE,
    OWN,
    PEOPLE,
    POLICY,
    PRODUCT,
    QUEUES,
    REVIEWS,
    RULES,
    Answers,
    daemon_set,
    deployment,
    healthy,
    kueue_config,
    namespace,
    queue_object,
    shut,
    storage,
)

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.engines.kubernetes.reading import read_cluster
from madang.engines.kubernetes.rights import rights
from madang.errors import RefusedError, UnavailableError
from madang.i18n import LANGUAGES
from madang.i18n.words import cluster_doctor
from madang.stack.checks.check import Check
from madang.stack.checks.cluster import checks
from madang.stack.checks.cluster.selecting import is_selected, unborne

World = dict[str, Any]
Change = Callable[[World], Any]


async def examined(
    world: World, policy: ClusterPolicy = POLICY, denied: tuple[str, ...] = (), account: str = ""
) -> dict[str, Check]:
    """Return what is found, by name; the words of each are looked at in both languages."""
    found = checks(await read_cluster(Answers(world, denied), policy, account), policy)
    for check in found:
        for lang in LANGUAGES:
            said = [check.text(lang), check.why(lang), check.next_step(lang)]
            assert said[0]
            assert not said[0].startswith("doctor.")
            assert bool(check.next_step(lang)) is bool(check.why(lang)) is not check.is_ok
            for text in said:
                assert not re.search(r"\{[a-z_]+\}|\[\]", text), text
    # Of several with one name the first that is not well.
    return {check.name: check for check in sorted(reversed(found), key=lambda one: not one.is_ok)}


def troubles(found: dict[str, Check]) -> dict[str, str]:
    """Return the status of what is not well, without what no cluster can show."""
    known = {name: one.status for name, one in found.items() if not one.is_ok}
    assert known.pop("network_enforced", "warn") == "warn"
    return known


def gpus(world: World) -> list[World]:
    return world["/api/v1/nodes"][:2]


async def test_a_healthy_cluster_is_well_and_says_what_it_cannot_know() -> None:
    found = await examined(healthy())
    assert troubles(found) == {}
    assert "helm test" in found["network_enforced"].next_step("en")
    assert found["flavor"].values["devices"] == 16
    assert found["rights_own"].values["count"] == len(list(rights()))


def _set(path: str, answer: Any) -> Change:
    return lambda world: world.__setitem__(path, answer)


def _on_gpus(change: Change) -> Change:
    def all_of(world: World) -> None:
        for one in gpus(world):
            change(one)

    return all_of


def _without(path: str) -> Change:
    return lambda world: world.pop(path)


def _silent() -> UnavailableError:
    return UnavailableError("kubernetes_busy", said="service unavailable")


def _offering(kind: str, count: str) -> Change:
    return lambda one: one["status"][kind].__setitem__("nvidia.com/gpu", count)


def _another_product(world: World) -> None:
    for one, product in zip(world["/api/v1/nodes"], ("H200-NVL", "H200-NVL", "RTX"), strict=True):
        one["metadata"]["labels"][PRODUCT] = f"NVIDIA-{product}"


def _takes_all(world: World) -> None:
    world[CONFIG] = kueue_config("manageJobsWithoutQueueName: true")


def _edited(world: World) -> None:
    _owned_by_hand(world, "f:resourceGroups", "f:cohortName")
    # Who changes what we own takes it from us.
    [queue] = world[f"{OWN}/clusterqueues"]
    queue["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].clear()


def _owned_by_hand(world: World, *names: str) -> None:
    entry = {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-30T02:00:00Z"}
    fields = {"f:spec": {name: {} for name in names}}
    [queue] = world[f"{OWN}/clusterqueues"]
    queue["metadata"]["managedFields"].append({**entry, "fieldsV1": fields})


def _inactive(reason: str) -> Change:
    def change(world: World) -> None:
        [queue] = world[f"{OWN}/clusterqueues"]
        message = "references missing ResourceFlavor(s): h200"
        queue["status"]["conditions"] = [
            {"type": "Active", "status": "False", "reason": reason, "message": message}
        ]

    return change


CASES: list[tuple[str, Change, dict[str, str], str]] = [
    (
        "old kubernetes",
        _set("/version", {"major": "1", "minor": "29+", "gitVersion": "v1.29.3-eks"}),
        {"kubernetes_old": "bad"},
        "v1.29.3-eks is older than 1.30",
    ),
    (
        "newer kubernetes than tried",
        _set("/version", {"major": "1", "minor": "41", "gitVersion": "v1.41.0"}),
        {"kubernetes": "warn"},
        "v1.41.0",
    ),
    ("no kueue", _without(KUEUE), {"kueue": "bad"}, "nobody serves kueue.x-k8s.io"),
    (
        "old kueue",
        _set(KUEUE, {"versions": [{"version": "v1beta1"}]}),
        {"kueue_api": "bad"},
        "served as v1beta1",
    ),
    (
        "a missing CRD",
        lambda world: world[OWN]["resources"].pop(0),
        {"kueue_kinds": "bad"},
        "missing workloads.kueue.x-k8s.io",
    ),
    (
        "an old controller",
        _set("/apis/apps/v1/deployments", [deployment("r/kueue:v0.17.2")]),
        {"kueue_version": "bad"},
        "0.17.2 (kueue-system/kueue-controller-manager) is older than 0.18",
    ),
    (
        "no controller running",
        _set("/apis/apps/v1/deployments", [deployment("r/kueue@sha256:00", 0)]),
        {"kueue_running": "bad"},
        "kueue-system/kueue-controller-manager",
    ),
    (
        "one controller",
        _set("/apis/apps/v1/deployments", [deployment("r/kueue:v0.18.3", 1)]),
        {"kueue_alone": "warn"},
        "one replica",
    ),
    ("an unseen controller", _set("/apis/apps/v1/deployments", []), {"kueue_unseen": "warn"}, ""),
    (
        "no visibility API",
        _without("/apis/visibility.kueue.x-k8s.io/v1beta2"),
        {"visibility": "warn"},
        "no position",
    ),
    (
        "kueue down",
        _set("/apis/visibility.kueue.x-k8s.io/v1beta2", _silent()),
        {"visibility_silent": "bad"},
        "service unavailable",
    ),
    (
        "waiting for pods",
        _set(CONFIG, kueue_config("waitForPodsReady: {timeout: 3m}")),
        {"kueue_waits": "warn"},
        "after 3m",
    ),
    (
        "kueue does not count what members used",
        _set(CONFIG, kueue_config("integrations: {}", counts_use=False)),
        {"kueue_members": "warn"},
        "what members of a project used before",
    ),
    ("kueue takes all", _takes_all, {"kueue_takes_all": "bad"}, PEOPLE),
    ("no nodes", _set("/api/v1/nodes", []), {"nodes": "bad"}, "no nodes"),
    (
        "a wrong label",
        _another_product,
        {"flavor_label": "bad"},
        "the nearest is 'NVIDIA-H200-NVL', on 2 nodes",
    ),
    (
        "a label that is not there",
        _on_gpus(
            lambda one: one["metadata"].__setitem__("labels", {"nvidia.com/gpu.produkt": "x"})
        ),
        {"flavor_key": "bad"},
        "the nearest is nvidia.com/gpu.produkt",
    ),
    (
        "no device plugin",
        _on_gpus(
            lambda one: (
                [one["status"][kind].pop("nvidia.com/gpu") for kind in ("capacity", "allocatable")]
                + [one["status"]["capacity"].__setitem__("nvidia.com/mig-1g.18gb", "7")]
            )
        ),
        {"flavor_device": "bad"},
        "none offers nvidia.com/gpu; they offer: nvidia.com/mig-1g.18gb",
    ),
    (
        "all devices ill",
        _on_gpus(_offering("allocatable", "0")),
        {"flavor": "bad", "flavor_broken": "warn", "flavor_more": "warn"},
        "none of the nvidia.com/gpu on 2 nodes",
    ),
    (
        "one device ill",
        lambda world: _offering("allocatable", "7")(gpus(world)[0]),
        {"flavor_broken": "warn", "flavor_more": "warn"},
        "taken 1 devices out",
    ),
    (
        "one node without devices",
        lambda world: [
            _offering(kind, "0")(gpus(world)[1]) for kind in ("capacity", "allocatable")
        ],
        {"flavor_some": "warn", "flavor_more": "warn"},
        "gpu-2",
    ),
    (
        "closed nodes",
        _on_gpus(lambda one: one["spec"].__setitem__("unschedulable", True)),
        {"flavor_asleep": "bad"},
        "gpu-1, gpu-2",
    ),
    (
        "nodes that are not ready",
        _on_gpus(lambda one: one["status"]["conditions"][1].__setitem__("status", "Unknown")),
        {"flavor_asleep": "bad"},
        "gpu-1, gpu-2",
    ),
    (
        "a taint on all",
        _on_gpus(lambda one: one["spec"]["taints"].append({"key": "lab", "effect": "NoExecute"})),
        {"flavor_taint": "bad"},
        "2 of 2 nodes keep pods away by lab:NoExecute",
    ),
    (
        "a taint on one",
        lambda world: gpus(world)[0]["spec"]["taints"].append(
            {"key": "lab", "value": "x", "effect": "NoSchedule"}
        ),
        {"flavor_taint": "warn"},
        "{key: lab, operator: Exists, effect: NoSchedule}",
    ),
    (
        "shared without saying so",
        lambda world: gpus(world)[1]["metadata"]["labels"].__setitem__(
            "nvidia.com/gpu.sharing-strategy", "time-slicing"
        ),
        {"flavor_sharing": "bad"},
        "gpu-2 shares its devices by 'time-slicing', and policy.yaml says 'none'",
    ),
    ("no DCGM", _set("/apis/apps/v1/daemonsets", []), {"dcgm": "warn"}, "DCGM"),
    (
        "DCGM half ready",
        _set("/apis/apps/v1/daemonsets", [daemon_set(1)]),
        {"dcgm_ready": "warn"},
        "1 of 2 nodes (gpu-operator/nvidia-dcgm-exporter)",
    ),
    (
        "DCGM nowhere",
        _set("/apis/apps/v1/daemonsets", [daemon_set(0, 0)]),
        {"dcgm_ready": "warn"},
        "0 of 0 nodes",
    ),
    (
        "no storage class",
        _set("/apis/storage.k8s.io/v1/storageclasses", []),
        {"storage_class": "bad"},
        "StorageClass",
    ),
    (
        "no default storage class",
        _set("/apis/storage.k8s.io/v1/storageclasses", [storage("slow", is_default=False)]),
        {"storage_default": "warn"},
        "slow",
    ),
    (
        "two default storage classes",
        _set(
            "/apis/storage.k8s.io/v1/storageclasses",
            [storage(name, is_default=name != "c") for name in ("a", "b", "c")],
        ),
        {"storage_defaults": "warn"},
        "2 StorageClasses are the default: a, b;",
    ),
    (
        "no namespace",
        _without(f"/api/v1/namespaces/{PEOPLE}"),
        {"people_namespace": "bad"},
        PEOPLE,
    ),
    (
        "a namespace without restricted",
        _set(f"/api/v1/namespaces/{PEOPLE}", namespace("baseline")),
        {"pod_security": "bad"},
        "is 'baseline', not 'restricted'",
    ),
    (
        "a namespace without any level",
        _set(f"/api/v1/namespaces/{PEOPLE}", namespace("")),
        {"pod_security": "bad"},
        "pod-security.kubernetes.io/enforce=restricted",
    ),
    (
        "a level held at old rules",
        lambda world: world[f"/api/v1/namespaces/{PEOPLE}"]["metadata"]["labels"].__setitem__(
            "pod-security.kubernetes.io/enforce-version", "v1.24"
        ),
        {"pod_security_pinned": "warn"},
        "held at the rules of v1.24",
    ),
    ("no network rules", _set(RULES, []), {"network_default": "bad"}, "Ingress, Egress"),
    (
        "network rules one way",
        _set(
            RULES,
            [
                shut(["Ingress"]),
                {
                    "metadata": {},
                    "spec": {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Egress"]},
                },
            ],
        ),
        {"network_default": "bad"},
        "by default: Egress",
    ),
    (
        "a rule that shuts nothing",
        lambda world: world[RULES][0]["spec"].__setitem__("ingress", [{}]),
        {"network_default": "bad"},
        "by default: Ingress",
    ),
    (
        "a quota edited by hand",
        _edited,
        {"quota_edited": "bad"},
        "madang-vision was edited by hand: spec.cohortName, spec.resourceGroups, by kubectl-edit",
    ),
    (
        "a queue that admits nobody",
        _inactive("FlavorNotFound"),
        {"queue_inactive": "bad"},
        "ClusterQueue madang-vision admits nobody (FlavorNotFound)",
    ),
    (
        "a field that an administrator added",
        lambda world: _owned_by_hand(world, "f:admissionChecks"),
        {"quota_edited": "warn"},
        "spec.admissionChecks",
    ),
    ("a pause", _inactive("Stopped"), {"queue_inactive": "warn"}, "Stopped"),
    (
        "somebody else's flavor in the way",
        _set(f"{OWN}/resourceflavors", [queue_object("madang-h200", "argocd", nodeLabels={})]),
        {"quota_foreign": "bad"},
        "ResourceFlavor madang-h200",
    ),
    (
        "something that does not answer",
        _set(RULES, _silent()),
        {"cluster_part_silent": "bad"},
        "networkpolicies could not be read: service unavailable",
    ),
]


@pytest.mark.parametrize(
    ("change", "expected", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_a_trouble_is_found_and_nothing_else(
    change: Change, expected: dict[str, str], words: str
) -> None:
    world = healthy()
    change(world)
    found = await examined(world)
    assert troubles(found) == expected
    said = [found[name] for name in expected]
    assert any(words in f"{one.text('en')} {one.next_step('en')}" for one in said)


def test_every_finding_is_provoked_here() -> None:
    """A finding without a case of its own would be words that nobody has seen."""
    known = {key.split(".")[1] for key in cluster_doctor.TEXTS if key.endswith(".why")}
    elsewhere = {"flavor_labels", "flavors", "queue_missing", "queue_covers", "right"}
    elsewhere |= {"rights_unread", "cluster_hidden", "cluster_silent", "network_enforced"}
    # Against a real one: tests/contract/store/test_store_refused.py.
    elsewhere |= {"database", "database_password"}
    assert {name for _, _, expected, _ in CASES for name in expected} | elsewhere == known


async def test_labels_that_no_node_has_together() -> None:
    flavor = ClusterFlavor(name="x", node_labels={PRODUCT: "NVIDIA-H200", "pool": "other"})
    found = await examined(healthy(), replace(POLICY, flavors=(flavor,)))
    assert troubles(found) == {"flavor_labels": "bad"}


async def test_what_nodes_offer_instead_is_no_processor_and_no_memory() -> None:
    flavor = ClusterFlavor(name="x", resource="amd.com/gpu", node_labels={"pool": "other"})
    found = await examined(healthy(), replace(POLICY, flavors=(flavor,)))
    assert found["flavor_device"].values["offers"] == ["example.org/gpu"]


async def test_a_policy_without_flavors_is_noted() -> None:
    assert troubles(await examined(healthy(), ClusterPolicy())) == {"flavors": "warn"}


async def test_sharing_that_nodes_do_not_do_is_only_noted() -> None:
    world = healthy()
    for one in gpus(world):
        one["metadata"]["labels"]["nvidia.com/gpu.sharing-strategy"] = "none"
    assert troubles(await examined(world)) == {}
    shared = replace(POLICY.flavors[0], sharing="mps", project="vision")
    # Nodes that say nothing of it may do either.
    assert troubles(await examined(healthy(), replace(POLICY, flavors=(shared,)))) == {}
    found = await examined(world, replace(POLICY, flavors=(shared,)))
    assert troubles(found) == {"flavor_sharing": "warn"}


async def test_no_exporter_is_missed_where_no_device_is_nvidias() -> None:
    world = healthy()
    world["/apis/apps/v1/daemonsets"] = []
    assert troubles(await examined(world, replace(POLICY, flavors=POLICY.flavors[1:]))) == {}


@pytest.mark.parametrize(
    "label", ["app=nvidia-dcgm-exporter", "app.kubernetes.io/name=dcgm-exporter"]
)
async def test_an_exporter_is_known_by_either_label(label: str) -> None:
    path = "/apis/apps/v1/daemonsets"
    found = await examined({**healthy(), path: [], f"{path}?{label}": [daemon_set()]})
    assert found["dcgm_ready"].is_ok


async def test_kueue_may_take_what_is_elsewhere() -> None:
    world = healthy()
    selector = (
        "{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, "
        f"values: [kube-system, {PEOPLE}]}}]}}"
    )
    text = f"manageJobsWithoutQueueName: true\nmanagedJobsNamespaceSelector: {selector}"
    world[CONFIG] = kueue_config(text)
    assert troubles(await examined(world)) == {}
    world[CONFIG] = kueue_config(text.replace(PEOPLE, "other"))
    assert troubles(await examined(world)) == {"kueue_takes_all": "bad"}


async def test_kueue_may_choose_namespaces_by_their_labels() -> None:
    world = healthy()
    selector = "managedJobsNamespaceSelector: {matchLabels: {team: ml}}"
    text = f"manageJobsWithoutQueueName: true\n{selector}"
    world[CONFIG] = kueue_config(text)
    assert troubles(await examined(world)) == {}
    world[f"/api/v1/namespaces/{PEOPLE}"]["metadata"]["labels"]["team"] = "ml"
    assert troubles(await examined(world)) == {"kueue_takes_all": "bad"}


@pytest.mark.parametrize("minor", ["30", "36"])
async def test_versions_that_are_well(minor: str) -> None:
    version = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.0"}
    assert troubles(await examined({**healthy(), "/version": version})) == {}


async def test_queues_of_the_site_are_looked_for() -> None:
    world = healthy()
    group = {"coveredResources": ["cpu", "memory"], "flavors": []}
    world[f"{OWN}/clusterqueues"].append(queue_object("team", "helm", resourceGroups=[group]))
    world[QUEUES].append(queue_object("team-vision", "helm", clusterQueue="team"))
    policy = replace(POLICY, flavors=POLICY.flavors[:1])
    named = replace(policy, queues={"vision": "team-vison"})
    found = await examined(world, named)
    assert troubles(found) == {"queue_missing": "bad"}
    assert "There are: team-vision, vision" in found["queue_missing"].text("en")
    named = replace(policy, queues={"vision": "team-vision"})
    others = replace(POLICY.flavors[0], project="language")
    assert troubles(await examined(world, replace(named, flavors=(others,)))) == {}
    found = await examined(world, named)
    assert troubles(found) == {"queue_covers": "bad"}
    assert "team, which does not give nvidia.com/gpu" in found["queue_covers"].text("en")
    group["coveredResources"].append("nvidia.com/gpu")
    assert troubles(await examined(world, named)) == {}
    assert troubles(await examined(world, replace(policy, queues={"vision": "vision"}))) == {}


async def test_saying_the_same_as_we_do_is_no_edit() -> None:
    world = healthy()
    _owned_by_hand(world, "f:resourceGroups")
    assert troubles(await examined(world)) == {}


async def test_what_others_own_is_left_to_them() -> None:
    world = healthy()
    world[f"{OWN}/clusterqueues"].append(queue_object("team", "helm", resourceGroups=[]))
    _edited_by = {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:resourceGroups": {}}}}
    world[f"{OWN}/clusterqueues"][1]["metadata"]["managedFields"].append(_edited_by)
    assert troubles(await examined(world)) == {}


async def test_another_installation_looks_after_its_own() -> None:
    world = healthy()
    _edited(world)
    assert troubles(await examined(world, replace(POLICY, prefix="second"))) == {}


async def test_a_missing_right_is_told_as_the_rule_that_gives_it() -> None:
    denied = ("patch pods", "delete pods", "list nodes")
    answers = Answers(healthy(), denied)
    found = checks(await read_cluster(answers, POLICY, "madang/madang-service"), POLICY)
    said = [one.next_step("en") for one in found if one.name == "right"]
    assert len(said) == 2
    assert "Role (madang-people)" in said[0]
    rule = '{apiGroups: [""], resources: [pods], verbs: [patch, delete]}'
    assert rule in said[0]
    assert 'ClusterRole: {apiGroups: [""], resources: [nodes], verbs: [list]}' in said[1]
    path, body = answers.asked[0]
    assert path == f"{REVIEWS}/subjectaccessreviews"
    assert body["spec"]["user"] == "system:serviceaccount:madang:madang-service"
    assert "system:serviceaccounts:madang" in body["spec"]["groups"]
    assert len(answers.asked) == len(list(rights()))
    places = {
        one["spec"]["resourceAttributes"]["resource"]: one["spec"]["resourceAttributes"].get(
            "namespace"
        )
        for _, one in answers.asked
    }
    assert (places["pods"], places["nodes"]) == (PEOPLE, None)


async def test_rights_that_nobody_tells_are_not_said_to_be_there() -> None:
    world = healthy()
    world[f"{REVIEWS}/selfsubjectaccessreviews"] = RefusedError("kubernetes_forbidden", said="no")
    found = await examined(world)
    assert troubles(found) == {"rights_unread": "warn"}
    assert "rights_own" not in found


async def test_what_may_not_be_read_is_named_and_not_called_well() -> None:
    world = healthy()
    forbidden = RefusedError("kubernetes_forbidden", said="nodes is forbidden")
    for path in ("/api/v1/nodes", RULES, "/apis/apps/v1/deployments", f"{OWN}/cohorts"):
        world[path] = forbidden
    found = await examined(world)
    kinds = ["nodes", "networkpolicies", "deployments", "configmaps", "cohorts"]
    assert found["cluster_hidden"].values["kinds"] == kinds
    silent = {"flavor", "network_default", "network_enforced", "kueue_running", "quotas"}
    assert not silent & set(found)


async def test_a_cluster_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(UnavailableError):
        await examined({**healthy(), "/version": _silent()})


def test_selectors_mean_what_kubernetes_means() -> None:
    labels = {"a": "1"}
    assert is_selected({}, labels)
    assert not is_selected({"matchLabels": {"a": "2"}}, labels)
    for operator, values, is_met in (
        ("In", ["1"], True),
        ("In", ["2"], False),
        ("NotIn", ["1"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ):
        wanted = {"key": "a", "operator": operator, "values": values}
        assert is_selected({"matchExpressions": [wanted]}, labels) is is_met
    absent = {"key": "b", "operator": "NotIn", "values": ["1"]}
    assert is_selected({"matchExpressions": [absent]}, labels)


@pytest.mark.parametrize(
    ("toleration", "is_borne"),
    [
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "operator": "Equal", "value": "v"}, True),
        ({"key": "k", "operator": "Equal", "value": "w"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_tolerations_bear_what_kubernetes_says(toleration: dict[str, str], is_borne: bool) -> None:
    taint = {"key": "k", "value": "v", "effect": "NoSchedule"}
    assert (not unborne([taint], [toleration])) is is_borne
    assert not unborne([{**taint, "effect": "PreferNoSchedule"}], [])
    assert not unborne([{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}], [])
