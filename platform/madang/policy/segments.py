"""Cuts an attempt's time into the slices that the ledger charges.

Called by ``services``. Cuts lie at marks that are aligned for everybody (every 5 minutes of UTC),
so the same time is cut in the same way whoever cuts it, whenever, and however often: a slice that
was charged already meets its own number again and is refused by the store.
"""

from dataclasses import dataclass

from madang.units import SEGMENT_MS


@dataclass(frozen=True, slots=True)
class Segment:
    """The time ``[from_ms, to_ms)`` of an attempt between two marks.

    Attributes
    ----------
    number
        Marks passed since the start of the attempt; 0 for the slice in which it started.
    """

    number: int
    from_ms: int
    to_ms: int


def last_mark_ms(now_ms: int) -> int:
    """Return the latest mark that has passed. A running attempt is charged up to there.

    Time behind it belongs to a slice that is still open; it is charged when the slice is complete
    or the attempt has ended.
    """
    return now_ms - now_ms % SEGMENT_MS


def cut_segments(start_ms: int, from_ms: int, to_ms: int) -> list[Segment]:
    """Cut ``[from_ms, to_ms)`` of an attempt that started at ``start_ms``.

    Parameters
    ----------
    start_ms
        Start of the attempt's first process; the number counts from its slice.
    from_ms
        From where nothing is charged yet; not before the start.
    to_ms
        A mark while the attempt runs, its end when it has ended.
    """
    if from_ms < start_ms:
        raise ValueError(f"segments begin at {from_ms}, before the attempt began at {start_ms}")
    found = []
    first = start_ms // SEGMENT_MS
    while from_ms < to_ms:
        mark = from_ms // SEGMENT_MS
        until = min(to_ms, (mark + 1) * SEGMENT_MS)
        found.append(Segment(mark - first, from_ms, until))
        from_ms = until
    return found
