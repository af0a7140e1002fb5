"""Use-cases of leases: ask, look, wait, claim, hold back, end. The reconcile loop does the rest."""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import EndReason, Lease, LeaseKind, LeaseState, Standing, Target
from madang.domain.queue import QueueItem
from madang.errors import ConflictError, InvalidError, RefusedError
from madang.services import access, acts, environment_use, leasing, telling, views
from madang.services.alternatives import Alternatives
from madang.services.core import Activity, Core
from madang.services.idempotency import fingerprint, once
from madang.services.lease_watch import LeaseWatch
from madang.services.placement import placement
from madang.services.requests import Actor, LeaseRequest
from madang.services.run_ends import cancel_waiting
from madang.store import Tx

UNFINISHED = tuple(state for state in LeaseState if state is not LeaseState.ENDED)
HISTORY = 200
"""Ended leases that a list shows at most."""


class Leases:
    """What people and the hub may do with leases."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._watch = LeaseWatch(core)
        self._alternatives = Alternatives(core)

    async def request(
        self, actor: Actor, request: LeaseRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Ask for a notebook; the unfinished lease of the same person and server is returned."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> tuple[Lease, QueueItem | None]:
            same = tx.leases.find(
                state=UNFINISHED,
                kind=LeaseKind.NOTEBOOK,
                person=actor.person.id,
                name=request.name,
                limit=1,
            )
            if same:
                return same[0], None
            project = access.usable_project(tx, actor, request.project)
            inside = environment_use.option(tx, project, request.environment)
            lease = leasing.notebook_lease(core, actor, project, request, inside)

            def make() -> str:
                leasing.check_count(tx, actor)
                leasing.check_budget(core, tx, project, lease)
                tx.leases.add(lease)
                return lease.id

            print_ = fingerprint("lease", request)
            made_id, made = once(tx, actor.person.id, key, print_, lease.submitted_ms, make)
            if made:
                return lease, leasing.queue_item(core, project, lease, lease.attempt + 1)
            return _known(tx, made_id), None

        lease, item = await core.store.write(work)
        if item is not None:
            # Nobody knows its name yet, so nobody can have changed it.
            await leasing.hand_over(core, item)
        else:
            # Also what was asked for before: the engine may never have heard of it.
            await leasing.enqueue(core, lease.id)
        return await self.get(actor, lease.id)

    async def get(self, actor: Actor, lease_id: str) -> dict[str, Any]:
        """Return one lease."""
        access.require_person(actor)
        standings = await self._core.standings()

        def work(tx: Tx) -> tuple[Lease, dict[str, Any]]:
            lease = access.visible_lease(tx, actor, lease_id)
            view = self._view(tx, actor, lease, standings)
            if actor.is_service and lease.kind is LeaseKind.NOTEBOOK:
                view["placement"] = placement(self._core, tx, lease)
            return lease, view

        lease, view = await self._core.store.read(work)
        # The hub shows none, and asks for everybody who waits.
        if view["can_manage"] and not actor.is_service:
            found = await self._alternatives.find(actor, lease, standings.get(lease.id))
            view["alternatives"] = found
        return view

    def _view(
        self, tx: Tx, actor: Actor, lease: Lease, standings: Mapping[str, Standing]
    ) -> dict[str, Any]:
        return views.lease_view(self._core, tx, actor, lease, standings)

    async def list(
        self,
        actor: Actor,
        *,
        state: str | None = None,
        kind: str | None = None,
        mine: bool = False,
        project: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return leases that the actor may see, unfinished first unless a state is given."""
        access.require_person(actor)
        standings = await self._core.standings()
        if state is not None and state not in set(LeaseState):
            raise InvalidError(
                "state_unknown", given=state[:40], known=[str(s) for s in LeaseState]
            )

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted: dict[str, Any] = {
                "state": [LeaseState(state)] if state else None,
                "kind": LeaseKind(kind) if kind in set(LeaseKind) else None,
                "limit": HISTORY,
                "newest_first": True,
            }
            if project:
                wanted["project"] = access.visible_project(tx, actor, project).id
            leases = access.seen_by(tx, actor, tx.leases.find, mine=mine, **wanted)
            leases.sort(key=lambda lease: lease.is_ended)
            names = views.Names(tx, actor, leases)
            return [
                views.lease_view(self._core, tx, actor, lease, standings, names) for lease in leases
            ]

        return await self._core.store.read(work)

    async def wait(
        self, actor: Actor, lease_id: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return the lease as soon as it differs from what was ``seen``, or when time is over."""
        core, until_ms = self._core, self._core.clock() + int(timeout_s * 1000)
        view = await self.get(actor, lease_id)
        while view["version"] == seen:
            left_s = (until_ms - core.clock()) / 1000
            if left_s <= 0 or not await self._watch.changed(view, left_s):
                break
            view = await self.get(actor, lease_id)
        return view

    async def claim(self, actor: Actor, lease_id: str) -> dict[str, Any]:
        """Take an admitted notebook; taking it twice is harmless."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            lease = access.manageable_lease(tx, actor, lease_id)
            if lease.needs_claim:
                tx.leases.change(lease.id, LeaseState.ADMITTED, claimed_ms=core.clock())
            elif not lease.holds_devices:
                raise ConflictError("claim_not_now", state=str(lease.state))

        await core.store.write(work)
        core.changed("leases")
        return await self.get(actor, lease_id)

    async def hold(self, actor: Actor, lease_id: str, held_back: bool) -> dict[str, Any]:
        """Pause a waiting lease, or let it go on; the place is kept."""
        access.require_person(actor)

        def work(tx: Tx) -> None:
            lease = access.manageable_lease(tx, actor, lease_id)
            if lease.state is not LeaseState.QUEUED:
                raise ConflictError("hold_not_now", state=str(lease.state))
            tx.leases.change(lease.id, LeaseState.QUEUED, held_back=held_back)

        await self._core.store.write(work)
        await leasing.enqueue(self._core, lease_id)
        return await self.get(actor, lease_id)

    async def end(
        self, actor: Actor, lease_id: str, *, why: str = "", is_failed: bool = False
    ) -> dict[str, Any]:
        """Withdraw a waiting lease, or let a running one save and end; repeating is harmless.

        With a slot that has taken no run yet go the runs that it was opened for: they would open
        the next one at once.

        Parameters
        ----------
        is_failed
            Its server could not be started; only the hub can know.
        """
        access.require_person(actor)
        core = self._core
        reason = EndReason.NOT_STARTED if is_failed and actor.is_service else EndReason.CANCELLED

        def work(tx: Tx) -> Lease:
            lease = access.manageable_lease(tx, actor, lease_id)
            if lease.target is Target.END:
                # It ends already; asked again, nobody has ended it a second time.
                return lease
            told = acts.note_end(
                core,
                tx,
                actor,
                owner=lease.person,
                project=lease.project,
                target=lease.id,
                act="lease.end",
                why=why,
            )
            if lease.kind is LeaseKind.SLOT:
                cancel_waiting(tx, lease, core.clock())
            return begin_end(tx, lease, reason, core.clock(), why=told)

        lease = await core.store.write(work)
        if lease.is_ended:
            await core.engine.admission.withdraw(lease.id)
        core.changed("leases", "queue", "runs", "usage")
        return await self.get(actor, lease_id)

    async def activity(self, actor: Actor, lease_id: str, body: Mapping[str, Any]) -> None:
        """Take what the agent of a notebook says about its kernels.

        Raises
        ------
        RefusedError
            ``lease_not_yours``: nobody else knows, and what is said may keep a device from being
            asked back.
        """
        access.require_person(actor)
        core = self._core
        lease = await core.store.read(lambda tx: access.visible_lease(tx, actor, lease_id))
        if lease.person != actor.person.id:
            raise RefusedError("lease_not_yours", given=lease_id)
        if not lease.holds_devices:
            return
        busy = bool(body.get("kernel_busy"))
        before = core.live.activity.get(lease.id)
        core.live.activity[lease.id] = Activity(core.clock(), busy, dict(body))
        if before is None or before.is_busy != busy:
            core.bus.publish("leases")


def begin_end(tx: Tx, lease: Lease, reason: EndReason, at_ms: int, *, why: str = "") -> Lease:
    """Move a lease towards its end: at once while it waits, else by way of ``ending``.

    Parameters
    ----------
    why
        What somebody else who ends it says to its person; kept with the lease.
    """
    if lease.is_ended:
        return lease
    told = {"options": {**lease.options, "why": why}} if why else {}
    if lease.state is LeaseState.QUEUED:
        ended = tx.leases.change(
            lease.id,
            LeaseState.QUEUED,
            state=LeaseState.ENDED,
            target=Target.END,
            reason=reason,
            ended_ms=at_ms,
            **told,
        )
        telling.ended(tx, ended, at_ms)
        return ended
    if lease.state is LeaseState.ENDING:
        if lease.target is Target.REQUEUE:
            return tx.leases.change(
                lease.id, LeaseState.ENDING, target=Target.END, reason=reason, **told
            )
        return lease
    return tx.leases.change(
        lease.id,
        (LeaseState.ADMITTED, LeaseState.ACTIVE),
        state=LeaseState.ENDING,
        target=Target.END,
        reason=reason,
        **told,
    )


def _known(tx: Tx, lease_id: str) -> Lease:
    lease = tx.leases.get(lease_id)
    if lease is None:
        raise ConflictError("key_reused", given=lease_id)
    return lease
