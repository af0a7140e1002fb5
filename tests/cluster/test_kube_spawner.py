"""The spawner of pods against a real API server, with no more rights than the hub's own.

What becomes of a pod is said by the test, as a node would say it.
"""

import asyncio
import contextlib
import json
import signal
import sys
import uuid
from pathlib import Path

import kubernetes_asyncio
import pytest
from kubespawner import clients
from tornado.web import HTTPError
from traitlets.config import Config

from madang.errors import MadangError, RefusedError
from madang.hub import endings, kube, kube_watch

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "hub"))

from hostile_pods import CASES, pod_of, told
from pod_people import UNPLACED, People, Standin, container, until
from pod_spawners import TOKEN, ready_lease, spawner_of
from restricted import violations

# aiohttp closes TLS connections a little after their session, when the test's loop may be gone.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NAME = "nb-lease-00000000000000000000000001-3"


@pytest.fixture
def people(cluster):
    made = People(cluster.plane, cluster.name(f"people-{uuid.uuid4().hex[:4]}"))
    yield made
    made.delete()


@pytest.fixture
def standin():
    made = Standin()
    yield made
    made.close()


@pytest.fixture
async def make(people, standin, monkeypatch):
    """Return a maker of spawners: each is the hub after one more restart."""
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_given: None)
    await kubernetes_asyncio.config.load_kube_config(str(people.kubeconfig))
    for known in (kube_watch._renewals, kube_watch._renewed_s, kube.LeasedKubeSpawner.reflectors):
        known.clear()

    def make(**given):
        address = {"get_pod_url": lambda _spawner, _pod: standin.origin}
        return spawner_of(**{"namespace": people.name, "launch_timeout_s": 30, **address, **given})

    yield make
    with contextlib.suppress(asyncio.CancelledError):
        await kube.LeasedKubeSpawner._stop_all_reflectors()
    for client in list(clients._client_cache.values()):
        await client.api_client.close()


def unplaced(**changes):
    """A ready lease whose pod no node takes: the test says what becomes of it."""
    lease = ready_lease(**changes)
    lease["placement"] |= {"node_labels": UNPLACED, "resource": ""}
    return lease


def take(spawner, lease):
    """Let a spawner hold a lease, as after its turn came."""
    spawner.lease, spawner.lease_id, spawner.attempt = lease, lease["id"], lease["attempt"]
    return lease


async def launched(spawner, people, lease=None):
    """Launch with a node that lets the pod run; returns the address."""
    lease = take(spawner, lease or unplaced())
    work = asyncio.ensure_future(spawner.launch(lease))
    name = f"nb-{lease['id']}-{lease['attempt']}"
    await asyncio.to_thread(until, lambda: work.done() or name in people.pods(), "the pod")
    if not work.done():
        await asyncio.to_thread(people.run, name)
    return await asyncio.wait_for(work, 30)


async def test_a_pod_is_made_once_and_adopted_by_the_next_hub(make, people, standin):
    first = make()
    assert await launched(first, people) == standin.origin
    pod = people.pods()[NAME]
    assert people.secrets() == {NAME}
    assert violations(pod) == []
    # Its Secret goes when it goes, and nobody who lists pods reads a token.
    secret = people.plane.ask(f"{people.path}/secrets/{NAME}")
    assert secret["metadata"]["ownerReferences"][0]["uid"] == pod["metadata"]["uid"]
    assert TOKEN not in json.dumps(pod)
    assert await first.poll_server() is None
    # Killed between create and return: the next hub has a new token, and the pod the old one.
    second = make(token="another-token")
    assert await launched(second, people) == standin.origin
    assert {name: one["metadata"]["uid"] for name, one in people.pods().items()} == {
        NAME: pod["metadata"]["uid"]
    }
    assert second.api_token == TOKEN
    assert await second.is_spent(unplaced()) is False


async def test_a_hub_that_died_before_the_secret_gives_the_pod_its_own(make, people):
    lease = unplaced()
    body = await make(token="lost").manifest(take(first := make(), lease) and first.plan(lease))
    people.create(body)
    second = make(token="found")
    await launched(second, people)
    assert second.api_token == "found"
    assert people.secrets() == {NAME}


