"""What administrators and project owners do to others, and the trail that it leaves.

Every act on somebody else's project or work is written to the audit table in the transaction that
does it. An administrator, who may do it anywhere, must say why; owners and managers may.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from madang.domain.project import Person
from madang.errors import InvalidError, NotFoundError
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

MAX_REASON_CHARS = 300


def require_reason(reason: str) -> str:
    """Return the reason of an act without blanks around it.

    Raises
    ------
    InvalidError
        ``reason_missing`` when there is none.
    """
    said = reason.strip()[:MAX_REASON_CHARS]
    if not said:
        raise InvalidError("reason_missing")
    return said


def record(
    core: Core,
    tx: Tx,
    actor: Actor,
    act: str,
    target: str,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an act to the trail."""
    said = reason.strip()[:MAX_REASON_CHARS]
    tx.audit.add(core.clock(), actor.person.id, act, target, said, details or {})


def note_end(
    core: Core, tx: Tx, actor: Actor, *, owner: str, project: str, target: str, act: str, why: str
) -> str:
    """Write that somebody ends another's work, and return what its person is told.

    Who ends their own work owes nobody a reason; an administrator who is no manager of the project
    does.
    """
    if owner == actor.person.id:
        return ""
    if not access.may_manage(tx, replace(actor, is_admin=False), owner, project):
        require_reason(why)
    record(core, tx, actor, act, target, why)
    return why.strip()[:MAX_REASON_CHARS]


def known_person(tx: Tx, hub_name: str) -> Person:
    """Return the person of a hub name.

    Raises
    ------
    NotFoundError
        ``person_unknown`` when nobody of that name was ever seen.
    """
    person = tx.people.by_name(hub_name)
    if person is None:
        raise NotFoundError("person_unknown", given=hub_name[:60])
    return person
