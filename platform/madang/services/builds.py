"""Follows builds of environments: what became of each run, and what may be deleted.

Called by the reconcile loop. Level-triggered like everything there: rows, runs and folders are
compared, so that a build that was killed, told twice or lost is seen again on the next look.
"""

import logging

from madang.domain.environment import (
    OPEN_BUILDS,
    BuildState,
    Built,
    Environment,
    EnvironmentRef,
    Revision,
    kernel_name,
    newest_ready,
)
from madang.domain.run import Run, RunState
from madang.engines.ports import Kernel
from madang.services import environment_use
from madang.services.core import Core
from madang.store import Tx

log = logging.getLogger(__name__)


def ref_of(environment: Environment, revision: Revision) -> EnvironmentRef:
    """Return the name of a revision's folder."""
    return EnvironmentRef(
        project=environment.project, environment=environment.id, revision=revision.n
    )


class Builds:
    """Moves builds on and keeps folders in step with rows."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._published: dict[str, tuple[Kernel, ...]] = {}

    async def look(self) -> None:
        """Move every open build on, and show notebook servers what is ready."""
        core = self._core

        def opened(tx: Tx) -> list[tuple[Environment, Revision, Run | None]]:
            found = []
            for revision in tx.environments.revisions(state=OPEN_BUILDS):
                environment = tx.environments.get(revision.environment)
                if environment is not None:
                    found.append((environment, revision, tx.runs.get(revision.run)))
            return found

        for environment, revision, run in await core.store.read(opened):
            await self._step(environment, revision, run)
        await self._publish()

    async def _step(self, environment: Environment, revision: Revision, run: Run | None) -> None:
        if run is not None and not run.is_final:
            runs = run.state is RunState.RUNNING
            await self._move(revision, BuildState.BUILDING if runs else BuildState.QUEUED)
            return
        ref, built = ref_of(environment, revision), None
        if run is not None and run.state is RunState.SUCCEEDED:
            built = await self._core.engine.environments.inspect(ref)
        # The folder of another build, or one that only looks finished, is none.
        if built is not None and run is not None and built.run == run.id:
            await self._ready(environment, revision, built)
            return
        await self._core.engine.environments.remove(ref)
        await self._move(revision, BuildState.FAILED, reason=_why(run))

    async def _move(self, revision: Revision, state: BuildState, reason: str = "") -> None:
        if revision.state is state:
            return
        core = self._core
        is_over = state is BuildState.FAILED

        def work(tx: Tx) -> None:
            fresh = tx.environments.revision(revision.environment, revision.n)
            if fresh is None or fresh.state is not revision.state:
                return
            changes = {"reason": reason, "ended_ms": core.clock()} if is_over else {}
            tx.environments.move(fresh, state, **changes)

        await core.store.write(work)
        core.changed("environments", "projects")

    async def _ready(self, environment: Environment, revision: Revision, built: Built) -> None:
        core = self._core
        report = await core.artifacts.put(built.report)

        def work(tx: Tx) -> None:
            fresh = tx.environments.revision(revision.environment, revision.n)
            if fresh is None or fresh.state not in OPEN_BUILDS:
                return
            now = core.clock()
            # Deleted while it was built: it is never used, and goes with the next tidying.
            gone = tx.environments.get(environment.id)
            is_deleted = gone is None or gone.deleted_ms is not None
            tx.environments.move(
                fresh,
                BuildState.READY,
                ended_ms=now,
                size_bytes=built.size_bytes,
                packages=len(built.packages),
                report_sha256=report,
                versions=built.versions,
                superseded_ms=now if is_deleted else None,
            )
            for older in tx.environments.revisions(environment.id, BuildState.READY):
                if older.n < fresh.n and older.superseded_ms is None:
                    tx.environments.move(older, superseded_ms=now)

        await core.store.write(work)
        core.changed("environments", "projects")

    async def _publish(self) -> None:
        """Let notebook servers offer the newest ready revision of each environment."""
        core = self._core

        def wanted(tx: Tx) -> dict[str, list[Kernel]]:
            kernels: dict[str, list[Kernel]] = {key: [] for key in self._published}
            ready: dict[str, list[Revision]] = {}
            for revision in tx.environments.revisions(state=BuildState.READY):
                ready.setdefault(revision.environment, []).append(revision)
            for key, revisions in ready.items():
                environment, newest = tx.environments.get(key), newest_ready(revisions)
                if environment is None or environment.deleted_ms is not None or newest is None:
                    continue
                project = tx.projects.get(environment.project)
                title = environment.title or environment.name
                kernels.setdefault(environment.project, []).append(
                    Kernel(
                        name=kernel_name(environment.name),
                        title=f"{title} ({project.name})" if project else title,
                        environment=environment.name,
                        ref=ref_of(environment, newest),
                    )
                )
            return kernels

        for project, kernels in (await core.store.read(wanted)).items():
            if self._published.get(project) != tuple(kernels):
                await core.engine.environments.publish(project, kernels)
                self._published[project] = tuple(kernels)

    async def tidy(self) -> None:
        """Delete revisions that nothing uses any more, and folders of builds that failed."""
        core = self._core

        def unused(tx: Tx) -> list[tuple[Environment, Revision]]:
            found = []
            for revision in tx.environments.revisions(state=BuildState.READY):
                environment = tx.environments.get(revision.environment)
                if environment is None or revision.superseded_ms is None:
                    continue
                if not environment_use.is_needed(tx, environment, revision):
                    found.append((environment, revision))
            return found

        for environment, revision in await core.store.read(unused):
            await self._remove(environment, revision)
        await self._compare_folders()

    async def _remove(self, environment: Environment, revision: Revision) -> None:
        """Say first that it is gone, so that nothing starts with it; then delete it."""
        core = self._core

        def work(tx: Tx) -> bool:
            fresh = tx.environments.revision(revision.environment, revision.n)
            if fresh is None or fresh.state is not BuildState.READY:
                return False
            if environment_use.is_needed(tx, environment, fresh):
                return False
            now = tx.environments.get(environment.id)
            is_deleted = now is None or now.deleted_ms is not None
            reason = "deleted" if is_deleted else "superseded"
            tx.environments.move(fresh, BuildState.REMOVED, reason=reason)
            return True

        if await core.store.write(work):
            await core.engine.environments.remove(ref_of(environment, revision))
            core.changed("environments", "projects")

    async def _compare_folders(self) -> None:
        """Delete folders whose rows say that they are over; what no row knows stays (P7)."""
        core = self._core

        def over(tx: Tx, ref: EnvironmentRef) -> bool:
            revision = tx.environments.revision(ref.environment, ref.revision)
            return revision is not None and revision.state in (
                BuildState.FAILED,
                BuildState.REMOVED,
            )

        for ref in await core.engine.environments.kept():
            if await core.store.read(lambda tx, ref=ref: over(tx, ref)):  # type: ignore[misc]
                await core.engine.environments.remove(ref)

    async def restore(self) -> None:
        """Find out, after a start, which environments this machine does not have.

        A copy of the database that was restored elsewhere knows environments that are not there.
        """
        core = self._core

        def ready(tx: Tx) -> list[tuple[Environment, Revision]]:
            found = []
            for revision in tx.environments.revisions(state=BuildState.READY):
                environment = tx.environments.get(revision.environment)
                if environment is not None:
                    found.append((environment, revision))
            return found

        for environment, revision in await core.store.read(ready):
            ref = ref_of(environment, revision)
            if await core.engine.environments.inspect(ref) is None:
                log.warning("environment %s, revision %s is gone", environment.id, revision.n)
                await core.store.write(lambda tx, gone=revision: _gone(tx, gone))  # type: ignore[misc]


def _gone(tx: Tx, revision: Revision) -> None:
    fresh = tx.environments.revision(revision.environment, revision.n)
    if fresh is not None and fresh.state is BuildState.READY:
        tx.environments.move(fresh, BuildState.REMOVED, reason="gone")


def _why(run: Run | None) -> str:
    """Return why a build came to nothing, as a key of the catalogue."""
    if run is None:
        return "not_published"
    if run.state is RunState.SUCCEEDED:
        return "not_published"
    if run.state in (RunState.CANCELLED, RunState.EXPIRED):
        return str(run.state)
    return "build_failed" if run.reason == "cell_failed" else "slot_lost"
