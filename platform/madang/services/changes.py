"""Use-cases that change what a lease asks for: other devices while it waits, more time later.

A change never takes devices away and never gains a place. It counts as an attempt, so that an
admission of the earlier request that is still on its way is handed back by whoever hears of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.domain.project import Project
from madang.errors import ConflictError, NotFoundError, RefusedError
from madang.policy.alternatives import is_now
from madang.policy.changing import Size, end_of_line_ms, keeps_place
from madang.services import access, environment_use, leasing, views
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, ChangeRequest, ExtendRequest, LeaseRequest
from madang.store import Tx
from madang.units import MS_PER_HOUR, cost_microcredits

Look = Callable[[Actor, str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that may be made.

    Attributes
    ----------
    lease
        The lease as it would be.
    is_same
        Whether nothing that the queue judges would change.
    """

    lease: Lease
    project: Project
    keeps_place: bool
    is_same: bool


class Changes:
    """Changes of leases.

    Parameters
    ----------
    look
        Returns the view of a lease for an actor.
    """

    def __init__(self, core: Core, look: Look) -> None:
        self._core = core
        self._look = look

    async def change(
        self, actor: Actor, lease_id: str, request: ChangeRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Let a waiting notebook ask for something else; the same again changes nothing."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> bool:
            lease = _changeable(tx, actor, lease_id, request)
            kept = [True]

            def make() -> str:
                made = plan(core, tx, lease, request)
                kept[0] = made.keeps_place
                _apply(core, tx, actor, lease, made)
                return lease.id

            print_ = fingerprint("change", lease_id, request)
            _, is_new = once(tx, actor.person.id, key, print_, core.clock(), make)
            return kept[0] if is_new else bool(lease.options.get("kept_place", True))

        kept_place = await core.store.write(work)
        await leasing.enqueue(core, lease_id)
        core.changed("leases", "queue")
        return await self._look(actor, lease_id) | {"kept_place": kept_place}

    async def preview(self, actor: Actor, lease_id: str, request: ChangeRequest) -> dict[str, Any]:
        """Tell what a change would mean, and change nothing."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> Plan:
            return plan(core, tx, _changeable(tx, actor, lease_id, request), request)

        made = await core.store.read(work)
        lease, now = made.lease, core.clock()
        item = leasing.queue_item(core, made.project, lease, lease.attempt + 1)
        standing = await core.engine.admission.preview(item, now)
        starts_ms = await core.engine.admission.estimate(item, now)
        return {
            "keeps_place": made.keeps_place,
            "starts_now": not lease.held_back and is_now(starts_ms, now),
            "standing_after": views.standing_view(standing, actor.lang),
            "profile": str(lease.options.get("profile", "")),
            "flavor": lease.flavor,
            "devices": lease.devices,
            "limit_ms": lease.limit_ms,
            "cost_per_hour_microcredits": cost_per_hour(core, lease),
        }

    async def extend(
        self, actor: Actor, lease_id: str, request: ExtendRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Give a lease that holds its devices more time, up to what its tier allows in total."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> Lease:
            lease = access.manageable_lease(tx, actor, lease_id)

            def make() -> str:
                limit_ms = _longer(core, tx, lease, request.by_ms)
                tx.leases.change(lease.id, lease.state, limit_ms=limit_ms)
                details = {"by_ms": request.by_ms, "limit_ms": limit_ms}
                now, who = core.clock(), actor.person.id
                tx.audit.add(now, who, "lease.extend", lease.id, request.reason, details)
                return lease.id

            print_ = fingerprint("extend", lease_id, request)
            once(tx, actor.person.id, key, print_, core.clock(), make)
            return tx.leases.get(lease_id) or lease

        lease = await core.store.write(work)
        await core.engine.admission.prolong(lease.id, lease.attempt, lease.limit_ms)
        core.changed("leases", "queue")
        return await self._look(actor, lease_id)


def _changeable(tx: Tx, actor: Actor, lease_id: str, request: ChangeRequest) -> Lease:
    """Return a lease that the actor may change so.

    What an environment brings is executed as the lease's person, so nobody else chooses it.

    Raises
    ------
    RefusedError
        ``environment_of_another``.
    """
    lease = access.manageable_lease(tx, actor, lease_id)
    if request.environment is not None and lease.person != actor.person.id:
        raise RefusedError("environment_of_another")
    return lease


def _longer(core: Core, tx: Tx, lease: Lease, by_ms: int) -> int:
    """Return the limit with the time that is added.

    Raises
    ------
    ConflictError
        ``extend_not_for_kind``, ``extend_not_now``.
    RefusedError
        ``extend_too_long``, ``budget_too_small``.
    """
    if lease.kind is LeaseKind.SLOT:
        raise ConflictError("extend_not_for_kind", kind=str(lease.kind))
    if lease.state not in (LeaseState.ADMITTED, LeaseState.ACTIVE):
        raise ConflictError("extend_not_now", state=str(lease.state))
    project = tx.projects.get(lease.project)
    if project is None or not project.is_open:
        raise RefusedError("project_closed", project=project.name if project else lease.project)
    tier = leasing.tier_of(core, project)
    limit_ms, longest = lease.limit_ms + by_ms, tier.max_hours * MS_PER_HOUR
    if limit_ms > longest:
        raise RefusedError(
            "extend_too_long",
            given_h=round(limit_ms / MS_PER_HOUR, 2),
            limit_h=tier.max_hours,
            tier=tier.name,
            more_min=max(0, longest - lease.limit_ms) // 60_000,
        )
    needed, left = _price(core, tx, lease, by_ms)
    if needed > left:
        raise RefusedError(
            "budget_too_small",
            project=project.name,
            needed=needed / 1_000_000,
            left=left / 1_000_000,
            committed=0,
        )
    return limit_ms


def _price(core: Core, tx: Tx, lease: Lease, by_ms: int) -> tuple[int, int]:
    """Return what the added time would cost, and what is left of the budget."""
    left = tx.budget.balance(lease.project).left
    return cost_microcredits(lease.devices * by_ms, core.rate(lease)), left


def cost_per_hour(core: Core, lease: Lease) -> int:
    """Return what an hour would cost at the price of now."""
    return cost_microcredits(lease.devices * MS_PER_HOUR, core.policy.rate(lease.flavor))


def plan(core: Core, tx: Tx, lease: Lease, request: ChangeRequest) -> Plan:
    """Return the lease as it would be after a change, checked as a new request is.

    Raises
    ------
    ConflictError
        ``change_not_for_kind``, ``change_not_now``.
    MadangError
        Whatever a request for the same would be refused with.
    """
    if lease.kind is not LeaseKind.NOTEBOOK:
        raise ConflictError("change_not_for_kind", kind=str(lease.kind))
    if lease.state is not LeaseState.QUEUED:
        raise ConflictError("change_not_now", state=str(lease.state))
    person = tx.people.get(lease.person)
    if person is None:
        raise NotFoundError("lease_unknown", given=lease.id)
    owner = Actor(person=person)
    project = access.usable_project(tx, owner, lease.project)
    wanted = leasing.notebook_lease(core, owner, project, _request(core, lease, request))
    before, after = _size(lease), _size(wanted)
    keeps, is_same = keeps_place(before, after), before == after
    submitted_ms = lease.submitted_ms
    if not keeps:
        last_ms = tx.leases.last_waiting_ms(wanted.flavor)
        submitted_ms = end_of_line_ms(core.clock(), lease.submitted_ms, [last_ms])
    changed = replace(
        lease,
        flavor=wanted.flavor,
        devices=wanted.devices,
        limit_ms=wanted.limit_ms,
        submitted_ms=submitted_ms,
        # Of an earlier attempt; the next admission sets that of its own time and flavor.
        rate_microcredits=0,
        options={**_inside(tx, project, lease, request), **wanted.options},
    )
    # Who asks for less is let through even when the budget has become too small for all that wait.
    if views.reserves(core, changed) > views.reserves(core, lease):
        leasing.check_budget(core, tx, project, changed, instead_of=lease.id)
    return Plan(changed, project, keeps, is_same)


def _inside(tx: Tx, project: Project, lease: Lease, request: ChangeRequest) -> dict[str, Any]:
    """Return the lease's options with the environment that is wanted; no queue judges it."""
    options = dict(lease.options)
    if request.environment is not None:
        options.pop(environment_use.ENVIRONMENT, None)
        options |= environment_use.option(tx, project, request.environment)
    return options


def _request(core: Core, lease: Lease, request: ChangeRequest) -> LeaseRequest:
    by_size = bool(request.flavor) or request.devices is not None
    without_me = request.start_without_me
    profile, flavor, devices = request.profile, "", None
    if not profile and by_size:
        flavor = request.flavor or lease.flavor
        devices = request.devices
        if devices is None and core.flavor(flavor).name == lease.flavor:
            devices = lease.devices
    elif not profile:
        profile = str(lease.options.get("profile", ""))
        flavor, devices = ("", None) if profile else (lease.flavor, lease.devices)
    there = core.flavor(core.profile(profile).flavor if profile else flavor).name
    stays = lease.limit_ms if there == lease.flavor else None
    return LeaseRequest(
        project=lease.project,
        name=lease.name,
        profile=profile,
        flavor=flavor,
        devices=devices,
        limit_ms=request.limit_ms or stays,
        start_without_me=(
            bool(lease.options.get("start_without_me")) if without_me is None else without_me
        ),
    )


def _size(lease: Lease) -> Size:
    return Size(flavor=lease.flavor, devices=lease.devices, limit_ms=lease.limit_ms)


def _apply(core: Core, tx: Tx, actor: Actor, lease: Lease, made: Plan) -> None:
    after, now = made.lease, core.clock()
    options = dict(after.options)
    if not made.is_same:
        options |= {
            "changed_ms": now,
            "kept_place": made.keeps_place,
            "asked_before": {
                "profile": str(lease.options.get("profile", "")),
                "flavor": lease.flavor,
                "devices": lease.devices,
                "limit_ms": lease.limit_ms,
            },
        }
    if lease.person != actor.person.id:
        tx.audit.add(now, actor.person.id, "lease.change", lease.id, "", {})
    tx.leases.change(
        lease.id,
        LeaseState.QUEUED,
        flavor=after.flavor,
        devices=after.devices,
        limit_ms=after.limit_ms,
        submitted_ms=after.submitted_ms,
        rate_microcredits=after.rate_microcredits,
        attempt=lease.attempt if made.is_same else lease.attempt + 1,
        options=options,
    )
