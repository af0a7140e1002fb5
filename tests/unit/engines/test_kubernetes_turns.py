"""Turns on a cluster: with a gate that admits who is active and fits, everybody runs in order."""

import random
from dataclasses import replace

import pytest

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.kubernetes.turns import BUSY_MS, FORGIVEN_MS, PATIENCE_MS, Turns
from madang.policy.fair_queue import FairQueue

NOW = 1_800_000_000_000
FLAVORS = ("big", "small")
PROJECTS = "abc"


def item(number, devices=1, **changes):
    one = QueueItem(
        lease_id=f"lease-{number}",
        attempt=1,
        person="ada",
        project="a",
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor="big",
        devices=devices,
        submitted_ms=NOW + number * 1_000,
        limit_ms=3_600_000,
    )
    return replace(one, **changes)


class Gate:
    """Admits who is active and fits, and asks back for guarantees, as Kueue does."""

    def __init__(self, capacity, chance=None):
        self.queue, self.now, self.chance = FairQueue(capacity), NOW, chance or random.Random(1)
        self.turns = Turns(self.queue)
        self.waiting, self.held, self.shut = {}, {}, set()
        self.served, self.patches, self.bounced = [], 0, 0
        self.has_left = False

    def ask(self, one):
        self.waiting[one.lease_id] = one
        self.queue.submit(one, self.now)
        self.turns.put(one, self.now)

    def withdraw(self, lease_id):
        del self.waiting[lease_id]
        self.queue.withdraw(lease_id, self.now)
        self.turns.drop(lease_id)

    def release(self, lease_id):
        del self.held[lease_id]
        self.queue.finished(lease_id, self.now)
        self.turns.changed()

    def share(self, project, **changes):
        self.queue.set_share(ProjectShare(project=project, **changes), self.now)
        self.turns.changed()

    def resize(self, flavor, devices):
        self.queue.set_capacity(flavor, devices)
        self.turns.changed()

    def look(self, passed_ms=20):
        self.now += passed_ms
        self.patches += len(self.turns.look(self.now))
        turns = [turn for line in self.turns._lines.values() for turn in line.turns.values()]
        self.has_left |= any(turn.is_left for turn in turns)

    def active(self):
        return [one for one in self.waiting.values() if self.turns.is_next(one.lease_id)]

    def admit(self, most=1_000):
        """Admit active leases that fit, in any order."""
        order = self.active()
        self.chance.shuffle(order)
        for one in order:
            if one.devices > self.queue.free(one.flavor) or one.project in self.shut:
                continue
            if most == 0:
                return
            most -= 1
            if not self.turns.may_hold(one):
                # Of those that are left alone several may come at once: it has to come anew.
                self.turns.drop(one.lease_id)
                self.turns.put(one, self.now, False)
                self.bounced += 1
                continue
            del self.waiting[one.lease_id]
            self.held[one.lease_id] = one
            self.queue.started(one, self.now)
            self.turns.admitted(one, self.now)
            self.served.append(one.lease_id)


def act(gate, number):
    chance = gate.chance
    match chance.choice(["ask", "ask", "ask", "end", "end", "back", "share", "size", "admit"]):
        case "ask":
            one = item(
                number,
                chance.choice([0, 1, 1, 1, 2, 3]),
                flavor=chance.choice(FLAVORS),
                project=chance.choice(PROJECTS),
                person=chance.choice(["ada", "bora"]),
                lease_class=chance.choice(list(LeaseClass)),
                is_held_back=chance.random() < 0.1,
            )
            gate.ask(one)
        case "end" if gate.waiting and chance.random() < 0.3:
            gate.withdraw(chance.choice(sorted(gate.waiting)))
        case "end" if gate.held:
            gate.release(chance.choice(sorted(gate.held)))
        case "back" if gate.waiting:
            one = gate.waiting[chance.choice(sorted(gate.waiting))]
            gate.ask(replace(one, is_held_back=not one.is_held_back))
        case "share":
            gate.share(
                chance.choice(PROJECTS),
                weight=chance.randint(1, 3),
                guaranteed={"big": chance.choice([0, 0, 2])},
                usage_device_ms=chance.random() * 1e8,
                max_devices_person=chance.choice([None, 3]),
                max_devices_project=chance.choice([None, 4]),
            )
        case "size":
            gate.resize(chance.choice(FLAVORS), chance.randint(0, 6))
        case _:
            gate.admit(most=chance.randint(0, 4))


