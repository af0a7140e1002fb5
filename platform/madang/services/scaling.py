"""How many workers a cluster has: it grows by leases of workers, and shrinks by ending whole ones.

An active lease never grows (each segment of its bill carries its count of devices), so that growth
is another lease in the same queue, whose workers join the first lease's scheduler. Shrinking ends
such leases, those that wait first, then the newest, each if there are enough workers without it.
The first lease itself is never shrunk: a number that cannot be reached by whole leases is rounded
up.

Used by :mod:`madang.services.clusters`, :mod:`madang.services.adapting` and the reconcile loop.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from madang.domain.cluster import MAX_WORKERS, worker_names
from madang.domain.lease import EndReason, Lease, LeaseKind, LeaseState, Standing, Target
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services import access, leasing, views
from madang.services.core import Core
from madang.services.leases import UNFINISHED, begin_end
from madang.services.requests import Actor
from madang.store import Tx

JOINS = "joins"
"""Option of a lease of workers: the id of the cluster's first lease."""

ADAPT = "adapt"
"""Option of a cluster's first lease: smallest and largest number of workers while it adapts."""

_STARTED = (LeaseState.ADMITTED, LeaseState.ACTIVE)


def parts_of(tx: Tx, first: Lease) -> list[Lease]:
    """Return the unfinished leases by which a cluster has grown, the first one first."""
    found = tx.leases.find(state=UNFINISHED, kind=LeaseKind.CLUSTER, person=first.person)
    return [lease for lease in found if lease.options.get(JOINS) == first.id]


def workers_in(lease: Lease) -> int:
    """Return the number of workers of one lease."""
    return int(lease.options.get("workers", 0))


def is_wanted(lease: Lease) -> bool:
    """Tell whether a lease counts as asked for: it waits, runs, or is to come again."""
    return not lease.is_ended and lease.target is not Target.END


def let_go(core: Core, tx: Tx, lease: Lease, *, why: str = "") -> Lease:
    """Begin the end of a cluster's lease that nobody wants any more.

    ``why`` is what its person is told when somebody else ends it.
    """
    waits = lease.state is LeaseState.QUEUED
    reason = EndReason.CANCELLED if waits or why else EndReason.COMPLETED
    return begin_end(tx, lease, reason, core.clock(), why=why)


async def by_hand(core: Core, actor: Actor, cluster_id: str, workers: int) -> None:
    """Bring a cluster to a number of workers for a person, and turn adapting off."""
    if not 0 <= workers <= MAX_WORKERS:
        raise InvalidError("workers_out_of_range", given=workers, limit=MAX_WORKERS)

    def work(tx: Tx) -> list[Lease]:
        first = growing(tx, actor, cluster_id)
        if ADAPT in first.options:
            options = {key: value for key, value in first.options.items() if key != ADAPT}
            first = tx.leases.change(first.id, first.state, options=options)
        return resize(core, tx, first, workers, in_one=True)

    await carry_out(core, await core.store.write(work))


def growing(tx: Tx, actor: Actor, cluster_id: str) -> Lease:
    """Return the first lease of a cluster whose number of workers can be changed now.

    Raises
    ------
    ConflictError
        ``cluster_not_ready`` while the first lease waits, ``cluster_over`` once it ends.
    """
    cluster = access.visible_cluster(tx, actor, cluster_id)
    first = tx.leases.get(cluster.lease)
    if first is None:
        raise NotFoundError("cluster_unknown", given=cluster_id[:60])
    if first.state is LeaseState.QUEUED:
        raise ConflictError("cluster_not_ready", state=str(first.state))
    if first.state not in _STARTED:
        raise ConflictError("cluster_over", name=cluster.name or cluster.id)
    return first


def resize(core: Core, tx: Tx, first: Lease, workers: int, *, in_one: bool) -> list[Lease]:
    """Add or end leases of workers until as many are asked for; return the leases that changed.

    Parameters
    ----------
    in_one
        Grow by one lease, all of its workers or none; else by one lease for each worker, so that
        each starts as soon as there is a device and can be given back alone.
    """
    parts = [part for part in parts_of(tx, first) if is_wanted(part)]
    asked = workers_in(first) + sum(workers_in(part) for part in parts)
    if workers > asked:
        if in_one:
            return [_grow(core, tx, first, workers - asked)]
        return _grow_singly(core, tx, first, workers - asked)
    changed = []
    parts.sort(key=lambda part: (part.state is not LeaseState.QUEUED, -part.submitted_ms))
    for part in parts:
        if asked - workers_in(part) >= workers:
            asked -= workers_in(part)
            changed.append(let_go(core, tx, part))
    return changed


def _grow_singly(core: Core, tx: Tx, first: Lease, workers: int) -> list[Lease]:
    """Add one lease for each worker, as many as the rules allow; refused when that is none."""
    made: list[Lease] = []
    for _ in range(workers):
        try:
            made.append(_grow(core, tx, first, 1))
        except RefusedError:
            if not made:
                raise
            break
    return made


