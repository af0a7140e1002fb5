"""FairQueue against a plain model that sorts everything at every step, and its promises."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from madang.domain.lease import LeaseClass, LeaseKind, WaitReason
from madang.domain.queue import ProjectShare, QueueItem
from madang.policy.decisions import AskBack, Refuse, Start
from madang.policy.fair_queue import FairQueue
from madang.policy.forecast import forecast

from .plain_queue import FLAVORS, GRACE, HALF_LIFE, PEOPLE, PROJECTS, Model


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        capacity = {"big": 8, "small": 3}
        self.queue = FairQueue(capacity, half_life_ms=HALF_LIFE, grace_ms=GRACE)
        self.twin = FairQueue(capacity, half_life_ms=HALF_LIFE, grace_ms=GRACE)
        self.model = Model(capacity)
        self.now, self.number = 0, 0
        self.begun, self.returning = set(), {}

    def both(self, call, *args):
        for queue in (self.queue, self.twin):
            getattr(queue, call)(*args)

    @rule(
        project=st.sampled_from(PROJECTS),
        person=st.sampled_from(PEOPLE),
        flavor=st.sampled_from(FLAVORS),
        devices=st.sampled_from([1, 1, 1, 2, 3, 5, 8, 9]),
        lease_class=st.sampled_from(LeaseClass),
        preemptible=st.booleans(),
    )
    def submit(self, project, person, flavor, devices, lease_class, preemptible):
        self.number += 1
        item = QueueItem(
            lease_id=f"{self.number:04d}",
            attempt=1,
            person=person,
            project=project,
            kind=LeaseKind.SLOT,
            lease_class=lease_class,
            flavor=flavor,
            devices=devices,
            submitted_ms=self.now - self.now % 50,
            limit_ms=1,
            is_preemptible=preemptible,
        )
        self.both("submit", item, self.now)
        self.both("submit", item, self.now)
        self.model.wait(item)

    @rule(data=st.data())
    def hold_back_or_resume(self, data):
        if self.model.waiting:
            lease_id = data.draw(st.sampled_from(sorted(self.model.waiting)))
            item = self.model.waiting[lease_id]
            item = replace(item, is_held_back=not item.is_held_back)
            self.both("submit", item, self.now)
            self.model.wait(item)

    @rule(data=st.data())
    def withdraw(self, data):
        if self.model.waiting:
            lease_id = data.draw(st.sampled_from(sorted(self.model.waiting)))
            self.both("withdraw", lease_id, self.now)
            self.model.drop(lease_id)

    @rule(data=st.data())
    def finish(self, data):
        if self.model.running:
            self.end(data.draw(st.sampled_from(sorted(self.model.running))))

    @rule(data=st.data())
    def honour(self, data):
        if self.model.asked:
            self.give_back(data.draw(st.sampled_from(sorted(self.model.asked))))

    @rule(data=st.data())
    def announce(self, data):
        """Let the next attempt be known while the present one still holds its devices."""
        if self.model.running:
            item = self.model.running[data.draw(st.sampled_from(sorted(self.model.running)))]
            self.returning[item.lease_id] = replace(item, attempt=item.attempt + 1)
            self.both("submit", self.returning[item.lease_id], self.now)

    def end(self, lease_id):
        self.both("finished", lease_id, self.now)
        self.both("finished", lease_id, self.now)
        self.model.finish(lease_id, self.now)
        if lease_id in self.returning:
            self.model.wait(self.returning.pop(lease_id))

    def give_back(self, lease_id):
        """End it and let it wait again, announced before its devices are free."""
        item = self.model.running[lease_id]
        self.returning[lease_id] = replace(item, attempt=item.attempt + 1)
        self.both("submit", self.returning[lease_id], self.now)
        self.end(lease_id)

    @rule(flavor=st.sampled_from(FLAVORS), devices=st.integers(0, 9))
    def resize(self, flavor, devices):
        self.both("set_capacity", flavor, devices)
        self.model.capacity[flavor] = devices
        self.model.most[flavor] = max(self.model.most[flavor], devices)

    @rule(
        project=st.sampled_from(PROJECTS),
        weight=st.integers(1, 3),
        guaranteed=st.fixed_dictionaries({"big": st.integers(0, 4), "small": st.integers(0, 1)}),
        person=st.sampled_from([None, None, 2, 4]),
        whole=st.sampled_from([None, None, 3, 8]),
        usage=st.sampled_from([0.0, 1e6, 1e7]),
    )
    def set_share(self, project, weight, guaranteed, person, whole, usage):
        share = ProjectShare(
            project=project,
            weight=weight,
            guaranteed=guaranteed,
            usage_device_ms=usage,
            max_devices_person=person,
            max_devices_project=whole,
        )
        self.both("set_share", share, self.now)
        model, before = self.model, self.model.shares[project]
        model.shares[project] = share
        model.usage[project].device_ms, model.usage[project].at_ms = usage, self.now
        if (person, whole) != (before.max_devices_person, before.max_devices_project):
            for item in [i for i in model.waiting.values() if i.project == project]:
                model.wait(item)

    @rule(passed=st.sampled_from([0, 1, 1_000, 100_000, 2_000_000]))
    def tick(self, passed):
        self.now += passed
        self.check_tick()

    def check_tick(self):
        queue, model = self.queue, self.model
        places = {flavor: queue.waiting(flavor, self.now) for flavor in FLAVORS}
        counts = {f: sum(i.flavor == f for i in model.waiting.values()) for f in FLAVORS}
        assert {flavor: len(found) for flavor, found in places.items()} == counts
        used = {flavor: model.held(flavor) for flavor in FLAVORS}
        decided = queue.copy().tick(self.now)
        assert queue.tick(self.now) == decided == self.twin.tick(self.now)
        assert queue.tick(self.now) == []
        expected = model.tick(self.now)
        self.compare(decided, expected)
        told = FLAVORS[0]
        for start in [d for d in decided if isinstance(d, Start)]:
            assert (start.lease_id, start.attempt) not in self.begun
            self.begun.add((start.lease_id, start.attempt))
            flavor = model.running[start.lease_id].flavor
            # Places know nothing of what starts in other flavors at the same instant.
            told = told if flavor == FLAVORS[0] else None
            found = next(w for w in places[flavor] if w.lease_id == start.lease_id)
            assert told is None or found.reason is WaitReason.STARTING
        for flavor in FLAVORS:
            grown = model.held(flavor) > used[flavor]
            assert not grown or model.held(flavor) <= model.capacity[flavor]

    def compare(self, decided, expected):
        model = self.model
        asks = [d for d in decided if isinstance(d, AskBack)]
        plain = [
            (Refuse, d.lease_id, d.code) if isinstance(d, Refuse) else d
            for d in decided
            if not isinstance(d, AskBack)
        ]
        assert plain == [d for d in expected if not (isinstance(d, tuple) and d[0] is AskBack)]
        wanted = {d[1]: d[2] for d in expected if isinstance(d, tuple) and d[0] is AskBack}
        assert {d.why for d in asks} <= set(wanted)
        for lease_id, needed in wanted.items():
            self.check_asks(model.waiting[lease_id], needed, [d for d in asks if d.why == lease_id])
        model.asked |= {d.lease_id for d in asks}

    def check_asks(self, item, needed, asks):
        model = self.model
        victims = [model.running[d.lease_id] for d in asks]
        sizes = [victim.devices for victim in victims]
        over = {}
        for project in PROJECTS:
            kept = [
                i
                for i in model.running.values()
                if (i.flavor, i.project) == (item.flavor, project) and i.lease_id not in model.asked
            ]
            guaranteed = model.shares[project].guaranteed.get(item.flavor, 0)
            over[project] = sum(i.devices for i in kept) - guaranteed
        for victim in victims:
            assert victim.is_preemptible
            assert victim.flavor == item.flavor
            assert victim.lease_id not in model.asked
            assert over[victim.project] > 0
        if victims:
            assert sum(sizes) >= needed
            assert sum(sizes) - min(sizes) < needed
        elif all(i.is_preemptible for i in model.running.values() if i.flavor == item.flavor):
            assert sum(max(0, devices) for devices in over.values()) < needed

    @invariant()
    def everybody_is_told(self):
        told = forecast(self.queue, None, self.now, {}, played_max=20)
        assert set(told) == set(self.model.waiting)

    @invariant()
    def same_devices(self):
        for flavor in FLAVORS:
            assert self.queue.free(flavor) == self.model.free(flavor)
            held = {r.item.lease_id for r in self.queue.running(flavor)}
            assert held == {i.lease_id for i in self.model.running.values() if i.flavor == flavor}
        assert {i.lease_id for i in self.queue.waiting_items()} == set(self.model.waiting)
        for flavor in self.queue.flavors():
            assert self.queue.waiting_count(flavor) == len(self.queue.waiting_items(flavor))

    def teardown(self):
        """Whatever happened: once everything that runs ends, everything that may start starts."""
        model = self.model
        for flavor in FLAVORS:
            self.resize(flavor, model.most[flavor])
        self.check_tick()
        for _ in range(2 * self.number + 2):
            for lease_id in sorted(model.running):
                self.now += 1
                self.end(lease_id)
                self.check_tick()
        assert all(item.is_held_back for item in model.waiting.values())
        assert not model.running


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestFairQueueModel = Machine.TestCase