def settle(gate):
    """Let the gate admit and holders end until nothing moves for longer than turns are left."""
    quiet = 0
    while quiet < 6:
        before = len(gate.served)
        gate.look(PATIENCE_MS)
        gate.admit()
        for lease_id in list(gate.held):
            gate.release(lease_id)
        quiet = 0 if len(gate.served) > before else quiet + 1


def may_ever(gate, one):
    share = gate.queue._account(one.project).share
    caps = (share.max_devices_person, share.max_devices_project)
    most = min(gate.queue.capacity(one.flavor), *(c for c in caps if c is not None), 99)
    return not one.is_held_back and (one.devices == 0 or one.devices <= most)


@pytest.mark.parametrize("seed", range(150))
def test_whatever_happens_all_that_can_run_does_at_last(seed):
    gate = Gate({"big": 4, "small": 2, "cpu": 0}, random.Random(seed))
    for number in range(120):
        act(gate, number)
        gate.look(gate.chance.choice([0, 20, 3_000]))
        # One that was left alone may come too late; all others may be what Kueue admits.
        assert gate.bounced == 0 or gate.has_left
    gate.shut = {"b"} if seed % 3 == 0 else set()
    settle(gate)
    stuck = [one for one in gate.waiting.values() if may_ever(gate, one)]
    assert all(one.project in gate.shut for one in stuck)
    # What the gate refuses for a while is tried again by itself.
    gate.shut = set()
    gate.look(FORGIVEN_MS)
    settle(gate)
    assert not [one for one in gate.waiting.values() if may_ever(gate, one)]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_active_fits_together_and_the_gate_admits_in_the_order_of_the_queue(seed):
    """One device each and no guarantees: then the order is plain to see."""
    chance = random.Random(seed)
    gate = Gate({"big": 3}, chance)
    for project in PROJECTS:
        gate.share(project, usage_device_ms=chance.random() * 1e8)
    for number in range(80):
        if chance.random() < 0.6:
            gate.ask(item(number, project=chance.choice(PROJECTS)))
        elif gate.held:
            gate.release(chance.choice(sorted(gate.held)))
        known = {one.lease_id for one in gate.active()}
        order = [one.lease_id for one in gate.queue.waiting("big", gate.now + 20)]
        gate.look()
        active = [one.lease_id for one in gate.active()]
        assert len(active) <= gate.queue.free("big")
        # Who is new is the first of the others.
        others = [name for name in order if name not in known]
        new = set(active) - known
        assert new == set(others[: len(new)])
        assert len(active) == min(len(order), gate.queue.free("big"))
        if chance.random() < 0.5:
            gate.admit(most=1)


def test_a_crowd_that_fits_is_active_at_once_and_never_changed():
    gate = Gate({"big": 1_000})
    gate.share("a", max_devices_person=1_000, max_devices_project=2_000)
    for number in range(1_000):
        gate.ask(item(number))
        assert gate.turns.is_next(f"lease-{number}")
    gate.look()
    gate.admit()
    assert (len(gate.held), gate.patches) == (1_000, 0)


def test_many_turns_are_given_a_part_at_a_time_and_none_is_forgotten():
    gate = Gate({"big": 0})
    for number in range(1_000):
        gate.ask(item(number))
    gate.look()
    gate.resize("big", 500)
    looks = 0
    while gate.turns.is_due:
        gate.look()
        looks += 1
    assert looks <= 7
    assert {one.lease_id for one in gate.active()} == {f"lease-{n}" for n in range(500)}


