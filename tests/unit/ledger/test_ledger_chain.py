"""Verification finds every way in which a ledger can be wrong, and nothing in a sound one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.i18n import catalogue
from madang.ledger.chain import Recomputed, chain, check_form, verify
from madang.ledger.entry import GENESIS_HASH, Entry, EntryKind, seal
from madang.units import segment_cost_microcredits

RATE = 1_234_567


def grant(amount: int = 10_000_000) -> Entry:
    return Entry(
        kind=EntryKind.GRANT, project="p", at_ms=1, amount_microcredits=amount, ref="grant-1"
    )


def charge(segment: int, from_ms: int, to_ms: int, before: int = 0, devices: int = 2) -> Entry:
    device_ms = devices * (to_ms - from_ms)
    return Entry(
        kind=EntryKind.CHARGE,
        project="p",
        person="person-1",
        at_ms=to_ms,
        lease="lease-1",
        lease_kind="slot",
        attempt=1,
        segment=segment,
        devices=devices,
        from_ms=from_ms,
        to_ms=to_ms,
        device_ms=device_ms,
        rate_microcredits=RATE,
        amount_microcredits=-segment_cost_microcredits(before, device_ms, RATE),
    )


def overhead(segment: int, from_ms: int, to_ms: int) -> Entry:
    entry = replace(charge(segment, from_ms, to_ms), kind=EntryKind.OVERHEAD)
    return replace(entry, rate_microcredits=0, amount_microcredits=0)


def refund(segment: int, amount: int) -> Entry:
    return Entry(
        kind=EntryKind.REFUND,
        project="p",
        at_ms=1,
        lease="lease-1",
        attempt=1,
        segment=segment,
        amount_microcredits=amount,
    )


def sound() -> list[Entry]:
    """Return a life: granted, admitted, two segments (the second with one device), refunded."""
    entries = [
        grant(),
        overhead(0, 1_000, 2_000),
        charge(0, 2_000, 300_000),
        charge(1, 300_000, 555_555, before=2 * 298_000, devices=1),
        refund(2, 1_000),
    ]
    return list(chain(entries))


def test_a_sound_ledger_adds_up() -> None:
    entries = sound()
    result = verify(iter(entries))
    used = -sum(entry.amount_microcredits for entry in entries[1:])
    assert result.ok
    assert (result.entries, result.head_hash) == (5, entries[-1].hash)
    assert result.balances == {"p": Recomputed(project="p", granted=10_000_000, used=used)}


def test_an_empty_ledger_is_sound() -> None:
    result = verify([])
    assert (result.ok, result.entries, result.head_hash) == (True, 0, GENESIS_HASH)


def _resealed(change: Callable[[list[Entry]], list[Entry]]) -> set[str]:
    """Problems of a ledger that was written wrong, so that the chain itself is right."""
    return {problem.code for problem in verify(chain(change(sound()))).problems}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda e: [*e, charge(2, 555_554, 600_000, 851_555)], {"segment_overlap"}),
        (lambda e: [*e, charge(2, 555_556, 555_556, 851_555)], {"segment_gap"}),
        (lambda e: [*e, charge(1, 555_555, 555_555, 851_555)], {"segment_twice"}),
        (lambda e: [*e, refund(2, 0)], {"segment_twice"}),
        (lambda e: [*e, refund(3, 400_000)], {"refund_too_large"}),
        (
            lambda e: [*e, replace(charge(2, 555_555, 600_000), amount_microcredits=-1)],
            {"amount_wrong"},
        ),
        (
            lambda e: [*e[:2], replace(e[2], device_ms=1), *e[3:]],
            {"device_time_wrong", "amount_wrong"},
        ),
        (
            lambda e: [*e, replace(charge(2, 555_555, 555_555, 0), rate_microcredits=1)],
            {"rate_changed"},
        ),
        (lambda e: [*e, replace(overhead(1, 555_555, 555_555), lease="")], {"lease_missing"}),
        (lambda e: [*e, replace(grant(), used_device_ms=-2)], {"used_time_wrong"}),
        (lambda e: [*e, grant(0)], {"amount_sign_wrong"}),
        (lambda e: [*e, refund(3, -1)], {"amount_sign_wrong"}),
    ],
)
def test_wrong_writing_is_found(change, codes) -> None:
    assert _resealed(change) == codes


def test_a_slice_that_ends_before_it_begins() -> None:
    assert check_form(charge(0, 10, 9)) == "slice_negative"


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda e: [*e[:1], *e[2:]], [(3, "seq_gap"), (3, "prev_hash_wrong")]),
        (lambda e: [e[1], e[0], *e[2:]], None),
        (lambda e: [*e, e[-1]], None),
        (lambda e: [*e[:2], replace(e[2], person="x"), *e[3:]], [(3, "hash_wrong")]),
        (
            lambda e: [replace(e[0], hash="0" * 64), *e[1:]],
            [(1, "hash_wrong"), (2, "prev_hash_wrong")],
        ),
        (
            lambda e: [seal(replace(e[0], ref="y"), 1, GENESIS_HASH), *e[1:]],
            [(2, "prev_hash_wrong")],
        ),
    ],
)
def test_editing_afterwards_is_found(edit, found) -> None:
    problems = [(problem.seq, problem.code) for problem in verify(edit(sound())).problems]
    assert problems
    if found is not None:
        assert problems == found


FIELDS = [name for name in sound()[2].to_json() if name != "kind"]


@given(st.integers(0, 4), st.sampled_from(FIELDS), st.integers(1, 10**9))
def test_no_field_can_be_edited_unseen(at: int, name: str, by: int) -> None:
    entries = sound()
    old = getattr(entries[at], name)
    edited = replace(entries[at], **{name: old + (by if isinstance(old, int) else "x")})
    assert not verify([*entries[:at], edited, *entries[at + 1 :]]).ok


def test_canonical_form_is_fixed() -> None:
    """A change here breaks every ledger that exists."""
    entry = seal(grant(7), 1, GENESIS_HASH)
    assert entry.canonical() == (
        b'{"amount_microcredits":7,"at_ms":1,"attempt":0,"device_ms":0,"devices":0,"flavor":"",'
        b'"from_ms":0,"kind":"grant","lease":"","lease_kind":"","person":"",'
        b'"prev_hash":"' + b"0" * 64 + b'","project":"p","rate_microcredits":0,"ref":"grant-1",'
        b'"segment":0,"seq":1,"to_ms":0,"used_device_ms":-1}'
    )
    assert entry.hash == ("ecec882d6b913772da300a42518c1276747a93a0a2a5edebc8ac4cb4a6feb701")
    assert Entry.from_json(entry.to_json()) == entry


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=30),
    st.integers(0, 10**8),
    st.integers(0, 8),
)
def test_segments_sum_to_the_exact_cost(lengths: list[int], rate: int, devices: int) -> None:
    """However an attempt is cut, it costs the same, and the ledger of it is sound."""
    at, before, entries = 1_000, 0, []
    for segment, length in enumerate(lengths):
        device_ms = devices * length
        entries.append(
            replace(
                charge(segment, at, at + length, devices=devices),
                rate_microcredits=rate,
                amount_microcredits=-segment_cost_microcredits(before, device_ms, rate),
            )
        )
        at, before = at + length, before + device_ms
    result = verify(chain(entries))
    assert result.ok, result.problems
    assert result.balances["p"].used == before * rate // 3_600_000


def test_every_problem_has_words() -> None:
    codes = {
        "seq_gap",
        "prev_hash_wrong",
        "hash_wrong",
        "slice_negative",
        "device_time_wrong",
        "used_time_wrong",
        "amount_sign_wrong",
        "lease_missing",
        "segment_twice",
        "segment_overlap",
        "segment_gap",
        "rate_changed",
        "amount_wrong",
        "refund_too_large",
    }
    words = {key for key in catalogue() if key.startswith("ledger.problem.")}
    assert words == {f"ledger.problem.{code}" for code in codes}
