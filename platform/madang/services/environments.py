"""Use-cases of environments: ask, look, build again, delete. A build is a run of its person.

A build executes what strangers published, so it never happens in the service: it is a run without
devices in a slot of the person, with the run's log, limit, cancel and bill. Whoever may use a
project may build in it and use what is there; whoever built one, or manages the project, may build
it again or delete it.
"""

import asyncio
import hashlib
from dataclasses import replace
from functools import partial
from typing import Any

from madang.domain.environment import (
    OPEN_BUILDS,
    BuildState,
    Environment,
    Revision,
    is_environment_name,
    kernel_name,
    newest_ready,
)
from madang.domain.environment_spec import Example, Spec, read_spec
from madang.domain.project import MAY_USE, Project
from madang.domain.run import FINAL_RUN_STATES, Run, RunState
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.i18n import text
from madang.services import access, builder, leasing, run_submits, runs
from madang.services.core import Core
from madang.services.idempotency import fingerprint, once
from madang.services.requests import Actor, EnvironmentRequest
from madang.services.run_ends import CANCELLING
from madang.services.slot_opening import SLOT_MARGIN_MS, ensure_slots
from madang.store import Tx
from madang.units import new_id

MAX_TITLE_CHARS = 80
REVISIONS_SHOWN = 10


