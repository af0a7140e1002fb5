"""The engine of one machine: FairQueue, the shim, NVML or simulated devices, a folder.

Only :mod:`madang.wiring` builds it. Outside libraries: NVML here, Dask only on command lines.
"""

from madang.domain.profile import Flavor
from madang.engines import stored_artifacts
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.artifacts import LocalArtifacts
from madang.engines.local.devices import CPU, flavors, parse_gpus
from madang.engines.local.environments import LocalEnvironments
from madang.engines.local.launcher import LocalLauncher
from madang.engines.local.meter import LocalMeter
from madang.engines.ports import Engine
from madang.settings.config import ServiceSettings
from madang.settings.files import Policy

__all__ = ["build"]


def build(settings: ServiceSettings, policy: Policy) -> tuple[Engine, list[Flavor], dict[str, int]]:
    """Return the engine, its flavors with their prices, and the number of devices by flavor.

    Raises
    ------
    InvalidError
        ``gpus_unreadable``: the setting names no devices.
    UnavailableError
        ``nvml_unavailable``: real GPUs were asked for and no driver answers.
    """
    devices = parse_gpus(settings.gpus)
    is_pam = settings.system_users
    environments = LocalEnvironments(
        settings.home.environments(system_users=is_pam), system_users=is_pam
    )
    engine = Engine(
        name="local",
        admission=LocalAdmission(
            devices, half_life_ms=policy.half_life_ms, grace_ms=policy.stop_grace_ms
        ),
        launcher=LocalLauncher(settings.home, system_users=is_pam, environments=environments),
        meter=LocalMeter(devices),
        artifacts=stored_artifacts.build(
            policy.artifacts, lambda: LocalArtifacts(settings.home.artifacts)
        ),
        environments=environments,
    )
    totals = {CPU: 0}
    for device in devices:
        totals[device.flavor] = totals.get(device.flavor, 0) + 1
    return engine, flavors(devices, policy), totals
