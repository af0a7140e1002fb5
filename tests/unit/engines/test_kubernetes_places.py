"""Device numbers and places on a cluster, kept up one lease at a time, as if counted anew."""

import random
from dataclasses import replace

from madang.domain.lease import LeaseClass, LeaseKind, Standing, WaitReason
from madang.domain.queue import QueueItem
from madang.engines.kubernetes.numbers import Numbers
from madang.engines.kubernetes.places import Order, Told
from madang.engines.kubernetes.wanted import order
from madang.engines.ports import positions


def test_numbers_are_given_lowest_first_and_never_twice():
    draw = random.Random(7)
    numbers, held, out = Numbers("h200"), [], set()
    for _ in range(600):
        match draw.randrange(5):
            case 0:
                numbers.offer(draw.randrange(40))
            case 1:
                out = {f"h200-{draw.randrange(40)}" for _ in range(draw.randrange(3))}
                numbers.drain({*out, "mig-h200-1", "slice-1"})
            case 2 if held:
                numbers.let_go(held.pop(draw.randrange(len(held))))
            case _:
                taken = {name for names in held for name in names}
                good = [n for n in numbers.names() if n not in taken and n not in out]
                count = draw.randrange(4)
                found = numbers.take(count)
                assert len(found) == count
                assert not set(found) & taken
                assert list(found[: len(good)]) == good[:count]
                held.append(found)
        taken = {name for names in held for name in names}
        there = set(numbers.names())
        assert numbers.healthy == len(there - out)
        assert numbers.usable == len({n for n in there if n not in out or n in taken})


def item(number: int, **changes) -> QueueItem:
    made = QueueItem(
        lease_id=f"lease-{number}",
        attempt=1,
        person="p",
        project="x",
        kind=LeaseKind.NOTEBOOK,
        lease_class=LeaseClass.INTERACTIVE,
        flavor="h200",
        devices=1,
        submitted_ms=1_790_000_000_000 + number * 100,
        limit_ms=1,
    )
    return replace(made, **changes)


def test_places_are_those_of_a_sorted_queue():
    draw = random.Random(3)
    waiting, there = Order(), {}
    for _ in range(400):
        number = draw.randrange(60)
        name = f"lease-{number}"
        made = item(
            number,
            lease_class=draw.choice(list(LeaseClass)),
            flavor=draw.choice(["h200", "cpu"]),
            is_held_back=draw.random() < 0.2,
        )
        if draw.random() < 0.4:
            waiting.put(name, None)
            there.pop(name, None)
        else:
            waiting.put(name, made)
            there[name] = made
        told = Told(waiting, {}, lambda _: 3)
        assert set(told) == set(there)
        for flavor in ("h200", "cpu"):
            line = sorted((i for i in there.values() if i.flavor == flavor), key=order)
            for place, one in enumerate(line, start=1):
                standing = told[one.lease_id]
                assert (standing.position, standing.waiting) == (place, len(line))
                assert positions(told)[one.lease_id] == place
                assert (standing.reason is WaitReason.HELD_BACK) == one.is_held_back


def test_places_are_those_of_the_last_forecast_and_newcomers_come_last():
    waiting = Order()
    for number in range(4):
        waiting.put(f"lease-{number}", item(number))
    there = enumerate(("lease-3", "lease-1", "lease-0", "lease-2"), start=1)
    known = {
        name: Standing(lease_id=name, position=n, waiting=4, reason=WaitReason.DEVICES_BUSY)
        for n, name in there
    }
    waiting.rank(known)
    waiting.put("lease-1", None)
    waiting.put("lease-5", item(5, lease_class=LeaseClass.BATCH))
    waiting.put("lease-6", item(6))
    told = Told(waiting, known, lambda _: 0)
    line = ["lease-3", "lease-0", "lease-2", "lease-6", "lease-5"]
    assert [told[name].position for name in line] == [1, 2, 3, 4, 5]
    assert {told[name].waiting for name in line} == {5}
    changes = waiting.changes
    waiting.rank(known)
    assert waiting.changes == changes
    waiting.rank({})
    assert Told(waiting, {}, lambda _: 0)["lease-3"].position == 3


def test_what_was_told_stays_while_the_queue_moves_on():
    waiting = Order()
    for number in range(3):
        waiting.put(f"lease-{number}", item(number))
    forecast = Standing(
        lease_id="lease-2", position=9, waiting=9, reason=WaitReason.GANG, expected_ms=5
    )
    told = Told(waiting, {"lease-2": forecast}, lambda _: 0)
    waiting.put("lease-0", None)
    assert told["lease-2"] == replace(forecast, position=3, waiting=3)
    assert Told(waiting, {}, lambda _: 0)["lease-2"].position == 2
    assert "lease-0" not in Told(waiting, {}, lambda _: 0)