def _grow(core: Core, tx: Tx, first: Lease, workers: int) -> Lease:
    """Add a lease of workers for the cluster's owner, whoever asks for it."""
    owner = tx.people.get(first.person)
    if owner is None:
        raise NotFoundError("cluster_unknown", given=first.id)
    actor = Actor(person=owner)
    project = access.usable_project(tx, actor, first.project)
    # It ends with the first lease anyway; the limit tells the queue how long that can take.
    left_ms = first.limit_ms
    if first.expires_ms is not None:
        left_ms = max(leasing.MIN_LIMIT_MS, first.expires_ms - core.clock())
    lease = leasing.new_lease(
        core,
        actor,
        project,
        kind=LeaseKind.CLUSTER,
        lease_class=first.lease_class,
        flavor=first.flavor,
        devices=workers * int(first.options.get("gpus_per_worker", 0)),
        limit_ms=min(first.limit_ms, left_ms),
        name=first.name,
        options={
            **{key: value for key, value in first.options.items() if key != ADAPT},
            "workers": workers,
            JOINS: first.id,
        },
    )
    leasing.check_budget(core, tx, project, lease)
    return tx.leases.add(lease)


async def carry_out(core: Core, changed: Sequence[Lease]) -> None:
    """Tell the engine what was written: who waits now, and who does not any more."""
    for lease in changed:
        if lease.is_ended:
            await core.engine.admission.withdraw(lease.id)
        elif lease.state is LeaseState.QUEUED:
            await leasing.enqueue(core, lease.id)
    if changed:
        core.changed("leases", "queue", "clusters", "usage")


async def follow(core: Core) -> None:
    """End leases of workers whose scheduler ends or waits again; the reconcile loop calls it."""

    def orphans(tx: Tx) -> list[tuple[Lease, Lease | None]]:
        found = tx.leases.find(state=UNFINISHED, kind=LeaseKind.CLUSTER)
        pairs = [(x, tx.leases.get(str(x.options[JOINS]))) for x in found if JOINS in x.options]
        return [(x, y) for x, y in pairs if is_wanted(x) and (y is None or y.state not in _STARTED)]

    if not await core.store.read(orphans):
        return

    def work(tx: Tx) -> list[Lease]:
        # Looked at anew: between reading and writing the scheduler may have come.
        return [
            begin_end(tx, part, (first and first.reason) or EndReason.COMPLETED, core.clock())
            for part, first in orphans(tx)
        ]

    await carry_out(core, await core.store.write(work))


async def may_stop(core: Core, lease: Lease) -> bool:
    """Tell whether the workers of an ending lease may be stopped; first their data is moved.

    The scheduler is asked once, aside: it may take long, and the loop has others to look after.
    """
    if JOINS not in lease.options:
        return True
    key = (lease.id, lease.attempt)
    task = core.live.retiring.get(key)
    if task is None:
        first = await core.store.read(lambda tx: tx.leases.get(str(lease.options[JOINS])))
        if first is None or first.state is not LeaseState.ACTIVE:
            return True
        names = worker_names(workers_in(lease), key)
        asking = core.engine.launcher.retire(first.id, first.attempt, names)
        task = core.live.retiring[key] = asyncio.ensure_future(asking)
        task.add_done_callback(lambda _: core.wake.set())
    return task.done()


def size_view(tx: Tx, first: Lease, standings: Mapping[str, Standing], lang: str) -> dict[str, Any]:
    """Return how many workers are asked for and held, and the leases that they are in."""
    leases = [] if first.is_ended else [first, *parts_of(tx, first)]
    return {
        "workers_asked": sum(workers_in(lease) for lease in leases if is_wanted(lease)),
        "workers_held": sum(workers_in(lease) for lease in leases if lease.state in _STARTED),
        "parts": [
            {
                "lease": lease.id,
                "state": str(lease.state),
                "is_wanted": is_wanted(lease),
                "workers": workers_in(lease),
                "names": _names(lease),
                "standing": views.standing_view(standings.get(lease.id), lang)
                if lease.state is LeaseState.QUEUED
                else None,
            }
            for lease in leases
        ],
    }


def _names(lease: Lease) -> list[str]:
    """Return the names of a lease's workers, of the attempt that it waits for or has."""
    attempt = lease.attempt + (lease.state is LeaseState.QUEUED)
    joined = (lease.id, attempt) if JOINS in lease.options else None
    return list(worker_names(workers_in(lease), joined))


def version(view: Mapping[str, Any], ready: bool) -> str:
    """Return a mark that changes when somebody who waits for a cluster would want to know."""
    seen = [view["lease"]["version"], ready, view["adapt"]]
    seen += [(part["lease"], part["state"], part["is_wanted"]) for part in view["parts"]]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
