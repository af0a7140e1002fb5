"""Use-cases of Dask clusters: a lease of their own, an endpoint when it answers, credentials.

How many workers a cluster has, by hand or by what its scheduler wants, is in
:mod:`madang.services.scaling` and :mod:`madang.services.adapting`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from madang.domain.cluster import MAX_WORKERS, Cluster, scheduler_key
from madang.domain.lease import (
    EndReason,
    Lease,
    LeaseClass,
    LeaseKind,
    LeaseState,
    Standing,
    Target,
)
from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services import (
    access,
    acts,
    adapting,
    cluster_facts,
    environment_use,
    leasing,
    scaling,
    views,
)
from madang.services.core import Core
from madang.services.dashboards import link
from madang.services.idempotency import fingerprint, once
from madang.services.leases import begin_end
from madang.services.requests import Actor, ClusterRequest
from madang.store import Tx
from madang.units import MS_PER_HOUR, new_id

LOG_BYTES = 64 * 1024
DEFAULT_LIMIT_MS = 4 * MS_PER_HOUR
_LIVING = (LeaseState.QUEUED, LeaseState.ADMITTED, LeaseState.ACTIVE)


class Clusters:
    """What people, and runs for their own project, may do with clusters."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(
        self, actor: Actor, request: ClusterRequest, *, key: str | None = None
    ) -> dict[str, Any]:
        """Ask for a cluster; its lease waits in the same queue as everything else."""
        core = self._core
        _require_person_or_run(actor)
        _check_size(request)

        def work(tx: Tx) -> tuple[str, bool]:
            project = self._project(tx, actor, request)
            inside = environment_use.option(tx, project, request.environment)
            opener = _opener(tx, actor, request)
            lease = self._lease(actor, project, request, opener, inside)
            cluster = Cluster(
                id=new_id("cluster", lease.submitted_ms),
                lease=lease.id,
                person=actor.person.id,
                project=project.id,
                name=request.name,
                workers=request.workers,
                gpus_per_worker=request.gpus_per_worker,
                threads_per_worker=request.threads_per_worker,
                created_ms=lease.submitted_ms,
            )

            def make() -> str:
                leasing.check_count(tx, actor)
                leasing.check_budget(core, tx, project, lease)
                linked = {**lease.options, "cluster": cluster.id}
                tx.leases.add(replace(lease, options=linked))
                tx.clusters.add(cluster)
                return cluster.id

            print_ = fingerprint("cluster", request)
            return once(tx, actor.person.id, key, print_, lease.submitted_ms, make)

        cluster_id, _ = await core.store.write(work)
        cluster = await core.store.read(lambda tx: tx.clusters.get(cluster_id))
        if cluster is not None:
            await leasing.enqueue(core, cluster.lease)
        return await self.get(actor, cluster_id)

    def _project(self, tx: Tx, actor: Actor, request: ClusterRequest) -> Project:
        if not actor.token_lease:
            return access.usable_project(tx, actor, request.project)
        lease = tx.leases.get(actor.token_lease)
        project = tx.projects.get(lease.project) if lease else None
        if project is None or request.project not in ("", project.name, project.id):
            raise NotFoundError("project_unknown", given=request.project[:60], known=[])
        return access.usable_project(tx, actor, project.id)

    def _lease(
        self,
        actor: Actor,
        project: Project,
        request: ClusterRequest,
        opener: Mapping[str, Any],
        inside: Mapping[str, Any],
    ) -> Lease:
        devices = request.workers * request.gpus_per_worker
        flavor = "cpu" if request.gpus_per_worker == 0 else request.flavor
        return leasing.new_lease(
            self._core,
            actor,
            project,
            kind=LeaseKind.CLUSTER,
            lease_class=LeaseClass.BATCH if actor.token_run else LeaseClass.INTERACTIVE,
            flavor=flavor,
            devices=devices,
            limit_ms=request.limit_ms or DEFAULT_LIMIT_MS,
            name=request.name,
            options={
                "workers": request.workers,
                "gpus_per_worker": request.gpus_per_worker,
                "threads_per_worker": request.threads_per_worker,
                **opener,
                **inside,
            },
        )

    async def get(self, actor: Actor, cluster_id: str) -> dict[str, Any]:
        """Return one cluster."""
        core = self._core
        standings = await core.standings()
        view = await core.store.read(
            lambda tx: self._view(
                tx, actor, access.visible_cluster(tx, actor, cluster_id), standings
            )
        )
        return await self._with_endpoint(view)

    async def facts(self, actor: Actor, cluster_id: str) -> dict[str, Any]:
        """Return a cluster with what its scheduler counts now; ``facts`` is None while it does not.

        The scheduler is asked for people only, and only while its lease holds devices.
        """
        access.require_person(actor)
        view = await self.get(actor, cluster_id)
        lease = view["lease"]
        launcher = self._core.engine.launcher
        found = await launcher.endpoint(lease["id"], lease["attempt"]) if view["ready"] else None
        if found is None:
            return {**view, "facts": None}
        key = scheduler_key(found.key_pem)
        return {**view, "facts": await cluster_facts.ask(found.dashboard_url, key)}

    async def list(self, actor: Actor) -> list[dict[str, Any]]:
        """Return clusters that the actor may see and that have not ended, newest first."""
        core = self._core
        _require_person_or_run(actor)
        standings = await core.standings()

        def work(tx: Tx) -> list[dict[str, Any]]:
            leases = access.seen_by(
                tx,
                actor,
                tx.leases.find,
                mine=False,
                state=[s for s in LeaseState if s is not LeaseState.ENDED],
                kind=LeaseKind.CLUSTER,
                limit=None,
                newest_first=True,
            )
            if actor.token_run:
                leases = [x for x in leases if x.options.get("run") == actor.token_run]
            found = [tx.clusters.by_lease(lease.id) for lease in leases]
            names = views.Names(tx, actor, leases)
            return [self._view(tx, actor, c, standings, names) for c in found if c is not None]

        return [await self._with_endpoint(view) for view in await core.store.read(work)]

    def _view(
        self,
        tx: Tx,
        actor: Actor,
        cluster: Cluster,
        standings: Mapping[str, Standing],
        names: views.Names | None = None,
    ) -> dict[str, Any]:
        lease = tx.leases.get(cluster.lease)
        if lease is None:
            raise NotFoundError("cluster_unknown", given=cluster.id)
        view = views.lease_view(self._core, tx, actor, lease, standings, names)
        size = scaling.size_view(tx, lease, standings, actor.lang)
        return {
            "id": cluster.id,
            "name": cluster.name,
            "project": view["project"],
            "person": view["person"],
            "lease": view,
            "workers": cluster.workers,
            "gpus_per_worker": cluster.gpus_per_worker,
            "threads_per_worker": cluster.threads_per_worker,
            "state": view["state"],
            "created_ms": cluster.created_ms,
            **environment_use.cluster_view(tx, lease),
            **size,
            "adapt": adapting.adapt_view(self._core, lease, actor.lang),
        }

    async def _with_endpoint(self, view: dict[str, Any]) -> dict[str, Any]:
        lease = view["lease"]
        endpoint = None
        if lease["state"] in ("admitted", "active"):
            launcher = self._core.engine.launcher
            endpoint = await launcher.endpoint(lease["id"], lease["attempt"])
        ready = endpoint is not None
        return view | {
            "address": endpoint.address if endpoint else "",
            "dashboard_url": link(self._core.public_url, view["id"]) if endpoint else "",
            "ready": ready,
            "version": scaling.version(view, ready),
        }

    async def wait(
        self, actor: Actor, cluster_id: str, *, seen: str, timeout_s: float
    ) -> dict[str, Any]:
        """Return the cluster as soon as it differs from what was ``seen``."""
        return await self._core.until_changed(
            lambda: self.get(actor, cluster_id),
            {"leases", "queue"},
            seen=seen,
            timeout_s=timeout_s,
            pause_s=_look_again_s,
        )

    async def credentials(self, actor: Actor, cluster_id: str) -> dict[str, Any]:
        """Return address and TLS secrets, to the owner alone."""
        core = self._core

        def work(tx: Tx) -> Lease:
            cluster = access.visible_cluster(tx, actor, cluster_id)
            lease = tx.leases.get(cluster.lease)
            if lease is None or cluster.person != actor.person.id:
                raise NotFoundError("cluster_unknown", given=cluster_id[:60])
            return lease

        lease = await core.store.read(work)
        endpoint = await core.engine.launcher.endpoint(lease.id, lease.attempt)
        if endpoint is None or not lease.holds_devices:
            raise ConflictError("cluster_not_ready", state=str(lease.state))
        return {
            "address": endpoint.address,
            "dashboard_url": link(core.public_url, cluster_id),
            "ca_pem": endpoint.ca_pem,
            "cert_pem": endpoint.cert_pem,
            "key_pem": endpoint.key_pem,
        }

    async def scale(self, actor: Actor, cluster_id: str, workers: int) -> dict[str, Any]:
        """Ask for so many workers in all, and turn adapting off; repeating is harmless."""
        await scaling.by_hand(self._core, actor, cluster_id, workers)
        return await self.get(actor, cluster_id)

    async def adapt(
        self, actor: Actor, cluster_id: str, minimum: int, maximum: int
    ) -> dict[str, Any]:
        """Let the number of workers follow what the scheduler wants; 0 and 0 turns it off."""
        await adapting.turn(self._core, actor, cluster_id, minimum, maximum)
        return await self.get(actor, cluster_id)

    async def log(self, actor: Actor, cluster_id: str) -> str:
        """Return the end of what scheduler and workers printed, by lease and role."""
        core = self._core

        def work(tx: Tx) -> list[Lease]:
            cluster = access.visible_cluster(tx, actor, cluster_id)
            first = tx.leases.get(cluster.lease)
            return [first, *scaling.parts_of(tx, first)] if first is not None else []

        leases = await core.store.read(work)
        texts = [
            await core.engine.launcher.log_tail(x.id, x.attempt, LOG_BYTES // len(leases))
            for x in leases
        ]
        if len(leases) == 1:
            return texts[0]
        return "\n".join(f"=== {x.id} ===\n{said}" for x, said in zip(leases, texts, strict=True))

    async def end(self, actor: Actor, cluster_id: str, *, why: str = "") -> dict[str, Any]:
        """Let a cluster go with all its leases, waiting or running; repeating is harmless."""
        core = self._core

        def work(tx: Tx) -> list[Lease]:
            cluster = access.visible_cluster(tx, actor, cluster_id)
            lease = tx.leases.get(cluster.lease)
            if lease is None:
                raise NotFoundError("cluster_unknown", given=cluster_id[:60])
            told = ""
            if lease.target is not Target.END:
                told = acts.note_end(
                    core,
                    tx,
                    actor,
                    owner=lease.person,
                    project=lease.project,
                    target=lease.id,
                    act="lease.end",
                    why=why,
                )
            leases = [lease, *scaling.parts_of(tx, lease)]
            return [scaling.let_go(core, tx, one, why=told) for one in leases]

        for lease in await core.store.write(work):
            if lease.is_ended:
                await core.engine.admission.withdraw(lease.id)
        core.changed("leases", "queue", "clusters", "usage")
        return await self.get(actor, cluster_id)


async def end_orphans(core: Core) -> None:
    """End clusters whose run or notebook is over, lost, or queued again; nobody else would."""

    def orphans(tx: Tx) -> list[Lease]:
        living = tx.leases.find(state=_LIVING, kind=LeaseKind.CLUSTER)
        return [lease for lease in living if not _has_opener(tx, lease)]

    def end(tx: Tx) -> list[Lease]:
        return [begin_end(tx, x, EndReason.COMPLETED, core.clock()) for x in orphans(tx)]

    if not await core.store.read(orphans):
        return
    for lease in await core.store.write(end):
        if lease.is_ended:
            await core.engine.admission.withdraw(lease.id)
    core.changed("leases", "queue", "clusters")


def _require_person_or_run(actor: Actor) -> None:
    """Refuse the token of a slot or of a cluster's processes; a run has one of its own."""
    if actor.token_lease and not actor.token_run:
        raise RefusedError("token_too_narrow")


def _run_of(tx: Tx, actor: Actor) -> Run | None:
    """Return the run that asks; refused once it is over, so that no cluster outlives it."""
    if not actor.token_run:
        return None
    run = tx.runs.get(actor.token_run)
    if run is None or run.state is not RunState.RUNNING:
        raise RefusedError("token_too_narrow")
    return run


def _opener(tx: Tx, actor: Actor, request: ClusterRequest) -> dict[str, Any]:
    """Return whose end is the cluster's: a run's, a notebook's, or nobody's.

    Raises
    ------
    NotFoundError
        ``lease_unknown``: no notebook of the actor's.
    """
    run = _run_of(tx, actor)
    if run is not None or actor.token_lease or not request.notebook_lease:
        return {"run": run.id if run else "", "run_attempt": run.attempt if run else 0}
    notebook = tx.leases.get(request.notebook_lease)
    is_mine = notebook is not None and notebook.person == actor.person.id
    if notebook is None or not is_mine or notebook.kind is not LeaseKind.NOTEBOOK:
        raise NotFoundError("lease_unknown", given=request.notebook_lease[:60])
    return {"notebook": notebook.id, "notebook_attempt": notebook.attempt}


def _has_opener(tx: Tx, lease: Lease) -> bool:
    """Tell whether who opened a cluster is still there; what nobody opened needs nobody."""
    options = lease.options
    if options.get("run"):
        run = tx.runs.get(str(options["run"]))
        if run is None or run.state is not RunState.RUNNING:
            return False
        return bool(run.attempt == options.get("run_attempt", run.attempt))
    if options.get("notebook"):
        notebook = tx.leases.get(str(options["notebook"]))
        if notebook is None or notebook.state not in (LeaseState.ADMITTED, LeaseState.ACTIVE):
            return False
        return bool(notebook.attempt == options["notebook_attempt"])
    return True


def _check_size(request: ClusterRequest) -> None:
    if not 1 <= request.workers <= MAX_WORKERS:
        raise InvalidError("workers_out_of_range", given=request.workers, limit=MAX_WORKERS)
    if not 0 <= request.gpus_per_worker <= 16:
        raise InvalidError("gpus_per_worker_out_of_range", given=request.gpus_per_worker, limit=16)
    if not 1 <= request.threads_per_worker <= 64:
        raise InvalidError("threads_out_of_range", given=request.threads_per_worker, limit=64)


def _look_again_s(view: dict[str, Any]) -> float | None:
    """Say when to look again: a scheduler that begins to answer is no event."""
    return 0.1 if view["state"] in ("admitted", "active") and not view["ready"] else None
