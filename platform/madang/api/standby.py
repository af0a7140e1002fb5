"""Waits to lead: what the service's process does before the service, where it may have siblings.

Called by :mod:`madang.api.serve`. It needs the database and nothing else: no hub, no cluster, no
state. When the leader has given its term back or let it run out, it takes the next one, and the
process becomes the service on the same port.
"""

import asyncio
import logging
import os
import signal
import socket
from types import FrameType

from madang.api.relay import HttpRelay, Relay, start
from madang.domain.leadership import POLL_S, Leader
from madang.errors import MadangError, UnavailableError
from madang.i18n import LANGUAGES, problem
from madang.services.leading import Leading
from madang.settings.config import ServiceSettings
from madang.store import Store

EXIT_LOST = 75
"""Exit status of a leader whose term is over: started again, it stands by."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


class Standby:
    """One wait.

    Parameters
    ----------
    listener
        The port of the service; it stays open.

    Attributes
    ----------
    is_told
        Whether the process was told to stop, which may come while a term is being taken.
    """

    def __init__(
        self, store: Store, leading: Leading, settings: ServiceSettings, listener: socket.socket
    ) -> None:
        self._store, self._leading = store, leading
        self._settings, self._listener = settings, listener
        self._known: Leader | MadangError = UnavailableError("nobody_leads")
        self._stopping = asyncio.Event()
        self.is_told = False

    async def run(self) -> bool:
        """Wait until this replica leads; False when the process was told to stop before."""
        http = HttpRelay(self._leader, self._where)
        raw = Relay(self._where_dashboards)
        servers = [await start(http, sock=self._listener.dup())]
        # Not the loop's own: at its end that would leave a signal which ends the process at once.
        self._loop = asyncio.get_running_loop()
        before = {number: signal.signal(number, self._told) for number in _SIGNALS}
        try:
            if port := self._settings.dashboard_port:
                servers += await self._hand_dashboards_on(raw, port)
            return await self._wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for server in servers:
                server.close()
            await http.close()
            await raw.close()

    async def _hand_dashboards_on(self, relay: Relay, port: int) -> list[asyncio.Server]:
        try:
            return [await start(relay, host=self._settings.dashboard_host, port=port)]
        except OSError as error:
            # Who leads says it for people; the rest of the service does without.
            log.warning("dashboards are not handed on: %s", error)
            return []

    def _told(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_told = True
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def _wait(self) -> bool:
        is_ready = False
        while not self._stopping.is_set():
            try:
                if not is_ready:
                    # As before an upgrade: the leader of the version before lives with it.
                    await asyncio.to_thread(self._store.migrate)
                    is_ready = True
                self._note(await asyncio.to_thread(self._leading.look))
                if await asyncio.to_thread(self._take):
                    return True
            except UnavailableError as error:
                self._note(error)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._stopping.wait()
            except TimeoutError:
                continue
        return False

    def _take(self) -> bool:
        leader = self._known
        if isinstance(leader, MadangError):
            return False
        may = leader.is_gone or leader.replica == self._leading.replica
        return may and self._leading.take(end_at_once)

    def _note(self, now: Leader | MadangError) -> None:
        """Remember who leads, and say so when that has changed."""
        before, self._known = self._known, now
        if isinstance(now, MadangError):
            if str(now) != str(before):
                _say(now)
        elif now.term and (isinstance(before, MadangError) or before.term != now.term):
            log.info("stands by: %s at %s leads, term %s", now.replica, now.address, now.term)

    def _leader(self) -> Leader:
        known = self._known
        if isinstance(known, MadangError):
            raise known
        # Its own address is that of a sibling which says the wrong one, or of nobody.
        if known.is_gone or known.address == self._settings.replica_address:
            raise UnavailableError("nobody_leads")
        return known

    def _where(self) -> tuple[str, int]:
        host, _, port = self._leader().address.rpartition(":")
        return host.strip("[]"), int(port)

    def _where_dashboards(self) -> tuple[str, int]:
        return self._where()[0], self._settings.dashboard_port


def _say(error: MadangError) -> None:
    """Log in both languages what keeps it waiting: a health probe shows an administrator no words.

    The database's own words come too, by which one that speaks another language is understood.
    """
    for lang in LANGUAGES:
        told = problem(error, lang)
        log.warning("stands by: %s %s [%s]", told["message"], told["hint"], error.code)
    cause = error.__cause__
    if cause is not None:
        log.warning("stands by: %s", str(getattr(cause, "orig", cause)))


def end_at_once() -> None:
    """End this process before it does anything more; nothing that it knows is worth keeping."""
    logging.shutdown()
    os._exit(EXIT_LOST)
