"""Use-cases that look at all values of sweeps together: points of a picture, two side by side."""

from typing import Any

from madang.domain.sweep_orders import PARTS, is_value
from madang.errors import InvalidError
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.services.sweep_pairs import compared
from madang.services.sweep_views import sweep_view
from madang.services.views import Names
from madang.store import Tx
from madang.store.sweep_values import Point

DURATION = "duration"
MAX_COMPARED = 6
"""Recorded values that are put side by side."""


class SweepFigures:
    """What people may see of a sweep's values."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def points(self, actor: Actor, sweep_id: str, *, x: str, y: str) -> list[Point]:
        """Return two values of each run that has both.

        Parameters
        ----------
        x
            ``parameter:<name>`` or ``recorded:<name>``.
        y
            The same, or ``duration`` in ms; only numbers count.

        Raises
        ------
        InvalidError
            ``sort_unknown`` for anything else.
        """
        access.require_person(actor)
        unfit = [x] * (not is_value(x)) + [y] * (y != DURATION and not is_value(y))
        if unfit:
            known = [f"{part}:…" for part in PARTS]
            raise InvalidError("sort_unknown", given=ascii(unfit[0])[1:41], known=known)

        def work(tx: Tx) -> Any:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            return tx.sweep_values.points(sweep.id, x, y)

        found: list[Point] = await self._core.store.read(work)
        return found

    async def compare(
        self, actor: Actor, first: str, second: str, *, offset: int = 0, limit: int = 50
    ) -> dict[str, Any]:
        """Return two sweeps, what they took and recorded, and their runs of equal parameters.

        Works for sweeps that recorded nothing: time is always compared. Pages, API and command
        line tell the same of it.
        """
        access.require_person(actor)
        core = self._core
        standings = await core.standings()

        def work(tx: Tx) -> dict[str, Any]:
            both = [access.visible_sweep(tx, actor, one) for one in (first, second)]
            known = [tx.sweep_values.names(sweep.id)[1] for sweep in both]
            names = list(dict.fromkeys([*known[0], *known[1]]))[:MAX_COMPARED]
            left, right = (tx.sweep_values.measured(sweep.id, names) for sweep in both)
            people = Names(tx, actor)
            views = [sweep_view(core, tx, actor, sweep, standings, people) for sweep in both]
            return {"sweeps": views, **compared(left, right, names, offset, limit)}

        return await self._core.store.read(work)
