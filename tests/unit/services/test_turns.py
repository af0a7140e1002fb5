"""A priority orders one person's sweeps of a project, and moves nobody else's."""

from madang.domain.sweep import Sweep
from madang.services.sweep_slots import in_turn


def sweep(name: str, person: str, submitted_ms: int, priority: int, project: str = "p") -> Sweep:
    return Sweep(
        id=name,
        person=person,
        project=project,
        name=name,
        notebook_sha256="",
        flavor="gpu",
        devices=1,
        limit_ms=1,
        max_parallel=1,
        submitted_ms=submitted_ms,
        priority=priority,
    )


def test_places_of_others_stay() -> None:
    found = [
        sweep("d", "bora", 4, 10),
        sweep("c", "ada", 3, 5),
        sweep("b", "bora", 2, -10),
        sweep("a", "ada", 1, 0),
        sweep("e", "ada", 5, 9, project="q"),
        sweep("f", "ada", 6, 5),
    ]
    assert [one.id for one in in_turn(found)] == ["c", "d", "f", "b", "e", "a"]