async def test_a_pod_of_an_earlier_attempt_is_neither_adopted_nor_ended(make, people):
    old = make()
    await launched(old, people, unplaced(attempt=2))
    new = make()
    await launched(new, people, unplaced(attempt=3))
    assert set(people.pods()) == {NAME, NAME[:-1] + "2"}
    await new.stop_server(0)
    assert set(people.pods()) == {NAME[:-1] + "2"}
    # A gone pod is fine.
    await new.stop_server(0)


async def test_a_pod_of_somebody_else_is_left_alone(make, people):
    spawner = make()
    lease = take(spawner, unplaced())
    body = await spawner.manifest(spawner.plan(lease))
    body["metadata"]["labels"]["madang.dev/lease"] = "lease-of-another"
    people.create(body)
    with pytest.raises(RefusedError) as caught:
        await spawner.launch(lease)
    assert caught.value.code == "server_pod_taken"
    await spawner.stop_server(0)
    assert NAME in people.pods()


async def test_a_pod_that_ended_is_not_started_again(make, people):
    await launched(make(), people)
    people.set_status(NAME, phase="Failed", containerStatuses=[container(ended(1, "Error"))])
    spawner = make()
    assert await spawner.is_spent(unplaced()) is True
    with pytest.raises(HTTPError) as caught:
        await spawner.launch(take(spawner, unplaced()))
    assert "no module named x" in caught.value.jupyterhub_message
    people.bury(NAME)
    # Gone, and the service has seen it run: this attempt had its server.
    assert await spawner.is_spent(unplaced(started_ms=1)) is True
    assert await spawner.is_spent(unplaced(started_ms=None)) is False


def ended(code, reason):
    return {"terminated": {"exitCode": code, "reason": reason, "message": "no module named x"}}


async def test_a_stop_gives_time_to_save_and_waits_for_the_end(make, people):
    spawner = make()
    await launched(spawner, people)
    people.bind(NAME)
    stop = asyncio.ensure_future(spawner.stop_server(7_000))

    def going():
        return people.pods()[NAME]["metadata"].get("deletionGracePeriodSeconds")

    assert await asyncio.to_thread(until, going, "asked to end") == 7
    await asyncio.sleep(0.3)
    assert not stop.done()
    assert await spawner.poll_server() is None
    people.bury(NAME)
    await asyncio.wait_for(stop, 10)
    assert NAME not in people.pods()


async def test_another_pod_of_the_same_name_is_not_ended(make, people):
    spawner = make()
    await launched(spawner, people)
    other = "00000000-0000-0000-0000-000000000000"
    await spawner._calls.delete_pod(NAME, other, 1)
    assert NAME in people.pods()


async def test_a_start_that_is_stopped_at_once_leaves_no_pod(make, people):
    spawner = make()
    work = asyncio.ensure_future(spawner.launch(take(spawner, unplaced())))
    # Far enough that its request is on its way, or will be.
    await asyncio.to_thread(until, lambda: spawner._launching, "the launch")
    work.cancel()
    await asyncio.wait({work})
    await spawner.stop_server(0)
    assert people.pods() == {}


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ({"containerStatuses": [container(ended(137, "OOMKilled"))]}, 137, "메모리(8.0 GiB)"),
        ({"phase": "Failed", "reason": "Evicted", "containerStatuses": []}, 1, "메모리나 디스크"),
        ({"phase": "Failed", "reason": "NodeLost", "containerStatuses": []}, 1, "사라졌습니다"),
    ],
)
async def test_what_ended_a_server_is_noticed_and_told(make, people, status, code, words):
    spawner = make()
    await launched(spawner, people)
    assert await spawner.poll_server() is None
    people.set_status(NAME, **status)
    await seen(spawner, code)
    assert words in endings.of("ada", "")
    # The service reads its end from it.
    assert NAME in people.pods()
    people.bury(NAME)
    for _ in range(200):
        assert await spawner.poll_server() is not None
        if "삭제되었습니다" in endings.of("ada", ""):
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError(endings.of("ada", ""))


