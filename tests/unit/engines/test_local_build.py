"""Putting the local engine together from settings and policy."""

from pathlib import Path

from madang.engines.local import build
from madang.settings.config import ServiceSettings
from madang.settings.files import Policy
from madang.settings.home import Home


async def test_engine_flavors_and_totals(tmp_path: Path) -> None:
    settings = ServiceSettings(
        home=Home(tmp_path), database_url="", bind_host="127.0.0.1", bind_port=1, public_url="",
        hub_api_url="", api_token="", policy_path=tmp_path, profiles_path=tmp_path,
        gpus="sim:8xh200",
    )  # fmt: skip
    policy = Policy(
        rates={}, rate_default_microcredits=7, half_life_ms=1, block_ms=1, stop_grace_ms=1,
        zone="UTC", tiers={}, projects=(),
    )  # fmt: skip
    engine, flavors, totals = build(settings, policy)
    assert engine.name == "local"
    assert [flavor.name for flavor in flavors] == ["sim-h200", "cpu"]
    assert totals == {"sim-h200": 8, "cpu": 0}
    capacity = await engine.admission.capacity()
    assert {c.flavor: c.devices_free for c in capacity} == totals
    # Nothing is written before something is started.
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a test