def test_who_used_nothing_goes_before_who_asked_first():
    gate = Gate({"big": 2})
    gate.share("a", usage_device_ms=1e9)
    for number in range(6):
        gate.ask(item(number))
    gate.admit()
    for number in range(6, 9):
        gate.ask(item(number, project="b"))
    for _ in range(7):
        gate.look()
        gate.admit()
        gate.release(min(gate.held))
    assert gate.served[2:5] == ["lease-6", "lease-7", "lease-8"]
    # Each turn is one change, and none was taken back.
    assert gate.patches == len(gate.served) - 2


def test_inside_a_project_class_goes_before_use():
    gate = Gate({"big": 1})
    gate.ask(item(0, person="heavy"))
    gate.admit()
    gate.ask(item(1, person="light"))
    gate.ask(item(2, person="heavy", lease_class=LeaseClass.INTERACTIVE))
    gate.release("lease-0")
    gate.look(60_000)
    assert [one.lease_id for one in gate.active()] == ["lease-2"]


def test_whoever_may_reclaim_is_active_although_nothing_is_free():
    gate = Gate({"big": 2})
    gate.share("b", guaranteed={"big": 2})
    for number in range(4):
        gate.ask(item(number))
    gate.admit()
    gate.ask(item(9, project="b"))
    gate.ask(item(10, project="b"))
    gate.look()
    assert [one.lease_id for one in gate.active()] == ["lease-9", "lease-10"]


def test_a_turn_that_leads_to_nothing_holds_up_others_for_a_while_only():
    gate = Gate({"big": 2})
    gate.share("a", usage_device_ms=1e9)
    gate.shut = {"b"}
    for number in range(4):
        gate.ask(item(number, project="b"))
    for number in range(4, 8):
        gate.ask(item(number))
    gate.look()
    gate.admit()
    assert gate.served == []
    gate.look(PATIENCE_MS)
    gate.admit()
    assert sorted(gate.served) == ["lease-4", "lease-5"]
    # From now on nobody waits for that project, however many of it there are.
    for number in range(20, 60):
        gate.ask(item(number, project="b"))
    gate.release("lease-4")
    gate.look()
    gate.admit()
    assert len(gate.served) == 3
    gate.shut = set()
    gate.release("lease-5")
    gate.admit(most=1)
    assert gate.waiting["lease-7"]
    assert gate.held.keys() & {"lease-0", "lease-1", "lease-2", "lease-3"}


def test_a_turn_is_waited_for_while_others_are_admitted_but_not_for_ever():
    gate = Gate({"big": 3})
    gate.shut = {"b"}
    gate.ask(item(0, project="b"))
    number, looks = 1, 0
    while len(gate.held) < 3:
        for _ in range(2):
            gate.ask(item(number))
            number += 1
        gate.look(PATIENCE_MS // 2)
        gate.admit()
        if len(gate.held) < 3:
            gate.release(min(gate.held))
        looks += 1
    assert BUSY_MS <= looks * PATIENCE_MS // 2 <= BUSY_MS + 3 * PATIENCE_MS


def test_a_pause_makes_nobody_impatient():
    gate = Gate({"big": 1})
    gate.ask(item(0))
    gate.ask(item(1))
    gate.look()
    gate.now += 10 * PATIENCE_MS
    gate.turns.resumed(gate.now)
    gate.look()
    assert [one.lease_id for one in gate.active()] == ["lease-0"]


def test_after_a_restart_what_was_active_stays_so_as_far_as_it_fits():
    """Also what was not, and would fit if nobody else came."""
    gate = Gate({"big": 2})
    for number in range(5):
        one = gate.waiting[f"lease-{number}"] = item(number)
        gate.queue.submit(one, NOW)
        gate.turns.put(one, NOW, number in (1, 2, 3))
    gate.look()
    assert [one.lease_id for one in gate.active()] == ["lease-1", "lease-2"]
    assert gate.patches == 1
