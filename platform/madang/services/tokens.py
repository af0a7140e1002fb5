"""Attempt tokens: what a slot worker and a run prove themselves with. Only hashes are stored."""

import hashlib
import secrets

from madang.domain.lease import Lease
from madang.store import Tx

PREFIX = "mat_"
MARGIN_MS = 600_000
"""A token outlives the time limit by this, so that late reports still arrive."""


def hashed(token: str) -> str:
    """Return the form in which a token is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


def mint(tx: Tx, lease: Lease, now_ms: int, *, run: str = "") -> str:
    """Make a token for a slot lease, or for one run inside it, and store its hash."""
    token = PREFIX + secrets.token_urlsafe(32)
    tx.tokens.add(
        hashed(token),
        "run" if run else "slot",
        lease.person,
        lease.project,
        lease.id,
        run,
        now_ms + lease.limit_ms + MARGIN_MS,
    )
    return token
