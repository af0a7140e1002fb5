"""What an administrator does to the house itself: a pause of new starts, and devices taken out."""

from dataclasses import dataclass, replace

from madang.domain.lease import Standing, WaitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A pause: nothing new starts, what waits keeps its place, what runs goes on.

    Attributes
    ----------
    until_ms
        When it is expected to be over; it ends when an administrator ends it, never by itself.
    """

    reason: str
    since_ms: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMark:
    """A device that is not given out until an administrator returns it.

    Attributes
    ----------
    person
        Id of who took it out.
    """

    device: str
    reason: str
    person: str
    at_ms: int


def told_in_maintenance(
    standing: Standing, pause: Maintenance, until_text: str, now_ms: int
) -> Standing:
    """Return what a waiting lease is told during a pause: why, and nothing sooner than its end.

    An end that has passed, or was never named, leaves no time that could be promised.
    """
    until = pause.until_ms if pause.until_ms is not None and pause.until_ms > now_ms else None

    def later(at_ms: int | None) -> int | None:
        return None if at_ms is None or until is None else max(at_ms, until)

    return replace(
        standing,
        reason=WaitReason.MAINTENANCE,
        details={"why": pause.reason, "until": until_text if until is not None else ""},
        expected_ms=later(standing.expected_ms),
        earliest_ms=later(standing.earliest_ms),
        latest_ms=later(standing.latest_ms),
    )
