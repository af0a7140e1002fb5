"""What people may see of sweeps: one, the list, and a page of a table."""

from typing import Any

from madang.domain.run import RunState
from madang.domain.sweep_orders import PARTS, SORTS, is_sort
from madang.errors import InvalidError
from madang.services import access, views
from madang.services.core import Core
from madang.services.requests import Actor
from madang.services.sweep_views import row_view, sweep_view
from madang.store import Tx

HISTORY = 100
PACE_S = 0.5
"""Between two looks of who waits for a sweep: its runs begin and end many times a second, and each
look counts them all, which was a third of what the service used of a sweep of short runs."""


class SweepLooks:
    """Looking at sweeps."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def get(self, actor: Actor, sweep_id: str) -> dict[str, Any]:
        """Return one sweep."""
        access.require_person(actor)
        standings = await self._core.standings()

        def work(tx: Tx) -> dict[str, Any]:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            return sweep_view(self._core, tx, actor, sweep, standings)

        return await self._core.store.read(work)

    async def wait(
        self, actor: Actor, sweep_id: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return the sweep as soon as it differs from what was ``seen``, or when time is over."""
        return await self._core.until_changed(
            lambda: self.get(actor, sweep_id),
            {"runs"},
            seen=seen,
            timeout_s=timeout_s,
            pace_s=PACE_S,
        )

    async def list(self, actor: Actor, *, project: str | None = None) -> list[dict[str, Any]]:
        """Return sweeps that the actor may see, newest first."""
        access.require_person(actor)
        standings = await self._core.standings()

        def work(tx: Tx) -> list[dict[str, Any]]:
            wanted: dict[str, Any] = {"limit": HISTORY}
            if project:
                wanted["project"] = access.visible_project(tx, actor, project).id
            rows = access.seen_by(tx, actor, tx.sweeps.find, mine=False, **wanted)
            names = views.Names(tx, actor)
            return [sweep_view(self._core, tx, actor, row, standings, names) for row in rows]

        return await self._core.store.read(work)

    async def rows(
        self,
        actor: Actor,
        sweep_id: str,
        *,
        state: str | None = None,
        sort: str = "position",
        is_descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> dict[str, Any]:
        """Return a page of the sweep's table.

        Parameters
        ----------
        sort
            A column of ours, ``parameter:<name>`` or ``recorded:<name>``: numbers by size before
            texts, and runs without one last.

        Raises
        ------
        InvalidError
            ``state_unknown`` or ``sort_unknown``.
        """
        access.require_person(actor)
        if state is not None and state not in set(RunState):
            raise InvalidError("state_unknown", given=state[:40], known=[str(s) for s in RunState])
        if not is_sort(sort):
            known = [*SORTS, *(f"{part}:…" for part in PARTS)]
            raise InvalidError("sort_unknown", given=ascii(sort)[1:41], known=known)
        core = self._core

        def work(tx: Tx) -> dict[str, Any]:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            total, found = tx.sweeps.page(
                sweep.id,
                state=state,
                sort=sort,
                is_descending=is_descending,
                offset=offset,
                limit=limit,
            )
            names = views.Names(tx, actor)
            rows = [row_view(core, actor, sweep, run, names) for run in found]
            given, recorded = tx.sweep_values.names(sweep.id)
            recorded = list(dict.fromkeys([*recorded, *(n for run in found for n in run.recorded)]))
            named = {"parameter_names": given, "recorded_names": recorded}
            return {"total": total, "offset": offset, **named, "rows": rows}

        return await core.store.read(work)
