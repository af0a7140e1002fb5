"""Use-cases of the worker inside a slot: take the next run, report, hand in the output."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from madang.domain.environment import EnvironmentRef
from madang.domain.lease import EndReason, Lease, LeaseKind, LeaseState, Target
from madang.domain.recorded import fit_recorded
from madang.domain.run import FINAL_RUN_STATES, Run, RunState
from madang.errors import ConflictError, RefusedError
from madang.services import access, environment_use, reuse, secrets, telling, tokens, views
from madang.services.clusters import end_orphans
from madang.services.core import Core, RunProgress
from madang.services.leases import begin_end
from madang.services.requests import Actor
from madang.services.run_ends import (
    CANCELLING,
    RUNNER_DIED,
    SLOT_STOPPED,
    end_with_process,
    end_with_slot,
)
from madang.services.slot_opening import fail_waiting, slot_group
from madang.services.sweep_slots import next_run
from madang.services.taking_back import Asking, or_taken_back
from madang.store import Tx
from madang.units import is_due

IDLE_MS = 10_000
"""A slot without a run for this long gives its devices back."""

BESIDE_S = 1.0
"""A slot that works and could take more looks for it this often at most."""

LOG_CHARS = 64 * 1024


class Slots:
    """What slot workers and runs may do with their attempt tokens."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def next(self, actor: Actor, timeout_s: float, *, lane: int = 0) -> dict[str, Any] | None:
        """Return the next run with all that it needs; None when there is none yet.

        Parameters
        ----------
        lane
            Which of the runs that the slot works on at the same time this one will be.

        Raises
        ------
        ConflictError
            ``slot_over`` when the slot must end.
        """
        core = self._core
        if not actor.token_lease or actor.token_run:
            raise RefusedError("slot_token_only")
        until_ms = core.clock() + int(timeout_s * 1000)
        told: bool | None = None
        asking = Asking()
        with core.bus.listen() as listener:
            while True:
                taken, is_busy = await core.store.write(
                    lambda tx: self._take(tx, actor, lane, asking)
                )
                if taken is not None:
                    core.live.slot_faults.pop(slot_group(taken[0]), None)
                    core.live.idle_since_ms.pop(actor.token_lease, None)
                    # Nothing for the loop to do: the slot holds its devices as before.
                    core.bus.publish("runs", "queue")
                    async with or_taken_back(core, taken[0], asking):
                        return await self._handed_over(actor, *taken)
                if told is not is_busy:  # it may have had the last run of its sweep
                    core.wake.set()
                    told = is_busy
                await self._end_if_idle(actor.token_lease)
                left_s = (until_ms - core.clock()) / 1000
                if left_s <= 0:
                    return None
                await listener.heard({"runs", "leases"}, min(left_s, IDLE_MS / 1000))
                if is_busy:  # its other lanes report cell by cell, which is no news for this one
                    await asyncio.sleep(min(left_s, BESIDE_S))

    def _take(
        self, tx: Tx, actor: Actor, lane: int, asking: Asking
    ) -> tuple[tuple[Run, str] | None, bool]:
        """Give a lane its run; the one it has already, when the answer before was lost.

        Returns too whether the slot works on other runs meanwhile. While the storage is away
        nothing begins that would have to wait for its notebook.

        Parameters
        ----------
        asking
            Who asks: only the last one who was given a run may give it back.
        """
        core = self._core
        lease = tx.leases.get(actor.token_lease)
        if lease is None or not lease.holds_devices or lease.target is not Target.RUN:
            raise _slot_over(lease)
        if lease.kind is not LeaseKind.SLOT:
            # A cluster's processes have a token too; they take no runs.
            raise RefusedError("slot_token_only")
        beside = tx.runs.active_of_lease(lease.id)
        run = next((run for run in beside if run.lane == lane), None)
        asking.is_first = run is None
        if run is None and core.artifacts.away_since_ms is not None:
            return None, bool(beside)
        if run is None:
            expires = lease.expires_ms
            left_ms = lease.limit_ms if expires is None else expires - core.clock()
            queued = next_run(tx, lease, left_ms, beside)
            if queued is None:
                return None, bool(beside)
            sweep = tx.sweeps.get(queued.sweep) if queued.sweep else None
            inside = environment_use.chosen(tx, queued.environment) if queued.environment else None
            if queued.environment and inside is None:
                # Deleted, or gone with another machine: it must not execute with anything else.
                fail_waiting(core, tx, queued, "environment_gone")
                return None, bool(beside)
            given = secrets.opened(core, tx, queued)
            if given is None:
                fail_waiting(core, tx, queued, "secret_gone")
                return None, bool(beside)
            run = tx.runs.change(
                queued.id,
                RunState.QUEUED,
                state=RunState.RUNNING,
                lease=lease.id,
                attempt=queued.attempt + 1,
                started_ms=core.clock(),
                environment_revision=inside.n if inside is not None else 0,
                lane=lane,
                lanes=sweep.runs_per_device if sweep is not None else 1,
                **_printed(tx, queued, given),
            )
        core.live.handing[run.id] = asking
        return (run, tokens.mint(tx, lease, core.clock(), run=run.id)), bool(beside)

    async def _handed_over(self, actor: Actor, run: Run, token: str) -> dict[str, Any]:
        core = self._core
        # How far an attempt came that was lost says nothing of this one.
        before = core.live.progress.get(run.id, RunProgress())
        core.live.progress[run.id] = RunProgress(log=before.log)
        notebook = await core.artifacts.get(run.notebook_sha256)
        kept = await core.store.read(lambda tx: files_of(tx, run))
        files = {name: await core.artifacts.get(sha) for name, sha in kept.items()}
        view = await core.store.read(lambda tx: views.run_view(core, tx, actor, run, {}))
        return {
            "run": view,
            "notebook": notebook,
            "files": files,
            "token": token,
            "limit_ms": run.limit_ms,
            "lanes": run.lanes,
            "continues": run.continues,
            "checkpoint_after_ms": run.checkpoint_after_ms,
            "python": await self._python(run),
            "environment_report": await core.store.read(lambda tx: _report_of(tx, run)),
            "build_folder": await self._build_folder(run, view["person"]),
            "secrets": await core.store.read(lambda tx: secrets.opened(core, tx, run)) or {},
        }

    async def _python(self, run: Run) -> str:
        """Return the interpreter of the run's kernel; empty for the installation's own."""
        environments = self._core.engine.environments
        if not run.environment:
            return ""
        ref = await self._core.store.read(
            lambda tx: environment_use.ref_of(tx, run.environment, run.environment_revision)
        )
        return await environments.python(ref) if ref is not None else ""

    async def _build_folder(self, run: Run, person_name: str) -> str:
        """Return an empty folder for a run that builds an environment; empty for any other.

        Whoever asks twice has started nothing in between: nothing is built beside other runs.
        """

        def ref(tx: Tx) -> EnvironmentRef | None:
            revision = tx.environments.built_by(run.id)
            if revision is None:
                return None
            return environment_use.ref_of(tx, revision.environment, revision.n)

        found = await self._core.store.read(ref)
        if found is None:
            return ""
        return await self._core.engine.environments.prepare(found, person_name)

    async def _end_if_idle(self, lease_id: str) -> None:
        core = self._core
        now = core.clock()
        since = core.live.idle_since_ms.setdefault(lease_id, now)
        if not is_due(since, IDLE_MS, now):
            return

        def work(tx: Tx) -> Lease | None:
            lease = tx.leases.get(lease_id)
            if lease is None or lease.state is LeaseState.QUEUED:
                return None
            if tx.runs.active_of_lease(lease.id):
                return None
            return begin_end(tx, lease, EndReason.COMPLETED, now)

        lease = await core.store.write(work)
        if lease is not None:
            core.changed("leases", "queue")
            raise _slot_over(lease)

    async def progress(self, actor: Actor, run_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take progress and log of a running run; tells whether it should stop."""
        core = self._core
        run = await core.store.read(lambda tx: _own(tx, actor, run_id))
        if run.is_final:
            return {"stop": True}
        live = core.live.progress.setdefault(run.id, RunProgress())
        before = (live.cells_done, live.cells_total)
        _note(live, body)
        if before != (live.cells_done, live.cells_total):
            core.bus.publish("runs")
        return {"stop": run.reason == CANCELLING}

    async def put_output(self, actor: Actor, run_id: str, data: bytes) -> dict[str, Any]:
        """Keep the executed notebook of a run, whole or partial; a later one replaces it."""
        core = self._core
        run = await core.store.read(lambda tx: _own(tx, actor, run_id))
        if run.state is not RunState.RUNNING:
            raise ConflictError("run_moved_on", run=run.id, state=str(run.state))
        sha256 = await core.artifacts.put(data)

        await core.store.write(
            lambda tx: _keep_output(tx, _own(tx, actor, run_id), sha256, core.clock())
        )
        core.bus.publish("runs")
        return {"sha256": sha256}

    async def finish(self, actor: Actor, run_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take the end of a run; saying it twice is harmless, another end is refused."""
        core = self._core
        run = await self.take_end(actor, run_id, body)
        return await core.store.read(lambda tx: views.run_view(core, tx, actor, run, {}))

    async def take_end(self, actor: Actor, run_id: str, body: Mapping[str, Any]) -> Run:
        """Do what :meth:`finish` does, for who needs no view of the run."""
        core = self._core
        state = RunState(body["state"])
        if state not in FINAL_RUN_STATES:
            raise ConflictError("run_not_final", state=str(state))
        await core.store.read(lambda tx: _own(tx, actor, run_id))
        # A copy: who tells the end twice, as an answer was lost, has added its log once.
        live = replace(core.live.progress.get(run_id, RunProgress()))
        _note(live, body.get("progress") or {})
        recorded = fit_recorded(body.get("recorded")).values
        log = await core.artifacts.put(live.log.encode()) if live.log else ""
        given = str(body.get("output") or "").encode()
        output = await core.artifacts.put(given) if given else ""

        def work(tx: Tx) -> Run:
            run = _own(tx, actor, run_id)
            if run.is_final:
                return run
            if output:
                run = _keep_output(tx, run, output, core.clock())
            if log:
                tx.meta.set(f"log/{run.id}", log)
            tx.tokens.drop(run=run.id)
            slot = tx.leases.get(run.lease)
            seen = live.counts() | {"recorded": recorded}
            if body.get("reason") == SLOT_STOPPED and slot is not None:
                return end_with_slot(tx, run, slot, core.clock(), **seen)
            if body.get("reason") == RUNNER_DIED:
                died = seen | {"error": body.get("error")}
                return end_with_process(tx, run, core.clock(), **died)
            ended = tx.runs.change(
                run.id,
                RunState.RUNNING,
                state=state,
                reason=str(body.get("reason") or ""),
                error=body.get("error"),
                ended_ms=core.clock(),
                **seen,
                **(body.get("kernel") or {}),
            )
            telling.run_ended(tx, ended, core.clock())
            return ended

        run = await core.store.write(work)
        core.live.progress.pop(run.id, None)
        core.live.idle_since_ms[run.lease] = core.clock()
        await end_orphans(core)
        core.bus.publish("runs", "queue", "usage", "environments")
        if (
            not run.sweep
        ):  # the slot asks for the next one of a sweep, and finds out when it is over
            core.wake.set()
        return run


def _keep_output(tx: Tx, run: Run, sha256: str, now_ms: int) -> Run:
    """Let a run have this output; the one before goes in time."""
    changed = tx.runs.change(run.id, RunState.RUNNING, output_sha256=sha256)
    if run.output_sha256 != sha256:
        tx.outputs.doom([run.output_sha256], now_ms)
    return changed


def _note(live: RunProgress, told: Mapping[str, Any]) -> None:
    """Take over what a run tells of where it is; what it leaves out stays."""
    live.cells_done = int(told.get("cells_done") or live.cells_done)
    live.cells_total = int(told.get("cells_total") or live.cells_total)
    live.resumed_after = int(told.get("resumed_after") or live.resumed_after)
    live.kept_cell = int(told.get("kept_cell") or live.kept_cell)
    live.log = (live.log + str(told.get("log") or ""))[-LOG_CHARS:]


def files_of(tx: Tx, run: Run) -> Mapping[str, str]:
    """Return the files of a run's snapshot; those of a sweep are kept with the sweep alone."""
    sweep = tx.sweeps.get(run.sweep) if run.sweep else None
    return run.files if sweep is None else sweep.files


def _printed(tx: Tx, run: Run, given: secrets.Values) -> dict[str, str]:
    """Return the fingerprint with the versions that a run gets: later ones than at its submit."""
    if not given:
        return {}
    known = {name: one["version"] for name, one in given.items()}
    snapshot = (run.notebook_sha256, files_of(tx, run), [run.parameters], known)
    return {"fingerprint": reuse.fingerprints(*snapshot)[0]}


def _report_of(tx: Tx, run: Run) -> str:
    """Return the hash of the report of what the run executes with; empty for the installation."""
    used = tx.environments.revision(run.environment, run.environment_revision)
    return used.report_sha256 if used is not None else ""


def _own(tx: Tx, actor: Actor, run_id: str) -> Run:
    """Return the run if the actor's attempt token covers it."""
    if not (actor.token_lease or actor.token_run):
        raise RefusedError("slot_token_only")
    return access.visible_run(tx, actor, run_id)


def _slot_over(lease: Lease | None) -> ConflictError:
    """Return the error that tells a slot worker to end."""
    return ConflictError("slot_over", state=str(lease.state) if lease else "ended")
