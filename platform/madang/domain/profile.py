"""What a person picks: flavors of devices, and profiles that name a flavor and a size."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    """One kind of device in the pool; ``cpu`` is the flavor without devices.

    Attributes
    ----------
    rate_microcredits
        Price of one device-hour.
    """

    name: str
    title: str
    rate_microcredits: int
    memory_bytes: int = 0
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device: its UUID (or simulated id), flavor, and whether it may be given out."""

    id: str
    flavor: str
    is_healthy: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A choice on the profile page.

    Attributes
    ----------
    titles
        ``{"ko": …, "en": …}``.
    flavor
        Name of a flavor, or ``gpu`` for whatever GPU flavor the pool has.
    image
        Container image of its servers in a cluster, one of those that the hub allows; empty for
        the usual one.
    """

    name: str
    titles: Mapping[str, str]
    flavor: str
    devices: int
    cpu_millis: int = 2_000
    memory_bytes: int = 4 * 1024**3
    limit_ms: int = 4 * 3_600_000
    tiers: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorCapacity:
    """How much of a flavor there is and how much is free now."""

    flavor: str
    devices_total: int
    devices_free: int
    waiting: int = 0


def device_env(device_ids: tuple[str, ...], is_simulated: bool) -> dict[str, str]:
    """Return the environment that shows a process its devices, and only those.

    Real devices go by UUID into ``CUDA_VISIBLE_DEVICES``. Simulated ones must never reach a CUDA
    library, so that is emptied and they are named in ``MADANG_SIMULATED_GPUS``.
    """
    names = ",".join(device_ids)
    if is_simulated or not device_ids:
        return {"CUDA_VISIBLE_DEVICES": "", "MADANG_SIMULATED_GPUS": names}
    return {"CUDA_VISIBLE_DEVICES": names, "MADANG_SIMULATED_GPUS": ""}
