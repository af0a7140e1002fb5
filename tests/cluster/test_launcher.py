"""The Kubernetes launcher on a real control plane: what it makes, keeps, and survives."""

import asyncio
import contextlib
import copy
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from cluster import Cluster
from engines_house import spec
from faulty_api import ApiFaults, FaultyApi
from launcher_house import KubernetesHouse, kubernetes_house

from madang.domain.lease import LeaseKind
from madang.domain.pod_labels import pod_labels
from madang.engines.kubernetes.client import Api, connect
from madang.engines.ports import LaunchSpec
from madang.errors import ConflictError, MadangError, RefusedError, UnavailableError

KINDS = {
    "jobs": "apis/batch/v1",
    "secrets": "api/v1",
    "services": "api/v1",
    "networkpolicies": "apis/networking.k8s.io/v1",
}


@pytest.fixture
async def house(cluster: Cluster) -> AsyncIterator[KubernetesHouse]:
    async with kubernetes_house(cluster) as made:
        yield made


def cluster_spec(lease: str = "lease-c", workers: int = 2, **changes: Any) -> LaunchSpec:
    devices = tuple(f"sim-h200-{n}" for n in range(workers))
    more = {"device_ids": devices, "workers": workers, "gpus_per_worker": 1}
    return spec(lease, kind=LeaseKind.CLUSTER, **{**more, **changes})


class KilledError(Exception):
    """The service died here."""


class Breaking:
    """A client whose process dies at a write: before it is sent, or before its answer comes."""

    def __init__(self, api: Api, at_write: int, *, is_sent: bool) -> None:
        self._api, self._left, self._is_sent = api, at_write, is_sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def create(self, path: str, body: Mapping[str, Any]) -> Any:
        self._left -= 1
        if self._left == 0 and not self._is_sent:
            raise KilledError
        made = await self._api.create(path, body)
        if self._left == 0:
            raise KilledError
        return made


async def objects_of(house: KubernetesHouse, lease: str) -> dict[str, Any]:
    """Return what there is of a lease, without what differs from one lease to the next."""
    found = {}
    for plural, group in KINDS.items():
        for item in await house.all(group, plural):
            metadata = item["metadata"]
            labels = metadata.get("labels") or {}
            if labels.get("madang.dev/lease") != lease:
                continue
            owners = [each["name"] for each in metadata.get("ownerReferences", [])]
            body = copy.deepcopy(item.get("spec") or sorted(item.get("data") or {}))
            if plural == "jobs":
                template = body.pop("template")
                # What the server adds of its own names this very object.
                body = {k: v for k, v in body.items() if k not in ("selector",)}
                body["pod"] = template["spec"]
                labels = {k: v for k, v in labels.items() if "controller-uid" not in k}
            if plural == "services":
                body.pop("clusterIP"), body.pop("clusterIPs")
            text = json.dumps([owners, labels, body], sort_keys=True).replace(lease, "L")
            found[f"{plural}/{metadata['name'].replace(lease, 'L')}"] = text
    return found


async def pods_of(house: KubernetesHouse, lease: str) -> list[dict[str, Any]]:
    pods = await house.all("api/v1", "pods")
    return [p for p in pods if p["metadata"]["labels"].get("madang.dev/lease") == lease]


def role(pod: dict[str, Any]) -> str:
    found: str = pod["metadata"]["labels"]["madang.dev/role"]
    return found


async def over(house: KubernetesHouse, lease: str) -> None:
    async def is_over() -> bool:
        return not (await house.engine.launcher.observe(lease, 1)).is_alive

    await house.until(is_over)


