"""What `maintenance` and `devices` send and print."""

import pytest

from madang.cli.upkeep import moment
from madang.units import now_ms


def test_maintenance(service, madang):
    service.on("GET", "maintenance", (200, None), (200, {"text": "Nothing new starts: fans"}))
    assert madang("maintenance")[1] == "Everything starts as usual.\n"
    assert madang("maintenance")[1] == "Nothing new starts: fans\n"
    service.on("POST", "maintenance", (200, {"text": "paused"}))
    assert madang("maintenance", "on", "--reason", "fans", "--until", "2h")[:2] == (0, "paused\n")
    body = service.called("POST", "maintenance")[0]["body"]
    assert body["reason"] == "fans"
    assert abs(body["until_ms"] - now_ms() - 7_200_000) < 60_000
    assert madang("maintenance", "on")[0] == 2
    service.on("DELETE", "maintenance", (204, b""))
    assert "over" in madang("maintenance", "off")[1]


@pytest.mark.parametrize("given", ["2026-11-24 18:00", "2026-11-24T18:00"])
def test_a_time_is_local(given):
    from datetime import datetime

    assert moment(given) == datetime(2026, 11, 24, 18).astimezone().timestamp() * 1000


def test_a_time_that_is_none(service, madang):
    status, _, err = madang("maintenance", "on", "--reason", "x", "--until", "soon")
    assert status == 2
    assert "soon" in err


def test_devices(service, madang):
    row = {"id": "GPU-1", "flavor": "h200", "state": "out", "lease": "", "person": ""}
    row |= {"since_ms": now_ms(), "reason": "hot", "by": "root", "is_present": True}
    service.on("GET", "devices", (200, [row]))
    _, out, _ = madang("devices")
    assert out.splitlines()[1].split()[:3] == ["GPU-1", "h200", "out"]
    assert "hot" in out
    assert madang("devices", "list", "--json")[1] == madang("devices", "--json")[1]
    service.on("POST", "devices/drain", (200, row), (200, {**row, "lease": "lease-1"}))
    assert (
        madang("devices", "drain", "GPU-1", "--reason", "hot")[1] == "GPU-1 is out of the pool.\n"
    )
    assert "lease-1" in madang("devices", "drain", "GPU-1", "--reason", "hot")[1]
    assert madang("devices", "drain", "GPU-1")[0] == 2
    service.on("POST", "devices/return", (200, row))
    assert madang("devices", "return", "GPU-1")[0] == 0
    assert service.called("POST", "devices/return")[0]["body"] == {"device": "GPU-1"}
