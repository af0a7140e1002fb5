"""A crowd waits: what the service does for each of them does not grow with how many they are."""

import asyncio
from typing import Any

import pytest

from madang.services import lease_watch

CROWD = 35


async def crowd(house: Any, count: int = CROWD) -> list[tuple[Any, dict[str, Any]]]:
    """Let all devices be held, and others wait for them."""
    await house.ask("ada", profile="gpu-4")
    await house.turn()
    found = []
    for number in range(count):
        name = f"p{number:02d}"
        lease = await house.ask(name, project="open")
        found.append((await house.actor(name), lease))
    await house.turn(3)
    return found


async def waiters(house: Any, people: list[tuple[Any, dict[str, Any]]]) -> list[Any]:
    """Let everybody wait for a change of what they see now."""
    leases, found = house.services.leases, []
    for actor, lease in people:
        seen = (await leases.get(actor, lease["id"]))["version"]
        waiting = leases.wait(actor, lease["id"], seen=seen, timeout_s=3_600)
        found.append(asyncio.create_task(waiting))
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in found)
    return found


async def ended(*tasks: Any) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_look_serves_all_who_wait(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await crowd(house)
    tasks = await waiters(house, people)
    reads, marks = [0], type(house.services.core.store.read_now(lambda tx: tx.leases)).marks

    def counted(leases: Any, ids: Any) -> Any:
        reads[0] += 1
        return marks(leases, ids)

    monkeypatch.setattr(
        type(house.services.core.store.read_now(lambda tx: tx.leases)), "marks", counted
    )
    for _ in range(50):
        house.services.core.changed("leases", "queue")
    await asyncio.sleep(0.3)
    assert 1 <= reads[0] <= 3
    assert not any(task.done() for task in tasks)
    await ended(*tasks)
    assert house.services.leases._watch._waiting == {}


async def test_places_are_told_a_few_at_a_time_and_turns_at_once(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_watch, "PLACES_PER_S", 10)
    people = await crowd(house)
    tasks = await waiters(house, people)
    last, (actor, first) = people[-1], people[0]
    await house.services.leases.end(actor, first["id"])
    house.engine.advance(1_000)
    house.services.core.changed("queue")
    ended_view = await asyncio.wait_for(tasks[0], 5)
    assert ended_view["state"] == "ended"
    await asyncio.sleep(0.3)
    # Everybody has moved up by one; it would be a crowd of answers, of which each asks anew.
    assert 1 <= sum(task.done() for task in tasks[1:]) < len(tasks) // 2
    assert not tasks[-1].done()
    await house.services.leases.hold(last[0], last[1]["id"], held_back=True)
    assert (await asyncio.wait_for(tasks[-1], 5))["held_back"]
    # And nobody is forgotten.
    await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def test_what_changed_before_somebody_waits_is_told(house: Any) -> None:
    people = await crowd(house, 2)
    leases = house.services.leases
    other = await waiters(house, people[1:])
    actor, lease = people[0]
    seen = await leases.get(actor, lease["id"])
    await leases.hold(actor, lease["id"], held_back=True)
    # As if the view had been read a moment before the change, and the wait begun after it.
    assert await asyncio.wait_for(leases._watch.changed(seen, 3_600), 5)
    await ended(*other)
