"""Tickets and passes to dashboards, kept in memory only: after a restart one opens anew.

A ticket travels in an address, so it is good once and for a minute. It is changed into a pass,
which travels in a cookie of the one cluster that it opens. Neither says anything about its bearer;
both are kept as hashes.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from madang.units import now_ms

TICKET_MS = 60_000
PASS_MS = 4 * 3_600_000
"""Long enough for a day's half of work; who looks longer opens the dashboard anew."""

MAX_KEPT = 2048
"""Of each kind; the oldest go first, so that nobody fills the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who opened a dashboard, and whose.

    Attributes
    ----------
    session_id
        The browser's session at the service; while it is good, so is the visitor. Secret.
    """

    cluster: str
    person_name: str
    session_id: str = field(repr=False)
    lang: str = "en"


_Kept = TypeVar("_Kept")


class _Shelf(Generic[_Kept]):
    """Values under random names, each for a time."""

    def __init__(self, life_ms: int, clock: Callable[[], int]) -> None:
        self._life_ms = life_ms
        self._clock = clock
        self._kept: OrderedDict[str, tuple[int, _Kept]] = OrderedDict()

    def put(self, value: _Kept) -> str:
        name = secrets.token_urlsafe(32)
        self._kept[_hash(name)] = (self._clock() + self._life_ms, value)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return name

    def get(self, name: str, *, take: bool = False) -> _Kept | None:
        key = _hash(name)
        found = self._kept.get(key)
        if found is None:
            return None
        is_over = found[0] <= self._clock()
        if take or is_over:
            del self._kept[key]
        return None if is_over else found[1]

    def drop(self, name: str) -> None:
        self._kept.pop(_hash(name), None)


class Tickets:
    """Makes tickets, and changes each once into a pass."""

    def __init__(self, clock: Callable[[], int] = now_ms) -> None:
        self._tickets: _Shelf[Visitor] = _Shelf(TICKET_MS, clock)
        self._passes: _Shelf[Visitor] = _Shelf(PASS_MS, clock)

    def make(self, visitor: Visitor) -> str:
        """Return a new ticket."""
        return self._tickets.put(visitor)

    def change(self, ticket: str) -> tuple[str, Visitor] | None:
        """Return a pass for a ticket and whose it is; None when it was used, is old or unknown."""
        visitor = self._tickets.get(ticket, take=True)
        return None if visitor is None else (self._passes.put(visitor), visitor)

    def visitor(self, pass_: str, cluster: str) -> Visitor | None:
        """Return who bears a pass; None when it does not open this cluster."""
        found = self._passes.get(pass_)
        return found if found is not None and found.cluster == cluster else None

    def drop(self, pass_: str) -> None:
        """Forget a pass whose bearer may not look any more."""
        self._passes.drop(pass_)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
