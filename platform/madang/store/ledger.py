"""The one appender of the ledger, and its readers.

Appending seals entries with number and hash from the head row, refuses a segment that is already
there, and moves budget and reservations: all in the transaction of the caller. Entries are never
changed; there is no method for it.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, func, insert, select, update

from madang.errors import ConflictError
from madang.ledger.chain import check_form
from madang.ledger.entry import Entry, EntryKind, seal
from madang.ledger.statement import UsageSum
from madang.store import usage
from madang.store.budget import Budget
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import entries, ledger_head

_COLUMNS = columns_of(entries, Entry)
# Made once: making a statement costs as much as carrying it out.
_TOTALS = (
    select(
        entries.c.lease,
        func.sum(case((entries.c.kind == EntryKind.CHARGE, entries.c.device_ms), else_=0)),
        func.sum(-entries.c.amount_microcredits),
    )
    .where(
        entries.c.lease.in_(bindparam("leases", expanding=True)),
        entries.c.kind.in_((EntryKind.CHARGE, EntryKind.REFUND, EntryKind.CORRECTION)),
    )
    .group_by(entries.c.lease)
)
_CHARGED = select(
    func.sum(entries.c.device_ms),
    func.sum(-entries.c.amount_microcredits),
    func.max(entries.c.segment),
    func.max(entries.c.to_ms),
).where(
    entries.c.lease == bindparam("lease"),
    entries.c.attempt == bindparam("attempt"),
    entries.c.kind == EntryKind.CHARGE,
)
_CHARGED_OF = (
    select(entries.c.lease, entries.c.attempt, *_CHARGED.selected_columns)
    .where(
        entries.c.lease.in_(bindparam("leases", expanding=True)),
        entries.c.kind == EntryKind.CHARGE,
    )
    .group_by(entries.c.lease, entries.c.attempt)
)
_SLICES = frozenset({EntryKind.CHARGE, EntryKind.OVERHEAD})
_ONCE = _SLICES | {EntryKind.REFUND}
_HEAD = select(ledger_head.c.seq, ledger_head.c.hash)
_PAGE = 2_000


@dataclass(slots=True)
class _Written:
    """What the ledger holds of one attempt."""

    segments: set[tuple[int, EntryKind]]
    to_ms: int = 0
    refundable: int = 0


class Ledger:
    """The ledger's table."""

    def __init__(self, connection: Connection, budget: Budget) -> None:
        self._connection = connection
        self._budget = budget

    def append(self, new: Sequence[Entry]) -> list[Entry]:
        """Append entries in this order and return them sealed.

        A charge settles its attempt's reservation, a refund or correction gives back, a grant
        raises the budget. A refusal comes before anything is written.

        Raises
        ------
        ConflictError
            ``segment_twice`` when (lease, attempt, segment, kind) is already written,
            ``segment_overlaps`` when a slice begins before the last one ended,
            ``refund_too_large`` when an attempt would get back more than it was charged.
        ValueError
            When an entry contradicts itself, which is a defect.
        """
        if not new:
            return []
        self._check(new)
        seq, last = self._connection.execute(_HEAD.with_for_update()).one()
        sealed: list[Entry] = []
        for entry in new:
            placed = seal(entry, seq + len(sealed) + 1, last)
            sealed.append(placed)
            last = placed.hash
        self._move_head(seq, sealed[-1])
        self._connection.execute(insert(entries), [values_of(entry) for entry in sealed])
        self._move_money(sealed)
        return sealed

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry."""
        row = self._connection.execute(_HEAD).one()
        return row.seq, row.hash

    def entries(
        self,
        project: str | None = None,
        projects: Collection[str] | None = None,
        lease: str | None = None,
        after_seq: int = 0,
        limit: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> list[Entry]:
        """Return entries in order.

        Parameters
        ----------
        projects
            Entries of these projects; None for all.
        from_ms, to_ms
            A window, its end excluded. A slice counts where it begins, as in statements.
        """
        query = _filtered(project, projects, lease, from_ms, to_ms)
        query = query.where(entries.c.seq > after_seq).order_by(entries.c.seq).limit(limit)
        return [read_as(Entry, row) for row in self._connection.execute(query)]

    def each(
        self, project: str | None = None, projects: Collection[str] | None = None
    ) -> Iterator[Entry]:
        """Go through all entries in order, a page at a time: for exports and verification."""
        after = 0
        while page := self.entries(project, projects, after_seq=after, limit=_PAGE):
            yield from page
            after = page[-1].seq

    def charged(self, lease: str, attempt: int) -> tuple[int, int, int, int]:
        """Return what is charged for an attempt.

        Returns
        -------
        tuple
            Charged device-milliseconds, charged micro-credits (refunds not subtracted), number
            of the next segment, and up to when it is charged (0: not at all). Overhead is no part.
        """
        mine = {"lease": lease, "attempt": attempt}
        device_ms, cost, segment, to_ms = self._connection.execute(_CHARGED, mine).one()
        if segment is None:
            return 0, 0, 0, 0
        # PostgreSQL sums BIGINT as NUMERIC.
        return int(device_ms), int(cost), segment + 1, to_ms

    def charged_of(
        self, leases: Collection[str]
    ) -> dict[tuple[str, int], tuple[int, int, int, int]]:
        """Return what :meth:`charged` does, by lease and attempt, of all that were charged."""
        rows = self._connection.execute(_CHARGED_OF, {"leases": list(leases)})
        return {
            (lease, attempt): (int(device_ms), int(cost), segment + 1, to_ms)
            for lease, attempt, device_ms, cost, segment, to_ms in rows
        }

    def totals(self, leases: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return (charged device-milliseconds, micro-credits less refunds) by lease."""
        if not leases:
            return {}
        rows = self._connection.execute(_TOTALS, {"leases": list(leases)})
        return {lease: (int(device_ms), int(cost)) for lease, device_ms, cost in rows}

    def sums(
        self,
        projects: Collection[str] | None,
        from_ms: int,
        to_ms: int,
        zone_offset_ms: int = 0,
        kinds: Collection[EntryKind] = tuple(EntryKind),
    ) -> list[UsageSum]:
        """Return usage in a window by project, person, kind of lease and day of the zone.

        The same as :func:`madang.ledger.statement.usage_sums` makes of the entries themselves.
        """
        return usage.sums(self._connection, projects, from_ms, to_ms, zone_offset_ms, kinds)

    def _check(self, new: Sequence[Entry]) -> None:
        """Refuse what is malformed, already written, or out of its place."""
        written = self._written(new)
        for entry in new:
            wrong = check_form(entry)
            if wrong is not None:
                raise ValueError(f"malformed ledger entry: {wrong}: {entry}")
            if not entry.lease or entry.kind not in _ONCE:
                continue
            key = (entry.lease, entry.attempt)
            before = written.setdefault(key, _Written(segments=set()))
            place = {"lease": entry.lease, "attempt": entry.attempt, "segment": entry.segment}
            if (entry.segment, entry.kind) in before.segments:
                raise ConflictError("segment_twice", **place)
            if entry.kind in _SLICES and entry.from_ms < before.to_ms:
                raise ConflictError("segment_overlaps", **place)
            _note(before, entry)
            if before.refundable < 0:
                raise ConflictError("refund_too_large", project=entry.project)

    def _written(self, new: Sequence[Entry]) -> dict[tuple[str, int], _Written]:
        found: dict[tuple[str, int], _Written] = {}
        of_leases = {entry.lease for entry in new if entry.lease}
        if not of_leases:
            return found
        # Sums are made by the database: a slot that takes short runs has very many segments.
        is_slice = entries.c.kind.in_(_SLICES)
        mine = (entries.c.lease.in_(of_leases), entries.c.kind.in_(_ONCE))
        totals = select(
            entries.c.lease,
            entries.c.attempt,
            func.max(case((is_slice, entries.c.to_ms), else_=0)).label("to_ms"),
            func.sum(entries.c.amount_microcredits).label("amount"),
        ).where(*mine)
        for row in self._connection.execute(totals.group_by(entries.c.lease, entries.c.attempt)):
            found[row.lease, row.attempt] = _Written(
                segments=set(), to_ms=row.to_ms, refundable=-int(row.amount)
            )
        there = select(entries.c.lease, entries.c.attempt, entries.c.segment, entries.c.kind)
        for row in self._connection.execute(
            there.where(*mine, entries.c.segment.in_({entry.segment for entry in new}))
        ):
            found[row.lease, row.attempt].segments.add((row.segment, row.kind))
        return found

    def _move_head(self, seq: int, last: Entry) -> None:
        query = update(ledger_head).where(ledger_head.c.seq == seq)
        moved = self._connection.execute(query.values(seq=last.seq, hash=last.hash))
        if moved.rowcount == 0:
            raise ConflictError("ledger_moved_on", seq=seq)

    def _move_money(self, sealed: Sequence[Entry]) -> None:
        charges: Counter[tuple[str, str, int]] = Counter()
        back: Counter[str] = Counter()
        granted: Counter[str] = Counter()
        for entry in sealed:
            if entry.kind is EntryKind.CHARGE:
                key = (entry.project, entry.lease, entry.attempt)
                charges[key] -= entry.amount_microcredits
            elif entry.kind is EntryKind.GRANT:
                granted[entry.project] += entry.amount_microcredits
            elif entry.kind is not EntryKind.OVERHEAD:
                back[entry.project] += entry.amount_microcredits
        if charges:
            self._budget.settle_all(charges)
        for project, amount in sorted(granted.items()):
            self._budget.raise_granted(project, amount)
        for project, amount in sorted(back.items()):
            self._budget.give_back(project, amount)


def _note(before: _Written, entry: Entry) -> None:
    before.segments.add((entry.segment, entry.kind))
    before.refundable -= entry.amount_microcredits
    if entry.kind in _SLICES:
        before.to_ms = max(before.to_ms, entry.to_ms)


def _filtered(
    project: str | None,
    projects: Collection[str] | None,
    lease: str | None,
    from_ms: int | None,
    to_ms: int | None,
) -> Select[Any]:
    query = select(*_COLUMNS)
    if project is not None:
        query = query.where(entries.c.project == project)
    if projects is not None:
        query = query.where(entries.c.project.in_(projects))
    if lease is not None:
        query = query.where(entries.c.lease == lease)
    if from_ms is not None:
        query = query.where(from_ms <= usage.MOMENT)
    if to_ms is not None:
        query = query.where(to_ms > usage.MOMENT)
    return query
