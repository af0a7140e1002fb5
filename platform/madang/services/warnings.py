"""Finds what people should be warned of: time that runs out, budgets that are nearly used up.

Looked for again and again in the rows as they are, so that a restart misses nothing.
"""

from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.domain.notice import NoticeKind
from madang.domain.project import MAY_MANAGE, Balance, Project
from madang.policy.budget import warning_level
from madang.policy.warnings import minutes_to_tell
from madang.services import telling
from madang.services.core import Core
from madang.store import Tx


class Warnings:
    """Remembers what it has told, so that a look without news writes nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told: set[tuple[object, ...]] = set()

    async def look(self) -> None:
        """Tell whatever is to be told and was not."""
        core, now = self._core, self._core.clock()
        ending, budgets = await core.store.read(lambda tx: self._find(tx, now))
        fresh: set[tuple[object, ...]] = {(x.id, x.expires_ms, minutes) for x, minutes in ending}
        fresh |= {(balance.project, balance.granted, level) for _, balance, level in budgets}
        if fresh <= self._told:
            self._told = fresh
            return

        def work(tx: Tx) -> None:
            for lease, minutes in ending:
                telling.ending(tx, lease, minutes, now)
            for project, balance, level in budgets:
                _tell_budget(tx, project, balance, level, now)

        await core.store.write(work)
        self._told = fresh

    def _find(
        self, tx: Tx, now: int
    ) -> tuple[list[tuple[Lease, int]], list[tuple[Project, Balance, int]]]:
        ending = []
        for lease in tx.leases.find(state=[LeaseState.ACTIVE]):
            minutes = minutes_to_tell(lease.limit_ms, lease.expires_ms, now)
            if minutes is not None and lease.kind is not LeaseKind.SLOT:
                ending.append((lease, minutes))
        budgets = []
        for project in tx.projects.all():
            balance = tx.budget.balance(project.id)
            # What is only set aside comes back in part; it is no reason to worry people.
            level = warning_level(balance.granted - balance.used, balance.granted)
            if project.is_open and balance.granted > 0 and level:
                budgets.append((project, balance, level))
        return ending, budgets


def _tell_budget(tx: Tx, project: Project, balance: Balance, level: int, now: int) -> None:
    """Tell those who manage a project, and those who use it at this moment."""
    managers = {m.person for m in tx.projects.members(project.id) if m.role in MAY_MANAGE}
    holders = {x.person for x in tx.leases.find(state=[LeaseState.ACTIVE], project=project.id)}
    data = {
        "project": project.name,
        "percent": level,
        "left": f"{max(0, balance.granted - balance.used) / 1_000_000:,.1f}",
    }
    for person in sorted(managers | holders):
        dedupe = f"budget:{project.id}:{balance.granted}:{level}"
        telling.tell(tx, person, NoticeKind.BUDGET, dedupe, data, now)
