"""Every object that helm makes: valid, named, labelled, pinned, and of the restricted profile."""

import re

import kubernetes_validate
import pytest

from .chart import WITH_PODS

LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
CUSTOM = {"ServiceMonitor"}


def test_every_object_is_one_that_kubernetes_knows(rendered):
    checked = 0
    for one in rendered.objects:
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, "1.36", strict=True)
            checked += 1
    assert checked > 25


def test_no_object_is_made_twice(rendered):
    keys = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in rendered.objects
    ]
    assert sorted(set(keys), key=str) == sorted(keys, key=str)


def test_names_fit_the_longest_release(chart):
    made = chart.try_template("all-on.yaml", {}, name="m" * 40, namespace="madang")
    assert made.returncode == 0, made.stderr
    names = re.findall(r"^  name: (\S+)$", made.stdout, re.MULTILINE)
    assert len(names) > 25
    assert [name for name in names if not LABEL.match(name.strip('"'))] == []


def test_every_object_says_whose_it_is(rendered):
    for one in rendered.objects:
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "madang", one["metadata"]["name"]
        assert labels["app.kubernetes.io/instance"] == "madang"


def containers(spec):
    return [*spec.get("initContainers", []), *spec["containers"]]


def test_every_pod_of_ours_is_restricted(rendered):
    names = []
    for name, _, spec in rendered.pods():
        names.append(name)
        pod = spec["securityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] > 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            assert field not in spec
        for container in containers(spec):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert "privileged" not in own
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"]["memory"]
        kinds = {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}
    assert len(names) >= 4


def test_tokens_of_the_cluster_go_only_where_they_are_used(rendered):
    with_token = {name for name, _, spec in rendered.pods() if spec["automountServiceAccountToken"]}
    assert {"madang-hub", "madang-service"} <= with_token
    assert {n for n in with_token if not n.startswith("madang-test")} == {
        "madang-hub",
        "madang-service",
        "madang-removal",
    }


def test_images_are_pinned(rendered):
    pinned = re.compile(r"^[a-z0-9.-]+(/[a-z0-9._-]+)+:[A-Za-z0-9][\w.-]*(@sha256:[0-9a-f]{64})?$")
    images = {c["image"] for _, _, spec in rendered.pods() for c in containers(spec)}
    assert len(images) >= 4
    assert [image for image in images if not pinned.match(image) or ":latest" in image] == []


def test_secrets_are_named_and_never_written(rendered):
    secret = re.compile(r"TOKEN|PASSWORD|SECRET|DATABASE_URL")
    seen = 0
    for _, _, spec in rendered.pods():
        for container in containers(spec):
            for variable in container.get("env", []):
                name, written = variable["name"], variable.get("value", "")
                if secret.search(name) and not name.endswith("PULL_SECRETS"):
                    seen += 1
                    is_by_name = name.endswith("_FILE") or "$(POSTGRESQL_PASSWORD)" in written
                    assert "secretKeyRef" in variable.get("valueFrom", {}) or is_by_name
    assert seen >= 4


def test_selectors_do_not_change_with_versions(rendered):
    for one in rendered.objects:
        if one["kind"] in WITH_PODS and "selector" in one["spec"]:
            selector = one["spec"]["selector"]["matchLabels"]
            assert set(selector) == {
                f"app.kubernetes.io/{word}" for word in ("name", "instance", "component")
            }
            pod = one["spec"]["template"]["metadata"]["labels"]
            assert selector.items() <= pod.items()


def test_services_and_the_ingress_lead_to_ports_that_are_there(rendered):
    pods = [(metadata["labels"], spec) for _, metadata, spec in rendered.pods()]
    ports = {}
    for service in rendered.all("Service"):
        selector = service["spec"]["selector"].items()
        (spec,) = [spec for labels, spec in pods if selector <= labels.items()]
        own = {port["name"] for one in spec["containers"] for port in one.get("ports", [])}
        named = [one["targetPort"] for one in service["spec"]["ports"] if "targetPort" in one]
        assert set(named) <= own, service["metadata"]["name"]
        ports[service["metadata"]["name"]] = {one["name"] for one in service["spec"]["ports"]}
    for rule in rendered.of("Ingress")["spec"]["rules"]:
        backend = rule["http"]["paths"][0]["backend"]["service"]
        assert backend["port"]["name"] in ports[backend["name"]]


def test_the_peoples_namespace_refuses_what_is_not_restricted(rendered):
    namespace = rendered.of("Namespace")
    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"
    assert namespace["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_volumes_outlive_the_release(rendered):
    claims = rendered.all("PersistentVolumeClaim")
    assert claims
    for claim in claims:
        assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_what_volumes_are_locked_with_outlives_the_release_too(chart):
    secret = chart.template("min.yaml").of("Secret")
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    # By this label it is deleted for good, with the claims.
    (claim, *_) = chart.template("min.yaml").all("PersistentVolumeClaim")
    for one in (secret, claim):
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "madang"


@pytest.mark.parametrize("part", ["proxy", "postgresql"])
def test_an_upgrade_of_madang_alone_leaves_proxy_and_database_running(chart, part):
    more = {"postgresql": {"enabled": True}}
    kind = "StatefulSet" if part == "postgresql" else "Deployment"
    before = chart.template("min.yaml", more).of(kind, f"madang-{part}")
    changed = {**more, "images": {"tag": "9.9.9"}, "policy": {"admins": ["eve"]}}
    after = chart.template("min.yaml", changed).of(kind, f"madang-{part}")
    assert after["spec"]["template"] == before["spec"]["template"]
    # What else an upgrade changes: the version of the chart.
    labels = after["spec"]["template"]["metadata"]["labels"]
    assert not {"app.kubernetes.io/version", "helm.sh/chart"} & set(labels)


def test_two_replicas_are_replaced_and_moved_one_at_a_time(chart):
    rendered = chart.template("all-on.yaml")
    deployment, budget = (
        rendered.of("Deployment", "madang-service"),
        rendered.of("PodDisruptionBudget"),
    )
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert chart.template("min.yaml").all("PodDisruptionBudget") == []


def test_a_replica_is_named_as_its_pod_and_reached_by_its_address(chart):
    pod = chart.template("all-on.yaml").of("Deployment", "madang-service")["spec"]["template"][
        "spec"
    ]
    told = {one["name"]: one.get("valueFrom") for one in pod["containers"][0]["env"]}
    assert told["MADANG_REPLICA"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert told["MADANG_REPLICA_HOST"] == {"fieldRef": {"fieldPath": "status.podIP"}}
