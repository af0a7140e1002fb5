"""The queue's rules written as obviously as possible, for test_fair_queue_model.py."""

from madang.domain.lease import LeaseClass
from madang.domain.queue import ProjectShare
from madang.policy.decisions import AskBack, Refuse, Start
from madang.policy.shares import Usage

HALF_LIFE = 500_000
GRACE = 1_000
PROJECTS = ("a", "b", "c")
PEOPLE = ("ada", "bora")
FLAVORS = ("big", "small")


class Model:
    """The rules written as obviously as possible; usage alone is shared with the real one."""

    def __init__(self, capacity):
        self.capacity, self.most = dict(capacity), dict(capacity)
        self.shares = {p: ProjectShare(project=p) for p in PROJECTS}
        self.usage = {key: Usage() for key in PROJECTS}
        self.usage |= {(p, person): Usage() for p in PROJECTS for person in PEOPLE}
        self.waiting, self.fresh, self.running, self.asked = {}, {}, {}, set()
        self.heads = {}

    def held(self, flavor=None, project=None, person=None):
        return sum(
            i.devices
            for i in self.running.values()
            if flavor in (None, i.flavor)
            and project in (None, i.project)
            and person in (None, i.person)
        )

    def free(self, flavor):
        return max(0, self.capacity[flavor] - self.held(flavor))

    def wait(self, item):
        self.drop(item.lease_id)
        self.waiting[item.lease_id] = self.fresh[item.lease_id] = item

    def drop(self, lease_id):
        self.waiting.pop(lease_id, None)
        self.fresh.pop(lease_id, None)
        self.heads = {key: head for key, head in self.heads.items() if head != lease_id}

    def hold(self, item, sign, now):
        for key in (item.project, (item.project, item.person)):
            self.usage[key].hold(sign * item.devices, now, HALF_LIFE)

    def start(self, item, now):
        self.drop(item.lease_id)
        over = self.held(item.flavor, item.project) + item.devices - self.guarantee(item)
        self.running[item.lease_id] = item
        self.hold(item, 1, now)
        return Start(item.lease_id, item.attempt, max(0, min(item.devices, over)))

    def finish(self, lease_id, now):
        self.hold(self.running.pop(lease_id), -1, now)
        self.asked.discard(lease_id)

    def guarantee(self, item):
        return self.shares[item.project].guaranteed.get(item.flavor, 0)

    def caps(self, item):
        share = self.shares[item.project]
        person, project = share.max_devices_person, share.max_devices_project
        return (
            10**9 if person is None else person - self.held(None, item.project, item.person),
            10**9 if project is None else project - self.held(None, item.project),
        )

    def allowed(self, item):
        return item.devices <= min(self.capacity[item.flavor], *self.caps(item))

    def within(self, item):
        return item.devices <= self.guarantee(item) - self.held(item.flavor, item.project)

    def refusal(self, item):
        share = self.shares[item.project]
        caps = [c for c in (share.max_devices_person, share.max_devices_project) if c is not None]
        if item.devices > self.most[item.flavor]:
            return "more_devices_than_pool"
        return "more_devices_than_cap" if caps and item.devices > min(caps) else None

    def candidate(self, flavor, project, within, now):
        mine = [
            i
            for i in self.waiting.values()
            if (i.flavor, i.project) == (flavor, project) and not i.is_held_back
        ]
        own_head = self.waiting.get(self.heads.get((flavor, False)))
        if within and own_head in mine and self.allowed(own_head):
            return own_head if self.within(own_head) else None
        mine.sort(
            key=lambda i: (
                i.lease_class is LeaseClass.BATCH,
                self.usage[project, i.person].measure(now, HALF_LIFE),
                i.submitted_ms,
                i.lease_id,
            )
        )
        for item in mine:
            person, whole = self.caps(item)
            if item.devices > person:
                continue
            if item.devices > whole:
                return None
            if item.devices <= self.capacity[flavor] and (not within or self.within(item)):
                return item
        return None

    def choose(self, flavor, within, now):
        head = self.waiting.get(self.heads.get((flavor, within)))
        if head and self.allowed(head) and (not within or self.within(head)):
            return head
        self.heads.pop((flavor, within), None)
        order = sorted(
            (self.usage[p].measure(now, HALF_LIFE) / self.shares[p].weight, p) for p in PROJECTS
        )
        found = [self.candidate(flavor, project, within, now) for _, project in order]
        return next((item for item in found if item), None)

    def tick(self, now):
        decisions = []
        fresh, self.fresh = self.fresh, {}
        for item in fresh.values():
            if code := self.refusal(item):
                self.drop(item.lease_id)
                decisions.append((Refuse, item.lease_id, code))
        for flavor in FLAVORS:
            decisions += self.serve(flavor, now)
        return decisions

    def serve(self, flavor, now):
        decisions = []
        for within in (True, False):
            if not within and self.free(flavor) == 0:
                break
            while item := self.choose(flavor, within, now):
                if item.devices > self.free(flavor):
                    self.heads[flavor, within] = item.lease_id
                    return decisions + (self.ask_back(item) if within else [])
                decisions.append(self.start(item, now))
        return decisions

    def ask_back(self, item):
        """Check what may be asked; who exactly is checked by the unit tests."""
        coming = sum(
            i.devices
            for i in self.running.values()
            if i.lease_id in self.asked and i.flavor == item.flavor
        )
        needed = item.devices - self.free(item.flavor) - coming
        return [(AskBack, item.lease_id, needed)] if needed > 0 else []