async def seen(spawner, status):
    for _ in range(200):
        if (found := await spawner.poll_server()) == status:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {found}, not {status}")


async def test_an_image_that_cannot_be_pulled_is_told_with_the_next_step(make, people, monkeypatch):
    monkeypatch.setattr(kube, "_MENDING_S", 0.5)
    spawner = make()
    work = asyncio.ensure_future(spawner.launch(take(spawner, unplaced())))
    await asyncio.to_thread(until, people.pods, "the pod")
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    people.set_status(NAME, containerStatuses=[container(waiting)])
    with pytest.raises(HTTPError) as caught:
        await asyncio.wait_for(work, 20)
    said = caught.value.jupyterhub_message
    for words in ("madang/user:1", "이미지를 가져오지", "registry", "manifest unknown"):
        assert words in said


async def test_a_pod_that_no_node_takes_is_told_in_the_end(make, people):
    spawner = make(launch_timeout_s=3)
    with pytest.raises(HTTPError) as caught:
        await spawner.launch(take(spawner, unplaced()))
    assert "No node took" in caught.value.jupyterhub_message
    assert " available" in caught.value.jupyterhub_message


@pytest.fixture
def node(cluster):
    """Play one node: where there is none at all, nobody looks at volumes."""
    cluster.nodes.add("of-spawners", 8)
    yield
    cluster.nodes.remove("of-spawners")


@pytest.mark.usefixtures("node")
async def test_a_home_that_nobody_makes_is_told_long_before_a_full_cluster_is(make, people):
    given = {"storage_pvc_ensure": True, "storage_class": "nobody", "storage_capacity": "1Gi"}
    spawner = make(pvc_name_template="home-{username}", volume_patience_s=1, **given)
    lease = ready_lease()
    lease["placement"] |= {"node_labels": {}, "resource": ""}
    with pytest.raises(HTTPError) as caught:
        await asyncio.wait_for(spawner.launch(take(spawner, lease)), 20)
    said = caught.value.jupyterhub_message
    for words in ("a volume that the cluster does not give", "볼륨", "kubectl describe pvc"):
        assert words in said
    assert "PersistentVolumeClaim" in said


async def test_what_the_cluster_refuses_is_told_in_its_words(make, people, monkeypatch):
    monkeypatch.setattr(kube, "_DENIED_S", 0.5)
    people.quota(pods="0")
    spawner = make()
    with pytest.raises(HTTPError) as caught:
        await spawner.launch(take(spawner, unplaced()))
    assert "exceeded quota" in caught.value.jupyterhub_message
    assert "관리자에게" in caught.value.jupyterhub_message


async def test_a_site_that_mounts_the_node_is_refused_by_the_cluster(make, people, monkeypatch):
    monkeypatch.setattr(kube, "_DENIED_S", 0.5)
    config = Config()
    config.KubeSpawner.volumes = [{"name": "host", "hostPath": {"path": "/"}}]
    spawner = make(config=config)
    with pytest.raises(HTTPError) as caught:
        await spawner.launch(take(spawner, unplaced()))
    assert "violates PodSecurity" in caught.value.jupyterhub_message
    assert people.pods() == {}


async def test_volumes_are_made_once_and_kept(make, people):
    given = {"storage_pvc_ensure": True, "project_storage": "1Gi", "storage_capacity": "2Gi"}
    spawner = make(pvc_name_template="home-{username}", **given)
    await launched(spawner, people)
    path = f"{people.path}/persistentvolumeclaims"
    claims = {one["metadata"]["name"]: one for one in people.plane.ask(path)["items"]}
    assert set(claims) == {"home-ada", "project-00000000000000000000000009"}
    await spawner.stop_server(0)
    other = make(pvc_name_template="home-{username}", **given)
    await launched(other, people, unplaced(attempt=4))
    after = {one["metadata"]["name"]: one for one in people.plane.ask(path)["items"]}
    assert {k: v["metadata"]["uid"] for k, v in after.items()} == {
        k: v["metadata"]["uid"] for k, v in claims.items()
    }


