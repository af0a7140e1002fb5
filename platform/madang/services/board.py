"""The queue as everybody may see it, put together once for all who look until something changes.

Used by :class:`madang.services.pool.Pool`. A queue of thousands is the largest view there is, and
many look at it at once. What differs between people is only how much of each line they may see; the
lines are made, and written as JSON, once for each of the four ways to see one. Which of them a
person gets is decided anew for every look, from the memberships as they are then.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Any

from madang.domain.lease import HOLDS_DEVICES, LeaseState, Standing
from madang.domain.profile import FlavorCapacity
from madang.domain.project import MAY_MANAGE
from madang.services import views
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx
from madang.store.leases import InLine


class Sight(IntEnum):
    """How much of a line somebody sees."""

    FOREIGN = 0
    MEMBER = 1
    MANAGED = 2
    MINE = 3


_MINE = Sight.MINE


@dataclass(slots=True)
class Line:
    """One lease in the queue.

    Attributes
    ----------
    facts
        What everybody may know of it.
    texts, facts_text
        The line as JSON by :class:`Sight`, and the facts, as far as somebody has asked for it.
    """

    lease: InLine
    facts: dict[str, Any]
    texts: list[str] = field(default_factory=lambda: ["", "", "", ""])
    facts_text: str = ""

    def seen(self, sight: Sight) -> dict[str, Any]:
        """Return the line for somebody with this sight of it."""
        return self._whose(sight) | self.facts

    def text(self, sight: Sight) -> str:
        """Return the same as JSON."""
        if not self.texts[sight]:
            self.facts_text = self.facts_text or to_json(self.facts)
            self.texts[sight] = f"{to_json(self._whose(sight))[:-1]},{self.facts_text[1:]}"
        return self.texts[sight]

    def _whose(self, sight: Sight) -> dict[str, Any]:
        lease = self.lease
        return {
            "lease_id": lease.id if sight >= Sight.MANAGED else "",
            "mine": sight is Sight.MINE,
            "project": lease.project_name if sight >= Sight.MEMBER else "",
            "person": lease.person_name if sight >= Sight.MANAGED else "",
        }


@dataclass(slots=True)
class Lane:
    """One flavor: who waits in which order, and who runs.

    A line is made when somebody sees it: most of a long queue nobody looks at.
    """

    capacity: FlavorCapacity
    standings: Mapping[str, Standing]
    lang: str
    waiting: list[InLine] = field(default_factory=list)
    running: list[InLine] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    def order(self) -> None:
        """Sort who waits by position, and note where each person's own stand."""
        last, known = len(self.waiting), self.standings

        def position(lease: InLine) -> int:
            found = known.get(lease.id)
            return last if found is None else found.position

        self.waiting.sort(key=position)
        for place, lease in enumerate(self.waiting):
            self.places.setdefault(lease.person, []).append(place)

    def next_in_line(self, person: str, limit: int) -> list[Line]:
        """Return who waits in front, and after them the person's own, wherever they stand."""
        front = range(min(limit, len(self.waiting)))
        own = [place for place in self.places.get(person, ()) if place >= limit]
        return [self._waiting_line(place) for place in (*front, *own)]

    def in_use(self, person: str, limit: int) -> list[Line]:
        """Return some of what runs, and after that the person's own."""
        own = [lease for lease in self.running[limit:] if lease.person == person]
        return [self._line(lease) for lease in self.running[:limit] + own]

    def totals(self) -> dict[str, int]:
        """Return how many lines there are, shown or not."""
        return {"waiting_total": len(self.waiting), "running_total": len(self.running)}

    def _waiting_line(self, place: int) -> Line:
        lease = self.waiting[place]
        return self.lines.get(lease.id) or self._made(lease, self._told(lease, place))

    def _told(self, lease: InLine, place: int) -> dict[str, Any]:
        told = views.standing_view(self.standings.get(lease.id), self.lang)
        return told or {"position": place + 1, "reason": "", "reason_text": ""}

    def _line(self, lease: InLine) -> Line:
        return self.lines.get(lease.id) or self._made(lease, {})

    def _made(self, lease: InLine, told: dict[str, Any]) -> Line:
        # Whole before it is to be found: several threads read the same lane.
        return self.lines.setdefault(lease.id, Line(lease, _facts(lease) | told))


