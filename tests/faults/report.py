"""What a day was asked for, what came of it, and the table that a reader sees."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from schedule import KILLS

SHORT_S = 4.0
"""How long a pause or a lock of the database may last in a short day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a campaign is asked for."""

    seed: int
    kills: int = 20
    is_postgresql: bool = False
    devices: int = 4
    others: tuple = ()
    mean_gap_s: float = 2.0
    longest_s: float = SHORT_S


@dataclass
class Outcome:
    """What came of it."""

    day: Day
    hits: list = field(default_factory=list)
    missed: list = field(default_factory=list)
    recovery_s: list = field(default_factory=list)
    settled_s: float = 0.0
    findings: object = None
    promises: object = None
    took_s: float = 0.0
    looks: int = 0
    has_disk: bool = False
    cuts: dict = field(default_factory=dict)


def table(outcome):
    """Return the lines that a reader wants to see."""
    found = outcome.findings
    kinds = Counter(hit.kind for hit in outcome.hits)
    kills = {kind: kinds[kind] for kind in KILLS if kinds[kind]}
    others = {kind: count for kind, count in kinds.items() if kind not in KILLS}
    seconds = sorted(took for _, took in outcome.recovery_s)
    day = outcome.day
    database = "PostgreSQL" if day.is_postgresql else "SQLite"
    rows = [
        ("seed", f"{day.seed} ({database}, {day.kills} kills, {outcome.took_s:.0f} s)"),
        ("kills", ", ".join(f"{kind} {count}" for kind, count in kills.items())),
        ("other faults", ", ".join(f"{k} {n}" for k, n in others.items()) or "none"),
        ("not there", ", ".join(one.kind for one in outcome.missed) or "none"),
        ("people did", ", ".join(f"{k} {n}" for k, n in sorted(outcome.promises.done.items()))),
        ("answers", ", ".join(f"{k}: {n}" for k, n in sorted(outcome.promises.statuses.items()))),
        ("lost", str(len(found.lost))),
        ("twice", f"{len(found.twice)} (in {outcome.looks} looks at /proc)"),
        ("charged twice", f"{len(found.charged_twice)} (of {found.entries} entries)"),
        ("drift", f"{found.drift_ms} ms over {found.attempts} attempts"),
        ("end of killed keepers", f"within {found.unsure_ms} ms of the last sign of life"),
        ("recovery", _spread(seconds)),
        ("slowest to recover", _slowest(outcome.recovery_s)),
        ("settled", f"{outcome.settled_s:.1f} s after the last fault"),
        ("findings", str(len(found.all()))),
    ]
    if outcome.cuts:
        rows.insert(3, ("cut commits", f"{outcome.cuts}"))
    if not outcome.has_disk:
        rows.insert(3, ("disk faults", "none: this account may not mount a file system"))
    lines = [f"{name:22} {said}" for name, said in rows]
    return "\n".join(lines + [f"  ! {line}" for line in found.all()])


def _spread(seconds):
    if not seconds:
        return "nothing to recover"
    p95 = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    median = statistics.median(seconds)
    return f"median {median:.1f} s, p95 {p95:.1f} s, max {seconds[-1]:.1f} s"


def _slowest(recovery_s, count=6):
    """Return the faults that took longest to heal."""
    longest = sorted(recovery_s, key=lambda one: -one[1])[:count]
    return ", ".join(f"{kind} {took:.1f} s" for kind, took in longest) or "none"
