"""By what the runs of a sweep can be put in order.

A parameter or a recorded value is asked for by its name, as ``parameter:lr`` or ``recorded:loss``.
"""

from madang.domain.recorded import is_name

SORTS = ("position", "state", "started", "ended", "duration")
PARTS = ("parameter", "recorded")


def is_sort(sort: str) -> bool:
    """Tell whether rows can be put in order by this."""
    return sort in SORTS or is_value(sort)


def is_value(asked: str) -> bool:
    """Tell whether this asks for a parameter or a recorded value."""
    part, _, name = asked.partition(":")
    return part in PARTS and is_name(name)
