"""Groups of values with their least, middle and largest one; pure."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_GROUPS = 30
"""Different numbers that are looked at one by one; more are put together by size."""

MAX_WORDS = 12
"""Different texts that a picture has room for."""


@dataclass(frozen=True, slots=True)
class Group:
    """The values that belong to one place.

    Attributes
    ----------
    x
        The place: a text, or a number (the middle one, where several were put together).
    """

    x: float | str
    count: int
    least: float
    median: float
    most: float


def group_of(x: float | str, values: Sequence[float]) -> Group:
    """Return a group of at least one value."""
    # Halves, since the middle of two very large numbers is the middle of their sum.
    median = statistics.median([value / 2 for value in values]) * 2
    return Group(x, len(values), min(values), median, max(values))


def by_number(points: Iterable[tuple[float, float]]) -> list[Group]:
    """Return groups from the smallest place to the largest, at most :data:`MAX_GROUPS`."""
    found: dict[float, list[float]] = {}
    for x, y in sorted(points):
        found.setdefault(x, []).append(y)
    places = list(found)
    step = -(-len(places) // MAX_GROUPS) if places else 1
    parts = [places[start : start + step] for start in range(0, len(places), step)]
    return [group_of(part[len(part) // 2], [y for x in part for y in found[x]]) for part in parts]


def by_word(points: Iterable[tuple[str, float]]) -> list[Group]:
    """Return a group for each text, by its first appearance."""
    found: dict[str, list[float]] = {}
    for x, y in points:
        found.setdefault(x, []).append(y)
    return [group_of(x, values) for x, values in found.items()]
