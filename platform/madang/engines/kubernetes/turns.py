"""Whose turn it is on a cluster: the order is our own queue's, and Kueue is the gate.

Of the leases that wait only those are active, so that Kueue may choose them, whom our queue would
start now, and all within the guarantee of their project, for whom Kueue asks back what is lent.
They fit together; so in whatever order Kueue takes them, it takes the right ones. While all who
wait fit, all are active from the first.

A turn stays with whom it was given to, as long as it fits: nothing is changed back and forth while
use decays. Kueue may know a reason against a lease that we do not, such as a queue that somebody
stopped by hand; so one whose turn does not become an admission within :data:`PATIENCE_MS` keeps it,
but holds up nobody any more.

Pure, without clock or I/O: callers say what happened, and :meth:`Turns.look` what follows.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from madang.domain.queue import QueueItem
from madang.policy.fair_queue import FairQueue
from madang.policy.front import Front

PATIENCE_MS = 10_000
BUSY_MS = 120_000
"""So long a turn is waited for while Kueue admits others; it admits a hundred a second."""

MOST_AT_ONCE = 100
"""Beyond guarantees, in one look: with 2,000 people of a project waiting that takes 0.2 s."""

FORGIVEN_MS = 600_000
"""After this a lease that held up others may do so again: what was in its way may be gone."""


@dataclass(slots=True)
class _Turn:
    """A turn that was given.

    Attributes
    ----------
    since_ms
        Since when it fits, or is left alone.
    counted
        Devices that are kept for it; none for who waits for them to be given back.
    is_beside
        Nobody waits for it, since its project is left alone.
    is_left
        It did not become an admission, and nobody waits for it.
    """

    item: QueueItem
    since_ms: int
    counted: int = 0
    is_beside: bool = False
    is_left: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it should become an admission soon."""
        return self.counted > 0 or self.is_beside


@dataclass(slots=True)
class _Line:
    """The waiting leases of one flavor that hold devices once they are admitted."""

    turns: dict[str, _Turn] = field(default_factory=dict)
    behind: set[str] = field(default_factory=set)
    counted: int = 0
    is_changed: bool = False
    # What comes free is kept for somebody.
    is_collecting: bool = False
    # When somebody was last admitted.
    moved_ms: int = 0


