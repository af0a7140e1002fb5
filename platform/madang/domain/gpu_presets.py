"""Whole GPUs and MIG slices by name, so that a policy need not spell them out.

Names, memory and how many of a slice one card gives are NVIDIA's table of supported profiles
(https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html) for H100 with
80 GB, H200 with 141 GB and B200 with 180 GB. Resources are called as the device plugin calls them
with the strategy ``mixed``. Memory is the rounded number that stands in the profile's name: what a
program can allocate is a little less. A card that is not listed is written out by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass

WHOLE_GPU = "nvidia.com/gpu"
MIG_PREFIX = "nvidia.com/mig-"


@dataclass(frozen=True, slots=True)
class GpuPreset:
    """What a preset fills in.

    Attributes
    ----------
    count_per_gpu
        How many of them one card can be cut into at most.
    """

    resource: str
    memory_gib: int
    count_per_gpu: int = 1


_SLICES = {
    "h100": (80, {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1}),
    "h200": (141, {"1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1}),
    "b200": (180, {"1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1}),
}


def _table() -> dict[str, GpuPreset]:
    known = {}
    for card, (memory_gib, slices) in _SLICES.items():
        known[card] = GpuPreset(WHOLE_GPU, memory_gib)
        for profile, count in {**slices, f"7g.{memory_gib}gb": 1}.items():
            size_gib = int(profile.partition(".")[2].removesuffix("gb"))
            name = f"{card}-mig-{profile}"
            known[name] = GpuPreset(MIG_PREFIX + profile, size_gib, count)
    return known


PRESETS: Mapping[str, GpuPreset] = _table()
"""Presets by name, such as ``h200`` and ``h200-mig-1g.18gb``."""
