"""Use-cases of projects: look, make, rename, say who is in them, and give them a budget.

Owners and managers decide who is in a project; only an owner makes owners, and the last one stays.
Only administrators make projects and grants. A grant is never changed: more, or less, is another.
"""

import re
from typing import Any

from madang.domain.project import MAY_MANAGE, Grant, Membership, Person, Project, Role
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services import access, acts
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.people import hub_name_of, left_key
from madang.services.requests import Actor, GrantRequest, ProjectRequest
from madang.store import Tx
from madang.units import new_id

DAY_MS = 24 * 3_600_000
MAX_GRANT_DAYS = 3_660
MAX_GRANT_MICROCREDITS = 10**15
MAX_TITLE_CHARS = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Projects:
    """What people may see and do with projects."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def me(self, actor: Actor) -> dict[str, Any]:
        """Return the person and their projects."""
        return {
            "person": actor.person.hub_name,
            "is_admin": actor.is_admin,
            "projects": await self.list(actor),
        }

    async def list(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the person's projects (all, for an administrator) with their balance."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            found = access.visible_projects(tx, actor)
            return [_row(tx, project, role) for project, role in found]

        return await self._core.store.read(work)

    async def tiers(self, actor: Actor) -> tuple[str, ...]:
        """Return the tiers of policy.yaml, for whoever makes a project."""
        access.require_person(actor)
        return tuple(sorted(self._core.policy.tiers))

    async def get(self, actor: Actor, name_or_id: str) -> dict[str, Any]:
        """Return one project with its members and grants."""
        access.require_person(actor)

        def work(tx: Tx) -> dict[str, Any]:
            project, role = _visible(tx, actor, name_or_id)
            return self._view(tx, actor, project, role)

        return await self._core.store.read(work)

    def _view(self, tx: Tx, actor: Actor, project: Project, role: Role | None) -> dict[str, Any]:
        now = self._core.clock()
        tier = self._core.policy.tiers.get(project.tier)
        members = [
            (tx.people.get(item.person), item.role) for item in tx.projects.members(project.id)
        ]
        order = list(Role)
        shown = sorted(
            ((person, its) for person, its in members if person is not None),
            key=lambda pair: (order.index(pair[1]), pair[0].hub_name),
        )
        return {
            **_row(tx, project, role),
            "weight": project.weight,
            "is_open": project.is_open,
            "zone": self._core.policy.zone,
            "overrun_microcredits": tx.budget.balance(project.id).overrun,
            "max_hours": tier.max_hours if tier else None,
            "max_devices_person": tier.max_devices_person if tier else None,
            "max_devices_project": tier.max_devices_project if tier else None,
            "members": [
                {
                    "person": person.hub_name,
                    "role": str(its),
                    "is_me": person.id == actor.person.id,
                }
                for person, its in shown
            ],
            "grants": [
                {
                    "id": grant.id,
                    "amount_microcredits": grant.amount_microcredits,
                    "from_ms": grant.from_ms,
                    "until_ms": grant.until_ms,
                    "note": grant.note,
                    "is_current": grant.from_ms <= now < grant.until_ms,
                }
                for grant in tx.grants.of_project(project.id)
            ],
            "can_manage": actor.is_admin or role in MAY_MANAGE,
            "can_grant": actor.is_admin,
        }

    async def create(
        self, actor: Actor, request: ProjectRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Make a project; administrators only."""
        access.require_admin(actor)
        reason = acts.require_reason(request.reason)
        core = self._core
        if not _NAME.fullmatch(request.name):
            raise InvalidError("project_name_unusable", given=request.name[:60])
        if request.tier not in core.policy.tiers:
            known = sorted(core.policy.tiers)
            raise InvalidError("tier_unknown", given=request.tier[:60], known=known)

        def work(tx: Tx) -> str:
            def make() -> str:
                now = core.clock()
                project = Project(
                    id=new_id("project", now),
                    name=request.name,
                    title=_title(request.title) or request.name,
                    tier=request.tier,
                    weight=request.weight,
                )
                tx.projects.add(project)
                if request.owner:
                    owner = tx.people.ensure(hub_name_of(request.owner), now)
                    tx.projects.set_member(
                        Membership(person=owner.id, project=project.id, role=Role.OWNER)
                    )
                told = {"name": project.name, "tier": project.tier, "owner": request.owner}
                acts.record(core, tx, actor, "project.create", project.id, reason, told)
                return project.id

            print_ = fingerprint("project", request)
            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        made = await core.store.write(work)
        core.changed("projects", "queue")
        return await self.get(actor, made)

    async def rename(
        self, actor: Actor, name_or_id: str, title: str, *, reason: str = ""
    ) -> dict[str, Any]:
        """Give a project another title; its name, which commands use, stays."""
        access.require_person(actor)
        core, wanted = self._core, _title(title)
        if not wanted:
            raise InvalidError("title_empty")

        def work(tx: Tx) -> None:
            project = manageable(tx, actor, name_or_id, reason)[0]
            tx.projects.change(project.id, title=wanted)
            told = {"from": project.title, "to": wanted}
            acts.record(core, tx, actor, "project.rename", project.id, reason, told)

        await core.store.write(work)
        core.changed("projects")
        return await self.get(actor, name_or_id)

    async def set_member(
        self, actor: Actor, name_or_id: str, hub_name: str, role: str, *, reason: str = ""
    ) -> dict[str, Any]:
        """Put a person into a project, or give a member another role."""
        access.require_person(actor)
        if role not in set(Role):
            raise InvalidError("role_unknown", given=role[:40], known=[str(r) for r in Role])
        core, wanted = self._core, Role(role)

        def work(tx: Tx) -> None:
            project, mine = manageable(tx, actor, name_or_id, reason)
            person = _person(core, tx, actor, hub_name)
            before = tx.projects.role(project.id, person.id)
            _check_owner_act(actor, mine, project, before, wanted)
            if before is Role.OWNER and wanted is not Role.OWNER:
                _keep_an_owner(tx, project, person)
            tx.projects.set_member(Membership(person=person.id, project=project.id, role=wanted))
            if actor.is_admin and tx.meta.get(left_key(person.id)) is not None:
                tx.meta.set(left_key(person.id), None)
            told = {"person": person.id, "from": str(before or ""), "to": str(wanted)}
            acts.record(core, tx, actor, "member.set", project.id, reason, told)

        await core.store.write(work)
        core.changed("projects")
        return await self.get(actor, name_or_id)

    async def remove_member(
        self, actor: Actor, name_or_id: str, hub_name: str, *, reason: str = ""
    ) -> None:
        """Take a person out of a project; anybody may leave, the last owner may not."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            project, mine = _visible(tx, actor, name_or_id)
            person = tx.people.by_name(hub_name)
            before = tx.projects.role(project.id, person.id) if person else None
            if person is None or before is None:
                given = hub_name[:60]
                raise NotFoundError("member_unknown", given=given, project=project.name)
            if person.id != actor.person.id:
                manageable(tx, actor, name_or_id, reason)
                _check_owner_act(actor, mine, project, before, None)
            if before is Role.OWNER:
                _keep_an_owner(tx, project, person)
            tx.projects.remove_member(project.id, person.id)
            told = {"person": person.id, "from": str(before)}
            acts.record(core, tx, actor, "member.remove", project.id, reason, told)

        await core.store.write(work)
        core.changed("projects")

    async def grant(
        self, actor: Actor, name_or_id: str, request: GrantRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Give a project a budget; a negative amount takes back. Administrators only."""
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            project, _ = _visible(tx, actor, name_or_id)
            access.require_admin(actor)
            reason = acts.require_reason(request.reason)
            _check_grant(request)

            def make() -> str:
                now = core.clock()
                grant = Grant(
                    id=new_id("grant", now),
                    project=project.id,
                    amount_microcredits=request.amount_microcredits,
                    from_ms=now,
                    until_ms=now + request.days * DAY_MS,
                    note=request.note.strip()[:MAX_TITLE_CHARS] or reason[:MAX_TITLE_CHARS],
                )
                tx.grants.add(grant, now)
                told = {"grant": grant.id, "microcredits": grant.amount_microcredits}
                acts.record(core, tx, actor, "grant.add", project.id, reason, told)
                return grant.id

            print_ = fingerprint("grant", project.id, request)
            once(tx, actor.person.id, key, print_, core.clock(), make)

        await core.store.write(work)
        core.changed("projects", "usage", "queue")
        return await self.get(actor, name_or_id)


