"""What every Admission promises."""

from dataclasses import replace

from engines_house import DEVICES, FLAVOR, START_MS, House, item

from madang.domain.lease import WaitReason
from madang.engines.ports import AskedBack, Refused


async def test_what_fits_is_admitted_with_devices_of_its_own(house: House) -> None:
    for name in ("lease-a", "lease-b"):
        await house.engine.admission.enqueue(item(name, 2))
    first, second = await house.admitted("lease-a"), await house.admitted("lease-b")
    assert len(first.device_ids) == len(second.device_ids) == 2
    assert not set(first.device_ids) & set(second.device_ids)
    known = {device.id for device in await house.engine.admission.devices()}
    assert {*first.device_ids, *second.device_ids} == known


async def test_repeated_enqueue_and_repeated_events_give_nothing_twice(house: House) -> None:
    for _ in range(3):
        await house.engine.admission.enqueue(item("lease-a", 2))
    first = await house.admitted("lease-a")
    for _ in range(3):
        await house.engine.admission.enqueue(item("lease-a", 2))
    for _ in range(100):
        for event in await house.engine.admission.poll(house.now()):
            # Told again it names the same devices.
            assert event == first
        await house.pass_time(200)
    assert await free(house) == DEVICES - 2


async def test_the_rest_waits_until_devices_are_released(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", DEVICES))
    held = await house.admitted("lease-a")
    await house.engine.admission.enqueue(item("lease-b", 1))
    for _ in range(30):
        events = await house.engine.admission.poll(house.now())
        assert all(event.lease_id == "lease-a" for event in events)
        await house.pass_time(200)
    standing = (await house.engine.admission.standings(house.now()))["lease-b"]
    assert (standing.position, standing.waiting, standing.devices_free) == (1, 1, 0)
    assert standing.reason in set(WaitReason)
    await house.engine.admission.release("lease-a", 2)
    assert await free(house) == 0
    for _ in range(2):
        await house.engine.admission.release("lease-a", 1)
    assert (await house.admitted("lease-b")).device_ids[0] in held.device_ids
    assert await house.engine.admission.standings(house.now() + 2_000) == {}


async def test_a_withdrawn_lease_holds_nothing_once_released(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", DEVICES))
    await house.admitted("lease-a")
    await house.engine.admission.enqueue(item("lease-b", 1))
    await house.engine.admission.withdraw("lease-b")
    await house.engine.admission.withdraw("lease-never")
    await house.engine.admission.release("lease-a", 1)
    await house.engine.admission.enqueue(item("lease-c", DEVICES))
    await house.admitted("lease-c")


async def test_a_held_back_lease_lets_others_pass(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", 1, is_held_back=True))
    await house.engine.admission.enqueue(item("lease-b", 1, submitted_ms=START_MS + 1_000))
    await house.admitted("lease-b")
    standing = (await house.engine.admission.standings(house.now() + 2_000))["lease-a"]
    assert standing.reason is WaitReason.HELD_BACK
    await house.engine.admission.enqueue(item("lease-a", 1))
    await house.admitted("lease-a")


async def test_what_can_never_start_is_refused(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", DEVICES + 1))
    await house.engine.admission.enqueue(item("lease-b", 1, flavor="h900"))
    seen: dict[str, str] = {}
    for lease_id in ("lease-a", "lease-b"):
        if lease_id not in seen:
            events = await house.events(lambda event, one=lease_id: event.lease_id == one)
            seen |= {e.lease_id: e.code for e in events if isinstance(e, Refused)}
    assert seen == {"lease-a": "more_devices_than_pool", "lease-b": "unknown_flavor"}


async def test_cpu_needs_no_device(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", DEVICES))
    await house.admitted("lease-a")
    await house.engine.admission.enqueue(item("lease-b", 0, flavor="cpu"))
    assert (await house.admitted("lease-b")).device_ids == ()


async def test_devices_are_asked_back_and_the_lease_comes_again(house: House) -> None:
    lease_id = await house.lend_and_ask_back()

    def is_asked(event: object) -> bool:
        return isinstance(event, AskedBack) and event.lease_id == lease_id

    event = next(e for e in await house.events(is_asked) if isinstance(e, AskedBack))
    assert (event.lease_id, event.attempt) == (lease_id, 1)
    assert event.grace_ms > 0
    await house.engine.admission.release(lease_id, 1)
    await house.engine.admission.enqueue(replace(item(lease_id, 1), attempt=2))
    assert (await house.admitted(lease_id, 2)).attempt == 2


async def test_adopted_devices_are_not_given_again_after_a_restart(house: House) -> None:
    await house.engine.admission.enqueue(item("lease-a", 3))
    held = await house.admitted("lease-a")
    await house.restart()
    for _ in range(2):
        await house.engine.admission.adopt(item("lease-a", 3), held.device_ids, house.now())
    await house.engine.admission.enqueue(item("lease-b", 1))
    given = await house.admitted("lease-b")
    assert not set(given.device_ids) & set(held.device_ids)
    assert await free(house) == 0
    await house.engine.admission.release("lease-a", 1)
    assert await free(house) == 3


async def test_an_estimate_is_now_when_devices_are_free(house: House) -> None:
    admission = house.engine.admission
    assert await admission.estimate(item("lease-x", 1), house.now()) == house.now()
    await admission.enqueue(item("lease-a", DEVICES))
    await house.admitted("lease-a")
    later = await admission.estimate(item("lease-x", 1), house.now())
    assert later is None or later > house.now()
    assert "lease-x" not in await admission.standings(house.now())


async def free(house: House) -> int:
    capacity = {c.flavor: c for c in await house.engine.admission.capacity()}
    assert capacity[FLAVOR].devices_total == DEVICES
    assert capacity["cpu"].devices_total == 0
    return capacity[FLAVOR].devices_free


async def test_a_drained_device_goes_to_nobody_and_its_holder_keeps_it(house: House) -> None:
    admission = house.engine.admission
    await admission.enqueue(item("lease-a", 2))
    held = (await house.admitted("lease-a")).device_ids
    for _ in range(2):
        await admission.set_drained({held[0], "never-there"})
    out = [device.id for device in await admission.devices() if not device.is_healthy]
    assert out == [held[0]]
    # The other two are free all the same, ...
    await admission.enqueue(item("lease-b", 2))
    assert held[0] not in (await house.admitted("lease-b")).device_ids
    # ... and what comes back of the first lease is one device less.
    await admission.release("lease-a", 1)
    await admission.enqueue(item("lease-c", 1))
    assert (await house.admitted("lease-c")).device_ids == (held[1],)
    assert [c.devices_free for c in await admission.capacity() if c.flavor == FLAVOR] == [0]
    await admission.set_drained(())
    await admission.enqueue(item("lease-d", 1))
    assert (await house.admitted("lease-d")).device_ids == (held[0],)


async def test_a_pause_admits_nobody_and_keeps_the_order(house: House) -> None:
    admission = house.engine.admission
    await admission.enqueue(item("lease-a", 3))
    await house.admitted("lease-a")
    await admission.set_paused(True)
    await admission.enqueue(item("lease-b", DEVICES, submitted_ms=START_MS + 1_000))
    await admission.enqueue(item("lease-c", 1, submitted_ms=START_MS + 2_000))
    await admission.release("lease-a", 1)
    for _ in range(20):
        await house.pass_time(200)
        events = await admission.poll(house.now())
        assert not any(event.lease_id in ("lease-b", "lease-c") for event in events)
    standings = await admission.standings(house.now() + 2_000)
    assert {name: s.position for name, s in standings.items()} == {"lease-b": 1, "lease-c": 2}
    await admission.set_paused(False)
    await house.admitted("lease-b")
