"""Budget and ledger: what is charged, reserved, refunded, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from madang.domain.project import Grant
from madang.errors import ConflictError, InvalidError, NotFoundError
from madang.ledger.chain import verify
from madang.ledger.entry import Entry, EntryKind
from madang.ledger.statement import DAY_MS, statement, statement_of, usage_sums
from madang.store import Store, Tx
from madang.units import segment_cost_microcredits

NOW = 1_790_000_000_000
RATE = 1_000_000
HOUR = 3_600_000


def charge(segment: int, before_ms: int = 0, ms: int = HOUR, **changes: object) -> Entry:
    """Return a segment of one device, which begins ``before_ms`` after the attempt did."""
    fields: dict[str, object] = {
        "kind": EntryKind.CHARGE,
        "project": "project-1",
        "person": "person-1",
        "at_ms": NOW + before_ms + ms,
        "lease": "lease-1",
        "lease_kind": "slot",
        "attempt": 1,
        "segment": segment,
        "flavor": "h200",
        "devices": 1,
        "from_ms": NOW + before_ms,
        "to_ms": NOW + before_ms + ms,
        "device_ms": ms,
        "rate_microcredits": RATE,
        "amount_microcredits": -segment_cost_microcredits(before_ms, ms, RATE),
    }
    return Entry(**{**fields, **changes})  # type: ignore[arg-type]


def refund(segment: int, amount: int, **changes: object) -> Entry:
    """Return a refund of the same attempt."""
    fields: dict[str, object] = {
        "kind": EntryKind.REFUND,
        "project": "project-1",
        "person": "person-1",
        "lease": "lease-1",
        "lease_kind": "slot",
        "attempt": 1,
        "segment": segment,
        "at_ms": NOW + 9 * HOUR,
        "amount_microcredits": amount,
    }
    return Entry(**{**fields, **changes})  # type: ignore[arg-type]


def money(store: Store) -> tuple[int, int, int, int]:
    balance = store.read_now(lambda tx: tx.budget.balance("project-1"))
    return balance.granted, balance.reserved, balance.used, balance.overrun


def append(store: Store, *entries: Entry) -> list[Entry]:
    return store.write_now(lambda tx: tx.ledger.append(entries))


def test_grants_raise_the_budget_and_stand_in_the_ledger(store: Store, granted) -> None:
    def grant(amount: int, number: int) -> Grant:
        return Grant(
            id=f"grant-{number}",
            project=granted.id,
            amount_microcredits=amount,
            from_ms=NOW,
            until_ms=NOW + 1,
            note="봄",
        )

    store.write_now(lambda tx: tx.grants.add(grant(-40_000_000, 2), NOW))
    assert money(store) == (60_000_000, 0, 0, 0)
    with pytest.raises(ConflictError) as below:
        store.write_now(lambda tx: tx.grants.add(grant(-60_000_001, 3), NOW))
    assert below.value.code == "grant_below_zero"
    with pytest.raises(InvalidError):
        store.write_now(lambda tx: tx.grants.add(grant(0, 4), NOW))
    assert [g.id for g in store.read_now(lambda tx: tx.grants.of_project(granted.id))] == [
        "grant-1",
        "grant-2",
    ]
    entries = store.read_now(lambda tx: tx.ledger.entries())
    assert [(e.seq, e.ref, e.amount_microcredits) for e in entries] == [
        (1, "grant-1", 100_000_000),
        (2, "grant-2", -40_000_000),
    ]
    assert store.read_now(lambda tx: tx.ledger.head()) == (2, entries[-1].hash)
    assert verify(entries).ok


def test_reserving_is_refused_beyond_what_is_left(store: Store, granted) -> None:
    def reserve(amount: int, lease: str = "lease-1", until: int = NOW) -> bool:
        return store.write_now(lambda tx: tx.budget.reserve(granted.id, lease, 1, amount, until))

    assert reserve(60_000_000, until=NOW + 9)
    assert not reserve(40_000_001)
    assert reserve(40_000_000)
    assert not reserve(1, "lease-2")
    assert reserve(0, "lease-2")
    assert not store.write_now(lambda tx: tx.budget.reserve("none", "lease-1", 1, 1, NOW))
    assert money(store) == (100_000_000, 100_000_000, 0, 0)

    def check(tx: Tx) -> None:
        assert tx.budget.reservation("lease-1", 1) == 100_000_000
        assert tx.budget.reservation("lease-9", 1) == 0
        first, second = tx.budget.open_reservations()
        assert (first.lease, first.project, first.until_ms) == ("lease-1", granted.id, NOW + 9)
        assert (second.lease, second.microcredits) == ("lease-2", 0)
        assert [balance.reserved for balance in tx.budget.all()] == [100_000_000]
        assert tx.budget.balance("none").left == 0

    store.read_now(check)
    assert store.write_now(lambda tx: tx.budget.release("lease-1", 1)) == 100_000_000
    assert store.write_now(lambda tx: tx.budget.release("lease-1", 1)) == 0
    assert money(store) == (100_000_000, 0, 0, 0)
    with pytest.raises(ValueError, match="cannot reserve"):
        reserve(-1)


def test_committed_is_what_waiting_leases_say(store: Store, granted, make_lease) -> None:
    for amount in (3, 4):
        lease = make_lease(options={"committed_microcredits": amount})
        store.write_now(lambda tx, lease=lease: tx.leases.add(lease))
    store.write_now(lambda tx: tx.leases.add(make_lease()))
    assert store.read_now(lambda tx: tx.budget.committed(granted.id)) == 7


def test_charges_settle_reservations_and_are_never_refused(store: Store, granted) -> None:
    store.write_now(lambda tx: tx.budget.reserve(granted.id, "lease-1", 1, 1_500_000, NOW))
    append(store, charge(0), charge(1, HOUR))
    assert money(store) == (100_000_000, 0, 2_000_000, 0)
    assert store.read_now(lambda tx: tx.budget.reservation("lease-1", 1)) == 0
    append(store, charge(2, 2 * HOUR, 110 * HOUR))
    assert money(store) == (100_000_000, 0, 112_000_000, 12_000_000)
    assert store.read_now(lambda tx: tx.budget.balance(granted.id)).left == 0
    charged = store.read_now(lambda tx: tx.ledger.charged("lease-1", 1))
    assert charged == (112 * HOUR, 112_000_000, 3, NOW + 112 * HOUR)
    assert store.read_now(lambda tx: tx.ledger.charged("lease-1", 2)) == (0, 0, 0, 0)
    with pytest.raises(NotFoundError):
        append(store, charge(0, lease="lease-2", project="project-9"))
    assert verify(store.read_now(lambda tx: tx.ledger.entries())).ok


def test_a_segment_is_charged_once(store: Store, granted) -> None:
    append(store, charge(0), charge(0, lease="lease-2"))
    before = money(store), store.read_now(lambda tx: tx.ledger.head())
    for entries, code in (
        ([charge(0)], "segment_twice"),
        ([charge(1, HOUR), charge(1, HOUR)], "segment_twice"),
        ([charge(1, HOUR - 1)], "segment_overlaps"),
        ([charge(1, HOUR), charge(2, HOUR)], "segment_overlaps"),
        ([refund(0, 1_000_001)], "refund_too_large"),
        ([refund(0, 600_000), refund(1, 600_000)], "refund_too_large"),
    ):
        with pytest.raises(ConflictError) as refused:
            append(store, *entries)
        assert refused.value.code == code
        assert (money(store), store.read_now(lambda tx: tx.ledger.head())) == before
    with pytest.raises(ValueError, match="device_time_wrong"):
        append(store, charge(1, HOUR, device_ms=1))
    assert append(store) == []


def test_a_refused_segment_leaves_the_transaction_usable(store: Store, granted) -> None:
    append(store, charge(0))

    def work(tx: Tx) -> int:
        with pytest.raises(ConflictError):
            tx.ledger.append([charge(0)])
        return tx.ledger.append([charge(1, HOUR)])[0].seq

    assert store.write_now(work) == 3


def test_overhead_refund_and_correction(store: Store, granted) -> None:
    free = {"kind": EntryKind.OVERHEAD, "amount_microcredits": 0, "rate_microcredits": 0}
    append(store, charge(0, -HOUR, **free), charge(0), charge(1, HOUR))
    append(store, refund(2, 500_000))
    assert money(store) == (100_000_000, 0, 1_500_000, 0)
    with pytest.raises(ConflictError) as again:
        append(store, refund(2, 500_000))
    assert again.value.code == "segment_twice"
    fix = refund(0, -250_000, kind=EntryKind.CORRECTION, lease="", attempt=0, ref="2")
    append(store, fix)
    append(store, fix)
    assert money(store) == (100_000_000, 0, 2_000_000, 0)
    with pytest.raises(ConflictError) as too_large:
        append(store, refund(0, 2_000_001, kind=EntryKind.CORRECTION, lease="", attempt=0))
    assert too_large.value.code == "refund_too_large"
    result = verify(store.read_now(lambda tx: tx.ledger.entries()))
    assert result.ok
    assert result.balances["project-1"].used == 2_000_000


def test_entries_are_filtered_and_paged(store: Store, granted) -> None:
    append(store, charge(0), charge(1, HOUR), charge(0, lease="lease-2"))

    def check(tx: Tx) -> None:
        def seqs(**wanted: object) -> list[int]:
            return [entry.seq for entry in tx.ledger.entries(**wanted)]  # type: ignore[arg-type]

        assert seqs() == [1, 2, 3, 4]
        assert seqs(after_seq=1, limit=2) == [2, 3]
        assert seqs(lease="lease-2") == [4]
        assert seqs(project="project-1", from_ms=NOW + HOUR) == [3]
        assert seqs(projects=["project-1"], to_ms=NOW + HOUR) == [1, 2, 4]
        assert seqs(projects=[]) == seqs(project="none") == []
        assert list(tx.ledger.each()) == tx.ledger.entries()
        assert list(tx.ledger.each(projects=[])) == []

    store.read_now(check)


def test_sums_of_the_database_equal_those_of_the_entries(store: Store, granted) -> None:
    day = {"used_device_ms": 1000}
    free = {"kind": EntryKind.OVERHEAD, "amount_microcredits": 0, "used_device_ms": 5}
    append(
        store,
        charge(0, -HOUR, **free),
        charge(0, **day),
        charge(1, HOUR, 20 * HOUR),
        charge(2, 21 * HOUR, **day),
        charge(0, 5 * HOUR, lease="lease-2", person="person-2", lease_kind="cluster"),
        refund(1, 700_000, from_ms=NOW, to_ms=NOW + HOUR, devices=1, device_ms=HOUR),
    )
    entries = store.read_now(lambda tx: tx.ledger.entries())
    for zone in (0, 9 * HOUR, -7 * HOUR):
        for window in ((0, 2 * NOW), (NOW + 1, NOW + DAY_MS), (NOW, NOW)):
            sums = store.read_now(
                lambda tx, window=window, zone=zone: tx.ledger.sums(None, *window, zone)
            )
            assert sums == usage_sums(entries, *window, zone)
            assert statement_of(sums, "project-1", *window) == statement(
                entries, "project-1", *window, zone
            )
    assert store.read_now(lambda tx: tx.ledger.sums([], 0, 2 * NOW)) == []


def test_a_tampered_row_is_found(store: Store, granted) -> None:
    append(store, charge(0), charge(1, HOUR))
    edit = text("UPDATE entries SET amount_microcredits = -1 WHERE seq = 2")
    store.write_now(lambda tx: tx.connection.execute(edit))
    result = verify(store.read_now(lambda tx: tx.ledger.entries()))
    assert not result.ok
    assert {(problem.seq, problem.code) for problem in result.problems} == {
        (2, "hash_wrong"),
        (2, "amount_wrong"),
    }
    assert result.balances["project-1"].used != money(store)[2]


def test_the_database_itself_refuses_what_must_not_be(store: Store, granted, kind) -> None:
    """The constraints hold without our checks, whoever writes."""
    append(store, charge(0))
    again = charge(0, at_ms=1).to_json() | {"seq": 99, "hash": "x"}
    names = ", ".join(again)
    for statement_text, values in (
        ("UPDATE budgets SET reserved = -1", {}),
        ("UPDATE budgets SET used = -1", {}),
        (f"INSERT INTO entries ({names}) VALUES (:{', :'.join(again)})", again),
        ("INSERT INTO members VALUES ('project-none', 'person-none', 'owner')", {}),
    ):
        with pytest.raises(IntegrityError):
            store.write_now(
                lambda tx, s=statement_text, v=values: tx.connection.execute(text(s), v)
            )


def test_racing_reservations_never_exceed_the_grant(store: Store, granted) -> None:
    """P4: 32 threads ask for 1 of 100 each, 160 times in all; exactly 100 fit."""

    def one(number: int) -> bool:
        return store.write_now(
            lambda tx: tx.budget.reserve(granted.id, f"lease-{number}", 1, 1_000_000, NOW)
        )

    with ThreadPoolExecutor(32) as threads:
        fitted = list(threads.map(one, range(160)))
    assert sum(fitted) == 100
    assert money(store) == (100_000_000, 100_000_000, 0, 0)


def test_many_segments_in_one_transaction_are_quick(store: Store, granted) -> None:
    entries = [charge(0, lease=f"lease-{number}") for number in range(500)]

    def work(tx: Tx) -> None:
        for number in range(500):
            tx.budget.reserve(granted.id, f"lease-{number}", 1, 100_000, NOW)

    store.write_now(work)
    append(store, *entries)
    assert money(store) == (100_000_000, 0, 500_000_000, 400_000_000)