async def test_all_our_pods_are_restricted_and_a_broken_one_is_refused(
    house: KubernetesHouse,
) -> None:
    """The namespace enforces the standard, so that a pod that there is was accepted."""
    await house.start(spec("lease-s"))
    await house.start(cluster_spec())
    await house.start(cluster_spec("lease-j", joins=("lease-c", 1)))
    roles = {
        lease: sorted(map(role, await pods_of(house, lease)))
        for lease in ("lease-s", "lease-c", "lease-j")
    }
    assert roles == {
        "lease-s": ["worker"],
        "lease-c": ["scheduler", "worker-0", "worker-1"],
        "lease-j": ["worker-0", "worker-1"],
    }
    [job] = [
        j for j in await house.all("apis/batch/v1", "jobs") if j["metadata"]["name"] == "lease-s-1"
    ]
    good = job["spec"]["template"]["spec"]
    path = f"/api/v1/namespaces/{house.namespace}/pods"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "own"}, "spec": good}
    await house.admin.create(path, pod)
    for name, change in {
        "host": {"hostNetwork": True},
        "seccomp": {"securityContext": {"runAsNonRoot": True}},
        "files": {"volumes": [*good["volumes"], {"name": "h", "hostPath": {"path": "/"}}]},
    }.items():
        broken = {**pod, "metadata": {"name": name}, "spec": {**good, **change}}
        with pytest.raises(RefusedError, match="violates PodSecurity"):
            await house.admin.create(path, broken)


@pytest.mark.parametrize("kind", ["slot", "cluster", "join"])
async def test_killed_between_any_two_writes_it_makes_the_same(
    house: KubernetesHouse, kind: str
) -> None:
    def wanted(lease: str) -> LaunchSpec:
        if kind == "slot":
            return spec(lease)
        return cluster_spec(lease, joins=("lease-first", 1) if kind == "join" else None)

    await house.start(cluster_spec("lease-first"))
    await house.start(wanted("lease-whole"))
    whole = await objects_of(house, "lease-whole")
    count = {"slot": 2, "cluster": 6, "join": 3}[kind]
    assert len(whole) == count
    for number in range(1, count + 1):
        for is_sent in (False, True):
            lease = f"lease-k{number}{'s' if is_sent else 'n'}"
            breaking = Breaking(house.api, number, is_sent=is_sent)
            with pytest.raises(KilledError):
                await house.launcher(breaking).start(wanted(lease))
            is_last = number == count and is_sent
            if not is_last:
                assert not any(name.startswith(lease) for name in house.node.starts), lease
                assert (await house.engine.launcher.observe(lease, 1)).started_ms is None
            house.engine.launcher = house.launcher()
            await house.start(wanted(lease))
            assert await objects_of(house, lease) == whole
            roles = sorted(map(role, await pods_of(house, lease)))
            assert roles == sorted(map(role, await pods_of(house, "lease-whole")))
    assert len(house.node.starts) == len(set(house.node.starts))


@pytest.mark.parametrize("kind", ["Secret", "Service"])
async def test_a_name_that_somebody_else_has_is_left_alone(
    house: KubernetesHouse, kind: str
) -> None:
    name = {"Secret": "lease-c-1-secret", "Service": "lease-c-1"}[kind]
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    if kind == "Service":
        body["spec"] = {"ports": [{"port": 80}]}
    path = f"/api/v1/namespaces/{house.namespace}/{kind.lower()}s"
    theirs = await house.admin.create(path, body)
    for _ in range(2):
        with pytest.raises(ConflictError, match="pod_name_taken"):
            await house.engine.launcher.start(cluster_spec())
    assert await house.admin.get(f"{path}/{name}") == theirs
    assert house.node.starts == []


async def test_the_token_is_in_the_secret_and_nowhere_else(house: KubernetesHouse) -> None:
    await house.start(spec("lease-a", token="mat_very-secret"))
    for plural, group in {**KINDS, "pods": "api/v1", "events": "api/v1"}.items():
        for item in await house.all(group, plural):
            if plural != "secrets":
                assert "mat_very-secret" not in json.dumps(item), plural
    assert "mat_very-secret" not in await house.engine.launcher.log_tail("lease-a", 1, 10_000)


