"""Use-cases of secrets: names for all members, values from managers, and for runs alone.

A value goes in by :meth:`Secrets.set` and comes out by :func:`opened` alone, for the slot that
holds the run. There is no way in which a person gets it back, also not whoever set it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run
from madang.domain.secret import (
    MAX_SECRETS,
    Secret,
    check_secret_name,
    check_secret_names,
    check_secret_value,
)
from madang.errors import NotFoundError, RefusedError
from madang.services import access, acts
from madang.services.core import Core
from madang.services.projects import manageable
from madang.services.requests import Actor
from madang.store import Tx

Values = Mapping[str, Mapping[str, Any]]
"""``version`` and ``value`` by name."""


ROLE = "secret_role"
"""Code of the error for members who may only use secrets."""


class Secrets:
    """What people may do with the secrets of a project."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def list(self, actor: Actor, project: str) -> list[dict[str, Any]]:
        """Return the names, for every member, with who set them, when, and how often."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            found = access.visible_project(tx, actor, project)
            return [_view(tx, secret) for secret in tx.secrets.of_project(found.id)]

        return await self._core.store.read(work)

    async def set(
        self, actor: Actor, project: str, name: str, value: str, *, reason: str = ""
    ) -> dict[str, Any]:
        """Keep a value under a name, in place of the one before.

        Raises
        ------
        InvalidError
            As the rules of :mod:`madang.domain.secret`.
        RefusedError
            ``secret_role`` for who only works there; ``too_many_secrets``.
        """
        access.require_person(actor)
        core = self._core
        # Before anything is said of what was given, to somebody who may not give it.
        await core.store.read(lambda tx: manageable(tx, actor, project, reason, ROLE))
        check_secret_name(name)
        sealed = core.seal.close(check_secret_value(value))

        def work(tx: Tx) -> dict[str, Any]:
            found = manageable(tx, actor, project, reason, ROLE)[0]
            there = {secret.name for secret in tx.secrets.of_project(found.id)}
            if name not in there and len(there) >= MAX_SECRETS:
                raise RefusedError("too_many_secrets", given=len(there), limit=MAX_SECRETS)
            secret = tx.secrets.set(found.id, name, sealed, actor.person.id, core.clock())
            told = {"name": name, "version": secret.version}
            acts.record(core, tx, actor, "secret.set", found.id, reason, told)
            return _view(tx, secret)

        made = await core.store.write(work)
        core.bus.publish("projects")
        return made

    async def remove(self, actor: Actor, project: str, name: str, *, reason: str = "") -> None:
        """Forget a value; runs that wait for it end before they start.

        Raises
        ------
        NotFoundError
            ``secret_none``.
        """
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            found = manageable(tx, actor, project, reason, ROLE)[0]
            check_secret_name(name)
            if not tx.secrets.remove(found.id, name):
                raise NotFoundError("secret_none", given=name, project=found.name)
            acts.record(core, tx, actor, "secret.remove", found.id, reason, {"name": name})

        await core.store.write(work)
        core.bus.publish("projects")


def versions(tx: Tx, project: Project, names: Iterable[str]) -> Mapping[str, int]:
    """Return the present version of each name that a run asks for.

    Raises
    ------
    InvalidError
        A name that no secret can have, or too many.
    RefusedError
        ``secret_unknown`` when the project has none of a name.
    """
    wanted = check_secret_names(names)
    found = tx.secrets.named(project.id, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        known = [secret.name for secret in tx.secrets.of_project(project.id)]
        raise RefusedError("secret_unknown", given=missing, project=project.name, known=known)
    return {name: found[name].version for name in wanted}


def opened(core: Core, tx: Tx, run: Run) -> Values | None:
    """Return what a run gets; None when something is gone, or sealed under another key."""
    if not run.secrets:
        return {}
    found = tx.secrets.named(run.project, run.secrets)
    values = {name: core.seal.open(secret.sealed) for name, secret in found.items()}
    if any(values.get(name) is None for name in run.secrets):
        return None
    return {name: {"version": found[name].version, "value": values[name]} for name in run.secrets}


def _view(tx: Tx, secret: Secret) -> dict[str, Any]:
    person = tx.people.get(secret.set_by)
    return {
        "name": secret.name,
        "version": secret.version,
        "set_by": person.hub_name if person else "",
        "set_ms": secret.set_at_ms,
    }
