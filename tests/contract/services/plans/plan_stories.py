"""The stories that plans are made from: short, and together everything that a lease can live through.

A story must end with nothing held: what differs then from the story as it went undisturbed is a
fault.
"""

from typing import Any

from plan_player import Player, Step, act, happens, has_slot, is_run, is_state, looks, until

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def ended(*names: str) -> Step:
    """Wait until all leases of these names have ended."""
    return until(lambda player: all(is_state(name, "ended")(player) for name in names))


def runs(name: str) -> Step:
    """Wait until a notebook runs; hub and page act by themselves."""
    return until(is_state(name, "active"), f"claim {name}", f"launch {name}")


NOTEBOOK: list[Step] = [
    act("ask", "nb", "ada", profile="gpu-2"),
    runs("nb"),
    *looks(1_000, 4 * MINUTE_MS, 3 * MINUTE_MS),
    act("extend", "nb", "ada", HOUR_MS),
    *looks(9 * MINUTE_MS, 1_000),
    act("end", "nb"),
    ended("nb"),
]
"""A notebook: segments, a renewed reservation, an extension, an end by hand."""

MISSED: list[Step] = [
    act("ask", "big", "ada", profile="gpu-4"),
    runs("big"),
    act("ask", "late", "bora", profile="gpu-1", limit_ms=2 * HOUR_MS),
    act("change", "late", "bora", limit_ms=10 * MINUTE_MS),
    act("hold", "late", True),
    *looks(1_000),
    act("hold", "late", False),
    *looks(MINUTE_MS),
    happens(lambda engine, player: engine.finish(player.lease("big").id, 0)),
    until(is_state("late", "admitted")),
    # Nobody takes the turn; the place is kept and it comes again.
    *looks(125_000, 1_000),
    until(lambda player: player.lease("late").turns_missed == 1),
    runs("late"),
    *looks(11 * MINUTE_MS),
    ended("big", "late"),
]
"""A change and a pause while it waits, a turn that is missed, an end by the limit."""

RUNS: list[Step] = [
    act("submit", "one", "ada"),
    act("submit", "two", "ada", limit_ms=2 * MINUTE_MS),
    act("submit", "never", "ada", limit_ms=MINUTE_MS),
    until(has_slot("one")),
    act("take", "one"),
    act("progress", "one", 2),
    act("cancel", "never", "ada"),
    *looks(2 * MINUTE_MS),
    act("hand_in", "one", b"output one", "succeeded"),
    act("take", "two"),
    *looks(MINUTE_MS),
    act("hand_in", "two", b"output two", "failed", "cell"),
    *looks(11_000),
    act("find_nothing", "two"),
    *looks(11_000),
    act("find_nothing", "two"),
    ended("one"),
]
"""Two runs in one slot, one that was cancelled before, and a slot that goes when it is idle."""


def _asked_back(engine: Any, player: Player) -> None:
    engine.ask_back(player.lease("nb").id)
    engine.ask_back(player.run("one").lease)


PREEMPTED: list[Step] = [
    act("ask", "nb", "bora", profile="gpu-1", start_without_me=True),
    act("submit", "one", "ada"),
    until(has_slot("one"), "launch nb"),
    act("take", "one"),
    *looks(6 * MINUTE_MS),
    happens(_asked_back),
    until(is_run("one", "queued")),
    until(lambda player: has_slot("one")(player) and is_state("nb", "active")(player), "launch nb"),
    act("take", "one"),
    *looks(2 * MINUTE_MS),
    act("hand_in", "one", b"output", "succeeded"),
    happens(lambda engine, player: engine.finish(player.lease("nb").id, 1)),
    *looks(11_000),
    act("find_nothing", "one"),
    *looks(11_000),
    act("find_nothing", "one"),
    ended("nb", "one"),
]
"""A notebook and a slot are asked back, refunded, and come again."""

CLUSTER: list[Step] = [
    act("make_cluster", "dask", "ada", workers=1),
    until(is_state("dask", "active")),
    act("scale", "dask", "ada", 3),
    until(is_state("dask", "active")),
    *looks(6 * MINUTE_MS),
    act("scale", "dask", "ada", 1),
    until(is_state("dask", "ended")),
    act("scale", "dask", "ada", 2),
    until(is_state("dask", "active")),
    *looks(MINUTE_MS),
    act("end_cluster", "dask", "ada"),
    until(
        lambda player: all(
            lease.is_ended for lease in player.house.query(lambda tx: tx.leases.find(name="dask"))
        )
    ),
]
"""A cluster that grows, shrinks, grows again, and ends with its workers."""

LOST: list[Step] = [
    act("ask", "nb", "ada", profile="gpu-1"),
    runs("nb"),
    act("submit", "one", "bora"),
    until(has_slot("one")),
    act("take", "one"),
    *looks(6 * MINUTE_MS),
    happens(lambda engine, player: engine.vanish(player.run("one").lease)),
    until(is_run("one", "queued")),
    until(has_slot("one")),
    act("take", "one"),
    *looks(MINUTE_MS),
    happens(lambda engine, player: engine.crash_machine()),
    ended("nb"),
    until(is_run("one", "queued")),
    until(has_slot("one")),
    act("take", "one"),
    act("hand_in", "one", b"output", "succeeded"),
    *looks(11_000),
    act("find_nothing", "one"),
    *looks(11_000),
    act("find_nothing", "one"),
    ended("one"),
]
"""A slot that vanishes, a machine that crashes: the run goes on, the machine's fault is refunded."""

BUDGET: list[Step] = [
    act("ask", "nb", "ada", project="poor", profile="gpu-1"),
    runs("nb"),
    *looks(4 * MINUTE_MS, 4 * MINUTE_MS, 4 * MINUTE_MS, 4 * MINUTE_MS, 2 * MINUTE_MS),
    act("ask", "more", "bora", profile="gpu-1"),
    act("end", "more"),
    ended("nb", "more"),
]
"""A budget that runs out, and a wish that is withdrawn before its turn."""

AT_PEACE = until(lambda player: not player.house.engine.admission.held(), limit=60)
"""Rows and reality agree within a minute."""

STORIES: dict[str, list[Step]] = {
    "notebook": [*NOTEBOOK, AT_PEACE],
    "missed": [*MISSED, AT_PEACE],
    "runs": [*RUNS, AT_PEACE],
    "preempted": [*PREEMPTED, AT_PEACE],
    "cluster": [*CLUSTER, AT_PEACE],
    "lost": [*LOST, AT_PEACE],
    "budget": [*BUDGET, AT_PEACE],
}
