"""The hostile engine: repeatable, hostile in fact, and never breaking what a port promises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import QueueItem
from madang.engines.hostile import Faults, HostileEngine
from madang.engines.ports import Admitted, LaunchSpec
from madang.errors import ConflictError, LocalError


def item(lease_id: str, devices: int = 1) -> QueueItem:
    return QueueItem(
        lease_id=lease_id, attempt=1, person="p", project="q", kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH, flavor="sim-h200", devices=devices, submitted_ms=0,
        limit_ms=1000,
    )  # fmt: skip


async def story(seed: int) -> tuple[list[object], set[int]]:
    """Enqueue ten leases; end each when it was admitted; return all events and the counts held."""
    hostile = HostileEngine(seed, {"sim-h200": 4}, Faults.all())
    engine = hostile.engine()
    for n in range(10):
        await engine.admission.enqueue(item(f"lease-{n}", 1 + n % 3))
    events: list[object] = []
    held = set()
    for _ in range(400):
        for event in await engine.admission.poll(hostile.advance(500)):
            events.append(event)
            if isinstance(event, Admitted):
                await engine.admission.release(event.lease_id, event.attempt)
        given_out = [d for ids in hostile.admission.held().values() for d in ids]
        assert len(given_out) == len(set(given_out))
        held.add(len(given_out))
    return events, held


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
async def test_everybody_is_admitted_and_no_device_twice(seed: int) -> None:
    events, held = await story(seed)
    admitted = [e.lease_id for e in events if isinstance(e, Admitted)]
    assert set(admitted) == {f"lease-{n}" for n in range(10)}
    assert max(held) <= 4
    assert (await story(seed))[0] == events


async def test_it_is_hostile() -> None:
    events, _ = await story(3)
    assert len(events) > 10


async def test_a_start_may_fail_after_the_process_was_made() -> None:
    hostile = HostileEngine(1, faults=Faults(start_unrecorded=1.0))
    launcher = hostile.engine().launcher
    wanted = LaunchSpec(
        lease_id="lease-a", attempt=1, kind=LeaseKind.SLOT, person_name="ada", project_name="p",
        flavor="sim-h200", device_ids=("sim-h200-0",), limit_ms=1000, service_url="http://x",
    )  # fmt: skip
    with pytest.raises(LocalError):
        await launcher.start(wanted)
    assert await launcher.alive() == [("lease-a", 1)]
    assert (await launcher.observe("lease-a", 1)).started_ms is None
    await launcher.start(wanted)
    assert (await launcher.observe("lease-a", 1)).is_alive
    assert hostile.launcher.starts == {("lease-a", 1): 1}
    hostile.vanish("lease-a")
    life = await launcher.observe("lease-a", 1)
    assert (life.is_alive, life.is_sure) == (False, False)


async def test_lost_events_come_later() -> None:
    hostile = HostileEngine(1)
    admission = hostile.engine().admission
    await admission.enqueue(item("lease-a"))
    await admission.poll(hostile.clock())
    hostile.ask_back("lease-a")
    hostile.lose_events()
    assert await admission.poll(hostile.advance(100)) == []
    assert len(await admission.poll(hostile.advance(10_000))) >= 1


async def test_workers_join_a_living_scheduler_only() -> None:
    house = HostileEngine(1)
    launcher = house.launcher

    def wanted(lease_id: str, joins: tuple[str, int] | None) -> LaunchSpec:
        return LaunchSpec(
            lease_id=lease_id, attempt=1, kind=LeaseKind.CLUSTER, person_name="ada",
            project_name="vision", flavor="sim-h200", device_ids=("sim-h200-0",), limit_ms=1,
            service_url="http://127.0.0.1:1/s", joins=joins,
        )  # fmt: skip

    joining = wanted("lease-b", ("lease-a", 1))
    with pytest.raises(ConflictError, match="joined_cluster_gone"):
        await launcher.start(joining)
    await launcher.start(wanted("lease-a", None))
    await launcher.start(joining)
    assert await launcher.endpoint("lease-a", 1) is not None
    assert await launcher.endpoint("lease-b", 1) is None
    assert await launcher.wanted_workers("lease-a", 1) is None
    launcher.wants["lease-a"] = 7
    assert await launcher.wanted_workers("lease-a", 1) == 7
    assert await launcher.retire("lease-a", 1, ["x"])
    house.finish("lease-a")
    assert await launcher.wanted_workers("lease-a", 1) is None
    assert not await launcher.retire("lease-a", 1, ["x"])
