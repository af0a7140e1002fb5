"""The audit trail: who did what to whom, and why they said so. Rows are only added."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from madang.store.tables import audit
from madang.units import new_id


class Audit:
    """The table of acts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        at_ms: int,
        person: str,
        act: str,
        target: str,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep an act; ``target`` is the id of what it was done to."""
        row = {
            "id": new_id("act", at_ms),
            "at_ms": at_ms,
            "person": person,
            "act": act,
            "target": target,
            "reason": reason,
            "details": dict(details or {}),
        }
        self._connection.execute(insert(audit).values(row))

    def find(
        self, target: str | None = None, limit: int | None = 100, act: str | None = None
    ) -> list[dict[str, Any]]:
        """Return acts, the newest first."""
        query = select(audit).order_by(audit.c.at_ms.desc(), audit.c.id.desc()).limit(limit)
        if target is not None:
            query = query.where(audit.c.target == target)
        if act is not None:
            query = query.where(audit.c.act == act)
        return [dict(row._mapping) for row in self._connection.execute(query)]

    def names(self) -> list[str]:
        """Return the kinds of acts that there are, in order."""
        query = select(audit.c.act).distinct().order_by(audit.c.act)
        return list(self._connection.execute(query).scalars())
