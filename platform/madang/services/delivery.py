"""Takes notices out of the outbox to people: at least once, with retries, never in anybody's way.

A notice is marked after it was handed over. A kill in between hands it over again with the same id;
a kill before loses nothing. Each channel has its own few places, so that a mail server that hangs
holds up mail and nothing else.
"""

import asyncio
import contextlib
import logging
from functools import partial

from madang.domain.notice import Channel, Notice, NoticeSettings, NoticeState
from madang.domain.project import Person
from madang.errors import MadangError, RefusedError, UnavailableError
from madang.notices.ports import Message, refused, undelivered, why_of
from madang.notices.words import path, words
from madang.policy.warnings import retry_ms
from madang.services.core import Core
from madang.services.warnings import Warnings
from madang.store import Tx
from madang.units import MS_PER_HOUR, is_due

log = logging.getLogger(__name__)

PLACES = {Channel.PAGE: 8, Channel.MAIL: 3, Channel.WEBHOOK: 6}
"""Notices of a channel that are on their way at the same time."""

TICK_S = 1.0
QUIET_S = 0.2
WARN_MS = 15_000
FORGET_MS = 24 * MS_PER_HOUR
KEEP_MS = 30 * 24 * MS_PER_HOUR


class Delivery:
    """Runs the loop; :meth:`look` is one turn of it, as tests drive it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._warnings = Warnings(core)
        self._task: asyncio.Task[None] | None = None
        self._going: dict[str, tuple[Channel, asyncio.Task[None]]] = {}
        self._warned_ms = 0
        self._forgot_ms = 0

    async def start(self) -> None:
        """Begin to deliver."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once; what was on its way is tried again after the next start."""
        tasks = [task for _, task in self._going.values()]
        for task in [*tasks, *([self._task] if self._task else [])]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def settled(self) -> None:
        """Wait until nothing is on its way; for tests."""
        await asyncio.gather(*(task for _, task in self._going.values()), return_exceptions=True)

    async def _run(self) -> None:
        with self._core.bus.listen() as listener:
            while True:
                try:
                    if self._core.may_act:
                        await self.look()
                except Exception:
                    # A loop edge: a fault (database away) must not end the telling.
                    log.exception("notices: this look failed, the next one follows")
                await asyncio.sleep(QUIET_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await listener.next()

    async def look(self) -> None:
        """Warn where it is time, and send what is due on the channels that have a place free."""
        core, now = self._core, self._core.clock()
        if is_due(self._warned_ms, WARN_MS, now):
            self._warned_ms = now
            await self._warnings.look()
        if is_due(self._forgot_ms, FORGET_MS, now):
            self._forgot_ms = now
            await core.store.write(lambda tx: tx.notices.forget(now - KEEP_MS))

        def work(tx: Tx) -> list[Notice]:
            found: list[Notice] = []
            for channel, places in PLACES.items():
                free = places - sum(going is channel for going, _ in self._going.values())
                if free > 0:
                    found += tx.notices.due(channel, now, free, list(self._going))
            return found

        for notice in await core.store.read(work):
            task = asyncio.create_task(self._deliver(notice))
            self._going[notice.id] = (notice.channel, task)
            task.add_done_callback(partial(self._gone, notice.id))

    def _gone(self, notice_id: str, _task: asyncio.Task[None]) -> None:
        self._going.pop(notice_id, None)

    async def _deliver(self, notice: Notice) -> None:
        try:
            changes = await self._try(notice)
            await self._core.store.write(lambda tx: tx.notices.mark(notice.id, **changes))
        except MadangError as error:
            # The database is away: it is handed over again, which its id tells the other side.
            log.warning("notices: %s could not be marked: %s", notice.id, error.code)
        except Exception:
            # A loop edge: one notice that cannot be told must not keep the others back.
            log.exception("notices: %s could not be told", notice.id)
            later = self._core.clock() + retry_ms(notice.tries + 1)
            put_off = {"tries": notice.tries + 1, "due_ms": later, "problem": "defect"}
            with contextlib.suppress(MadangError):
                await self._core.store.write(lambda tx: tx.notices.mark(notice.id, **put_off))

    async def _try(self, notice: Notice) -> dict[str, object]:
        """Hand a notice over once, and return what changes in its row."""
        now, tries = self._core.clock(), notice.tries + 1
        if now >= notice.until_ms:
            problem = notice.problem or "late"
            return {"state": NoticeState.GIVEN_UP, "problem": problem}
        try:
            await self._send(notice)
        except RefusedError as error:
            problem = why_of(error)
            return {"state": NoticeState.GIVEN_UP, "tries": tries, "problem": problem}
        except UnavailableError as error:
            later = self._core.clock() + retry_ms(tries)
            return {"tries": tries, "due_ms": later, "problem": why_of(error)}
        sent_ms = self._core.clock()
        return {"state": NoticeState.SENT, "tries": tries, "sent_ms": sent_ms, "problem": ""}

    async def _send(self, notice: Notice) -> None:
        notifier = self._core.notifiers.get(notice.channel)
        if notifier is None:
            raise refused("no_server")

        def known(tx: Tx) -> tuple[Person | None, NoticeSettings | None]:
            return tx.people.get(notice.person), tx.notices.settings(notice.person)

        person, settings = await self._core.store.read(known)
        if person is None:
            raise refused("person")
        message = self._message(notice, settings or NoticeSettings(person=person.id))
        try:
            async with asyncio.timeout(notifier.timeout_s):
                await notifier.send(message)
        except TimeoutError as error:
            raise undelivered("slow") from error

    def _message(self, notice: Notice, settings: NoticeSettings) -> Message:
        core = self._core
        subject, body = words(notice, settings.lang, core.policy.zone)
        to, secret = "", ""
        if notice.channel is Channel.MAIL:
            to = settings.mail
        elif notice.channel is Channel.WEBHOOK:
            to = settings.webhook_url
            secret = core.seal.open(settings.webhook_secret_sealed) or ""
        if notice.channel is not Channel.PAGE and not to:
            raise refused("address")
        return Message(
            id=notice.id,
            kind=str(notice.kind),
            at_ms=notice.at_ms,
            subject=subject,
            body=body,
            link=f"{core.public_url}services/madang/{'/'.join(path(notice))}",
            to=to,
            secret=secret,
            data=notice.data,
        )
