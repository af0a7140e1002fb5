"""What a story leaves behind, made comparable, and what must hold of it in any case.

Ids are replaced by names and order. Times are compared apart, since a service that was killed looks
once more at the same moment, and counts the idle time of a slot anew. Money is compared with what
really ran, to the millisecond, in any case.
"""

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from plan_house import PlanHouse

from madang.domain.lease import LeaseKind
from madang.domain.notice import Channel, NoticeKind
from madang.ledger.chain import verify
from madang.store import Tx

MONEY = ("charge", "overhead", "refund")


@dataclass(slots=True)
class Outcome:
    """Everything that is compared, each part a sorted list or a table."""

    parts: dict[str, Any]

    times: dict[str, tuple[int | None, ...]]
    ledger: dict[Any, Counter[str]]

    def differences(
        self, other: "Outcome", shift_ms: int | None, *, is_exact: bool = True
    ) -> list[str]:
        """Say where another outcome differs; times may by ``shift_ms``, at will when None.

        Without a shift the ledger must be the same, unless a look was not exact by design.
        """
        found = []
        for name, mine in self.parts.items():
            theirs = other.parts[name]
            if mine != theirs:
                found.append(f"{name}: {_difference(mine, theirs)}")
        if found:
            return found
        if self.times == other.times:
            # Nothing was shifted: then every attempt costs the same, to the millisecond.
            same = not is_exact or self.ledger == other.ledger
            return [] if same else [f"ledger: {_difference(self.ledger, other.ledger)}"]
        for name, mine in self.times.items() if shift_ms is not None else ():
            pairs = list(zip(mine, other.times[name], strict=True))
            if any(abs((a or 0) - (b or 0)) > shift_ms for a, b in pairs):
                found.append(f"times of {name}: {pairs}")
        return found


def _difference(mine: Any, theirs: Any) -> str:
    if isinstance(mine, dict):
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        return "; ".join(f"{key} was {mine.get(key)}, is {theirs.get(key)}" for key in keys)
    gone = [one for one in mine if one not in theirs]
    new = [one for one in theirs if one not in mine]
    return f"missing {gone}, new {new}"


def outcome(house: PlanHouse) -> Outcome:
    """Read what there is at the end of a story."""
    return house.query(lambda tx: _outcome(house, tx))


def _outcome(house: PlanHouse, tx: Tx) -> Outcome:
    names = _names(tx)
    entries = [entry for entry in tx.ledger.entries() if entry.kind in MONEY]
    leases = {names[x.id]: x for x in tx.leases.find()}
    runs = {f"run:{r.name}": r for r in tx.runs.find()}
    acts = tx.audit.find(limit=None)
    launcher = house.engine.launcher
    parts = {
        "leases": {name: _lease(x) for name, x in leases.items()},
        "attempts": {
            name: [(a.n, a.reason, len(a.device_ids)) for a in tx.attempts.of_lease(x.id)]
            for name, x in leases.items()
        },
        "runs": {name: _run(r, names) for name, r in runs.items()},
        "audit": Counter((a["act"], names.get(a["target"], "?")) for a in acts),
        "notices": _notices(tx, names),
        "starts": {_key(names, key): count for key, count in launcher.starts.items()},
        "stops": {
            _key(names, key): process.stop_at_ms is not None
            for key, process in launcher._processes.items()
        },
        "kinds": sorted(
            {(str(e.kind), names[e.lease], e.attempt, e.ref) for e in _costly(entries)}
        ),
    }
    # A part of a cluster has what its first lease has left: a limit is a time as well.
    times = {
        n: (x.submitted_ms, x.admitted_ms, x.started_ms, x.ended_ms, x.limit_ms)
        for n, x in leases.items()
    }
    times |= {name: (r.submitted_ms, r.started_ms, r.ended_ms) for name, r in runs.items()}
    return Outcome(parts, times, _costs(entries, names))


def _names(tx: Tx) -> dict[str, str]:
    """Return a name for each id: its own, with a number where there are several."""
    counts: Counter[str] = Counter()
    names = {}
    for lease in tx.leases.find():
        counts[lease.name] += 1
        names[lease.id] = f"{lease.kind}:{lease.name}#{counts[lease.name]}"
    names.update({run.id: f"run:{run.name}" for run in tx.runs.find()})
    return names


def _key(names: dict[str, str], key: tuple[str, int]) -> str:
    return f"{names[key[0]]}.{key[1]}"


