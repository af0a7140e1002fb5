"""What a day was asked for, what came of it, and the table that a reader sees."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from days import Day
from schedule import CLOCK, KILLS


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
    no_clock: str = ""
    cuts: dict = field(default_factory=dict)

    def late(self, recovery_limit_s, settle_limit_s):
        """Return what took longer than it may, a line each."""
        slow = [one for one in self.recovery_s if one[1] > recovery_limit_s]
        late = [f"{kind} healed after {took} s" for kind, took in slow]
        if self.settled_s > settle_limit_s:
            late.append(f"settled after {self.settled_s:.1f} s")
        return late

    def jumped_ms(self):
        """Return how far apart two clocks may have been that both told the truth."""
        jumps = {abs(CLOCK[hit.kind]) for hit in self.hits if hit.kind in CLOCK}
        return 1000 * sum(jumps)


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
    if day.has_jumps and outcome.no_clock:
        rows.insert(3, ("clock jumps", f"none: {outcome.no_clock}"))
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
