"""Manifests of slots and clusters: what is in them, and what never is."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from restricted_standard import violations

from madang.domain import pod_labels
from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.lease import LeaseKind
from madang.domain.project import Internet
from madang.engines.kubernetes import cluster_pods, network, slot_job
from madang.engines.kubernetes.job import Owner, deadline_s
from madang.engines.kubernetes.names import attempt_name
from madang.engines.ports import LaunchSpec
from madang.errors import InvalidError
from madang.pki import issue_cluster
from madang.runner.checkpoints.place import place_of
from madang.settings.pods import PodSettings

SETTINGS = PodSettings(image="hub.example.org/user", gpu_image="hub.example.org/user-gpu")
FLAVOR = ClusterFlavor(
    name="h200",
    node_labels={"nvidia.com/gpu.product": "H200"},
    tolerations=({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},),
    devices_per_node=8,
)
OWNER = Owner(name="lease-a-1", uid="u-1")
TOKEN = "mat_t0ken-of-the-attempt"
KEYS = issue_cluster("lease-a")


def slot(**changes: Any) -> LaunchSpec:
    given: dict[str, Any] = {
        "lease_id": "lease-a",
        "attempt": 1,
        "kind": LeaseKind.SLOT,
        "person_name": "ada",
        "person_id": "person-1",
        "project_name": "vision",
        "project_id": "project-1",
        "flavor": "h200",
        "device_ids": ("h200-0",),
        "limit_ms": 3_600_000,
        "service_url": "http://madang.madang.svc/services/madang",
        "token": TOKEN,
        "deadline_ms": 3_600_000,
        "grace_ms": 20_000,
    }
    return LaunchSpec(**(given | changes))


def cluster(workers: int = 2, per_worker: int = 1, **changes: Any) -> LaunchSpec:
    devices = tuple(f"h200-{n}" for n in range(workers * per_worker))
    return replace(
        slot(kind=LeaseKind.CLUSTER, device_ids=devices),
        workers=workers,
        gpus_per_worker=per_worker,
        **changes,
    )


def jobs_of(spec: LaunchSpec, flavor: ClusterFlavor | None = FLAVOR) -> list[dict[str, Any]]:
    """Return all Jobs that are made for an attempt."""
    if spec.kind is LeaseKind.SLOT:
        return [slot_job.slot_job(spec, flavor, SETTINGS.gpu_image, SETTINGS)]
    image, workers = SETTINGS.gpu_image, cluster_pods.worker_jobs
    made = list(workers(spec, flavor, image, "people", SETTINGS, OWNER))
    if spec.joins is None:
        made.insert(0, cluster_pods.scheduler_job(spec, None, image, "people", SETTINGS))
    return made


def others_of(spec: LaunchSpec) -> list[dict[str, Any]]:
    """Return everything else that is made for an attempt."""
    if spec.kind is LeaseKind.SLOT:
        return [slot_job.slot_secret(spec, OWNER)]
    return [
        cluster_pods.service(spec, SETTINGS, OWNER),
        network.network_policy(spec, SETTINGS, OWNER),
        cluster_pods.cluster_secret(spec, KEYS, OWNER),
    ]


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = job["spec"]["template"]["spec"]
    return found


def argv_of(job: dict[str, Any]) -> list[str]:
    found: list[str] = pod_of(job)["containers"][0]["command"]
    return found


def limits_of(job: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = pod_of(job)["containers"][0]["resources"]["limits"]
    return found


def env_of(job: dict[str, Any]) -> dict[str, Any]:
    env = pod_of(job)["containers"][0]["env"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in env}


def test_a_slot_is_one_life_and_its_token_only_in_its_secret() -> None:
    [job] = jobs_of(slot())
    assert job["metadata"]["name"] == "lease-a-1"
    body = job["spec"]
    assert (body["backoffLimit"], body["completions"], body["parallelism"]) == (0, 1, 1)
    assert body["podReplacementPolicy"] == "Failed"
    [rule] = body["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert body["activeDeadlineSeconds"] == 3_600 + SETTINGS.start_ms // 1000
    assert body["template"]["metadata"]["finalizers"] == ["madang.dev/record"]
    assert pod_of(job)["restartPolicy"] == "Never"
    assert pod_of(job)["terminationGracePeriodSeconds"] == 20
    reference = {"secretKeyRef": {"name": "lease-a-1-secret", "key": "token"}}
    assert env_of(job)["MADANG_TOKEN"] == reference
    assert TOKEN not in json.dumps(job)
    [secret] = others_of(slot())
    assert secret["metadata"]["name"] == "lease-a-1-secret"
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    assert secret["stringData"] == {"token": TOKEN}


def test_labels_say_whose_it_is() -> None:
    [job] = jobs_of(slot())
    for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]):
        assert labels == {
            "madang.dev/lease": "lease-a",
            "madang.dev/attempt": "1",
            "madang.dev/kind": "slot",
            "madang.dev/role": "worker",
            "madang.dev/person": "person-1",
            "madang.dev/project": "project-1",
        }


@pytest.mark.parametrize("internet", list(Internet))
def test_the_internet_is_open_to_pods_with_a_label_alone(internet: Internet) -> None:
    bodies = [*jobs_of(slot(internet=internet)), *jobs_of(cluster(internet=internet))]
    assert len(bodies) > 2
    for body in bodies:
        found = body["spec"]["template"]["metadata"]["labels"].get("madang.dev/internet", "off")
        assert found == str(internet)


def test_a_flavor_says_where_a_pod_goes_and_what_it_asks_for() -> None:
    [job] = jobs_of(slot(device_ids=("h200-0", "h200-1")))
    assert pod_of(job)["nodeSelector"] == {"nvidia.com/gpu.product": "H200"}
    assert pod_of(job)["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert limits_of(job)["nvidia.com/gpu"] == "2"
    assert limits_of(job)["memory"] == str(2 * SETTINGS.memory_bytes)
    # The device plugin says which devices it sees, and nobody else.
    assert not {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"} & set(env_of(job))
    [without] = jobs_of(slot(device_ids=(), flavor="cpu"), None)
    assert pod_of(without)["nodeSelector"] == {}
    assert not any("nvidia" in key for key in limits_of(without))
    assert env_of(without)["NVIDIA_VISIBLE_DEVICES"] == "void"
    [simulated] = jobs_of(slot(device_ids=("sim-h200-3",), flavor="sim-h200"))
    assert env_of(simulated)["MADANG_SIMULATED_GPUS"] == "sim-h200-3"
    assert env_of(simulated)["CUDA_VISIBLE_DEVICES"] == ""


def test_workers_of_one_node_share_a_pod() -> None:
    scheduler, *workers = jobs_of(cluster(workers=10))
    assert argv_of(scheduler)[:3] == ["python", "-m", "distributed.cli.dask_scheduler"]
    assert not any("nvidia" in key for key in limits_of(scheduler))
    assert pod_of(scheduler)["nodeSelector"] == {}
    assert [limits_of(job)["nvidia.com/gpu"] for job in workers] == ["8", "2"]
    assert [job["metadata"]["name"] for job in workers] == ["lease-a-1-w0", "lease-a-1-w1"]
    names = [argv_of(job)[argv_of(job).index("--name") + 1] for job in workers]
    assert names == ["worker-0", "worker-8"]
    for job in workers:
        assert argv_of(job)[2:4] == ["dask_cuda.cli", "tls://lease-a-1.people.svc:8786"]
        assert env_of(job)["DASK_DATAFRAME__BACKEND"] == "cudf"
    said = [f"{names[0]}-{n}" for n in range(8)] + [f"{names[1]}-{n}" for n in range(2)]
    assert [cluster_pods.known_name(each) for each in said] == [f"worker-{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("workers", "per_worker", "flavor", "devices"),
    [
        (3, 1, replace(FLAVOR, devices_per_node=1), ["1", "1", "1"]),
        (2, 4, FLAVOR, ["4", "4"]),
        (3, 0, None, [None, None, None]),
    ],
)
def test_other_workers_have_a_pod_of_their_own(
    workers: int, per_worker: int, flavor: ClusterFlavor | None, devices: list[str | None]
) -> None:
    _, *jobs = jobs_of(cluster(workers, per_worker), flavor)
    assert [limits_of(job).get("nvidia.com/gpu") for job in jobs] == devices
    names = [argv_of(job)[argv_of(job).index("--name") + 1] for job in jobs]
    assert [cluster_pods.known_name(name) for name in names] == [
        f"worker-{n}" for n in range(workers)
    ]
    is_cuda = per_worker == 1
    assert all((argv_of(job)[2] == "dask_cuda.cli") is is_cuda for job in jobs)


def test_a_cluster_ends_by_itself_in_the_end() -> None:
    scheduler, worker = jobs_of(cluster(workers=1))
    argv = argv_of(scheduler)
    assert argv[argv.index("--idle-timeout") + 1] == "7200s"
    assert argv_of(worker)[argv_of(worker).index("--death-timeout") + 1] == "60"
    for job in (scheduler, worker):
        assert job["spec"]["activeDeadlineSeconds"] > 3_600
    assert worker["metadata"]["ownerReferences"][0]["name"] == "lease-a-1"


def test_keys_are_files_and_pods_of_clusters_cannot_speak_to_the_service() -> None:
    spec = cluster(workers=1)
    for job in jobs_of(spec):
        [volume] = [each for each in pod_of(job)["volumes"] if "secret" in each]
        assert volume["secret"]["secretName"] == "lease-a-1-secret"
        paths = [each["path"] for each in volume["secret"]["items"]]
        assert paths == ["ca.pem", "cert.pem", "key.pem"]
        assert "MADANG_TOKEN" not in env_of(job)
        assert "PRIVATE KEY" not in json.dumps(job)
        argv = argv_of(job)
        assert argv[argv.index("--tls-key") + 1] == "/var/run/madang/key.pem"
    _, _, secret = others_of(spec)
    assert secret["stringData"]["key.pem"] == KEYS.key_pem
    assert TOKEN not in json.dumps(secret)


def test_workers_that_join_belong_to_the_first_scheduler() -> None:
    spec = cluster(workers=2, joins=("lease-first", 3))
    owner = Owner(name="lease-first-3", uid="u-9")
    jobs = cluster_pods.worker_jobs(spec, FLAVOR, "i", "people", SETTINGS, owner)
    for job in jobs:
        assert "tls://lease-first-3.people.svc:8786" in argv_of(job)
        assert job["metadata"]["labels"]["madang.dev/cluster"] == "lease-first-3"
        assert job["metadata"]["ownerReferences"][0]["uid"] == "u-9"
    assert argv_of(jobs[0])[argv_of(jobs[0]).index("--name") + 1] == "lease-a-1-worker-0"


def test_who_may_speak_with_a_cluster() -> None:
    spec = cluster()
    policy = network.network_policy(spec, SETTINGS, OWNER)["spec"]
    mine = {"madang.dev/cluster": "lease-a-1"}
    assert policy["podSelector"]["matchLabels"] == mine
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    same, own, platform = policy["ingress"]
    assert same == {"from": [{"podSelector": {"matchLabels": mine}}]}
    [peer] = own["from"]
    assert peer["podSelector"]["matchLabels"] == {"madang.dev/person": "person-1"}
    assert peer["podSelector"]["matchExpressions"][0]["values"] == ["notebook", "slot"]
    assert [port["port"] for port in own["ports"]] == [8786]
    assert "namespaceSelector" not in peer
    [peer] = platform["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "madang"}
    assert [port["port"] for port in platform["ports"]] == [8787]
    assert [port["port"] for rule in policy["egress"] for port in rule.get("ports", [])] == [53, 53]


def test_a_deadline_counts_from_the_first_process_in_whole_seconds() -> None:
    assert deadline_s(800, 0) == 1
    assert deadline_s(60_001, 2_500) == 63
    assert deadline_s(-5, 0) == 1
    assert deadline_s(10**15, 0) == 2**31 - 1


@pytest.mark.parametrize(
    ("lease", "attempt"),
    [("lease-A", 1), ("x", 1), ("lease-a/../b", 1), ("lease-a", 0), ("lease-a\n", 1)],
)
def test_only_ids_become_names(lease: str, attempt: int) -> None:
    with pytest.raises(InvalidError):
        attempt_name(lease, attempt)


_TEXT = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        [
            "$(MADANG_TOKEN)",
            "$$(KEY)",
            "a\x00b",
            "../../etc",
            "x--a",
            "-",
            "ada@example.org",
            "가나다" * 60,
            "a\nhostNetwork: true",
            '"},"hostPID":true,{"a":"',
            "{{ .Values }}",
            "\ud800",
        ]
    ),
)
_NAME = st.one_of(_TEXT, st.sampled_from(["LD_PRELOAD", "MADANG_TOKEN", "PYTHONPATH", "OK", "a=b"]))
_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_DNS = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@given(
    texts=st.lists(_TEXT, min_size=7, max_size=7),
    env=st.dictionaries(_NAME, _TEXT, max_size=5),
    shape=st.tuples(st.integers(1, 12), st.integers(0, 4), st.booleans(), st.booleans()),
)
@settings(max_examples=200, deadline=None)
def test_nothing_hostile_gets_into_a_pod(
    texts: list[str], env: dict[str, str], shape: tuple[int, int, bool, bool]
) -> None:
    workers, per_worker, is_slot, joins = shape
    person, project, person_id, project_id, url, flavor, device = texts
    spec = replace(
        slot() if is_slot else cluster(workers, per_worker),
        person_name=person,
        project_name=project,
        person_id=person_id,
        project_id=project_id,
        service_url=url,
        flavor=flavor,
        device_ids=(device,) * (1 if is_slot else workers * per_worker),
        env=env,
        joins=("lease-first", 1) if joins and not is_slot else None,
    )
    expected = {"madang.dev/lease", "madang.dev/person", "madang.dev/project"}
    for job in jobs_of(spec):
        assert list(violations(pod_of(job))) == []
        assert pod_of(job)["automountServiceAccountToken"] is False
        assert "serviceAccountName" not in pod_of(job)
        assert set(job["spec"]) <= {
            *("backoffLimit", "completions", "parallelism", "podReplacementPolicy"),
            *("podFailurePolicy", "template", "activeDeadlineSeconds"),
        }
        assert argv_of(job)[0] == "python"
        check_env(job)
        assert TOKEN not in json.dumps(job)
    for body in (*jobs_of(spec), *others_of(spec)):
        assert _DNS.fullmatch(body["metadata"]["name"])
        for labels in labels_in(body):
            assert all(_VALUE.fullmatch(value) for value in labels.values())
        assert expected <= set(body["metadata"]["labels"])
        # What goes over the wire is one JSON text in UTF-8.
        json.dumps(body, ensure_ascii=False).encode()


def labels_in(body: dict[str, Any]) -> Iterator[dict[str, str]]:
    yield body["metadata"]["labels"]
    if "template" in body["spec"] if "spec" in body else False:
        yield body["spec"]["template"]["metadata"]["labels"]


def check_env(job: dict[str, Any]) -> None:
    env = pod_of(job)["containers"][0]["env"]
    names = [each["name"] for each in env]
    assert len(names) == len(set(names))
    assert all(_ENV.fullmatch(name) for name in names)
    assert not {"LD_PRELOAD", "PYTHONPATH"} & set(names)
    for each in env:
        value = each.get("value", "")
        # A dollar that is not doubled would be replaced by what stands beside it.
        assert "$" not in value.replace("$$", "")
        assert value.isprintable()
        if each["name"] == "MADANG_TOKEN":
            assert "value" not in each


def test_the_check_sees_what_is_not_restricted() -> None:
    [job] = jobs_of(slot())
    broken = (
        {"hostNetwork": True},
        {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]},
        {"securityContext": {"runAsNonRoot": True}},
        {"securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}},
        {"containers": [{"name": "a", "securityContext": {"privileged": True}}]},
    )
    for change in broken:
        assert list(violations({**pod_of(job), **change})), change


def test_settings_come_from_the_chart_and_nonsense_is_refused() -> None:
    read = PodSettings.from_env({"MADANG_POD_IMAGE": "i", "MADANG_POD_MEMORY_GIB": "3"})
    assert (read.gpu_image, read.memory_bytes, read.user_id) == ("i", 3 * 1024**3, 1000)
    for name, said in (("MADANG_POD_USER_ID", "0"), ("MADANG_POD_SHM_GIB", "-1")):
        with pytest.raises(InvalidError, match="pod_setting_unreadable"):
            PodSettings.from_env({name: said})


def test_checkpoints_outlive_the_pod_in_a_folder_of_the_person_alone() -> None:
    kept = replace(SETTINGS, checkpoint_claim="madang-checkpoints")
    assert "MADANG_CHECKPOINT_VOLUME" not in env_of(slot_job.slot_job(slot(), None, "i", SETTINGS))
    seen = {}
    for person in ("person-1", "person-2", "../person-1", "person-1/.."):
        job = slot_job.slot_job(slot(person_id=person), None, "i", kept)
        assert not list(violations(pod_of(job)))
        [mount] = [m for m in pod_of(job)["containers"][0]["volumeMounts"] if m["name"] == "kept"]
        assert place_of(env_of(job)).is_relative_to(mount["mountPath"])
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", mount["subPath"])
        seen[mount["subPath"]] = person
    assert len(seen) == 4
    [volume] = [v for v in pod_of(job)["volumes"] if v["name"] == "kept"]
    assert volume["persistentVolumeClaim"] == {"claimName": "madang-checkpoints"}
    for made in jobs_of(cluster()):
        assert "kept" not in json.dumps(pod_of(made)["volumes"])


def test_two_texts_never_share_a_label() -> None:
    texts = ["ada", "Ada", "ada@", "ada.", "-ada", "", "가", "a" * 63, "a" * 64]
    texts += [pod_labels.label_value(text) for text in ("ada@", "")]
    assert len({pod_labels.label_value(text) for text in texts}) == len(texts)
