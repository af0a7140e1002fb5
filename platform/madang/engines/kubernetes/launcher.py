"""Starts clusters and slots as Jobs, and watches every attempt of the cluster.

Notebooks' pods are made by the hub with the same labels, so observing, stopping and listing works
for them too. All state is in the cluster: a launcher that starts anew knows what the one before it
knew. What cannot be read is an error and never an answer, so nothing ends because of it (P7).
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from madang.domain.cluster import ClusterEndpoint, scheduler_key
from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines import scheduler_api
from madang.engines.dask_commands import SCHEDULER
from madang.engines.kubernetes.attempt_mirror import AttemptMirror, Found
from madang.engines.kubernetes.attempt_objects import (
    Key,
    Objects,
    by_attempt,
    is_alive,
    last_ms,
    role_of,
)
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.cluster_keys import keys_in
from madang.engines.kubernetes.cluster_pods import known_name, scheduler_address
from madang.engines.kubernetes.job import deadline_s, grace_s
from madang.engines.kubernetes.names import attempt_name, host_of, secret_name
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import (
    MAIN_ROLES,
    attempt_life,
    is_finished,
    pod_life,
    read_ms,
)
from madang.engines.kubernetes.pod_log import log_of
from madang.engines.kubernetes.start import Starter
from madang.engines.kubernetes.stopping import Stopper
from madang.engines.ports import AttemptLife, LaunchSpec
from madang.pki import ClusterKeys
from madang.settings.pods import PodSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scheduler:
    """A scheduler that lives: where it answers HTTP, and the keys of its cluster."""

    url: str
    keys: ClusterKeys

    @property
    def key(self) -> str:
        return scheduler_key(self.keys.key_pem)


class KubernetesLauncher:
    """The port ``Launcher`` on a cluster.

    Parameters
    ----------
    policy
        Namespace and flavors.
    settings
        How pods look.
    """

    def __init__(self, api: Api, policy: ClusterPolicy, settings: PodSettings) -> None:
        self._api = api
        self._settings = settings
        self._objects = Objects(api, policy.namespace)
        flavors = {flavor.name: flavor for flavor in policy.flavors}
        self._starter = Starter(self._objects, flavors, settings)
        self._stopper = Stopper(self._objects)
        paths = (self._objects.path("Pod"), self._objects.path("Job"))
        self._mirror = AttemptMirror(api, *paths)
        self._seen: set[Key] = set()
        self._unsure: set[Key] = set()
        self._answered: set[Key] = set()

    async def start(self, spec: LaunchSpec) -> None:
        """Make the objects of an attempt; those that are there, or were, are left as they are.

        Raises
        ------
        MadangError
            As :meth:`Starter.start`, and what the cluster refuses or cannot do now.
        """
        key = (spec.lease_id, spec.attempt)
        # Whatever fails may have been done all the same, and may come to be seen late.
        self._unsure.add(key)
        await self._starter.start(spec)
        self._unsure.discard(key)

    async def stop(self, lease_id: str, attempt: int, grace_ms: int) -> None:
        """Ask all pods of an attempt to save and end; harmless when they are gone.

        :meth:`observe` goes on with a stop that has to wait for something.
        """
        await self._stopper.stop((lease_id, attempt), grace_s(grace_ms))

    async def set_deadline(self, lease_id: str, attempt: int, deadline_ms: int) -> None:
        """Move the time limit of the Jobs of an attempt.

        Harmless for a notebook: the limit of a bare pod can only be lowered, so it has none, and
        the service ends it.
        """
        key = (lease_id, attempt)
        pods, jobs = self._known(key) or await self._read(key)
        if len(jobs) < sum(bool(role_of(pod)) for pod in pods):
            # The watch of Jobs is behind that of pods.
            pods, jobs = await self._read(key)
        begun = {role_of(pod): pod_life(pod).started_ms for pod in pods}
        for job in jobs:
            made_ms = read_ms((job.get("status") or {}).get("startTime"))
            start_ms = begun.get(role_of(job))
            before_ms = self._settings.start_ms
            if made_ms is not None and start_ms is not None:
                before_ms = start_ms - made_ms
            wanted = deadline_s(deadline_ms, before_ms)
            if not is_finished(job) and job["spec"].get("activeDeadlineSeconds") != wanted:
                await self._objects.patch_job(job, {"spec": {"activeDeadlineSeconds": wanted}})

    async def observe(self, lease_id: str, attempt: int) -> AttemptLife:
        """Return what pods and Jobs say; ends what an ended scheduler left behind."""
        key = (lease_id, attempt)
        pods, jobs = self._known(key) or await self._read(key)
        if pods or jobs:
            self._seen.add(key)
        life = attempt_life(pods, jobs)
        if life.is_alive:
            self._mirror.follow(key)
            await self._stopper.end_rest(pods, jobs)
        return life

    async def living(self, keys: Collection[Key]) -> Collection[Key]:
        """Return those of which the watch says that all is well, so that nothing is to be done."""
        found = self._mirror.calm(keys) - self._unsure
        self._seen |= found
        return found

    def _known(self, key: Key) -> Found | None:
        """Return what the mirror says, if nobody is the worse when that is a moment old.

        That something lives, or has not come to be yet. What has ended is read anew.
        """
        found = None if key in self._unsure else self._mirror.of(key)
        if found is None:
            return None
        is_new = not any(found) and key not in self._seen
        return found if is_new or is_alive(*found) else None

    async def _read(self, key: Key) -> Found:
        pods, jobs = await asyncio.gather(self._objects.pods(key), self._objects.jobs(key))
        return list(pods), list(jobs)

    async def lives(self, lease_id: str, attempt: int) -> bool:
        """Tell whether anything of an attempt runs or may still come to run; always read anew."""
        return is_alive(*await self._read((lease_id, attempt)))

    def lists(self) -> dict[str, int]:
        """Return how often each kind of object was listed in full since it is followed."""
        return self._mirror.lists()

    def tell_ends(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` as soon as a pod of an attempt that was seen alive has ended."""
        self._mirror.tell(wake)

    async def close(self) -> None:
        """Follow the cluster no more; what runs goes on."""
        await self._mirror.close()

    async def alive(self) -> Sequence[Key]:
        """Return (lease, attempt) of everything that runs or may still come to run."""
        calm, others = await self._all()
        return sorted(calm.union(key for key, found in others if is_alive(*found)))

    async def _all(self) -> tuple[set[Key], list[tuple[Key, Found]]]:
        """Return which attempts certainly live, and what there is of the others."""
        if self._mirror.is_synced:
            return self._mirror.all_calm(), list(self._mirror.others())
        pods, jobs = await self._objects.pods(), await self._objects.jobs()
        return set(), list(by_attempt(pods, jobs).items())

    async def ended_before(self, at_ms: int) -> Sequence[Key]:
        """Return what ended before a time, and has pods or Jobs still."""
        _, others = await self._all()
        return sorted(
            key for key, found in others if not is_alive(*found) and last_ms(*found) < at_ms
        )

    async def discard(self, lease_id: str, attempt: int) -> None:
        """Delete Jobs and pods of an attempt, and with them all that they own."""
        key = (lease_id, attempt)
        pods, jobs = await self._objects.pods(key), await self._objects.jobs(key)
        if is_alive(pods, jobs):
            return
        for pod in pods:
            await self._objects.let_go(pod)
            await self._objects.delete(pod, "Pod")
        for job in jobs:
            await self._objects.delete(job, "Job")
        for known in (self._answered, self._seen, self._unsure):
            known.discard(key)

    async def endpoint(self, lease_id: str, attempt: int) -> ClusterEndpoint | None:
        """Return how to reach a cluster's scheduler; None until it has answered, and after it."""
        key, found = (lease_id, attempt), await self._scheduler(lease_id, attempt)
        if found is None:
            return None
        if key not in self._answered:
            if not await scheduler_api.answers(found.url, found.key):
                return None
            self._answered.add(key)
        name, namespace = attempt_name(*key), self._objects.namespace
        return ClusterEndpoint(
            address=scheduler_address(name, namespace, self._settings),
            dashboard_url=f"http://{host_of(name, namespace)}:{self._settings.dashboard_port}/",
            ca_pem=found.keys.ca_pem,
            cert_pem=found.keys.cert_pem,
            key_pem=found.keys.key_pem,
        )

    async def _scheduler(self, lease_id: str, attempt: int) -> _Scheduler | None:
        pods, _ = self._known((lease_id, attempt)) or await self._read((lease_id, attempt))
        pod = next((p for p in pods if role_of(p) == SCHEDULER and _is_running(p)), None)
        if pod is None:
            return None
        name = secret_name(attempt_name(lease_id, attempt))
        keys = keys_in(await self._objects.get("Secret", name))
        host = pod["status"]["podIP"]
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{self._settings.dashboard_port}/"
        return None if keys is None else _Scheduler(url=url, keys=keys)

    async def wanted_workers(self, lease_id: str, attempt: int) -> int | None:
        """Return how many workers the scheduler could use now; None when it says nothing usable."""
        found = await self._scheduler(lease_id, attempt)
        return None if found is None else await scheduler_api.wanted_workers(found.url, found.key)

    async def retire(self, lease_id: str, attempt: int, names: Sequence[str]) -> bool:
        """Let the scheduler move the data of workers elsewhere; returns whether it has."""
        found = await self._scheduler(lease_id, attempt)
        return found is not None and await scheduler_api.retire(
            found.url, found.key, names, known_name
        )

    async def log_tail(self, lease_id: str, attempt: int, max_bytes: int) -> str:
        """Return the end of what the pods printed, and what the cluster says of each."""
        pods = sorted(await self._objects.pods((lease_id, attempt)), key=_main_first)
        texts = []
        for pod in pods:
            path = self._objects.path("Pod", pod["metadata"]["name"])
            text = await log_of(self._api, path, pod, max_bytes // len(pods))
            texts.append(f"== {role_of(pod)} ==\n{text}" if len(pods) > 1 else text)
        return "\n".join(texts)


def _is_running(pod: Object) -> bool:
    life = pod_life(pod)
    return life.lives and life.started_ms is not None and "podIP" in pod["status"]


def _main_first(pod: Object) -> tuple[bool, int, str]:
    role = role_of(pod)
    return (role not in MAIN_ROLES, len(role), role)
