"""How hostile the engine is, and the small world that its ports share."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Chances (0 to 1) and times of what goes wrong.

    Attributes
    ----------
    late_ms
        An event comes up to so much later than it was decided.
    duplicate
        An event is told twice.
    lose
        An event is lost, and sent again after ``resend_ms``.
    reorder
        Events of one poll come in any order.
    start_unrecorded
        A start makes the process, then fails before recording it.
    start_refused
        A start fails before it makes anything.
    silent
        A scheduler that is asked does not answer.
    vanish
        A process ends without a record within ``vanish_ms``.
    """

    late_ms: int = 0
    duplicate: float = 0.0
    lose: float = 0.0
    resend_ms: int = 5_000
    reorder: bool = False
    start_unrecorded: float = 0.0
    start_refused: float = 0.0
    silent: float = 0.0
    vanish: float = 0.0
    vanish_ms: int = 60_000

    @classmethod
    def all(cls) -> "Faults":
        """Return everything at once, at a rate at which most acts still go right."""
        return cls(
            late_ms=3_000,
            duplicate=0.3,
            lose=0.2,
            reorder=True,
            start_unrecorded=0.2,
            start_refused=0.1,
            silent=0.3,
            vanish=0.1,
        )


@dataclass(slots=True)
class World:
    """Randomness, faults and time, shared by the ports of one engine."""

    random: Random
    faults: Faults
    now_ms: int
    machine_since_ms: int = 0

    def happens(self, chance: float) -> bool:
        """Draw whether something of this chance happens now."""
        return self.random.random() < chance

    def within(self, limit_ms: int) -> int:
        """Draw a time from 0 to the limit."""
        return self.random.randint(0, max(0, limit_ms))
