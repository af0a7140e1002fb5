"""What pods of people are made of on a cluster: images, sizes, and who may speak with them.

Read from the environment that the chart sets; the engine's manifests are made from it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from madang.errors import InvalidError
from madang.units import GIB, parse_cpu_millis, parse_duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """How pods of clusters and slots look.

    Attributes
    ----------
    image, gpu_image
        For pods without and with devices.
    pull_secrets
        Names of Secrets with which images are pulled.
    user_id
        Account inside the images; never 0.
    cpu_millis, memory_bytes
        Of a worker without a device, of a scheduler, and of a slot or worker for each device.
    shared_memory_bytes
        Size of ``/dev/shm``, which counts as memory of its pod.
    scratch_bytes
        How much a pod may write to the node's disk.
    platform_namespace
        Where hub, proxy and service run.
    idle_ms
        A scheduler without work for so long ends, and its cluster with it.
    start_ms
        What an attempt may take from its Job to its first process before its time limit counts.
    checkpoint_claim
        Volume on which runs keep checkpoints, a folder for each person; empty for none, and then
        they are gone with their pod.
    scheduler_port, dashboard_port
        Where schedulers listen: TLS, and HTTP behind a key.
    """

    image: str
    gpu_image: str
    pull_secrets: tuple[str, ...] = ()
    user_id: int = 1000
    cpu_millis: int = 2_000
    memory_bytes: int = 8 * GIB
    shared_memory_bytes: int = GIB
    scratch_bytes: int = 20 * GIB
    platform_namespace: str = "madang"
    idle_ms: int = 2 * 3_600_000
    start_ms: int = 600_000
    checkpoint_claim: str = ""
    scheduler_port: int = 8786
    dashboard_port: int = 8787

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "PodSettings":
        """Read ``MADANG_POD_*`` from the environment.

        Raises
        ------
        InvalidError
            ``pod_setting_unreadable``: a number is none, or is too small.
        """
        values = os.environ if env is None else env
        image = values.get("MADANG_POD_IMAGE", "")
        secrets = values.get("MADANG_POD_PULL_SECRETS", "")
        return cls(
            image=image,
            gpu_image=values.get("MADANG_POD_GPU_IMAGE", "") or image,
            pull_secrets=tuple(name for name in secrets.split(",") if name),
            user_id=_number(values, "MADANG_POD_USER_ID", 1000),
            cpu_millis=parse_cpu_millis(values.get("MADANG_POD_CPUS", "2")),
            memory_bytes=_number(values, "MADANG_POD_MEMORY_GIB", 8) * GIB,
            shared_memory_bytes=_number(values, "MADANG_POD_SHM_GIB", 1) * GIB,
            scratch_bytes=_number(values, "MADANG_POD_SCRATCH_GIB", 20) * GIB,
            platform_namespace=values.get("MADANG_PLATFORM_NAMESPACE", "madang"),
            checkpoint_claim=values.get("MADANG_POD_CHECKPOINT_CLAIM", ""),
            idle_ms=parse_duration_ms(values.get("MADANG_CLUSTER_IDLE", "2h")),
        )


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    given = values.get(name, str(default))
    if not (given.isascii() and given.isdecimal() and int(given) >= 1):
        raise InvalidError("pod_setting_unreadable", name=name, given=given[:40])
    return int(given)
