"""What every request can reach: the use-cases, the settings, the identity, the closing bell.

Made once by :func:`madang.api.app.create_app`, found through :func:`house_of`. It holds no state
of a request.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from madang.settings.config import ServiceSettings

if TYPE_CHECKING:
    from madang.api.dashboards import Listener
    from madang.api.identity import Identity
    from madang.services import Services


@dataclass(slots=True, kw_only=True)
class House:
    """The parts that routes share.

    Attributes
    ----------
    closing
        Set when the service stops: streams end and long polls answer at once.
    streams
        Open event streams by person id.
    waits
        Held long polls by person id.
    requests
        Answers by method, route and status.
    """

    services: "Services"
    settings: ServiceSettings
    identity: "Identity"
    dashboards: "Listener"
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    streams: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def house_of(request: Request) -> House:
    """Return the house that serves this request."""
    house: House = request.app.state.house
    return house
