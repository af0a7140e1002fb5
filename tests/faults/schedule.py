"""Which faults come when: data that follows from a seed and from nothing else."""

from dataclasses import dataclass
from random import Random

KILLS = (
    *("service", "hub", "proxy", "supervisor"),
    *("keeper", "server", "slot", "runner", "kernel", "scheduler", "worker"),
)
"""What is killed with -9."""

PAUSES = ("pause service", "pause hub")
DATABASE = ("database locked",)
DISK = ("disk full", "folder read-only")
CLOCK = {"clock ahead": 90, "clock behind": -40}
"""By how many seconds the wall clock jumps; after the fault it jumps back."""

POSTGRESQL = ("cut before commit", "cut after commit", "connections lost")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a day.

    Attributes
    ----------
    kind
        One of the above.
    gap_s
        Time since the fault before it began.
    seconds
        How long it lasts, where it lasts.
    pick
        Which of several targets: a share of their sorted list.
    """

    number: int
    kind: str
    gap_s: float
    seconds: float
    pick: float


def make_schedule(seed, kills, others, *, mean_gap_s, longest_s):
    """Return the faults of a day.

    Every kind of kill comes about equally often and the other faults lie between them.

    Parameters
    ----------
    kills
        Number of kills.
    others
        Kinds of the other faults, each as often as it is named.
    mean_gap_s, longest_s
        Mean time between faults; longest time that one lasts.
    """
    random = Random(f"{seed}:faults")
    kinds = []
    while len(kinds) < kills:
        kinds += random.sample(KILLS, len(KILLS))
    kinds = kinds[:kills]
    for other in others:
        kinds.insert(random.randrange(1, len(kinds) + 1), other)
    return [
        Fault(
            number=number,
            kind=kind,
            gap_s=round(min(random.expovariate(1 / mean_gap_s), 3 * mean_gap_s), 2),
            seconds=round(random.uniform(0.5, 1.0) * longest_s, 1),
            pick=random.random(),
        )
        for number, kind in enumerate(kinds, 1)
    ]
