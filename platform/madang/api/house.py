"""What every request can reach: the use-cases, the settings, the identity, the closing bell.

Made once by :func:`madang.api.app.create_app`, found through :func:`house_of`. It holds no state
of a request.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from madang.settings.config import ServiceSettings

if TYPE_CHECKING:
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
    error_page
        Draws an error as a page, for browsers that asked for one; None for JSON everywhere.
    """

    services: "Services"
    settings: ServiceSettings
    identity: "Identity"
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    streams: Counter[str] = field(default_factory=Counter)
    error_page: Callable[[Request, Mapping[str, Any]], Response] | None = None


def house_of(request: Request) -> House:
    """Return the house that serves this request."""
    house: House = request.app.state.house
    return house
