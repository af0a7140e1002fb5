"""Leads, or waits to: one replica's side of the term that :mod:`madang.store.leadership` keeps.

Made by ``wiring`` where the database may be shared, taken by the service's process before it
starts anything (:mod:`madang.api.standby`). While it leads, a thread renews the term; that thread
and :meth:`Leading.check` are all that a pause of the process, a database that is away or another
leader can meet. A leader that could not renew in time does nothing on the cluster until it has; one
whose term is not the newest any more is told so, and its process ends.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError

from madang.domain.leadership import AGAIN_S, RENEW_S, TERM_MS, TRUST_S, Leader
from madang.errors import UnavailableError
from madang.store import Store

log = logging.getLogger(__name__)

GIVE_BACK_S = 3.0


def steady_s() -> float:
    """Return seconds that go on while the machine sleeps, and never jump."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leading:
    """The leadership as one replica sees it.

    Parameters
    ----------
    replica
        Name of this process among the replicas; a process that comes back under its name leads
        again at once.
    address
        Where it listens, for people.

    Attributes
    ----------
    term
        The term that it was given; None while it stands by.
    """

    def __init__(
        self, store: Store, replica: str, address: str, clock: Callable[[], float] = steady_s
    ) -> None:
        self.replica = replica
        self.term: int | None = None
        self._store, self._address, self._clock = store, address, clock
        self._renewed_s = 0.0
        self._ending = threading.Event()
        self._lost = threading.Event()
        self._on_lost: Callable[[], None] = lambda: None
        self._keeper: threading.Thread | None = None

    def look(self) -> Leader:
        """Return who leads, or led last.

        Raises
        ------
        UnavailableError
            The database is away.
        """
        return self._store.read_now(lambda tx: tx.leadership.current())

    def take(self, on_lost: Callable[[], None]) -> bool:
        """Begin a term if nobody else leads; from then on every write of the store names it.

        Parameters
        ----------
        on_lost
            Called once, from another thread, when somebody else has begun a newer term.
        """
        began_s = self._clock()
        term = self._store.write_now(
            lambda tx: tx.leadership.take(self.replica, self._address, TERM_MS)
        )
        if term is None:
            return False
        self.term, self._renewed_s, self._on_lost = term, began_s, on_lost
        self._store.fence(term, self._lose)
        log.info("%s leads: term %s", self.replica, term)
        return True

    def keep(self) -> None:
        """Renew the term again and again, in a thread of its own."""
        self._keeper = threading.Thread(target=self._keep, name="leadership", daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        pause_s = RENEW_S
        while not self._ending.wait(pause_s) and not self._lost.is_set():
            pause_s = RENEW_S if self.renew() else AGAIN_S

    def renew(self) -> bool:
        """Renew the term once; return whether that is known to have worked."""
        term, began_s = self.term, self._clock()
        if term is None:
            return False
        try:
            asked = self._store.renew(lambda tx: tx.leadership.renew(term, TERM_MS))
            is_kept = asked.result(timeout=TRUST_S)
        except (UnavailableError, TimeoutError, CancelledError) as error:
            log.warning("term %s could not be renewed: %s", term, error)
            return False
        if not is_kept:
            self._lose()
            return False
        self._renewed_s = began_s
        return True

    @property
    def is_sure(self) -> bool:
        """Whether nobody else can lead now; True also where nobody was asked."""
        if self.term is None:
            return True
        return not self._lost.is_set() and self._clock() - self._renewed_s < TRUST_S

    def check(self) -> None:
        """Refuse an act that the database cannot refuse.

        Raises
        ------
        UnavailableError
            ``leadership_lost``.
        """
        if not self.is_sure:
            raise UnavailableError("leadership_lost", term=self.term)

    def _lose(self) -> None:
        if self._lost.is_set():
            return
        self._lost.set()
        log.error("term %s is over: another replica leads", self.term)
        self._on_lost()

    def give_back(self) -> None:
        """Let another replica lead at once; call it when nothing is written any more."""
        self._ending.set()
        if self._keeper is not None:
            self._keeper.join(GIVE_BACK_S)
        term = self.term
        if term is None or self._lost.is_set():
            return
        try:
            self._store.renew(lambda tx: tx.leadership.give_back(term)).result(GIVE_BACK_S)
        except (UnavailableError, TimeoutError, CancelledError) as error:
            log.warning("term %s runs out by itself: %s", term, error)
