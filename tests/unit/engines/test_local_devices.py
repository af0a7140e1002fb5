"""Reading devices: texts, product names, and a driver that is a table."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from madang.engines.local.devices import flavor_of, flavors, parse_gpus, read_nvml
from madang.engines.local.meter import LocalMeter
from madang.errors import InvalidError, UnavailableError
from madang.settings.files import Policy


def test_simulated_devices() -> None:
    found = parse_gpus("sim:2xh200, 1xa100")
    assert [(d.id, d.flavor, d.is_simulated) for d in found] == [
        ("sim-h200-0", "sim-h200", True),
        ("sim-h200-1", "sim-h200", True),
        ("sim-a100-0", "sim-a100", True),
    ]
    assert found[0].memory_bytes == 141 * 1024**3
    assert parse_gpus("none") == ()


@pytest.mark.parametrize(
    "text",
    ["", "sim", "sim:", "sim:h200", "sim:0xh200", "sim:1025xh200", "sim:2xh200,2xh200", "8xh200",
     "sim:2x../x", "sim:2xH 200", "sim:-1xh200", "sim:2x" + "a" * 60, "cuda:0"],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_gpus(text)
    assert caught.value.code == "gpus_unreadable"


@pytest.mark.parametrize(
    ("product", "flavor"),
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA H200 MIG 1g.18gb", "h200-mig-1g.18gb"),
        ("NVIDIA A100-SXM4-80GB", "a100-sxm4-80gb"),
        ("NVIDIA H100 80GB HBM3", "h100-80gb"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("Tesla T4", "t4"),
        ("NVIDIA", "gpu"),
    ],
)
def test_flavor_names(product: str, flavor: str) -> None:
    assert flavor_of(product) == flavor


class DriverError(Exception):
    pass


def driver(**changes: Any) -> SimpleNamespace:
    """A driver with a whole GPU and one that is cut into two instances, with a hole."""
    names = {0: "NVIDIA H200", 1: "NVIDIA H200", (1, 0): "NVIDIA H200 MIG 1g.18gb",
             (1, 2): "NVIDIA H200 MIG 1g.18gb"}  # fmt: skip

    def instance(handle: Any, index: int) -> Any:
        if (handle, index) not in names:
            raise DriverError("not found")
        return handle, index

    def mode(handle: Any) -> tuple[int, int]:
        return (1, 1) if handle == 1 else (0, 0)

    def rates(handle: Any) -> Any:
        if isinstance(handle, tuple):
            raise DriverError("not supported")
        return SimpleNamespace(gpu=42)

    def by_uuid(uuid: str) -> Any:
        for handle in names:
            if f"U-{handle}" == uuid:
                return handle
        raise DriverError("gone")

    values: dict[str, Any] = {
        "NVMLError": DriverError,
        "NVML_DEVICE_MIG_ENABLE": 1,
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetHandleByUUID": by_uuid,
        "nvmlDeviceGetName": lambda handle: names[handle].encode(),
        "nvmlDeviceGetUUID": lambda handle: f"U-{handle}",
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=1000, used=10),
        "nvmlDeviceGetMigMode": mode,
        "nvmlDeviceGetMaxMigDeviceCount": lambda handle: 7,
        "nvmlDeviceGetMigDeviceHandleByIndex": instance,
        "nvmlDeviceGetUtilizationRates": rates,
    }
    return SimpleNamespace(**(values | changes))


@pytest.fixture
def lib(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    found = driver()
    monkeypatch.setitem(sys.modules, "pynvml", found)  # type: ignore[arg-type]
    return found


def no_driver() -> None:
    raise DriverError("library not found")


def test_instances_stand_for_a_cut_gpu(lib: SimpleNamespace) -> None:
    found = read_nvml()
    assert [(d.flavor, d.parent) for d in found] == [
        ("h200", ""),
        ("h200-mig-1g.18gb", "U-1"),
        ("h200-mig-1g.18gb", "U-1"),
    ]
    assert parse_gpus("auto") == parse_gpus("nvml") == found


def test_without_a_driver(lib: SimpleNamespace) -> None:
    lib.nvmlInit = no_driver
    assert [d.id for d in parse_gpus("auto")] == [f"sim-h200-{n}" for n in range(4)]
    with pytest.raises(UnavailableError) as caught:
        parse_gpus("nvml")
    assert caught.value.code == "nvml_unavailable"


async def test_meter_reads_the_driver(lib: SimpleNamespace) -> None:
    meter = LocalMeter(parse_gpus("nvml"))
    holders = {"U-0": ("lease-a", 1), "U-(1, 2)": ("lease-b", 1), "U-gone": ("lease-c", 2)}
    read = {s.device_id: (s.utilisation_percent, s.memory_bytes) for s in
            await meter.read(holders, {"lease-a": False}, 5)}  # fmt: skip
    # An instance has no such counter, a device of another machine nothing: unmetered, not zero.
    assert read == {"U-0": (42, 10), "U-(1, 2)": (None, 10), "U-gone": (None, None)}
    lib.nvmlInit = no_driver
    samples = await meter.read(holders, {}, 6)
    assert all(s.utilisation_percent is None for s in samples)


def test_flavors_have_prices() -> None:
    policy = Policy(
        rates={"sim-h200": 5}, rate_default_microcredits=7, half_life_ms=1, block_ms=1,
        stop_grace_ms=1, zone="UTC", tiers={}, projects=(),
    )  # fmt: skip
    found = flavors(parse_gpus("sim:2xh200,1xl4"), policy)
    assert [(f.name, f.rate_microcredits, f.is_simulated) for f in found] == [
        ("sim-h200", 5, True),
        ("sim-l4", 7, True),
        ("cpu", 0, False),
    ]
