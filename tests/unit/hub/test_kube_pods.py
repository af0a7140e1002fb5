"""Pods of notebooks: what a lease gives them, and that nothing hostile gets into one."""

import copy
import inspect
import json
import re
from dataclasses import replace

import pytest
from hostile_pods import CASES, pod_of, told
from restricted import violations
from traitlets.config import Config

from madang.errors import InvalidError, MadangError, RefusedError
from madang.hub.kube_plan import PodSite, plan_pod
from madang.hub.kube_pods import hardened, is_pod_of, project_volume, token_of, token_secret

SITE = PodSite(image="madang/user:1", gpu_image="madang/user-gpu:1", images=("madang/extra:1",))
BARE = {"metadata": {}, "spec": {"containers": [{"name": "notebook", "image": "x"}]}}


def notebook(pod):
    return next(one for one in pod["spec"]["containers"] if one["name"] == "notebook")


def env_of(pod):
    return {one["name"]: one for one in notebook(pod)["env"]}


async def test_a_pod_gets_what_the_lease_has(make_spawner, lease):
    spawner = make_spawner(
        gpu_image="madang/user-gpu:1", storage_pvc_ensure=True, project_storage="1Gi"
    )
    spawner.lease, spawner.lease_id, spawner.attempt = lease, lease["id"], lease["attempt"]
    pod = await spawner.manifest(spawner.plan(lease))
    spec, container = pod["spec"], notebook(pod)
    assert pod["metadata"]["name"] == "nb-lease-00000000000000000000000001-3"
    labels = pod["metadata"]["labels"]
    assert labels["madang.dev/lease"] == lease["id"]
    assert labels["madang.dev/attempt"] == "3"
    assert labels["madang.dev/person"] == "person-1"
    assert labels["madang.dev/project"] == lease["project_id"]
    assert labels["madang.dev/kind"] == "notebook"
    # KubeSpawner's watch looks for this one.
    assert labels["component"] == "singleuser-server"
    assert container["image"] == "madang/user-gpu:1"
    size = {"cpu": "4", "memory": str(8 * 1024**3), "nvidia.com/gpu": "2"}
    assert container["resources"] == {"limits": size, "requests": size}
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-H200"}
    assert spec["tolerations"] == lease["placement"]["tolerations"]
    assert (spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("Never", False)
    assert "serviceAccountName" not in spec
    # Longer than the tier's longest limit: a limit may grow, this cannot.
    assert spec["activeDeadlineSeconds"] > 12 * 3600
    assert spec["terminationGracePeriodSeconds"] == 20
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    assert mounts["/home/jovyan"]["name"] == "madang-home"
    assert mounts["/home/jovyan/project"]["readOnly"] is False
    assert container["command" if "command" in container else "args"][:2] == ["python3", "-P"]
    env = env_of(pod)
    assert env["MADANG_LEASE"]["value"] == lease["id"]
    assert env["OMP_NUM_THREADS"]["value"] == "4"
    # The device plugin decides what is seen, so nothing of ours may stand in its way.
    assert "CUDA_VISIBLE_DEVICES" not in env
    assert "NVIDIA_VISIBLE_DEVICES" not in env
    assert violations(pod) == []


async def test_the_token_is_in_a_secret_and_nowhere_else(make_spawner, lease):
    spawner = make_spawner()
    plan = spawner.plan(lease)
    pod = await spawner.manifest(plan)
    assert spawner.api_token not in json.dumps(pod)
    source = {"secretKeyRef": {"name": plan.name, "key": "token"}}
    for name in ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"):
        assert env_of(pod)[name] == {"name": name, "valueFrom": source}
    secret = token_secret(plan, "abc", "uid-1")
    assert secret["metadata"]["name"] == plan.name
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    assert token_of({"data": {"token": "YWJj"}}) == "abc"
    assert token_of({}) == ""


@pytest.mark.parametrize("change", [{"devices": 0}, {"is_simulated": True}])
async def test_who_has_no_real_device_sees_none(make_spawner, lease, change):
    pod = await make_spawner().manifest(make_spawner().plan({**lease, **change}))
    env = env_of(pod)
    assert env["NVIDIA_VISIBLE_DEVICES"]["value"] == "void"
    assert env["CUDA_VISIBLE_DEVICES"]["value"] == ""
    simulated = env["MADANG_SIMULATED_GPUS"]["value"]
    assert simulated == ("sim-0,sim-1" if change.get("is_simulated") else "")
    has_resource = "nvidia.com/gpu" in notebook(pod)["resources"]["limits"]
    assert has_resource is bool(change.get("is_simulated"))


@pytest.mark.parametrize(("told", "label"), [("on", "on"), ("off", None), (None, None)])
def test_the_internet_is_open_to_a_pod_with_a_label_alone(lease, told, label):
    lease["placement"].pop("internet", None)
    if told is not None:
        lease["placement"]["internet"] = told
    assert plan_pod(lease, SITE).labels.get("madang.dev/internet") == label


def test_who_may_only_look_cannot_write_the_project(lease):
    lease["placement"]["may_write"] = False
    site = replace(SITE, project_path="/home/jovyan/project")
    plan = plan_pod(lease, site, "home-ada")
    pod = hardened(BARE, plan)
    mounts = {one["name"]: one for one in notebook(pod)["volumeMounts"]}
    assert mounts["madang-project"]["readOnly"] is True
    claims = {one["name"]: one["persistentVolumeClaim"] for one in pod["spec"]["volumes"]}
    assert claims["madang-project"] == {"claimName": lease["project_id"], "readOnly": True}
    assert claims["madang-home"] == {"claimName": "home-ada", "readOnly": False}
    volume = project_volume(plan, "5Gi", "nfs")
    assert volume["metadata"]["labels"] == {"madang.dev/project": lease["project_id"]}
    assert volume["spec"]["accessModes"] == ["ReadWriteMany"]
    assert volume["spec"]["storageClassName"] == "nfs"


def test_a_site_that_mounts_its_own_home_keeps_it(lease):
    pod = copy.deepcopy(BARE)
    pod["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/home/jovyan/"}]
    made = hardened(pod, plan_pod(lease, SITE, "home-ada"))
    assert [one["name"] for one in notebook(made)["volumeMounts"]] == ["v"]


