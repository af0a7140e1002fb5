"""From the life of an attempt to entries of the ledger: segments, overhead, refunds.

Everything here runs inside the transaction that changes the lease, so that row, reservation and
ledger can never tell different stories.
"""

from collections.abc import Sequence
from dataclasses import replace

from madang.domain.lease import Lease
from madang.engines.ports import Sample
from madang.ledger.entry import Entry, EntryKind
from madang.policy.segments import Segment, cut_segments, last_mark_ms
from madang.services.core import Core
from madang.store import Tx
from madang.units import segment_cost_microcredits


def charge(core: Core, tx: Tx, lease: Lease, upto_ms: int, *, is_last: bool) -> bool:
    """Write the segments of the present attempt that are complete up to a time.

    Parameters
    ----------
    upto_ms
        Now, or the end of the attempt's last process.
    is_last
        Write the last, incomplete segment as well.

    Returns
    -------
    bool
        Whether anything was written.
    """
    known = tx.ledger.charged(lease.id, lease.attempt)
    entries = _charges(core, lease, known, upto_ms if is_last else last_mark_ms(upto_ms))
    if not entries:
        return False
    tx.ledger.append(entries)
    tx.leases.change(lease.id, lease.state, charged_to_ms=entries[-1].to_ms)
    return True


def charge_all(core: Core, tx: Tx, leases: Sequence[Lease], now_ms: int) -> list[Lease]:
    """Write the segments of many that run which are complete by now, and return all as they are.

    They were read in this transaction. What :func:`charge` writes of each, in few statements.
    """
    known = tx.ledger.charged_of([lease.id for lease in leases])
    entries: list[Entry] = []
    to_ms: dict[str, int] = {}
    for lease in leases:
        before = known.get((lease.id, lease.attempt), (0, 0, 0, 0))
        of_lease = _charges(core, lease, before, last_mark_ms(now_ms))
        if of_lease:
            entries += of_lease
            to_ms[lease.id] = of_lease[-1].to_ms
    tx.ledger.append(entries)
    tx.leases.charged(to_ms)
    return [replace(x, charged_to_ms=to_ms[x.id]) if x.id in to_ms else x for x in leases]


def _charges(
    core: Core, lease: Lease, known: tuple[int, int, int, int], upto_ms: int
) -> list[Entry]:
    """Return what is to be charged up to a time; ``known`` is what the ledger holds."""
    if lease.started_ms is None or lease.devices == 0:
        return []
    device_ms, _, next_segment, to_ms = known
    from_ms = lease.started_ms if next_segment == 0 else to_ms
    entries = []
    for piece in cut_segments(lease.started_ms, from_ms, upto_ms):
        entry = _entry(core, lease, piece, EntryKind.CHARGE, device_ms)
        device_ms += entry.device_ms
        entries.append(entry)
    return entries


def overhead(core: Core, tx: Tx, lease: Lease, number: int, from_ms: int, to_ms: int) -> None:
    """Write time in which devices were held and nothing ran; it costs nothing and is shown.

    ``number`` is 0 for the time from admission to start, 1 from the last process to release.
    """
    if lease.devices == 0 or to_ms <= from_ms:
        return
    tx.ledger.append([_entry(core, lease, Segment(number, from_ms, to_ms), EntryKind.OVERHEAD, 0)])


def refund(core: Core, tx: Tx, lease: Lease, why: str) -> None:
    """Give back what the present attempt was charged, by one opposite entry."""
    _, microcredits, segments, to_ms = tx.ledger.charged(lease.id, lease.attempt)
    if microcredits == 0:
        return
    tx.ledger.append(
        [
            Entry(
                kind=EntryKind.REFUND,
                project=lease.project,
                person=lease.person,
                at_ms=core.clock(),
                lease=lease.id,
                lease_kind=str(lease.kind),
                attempt=lease.attempt,
                segment=segments,
                flavor=lease.flavor,
                from_ms=to_ms,
                to_ms=to_ms,
                amount_microcredits=microcredits,
                ref=why,
            )
        ]
    )


def _entry(
    core: Core, lease: Lease, piece: Segment, kind: EntryKind, before_device_ms: int
) -> Entry:
    device_ms = lease.devices * (piece.to_ms - piece.from_ms)
    is_charge = kind is EntryKind.CHARGE
    cost = segment_cost_microcredits(before_device_ms, device_ms, lease.rate_microcredits)
    return Entry(
        kind=kind,
        project=lease.project,
        person=lease.person,
        at_ms=core.clock(),
        lease=lease.id,
        lease_kind=str(lease.kind),
        attempt=lease.attempt,
        segment=piece.number,
        flavor=lease.flavor,
        devices=lease.devices,
        from_ms=piece.from_ms,
        to_ms=piece.to_ms,
        device_ms=device_ms,
        used_device_ms=_used(core, lease, piece, device_ms) if is_charge else -1,
        rate_microcredits=lease.rate_microcredits if is_charge else 0,
        amount_microcredits=-cost if is_charge else 0,
    )


def _used(core: Core, lease: Lease, piece: Segment, device_ms: int) -> int:
    """Return metered device time of a slice; -1 when no sample fell into it (never zero)."""
    samples: list[Sample] = core.live.samples.get(lease.id, [])
    readings = [
        sample.utilisation_percent
        for sample in samples
        if sample.attempt == lease.attempt
        and piece.from_ms <= sample.at_ms < piece.to_ms
        and sample.utilisation_percent is not None
    ]
    return device_ms * sum(readings) // (100 * len(readings)) if readings else -1
