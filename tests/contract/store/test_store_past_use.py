"""What projects have used, as fair shares count it: whatever the order in which it is looked at,
each entry counts once, and halves with each half-life.
"""

import random

import pytest

from madang.domain.project import Project
from madang.ledger.entry import Entry, EntryKind
from madang.store import Store
from madang.store.past_use import STEPS
from madang.units import segment_cost_microcredits

NOW, HOUR = 1_790_000_000_000, 3_600_000
HALF_LIFE = 168 * HOUR
RATE = 1_000_000


def charge(project: str, lease: int, to_ms: int, ms: int, kind=EntryKind.CHARGE) -> Entry:
    is_charge = kind is EntryKind.CHARGE
    return Entry(
        kind=kind,
        project=project,
        person="person-1" if is_charge else "",
        at_ms=to_ms,
        lease=f"lease-{lease}",
        lease_kind="notebook",
        attempt=1,
        segment=0,
        flavor="h200",
        devices=1,
        from_ms=to_ms - ms,
        to_ms=to_ms,
        device_ms=ms,
        rate_microcredits=RATE if is_charge else 0,
        amount_microcredits=-segment_cost_microcredits(0, ms, RATE) if is_charge else 0,
    )


def append(store: Store, entries: list[Entry]) -> None:
    store.write_now(lambda tx: tx.ledger.append(entries))


def advance(store: Store, now_ms: int, most: int = 1000, half_life_ms: int = HALF_LIFE) -> bool:
    return store.write_now(lambda tx: tx.past_use.advance(half_life_ms, now_ms, most))


def read(store: Store, now_ms: int, half_life_ms: int = HALF_LIFE) -> dict[str, float]:
    return store.read_now(lambda tx: tx.past_use.read(half_life_ms, now_ms))


def expected(entries: list[Entry], now_ms: int, half_life_ms: int = HALF_LIFE) -> dict[str, float]:
    """Return the same by the definition, an entry at a time."""
    found: dict[str, float] = {}
    for entry in entries:
        left = 0.5 ** ((now_ms - entry.to_ms) / half_life_ms)
        found[entry.project] = found.get(entry.project, 0.0) + entry.device_ms * left
    return found


def test_each_entry_counts_once_however_it_is_looked_at(store: Store, granted) -> None:
    others = [Project(id=f"project-{n}", name=f"p{n}", title="P", tier="research") for n in (0, 2)]
    store.write_now(lambda tx: [tx.projects.add(each) for each in others])
    dice = random.Random(7)
    written: list[Entry] = []
    now = NOW
    for turn in range(12):
        now += dice.randrange(HOUR, 60 * HOUR)
        some = [
            charge(f"project-{dice.randrange(3)}", 100 * turn + n, now - dice.randrange(HOUR), HOUR)
            for n in range(dice.randrange(6))
        ]
        append(store, some)
        written += some
        if dice.random() < 0.7:
            while not advance(store, now, most=dice.randrange(1, 4)):
                pass
            assert advance(store, now), "what is counted is not counted again"
    while not advance(store, now):
        pass
    found = read(store, now)
    # Ages are told apart to a part of the half-life.
    most_off = 2 ** (1 / STEPS) - 1
    for project, device_ms in expected(written, now).items():
        assert found[project] == pytest.approx(device_ms, rel=most_off)


def test_use_halves_by_itself(store: Store, granted) -> None:
    append(store, [charge("project-1", 1, NOW, HOUR)])
    assert advance(store, NOW)
    assert read(store, NOW)["project-1"] == pytest.approx(HOUR)
    assert read(store, NOW + HALF_LIFE)["project-1"] == pytest.approx(HOUR / 2)
    # A clock that was set back makes nobody's use larger.
    assert read(store, NOW - HALF_LIFE)["project-1"] == pytest.approx(HOUR)


def test_the_loss_of_a_break_counts_as_use(store: Store, granted) -> None:
    entries = [charge("project-1", 1, NOW, HOUR), charge("project-1", 2, NOW, HOUR)]
    overhead = charge("project-1", 3, NOW, HOUR, EntryKind.OVERHEAD)
    append(store, [*entries, overhead])
    assert advance(store, NOW)
    assert read(store, NOW)["project-1"] == pytest.approx(3 * HOUR)


def test_another_half_life_counts_all_anew_and_leaves_out_what_is_very_old(
    store: Store, granted
) -> None:
    old = charge("project-1", 1, NOW - 20 * HOUR, HOUR)
    append(store, [old, charge("project-1", 2, NOW, HOUR)])
    assert advance(store, NOW)
    assert read(store, NOW)["project-1"] > 1.9 * HOUR
    assert advance(store, NOW, half_life_ms=HOUR)
    assert read(store, NOW, HOUR)["project-1"] == pytest.approx(HOUR)
