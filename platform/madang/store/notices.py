"""Notices that wait to be delivered or were, and how each person wants to be told."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from madang.domain.notice import Channel, Notice, NoticeSettings, NoticeState
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import notice_settings, notices

_COLUMNS = columns_of(notices, Notice)
_SETTINGS = columns_of(notice_settings, NoticeSettings)


class Notices:
    """The outbox: put a notice in the transaction of what it tells; deliver and mark it later."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def settings(self, person: str) -> NoticeSettings | None:
        """Return how a person wants to be told; None when they never said."""
        query = select(*_SETTINGS).where(notice_settings.c.person == person)
        found = self._connection.execute(query).first()
        return None if found is None else read_as(NoticeSettings, found)

    def save_settings(self, settings: NoticeSettings) -> None:
        """Keep how a person wants to be told."""
        values = values_of(settings)
        mine = notice_settings.c.person == settings.person
        if self._connection.execute(update(notice_settings).where(mine).values(values)).rowcount:
            return
        self._connection.execute(insert(notice_settings).values(values))

    def has(self, person: str, channel: Channel, dedupe: str) -> bool:
        """Tell whether a person has been told, or is going to be."""
        query = select(notices.c.id).where(
            notices.c.person == person, notices.c.channel == channel, notices.c.dedupe == dedupe
        )
        return self._connection.execute(query).first() is not None

    def put(self, notice: Notice) -> bool:
        """Put a notice into the outbox; False, and no change, when it was put there before."""
        if self.has(notice.person, notice.channel, notice.dedupe):
            return False
        self._connection.execute(insert(notices).values(values_of(notice)))
        return True

    def get(self, notice: str) -> Notice | None:
        """Return a notice by id."""
        found = self._connection.execute(select(*_COLUMNS).where(notices.c.id == notice)).first()
        return None if found is None else read_as(Notice, found)

    def due(
        self, channel: Channel, now_ms: int, limit: int, but: Collection[str] = ()
    ) -> list[Notice]:
        """Return notices of a channel to try now, the longest due first."""
        query = (
            select(*_COLUMNS)
            .where(
                notices.c.state == NoticeState.WAITING,
                notices.c.channel == channel,
                notices.c.due_ms <= now_ms,
                notices.c.id.not_in(but),
            )
            .order_by(notices.c.due_ms, notices.c.id)
            .limit(limit)
        )
        return [read_as(Notice, row) for row in self._connection.execute(query)]

    def mark(self, notice: str, **changes: Any) -> None:
        """Change a notice that waits; what has been sent or given up stays as it is."""
        waiting = (notices.c.id == notice, notices.c.state == NoticeState.WAITING)
        self._connection.execute(update(notices).where(*waiting).values(**changes))

    def recent(self, person: str, limit: int) -> list[Notice]:
        """Return what a person was told on the page, the latest first."""
        query = (
            select(*_COLUMNS)
            .where(notices.c.person == person, notices.c.channel == Channel.PAGE)
            .order_by(notices.c.at_ms.desc(), notices.c.id.desc())
            .limit(limit)
        )
        return [read_as(Notice, row) for row in self._connection.execute(query)]

    def latest(self, person: str, channel: Channel) -> Notice | None:
        """Return the latest notice of a channel, to tell whether it arrived."""
        query = (
            select(*_COLUMNS)
            .where(notices.c.person == person, notices.c.channel == channel)
            .order_by(notices.c.at_ms.desc(), notices.c.id.desc())
            .limit(1)
        )
        found = self._connection.execute(query).first()
        return None if found is None else read_as(Notice, found)

    def forget(self, before_ms: int) -> int:
        """Drop what is older and on its way no more, and return how many."""
        old = (notices.c.at_ms < before_ms, notices.c.state != NoticeState.WAITING)
        return self._connection.execute(delete(notices).where(*old)).rowcount
