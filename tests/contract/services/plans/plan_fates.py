"""What befalls a service in a plan: it dies, loses its database, or hears its engine badly.

Every write to the store, every call to the engine and every event of it is a *point* with a number.
A :class:`Fate` counts the points as they pass and lets one thing happen at one of them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from madang.engines.ports import AdmissionEvent, AttemptLife
from madang.errors import UnavailableError

RESEND_MS = 5_000
DELAY_MS = 45_000
REPEATS_MS = (30_000, 400_000)

CALLS = {
    "admission": ("enqueue", "adopt", "withdraw", "release", "prolong"),
    "launcher": ("start", "stop", "set_deadline", "retire", "discard"),
    "artifacts": ("put",),
}
"""Calls that change something at the engine; the others only look."""

FATES = {
    "write": ("crash-before", "crash-after", "fail-before", "fail-after"),
    "call": ("crash-before", "crash-after", "fail-before", "fail-after"),
    "event": ("drop", "duplicate", "delay"),
    "look": ("older",),
}


class Killed(BaseException):  # noqa: N818 - no error that anybody may handle
    """The service is gone; no code of it runs any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fate at one point of a story; ``forgets`` also loses what the engine had in memory."""

    story: str
    point: str
    number: int
    label: str
    fate: str
    forgets: bool = False

    @property
    def name(self) -> str:
        """Name it can be played again by."""
        tail = "-forgetting" if self.forgets else ""
        return f"{self.story}/{self.point}-{self.number}-{self.label}/{self.fate}{tail}"


Mark = tuple[str, int, str]
"""Point, number and label."""


class Fate:
    """Counts the points of one life of a service, and strikes at the one that a plan names.

    Parameters
    ----------
    noticed
        Told of each point as it passes: the mark, ``before`` or ``after``, and whether anything
        was changed.
    untaken
        Events that a service before had heard of as it died; an engine tells them again.

    Attributes
    ----------
    heard
        The events of the latest poll.
    """

    def __init__(
        self,
        plan: Plan | None = None,
        noticed: Callable[[Mark, str, bool], None] | None = None,
        untaken: Sequence[AdmissionEvent] = (),
    ) -> None:
        self.plan = plan
        self.is_dead = False
        self.has_struck = False
        self._noticed = noticed
        self._counts: dict[str, int] = {}
        self._known: dict[tuple[Any, ...], int] = {}
        self._held: list[tuple[int, AdmissionEvent]] = [(0, event) for event in untaken]
        self.heard: list[AdmissionEvent] = []
        self._silent: dict[tuple[Any, ...], int] = {}

    def check(self) -> None:
        """Stop whoever still runs after the end."""
        if self.is_dead:
            raise Killed

    def _next(self, point: str, label: str) -> Mark:
        number = self._counts[point] = self._counts.get(point, 0) + 1
        return (point, number, label)

    def _strikes(self, mark: Mark, fate: str) -> bool:
        plan = self.plan
        if plan is None or self.has_struck or (plan.point, plan.number) != mark[:2]:
            return False
        if plan.fate != fate:
            return False
        assert plan.label == mark[2], f"another story: {plan.name} is now {mark[2]}"
        self.has_struck = True
        return True

    async def act(
        self, point: str, label: str, act: Callable[[], Awaitable[Any]], changes: Callable[[], int]
    ) -> Any:
        """Do something that changes the world, unless fate has it otherwise."""
        self.check()
        mark = self._next(point, label)
        self._tell(mark, "before", True)
        self._strike(mark, "before")
        before = changes()
        result = await act()
        self._tell(mark, "after", changes() != before)
        self._strike(mark, "after")
        return result

    def _tell(self, mark: Mark, side: str, has_changed: bool) -> None:
        if self._noticed is not None:
            self._noticed(mark, side, has_changed)

    def _strike(self, mark: Mark, side: str) -> None:
        if self._strikes(mark, f"crash-{side}"):
            self.is_dead = True
            raise Killed
        if self._strikes(mark, f"fail-{side}"):
            raise UnavailableError("database_unavailable", reason="lost")

    def hears(self, events: Sequence[AdmissionEvent], now_ms: int) -> list[AdmissionEvent]:
        """Return what is heard of the engine's events now."""
        heard = [event for due_ms, event in self._held if due_ms <= now_ms]
        self._held = [(due_ms, event) for due_ms, event in self._held if due_ms > now_ms]
        for event in events:
            heard += self._hear(event, now_ms)
        self.heard = heard
        return heard

    def _hear(self, event: AdmissionEvent, now_ms: int) -> list[AdmissionEvent]:
        key = (type(event), event.lease_id, event.attempt)
        if now_ms < self._silent.get(key, 0):
            return []
        if key in self._known:
            return [event]
        mark = self._next("event", type(event).__name__)
        self._known[key] = mark[1]
        self._tell(mark, "before", True)
        if self._strikes(mark, "drop"):
            self._held.append((now_ms + RESEND_MS, event))
            return []
        if self._strikes(mark, "delay"):
            self._silent[key] = now_ms + DELAY_MS
            self._held.append((now_ms + DELAY_MS, event))
            return []
        if self._strikes(mark, "duplicate"):
            self._held += [(now_ms + later, event) for later in REPEATS_MS]
            return [event, event]
        return [event]

    def sees(self, seen: Any, before: Any, label: str) -> Any:
        """Return what a look at the engine shows: the answer, or once the one before it."""
        self.check()
        if seen == before:
            return seen
        mark = self._next("look", label)
        self._tell(mark, "before", True)
        return before if self._strikes(mark, "older") else seen


