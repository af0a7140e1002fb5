"""Two replicas with arbitrary delays and pauses: never two that may act, no write of an old term.

The clock of the database is the test's; a replica's own goes at its own pace and sleeps with it. A
write may be cut in two by anything, as a process that is stopped between its request and its
effect on the cluster.
"""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migrated import hurry, new_database
from sqlalchemy import literal_column

from madang.domain.leadership import TERM_MS, TRUST_S
from madang.errors import UnavailableError
from madang.services.leading import Leading
from madang.store import Store
from madang.store.leadership import Leadership

NAMES = ("a", "b")
ACTS = ("take", "renew", "write", "act", "give_back")
# Seconds that matter: within a renewal, within the trust, beyond it, beyond the term.
TIMES_MS = st.sampled_from((0, 2_000, 7_000, 9_000, 13_000, 30_000))
STEP = st.one_of(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(ACTS), st.sampled_from(NAMES)),
    st.tuples(st.just("time"), TIMES_MS),
    # How long its requests are on their way, and then again their answers.
    st.tuples(st.just("slow"), st.sampled_from(NAMES), TIMES_MS),
)
STEPS = st.lists(STEP, min_size=10, max_size=40)
START_MS = 1_000_000


class Slow:
    """A store that is far away."""

    def __init__(self, world, replica, store):
        self.world, self.replica, self.store = world, replica, store
        self.fence = store.fence

    def renew(self, work):
        return self._late(self.store.renew, work)

    def write_now(self, work):
        return self._late(self.store.write_now, work)

    def _late(self, ask, work):
        self.world.now_ms += self.replica.delay_ms
        result = ask(work)
        self.world.now_ms += self.replica.delay_ms
        return result


class Replica:
    """One side, and what it was told."""

    def __init__(self, world, name):
        self.world, self.name, self.delay_ms = world, name, 0
        self.store = world.stores[name]
        self.leading, self.is_over = None, False
        self.restart()

    def restart(self):
        self.store._term, self.is_over = None, False
        # A name of its own each time: a name that comes back is another rule.
        self.world.made += 1
        slow = Slow(self.world, self, self.store)
        self.leading = Leading(slow, f"{self.name}{self.world.made}", "x:1", self.clock)

    def clock(self):
        return self.world.now_ms / 1000

    def lost(self):
        self.is_over = True

    @property
    def may_act(self):
        return self.leading.term is not None and not self.is_over and self.leading.is_sure


class World:
    """The database with its clock, and both replicas."""

    def __init__(self, stores):
        self.stores, self.now_ms, self.made = stores, START_MS, 0
        self.written = []
        self.both = {name: Replica(self, name) for name in NAMES}

    def step(self, step):
        what, *rest = step
        if what == "time":
            self.now_ms += rest[0]
            return
        replica = self.both[rest[0]]
        if what == "slow":
            replica.delay_ms = rest[1]
            return
        getattr(self, what)(replica)
        if replica.is_over:
            replica.restart()

    def take(self, replica):
        if replica.leading.term is None:
            replica.leading.take(replica.lost)

    def renew(self, replica):
        replica.leading.renew()

    def give_back(self, replica):
        if replica.leading.term is not None:
            replica.leading.give_back()
            replica.restart()

    def write(self, replica):
        term = replica.leading.term
        if term is None:
            return
        try:
            replica.store.write_now(lambda tx: self.written.append((term, self.newest(tx))))
        except UnavailableError:
            # It failed as a whole, and only since there is a newer term.
            assert replica.is_over

    def act(self, replica):
        if replica.may_act:
            replica.leading.check()
            self.written.append((replica.leading.term, self.newest_now()))

    def newest(self, tx):
        return tx.leadership.current().term

    def newest_now(self):
        return self.stores["a"].read_now(self.newest)

    def check(self):
        assert sum(replica.may_act for replica in self.both.values()) <= 1
        # At its moment each write and each act was of the newest term, and terms only grow.
        assert all(own == newest for own, newest in self.written)
        assert self.written == sorted(self.written)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    url = new_database(tmp_path_factory.mktemp("terms") / "store.sqlite")
    opened = {name: hurry(Store(url)) for name in NAMES}
    yield opened
    for one in opened.values():
        one.close()


def test_never_two_that_may_act_and_no_late_write(stores, monkeypatch):
    current = SimpleNamespace(world=None)
    monkeypatch.setattr(
        Leadership, "_now_ms", lambda _self: literal_column(str(current.world.now_ms))
    )

    @settings(max_examples=200, deadline=None)
    @given(STEPS)
    def play(steps):
        for store in stores.values():
            store._term = None
        current.world = World(stores)
        stores["a"].write_now(lambda tx: tx.leadership.renew(tx.leadership.current().term, 0))
        for step in steps:
            current.world.step(step)
            current.world.check()

    play()


def test_the_model_sees_a_trust_that_is_too_long(stores, monkeypatch):
    """Else it would prove nothing."""
    world = World(stores)
    monkeypatch.setattr(Leadership, "_now_ms", lambda _self: literal_column(str(world.now_ms)))
    monkeypatch.setattr("madang.services.leading.TRUST_S", 2 * TRUST_S)
    stores["a"].write_now(lambda tx: tx.leadership.renew(tx.leadership.current().term, 0))
    world.step(("take", "a"))
    world.step(("time", TERM_MS))
    world.step(("take", "b"))
    with pytest.raises(AssertionError):
        world.check()
