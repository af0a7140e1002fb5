"""The devices of this machine: read by NVML, or simulated by a text such as ``sim:8xh200``.

Called once at the start of the service. A GPU is never detected by importing a library that uses
one (cudf imports without any); NVML is asked, and answers on a machine without a driver too.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from madang.domain.profile import Device, Flavor
from madang.errors import InvalidError, UnavailableError
from madang.settings.files import Policy

CPU = "cpu"
"""The flavor without devices; every pool has it."""

DEFAULT_SIMULATED = "sim:4xh200"
MAX_SIMULATED = 1024

_SIMULATED = re.compile(r"(\d{1,4})x([a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?)")
_GIB = 1024**3
_KNOWN_MEMORY = {
    "h200": 141, "h100": 80, "b200": 192, "a100": 80, "l40s": 48, "l4": 24, "a10": 24, "t4": 16,
}  # fmt: skip
"""Memory in GiB that a simulated device claims to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDevice:
    """One device with what its flavor's title needs.

    Attributes
    ----------
    id
        GPU or MIG UUID, or the simulated id.
    title
        Product name as people know it.
    parent
        For a MIG instance the UUID of its GPU, else empty.
    """

    id: str
    flavor: str
    title: str
    memory_bytes: int = 0
    is_simulated: bool = False
    is_healthy: bool = True
    parent: str = ""

    @property
    def public(self) -> Device:
        """The device as domain data."""
        return Device(id=self.id, flavor=self.flavor, is_healthy=self.is_healthy)


def parse_gpus(text: str) -> tuple[LocalDevice, ...]:
    """Return the devices that a setting names.

    Parameters
    ----------
    text
        ``auto`` (NVML, else four simulated), ``nvml``, ``none``, or ``sim:<count>x<model>``; more
        than one model is joined by commas: ``sim:8xh200,4xa100``.

    Raises
    ------
    InvalidError
        ``gpus_unreadable`` for any other text.
    UnavailableError
        ``nvml_unavailable`` when ``nvml`` was asked for and no driver answers.
    """
    given = text.strip().lower()
    if given == "none":
        return ()
    if given == "nvml":
        return read_nvml()
    if given == "auto":
        with suppress(UnavailableError):
            if found := read_nvml():
                return found
        given = DEFAULT_SIMULATED
    if not given.startswith("sim:"):
        raise InvalidError("gpus_unreadable", given=text[:80])
    return _simulated(given.removeprefix("sim:"), text)


def _simulated(names: str, text: str) -> tuple[LocalDevice, ...]:
    counts: dict[str, int] = {}
    for part in names.split(","):
        match = _SIMULATED.fullmatch(part.strip())
        if match is None or match[2] in counts or not 0 < int(match[1]) <= MAX_SIMULATED:
            raise InvalidError("gpus_unreadable", given=text[:80])
        counts[match[2]] = int(match[1])
    return tuple(
        LocalDevice(
            id=f"sim-{model}-{index}",
            flavor=f"sim-{model}",
            title=f"{model.upper()} (simulated)",
            memory_bytes=_KNOWN_MEMORY.get(model.split("-")[0], 16) * _GIB,
            is_simulated=True,
        )
        for model, count in counts.items()
        for index in range(count)
    )


def flavor_of(product: str) -> str:
    """Return the flavor's name from NVML's product name.

    Examples
    --------
    >>> flavor_of("NVIDIA H200")
    'h200'
    >>> flavor_of("NVIDIA H200 MIG 1g.18gb")
    'h200-mig-1g.18gb'
    """
    words = product.replace("_", " ").replace("/", " ").lower().split()
    left = [word for word in words if word not in {"nvidia", "tesla", "geforce", "graphics"}]
    name = re.sub(r"[^a-z0-9.-]+", "-", "-".join(left)).strip("-.")
    # "H100 80GB HBM3" and "A100-SXM4-80GB": the form factor stays, the kind of memory goes.
    return re.sub(r"-hbm\d+e?$", "", name) or "gpu"


@contextmanager
def nvml() -> Iterator[Any]:
    """Give the NVML module, initialised; ``nvml_unavailable`` when no driver answers."""
    try:
        import pynvml
    except ImportError as error:
        raise UnavailableError("nvml_unavailable", why="nvidia-ml-py is not installed") from error
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise UnavailableError("nvml_unavailable", why=str(error)) from error
    try:
        yield pynvml
    except pynvml.NVMLError as error:
        raise UnavailableError("nvml_unavailable", why=str(error)) from error
    finally:
        with suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def read_nvml() -> tuple[LocalDevice, ...]:
    """Return each GPU, or in its place its MIG instances when it is cut into some."""
    found: list[LocalDevice] = []
    with nvml() as lib:
        for index in range(lib.nvmlDeviceGetCount()):
            handle = lib.nvmlDeviceGetHandleByIndex(index)
            whole = _read_one(lib, handle)
            instances = [_read_one(lib, h, whole.id) for h in _instances(lib, handle)]
            found.extend(instances or [whole])
    return tuple(found)


def _read_one(lib: Any, handle: Any, parent: str = "") -> LocalDevice:
    product = _text(lib.nvmlDeviceGetName(handle))
    return LocalDevice(
        id=_text(lib.nvmlDeviceGetUUID(handle)),
        flavor=flavor_of(product),
        title=product,
        memory_bytes=int(lib.nvmlDeviceGetMemoryInfo(handle).total),
        parent=parent,
    )


def _instances(lib: Any, handle: Any) -> list[Any]:
    try:
        current, _ = lib.nvmlDeviceGetMigMode(handle)
        if current != lib.NVML_DEVICE_MIG_ENABLE:
            return []
        count = lib.nvmlDeviceGetMaxMigDeviceCount(handle)
    except lib.NVMLError:
        # Not a GPU that can be cut.
        return []
    found = []
    for index in range(count):
        # Numbers of instances have holes.
        with suppress(lib.NVMLError):
            found.append(lib.nvmlDeviceGetMigDeviceHandleByIndex(handle, index))
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def flavors(devices: Sequence[LocalDevice], policy: Policy) -> list[Flavor]:
    """Return the flavors of a pool with their prices, ``cpu`` last."""
    found = {device.flavor: device for device in devices}
    return [
        *(
            Flavor(
                name=name,
                title=device.title,
                rate_microcredits=policy.rate(name),
                memory_bytes=device.memory_bytes,
                is_simulated=device.is_simulated,
            )
            for name, device in found.items()
        ),
        Flavor(name=CPU, title="CPU", rate_microcredits=policy.rate(CPU)),
    ]
