"""When a notebook that leaves its devices unused is told, and when it has to give them back.

A ladder: told at half of the time and at three quarters, ended when it is over. Each step also
waits a quarter after the one before, so that nobody is ended without notice by a service that was
away or has just learned of the idleness.
"""

from dataclasses import dataclass, replace

NOTICES = 2
"""Steps that tell; the one after them ends."""

_QUARTERS = (2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idling:
    """How far a notebook is on the ladder.

    Attributes
    ----------
    since_ms
        When its devices were last used.
    step
        Steps taken: up to :data:`NOTICES` were told, one more ends it.
    stepped_ms
        When the latest was taken.
    """

    since_ms: int
    step: int = 0
    stepped_ms: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it has to end."""
        return self.step > NOTICES


def climbed(before: Idling | None, since_ms: int, limit_ms: int, now_ms: int) -> Idling:
    """Return where on the ladder a notebook is now, at most one step further than before."""
    if before is None or before.since_ms != since_ms:
        before = Idling(since_ms=since_ms)
    if before.is_over:
        return before
    quarter_ms = limit_ms // 4
    is_long_enough = now_ms - since_ms >= _QUARTERS[before.step] * quarter_ms
    if is_long_enough and (not before.step or now_ms - before.stepped_ms >= quarter_ms):
        return replace(before, step=before.step + 1, stepped_ms=now_ms)
    return before
