"""Troubles of GPUs: driver, MIG, who holds them, faults, and Python packages that do not fit."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from madang.errors import UnavailableError
from madang.shim.record import MARKER
from madang.stack.checks.check import Check, worth_knowing
from madang.stack.checks.machine import Machine

LEAST_DRIVER = {"cu13": 580, "cu12": 525}
"""Oldest driver for wheels of a CUDA version."""

_STUBS = {"cudf": "0.6.1", "rmm": "0.0.1", "cuml": "0.6.1"}
"""Names on PyPI without a CUDA suffix: stubs of 2020 that hold nothing."""

_NVIDIA, _DISPLAY = "0x10de", "0x03"
_XID = re.compile(r"NVRM: Xid \(PCI:([0-9a-f:.]+)\): (\d+)", re.IGNORECASE)
_SERIOUS_XIDS = frozenset({48, 61, 62, 63, 64, 74, 79, 92, 94, 95, 119, 120, 140})
"""Faults of the device; the others come from programs."""


def checks(machine: Machine) -> list[Check]:
    """Return all findings about GPUs; without a GPU that there is none."""
    found = [*_wheels(machine)]
    module = _module_version(machine)
    if not module:
        is_there = any(_cards(machine))
        return [*found, Check("driver" if is_there else "no_gpu", not is_there)]
    try:
        with machine.nvml() as lib:
            return [*found, *_with_driver(machine, lib, module)]
    except UnavailableError as error:
        why = str(error.details.get("why", ""))
        is_mismatch = "mismatch" in why.lower()
        name = "driver_mismatch" if is_mismatch else "driver_silent"
        return [*found, Check(name, False, {"module": module, "library": "?", "why": why})]


def _module_version(machine: Machine) -> str:
    text = machine.read("proc/driver/nvidia/version")
    match = re.search(r"Kernel Module[^\n]*?\s(\d+\.[\d.]+)", text)
    return match[1] if match else ""


def _cards(machine: Machine) -> Iterator[bool]:
    """Give True for each NVIDIA GPU on the bus, whether it has a driver or not."""
    for device in (machine.root / "sys/bus/pci/devices").glob("*"):
        vendor = machine.read(str((device / "vendor").relative_to(machine.root))).strip()
        kind = machine.read(str((device / "class").relative_to(machine.root))).strip()
        if vendor == _NVIDIA and kind.startswith(_DISPLAY):
            yield True


def _wheels(machine: Machine) -> list[Check]:
    known = machine.wheels()
    found = [
        Check("stub", False, {"name": name, "version": known[name]})
        for name, version in _STUBS.items()
        if known.get(name, "").startswith(version)
    ]
    return found or [Check("stub", True)]


def _with_driver(machine: Machine, lib: Any, module: str) -> list[Check]:
    library = _text(lib.nvmlSystemGetDriverVersion())
    found = [
        Check("driver_mismatch", library == module, {"module": module, "library": library}),
        *_driver_age(machine, library),
    ]
    handles = [lib.nvmlDeviceGetHandleByIndex(n) for n in range(lib.nvmlDeviceGetCount())]
    found.append(Check("gpu", bool(handles), {"count": len(handles), "tool": "-"}))
    for number, handle in enumerate(handles):
        found += _device(machine, lib, number, handle)
    return [*found, *_xids(machine)]


def _driver_age(machine: Machine, driver: str) -> list[Check]:
    major = int(driver.split(".")[0]) if driver.split(".")[0].isdigit() else 0
    known = machine.wheels()
    for cuda, least in LEAST_DRIVER.items():
        name = next((n for n in sorted(known) if n.endswith(f"-{cuda}")), "")
        if name:
            values = {"driver": driver, "least": least, "name": name}
            return [Check("driver_old", major >= least, values)]
    return []


def _device(machine: Machine, lib: Any, number: int, handle: Any) -> list[Check]:
    found = []
    values: dict[str, Any] = {"number": number}
    with suppress(lib.NVMLError):  # a GPU that cannot be cut
        mode, _ = lib.nvmlDeviceGetMigMode(handle)
        if mode == lib.NVML_DEVICE_MIG_ENABLE:
            found.append(Check("mig", _instances(lib, handle) > 0, values))
    with suppress(lib.NVMLError):
        is_on = bool(lib.nvmlDeviceGetPersistenceMode(handle))
        found.append(worth_knowing("persistence", is_on, values))
    with suppress(lib.NVMLError):
        errors = lib.nvmlDeviceGetTotalEccErrors(
            handle, lib.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, lib.NVML_VOLATILE_ECC
        )
        found.append(Check("ecc", errors == 0, {**values, "count": errors}))
    with suppress(lib.NVMLError):
        _, _, is_pending, has_failed = lib.nvmlDeviceGetRemappedRows(handle)
        found.append(Check("remap", not (is_pending or has_failed), values))
    with suppress(lib.NVMLError):
        pids = [process.pid for process in lib.nvmlDeviceGetComputeRunningProcesses(handle)]
        strangers = [pid for pid in pids if not _is_ours(machine, pid)]
        who = ", ".join(_who(machine, pid) for pid in strangers)
        found.append(Check("held", not strangers, {**values, "who": who}))
    return found


def _instances(lib: Any, handle: Any) -> int:
    count = 0
    for index in range(lib.nvmlDeviceGetMaxMigDeviceCount(handle)):
        with suppress(lib.NVMLError):  # their numbers have holes
            lib.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
            count += 1
    return count


def _is_ours(machine: Machine, pid: int) -> bool:
    """Tell by its environment whether a process belongs to a lease."""
    lines = machine.read(f"proc/{pid}/environ").split("\0")
    return any(line.startswith(f"{MARKER}=") for line in lines)


def _who(machine: Machine, pid: int) -> str:
    return f"{machine.read(f'proc/{pid}/comm').strip() or '?'} (pid {pid})"


def _xids(machine: Machine) -> list[Check]:
    seen = [(bus, int(code)) for bus, code in _XID.findall(machine.kernel_log())]
    serious = [f"{code} ({bus})" for bus, code in seen if code in _SERIOUS_XIDS]
    codes = ", ".join(dict.fromkeys(serious))
    return [Check("xid", not serious, {"codes": codes})]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
