"""Asks, for each request to a dashboard, whether its visitor may still look.

Good is a visitor whose session at the service has not ended, whose hub token is good (logging out
at the hub revokes it) and who may manage the cluster. Anything else is "not found".
"""

import asyncio
from typing import TYPE_CHECKING

from madang.api.dashboards.tickets import Tickets, Visitor
from madang.api.hub_client import HubClient
from madang.errors import MadangError, NotFoundError, UnavailableError
from madang.services.dashboards import Upstream
from madang.services.requests import Actor

if TYPE_CHECKING:
    from madang.services import Services

HUB_ANSWER_S = 30.0
"""How old the hub's word may be; with the look that an open connection gets every
:data:`LOOK_EVERY_S` a logout is noticed within a minute."""

LOOK_EVERY_S = 15.0


class Gate:
    """Decides who may look."""

    def __init__(self, services: "Services", hub: HubClient, tickets: Tickets) -> None:
        self._services = services
        self._hub = hub
        self._tickets = tickets

    async def admit(self, pass_: str, cluster: str) -> Upstream | None:
        """Return where the dashboard of a cluster lies, for the bearer of a pass; else None."""
        visitor = self._tickets.visitor(pass_, cluster) if pass_ else None
        if visitor is None:
            return None
        try:
            actor = await self._actor(visitor)
            if actor is None:
                self._tickets.drop(pass_)
                return None
            return await self._services.dashboards.upstream(actor, cluster)
        except NotFoundError:
            self._tickets.drop(pass_)
            return None
        except MadangError:
            # The hub is away, or the scheduler has gone: not now, but the pass stays good.
            return None

    async def _actor(self, visitor: Visitor) -> Actor | None:
        session = await self._services.sessions.get(visitor.session_id)
        if session is None or session.person_name != visitor.person_name:
            return None
        user = await self._hub.user_for_token(session.hub_token, max_age_s=HUB_ANSWER_S)
        if user is None or not user.has_access or user.name != visitor.person_name:
            return None
        person = await self._services.people.resolve(user.name, is_admin=user.is_admin)
        return Actor(person=person, is_admin=person.is_admin, lang=visitor.lang)

    async def until_over(self, pass_: str, cluster: str) -> None:
        """Return once the bearer of a pass may not look any more."""
        while await self._may_stay(pass_, cluster):  # noqa: ASYNC110 - nothing tells it.
            await asyncio.sleep(LOOK_EVERY_S)

    async def _may_stay(self, pass_: str, cluster: str) -> bool:
        """Tell whether an open connection may go on; a hub that is away ends none."""
        visitor = self._tickets.visitor(pass_, cluster)
        if visitor is None:
            return False
        try:
            actor = await self._actor(visitor)
            if actor is not None:
                await self._services.dashboards.upstream(actor, cluster)
        except UnavailableError:
            return True
        except MadangError:
            return False
        return actor is not None
