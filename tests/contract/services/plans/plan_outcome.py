"""What a story leaves behind, made comparable, and what must hold of it in any case.

Ids are replaced by names and order; nothing else is, unless times may differ: then times of rows
and the cuts of segments are left out, and the sums are compared with what really ran instead.
"""

import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from plan_house import PlanHouse

from madang.domain.notice import Channel, NoticeKind
from madang.ledger.chain import verify
from madang.store import Tx

MONEY = ("charge", "overhead", "refund")


@dataclass(slots=True)
class Outcome:
    """Everything that is compared, each part a sorted list or a table."""

    parts: dict[str, Any]

    def differences(self, other: "Outcome") -> list[str]:
        """Say in which parts another outcome differs."""
        found = []
        for name, mine in self.parts.items():
            theirs = other.parts[name]
            if mine != theirs:
                found.append(f"{name}: {_difference(mine, theirs)}")
        return found


def _difference(mine: Any, theirs: Any) -> str:
    if isinstance(mine, dict):
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        return "; ".join(f"{key} was {mine.get(key)}, is {theirs.get(key)}" for key in keys)
    gone = [one for one in mine if one not in theirs]
    new = [one for one in theirs if one not in mine]
    return f"missing {gone}, new {new}"


def outcome(house: PlanHouse, *, with_times: bool) -> Outcome:
    """Read what there is at the end of a story."""
    return house.query(lambda tx: Outcome(_parts(house, tx, with_times)))


def _parts(house: PlanHouse, tx: Tx, with_times: bool) -> dict[str, Any]:
    names = _names(tx)
    entries = [entry for entry in tx.ledger.entries() if entry.kind in MONEY]
    parts = {
        "leases": {names[x.id]: _lease(x, with_times) for x in tx.leases.find()},
        "attempts": {
            names[x.id]: [_attempt(a, with_times) for a in tx.attempts.of_lease(x.id)]
            for x in tx.leases.find()
        },
        "runs": {r.name: _run(r, names, with_times) for r in tx.runs.find()},
        "audit": Counter((a["act"], names.get(a["target"], "?")) for a in tx.audit.find(limit=None)),
        "notices": _notices(tx, names, with_times),
        "starts": {_key(names, key): n for key, n in house.engine.launcher.starts.items()},
        "stops": {
            _key(names, key): process.stop_at_ms is not None
            for key, process in house.engine.launcher._processes.items()
        },
    }
    if with_times:
        parts["ledger"] = sorted(_entry(entry, names) for entry in entries)
        parts["balances"] = {p.name: _balance(tx.budget.balance(p.id)) for p in tx.projects.all()}
    else:
        parts["kinds"] = sorted({(str(e.kind), names[e.lease], e.attempt) for e in _costly(entries)})
    return parts


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


def _times(with_times: bool, *times: int | None) -> tuple[Any, ...]:
    return times if with_times else tuple(time is not None for time in times)


def _lease(x: Any, with_times: bool) -> tuple[Any, ...]:
    same = (x.state, x.target, x.reason, x.attempt, x.turns_missed, x.devices, x.limit_ms)
    times = (x.submitted_ms, x.admitted_ms, x.started_ms, x.charged_to_ms, x.ended_ms)
    return (*same, x.held_back, x.device_ids, *_times(with_times, *times))


def _attempt(a: Any, with_times: bool) -> tuple[Any, ...]:
    times = _times(with_times, a.admitted_ms, a.started_ms, a.ended_ms)
    return (a.n, a.reason, len(a.device_ids), a.rate_microcredits, *times)


def _run(r: Any, names: dict[str, str], with_times: bool) -> tuple[Any, ...]:
    same = (r.state, r.reason, r.attempt, r.output_sha256, names.get(r.lease, r.lease))
    return (*same, *_times(with_times, r.submitted_ms, r.started_ms, r.ended_ms))


def _notices(tx: Tx, names: dict[str, str], with_times: bool) -> Counter[Any]:
    """Return who was told what; a turn is told only where it came late."""
    told: Counter[Any] = Counter()
    for person in tx.people.all():
        for notice in tx.notices.recent(person.id, 1_000):
            if notice.kind is NoticeKind.TURN and not with_times:
                continue
            about = notice.data.get("lease") or notice.data.get("run") or ""
            told[(person.hub_name, notice.kind, Channel.PAGE, names.get(str(about), "?"))] += 1
    return told


def _entry(e: Any, names: dict[str, str]) -> tuple[Any, ...]:
    what = (names[e.lease], e.attempt, str(e.kind), e.segment, e.ref)
    return (*what, e.from_ms, e.to_ms, e.devices, e.device_ms, e.amount_microcredits)


def _balance(b: Any) -> tuple[int, ...]:
    return (b.granted, b.reserved, b.used, b.overrun)


def _costly(entries: list[Any]) -> list[Any]:
    return [e for e in entries if str(e.kind) != "overhead" and e.device_ms + e.amount_microcredits]


def broken(house: PlanHouse) -> list[str]:
    """Say what does not hold that must hold whatever happened."""
    found = house.query(lambda tx: [*_money(house, tx), *_slices(tx)])
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


def _money(house: PlanHouse, tx: Tx) -> list[str]:
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
        ran = ((process.ended_ms or 0) - process.started_ms) * (lease.devices if lease else 0)
        if charged.pop(key, 0) != ran:
            found.append(f"drift of {key}: ran {ran} device-ms, charged otherwise")
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
