"""Looks at /proc all the time for what must never be: two lives where there may be one.

A finding is confirmed by a second look at the same processes, because one look is not one moment.
"""

import threading
import time
from itertools import combinations

from processes import look

from madang.shim.record import start_ticks

EVERY_S = 0.3
MAIN = {
    "server": "madang.hub.singleuser",
    "worker": "madang.runner.slot",
    "scheduler": "distributed.cli.dask_scheduler",
}
"""Programs of which an attempt may have one, by role."""

EXECUTES = "madang.runner.execute"


class Watch:
    """A thread that collects findings until it is stopped.

    Attributes
    ----------
    twice
        What was seen in two at once, a line each.
    last_ms
        When something of an attempt was last seen alive, by (lease, attempt); UTC.
    looks
        How often it looked.
    """

    def __init__(self, home):
        self._home = home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._mains = {}
        self.twice = []
        self.last_ms = {}
        self.looks = 0

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(10)

    def _run(self):
        while not self._stop.wait(EVERY_S):
            at_ms = time.time_ns() // 1_000_000
            seen = look(self._home)
            for one in seen:
                self.last_ms[one.lease, one.attempt] = at_ms
            for finding, pair in doubles(seen):
                if finding not in self.twice and all(_lives(one) for one in pair):
                    self.twice.append(finding)
            self.looks += 1


def _lives(seen):
    return start_ticks(seen.pid) == seen.ticks


def doubles(seen):
    """Give (what, the two processes) of everything that is there twice in one look."""
    for one, other in combinations(seen, 2):
        if one.lease == other.lease and one.attempt != other.attempt:
            yield f"{one.lease}: attempts {one.attempt} and {other.attempt} live", (one, other)
        shared = set(one.devices) & set(other.devices)
        if shared and one.lease != other.lease:
            yield f"{sorted(shared)}: {one.lease} and {other.lease} hold it", (one, other)
        if _same_main(one, other):
            yield f"{one.lease}.{one.attempt}/{one.role}: {one.pid} and {other.pid}", (one, other)
        if one.run and one.run == other.run and _are_strangers(EXECUTES, one, other):
            yield f"{one.run}: {one.pid} and {other.pid} execute it", (one, other)


def _same_main(one, other):
    """Tell whether two processes are both the main one of the same record."""
    program = MAIN.get(one.role)
    same = (one.lease, one.attempt, one.role) == (other.lease, other.attempt, other.role)
    return program is not None and same and _are_strangers(program, one, other)


def _are_strangers(program, one, other):
    """Tell whether two processes are the same program, and none of them a fork of the other."""
    is_family = one.pid == other.parent or other.pid == one.parent
    return one.is_a(program) and other.is_a(program) and not is_family
