"""The statement that finds which leases that run need a transaction now; of most nothing is due.

Used by :class:`madang.store.leases.Leases`. What lasts how long by a reservation is approximate
here, and too short by two micro-credits: whoever acts on it reckons exactly
(:mod:`madang.policy.budget`).
"""

from typing import Any

from sqlalchemy import BigInteger, Float, Select, bindparam, case, cast, func, select

from madang.domain.lease import LeaseState
from madang.policy.budget import WHOLE_LIMIT
from madang.store.tables import leases, reservations
from madang.units import MS_PER_HOUR

FREE_MS = 1e15
"""For how long a reservation lasts that nothing is taken from."""


def _due() -> Select[Any]:
    now, mark = bindparam("now", type_=BigInteger), bindparam("mark", type_=BigInteger)
    half, grace = bindparam("half", type_=BigInteger), bindparam("grace", type_=BigInteger)
    since = func.coalesce(leases.c.charged_to_ms, leases.c.started_ms)
    left_ms = leases.c.started_ms + leases.c.limit_ms - now
    per_ms = cast(leases.c.devices, Float) * leases.c.rate_microcredits / MS_PER_HOUR
    unspent = cast(func.coalesce(reservations.c.microcredits, 0), Float) - 2
    covered_ms = unspent / func.nullif(per_ms, 0) - (now - since)
    wanted_ms = case((left_ms < 0, 0), (left_ms < half, left_ms), else_=half) + grace
    is_renewed = leases.c.kind.not_in(WHOLE_LIMIT) & (leases.c.rate_microcredits > 0)
    return (
        select(leases.c.id)
        .outerjoin(
            reservations,
            (reservations.c.lease == leases.c.id) & (reservations.c.attempt == leases.c.attempt),
        )
        .where(
            leases.c.state == LeaseState.ACTIVE,
            (left_ms <= 0)
            | ((leases.c.devices > 0) & ((since < mark) | (is_renewed & (covered_ms < wanted_ms)))),
        )
        # Whoever has the least time left comes first, and what costs nothing last of all.
        .order_by(left_ms > 0, func.coalesce(covered_ms, FREE_MS), leases.c.id)
    )


DUE = _due()