class Turns:
    """Who may be chosen by Kueue.

    Parameters
    ----------
    queue
        Whose order counts. It is told of everything first.
    """

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue
        self._items: dict[str, QueueItem] = {}
        self._lines: dict[str, _Line] = {}
        # Devices of all whose turn it is, by project and by (project, person).
        self._promised: Counter[object] = Counter()

    def is_next(self, lease_id: str) -> bool:
        """Tell whether Kueue may choose a lease that waits."""
        item = self._items.get(lease_id)
        if item is None or item.is_held_back:
            return False
        line = self._lines.get(item.flavor)
        return line is None or lease_id not in line.behind

    def may_hold(self, item: QueueItem) -> bool:
        """Tell whether a lease that Kueue admitted may be, its turn or not."""
        return not item.is_held_back and self._queue.has_room(item)

    @property
    def is_due(self) -> bool:
        """Whether anybody's turn may have come."""
        return any(line.is_changed for line in self._lines.values())

    # -- what happened ----------------------------------------------------------------------------

    def put(self, item: QueueItem, now_ms: int, was_active: bool | None = None) -> None:
        """Take note of a lease that waits; the same again changes nothing.

        Parameters
        ----------
        was_active
            Whether it was its turn before a restart; None for one that comes only now.
        """
        if self._items.get(item.lease_id) == item:
            return
        self.drop(item.lease_id)
        self._items[item.lease_id] = item
        # What asks for no device, or waits for its own end, is in nobody's way.
        is_lined = item.devices and self._queue.waiting_item(item.lease_id) == item
        if item.is_held_back or not is_lined:
            return
        line = self._lines.setdefault(item.flavor, _Line())
        if was_active or (was_active is None and self._fits_at_once(line, item)):
            self._give(line, _Turn(item, now_ms, item.devices))
            line.is_changed |= was_active is not None
        else:
            line.behind.add(item.lease_id)
            line.is_changed = True

    def _fits_at_once(self, line: _Line, item: QueueItem) -> bool:
        if line.behind or line.is_collecting:
            return False
        project, person = (
            self._promised[key] for key in (item.project, (item.project, item.person))
        )
        fits = line.counted + item.devices <= self._queue.free(item.flavor)
        return fits and self._queue.has_room(item, project, person)

    def drop(self, lease_id: str) -> None:
        """Take note of a lease that waits no longer, but was not admitted."""
        item = self._items.pop(lease_id, None)
        line = None if item is None else self._lines.get(item.flavor)
        if line is not None:
            line.behind.discard(lease_id)
            if self._take_back(line, lease_id) is not None:
                self.changed()

    def admitted(self, item: QueueItem, now_ms: int) -> None:
        """Take note of a lease that holds its devices now."""
        line = self._lines.get(item.flavor)
        is_known = self._items.pop(item.lease_id, None) is not None
        if line is None or not is_known:
            self.changed()
            return
        line.moved_ms = now_ms
        line.behind.discard(item.lease_id)
        turn = self._take_back(line, item.lease_id)
        # Where it was expected, as much is left for others as before.
        if turn is None or turn.counted != item.devices:
            self.changed()

    def changed(self) -> None:
        """Take note of devices that came or went, or of other shares or caps."""
        for line in self._lines.values():
            line.is_changed = True

    def resumed(self, now_ms: int) -> None:
        """Take note that nobody was to be admitted until now."""
        for line in self._lines.values():
            for turn in line.turns.values():
                turn.since_ms = now_ms
        self.changed()

    # -- what follows -----------------------------------------------------------------------------

    def look(self, now_ms: int) -> Collection[str]:
        """Return the leases whose turn came, or is none any more, or does not help."""
        found: list[str] = []
        # A turn in one flavor may hold up others of its project in another, by their cap.
        is_waited_for = any(line.behind or line.is_collecting for line in self._lines.values())
        for flavor, line in self._lines.items():
            if is_waited_for:
                found += self._judge(line, now_ms)
            if line.is_changed:
                line.is_changed = False
                found += self._settle(flavor, line, now_ms)
        return found

    def _judge(self, line: _Line, now_ms: int) -> list[str]:
        """Find whose turn does not become an admission, and who may try again."""
        found = []
        for lease_id, turn in line.turns.items():
            quiet_since_ms = max(turn.since_ms, min(line.moved_ms, turn.since_ms + BUSY_MS))
            if turn.is_left and now_ms - turn.since_ms >= FORGIVEN_MS:
                turn.is_left, turn.since_ms, turn.counted = False, now_ms, turn.item.devices
                line.counted += turn.counted
            elif turn.is_open and now_ms - quiet_since_ms >= PATIENCE_MS:
                line.counted -= turn.counted
                turn.is_left, turn.is_beside = True, False
                turn.since_ms, turn.counted = now_ms, 0
            else:
                continue
            line.is_changed = True
            found.append(lease_id)
        return found

    def _settle(self, flavor: str, line: _Line, now_ms: int) -> Collection[str]:
        front, before = self._front(flavor, line, now_ms), line.turns.copy()
        for lease_id in before:
            self._take_back(line, lease_id)
        turns = [before[item.lease_id] for item in front.left]
        turns += [_Turn(item, now_ms, item.devices) for item in front.starting]
        turns += [_Turn(item, now_ms, is_beside=True) for item in front.beside]
        closed = (*front.reclaiming, *([front.head] if front.head else []))
        turns += [_Turn(item, now_ms) for item in closed]
        for turn in turns:
            known = before.get(turn.item.lease_id)
            if known is not None and known.is_open and turn.is_open:
                turn.since_ms = known.since_ms
            self._give(line, turn)
        # Whoever could not be looked at yet is looked at next time.
        new = sum(item.lease_id not in before for item in front.starting)
        line.is_changed |= new >= MOST_AT_ONCE
        line.is_collecting = bool(closed)
        line.behind |= before.keys() - line.turns.keys()
        line.behind -= line.turns.keys()
        return before.keys() ^ line.turns.keys()

    def _front(self, flavor: str, line: _Line, now_ms: int) -> Front:
        given = [name for name, turn in line.turns.items() if turn.is_open]
        left = [name for name, turn in line.turns.items() if turn.is_left]
        elsewhere = [
            turn.item
            for other in self._lines.values()
            for turn in other.turns.values()
            if other is not line and not turn.is_left and self._queue.has_caps(turn.item.project)
        ]
        return self._queue.front(flavor, now_ms, given, left, elsewhere, MOST_AT_ONCE)

    def _give(self, line: _Line, turn: _Turn) -> None:
        line.turns[turn.item.lease_id] = turn
        self._count(line, turn, 1)

    def _take_back(self, line: _Line, lease_id: str) -> _Turn | None:
        turn = line.turns.pop(lease_id, None)
        if turn is not None:
            self._count(line, turn, -1)
        return turn

    def _count(self, line: _Line, turn: _Turn, sign: int) -> None:
        item = turn.item
        line.counted += sign * turn.counted
        for key in (item.project, (item.project, item.person)):
            self._promised[key] += sign * item.devices
