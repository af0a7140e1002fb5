"""Use-cases of stored outputs: deleted when somebody asks, or when they are older than the rule.

Rows stay and say when and why; the bytes go minutes later, when no other row needs them.
"""

from collections.abc import Collection
from typing import Any

from madang.domain.sweep import Sweep
from madang.errors import ConflictError
from madang.services import access, acts, sweep_views, views
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

DAY_MS = 86_400_000
_BATCH = 500
"""Rows that are changed in one transaction; others write in between."""


class Outputs:
    """Deletes outputs and logs of runs."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def delete(self, actor: Actor, run_id: str, *, why: str = "") -> dict[str, Any]:
        """Delete output and log of an ended run; the row stays. Repeating is harmless.

        Raises
        ------
        ConflictError
            ``output_not_final`` while the run has not ended.
        InvalidError
            ``reason_missing`` for an administrator who does not say why.
        """
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> None:
            run = access.visible_run(tx, actor, run_id)
            if not run.is_final:
                raise ConflictError("output_not_final", given=run.name, state=str(run.state))
            found = tx.outputs.of_run(run.id)
            if found:
                whose = {"owner": run.person, "project": run.project, "target": run.id}
                acts.note_end(core, tx, actor, **whose, act="run.delete_output", why=why)
                tx.outputs.give_up(found, core.clock(), 0)

        await core.store.write(work)
        core.changed("runs")
        standings = await core.standings()
        return await core.store.read(
            lambda tx: views.run_view(
                core, tx, actor, access.visible_run(tx, actor, run_id), standings
            )
        )

    async def delete_of_sweep(
        self, actor: Actor, sweep_id: str, *, why: str = ""
    ) -> dict[str, Any]:
        """Delete outputs and logs of all runs of an ended sweep; rows and parameters stay.

        Raises
        ------
        ConflictError
            ``output_not_final`` while the sweep has not ended.
        """
        access.require_person(actor)
        core = self._core

        def begin(tx: Tx) -> Sweep:
            sweep = access.visible_sweep(tx, actor, sweep_id)
            if sweep.ended_ms is None:
                raise ConflictError("output_not_final", given=sweep.name, state="running")
            if tx.outputs.of_sweep(sweep.id, 1):
                whose = {"owner": sweep.person, "project": sweep.project, "target": sweep.id}
                acts.note_end(core, tx, actor, **whose, act="sweep.delete_output", why=why)
            return sweep

        def some(tx: Tx) -> int:
            found = tx.outputs.of_sweep(sweep_id, _BATCH)
            tx.outputs.give_up(found, core.clock(), 0)
            return len(found)

        sweep = await core.store.write(begin)
        while await core.store.write(some):
            pass
        core.changed("runs")
        standings = await core.standings()
        return await core.store.read(
            lambda tx: sweep_views.sweep_view(core, tx, actor, sweep, standings)
        )

    async def plan(self, actor: Actor) -> dict[str, Any]:
        """Return what the rule would delete now: how many runs, and how many bytes.

        Raises
        ------
        RefusedError
            ``admin_only``.
        """
        access.require_admin(actor)
        core = self._core
        before_ms = self._before_ms()
        found = await core.store.read(lambda tx: tx.outputs.ended_before(before_ms, None))
        names = sorted({name for one in found for name in (one.output, one.log) if name})
        objects = size_bytes = 0
        for start in range(0, len(names), _BATCH):
            sizes = await self._sizes(names[start : start + _BATCH], before_ms)
            objects += len(sizes)
            size_bytes += sum(sizes)
        return self._told(len(found), objects, size_bytes)

    async def _sizes(self, names: Collection[str], before_ms: int) -> list[int]:
        """Return the sizes of what only old runs need."""
        core = self._core
        needed = await core.store.read(lambda tx: tx.outputs.needed(names, before_ms))
        return list((await core.artifacts.sizes(set(names) - needed)).values())

    async def enforce(self, actor: Actor) -> dict[str, Any]:
        """Delete now what the rule would delete within the hour; tells what that is.

        Raises
        ------
        RefusedError
            ``admin_only``.
        """
        told = await self.plan(actor)
        if told["runs"]:
            core = self._core
            details = {key: told[key] for key in ("keep_days", "runs", "bytes")}

            def note(tx: Tx) -> None:
                person = tx.people.ensure(actor.person.hub_name, core.clock())
                tx.audit.add(core.clock(), person.id, "artifacts.expire", "artifacts", "", details)

            await core.store.write(note)
        await self.expire()
        return told

    async def expire(self) -> None:
        """Delete outputs of runs that ended longer ago than they are kept."""
        core = self._core
        before_ms, days = self._before_ms(), core.policy.artifacts.keep_days

        def some(tx: Tx) -> int:
            found = tx.outputs.ended_before(before_ms, _BATCH)
            tx.outputs.give_up(found, core.clock(), days)
            return len(found)

        while days and await core.store.write(some):
            core.changed("runs")

    async def has_given_up(self) -> bool:
        """Tell whether there is anything to release."""
        return bool(await self._core.store.read(lambda tx: tx.outputs.doomed(limit=1)))

    async def release(self) -> None:
        """Delete bytes that rows have given up and no other row needs."""
        core = self._core

        async def some(after: str) -> list[str]:
            return await core.store.read(lambda tx: tx.outputs.doomed(after))

        async def needed(names: Collection[str]) -> set[str]:
            return await core.store.read(lambda tx: tx.outputs.needed(names))

        async def forget(names: Collection[str]) -> None:
            if names:
                await core.store.write(lambda tx: tx.outputs.forget(names))

        after = ""
        while names := await some(after):
            await forget(await core.artifacts.release(names, needed))
            after = names[-1]

    def _before_ms(self) -> int:
        days = self._core.policy.artifacts.keep_days
        return self._core.clock() - days * DAY_MS if days else 0

    def _told(self, runs: int, objects: int, size_bytes: int) -> dict[str, Any]:
        return {
            "keep_days": self._core.policy.artifacts.keep_days,
            "before_ms": self._before_ms(),
            "runs": runs,
            "objects": objects,
            "bytes": size_bytes,
        }
