"""Verification: re-compute chain, slices, amounts and sums of a ledger, entry by entry.

Called by services and by whoever holds an export; needs nothing but the entries. The store checks
the form of each entry before it seals it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from madang.ledger.entry import GENESIS_HASH, Entry, EntryKind, seal
from madang.ledger.statement import HELD_KINDS
from madang.units import segment_cost_microcredits

_SIGNS: Mapping[EntryKind, tuple[bool, bool, bool]] = {
    EntryKind.GRANT: (True, False, True),
    EntryKind.CHARGE: (True, True, False),
    EntryKind.OVERHEAD: (False, True, False),
    EntryKind.REFUND: (False, True, True),
    EntryKind.CORRECTION: (True, True, True),
}
"""Whether the amount of a kind may be negative, zero, positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that does not add up; its text is ``ledger.problem.<code>`` of the catalogue."""

    seq: int
    code: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Recomputed:
    """What the entries of a project add up to, in micro-credits."""

    project: str
    granted: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome; ``balances`` are to be compared with the budget rows of the store."""

    ok: bool
    entries: int
    head_hash: str
    problems: tuple[Problem, ...]
    balances: dict[str, Recomputed]


@dataclass(slots=True)
class _Attempt:
    """What was seen of one attempt so far."""

    to_ms: int | None = None
    device_ms: int = 0
    cost: int = 0
    refunded: int = 0
    rate: int | None = None
    seen: set[tuple[int, EntryKind]] = field(default_factory=set)


def check_form(entry: Entry) -> str | None:
    """Return what is wrong with an entry taken alone, as a problem's word; None when sound."""
    if entry.to_ms < entry.from_ms:
        return "slice_negative"
    if entry.device_ms != entry.devices * (entry.to_ms - entry.from_ms):
        return "device_time_wrong"
    if entry.used_device_ms < -1:
        return "used_time_wrong"
    amount = entry.amount_microcredits
    if not _SIGNS[entry.kind][1 + (amount > 0) - (amount < 0)]:
        return "amount_sign_wrong"
    if entry.kind in HELD_KINDS and not (entry.lease and entry.attempt > 0):
        return "lease_missing"
    return None


def verify(entries: Iterable[Entry]) -> Verification:
    """Re-compute a whole ledger from its first entry; memory grows with attempts, not text.

    Parameters
    ----------
    entries
        All entries in order; a generator is welcome.
    """
    seq, last, count = 0, GENESIS_HASH, 0
    problems: list[Problem] = []
    attempts: dict[tuple[str, int], _Attempt] = {}
    balances: dict[str, Recomputed] = {}
    for entry in entries:
        count += 1
        problems.extend(_check_link(entry, seq, last))
        # Go on from what is written, so that one edited row is one problem and not thousands.
        seq, last = entry.seq, entry.hash
        wrong = check_form(entry)
        if wrong is not None:
            problems.append(Problem(seq=entry.seq, code=wrong))
        if entry.lease:
            attempt = attempts.setdefault((entry.lease, entry.attempt), _Attempt())
            problems.extend(_check_attempt(entry, attempt))
        _add(balances.setdefault(entry.project, Recomputed(project=entry.project)), entry)
    return Verification(
        ok=not problems,
        entries=count,
        head_hash=last,
        problems=tuple(problems),
        balances=balances,
    )


def _check_link(entry: Entry, seq: int, last: str) -> Iterator[Problem]:
    if entry.seq != seq + 1:
        yield Problem(seq=entry.seq, code="seq_gap", details={"expected": seq + 1})
    if entry.prev_hash != last:
        yield Problem(seq=entry.seq, code="prev_hash_wrong")
    if seal(entry, entry.seq, entry.prev_hash).hash != entry.hash:
        yield Problem(seq=entry.seq, code="hash_wrong")


def _check_attempt(entry: Entry, attempt: _Attempt) -> Iterator[Problem]:
    seq = entry.seq
    if entry.kind in HELD_KINDS or entry.kind is EntryKind.REFUND:
        if (entry.segment, entry.kind) in attempt.seen:
            yield Problem(seq=seq, code="segment_twice", details={"segment": entry.segment})
        attempt.seen.add((entry.segment, entry.kind))
    if entry.kind in HELD_KINDS:
        yield from _check_slice(entry, attempt)
    if entry.kind is EntryKind.CHARGE:
        yield from _check_charge(entry, attempt)
    if entry.kind is EntryKind.REFUND:
        attempt.refunded += entry.amount_microcredits
        if attempt.refunded > attempt.cost:
            yield Problem(seq=seq, code="refund_too_large", details={"charged": attempt.cost})


def _check_slice(entry: Entry, attempt: _Attempt) -> Iterator[Problem]:
    before = attempt.to_ms
    if before is not None and entry.from_ms != before:
        code = "segment_overlap" if entry.from_ms < before else "segment_gap"
        yield Problem(seq=entry.seq, code=code, details={"expected_ms": before})
    attempt.to_ms = entry.to_ms if before is None else max(before, entry.to_ms)


def _check_charge(entry: Entry, attempt: _Attempt) -> Iterator[Problem]:
    rate = entry.rate_microcredits
    if attempt.rate is not None and rate != attempt.rate:
        yield Problem(seq=entry.seq, code="rate_changed", details={"expected": attempt.rate})
    expected = -segment_cost_microcredits(attempt.device_ms, entry.device_ms, rate)
    if entry.amount_microcredits != expected:
        yield Problem(seq=entry.seq, code="amount_wrong", details={"expected": expected})
    attempt.rate = rate
    attempt.device_ms += entry.device_ms
    attempt.cost -= entry.amount_microcredits


def _add(balance: Recomputed, entry: Entry) -> None:
    if entry.kind is EntryKind.GRANT:
        balance.granted += entry.amount_microcredits
    else:
        balance.used -= entry.amount_microcredits


def chain(entries: Iterable[Entry], seq: int = 0, last: str = GENESIS_HASH) -> Iterator[Entry]:
    """Seal entries one after another, as the one appender does.

    Parameters
    ----------
    seq, last
        Number and hash of the entry before the first.
    """
    for entry in entries:
        seq += 1
        placed = seal(entry, seq, last)
        last = placed.hash
        yield placed
