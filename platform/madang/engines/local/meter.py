"""What devices do: utilisation and memory by NVML, or simulated from what the kernel does.

A reading that cannot be had is None (shown as unmetered), never zero: zero would count against a
person in the idle policy.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from madang.engines.local.devices import LocalDevice, nvml
from madang.engines.ports import Sample
from madang.errors import UnavailableError


class LocalMeter:
    """The port ``Meter`` over this machine's devices."""

    def __init__(self, devices: Sequence[LocalDevice]) -> None:
        self._devices = {device.id: device for device in devices}

    async def read(
        self, holders: Mapping[str, tuple[str, int]], busy: Mapping[str, bool], now_ms: int
    ) -> Sequence[Sample]:
        """Read each held device; one that is not of this machine is unmetered."""
        real = [
            device_id
            for device_id in holders
            if device_id in self._devices and not self._devices[device_id].is_simulated
        ]
        readings = await asyncio.to_thread(read_nvml, real) if real else {}
        samples = []
        for device_id, (lease_id, attempt) in holders.items():
            device = self._devices.get(device_id)
            if device is not None and device.is_simulated:
                utilisation = simulated_percent(device_id, busy.get(lease_id), now_ms)
                memory = None if utilisation is None else device.memory_bytes * utilisation // 200
            else:
                utilisation, memory = readings.get(device_id, (None, None))
            samples.append(
                Sample(
                    lease_id=lease_id,
                    attempt=attempt,
                    device_id=device_id,
                    at_ms=now_ms,
                    utilisation_percent=utilisation,
                    memory_bytes=memory,
                )
            )
        return samples


def simulated_percent(device_id: str, is_busy: bool | None, now_ms: int) -> int | None:
    """Return 85 to 95 for a busy kernel, 0 for an idle one, None when nobody knows.

    The same device at the same moment always reads the same, so tests and replays agree.
    """
    if is_busy is None:
        return None
    if not is_busy:
        return 0
    return 85 + (sum(device_id.encode()) + now_ms // 1000) % 11


def read_nvml(device_ids: Sequence[str]) -> dict[str, tuple[int | None, int | None]]:
    """Return (utilisation, memory in bytes) by device; what the driver refuses is None."""
    try:
        with nvml() as lib:
            return {device_id: _read_one(lib, device_id) for device_id in device_ids}
    except UnavailableError:
        return {}


def _read_one(lib: Any, device_id: str) -> tuple[int | None, int | None]:
    utilisation = memory = None
    try:
        handle = lib.nvmlDeviceGetHandleByUUID(device_id)
        memory = int(lib.nvmlDeviceGetMemoryInfo(handle).used)
        # A MIG instance has no such counter: the driver refuses, and it stays unmetered.
        utilisation = int(lib.nvmlDeviceGetUtilizationRates(handle).gpu)
    except lib.NVMLError:
        return utilisation, memory
    return utilisation, memory