@dataclass(slots=True)
class _Known:
    sign: tuple[Any, ...]
    raw: Mapping[str, Standing]
    lanes: list[Lane]


class Board:
    """The lanes of now, in each language that somebody has asked for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def lanes(self, lang: str) -> list[Lane]:
        """Return the lanes as they are; nothing in them may be changed."""
        async with self._locks.setdefault(lang, asyncio.Lock()):
            core = self._core
            # Before anything is read: a change in between makes this board an old one.
            mark = core.mark()
            capacity = await core.engine.admission.capacity()
            raw = await core.engine.admission.standings(core.clock())
            pause = core.maintenance
            # What is told in a pause depends on the time.
            second = core.clock() // 1000 if pause else 0
            sign = (mark, tuple(capacity), pause, second)
            known = self._known.get(lang)
            if known is None or known.sign != sign or known.raw is not raw:
                standings = await core.standings()
                lanes = await core.store.read(lambda tx: _lanes(tx, capacity, standings, lang))
                known = self._known[lang] = _Known(sign, raw, lanes)
            return known.lanes


def _lanes(
    tx: Tx, capacity: Sequence[FlavorCapacity], standings: Mapping[str, Standing], lang: str
) -> list[Lane]:
    lanes = {item.flavor: Lane(item, standings, lang) for item in capacity}
    for lease in tx.leases.in_line():
        if lease.flavor in lanes:
            lane = lanes[lease.flavor]
            is_waiting = lease.state == LeaseState.QUEUED
            if is_waiting or lease.state in HOLDS_DEVICES:
                (lane.waiting if is_waiting else lane.running).append(lease)
    for lane in lanes.values():
        lane.order()
    return list(lanes.values())


def _facts(lease: InLine) -> dict[str, Any]:
    return {
        "devices": lease.devices,
        "kind": lease.kind,
        "class": lease.lease_class,
        "state": lease.state,
        "submitted_ms": lease.submitted_ms,
        "started_ms": lease.started_ms,
        "expires_ms": None if lease.started_ms is None else lease.started_ms + lease.limit_ms,
        "expected_ms": None,
        "earliest_ms": None,
        "latest_ms": None,
    }


class Eyes:
    """How much of each line one actor sees, from their memberships as they are in a transaction."""

    def __init__(self, tx: Tx, actor: Actor) -> None:
        self._me, self._is_admin = actor.person.id, actor.is_admin
        self._roles = {item.id: role for item, role in tx.projects.of_person(actor.person.id)}
        # What is not their own is seen alike in all of a project.
        self._theirs = cache(self._of_project)

    def _of_project(self, project: str) -> Sight:
        role = self._roles.get(project)
        if self._is_admin or role in MAY_MANAGE:
            return Sight.MANAGED
        return Sight.FOREIGN if role is None else Sight.MEMBER

    def sight(self, lease: InLine) -> Sight:
        """Return how much of a lease's line they see."""
        return Sight.MINE if lease.person == self._me else self._theirs(lease.project)

    def rows(self, lines: list[Line]) -> list[dict[str, Any]]:
        """Return lines as they see them."""
        return [line.seen(self.sight(line.lease)) for line in lines]

    def text(self, lines: list[Line]) -> str:
        """Return the same as JSON."""
        me, theirs = self._me, self._theirs
        texts = []
        for line in lines:
            lease = line.lease
            sight = _MINE if lease.person == me else theirs(lease.project)
            texts.append(line.texts[sight] or line.text(sight))
        return f"[{','.join(texts)}]"


_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def to_json(value: Any) -> str:
    """Write what holds strings, numbers and None only, as the API's answers are written."""
    return _write(value)