async def test_an_end_stays_readable_until_it_is_discarded(house: KubernetesHouse) -> None:
    launcher = house.engine.launcher
    await house.start(cluster_spec())
    begun_ms = house.now()
    assert await launcher.ended_before(begun_ms + 3_600_000) == []
    await launcher.discard("lease-c", 1)
    assert (await launcher.observe("lease-c", 1)).is_alive
    await launcher.stop("lease-c", 1, 5_000)
    await over(house, "lease-c")
    life = await launcher.observe("lease-c", 1)
    assert (life.was_told, life.is_sure, life.exit_code) == (True, True, 143)
    pods = await pods_of(house, "lease-c")
    assert len(pods) == 3
    assert all("deletionTimestamp" in pod["metadata"] for pod in pods)
    assert await launcher.ended_before(begun_ms - 60_000) == []
    assert await launcher.ended_before(house.now() + 1_000) == [("lease-c", 1)]
    for _ in range(2):
        await launcher.discard("lease-c", 1)

    async def is_clean() -> bool:
        return not await pods_of(house, "lease-c") and not await objects_of(house, "lease-c")

    await house.until(is_clean)
    assert await launcher.ended_before(house.now() + 1_000) == []


async def test_a_scheduler_is_asked_when_its_workers_are_gone(house: KubernetesHouse) -> None:
    launcher = house.engine.launcher
    await house.start(cluster_spec())

    async def all_run() -> bool:
        # A cluster has begun with its scheduler, and its workers may come a little later.
        pods = await pods_of(house, "lease-c")
        return [pod["status"]["phase"] for pod in pods] == ["Running"] * 3

    await house.until(all_run)
    house.node.is_stubborn = lambda pod: role(pod) == "worker-1"
    await launcher.stop("lease-c", 1, 2_000)
    await over(house, "lease-c")
    assert len(house.node.told) == 3
    assert not house.node.told[-1].startswith("lease-c-1-w")
    [late] = [p for p in await pods_of(house, "lease-c") if role(p) == "worker-1"]
    state = late["status"]["containerStatuses"][0]["state"]["terminated"]
    assert state["exitCode"] == 137


async def test_what_was_stopped_while_it_started_does_not_go_on(house: KubernetesHouse) -> None:
    """The Job is there and its pod is not yet: a quota holds it back until after the stop."""
    launcher = house.engine.launcher
    path = f"/api/v1/namespaces/{house.namespace}/resourcequotas"
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}}
    await house.admin.create(path, {**quota, "spec": {"hard": {"pods": "0"}}})
    breaking = Breaking(house.api, 2, is_sent=False)
    with pytest.raises(KilledError):
        await house.launcher(breaking).start(spec("lease-d"))
    assert await launcher.alive() == [("lease-d", 1)]
    await launcher.stop("lease-d", 1, 1_000)
    assert await launcher.alive() == []
    for _ in range(2):
        with pytest.raises(ConflictError, match="attempt_stopped"):
            await launcher.start(spec("lease-d"))
    await house.admin.delete(f"{path}/none")

    async def is_suspended() -> bool:
        [job] = await house.all("apis/batch/v1", "jobs")
        return any(c["type"] == "Suspended" for c in job.get("status", {}).get("conditions", []))

    await house.until(is_suspended)
    assert await house.all("api/v1", "pods") == []


async def test_workers_do_not_outlive_their_scheduler(house: KubernetesHouse) -> None:
    await house.start(cluster_spec())
    [scheduler] = [p for p in await pods_of(house, "lease-c") if role(p) == "scheduler"]
    path = f"/api/v1/namespaces/{house.namespace}/pods/{scheduler['metadata']['name']}"
    done = {"exitCode": 7, "reason": "Error", "startedAt": "2026-01-01T00:00:00Z"}
    states = [{"name": "main", "image": "i", "imageID": "", "restartCount": 0, "ready": False}]
    states[0]["state"] = {"terminated": {**done, "finishedAt": "2026-01-01T00:01:00Z"}}
    body = {"status": {"phase": "Failed", "containerStatuses": states}}
    await house.admin.patch(f"{path}/status", body)
    await over(house, "lease-c")
    assert (await house.engine.launcher.observe("lease-c", 1)).exit_code == 7
    assert {n.rsplit("-", 1)[0] for n in house.node.told} == {"lease-c-1-w0", "lease-c-1-w1"}
    with pytest.raises(ConflictError, match="joined_cluster_gone"):
        await house.engine.launcher.start(cluster_spec("lease-j", joins=("lease-c", 1)))