def _row(tx: Tx, project: Project, role: Role | None) -> dict[str, Any]:
    balance = tx.budget.balance(project.id)
    return {
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


def _visible(tx: Tx, actor: Actor, name_or_id: str) -> tuple[Project, Role | None]:
    project = tx.projects.find(name_or_id)
    role = tx.projects.role(project.id, actor.person.id) if project else None
    if project is None or (role is None and not actor.is_admin):
        mine = [item.name for item, _ in tx.projects.of_person(actor.person.id)]
        raise NotFoundError("project_unknown", given=name_or_id[:60], known=mine)
    return project, role


def manageable(
    tx: Tx, actor: Actor, name_or_id: str, reason: str, code: str = "role_cannot_manage"
) -> tuple[Project, Role | None]:
    """Return a project that the actor may change; an administrator must say why.

    Parameters
    ----------
    code
        Of the error for members whose role does not let them.
    """
    project, role = _visible(tx, actor, name_or_id)
    if role in MAY_MANAGE:
        return project, role
    if not actor.is_admin:
        raise RefusedError(code, project=project.name, role=str(role))
    acts.require_reason(reason)
    return project, role


def _check_owner_act(
    actor: Actor, mine: Role | None, project: Project, before: Role | None, wanted: Role | None
) -> None:
    touches_owner = Role.OWNER in (before, wanted) and before is not wanted
    if touches_owner and mine is not Role.OWNER and not actor.is_admin:
        raise RefusedError("owner_only", project=project.name)


def _keep_an_owner(tx: Tx, project: Project, leaving: Person) -> None:
    others = [
        item
        for item in tx.projects.members(project.id)
        if item.role is Role.OWNER and item.person != leaving.id
    ]
    if not others:
        raise ConflictError("last_owner", project=project.name, person=leaving.hub_name)


def _person(core: Core, tx: Tx, actor: Actor, hub_name: str) -> Person:
    """Return a person by name; administrators may name somebody who has yet to log in."""
    if actor.is_admin:
        return tx.people.ensure(hub_name_of(hub_name), core.clock())
    return acts.known_person(tx, hub_name)


def _title(given: str) -> str:
    return " ".join(given.split())[:MAX_TITLE_CHARS]


def _check_grant(request: GrantRequest) -> None:
    if not 1 <= request.days <= MAX_GRANT_DAYS:
        raise InvalidError("grant_days", given=request.days, limit=MAX_GRANT_DAYS)
    if abs(request.amount_microcredits) > MAX_GRANT_MICROCREDITS:
        limit = MAX_GRANT_MICROCREDITS // 1_000_000
        raise InvalidError("grant_too_large", given=request.amount_microcredits, limit=limit)
