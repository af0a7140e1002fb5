"""The writes that start an attempt, in the one order in which any of them may be the last.

First the Job that owns the rest, last the Secret, without which no container starts. So a start
that broke off has either not begun or waits, and the service repeats it until it is done.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.lease import LeaseKind
from madang.engines.dask_commands import SCHEDULER
from madang.engines.kubernetes import cluster_pods, network, slot_job
from madang.engines.kubernetes.attempt_objects import Objects, role_of
from madang.engines.kubernetes.cluster_keys import keys_in
from madang.engines.kubernetes.environment import is_simulated
from madang.engines.kubernetes.job import Owner, labels_of
from madang.engines.kubernetes.names import attempt_name, host_of, secret_name
from madang.engines.kubernetes.objects import Object
from madang.engines.kubernetes.pod_life import is_finished, is_stopped, pod_life
from madang.engines.ports import LaunchSpec
from madang.errors import ConflictError, InvalidError
from madang.pki import issue_cluster
from madang.settings.pods import PodSettings

CPU = "cpu"
_MS_PER_DAY = 86_400_000


class Starter:
    """Makes the objects of attempts.

    Parameters
    ----------
    flavors
        How nodes offer them, by name; ``cpu`` may be missing.
    """

    def __init__(
        self, objects: Objects, flavors: Mapping[str, ClusterFlavor], settings: PodSettings
    ) -> None:
        self._objects = objects
        self._flavors = flavors
        self._settings = settings

    async def start(self, spec: LaunchSpec) -> None:
        """Make what is not there yet of an attempt.

        Raises
        ------
        ConflictError
            ``attempt_stopped``: it was asked to stop, or its Job was deleted;
            ``joined_cluster_gone``; ``launch_by_hub``; ``environment_gone``: pods run with the
            packages of their image, and no other environment is there.
        InvalidError
            ``flavor_not_on_cluster``, ``pod_image_missing``, ``attempt_unnameable``.
        """
        if spec.environment is not None:
            raise ConflictError("environment_gone")
        if await self._is_done(spec):
            return
        flavor, image = self._flavor(spec), self._image(spec)
        if spec.kind is LeaseKind.SLOT:
            body = slot_job.slot_job(spec, flavor, image, self._settings)
            [job] = await self._make_jobs(spec, [body])
            await self._objects.create(slot_job.slot_secret(spec, _owner(job)))
        elif spec.kind is not LeaseKind.CLUSTER:
            raise ConflictError("launch_by_hub", lease=spec.lease_id)
        elif spec.joins is None:
            await self._start_cluster(spec, flavor, image)
        else:
            await self._join_cluster(spec, spec.joins, flavor, image)

    async def _is_done(self, spec: LaunchSpec) -> bool:
        """Tell whether the last write was done: the service asks until something has started."""
        name = secret_name(attempt_name(spec.lease_id, spec.attempt))
        found = await self._objects.get("Secret", name)
        if found is not None:
            self._objects.check_ours(found, "Secret", labels_of(spec))
        return found is not None

    async def _start_cluster(
        self, spec: LaunchSpec, flavor: ClusterFlavor | None, image: str
    ) -> None:
        objects, settings = self._objects, self._settings
        first = cluster_pods.scheduler_job(
            spec, self._flavors.get(CPU), image, objects.namespace, settings
        )
        [job] = await self._make_jobs(spec, [first])
        if is_finished(job):
            return
        owner = _owner(job)
        await objects.create(cluster_pods.service(spec, settings, owner))
        await objects.create(network.network_policy(spec, settings, owner))
        workers = cluster_pods.worker_jobs(spec, flavor, image, objects.namespace, settings, owner)
        await self._make_jobs(spec, workers)
        host = host_of(first["metadata"]["name"], objects.namespace)
        keys = issue_cluster(spec.lease_id, (host,), spec.limit_ms // _MS_PER_DAY + 2)
        await objects.create(cluster_pods.cluster_secret(spec, keys, owner))

    async def _join_cluster(
        self, spec: LaunchSpec, joins: tuple[str, int], flavor: ClusterFlavor | None, image: str
    ) -> None:
        objects, first = self._objects, attempt_name(*joins)
        job = await objects.get("Job", first)
        keys = keys_in(await objects.get("Secret", secret_name(first)))
        pods = [pod for pod in await objects.pods(joins) if role_of(pod) == SCHEDULER]
        lives = [pod_life(pod).lives for pod in pods]
        if job is None or keys is None or not any(lives):
            raise ConflictError("joined_cluster_gone", lease=joins[0])
        owner = _owner(job)
        workers = cluster_pods.worker_jobs(
            spec, flavor, image, objects.namespace, self._settings, owner
        )
        await self._make_jobs(spec, workers)
        await objects.create(cluster_pods.cluster_secret(spec, keys, owner))

    async def _make_jobs(self, spec: LaunchSpec, bodies: Any) -> list[Object]:
        """Create Jobs, but none whose pod outlived its Job: there would be two (P2)."""
        key = (spec.lease_id, spec.attempt)
        found = await asyncio.gather(self._objects.pods(key), self._objects.jobs(key))
        pods, jobs = ({role_of(each) for each in some} for some in found)
        made = []
        for body in bodies:
            if role_of(body) in pods - jobs:
                raise ConflictError("attempt_stopped", attempt=body["metadata"]["name"])
            job = await self._objects.create(body)
            if is_stopped(job):
                raise ConflictError("attempt_stopped", attempt=body["metadata"]["name"])
            made.append(job)
        return made

    def _flavor(self, spec: LaunchSpec) -> ClusterFlavor | None:
        flavor = self._flavors.get(spec.flavor)
        if flavor is None and spec.flavor != CPU:
            raise InvalidError(
                "flavor_not_on_cluster", lease=spec.lease_id, flavor=spec.flavor[:60]
            )
        return flavor

    def _image(self, spec: LaunchSpec) -> str:
        settings = self._settings
        has_devices = spec.flavor != CPU and not is_simulated(spec.flavor)
        image = settings.gpu_image if has_devices else settings.image
        if not image:
            raise InvalidError("pod_image_missing", lease=spec.lease_id, flavor=spec.flavor[:60])
        return image


def _owner(job: Object) -> Owner:
    return Owner(name=job["metadata"]["name"], uid=job["metadata"]["uid"])
