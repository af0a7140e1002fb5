"""What every pod of a person has in common: the `restricted` standard, and what it may use.

Pure; the manifests of slots and clusters are made with it, and nothing else makes a pod.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor
from madang.engines.kubernetes.environment import HOME, command, env_list
from madang.settings.pods import PodSettings
from madang.units import cpu_text

KEYS = "/var/run/madang"
SCRATCH = "/scratch"
MAIN = "main"
"""Name of a pod's one container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of a volume that outlives the pod; the pod sees nothing else of the volume."""

    claim: str
    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What differs from pod to pod.

    Attributes
    ----------
    devices
        Of the flavor; 0 for none.
    secret_env
        (Secret, key) by the name of a variable.
    secret_files
        Name of the Secret that lies in ``KEYS``, and the keys of it that do; empty for none.
    kept
        What outlives the pod; None for nothing.
    share
        How often the size of the settings is given: once for each device or worker.
    """

    image: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    flavor: ClusterFlavor | None
    grace_s: int
    devices: int = 0
    share: int = 1
    secret_env: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    secret_files: tuple[str, tuple[str, ...]] | None = None
    kept: Folder | None = None


def pod_spec(wanted: Wanted, settings: PodSettings) -> dict[str, Any]:
    """Return the spec of a pod that `restricted` accepts."""
    flavor = wanted.flavor
    volumes, mounts = _volumes(wanted, settings)
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        # Else the addresses of everybody's services would stand in its environment.
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "terminationGracePeriodSeconds": wanted.grace_s,
        "nodeSelector": dict(flavor.node_labels) if flavor else {},
        "tolerations": [dict(each) for each in flavor.tolerations] if flavor else [],
        "imagePullSecrets": [{"name": name} for name in settings.pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": settings.user_id,
            "runAsGroup": settings.user_id,
            "fsGroup": settings.user_id,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": volumes,
        "containers": [
            {
                "name": MAIN,
                "image": wanted.image,
                "imagePullPolicy": "IfNotPresent",
                "command": command(wanted.argv),
                "env": env_list(wanted.env, wanted.secret_env),
                "workingDir": HOME,
                "resources": _resources(wanted, settings),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "privileged": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": mounts,
            }
        ],
    }


def _resources(wanted: Wanted, settings: PodSettings) -> dict[str, Any]:
    share = max(1, wanted.share)
    given = {
        "cpu": cpu_text(settings.cpu_millis * share),
        "memory": str(settings.memory_bytes * share),
        "ephemeral-storage": str(settings.scratch_bytes),
    }
    if wanted.flavor is not None and wanted.devices:
        given[wanted.flavor.resource] = str(wanted.devices)
    return {"requests": dict(given), "limits": dict(given)}


def _volumes(wanted: Wanted, settings: PodSettings) -> tuple[list[Any], list[Any]]:
    size = str(settings.scratch_bytes)
    volumes: list[Any] = [
        {"name": "home", "emptyDir": {"sizeLimit": size}},
        {"name": "tmp", "emptyDir": {"sizeLimit": size}},
        {"name": "scratch", "emptyDir": {"sizeLimit": size}},
        {
            "name": "shm",
            "emptyDir": {"medium": "Memory", "sizeLimit": str(settings.shared_memory_bytes)},
        },
    ]
    places = {"home": HOME, "tmp": "/tmp", "scratch": SCRATCH, "shm": "/dev/shm"}  # noqa: S108 - its own
    mounts: list[Any] = [{"name": name, "mountPath": path} for name, path in places.items()]
    if wanted.secret_files is not None:
        name, keys = wanted.secret_files
        volumes.append({"name": "keys", "secret": _files(name, keys)})
        mounts.append({"name": "keys", "mountPath": KEYS, "readOnly": True})
    if (kept := wanted.kept) is not None:
        volumes.append({"name": "kept", "persistentVolumeClaim": {"claimName": kept.claim}})
        mounts.append({"name": "kept", "mountPath": kept.path, "subPath": kept.name})
    return volumes, mounts


def _files(secret: str, keys: Sequence[str]) -> dict[str, Any]:
    items = [{"key": key, "path": key} for key in keys]
    return {"secretName": secret, "defaultMode": 0o440, "items": items}
