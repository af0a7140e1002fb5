"""Of many leases that run the database finds those of which something is due, and never fewer."""

import random
from dataclasses import replace

import pytest

from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.policy import budget
from madang.policy.segments import last_mark_ms
from madang.store import Store, Tx
from madang.units import cost_microcredits

NOW = 1_790_000_000_000
BLOCK_MS, GRACE_MS = 900_000, 20_000


def is_due(lease: Lease, reserved: int, now: int) -> bool:
    """Tell exactly whether something of a lease that runs is due."""
    started, charged = lease.started_ms or 0, lease.charged_to_ms or lease.started_ms or 0
    if now >= started + lease.limit_ms:
        return True
    if lease.devices and charged < last_mark_ms(now):
        return True
    if lease.kind in budget.WHOLE_LIMIT:
        return False
    owed = cost_microcredits(lease.devices * max(0, now - charged), lease.rate_microcredits)
    left_ms = max(0, started + lease.limit_ms - now)
    terms = (reserved - owed, lease.devices, GRACE_MS, BLOCK_MS, lease.rate_microcredits, left_ms)
    return budget.renewal_due(*terms)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_is_due_is_missed_and_little_else_is_named(
    store: Store, granted, make_lease, seed: int
) -> None:
    draw = random.Random(seed)
    reserved: dict[str, int] = {}
    made: list[Lease] = []
    for _ in range(150):
        started = NOW - draw.randrange(1_000, 2_000_000)
        charged = draw.choice([None, started, last_mark_ms(NOW), last_mark_ms(NOW) - 300_000])
        lease = make_lease(
            kind=draw.choice([LeaseKind.CLUSTER, LeaseKind.SLOT]),
            state=LeaseState.ACTIVE,
            devices=draw.choice([0, 1, 8]),
            rate_microcredits=draw.choice([0, 3, 40_000, 1_000_000]),
            limit_ms=draw.choice([1_000_000, 2_100_000, 48 * 3_600_000]),
            attempt=1,
            admitted_ms=started,
            started_ms=started,
            charged_to_ms=charged if charged is None or charged >= started else None,
        )
        made.append(lease)
        per_hour = lease.devices * lease.rate_microcredits
        reserved[lease.id] = draw.randrange(0, 2 + per_hour // 2)
    waiting = make_lease()

    def write(tx: Tx) -> None:
        for lease in made:
            tx.leases.add(lease)
            assert tx.budget.reserve(lease.project, lease.id, 1, reserved[lease.id], NOW)
        tx.leases.add(waiting)

    store.write_now(write)
    terms = (NOW, last_mark_ms(NOW), BLOCK_MS, GRACE_MS)
    named = store.read_now(lambda tx: tx.leases.due(*terms))
    exact = {lease.id for lease in made if is_due(lease, reserved[lease.id], NOW)}
    # A moment later at the most something is due of each that was named.
    soon = {
        lease.id
        for lease in made
        if is_due(replace(lease, devices=lease.devices), reserved[lease.id] - 3, NOW + 1_000)
    }
    assert exact <= set(named) <= soon
    assert 20 < len(exact) < 150
    first = [lease for lease in made if lease.id == named[0]]
    assert (first[0].started_ms or 0) + first[0].limit_ms <= NOW


def test_who_runs_holds_and_waits_is_read_at_once(store: Store, project, make_lease) -> None:
    runs = make_lease(state=LeaseState.ACTIVE, attempt=3, limit_ms=7, device_ids=("a", "b"))
    ending = make_lease(state=LeaseState.ENDING, attempt=1)
    waits = make_lease(attempt=2, held_back=True)
    ended = make_lease(state=LeaseState.ENDED, attempt=1)
    leases = [runs, ending, waits, ended]
    store.write_now(lambda tx: [tx.leases.add(each) for each in leases])

    def read(tx: Tx) -> None:
        assert tx.leases.running() == {(runs.id, 3): 7}
        assert tx.leases.holding() == {(runs.id, 3), (ending.id, 1)}
        assert tx.leases.holding([ending.id, waits.id]) == {(ending.id, 1)}
        [used] = tx.leases.devices_in_use()
        assert used == (runs.id, 3, "cluster", ("a", "b"))
        assert tx.leases.agreed() == {
            runs.id: ("active", 3, False),
            ending.id: ("ending", 1, False),
            waits.id: ("queued", 2, True),
        }
        assert [each.id for each in tx.leases.several([ended.id])] == [ended.id]

    store.read_now(read)


def test_an_empty_database_has_nobody(store: Store) -> None:
    assert store.read_now(lambda tx: tx.leases.running()) == {}
    assert store.read_now(lambda tx: tx.leases.standing()) == []
