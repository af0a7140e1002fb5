"""Persons, what they are members of, and the bearers of attempt tokens."""

from typing import Any

from madang.domain.project import Membership, Person, Role
from madang.errors import UnauthenticatedError
from madang.services import access, tokens
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

MAX_NAME_CHARS = 255


class People:
    """Turns names and tokens into actors."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[str, Person] = {}

    async def resolve(self, hub_name: str, *, is_admin: bool) -> Person:
        """Return the person of a hub name; a first sight makes them, with the open project."""
        core = self._core
        if not hub_name or len(hub_name) > MAX_NAME_CHARS:
            raise UnauthenticatedError("name_unknown", given=hub_name[:40])
        known = self._known.get(hub_name)
        if known is None:
            known = await core.store.write(lambda tx: join(core, tx, hub_name))
            self._known[hub_name] = known
        admin = is_admin or hub_name in core.policy.admins
        return Person(id=known.id, hub_name=known.hub_name, is_admin=admin)

    async def attempt_actor(self, token: str, lang: str) -> Actor:
        """Return the bearer of an attempt token."""
        core = self._core
        digest = tokens.hashed(token)

        def work(tx: Tx) -> Actor:
            found = tx.tokens.find(digest, core.clock())
            person = tx.people.get(found.person) if found else None
            if found is None or person is None:
                raise UnauthenticatedError("token_unknown")
            return Actor(person=person, token_lease=found.lease, token_run=found.run, lang=lang)

        return await core.store.read(work)


def join(core: Core, tx: Tx, hub_name: str) -> Person:
    """Make sure that a person exists and is in the project that is open to everybody."""
    person = tx.people.ensure(hub_name, core.clock())
    project = tx.projects.find(core.policy.open_project) if core.policy.open_project else None
    if project is not None and tx.projects.role(project.id, person.id) is None:
        tx.projects.set_member(Membership(person=person.id, project=project.id, role=Role.MEMBER))
    return person


class Projects:
    """What a person is a member of."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def me(self, actor: Actor) -> dict[str, Any]:
        """Return the person and their projects."""
        access.require_person(actor)
        return {
            "person": actor.person.hub_name,
            "is_admin": actor.is_admin,
            "projects": await self.list(actor),
        }

    async def list(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the person's projects (all, for an administrator) with their balance."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            rows = []
            for project, role in access.visible_projects(tx, actor):
                balance = tx.budget.balance(project.id)
                rows.append(
                    {
                        "id": project.id,
                        "name": project.name,
                        "title": project.title,
                        "role": str(role) if role else "",
                        "tier": project.tier,
                        "quota": dict(project.quota),
                        "left_microcredits": balance.left,
                        "granted_microcredits": balance.granted,
                        "used_microcredits": balance.used,
                        "reserved_microcredits": balance.reserved,
                    }
                )
            return rows

        return await self._core.store.read(work)