async def test_a_pod_that_outlived_its_job_gets_no_twin(house: KubernetesHouse) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a"))
    house.node.is_stubborn = lambda pod: True
    for path in ("apis/batch/v1", "jobs/lease-a-1"), ("api/v1", "secrets/lease-a-1-secret"):
        await house.admin.delete(f"/{path[0]}/namespaces/{house.namespace}/{path[1]}")

    async def is_told() -> bool:
        return bool(house.node.told)

    await house.until(is_told)
    with pytest.raises(ConflictError, match="attempt_stopped"):
        await launcher.start(spec("lease-a"))
    assert len(await pods_of(house, "lease-a")) == 1
    assert (await launcher.observe("lease-a", 1)).is_alive
    assert await launcher.alive() == [("lease-a", 1)]


async def test_drained_is_lost_and_nobodys_fault(house: KubernetesHouse) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a"))
    [pod] = await pods_of(house, "lease-a")
    name = pod["metadata"]["name"]
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": house.namespace},
    }
    await house.admin.create(f"/api/v1/namespaces/{house.namespace}/pods/{name}/eviction", body)
    await over(house, "lease-a")
    life = await launcher.observe("lease-a", 1)
    assert (life.is_sure, life.was_told) == (False, False)
    assert life.machine_since_ms is not None
    assert life.started_ms is not None
    assert life.machine_since_ms > life.started_ms

    async def has_failed() -> bool:
        [job] = await house.all("apis/batch/v1", "jobs")
        return any(c["type"] == "Failed" for c in job.get("status", {}).get("conditions", []))

    await house.until(has_failed)
    assert len(await pods_of(house, "lease-a")) == 1


async def test_a_limit_moves_both_ways(house: KubernetesHouse) -> None:
    house.engine.launcher = launcher = house.launcher(start_ms=600_000)
    await house.start(spec("lease-a", deadline_ms=60_000))

    async def limit() -> int:
        [job] = await house.all("apis/batch/v1", "jobs")
        found: int = job["spec"]["activeDeadlineSeconds"]
        return found

    assert await limit() == 660
    await launcher.set_deadline("lease-a", 1, 7_200_000)
    assert 7_200 <= await limit() < 7_230
    await launcher.set_deadline("lease-a", 1, 30_000)
    assert 30 <= await limit() < 60


async def test_what_waits_for_room_says_why_and_can_be_stopped(
    house: KubernetesHouse,
) -> None:
    launcher = house.engine.launcher

    async def says(lease: str, text: str) -> None:
        async def is_said() -> bool:
            return text in await launcher.log_tail(lease, 1, 1_000)

        await house.until(is_said)

    await launcher.start(spec("lease-wait", device_ids=("sim-h200-0",) * 65))
    await says("lease-wait", "Insufficient example.org/gpu")
    assert ("lease-wait", 1) in await launcher.alive()
    assert (await launcher.observe("lease-wait", 1)).started_ms is None
    await launcher.stop("lease-wait", 1, 1_000)

    async def is_gone() -> bool:
        return ("lease-wait", 1) not in await launcher.alive()

    await house.until(is_gone)
    assert (await launcher.observe("lease-wait", 1)).started_ms is None


async def test_the_pod_of_a_notebook_is_watched_and_stopped_as_well(
    house: KubernetesHouse,
) -> None:
    launcher = house.engine.launcher
    await house.start(spec("lease-a"))
    [pod] = await pods_of(house, "lease-a")
    labels = pod_labels(
        lease="lease-n", attempt=1, kind="notebook", person="person-1", project="project-1"
    )
    keep = (
        "nodeSelector",
        "tolerations",
        "containers",
        "volumes",
        "securityContext",
        "restartPolicy",
    )
    body = {key: pod["spec"][key] for key in keep}
    path = f"/api/v1/namespaces/{house.namespace}/pods"
    metadata = {"name": "jupyter-ada", "labels": labels}
    await house.admin.create(
        path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body}
    )

    async def runs() -> bool:
        return (await launcher.observe("lease-n", 1)).is_alive

    await house.until(runs)
    assert await launcher.alive() == [("lease-a", 1), ("lease-n", 1)]
    await launcher.set_deadline("lease-n", 1, 1_000)
    await launcher.stop("lease-n", 1, 1_000)
    await over(house, "lease-n")
    assert await launcher.alive() == [("lease-a", 1)]


