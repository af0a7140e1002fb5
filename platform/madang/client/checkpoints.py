"""How often a run is saved: said beside the snapshot, so that it makes no other notebook of it."""

import math

from madang.domain.run import MAX_CHECKPOINT_S, MIN_CHECKPOINT_S
from madang.errors import InvalidError


def checked_after(after_s: float) -> float:
    """Return the seconds between saves that somebody asks for.

    Raises
    ------
    InvalidError
        ``checkpoint_after_unfit`` for less than a second, or more than a day.
    """
    if not (math.isfinite(after_s) and MIN_CHECKPOINT_S <= after_s <= MAX_CHECKPOINT_S):
        raise InvalidError(
            "checkpoint_after_unfit", given=after_s, least=MIN_CHECKPOINT_S, most=MAX_CHECKPOINT_S
        )
    return after_s
