"""Decisions that the service must have heard of, told again until the rows agree.

A decision may be lost between us and the database (it was down, the service was killed). The port
has no receipt, so what still stands is told again at growing distances; services take a doubled
event for what it is. Thus a lost event costs seconds and never a lease.
"""

from dataclasses import dataclass

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


_Key = tuple[str, int, type[AdmissionEvent]]


def _key(event: AdmissionEvent) -> _Key:
    return event.lease_id, event.attempt, type(event)


class Announcements:
    """One event of each kind for each lease and attempt."""

    def __init__(self) -> None:
        self._told: dict[_Key, _Told] = {}

    def add(self, event: AdmissionEvent, now_ms: int) -> None:
        """Tell an event at the next :meth:`due`, and again later."""
        self._told[_key(event)] = _Told(event, now_ms, FIRST_AGAIN_MS)

    def add_once(self, event: AdmissionEvent, now_ms: int) -> bool:
        """Tell an event unless it is known already; return whether it is new."""
        if _key(event) in self._told:
            return False
        self.add(event, now_ms)
        return True

    def add_known(self, event: AdmissionEvent, now_ms: int) -> None:
        """Keep an event that came from the rows themselves; told again, but not soon."""
        told = _Told(event, now_ms + LONGEST_MS, LONGEST_MS)
        self._told.setdefault(_key(event), told)

    def drop(self, lease_id: str, attempt: int | None = None) -> None:
        """Forget an attempt, or all of a lease."""
        for key in [k for k in self._told if k[0] == lease_id and attempt in (None, k[1])]:
            del self._told[key]

    def due(self, now_ms: int) -> list[AdmissionEvent]:
        """Return what is to be told now."""
        events = []
        for key, told in list(self._told.items()):
            if now_ms < told.at_ms:
                continue
            events.append(told.event)
            told.times += 1
            told.at_ms = now_ms + told.wait_ms
            told.wait_ms = min(2 * told.wait_ms, LONGEST_MS)
            if isinstance(told.event, Refused) and told.times >= REFUSALS_TOLD:
                del self._told[key]
        return events