@pytest.mark.own_cluster("stops the API server for a while")
async def test_a_cluster_that_falls_silent_kills_nobody_and_is_noticed(
    make, people, cluster, monkeypatch
):
    spawner = make()
    await launched(spawner, people)
    assert await spawner.poll_server() is None
    apiserver = cluster.plane.programs["kube-apiserver"]
    before = spawner.pod_reflector
    monkeypatch.setattr(kube_watch, "_RENEW_EVERY_S", 0.1)
    apiserver.send(signal.SIGSTOP)
    try:
        # The watch is open and says nothing, as after a lost route.
        monkeypatch.setattr(kube_watch, "STALE_S", 0.0)
        assert await spawner.poll_server() is None
        assert await spawner.is_spent(unplaced()) is False
    finally:
        apiserver.send(signal.SIGCONT)
    await asyncio.to_thread(cluster.plane.wait_ready)
    monkeypatch.setattr(kube_watch, "STALE_S", 75.0)
    people.bury(NAME)
    await seen(spawner, 1)
    assert spawner.pod_reflector is not before


@pytest.mark.own_cluster("kills the API server")
async def test_a_restarted_api_server_is_waited_for(make, people, cluster):
    spawner = make()
    lease = take(spawner, unplaced())
    apiserver = cluster.plane.programs["kube-apiserver"]
    apiserver.kill()
    work = asyncio.ensure_future(spawner.launch(lease))
    await asyncio.sleep(1)
    assert not work.done()
    apiserver.start()
    await asyncio.to_thread(cluster.plane.wait_ready)
    await asyncio.to_thread(until, lambda: people.pods() or work.done(), "the pod")
    if not work.done():
        await asyncio.to_thread(people.run, NAME)
    await asyncio.wait_for(work, 60)
    assert list(people.pods()) == [NAME]


async def test_nothing_hostile_is_refused_by_the_cluster_for_pod_security(make, people):
    """Every manifest that comes out is accepted by a real `restricted` namespace."""
    accepted, refused = 0, set()
    for case in CASES:
        try:
            body = await pod_of(case, make, ready_lease())
        except MadangError as error:
            refused.add(error.code)
            continue
        made = await asyncio.to_thread(people.create, body, "?dryRun=All")
        assert made is not None, f"{told(case)}: {people.plane.said}"
        accepted += 1
    assert refused == {"pod_setting", "image_not_allowed", "placement_missing"}
    assert accepted > 60
    assert people.pods() == {}


def test_the_cluster_and_our_checker_refuse_the_same(people):
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    outer = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    good = {
        "securityContext": outer,
        "containers": [{"name": "notebook", "image": "x", "securityContext": context}],
    }

    def one(**more):
        return [{**good["containers"][0], **more}]

    variants = [
        {},
        {"hostNetwork": True},
        {"hostPID": True},
        {"securityContext": {**outer, "runAsUser": 0}},
        {"securityContext": {"runAsNonRoot": True}},
        {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
        {"securityContext": {**outer, "seLinuxOptions": {"user": "x"}}},
        {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
        {"volumes": [{"name": "x", "nfs": {"server": "x", "path": "/"}}]},
        {"volumes": [{"name": "x", "emptyDir": {}}]},
        {"containers": one(securityContext={})},
        {"containers": one(securityContext={**context, "capabilities": {"drop": ["CHOWN"]}})},
        {"containers": one(securityContext={**context, "procMount": "Default"})},
        {"containers": one(ports=[{"containerPort": 80, "hostPort": 80}])},
        {"containers": one(ports=[{"containerPort": 80}])},
        {"initContainers": [{"name": "i", "image": "x"}]},
    ]
    for change in variants:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x", "namespace": people.name},
            "spec": {**good, **change},
        }
        made = people.create(body, "?dryRun=All")
        assert (made is None) == bool(violations(body)), (change, people.plane.said)
        if made is None:
            assert "violates PodSecurity" in people.plane.said, change
