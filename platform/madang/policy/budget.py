"""How much budget an attempt must have set aside, when to set more aside, and when to warn.

Called by ``services``; the guard that two requests cannot reserve the same credits is the store's.
All amounts are whole micro-credits. A reservation is never smaller than what the ledger can charge
for the same time, because both round down the same product.
"""

from madang.domain.lease import LeaseKind
from madang.units import MS_PER_HOUR, cost_microcredits

WHOLE_LIMIT = frozenset({LeaseKind.SLOT})
"""Kinds that reserve their whole limit at admission; the others go from block to block."""

WARN_PERCENT = (100, 95, 80)


def reservation_microcredits(
    kind: LeaseKind,
    devices: int,
    limit_ms: int,
    grace_ms: int,
    block_ms: int,
    rate_microcredits: int,
) -> int:
    """Return what an admission reserves.

    A slot reserves its limit and the grace of its stop. A notebook or cluster reserves a rolling
    block (its limit, when that is shorter) and the grace, so that it can always be stopped in time.

    Parameters
    ----------
    grace_ms
        Time between the request to stop and the end, which is charged as well.
    block_ms
        Length of a rolling block.
    rate_microcredits
        Micro-credits for one device-hour.
    """
    open_ms = limit_ms if kind in WHOLE_LIMIT else min(block_ms, limit_ms)
    return cost_microcredits(devices * (open_ms + grace_ms), rate_microcredits)


def covered_ms(unspent_microcredits: int, devices: int, rate_microcredits: int) -> int | None:
    """Return for how long a reservation lasts; None for ever, as it costs nothing.

    Parameters
    ----------
    unspent_microcredits
        What is reserved for the attempt less what its time up to now costs, charged or not.
    """
    per_hour = devices * rate_microcredits
    if per_hour <= 0:
        return None
    return max(0, unspent_microcredits) * MS_PER_HOUR // per_hour


def renewal_due(
    unspent_microcredits: int,
    devices: int,
    grace_ms: int,
    block_ms: int,
    rate_microcredits: int,
    left_ms: int,
) -> bool:
    """Tell whether a notebook or cluster should reserve again: half of its block is spent.

    Parameters
    ----------
    unspent_microcredits
        See :func:`covered_ms`.
    left_ms
        Time until the attempt reaches its limit; nothing is reserved beyond it.
    """
    covered = covered_ms(unspent_microcredits, devices, rate_microcredits)
    if covered is None:
        return False
    # One millisecond for the rounding of the last micro-credit.
    return covered + 1 < min(block_ms // 2, max(0, left_ms)) + grace_ms


def renewal_microcredits(
    unspent_microcredits: int,
    devices: int,
    grace_ms: int,
    block_ms: int,
    rate_microcredits: int,
    left_ms: int,
) -> int:
    """Return what a renewal adds, so that a whole block (or the rest) and the grace are covered."""
    wanted_ms = min(block_ms, max(0, left_ms)) + grace_ms
    wanted = -(-devices * wanted_ms * rate_microcredits // MS_PER_HOUR)
    return max(0, wanted - max(0, unspent_microcredits))


def must_stop(
    unspent_microcredits: int, devices: int, grace_ms: int, rate_microcredits: int
) -> bool:
    """Tell whether an attempt that could not renew must be asked to stop now."""
    covered = covered_ms(unspent_microcredits, devices, rate_microcredits)
    return covered is not None and covered <= grace_ms


def warning_level(left_microcredits: int, granted_microcredits: int) -> int:
    """Return how far a budget is used up, in steps that people are told of: 0, 80, 95 or 100.

    A project that was granted nothing has used up what it has.
    """
    if left_microcredits <= 0 or granted_microcredits <= 0:
        return 100
    spent = granted_microcredits - left_microcredits
    return next((p for p in WARN_PERCENT if spent * 100 >= p * granted_microcredits), 0)
