"""How many workers an adaptive cluster should ask for; a decision without clock or I/O."""

from dataclasses import dataclass

COOL_DOWN_MS = 30_000
"""Fewer workers are wanted for so long before any is given back: work comes in waves."""

MOST_AT_ONCE = 8
"""Workers that are asked for in one step; a scheduler knows better once the first have come."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do.

    Attributes
    ----------
    workers
        Number to have asked for in all.
    below_since_ms
        Since when fewer are wanted than were asked for; None when they are not.
    """

    workers: int
    below_since_ms: int | None = None


def choose(
    wanted: int,
    asked: int,
    bounds: tuple[int, int],
    below_since_ms: int | None,
    now_ms: int,
) -> Choice:
    """Return the number of workers to ask for.

    Parameters
    ----------
    wanted
        What the scheduler says it could use.
    asked
        What was asked for, with those that still wait in the queue: asking again would not make
        them come sooner.
    bounds
        Smallest and largest number.
    below_since_ms
        As the last choice gave it.

    Examples
    --------
    >>> choose(6, 2, (0, 4), None, 0)
    Choice(workers=4, below_since_ms=None)
    >>> choose(0, 4, (1, 4), None, 7)
    Choice(workers=4, below_since_ms=7)
    >>> choose(0, 4, (1, 4), 7, 7 + COOL_DOWN_MS)
    Choice(workers=1, below_since_ms=None)
    """
    smallest, largest = bounds
    target = min(max(wanted, smallest), largest)
    if asked > largest:
        # The bounds were changed: that is an order and no wish.
        return Choice(largest)
    if target >= asked:
        return Choice(min(target, asked + MOST_AT_ONCE))
    if below_since_ms is None or now_ms - below_since_ms < COOL_DOWN_MS:
        return Choice(asked, now_ms if below_since_ms is None else below_since_ms)
    return Choice(target)
