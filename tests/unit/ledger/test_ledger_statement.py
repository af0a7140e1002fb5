"""Statements: sums by person, kind and day that add up to the total."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from madang.ledger.entry import Entry, EntryKind
from madang.ledger.statement import DAY_MS, UsageSum, statement, usage_sums

SEOUL_MS = 9 * 3_600_000


def charge(from_ms: int, ms: int, **changes: object) -> Entry:
    fields: dict[str, object] = {
        "kind": EntryKind.CHARGE,
        "project": "p",
        "person": "ada",
        "lease_kind": "notebook",
        "at_ms": from_ms + ms,
        "lease": "lease-1",
        "attempt": 1,
        "devices": 1,
        "from_ms": from_ms,
        "to_ms": from_ms + ms,
        "device_ms": ms,
        "used_device_ms": ms // 2,
        "amount_microcredits": -ms,
    }
    return Entry(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_day_is_a_day_of_the_zone() -> None:
    last_minute = 100 * DAY_MS - 60_000
    entry = charge(last_minute, 60_000)
    assert [item.day_index for item in usage_sums([entry], 0, 101 * DAY_MS)] == [99]
    assert [item.day_index for item in usage_sums([entry], 0, 101 * DAY_MS, SEOUL_MS)] == [100]


def test_unmetered_is_not_idle_and_refunds_are_no_device_time() -> None:
    entries = [
        Entry(kind=EntryKind.GRANT, project="p", at_ms=5, amount_microcredits=10**9),
        charge(10, 100),
        charge(110, 50, used_device_ms=-1),
        charge(1, 10, kind=EntryKind.OVERHEAD, used_device_ms=-1, amount_microcredits=0),
        charge(160, 0, kind=EntryKind.REFUND, device_ms=150, amount_microcredits=40),
        charge(10, 100, project="other"),
    ]
    total = statement(entries, "p", 0, 1_000).total
    assert total == UsageSum(
        project="p",
        device_ms=160,
        used_device_ms=50,
        unmetered_device_ms=60,
        microcredits=110,
    )


def test_a_window_excludes_its_end() -> None:
    entries = [charge(10, 10), charge(20, 10)]
    assert statement(entries, "p", 10, 20).total.device_ms == 10
    assert statement(entries, "p", 0, 10).total == UsageSum(project="p")


ENTRIES = st.builds(
    lambda at, ms, person, kind: replace(charge(at, ms), person=person, lease_kind=kind),
    st.integers(1, 5 * DAY_MS),
    st.integers(0, 10**6),
    st.sampled_from(["ada", "bora", "chan"]),
    st.sampled_from(["notebook", "slot"]),
)


@given(st.lists(ENTRIES), st.integers(-12, 14))
def test_each_way_of_dividing_adds_up_to_the_total(entries: list[Entry], zone: int) -> None:
    made = statement(entries, "p", 0, 10 * DAY_MS, zone * 3_600_000)
    for parts in (made.by_person, made.by_kind, made.by_day):
        assert sum(part.device_ms for part in parts) == made.total.device_ms
        assert sum(part.used_device_ms for part in parts) == made.total.used_device_ms
        assert sum(part.microcredits for part in parts) == made.total.microcredits
    assert made.total.device_ms == sum(entry.device_ms for entry in entries)
