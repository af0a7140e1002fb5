"""Use-cases about people for administrators: who there is, a new hub name, an off-boarding.

The ledger is never touched: it names people by an id that stays. A person who has left cannot come
back by logging in; an administrator takes them back by adding them to a project.
"""

from collections.abc import Sequence
from typing import Any

from madang.domain.lease import EndReason, Lease, LeaseState
from madang.domain.project import Person, Role
from madang.domain.run import RunState
from madang.errors import ConflictError, InvalidError
from madang.services import access, acts
from madang.services.core import Core
from madang.services.leases import UNFINISHED, begin_end
from madang.services.people import People, hub_name_of, left_key
from madang.services.requests import Actor
from madang.services.run_ends import CANCELLING
from madang.store import Tx

UNFINISHED_RUNS = (RunState.QUEUED, RunState.RUNNING)


class Departures:
    """What administrators may see of people and do with them."""

    def __init__(self, core: Core, people: People) -> None:
        self._core = core
        self._people = people

    async def list(self, actor: Actor) -> list[dict[str, Any]]:
        """Return everybody who was ever seen, with their projects and what they hold."""
        access.require_admin(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            unfinished = tx.leases.find(state=UNFINISHED, limit=None)
            return [self._view(tx, person, unfinished) for person in tx.people.all()]

        return await self._core.store.read(work)

    def _view(self, tx: Tx, person: Person, unfinished: Sequence[Lease]) -> dict[str, Any]:
        mine = [lease for lease in unfinished if lease.person == person.id]
        return {
            "id": person.id,
            "person": person.hub_name,
            "is_admin": person.is_admin or person.hub_name in self._core.policy.admins,
            "left_ms": tx.meta.get(left_key(person.id)),
            "projects": [
                {"name": project.name, "role": str(role)}
                for project, role in tx.projects.of_person(person.id)
            ],
            "devices_held": sum(lease.devices for lease in mine if lease.holds_devices),
            "waiting": sum(lease.state is LeaseState.QUEUED for lease in mine),
        }

    async def rename(
        self, actor: Actor, hub_name: str, new_name: str, *, reason: str
    ) -> dict[str, Any]:
        """Give a person another hub name; id, projects, work and ledger stay theirs.

        Raises
        ------
        ConflictError
            ``name_taken`` by another person; ``rename_while_held`` while a notebook is unfinished,
            whose server the hub knows by the old name.
        """
        access.require_admin(actor)
        core, said = self._core, acts.require_reason(reason)
        wanted = hub_name_of(new_name)

        def work(tx: Tx) -> dict[str, Any]:
            person = acts.known_person(tx, hub_name)
            if tx.people.by_name(wanted) is not None:
                raise ConflictError("name_taken", given=wanted)
            unfinished = tx.leases.find(state=UNFINISHED, person=person.id, limit=None)
            if unfinished:
                raise ConflictError("rename_while_held", person=hub_name, leases=len(unfinished))
            tx.people.rename(person.id, wanted)
            tx.sessions.drop_person(person.id)
            told = {"from": hub_name, "to": wanted}
            acts.record(core, tx, actor, "person.rename", person.id, said, told)
            renamed = Person(id=person.id, hub_name=wanted, is_admin=person.is_admin)
            return self._view(tx, renamed, [])

        view = await core.store.write(work)
        self._people.forget(hub_name, wanted)
        core.changed("projects", "leases")
        return view

    async def off_board(self, actor: Actor, hub_name: str, *, reason: str) -> dict[str, Any]:
        """Take a person out of everything: work saved and ended, places and sessions gone.

        What runs is ended with time to save. Attempt tokens live until their attempt has ended,
        because a slot hands its notebook in with one.
        """
        access.require_admin(actor)
        core, said = self._core, acts.require_reason(reason)

        def work(tx: Tx) -> tuple[dict[str, Any], list[str]]:
            person = acts.known_person(tx, hub_name)
            if person.id == actor.person.id:
                raise InvalidError("off_board_self")
            ownerless = _leave_projects(tx, person)
            runs = _end_runs(tx, person, core.clock())
            leases = _end_leases(tx, person, said, core.clock())
            tx.sessions.drop_person(person.id)
            tx.tokens.drop_person(person.id, keep={x.id for x in leases if not x.is_ended})
            tx.meta.set(left_key(person.id), core.clock())
            told = {"leases": len(leases), "runs": runs, "ownerless": ownerless}
            acts.record(core, tx, actor, "person.off_board", person.id, said, told)
            view = self._view(tx, person, tx.leases.find(state=UNFINISHED, limit=None))
            withdrawn = [lease.id for lease in leases if lease.is_ended]
            return view | {"ownerless": ownerless, "ended": len(leases) + runs}, withdrawn

        view, withdrawn = await core.store.write(work)
        self._people.forget(hub_name)
        for lease_id in withdrawn:
            await core.engine.admission.withdraw(lease_id)
        core.changed("projects", "leases", "queue", "runs", "clusters", "usage")
        return view


def _leave_projects(tx: Tx, person: Person) -> list[str]:
    """Remove every membership; returns the projects that have no owner now."""
    ownerless = []
    for project, role in tx.projects.of_person(person.id):
        tx.projects.remove_member(project.id, person.id)
        left = [item.role for item in tx.projects.members(project.id)]
        if role is Role.OWNER and Role.OWNER not in left:
            ownerless.append(project.name)
    return ownerless


def _end_runs(tx: Tx, person: Person, now: int) -> int:
    runs = tx.runs.find(state=UNFINISHED_RUNS, person=person.id, sweep="", limit=None)
    for run in runs:
        if run.state is RunState.QUEUED:
            tx.runs.change(
                run.id, RunState.QUEUED, state=RunState.CANCELLED, reason="cancelled", ended_ms=now
            )
        else:
            tx.runs.change(run.id, RunState.RUNNING, reason=CANCELLING)
    ended = len(runs)
    for sweep in tx.sweeps.find(person=person.id, is_open=True):
        ended += tx.sweeps.end_waiting(sweep.id, RunState.CANCELLED, "cancelled", now)
        ended += tx.sweeps.ask_running(sweep.id, CANCELLING)
    return ended


def _end_leases(tx: Tx, person: Person, why: str, now: int) -> list[Lease]:
    leases = tx.leases.find(state=UNFINISHED, person=person.id, limit=None)
    return [begin_end(tx, lease, EndReason.LEFT, now, why=why) for lease in leases]
