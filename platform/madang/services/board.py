"""The queue as everybody may see it, put together once for all who look until something changes.

Used by :class:`madang.services.pool.Pool`. A queue of thousands is the largest view there is, and
many look at it at once. Of most leases only the place is read; a line is made when somebody sees
it. What differs between people is only how much of each line they may see; the lines are written
as JSON once for each of the four ways to see one. Which of them a person gets is decided anew for
every look, from the memberships as they are then.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, partial
from operator import attrgetter
from typing import Any

from madang.domain.lease import HOLDS_DEVICES, LeaseState, Standing
from madang.domain.profile import FlavorCapacity
from madang.domain.project import MAY_MANAGE
from madang.domain.upkeep import Maintenance
from madang.engines.ports import positions
from madang.services import views
from madang.services.core import Core
from madang.services.once import Lately, Once
from madang.services.requests import Actor
from madang.store import Tx
from madang.store.leases import Shown, Unfinished

LINES = 100
"""Of each list of the queue, unless more are asked for: what somebody reads, not what there is."""

MANY = 5_000
FRESH_MS = 1_000
"""Of more unfinished leases than these, everybody is shown who was there a second ago, or some
seconds ago while the next board is made: whoever looks then does not wait for it."""


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

    lease: Shown
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
    """One flavor: who waits in which order, and who runs."""

    capacity: FlavorCapacity
    standings: Mapping[str, Standing]
    waiting: list[Unfinished] = field(default_factory=list)
    running: list[Unfinished] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    own: dict[str, list[Unfinished]] = field(default_factory=dict)
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)

    def order(self, places: Mapping[str, int]) -> None:
        """Sort who waits by position, and note where each person's own stand."""
        last = len(self.waiting)

        def position(lease: Unfinished) -> tuple[int, int, str]:
            return places.get(lease.id, last), lease.submitted_ms, lease.id

        self.waiting.sort(key=position)
        self.running.sort(key=attrgetter("submitted_ms", "id"))
        for place, lease in enumerate(self.waiting):
            self.places[lease.id] = place
            self.own.setdefault(lease.person, []).append(lease)

    def next_in_line(self, tx: Tx, actor: Actor, limit: int) -> list[Line]:
        """Return who waits in front, and after them the actor's own, wherever they stand."""
        own = self.own.get(actor.person.id, ())
        behind = [lease for lease in own if self.places[lease.id] >= limit]
        return self._lines(tx, self.waiting[:limit] + behind, actor.lang)

    def in_use(self, tx: Tx, actor: Actor, limit: int) -> list[Line]:
        """Return some of what runs, and after that the actor's own."""
        own = [lease for lease in self.running[limit:] if lease.person == actor.person.id]
        return self._lines(tx, self.running[:limit] + own, actor.lang)

    def prepare(self, tx: Tx, lang: str) -> None:
        """Make the lines that everybody sees."""
        self._lines(tx, self.waiting[:LINES] + self.running[:LINES], lang)

    def totals(self) -> dict[str, int]:
        """Return how many lines there are, shown or not."""
        return {"waiting_total": len(self.waiting), "running_total": len(self.running)}

    def _lines(self, tx: Tx, leases: list[Unfinished], lang: str) -> list[Line]:
        known = self.lines
        missing = {lease.id: lease for lease in leases if (lease.id, lang) not in known}
        for shown in tx.leases.shown(list(missing)):
            lease = missing[shown.id]
            line = Line(shown, _facts(shown, lease.state) | self._told(lease, lang))
            # Several threads may read the same lane.
            known.setdefault((lease.id, lang), line)
        keys = [(lease.id, lang) for lease in leases]
        return [known[key] for key in keys if key in known]

    def _told(self, lease: Unfinished, lang: str) -> dict[str, Any]:
        place = self.places.get(lease.id)
        if place is None:
            return {}
        told = views.standing_view(self.standings.get(lease.id), lang)
        return told or {"position": place + 1, "reason": "", "reason_text": ""}


@dataclass(frozen=True, slots=True, eq=False)
class Sign:
    """What a board is made of: another one is needed as soon as any of it differs."""

    mark: object
    capacity: tuple[FlavorCapacity, ...]
    pause: Maintenance | None
    second: int
    lang: str
    raw: Mapping[str, Standing]

    def __eq__(self, other: object) -> bool:
        """Compare; the standings of thousands are the same only if they are the very same."""
        if not isinstance(other, Sign) or self.raw is not other.raw:
            return False
        rest = (other.mark, other.capacity, other.pause, other.second, other.lang)
        return rest == (self.mark, self.capacity, self.pause, self.second, self.lang)

    __hash__ = None  # type: ignore[assignment]


class Board:
    """The lanes of now."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._by_lang: defaultdict[str, Once[list[Lane]]] = defaultdict(Once)
        self._rows: tuple[object, list[Unfinished]] | None = None
        self._lately: dict[str, Lately[list[Lane]]] = {}

    async def lanes(self, lang: str) -> list[Lane]:
        """Return the lanes as they are, for one language; nothing in them may be changed.

        However many look after a change, what all of them see is put together once.
        """
        if not self._is_long():
            return await self._anew(lang)
        if lang not in self._lately:
            self._lately[lang] = Lately(partial(self._anew, lang))
        return await self._lately[lang].get()

    async def _anew(self, lang: str) -> list[Lane]:
        sign = await self._sign(lang)
        read = self._core.store.reading
        return await self._by_lang[lang].get(sign, lambda: read(lambda tx: self._make(tx, sign)))

    def _is_long(self) -> bool:
        return self._rows is not None and len(self._rows[1]) > MANY

    async def _sign(self, lang: str) -> Sign:
        core = self._core
        # To read fifty thousand takes a fifth of a second of a processor.
        mark = core.clock() // FRESH_MS if self._is_long() else core.mark()
        capacity = await core.engine.admission.capacity()
        raw = await core.engine.admission.standings(core.clock())
        pause = core.maintenance
        # What is told in a pause depends on the time.
        second = core.clock() // 1000 if pause else 0
        return Sign(mark, tuple(capacity), pause, second, lang, raw)

    def _make(self, tx: Tx, sign: Sign) -> list[Lane]:
        # A newer forecast changes what who waits is told, and not who waits.
        rows = self._rows
        if rows is None or rows[0] != sign.mark:
            rows = self._rows = (sign.mark, tx.leases.standing())
        lanes = _lanes(rows[1], sign.capacity, self._core.told(sign.raw))
        for lane in lanes:
            lane.prepare(tx, sign.lang)
        return lanes


def _lanes(
    rows: Sequence[Unfinished],
    capacity: Sequence[FlavorCapacity],
    standings: Mapping[str, Standing],
) -> list[Lane]:
    lanes = {item.flavor: Lane(item, standings) for item in capacity}
    for lease in rows:
        if lease.flavor in lanes:
            lane = lanes[lease.flavor]
            is_waiting = lease.state == LeaseState.QUEUED
            if is_waiting or lease.state in HOLDS_DEVICES:
                (lane.waiting if is_waiting else lane.running).append(lease)
    places = positions(standings)
    for lane in lanes.values():
        lane.order(places)
    return list(lanes.values())


def _facts(lease: Shown, state: str) -> dict[str, Any]:
    return {
        "devices": lease.devices,
        "kind": lease.kind,
        "class": lease.lease_class,
        # As it was when it got its place.
        "state": state,
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

    def sight(self, lease: Shown) -> Sight:
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
