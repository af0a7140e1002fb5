"""Persons and the bearers of attempt tokens."""

from madang.domain.project import Membership, Person, Role
from madang.errors import InvalidError, RefusedError, UnauthenticatedError
from madang.services import tokens
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

MAX_NAME_CHARS = 255


def left_key(person: str) -> str:
    """Return the key of the fact that a person has left."""
    return f"left/{person}"


def hub_name_of(given: str) -> str:
    """Return a hub name that somebody typed, without blanks around it.

    Raises
    ------
    InvalidError
        ``hub_name_unusable`` when no hub would know it.
    """
    name = given.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable() or "/" in name:
        raise InvalidError("hub_name_unusable", given=repr(given[:40]))
    return name


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
        if hub_name not in self._known:
            self._known[hub_name] = await core.store.write(lambda tx: _arrive(core, tx, hub_name))
        return self._as_seen(self._known[hub_name], is_admin)

    def known(self, hub_name: str, *, is_admin: bool) -> Person | None:
        """Return what :meth:`resolve` would, if the person is known without a look."""
        known = self._known.get(hub_name)
        return None if known is None else self._as_seen(known, is_admin)

    def _as_seen(self, known: Person, is_admin: bool) -> Person:
        admin = is_admin or known.hub_name in self._core.policy.admins
        return Person(id=known.id, hub_name=known.hub_name, is_admin=admin)

    def forget(self, *hub_names: str) -> None:
        """Look people up anew; called after a name or a membership of the house has changed."""
        for hub_name in hub_names:
            self._known.pop(hub_name, None)

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


def _arrive(core: Core, tx: Tx, hub_name: str) -> Person:
    known = tx.people.by_name(hub_name)
    if known is not None and tx.meta.get(left_key(known.id)) is not None:
        # Not kept in memory: taken back, the person comes in with the next request.
        raise RefusedError("person_left", person=hub_name)
    return join(core, tx, hub_name)


def join(core: Core, tx: Tx, hub_name: str) -> Person:
    """Make sure that a person exists and is in the project that is open to everybody."""
    person = tx.people.ensure(hub_name, core.clock())
    project = tx.projects.find(core.policy.open_project) if core.policy.open_project else None
    if project is not None and tx.projects.role(project.id, person.id) is None:
        tx.projects.set_member(Membership(person=person.id, project=project.id, role=Role.MEMBER))
    return person
