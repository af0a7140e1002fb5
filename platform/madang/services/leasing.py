"""How a lease comes to be: what was asked, checked against profile, pool, tier and budget."""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease, LeaseClass, LeaseKind, LeaseState
from madang.domain.project import Project, Tier
from madang.domain.queue import ProjectShare, QueueItem
from madang.errors import InvalidError, RefusedError
from madang.services import views
from madang.services.core import Core
from madang.services.requests import Actor, LeaseRequest
from madang.store import Tx
from madang.units import MS_PER_HOUR, new_id

MIN_LIMIT_MS = 60_000
MAX_NAME_CHARS = 80
MAX_LEASES = 50
"""Notebooks and clusters of one person that wait or run; those without devices cost nothing, and
the queue looks at each that waits."""


def tier_of(core: Core, project: Project) -> Tier:
    """Return the tier of a project; an unknown one (policy changed) has the default rules."""
    return core.policy.tiers.get(project.tier, Tier(name=project.tier))


def checked_name(name: str) -> str:
    """Return a name for people.

    Raises
    ------
    InvalidError
        ``name_unusable`` when it is too long, or cannot be printed.
    """
    if len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise InvalidError("name_unusable", given=repr(name[:40]), limit=MAX_NAME_CHARS)
    return name


def new_lease(
    core: Core,
    actor: Actor,
    project: Project,
    *,
    kind: LeaseKind,
    lease_class: LeaseClass,
    flavor: str,
    devices: int,
    limit_ms: int,
    name: str,
    options: Mapping[str, Any],
) -> Lease:
    """Return a lease that keeps every stated limit but the budget's.

    Raises
    ------
    InvalidError
        Unknown flavor, or a size, name or time that cannot be.
    RefusedError
        More than the pool has or the tier allows.
    """
    chosen = core.flavor(flavor)
    tier = tier_of(core, project)
    _check_devices(core, chosen.name, devices, tier)
    longest = tier.max_hours * MS_PER_HOUR
    if limit_ms > longest:
        raise RefusedError(
            "limit_too_long",
            given_h=round(limit_ms / MS_PER_HOUR, 2),
            limit_h=tier.max_hours,
            tier=tier.name,
        )
    if limit_ms < MIN_LIMIT_MS:
        raise InvalidError(
            "limit_too_short", given_s=limit_ms // 1000, limit_s=MIN_LIMIT_MS // 1000
        )
    checked_name(name)
    at_ms = core.clock()
    return Lease(
        id=new_id("lease", at_ms),
        person=actor.person.id,
        project=project.id,
        kind=kind,
        lease_class=lease_class,
        flavor=chosen.name,
        devices=devices,
        limit_ms=limit_ms,
        submitted_ms=at_ms,
        name=name,
        options=dict(options),
    )


def _check_devices(core: Core, flavor: str, devices: int, tier: Tier) -> None:
    if flavor == "cpu":
        if devices:
            raise InvalidError("cpu_has_no_devices", given=devices)
        return
    if devices < 1:
        raise InvalidError("devices_too_few", given=devices)
    total = core.devices_total.get(flavor, 0)
    if devices > total:
        raise RefusedError("more_devices_than_pool", given=devices, limit=total, flavor=flavor)
    caps = [cap for cap in (tier.max_devices_person, tier.max_devices_project) if cap is not None]
    if caps and devices > min(caps):
        raise RefusedError(
            "more_devices_than_cap", given=devices, limit=min(caps), flavor=flavor, tier=tier.name
        )


