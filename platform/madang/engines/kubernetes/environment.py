"""The environment of a container: plain values checked, secrets by reference. Data in, data out.

Kubernetes replaces ``$(NAME)`` in values and arguments, so that text of a person could read a
secret that stands beside it: each dollar is doubled, which Kubernetes reads as one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from madang.domain.profile import device_env
from madang.engines.ports import LaunchSpec

MAX_VALUE = 2_000
HOME = "/home/madang"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_LOADERS = ("LD_", "PYTHON", "MADANG_", "DASK_", "CUDA_", "NVIDIA_")
"""What extra environment may not say: it would change what our programs are, or what they see."""


def is_simulated(flavor: str) -> bool:
    """Tell whether devices of a flavor are only said to be there."""
    return flavor.startswith("sim-")


def plain(text: str) -> str:
    """Return a text as the value of a variable: printable, of limited length."""
    return "".join(char if char.isprintable() else "_" for char in text)[:MAX_VALUE]


def escaped(text: str) -> str:
    """Return a text in which Kubernetes replaces nothing."""
    return text.replace("$", "$$")


def base_env(spec: LaunchSpec, devices: int) -> dict[str, str]:
    """Return what the processes of an attempt find in their environment, secrets apart.

    Parameters
    ----------
    devices
        Of the pod; the device plugin says which.
    """
    extra = {
        name: plain(value)
        for name, value in spec.env.items()
        if _NAME.fullmatch(name) and not name.startswith(_LOADERS)
    }
    return {
        **extra,
        "HOME": HOME,
        "USER": plain(spec.person_name),
        "LANG": "C.UTF-8",
        "MADANG_URL": plain(spec.service_url),
        "MADANG_LEASE": spec.lease_id,
        "MADANG_ATTEMPT": str(spec.attempt),
        "MADANG_PROJECT": plain(spec.project_name),
        **_shown(spec, devices),
    }


def _shown(spec: LaunchSpec, devices: int) -> Mapping[str, str]:
    if is_simulated(spec.flavor):
        return device_env(tuple(map(plain, spec.device_ids[:devices])), is_simulated=True)
    if devices:
        return {"MADANG_SIMULATED_GPUS": ""}
    # Images for GPUs ask for all of a node's devices, and some runtimes listen to that.
    return {**device_env((), is_simulated=False), "NVIDIA_VISIBLE_DEVICES": "void"}


def env_list(env: Mapping[str, str], secrets: Mapping[str, tuple[str, str]]) -> list[Any]:
    """Return a container's ``env``.

    Parameters
    ----------
    secrets
        (Secret, key) by the name of the variable.
    """
    values: list[Any] = [{"name": name, "value": escaped(env[name])} for name in sorted(env)]
    for name, (secret, key) in secrets.items():
        reference = {"secretKeyRef": {"name": secret, "key": key}}
        values.append({"name": name, "valueFrom": reference})
    return values


def command(argv: Sequence[str]) -> list[str]:
    """Return a container's ``command``."""
    return [escaped(part) for part in argv]
