"""A lease lives by the table of transitions, whatever is asked of it, and can always end."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.domain.lease import TRANSITIONS, Lease, LeaseState, TransitionError
from madang.errors import ConflictError
from madang.store import Store, Tx

STATES = st.sampled_from(LeaseState)


def _ask(tx: Tx, lease: Lease, expected: LeaseState, wanted: LeaseState) -> Lease:
    """Ask for a change; what is refused must leave the lease as it was."""
    try:
        changed = tx.leases.change(lease.id, expected, state=wanted)
    except ConflictError:
        assert expected is not lease.state
        changed = lease
    except TransitionError:
        assert wanted not in TRANSITIONS[lease.state]
        changed = lease
    else:
        assert expected is lease.state
        assert wanted is lease.state or wanted in TRANSITIONS[lease.state]
        assert changed.state is wanted
    assert tx.leases.get(lease.id) == changed
    return changed


def _way_to_the_end(state: LeaseState) -> list[LeaseState]:
    """Return a shortest way, found in the table."""
    ways = [[state]]
    for way in ways:
        if way[-1] is LeaseState.ENDED:
            return way[1:]
        ways.extend([*way, after] for after in sorted(TRANSITIONS[way[-1]]) if after not in way)
    raise AssertionError(f"{state} is a trap")


def test_no_sequence_of_wishes_traps_a_lease(store: Store, make_lease, kind: str) -> None:
    numbers = count(1)

    @settings(
        max_examples=150 if kind == "sqlite" else 25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(st.tuples(STATES, STATES), max_size=25))
    def live(wishes: list[tuple[LeaseState, LeaseState]]) -> None:
        def work(tx: Tx) -> None:
            lease = tx.leases.add(make_lease(id=f"lease-of-{next(numbers)}"))
            for expected, wanted in wishes:
                lease = _ask(tx, lease, expected, wanted)
            for step in _way_to_the_end(lease.state):
                lease = tx.leases.change(lease.id, lease.state, state=step)
            assert lease.is_ended
            assert lease.id not in {other.id for other in tx.leases.unfinished()}
            for wanted in LeaseState:
                lease = _ask(tx, lease, LeaseState.ENDED, wanted)
            assert lease.is_ended

        store.write_now(work)

    live()