def notebook_lease(
    core: Core,
    actor: Actor,
    project: Project,
    request: LeaseRequest,
    inside: Mapping[str, Any] | None = None,
) -> Lease:
    """Return the lease of a notebook asked for by profile, or by flavor and devices.

    ``inside`` is the option that names its environment, if it has one.
    """
    options: dict[str, Any] = {
        "profile": request.profile,
        "start_without_me": request.start_without_me,
        **(inside or {}),
    }
    flavor, devices, limit_ms = request.flavor or "gpu", request.devices, request.limit_ms
    if request.profile:
        profile = core.profile(request.profile)
        if profile.tiers and project.tier not in profile.tiers:
            raise RefusedError(
                "profile_not_for_tier",
                profile=profile.name,
                tier=project.tier,
                allowed=list(profile.tiers),
            )
        flavor, devices = profile.flavor, profile.devices
        # What nobody asked for is cut to what the tier allows; what was asked for is judged.
        longest = tier_of(core, project).max_hours * MS_PER_HOUR
        limit_ms = limit_ms or min(profile.limit_ms, longest)
    return new_lease(
        core,
        actor,
        project,
        kind=LeaseKind.NOTEBOOK,
        lease_class=LeaseClass.INTERACTIVE,
        flavor=flavor,
        devices=(0 if flavor == "cpu" else 1) if devices is None else devices,
        limit_ms=limit_ms or 4 * MS_PER_HOUR,
        name=request.name,
        options=options,
    )


def check_count(tx: Tx, actor: Actor) -> None:
    """Refuse one more notebook or cluster to somebody who has very many; slots come by themselves.

    Raises
    ------
    RefusedError
        ``too_many_leases``.
    """
    kinds = (LeaseKind.NOTEBOOK, LeaseKind.CLUSTER)
    has = tx.leases.count(kind=kinds, person=actor.person.id)
    if has >= MAX_LEASES:
        raise RefusedError("too_many_leases", given=has, limit=MAX_LEASES)


def check_budget(
    core: Core, tx: Tx, project: Project, lease: Lease, *, instead_of: str = ""
) -> None:
    """Refuse what the budget could not carry once everything that waits has started.

    ``instead_of`` names the waiting lease whose request this one replaces.

    The guard against racing is the conditional update at admission; this one tells people early.
    """
    needed = views.reserves(core, lease)
    if needed == 0:
        return
    waiting = tx.leases.waiting_sizes(project.id)
    committed = sum(count * views.reserves(core, other) for other, count in waiting)
    replaced = tx.leases.get(instead_of) if instead_of else None
    if replaced and replaced.project == project.id and replaced.state is LeaseState.QUEUED:
        committed -= views.reserves(core, replaced)
    left = tx.budget.balance(project.id).left - committed
    if needed > left:
        raise RefusedError(
            "budget_too_small",
            project=project.name,
            needed=needed / 1_000_000,
            left=max(0, left) / 1_000_000,
            committed=committed / 1_000_000,
        )


def queue_item(core: Core, project: Project, lease: Lease, attempt: int) -> QueueItem:
    """Return the lease as the queue sees it, for the attempt that it waits for or has."""
    return QueueItem(
        lease_id=lease.id,
        attempt=attempt,
        person=lease.person,
        project=lease.project,
        kind=lease.kind,
        lease_class=lease.lease_class,
        flavor=lease.flavor,
        devices=lease.devices,
        submitted_ms=lease.submitted_ms,
        limit_ms=lease.limit_ms,
        is_preemptible=tier_of(core, project).preemptible,
        is_held_back=lease.held_back,
    )


def share(core: Core, project: Project, usage_device_ms: float) -> ProjectShare:
    """Return what the queue must know of a project."""
    tier = tier_of(core, project)
    return ProjectShare(
        project=project.id,
        weight=project.weight,
        guaranteed=dict(project.quota),
        usage_device_ms=usage_device_ms,
        max_devices_person=tier.max_devices_person,
        max_devices_project=tier.max_devices_project,
    )


async def enqueue(core: Core, lease_id: str) -> None:
    """Hand a waiting lease to the engine, as its row is now; done for all after a restart."""

    def item(tx: Tx) -> QueueItem | None:
        lease = tx.leases.get(lease_id)
        if lease is None or lease.state is not LeaseState.QUEUED:
            return None
        project = tx.projects.get(lease.project)
        return queue_item(core, project, lease, lease.attempt + 1) if project else None

    found = await core.store.read(item)
    if found is not None:
        await hand_over(core, found)


async def hand_over(core: Core, item: QueueItem) -> None:
    """Hand a waiting lease to the engine as its row has just been written."""
    await core.engine.admission.enqueue(item)
    core.changed("leases", "queue")
