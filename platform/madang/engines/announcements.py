"""Decisions that the service must have heard of, told again until the rows agree.

A decision may be lost between us and the database (it was down, the service was killed). The port
has no receipt, so what still stands is told again at growing distances; services take a doubled
event for what it is. Thus a lost event costs seconds and never a lease.
"""

import heapq
from dataclasses import dataclass
from itertools import count

from madang.engines.ports import AdmissionEvent, Refused

FIRST_AGAIN_MS = 5_000
LONGEST_MS = 300_000
REFUSALS_TOLD = 6
"""A refusal holds nothing, so it is forgotten after it was told so often."""


@dataclass(slots=True)
class _Told:
    event: AdmissionEvent
    at_ms: int
    wait_ms: int
    times: int = 0
    is_dropped: bool = False


_Key = tuple[int, type[AdmissionEvent]]


class Announcements:
    """One event of each kind for each lease and attempt; there may be tens of thousands."""

    def __init__(self) -> None:
        self._told: dict[str, dict[_Key, _Told]] = {}
        # Times at which something is due; what was dropped or moved since is passed over.
        self._due: list[tuple[int, int, _Told]] = []
        self._numbers = count()

    def add(self, event: AdmissionEvent, now_ms: int) -> None:
        """Tell an event at the next :meth:`due`, and again later."""
        self._keep(_Told(event, now_ms, FIRST_AGAIN_MS))

    def add_once(self, event: AdmissionEvent, now_ms: int) -> bool:
        """Tell an event unless it is known already; return whether it is new."""
        if _key(event) in self._told.get(event.lease_id, ()):
            return False
        self.add(event, now_ms)
        return True

    def add_known(self, event: AdmissionEvent, now_ms: int) -> None:
        """Keep an event that came from the rows themselves; told again, but not soon."""
        if _key(event) not in self._told.get(event.lease_id, ()):
            self._keep(_Told(event, now_ms + LONGEST_MS, LONGEST_MS))

    def drop(self, lease_id: str, attempt: int | None = None) -> None:
        """Forget an attempt, or all of a lease."""
        of_lease = self._told.get(lease_id, {})
        for key in [key for key in of_lease if attempt in (None, key[0])]:
            of_lease.pop(key).is_dropped = True
        if not of_lease:
            self._told.pop(lease_id, None)

    def due(self, now_ms: int) -> list[AdmissionEvent]:
        """Return what is to be told now."""
        events, again = [], []
        while self._due and self._due[0][0] <= now_ms:
            told = heapq.heappop(self._due)[2]
            if told.is_dropped:
                continue
            events.append(told.event)
            told.times += 1
            if isinstance(told.event, Refused) and told.times >= REFUSALS_TOLD:
                self._told[told.event.lease_id].pop(_key(told.event))
                continue
            told.at_ms = now_ms + told.wait_ms
            told.wait_ms = min(2 * told.wait_ms, LONGEST_MS)
            again.append(told)
        for told in again:
            self._push(told)
        return events

    def _keep(self, told: _Told) -> None:
        of_lease = self._told.setdefault(told.event.lease_id, {})
        before = of_lease.get(_key(told.event))
        if before is not None:
            before.is_dropped = True
        of_lease[_key(told.event)] = told
        self._push(told)

    def _push(self, told: _Told) -> None:
        heapq.heappush(self._due, (told.at_ms, next(self._numbers), told))


def _key(event: AdmissionEvent) -> _Key:
    return event.attempt, type(event)