@pytest.mark.parametrize(
    ("devices", "image", "expected"),
    [
        (0, "", "madang/user:1"),
        (1, "", "madang/user-gpu:1"),
        (1, "madang/extra:1", "madang/extra:1"),
    ],
)
def test_images_of_the_list_only(lease, devices, image, expected):
    lease["devices"], lease["placement"]["image"] = devices, image
    assert plan_pod(lease, SITE).image == expected
    lease["placement"]["image"] = expected + "x"
    with pytest.raises(RefusedError) as caught:
        plan_pod(lease, SITE)
    assert caught.value.code == "image_not_allowed"


def test_a_service_that_says_nothing_of_pods_is_told_so(lease):
    del lease["placement"]
    with pytest.raises(InvalidError) as caught:
        plan_pod(lease, SITE)
    assert caught.value.code == "placement_missing"


def test_a_value_that_cannot_pass_is_not_repeated(lease):
    lease["placement"]["env"] = {"A": "s3cret\n"}
    with pytest.raises(InvalidError) as caught:
        plan_pod(lease, SITE)
    assert "s3cret" not in str(caught.value.details)


def test_a_site_s_containers_are_made_tight_too(lease):
    loose = {
        "privileged": True,
        "runAsUser": 0,
        "runAsNonRoot": False,
        "capabilities": {"add": ["NET_ADMIN"]},
        "seccompProfile": {"type": "Unconfined"},
        "procMount": "Unmasked",
    }
    pod = {
        "metadata": {"labels": {"site": "x", "madang.dev/lease": "of-another"}},
        "spec": {
            "securityContext": {**loose, "fsGroup": 100, "windowsOptions": {"hostProcess": True}},
            "containers": [
                {"name": "notebook", "image": "x", "securityContext": loose},
                {"name": "sidecar", "image": "y", "securityContext": {"runAsUser": 5, **loose}},
            ],
            "initContainers": [{"name": "first", "image": "z"}],
            "nodeSelector": {"pool": "people"},
        },
    }
    assert violations(pod)
    made = hardened(pod, plan_pod(lease, SITE))
    assert violations(made) == []
    assert made["spec"]["securityContext"]["fsGroup"] == 100
    assert made["spec"]["nodeSelector"]["pool"] == "people"
    assert made["metadata"]["labels"]["site"] == "x"
    assert is_pod_of(made, {"madang.dev/lease": lease["id"], "madang.dev/attempt": "3"})
    assert not is_pod_of(made, {"madang.dev/lease": lease["id"], "madang.dev/attempt": "2"})