class WatchedStore:
    """The store, with every write a point."""

    def __init__(self, store: Any, fate: Fate, changes: Callable[[], int]) -> None:
        self.real = store
        self._fate = fate
        self._changes = changes
        self.on_written: Any = None

    async def write(self, work: Callable[[Any], Any]) -> Any:
        """Write, or die before or after it."""
        label = getattr(work, "__qualname__", "?").split(".<locals>")[0]
        return await self._fate.act("write", label, lambda: self.real.write(work), self._changes)

    async def read(self, work: Callable[[Any], Any]) -> Any:
        """Read, as long as there is a service."""
        self._fate.check()
        return await self.real.read(work)


class WatchedPort:
    """One port of the engine, with every call that changes something a point."""

    def __init__(self, name: str, port: Any, fate: Fate) -> None:
        self._name = name
        self._port = port
        self._fate = fate
        self._calls = 0
        self._seen: dict[Any, Any] = {}

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found
        label = f"{self._name}.{method}"

        async def call(*args: Any, **more: Any) -> Any:
            self._fate.check()
            if method in CALLS[self._name]:
                self._calls += 1
                act = lambda: found(*args, **more)  # noqa: E731 - called once, below
                return await self._fate.act("call", label, act, lambda: self._calls + 1)
            return await found(*args, **more)

        return call

    async def poll(self, now_ms: int) -> list[AdmissionEvent]:
        """Hear events as fate has it."""
        self._fate.check()
        return self._fate.hears(await self._port.poll(now_ms), now_ms)

    async def observe(self, lease_id: str, attempt: int) -> AttemptLife:
        """See an attempt, or once what it was before."""
        seen = await self._port.observe(lease_id, attempt)
        key = (lease_id, attempt)
        before = self._seen.setdefault(key, AttemptLife(machine_since_ms=seen.machine_since_ms))
        self._seen[key] = seen
        return self._fate.sees(seen, before, "observe")

    async def alive(self) -> Sequence[tuple[str, int]]:
        """See what lives, or once what lived before."""
        seen = await self._port.alive()
        before = self._seen.setdefault("alive", ())
        self._seen["alive"] = seen
        return self._fate.sees(seen, before, "alive")