def _lease(x: Any) -> tuple[Any, ...]:
    same = (x.state, x.target, x.reason, x.attempt, x.turns_missed, x.devices)
    limit_ms = None if x.kind is LeaseKind.CLUSTER else x.limit_ms
    return (*same, limit_ms, x.held_back, x.device_ids)


def _run(r: Any, names: dict[str, str]) -> tuple[Any, ...]:
    return (r.state, r.reason, r.attempt, r.output_sha256, names.get(r.lease, r.lease))


def _notices(tx: Tx, names: dict[str, str]) -> Counter[Any]:
    """Return who was told what; not of turns, which are told only where they come late."""
    told: Counter[Any] = Counter()
    for person in tx.people.all():
        for notice in tx.notices.recent(person.id, 1_000):
            if notice.kind is NoticeKind.TURN:
                continue
            about = notice.data.get("lease") or notice.data.get("run") or ""
            told[(person.hub_name, notice.kind, Channel.PAGE, names.get(str(about), "?"))] += 1
    return told


def _costs(entries: list[Any], names: dict[str, str]) -> dict[Any, Counter[str]]:
    """Add up each attempt and kind: where the last segment was cut may differ, the sum may not.

    Without what costs nothing: how long devices lay free before they were given back.
    """
    costs: dict[Any, Counter[str]] = defaultdict(Counter)
    for e in _costly(entries):
        cost = costs[names[e.lease], e.attempt, str(e.kind)]
        cost.update(device_ms=e.device_ms, amount=e.amount_microcredits)
    return dict(costs)


def _costly(entries: list[Any]) -> list[Any]:
    return [e for e in entries if str(e.kind) != "overhead" and e.device_ms + e.amount_microcredits]


def broken(house: PlanHouse, late_ms: int = 0) -> list[str]:
    """Say what does not hold that must hold whatever happened.

    ``late_ms`` is how old a look may have been: what was seen alive is charged up to then.
    """
    found = house.query(lambda tx: [*_money(house, tx, late_ms), *_slices(tx)])
    engine = house.engine
    twice = [key for key, count in engine.launcher.starts.items() if count != 1]
    living = [k for k in engine.launcher._processes if engine.launcher._now(k).ended_ms is None]
    held = engine.admission.held()
    if twice:
        found.append(f"started more than once: {twice}")
    if living:
        found.append(f"still alive: {living}")
    if held:
        found.append(f"still held: {held}")
    return found


def _money(house: PlanHouse, tx: Tx, late_ms: int) -> list[str]:
    found = []
    verified = verify(tx.ledger.entries())
    if not verified.ok:
        found.append(f"ledger: {verified.problems}")
    for project in tx.projects.all():
        balance, computed = tx.budget.balance(project.id), verified.balances.get(project.id)
        if computed and (balance.granted, balance.used) != (computed.granted, computed.used):
            found.append(f"balance of {project.name}: {balance}, computed {computed}")
    if tx.budget.open_reservations():
        found.append(f"reserved: {tx.budget.open_reservations()}")
    charged: dict[tuple[str, int], int] = defaultdict(int)
    for entry in tx.ledger.entries():
        if str(entry.kind) == "charge":
            charged[(entry.lease, entry.attempt)] += entry.device_ms
    for key, process in house.engine.launcher._processes.items():
        lease = tx.leases.get(key[0])
        devices = lease.devices if lease else 0
        drift = charged.pop(key, 0) - ((process.ended_ms or 0) - process.started_ms) * devices
        if not 0 <= drift <= late_ms * devices:
            found.append(f"drift of {key}: {drift} device-ms")
    if any(charged.values()):
        found.append(f"charged for what never ran: {charged}")
    return found


def _slices(tx: Tx) -> list[str]:
    """Find gaps and overlaps: charged and overhead slices of an attempt follow each other."""
    slices: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for entry in tx.ledger.entries():
        if str(entry.kind) in ("charge", "overhead"):
            slices[(entry.lease, entry.attempt)].append((entry.from_ms, entry.to_ms))
    found = []
    for key, parts in slices.items():
        parts.sort()
        admitted_ms = tx.attempts.get(*key).admitted_ms
        if parts[0][0] != admitted_ms:
            found.append(f"{key} is charged from {parts[0][0]}, was admitted at {admitted_ms}")
        for (_, to_ms), (from_ms, _) in itertools.pairwise(parts):
            if to_ms != from_ms:
                found.append(f"{key} has a gap or overlap at {to_ms}: {parts}")
    return found