def test_the_checker_itself_refuses():
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    good = {
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "notebook", "securityContext": context}],
        }
    }
    assert violations(good) == []
    for bad in (
        {"hostNetwork": True},
        {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
        {"securityContext": {}},
        {"initContainers": [{"name": "i"}]},
        {"containers": [{"name": "c", "securityContext": {**context, "privileged": True}}]},
        {"containers": [{"name": "c", "securityContext": context, "ports": [{"hostPort": 1}]}]},
        {"containers": [{"name": "c", "securityContext": {**context, "runAsUser": 0}}]},
    ):
        assert violations({"spec": {**good["spec"], **bad}}), bad


def test_there_are_enough_hostile_cases():
    assert len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=told)
async def test_nothing_hostile_reaches_a_pod(make_spawner, lease, case):
    try:
        pod = await pod_of(case, make_spawner, lease)
    except MadangError:
        return  # which refusals there may be, the next test says
    assert violations(pod) == []
    spec, container = pod["spec"], notebook(pod)
    assert container["image"] == "madang/user:1"
    assert len(spec["containers"]) == 1
    assert not spec.get("initContainers")
    assert re.fullmatch(r"nb-lease-[0-9]+-[0-9]+", pod["metadata"]["name"])
    assert {one["name"] for one in spec["volumes"]} == {"madang-home", "madang-project"}
    for volume in spec["volumes"]:
        claim = volume["persistentVolumeClaim"]["claimName"]
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", claim)
        assert len(claim) <= 253
    for value in pod["metadata"]["labels"].values():
        assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", value)
    # No text is another's value to Kubernetes, and the token stands nowhere.
    for one in container["env"]:
        assert "$(" not in one.get("value", "").replace("$$(", "")
    assert "t0p-secret-token" not in json.dumps(pod)
    assert "serviceAccountName" not in spec
    assert "command" not in container or container["command"][0] == "python3"
    assert "evil" not in json.dumps(container)


async def test_hostile_cases_are_not_all_refused_by_accident(make_spawner, lease):
    made, refused = 0, set()
    for case in CASES:
        try:
            await pod_of(case, make_spawner, copy.deepcopy(lease))
        except MadangError as error:
            refused.add(error.code)
        else:
            made += 1
    assert refused == {"pod_setting", "image_not_allowed", "placement_missing"}
    assert made > 60


async def test_namespaces_of_people_are_left_off(make_spawner):
    from traitlets import TraitError

    with pytest.raises(TraitError):
        make_spawner(config=Config({"LeasedKubeSpawner": {"enable_user_namespaces": True}}))


def test_nothing_of_the_hub_is_hidden_by_accident():
    """A name that the hub has already means something to it, and it does not complain."""
    from kubespawner import KubeSpawner

    from madang.hub.kube import LeasedKubeSpawner

    ours = {
        name
        for name, value in vars(LeasedKubeSpawner).items()
        if inspect.isroutine(value) or isinstance(value, property)
    }
    meant = {"__init__", "_start_watching_pods", "get_env", "get_url"}
    assert ours & set(dir(KubeSpawner)) == meant
