"""When a person is warned that their time runs out."""

WARN_MINUTES = (5, 15)
MS_PER_MIN = 60_000


def minutes_to_tell(limit_ms: int, expires_ms: int | None, now_ms: int) -> int | None:
    """Return the warning that is due: 15 or 5 minutes before the end, None for none.

    Nobody who asked for ten minutes is warned of fifteen; when both are due, as after a pause of
    the service, only the shorter one is told.
    """
    if expires_ms is None or expires_ms <= now_ms:
        return None
    left_ms = expires_ms - now_ms
    due = (m for m in WARN_MINUTES if left_ms <= m * MS_PER_MIN < limit_ms)
    return next(due, None)


def retry_ms(tries: int) -> int:
    """Return how long to wait after this many tries: 5 seconds, doubled up to an hour."""
    return int(min(3_600_000, 5_000 * 2 ** min(tries - 1, 12)))