async def test_a_server_that_is_away_ends_nothing(house: KubernetesHouse, cluster: Cluster) -> None:
    await house.start(spec("lease-a"))
    plane = cluster.plane
    api = await connect(plane.make_server_kubeconfig("nowhere", "https://127.0.0.1:1"))
    try:
        lost = house.launcher(api)
        for asking in (lost.observe("lease-a", 1), lost.alive(), lost.ended_before(1 << 60)):
            with pytest.raises(UnavailableError):
                await asking
        lost.tell_ends(lambda: None)
        await asyncio.sleep(0)
        lost.tell_ends(None)
    finally:
        await api.close()
    assert (await house.engine.launcher.observe("lease-a", 1)).is_alive


class Counting:
    """A client that counts what is read."""

    def __init__(self, api: Api) -> None:
        self._api, self.reads = api, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def get(self, path: str, **query: Any) -> Any:
        self.reads += 1
        return await self._api.get(path, **query)


async def test_looking_at_what_lives_asks_nobody_and_each_kind_is_listed_once(
    house: KubernetesHouse,
) -> None:
    api = Counting(house.api)
    launcher = house.launcher(api)  # type: ignore[arg-type]
    launcher.tell_ends(lambda: None)
    try:
        for lease in ("lease-a", "lease-b"):
            await launcher.start(spec(lease))
            await house.until(lambda name=lease: _runs(launcher, name))
        before = api.reads
        for _ in range(50):
            for lease in ("lease-a", "lease-b"):
                assert (await launcher.observe(lease, 1)).is_alive
            assert await launcher.alive() == [("lease-a", 1), ("lease-b", 1)]
        assert api.reads == before
        assert launcher.lists() == {"pods": 1, "jobs": 1}
        # Whether something is gone for good is never answered from memory.
        assert await launcher.lives("lease-a", 1)
        assert api.reads > before
    finally:
        await launcher.close()


async def _runs(launcher: Any, lease: str) -> bool:
    return (await launcher.observe(lease, 1)).is_alive


@pytest.mark.parametrize(("seed", "is_followed"), [(1, False), (2, True), (3, True)])
async def test_a_server_that_misbehaves_ends_nothing_and_starts_nothing_twice(
    house: KubernetesHouse, cluster: Cluster, seed: int, is_followed: bool
) -> None:
    faults = ApiFaults(busy=0.05, cut_before=0.05, cut_after=0.15, old_list=0.2, gone=0.1)
    faulty = FaultyApi(cluster.plane, faults, seed)
    path = cluster.plane.make_server_kubeconfig(house.namespace, await faulty.start())
    api = await connect(path)
    launcher = house.launcher(api)
    try:
        if is_followed:
            launcher.tell_ends(lambda: None)
        await _until_done(lambda: launcher.start(cluster_spec()))

        async def runs() -> bool:
            with contextlib.suppress(MadangError):
                return (await launcher.observe("lease-c", 1)).is_alive
            return False

        async def knows() -> bool:
            return launcher.lists().get("pods", 0) > 0 and launcher.lists().get("jobs", 0) > 0

        await house.until(runs)
        if is_followed:
            await house.until(knows)
        answers = 0
        for _ in range(60):
            with contextlib.suppress(MadangError):
                assert (await launcher.observe("lease-c", 1)).is_alive
                assert await launcher.alive() == [("lease-c", 1)]
                answers += 1
        # Each look asks the server, and some of that fails; a watch answers while it is away.
        assert 0 < answers < 60 or (is_followed and answers == 60)
        await _until_done(lambda: launcher.stop("lease-c", 1, 2_000))

        async def has_ended() -> bool:
            with contextlib.suppress(MadangError):
                return not (await launcher.observe("lease-c", 1)).is_alive
            return False

        await house.until(has_ended)
        assert len(house.node.starts) == 3
        assert faulty.injected["old_list"] > 0
    finally:
        await launcher.close()
        await api.close()
        await faulty.stop()


async def _until_done(act: Callable[[], Awaitable[None]], limit_s: float = 60.0) -> None:
    """Repeat as services do."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return await act()
        except UnavailableError:
            assert time.monotonic() < deadline, "never done"
        await asyncio.sleep(0.02)
