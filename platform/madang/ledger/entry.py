"""One line of the ledger: integers and pseudonymous ids in one canonical form, chained by hash.

Never changed, corrected only by an opposite entry. The service's one appender fills ``seq``,
``prev_hash`` and ``hash``; anyone with the export can re-compute them.
"""

import hashlib
import json
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

GENESIS_HASH = "0" * 64
"""``prev_hash`` of the first entry."""


class EntryKind(StrEnum):
    """What an entry says; ``charge`` and ``refund`` move ``used``, ``grant`` moves ``granted``."""

    GRANT = "grant"
    CHARGE = "charge"
    OVERHEAD = "overhead"
    REFUND = "refund"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ledger entry.

    Attributes
    ----------
    seq
        Running number from 1, without gaps.
    lease, attempt, segment
        With ``kind`` unique for charges and overhead: a segment can be written once only.
        ``segment`` is its number within the attempt, from 0.
    from_ms, to_ms, devices, device_ms
        The slice of time; ``device_ms = devices * (to_ms - from_ms)``.
    used_device_ms
        Utilisation times device time where it was metered; -1 where it was not (never 0).
    amount_microcredits
        Negative for charges, positive for grants and refunds, 0 for overhead.
    ref
        Id of what it belongs to beside the lease: a grant, the corrected entry's ``seq``, a run.
    """

    seq: int = 0
    kind: EntryKind
    project: str
    person: str = ""
    at_ms: int
    lease: str = ""
    lease_kind: str = ""
    attempt: int = 0
    segment: int = 0
    flavor: str = ""
    devices: int = 0
    from_ms: int = 0
    to_ms: int = 0
    device_ms: int = 0
    used_device_ms: int = -1
    rate_microcredits: int = 0
    amount_microcredits: int = 0
    ref: str = ""
    prev_hash: str = ""
    hash: str = ""

    def canonical(self) -> bytes:
        """Return the one byte form that is hashed: sorted keys, no spaces, without ``hash``."""
        body = self.to_json()
        del body["hash"]
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return text.encode("ascii")

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON data, in field order."""
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        body["kind"] = str(self.kind)
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Entry":
        """Read what :meth:`to_json` wrote."""
        return cls(**{**body, "kind": EntryKind(body["kind"])})


def seal(entry: Entry, seq: int, prev_hash: str) -> Entry:
    """Return ``entry`` with its number, the hash before it, and its own hash."""
    placed = replace(entry, seq=seq, prev_hash=prev_hash, hash="")
    return replace(placed, hash=hashlib.sha256(placed.canonical()).hexdigest())
