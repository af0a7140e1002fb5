"""What days there are: how many kills, what else happens, on which database."""

from dataclasses import dataclass

from schedule import CLOCK, DATABASE, DISK, PAUSES, POSTGRESQL

SHORT_S = 4.0
"""How long a pause or a lock of the database may last in a short day."""

LONG_S = 60.0
"""The same in a long day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a campaign is asked for."""

    seed: int
    kills: int = 20
    is_postgresql: bool = False
    devices: int = 4
    others: tuple = ()
    has_jumps: bool = False
    mean_gap_s: float = 2.0
    longest_s: float = SHORT_S


def usual_others(*, is_postgresql, times=1):
    """Return the faults beside kills of a usual day."""
    return (*PAUSES, *DATABASE, *DISK, *(POSTGRESQL if is_postgresql else ())) * times


def long_day(seed, kills, *, is_postgresql):
    """Return a day with many kills, and with faults that last as long as an operator's coffee."""
    times = max(1, kills // 50)
    return Day(
        seed=seed,
        kills=kills,
        is_postgresql=is_postgresql,
        others=usual_others(is_postgresql=is_postgresql, times=times),
        longest_s=LONG_S if kills >= 100 else SHORT_S,
    )


def day_of_jumps(seed, kills=6, times=2):
    """Return a day on which the wall clock is set, ahead and back, while people work.

    A day of its own: what keepers note and what the service writes need not agree to the
    millisecond then, as both tell the time of a clock that jumped in between.
    """
    others = tuple(CLOCK) * times
    return Day(seed=seed, kills=kills, others=others, has_jumps=True, longest_s=SHORT_S * 3)