class Environments:
    """What people may do with environments."""

    def __init__(self, core: Core, runs_: runs.Runs) -> None:
        self._core = core
        self._runs = runs_

    async def create(
        self, actor: Actor, request: EnvironmentRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Ask for an environment; its first build waits in the queue as a run.

        Raises
        ------
        InvalidError
            ``environment_name``, or what is wrong with the spec.
        RefusedError
            ``environments_not_offered``, ``too_many_environments``, or what a run would be refused
            with.
        ConflictError
            ``environment_exists``.
        """
        access.require_person(actor)
        core = self._core
        if not core.engine.offers_environments:
            raise RefusedError("environments_not_offered", engine=core.engine.name)
        if not is_environment_name(request.name):
            raise InvalidError("environment_name", given=request.name[:60])
        title = " ".join(request.title.split())[:MAX_TITLE_CHARS]
        spec = await self._spec(request.kind, request.spec, request.python)
        notebook = await core.artifacts.put(builder.notebook())

        def work(tx: Tx) -> str:
            project = access.usable_project(tx, actor, request.project)

            def make() -> str:
                limit = core.policy.environments.max_per_project
                has = len(tx.environments.of_project(project.id))
                if has >= limit:
                    raise RefusedError("too_many_environments", given=has, limit=limit)
                now = core.clock()
                made = Environment(
                    id=new_id("environment", now),
                    project=project.id,
                    name=request.name,
                    title=title,
                    kind=spec.kind,
                    person=actor.person.id,
                    created_ms=now,
                )
                tx.environments.add(made)
                self._begin(tx, actor, project, made, spec, request.spec, notebook)
                return made.id

            print_ = fingerprint("environment", request)
            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        made = await core.store.write(work)
        await ensure_slots(core)
        core.changed("environments", "projects", "runs", "queue")
        return await self.get(actor, made)

    async def rebuild(
        self,
        actor: Actor,
        environment: str,
        *,
        project: str = "",
        spec: str | None = None,
        python: str | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """Build a new revision, with another spec if one is given; work that runs keeps its own.

        Raises
        ------
        ConflictError
            ``build_under_way``.
        RefusedError
            ``environment_not_yours``.
        """
        access.require_person(actor)
        core = self._core
        notebook = await core.artifacts.put(builder.notebook())

        def before(tx: Tx) -> tuple[Environment, Revision]:
            found = _manageable(tx, actor, environment, project)
            return found, tx.environments.revisions(found.id)[0]

        found, latest = await core.store.read(before)
        wanted = latest.spec if spec is None else spec
        version = latest.python if python is None else python
        # Checked again even where nothing changed: the rules may have.
        read = await self._spec(str(found.kind), wanted, version)

        def work(tx: Tx) -> str:
            found = _manageable(tx, actor, environment, project)
            payer = access.usable_project(tx, actor, found.project)

            def make() -> str:
                if any(r.state in OPEN_BUILDS for r in tx.environments.revisions(found.id)):
                    raise ConflictError("build_under_way", given=found.name)
                self._begin(tx, actor, payer, found, read, wanted, notebook)
                return found.id

            print_ = fingerprint("rebuild", found.id, spec, python)
            return once(tx, actor.person.id, key, print_, core.clock(), make)[0]

        made = await core.store.write(work)
        await ensure_slots(core)
        core.changed("environments", "projects", "runs", "queue")
        return await self.get(actor, made)

    async def _spec(self, kind: str, spec: str, python: str) -> Spec:
        """Read a spec in a thread: parsing what anybody sends must hold nobody else up."""
        policy = self._core.policy.environments
        read = partial(read_spec, allows_urls=policy.allows_urls, channels=policy.channels)
        return await asyncio.to_thread(read, kind, spec, python)

    def _begin(
        self,
        tx: Tx,
        actor: Actor,
        project: Project,
        environment: Environment,
        spec: Spec,
        said: str,
        notebook: str,
    ) -> None:
        """Write the run and the revision that it builds, in one transaction."""
        core = self._core
        now, number = core.clock(), tx.environments.next_number(environment.id)
        longest = leasing.tier_of(core, project).max_hours * 3_600_000 - SLOT_MARGIN_MS
        run = Run(
            id=new_id("run", now),
            person=actor.person.id,
            project=project.id,
            name=f"environment {environment.name} #{number}",
            notebook_sha256=notebook,
            parameters={"plan": spec.plan(), "name": environment.name, "revision": number},
            flavor="cpu",
            devices=0,
            limit_ms=min(core.policy.environments.build_limit_ms, longest),
            submitted_ms=now,
        )
        run_submits.check_room(core, tx, actor, project, run)
        tx.runs.add(run)
        tx.environments.add_revision(
            Revision(
                environment=environment.id,
                n=number,
                spec=said,
                python=spec.python,
                person=actor.person.id,
                run=run.id,
                asked_ms=now,
            )
        )

    async def delete(self, actor: Actor, environment: str, *, project: str = "") -> dict[str, Any]:
        """Delete an environment: nothing new starts with it, what runs with it goes on.

        Raises
        ------
        RefusedError
            ``environment_not_yours``.
        """
        access.require_person(actor)
        core = self._core

        def work(tx: Tx) -> dict[str, Any]:
            found = _manageable(tx, actor, environment, project)
            now = core.clock()
            tx.environments.change(found.id, deleted_ms=now)
            for revision in tx.environments.revisions(found.id):
                if revision.state is BuildState.READY and revision.superseded_ms is None:
                    tx.environments.move(revision, superseded_ms=now)
                if revision.state in OPEN_BUILDS:
                    _stop(tx, revision.run, now)
            tx.audit.add(now, actor.person.id, "environment.delete", found.id, "", {})
            return self._view(tx, actor, replace(found, deleted_ms=now))

        view = await core.store.write(work)
        core.changed("environments", "projects", "runs", "queue")
        return view

    def examples(self) -> tuple[Example, ...]:
        """Return what people may begin with."""
        return self._core.examples

    async def get(self, actor: Actor, environment: str, *, project: str = "") -> dict[str, Any]:
        """Return one environment with its latest revisions; by id, or by name in a project."""
        access.require_person(actor)
        return await self._core.store.read(
            lambda tx: self._view(tx, actor, visible(tx, actor, environment, project))
        )

    async def list(self, actor: Actor, *, project: str | None = None) -> list[dict[str, Any]]:
        """Return the environments of the actor's projects, or of one."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            if project:
                projects = [access.visible_project(tx, actor, project)]
            else:
                projects = [item for item, _ in access.visible_projects(tx, actor)]
            return [
                self._view(tx, actor, environment)
                for item in projects
                for environment in tx.environments.of_project(item.id)
            ]

        return await self._core.store.read(work)

    async def wait(
        self, actor: Actor, environment: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return an environment as soon as it differs from what was ``seen``."""
        return await self._core.until_changed(
            lambda: self.get(actor, environment),
            {"environments", "runs"},
            seen=seen,
            timeout_s=timeout_s,
        )

    async def log(self, actor: Actor, environment: str, *, project: str = "") -> str:
        """Return what the latest build printed; for every member, as they execute what it made."""
        access.require_person(actor)

        def work(tx: Tx) -> Revision | None:
            found = visible(tx, actor, environment, project)
            return next(iter(tx.environments.revisions(found.id)), None)

        latest = await self._core.store.read(work)
        return await self._runs.kept_log(latest.run) if latest is not None else ""

    async def report(self, actor: Actor, environment: str, *, project: str = "") -> bytes:
        """Return the environment report: packages, versions and hashes of what is used now.

        Raises
        ------
        NotFoundError
            ``report_none`` while nothing was built.
        """
        access.require_person(actor)

        def work(tx: Tx) -> Revision | None:
            found = visible(tx, actor, environment, project)
            return newest_ready(tx.environments.revisions(found.id))

        used = await self._core.store.read(work)
        if used is None or not used.report_sha256:
            raise NotFoundError("report_none", given=environment[:60])
        return await self._core.artifacts.get(used.report_sha256)

    def _view(self, tx: Tx, actor: Actor, environment: Environment) -> dict[str, Any]:
        project = tx.projects.get(environment.project)
        person = tx.people.get(environment.person)
        revisions = tx.environments.revisions(environment.id)
        used = newest_ready(revisions)
        shown = [self._revision(tx, actor, item) for item in revisions[:REVISIONS_SHOWN]]
        latest = shown[0] if shown else None
        view: dict[str, Any] = {
            "id": environment.id,
            "name": environment.name,
            "title": environment.title,
            "kind": str(environment.kind),
            "project": project.name if project else "",
            "project_id": environment.project,
            "person": person.hub_name if person else "",
            "created_ms": environment.created_ms,
            "deleted_ms": environment.deleted_ms,
            "kernel": kernel_name(environment.name),
            "state": latest["state"] if latest else "",
            "is_ready": used is not None and environment.deleted_ms is None,
            "revision": used.n if used else None,
            "size_bytes": used.size_bytes if used else 0,
            "packages": used.packages if used else 0,
            "spec": revisions[0].spec if revisions else "",
            "python": revisions[0].python if revisions else "",
            "latest": latest,
            "revisions": shown,
            "can_manage": may_build(tx, actor, environment),
        }
        seen = [environment.deleted_ms, *[(item["n"], item["version"]) for item in shown]]
        return view | {"version": hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}

    def _revision(self, tx: Tx, actor: Actor, revision: Revision) -> dict[str, Any]:
        person, run = tx.people.get(revision.person), tx.runs.get(revision.run)
        live = self._core.live.progress.get(revision.run)
        done = (live or run).cells_done if live or run else 0  # type: ignore[union-attr]
        total = (live or run).cells_total if live or run else 0  # type: ignore[union-attr]
        view = {
            "n": revision.n,
            "state": str(revision.state),
            "state_text": text(f"build_state.{revision.state}", actor.lang),
            "reason": revision.reason,
            "reason_text": text(f"build_reason.{revision.reason}", actor.lang)
            if revision.reason
            else "",
            "person": person.hub_name if person else "",
            "run": revision.run,
            "python": revision.versions.get("python", revision.python),
            "versions": dict(revision.versions),
            "asked_ms": revision.asked_ms,
            "ended_ms": revision.ended_ms,
            "superseded_ms": revision.superseded_ms,
            "size_bytes": revision.size_bytes,
            "packages": revision.packages,
            "steps_done": done,
            "steps_total": total,
            "error": dict(run.error) if run and run.error else None,
        }
        seen = [view[k] for k in ("state", "reason", "steps_done", "steps_total", "superseded_ms")]
        return view | {"version": repr(seen)}


def visible(tx: Tx, actor: Actor, name_or_id: str, project: str = "") -> Environment:
    """Return an environment of a project that the actor may look at; by name only in a project.

    Raises
    ------
    NotFoundError
        ``environment_unknown``; also for one of a project that is not the actor's to see.
    """
    if project:
        place = access.visible_project(tx, actor, project)
        found = tx.environments.find(place.id, name_or_id)
        known: Any = [item.name for item in tx.environments.of_project(place.id)] or "-"
        shown = place.name
    else:
        found, known, shown = tx.environments.get(name_or_id), "-", "-"
    if found is not None and (found.deleted_ms is not None or not _sees(tx, actor, found)):
        found = None
    if found is None:
        raise NotFoundError(
            "environment_unknown", given=name_or_id[:60], project=shown, known=known
        )
    return found


def _sees(tx: Tx, actor: Actor, environment: Environment) -> bool:
    if actor.is_admin:
        return True
    return tx.projects.role(environment.project, actor.person.id) is not None


def may_build(tx: Tx, actor: Actor, environment: Environment) -> bool:
    """Tell whether the actor may build it again, or delete it: they asked for it, or manage."""
    role = tx.projects.role(environment.project, actor.person.id)
    if environment.person == actor.person.id and role in MAY_USE:
        return True
    return access.may_manage(tx, actor, "", environment.project)


def _manageable(tx: Tx, actor: Actor, name_or_id: str, project: str) -> Environment:
    found = visible(tx, actor, name_or_id, project)
    if not may_build(tx, actor, found):
        raise RefusedError("environment_not_yours", given=found.name)
    return found


def _stop(tx: Tx, run_id: str, now_ms: int) -> None:
    """Cancel the run of a build, waiting or running."""
    run = tx.runs.get(run_id)
    if run is None or run.state in FINAL_RUN_STATES:
        return
    if run.state is RunState.QUEUED:
        state, reason = RunState.CANCELLED, "cancelled"
        tx.runs.change(run.id, RunState.QUEUED, state=state, reason=reason, ended_ms=now_ms)
    else:
        tx.runs.change(run.id, RunState.RUNNING, reason=CANCELLING)
