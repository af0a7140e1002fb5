"""Which of several replicas of the service leads: terms, and how long each may be trusted.

A term is a number that only grows. Whoever holds the newest one runs the service; every write names
its term and fails when there is a newer one. The figures stand here together because they only make
sense together: a leader trusts its term for less time than the database keeps it for it, so it has
stopped acting before anybody else may begin.
"""

from dataclasses import dataclass

TERM_MS = 12_000
"""How long the database keeps a term for its holder after the last renewal."""

TRUST_S = 8.0
"""How long after it began its last good renewal a leader goes on acting."""

RENEW_S = 2.5
AGAIN_S = 0.5
"""Between two renewals, and after one that the database did not answer."""

POLL_S = 1.0
"""Between two looks of a replica that stands by."""

IDLE_MS = 5_000
"""A transaction that falls silent for so long is ended by the server: its process was paused, and
whoever takes over would wait for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Who holds the newest term.

    Attributes
    ----------
    replica
        Name of the replica; empty before the first term.
    address
        Where it listens, as ``host:port``.
    left_ms
        How long the database keeps the term for it, by its own clock; 0 when it was given back or
        has run out.
    """

    term: int
    replica: str
    address: str
    left_ms: int

    @property
    def is_gone(self) -> bool:
        """Whether another replica may lead."""
        return self.left_ms <= 0
