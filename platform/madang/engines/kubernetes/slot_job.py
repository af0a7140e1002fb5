"""The Job of a slot: a worker that takes run after run as its person. Data in, data out."""

from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.pod_labels import PERSON
from madang.engines.kubernetes.environment import base_env
from madang.engines.kubernetes.job import Owner, grace_s, job, labels_of, secret
from madang.engines.kubernetes.names import attempt_name, secret_name
from madang.engines.kubernetes.security import Folder, Wanted, pod_spec
from madang.engines.ports import LaunchSpec
from madang.settings.pods import PodSettings

SLOT = "worker"
TOKEN = "token"  # noqa: S105 - the name of a key
ARGV = ("python", "-m", "madang.runner.slot")
CHECKPOINTS = "/checkpoints"


def slot_job(
    spec: LaunchSpec, flavor: ClusterFlavor | None, image: str, settings: PodSettings
) -> dict[str, Any]:
    """Return the Job; its container waits for the Secret of :func:`slot_secret`."""
    name, devices = attempt_name(spec.lease_id, spec.attempt), len(spec.device_ids)
    kept = _checkpoints(spec, settings)
    wanted = Wanted(
        image=image,
        argv=ARGV,
        env=base_env(spec, devices) | ({"MADANG_CHECKPOINT_VOLUME": kept.path} if kept else {}),
        flavor=flavor,
        grace_s=grace_s(spec.grace_ms),
        devices=devices,
        share=devices,
        # The worker takes it out of its environment before it starts anything of its person.
        secret_env={"MADANG_TOKEN": (secret_name(name), TOKEN)},
        kept=kept,
    )
    return job(name, SLOT, spec, pod_spec(wanted, settings), settings)


def _checkpoints(spec: LaunchSpec, settings: PodSettings) -> Folder | None:
    """Return the person's own folder; no two persons have one name, as labels have none."""
    if not settings.checkpoint_claim:
        return None
    person = labels_of(spec)[PERSON]
    return Folder(claim=settings.checkpoint_claim, name=person, path=CHECKPOINTS)


def slot_secret(spec: LaunchSpec, owner: Owner) -> dict[str, Any]:
    """Return the Secret with the attempt's token."""
    name = secret_name(attempt_name(spec.lease_id, spec.attempt))
    return secret(name, labels_of(spec), owner, {TOKEN: spec.token})
