"""Who may see and do what. Membership is checked in every query; what is foreign is not found."""

from collections.abc import Callable
from typing import Any, TypeVar

from madang.domain.cluster import Cluster
from madang.domain.lease import Lease
from madang.domain.project import MAY_MANAGE, MAY_USE, Project, Role
from madang.domain.run import Run
from madang.domain.schedule import Schedule
from madang.domain.sweep import Sweep
from madang.errors import InvalidError, NotFoundError, RefusedError
from madang.services.requests import Actor
from madang.store import Tx

Row = TypeVar("Row", Lease, Run, Sweep, Schedule)


def require_person(actor: Actor) -> None:
    """Refuse attempt tokens: they reach their own run and its clusters, nothing else."""
    if actor.token_lease or actor.token_run:
        raise RefusedError("token_too_narrow")


def require_admin(actor: Actor) -> None:
    """Refuse everybody but administrators.

    The one rule for pages and verbs: what a role is needed for is 403, what belongs to others is
    404. Whose something is can be a secret, that there are administrators is none (the description
    of the API names all they may do); and "not found" sent people looking for a wrong address.

    Raises
    ------
    RefusedError
        ``admin_only``.
    """
    require_person(actor)
    if not actor.is_admin:
        raise RefusedError("admin_only")


def usable_project(tx: Tx, actor: Actor, name_or_id: str) -> Project:
    """Return a project in which the actor may ask for leases.

    Raises
    ------
    InvalidError
        ``project_missing`` when none was named.
    NotFoundError
        ``project_unknown`` when it does not exist or the actor is not a member; lists their own.
    RefusedError
        ``role_cannot_use`` for a member whose role may only look, ``project_closed`` if it ended.
    """
    project = tx.projects.find(name_or_id)
    role = tx.projects.role(project.id, actor.person.id) if project else None
    if project is None or role is None:
        mine = [item.name for item, _ in tx.projects.of_person(actor.person.id)]
        if not name_or_id:
            raise InvalidError("project_missing", known=mine)
        raise NotFoundError("project_unknown", given=name_or_id[:60], known=mine)
    if role not in MAY_USE:
        raise RefusedError("role_cannot_use", project=project.name, role=str(role))
    if not project.is_open:
        raise RefusedError("project_closed", project=project.name)
    return project


def visible_project(tx: Tx, actor: Actor, name_or_id: str) -> Project:
    """Return a project that the actor may look at: any role, open or not; any, for admins."""
    project = tx.projects.find(name_or_id)
    role = tx.projects.role(project.id, actor.person.id) if project else None
    if project is None or (role is None and not actor.is_admin):
        mine = [item.name for item, _ in tx.projects.of_person(actor.person.id)]
        raise NotFoundError("project_unknown", given=name_or_id[:60], known=mine)
    return project


def visible_projects(tx: Tx, actor: Actor) -> list[tuple[Project, Role | None]]:
    """Return the projects whose budget and people the actor may see."""
    if actor.is_admin:
        mine = {item.id: role for item, role in tx.projects.of_person(actor.person.id)}
        return [(project, mine.get(project.id)) for project in tx.projects.all()]
    return list(tx.projects.of_person(actor.person.id))


def may_manage(tx: Tx, actor: Actor, owner: str, project: str) -> bool:
    """Tell whether the actor may end or change something of ``owner`` in ``project``."""
    if actor.is_admin or owner == actor.person.id:
        return True
    return tx.projects.role(project, actor.person.id) in MAY_MANAGE


def visible_lease(tx: Tx, actor: Actor, lease_id: str) -> Lease:
    """Return a lease that the actor may see (theirs, their project's, or any for admins)."""
    lease = tx.leases.get(lease_id)
    if lease is None or not _sees(tx, actor, lease.person, lease.project):
        raise NotFoundError("lease_unknown", given=lease_id[:60])
    return lease


def manageable_lease(tx: Tx, actor: Actor, lease_id: str) -> Lease:
    """Return a lease that the actor may end; others' that may only be seen are refused."""
    lease = visible_lease(tx, actor, lease_id)
    if not may_manage(tx, actor, lease.person, lease.project):
        raise RefusedError("lease_not_yours", given=lease_id)
    return lease


def visible_cluster(tx: Tx, actor: Actor, cluster_id: str) -> Cluster:
    """Return a cluster that the actor may manage; a run reaches those that it made itself."""
    cluster = tx.clusters.get(cluster_id)
    lease = tx.leases.get(cluster.lease) if cluster is not None else None
    is_seen = cluster is not None and may_manage(tx, actor, cluster.person, cluster.project)
    if actor.token_run:
        is_seen &= lease is not None and lease.options.get("run") == actor.token_run
    elif actor.token_lease:
        is_seen = False
    if cluster is None or not is_seen:
        raise NotFoundError("cluster_unknown", given=cluster_id[:60])
    return cluster


def visible_run(tx: Tx, actor: Actor, run_id: str) -> Run:
    """Return a run that the actor may see; an attempt token sees the runs of its own slot."""
    run = tx.runs.get(run_id)
    if run is not None and (actor.token_lease or actor.token_run):
        mine = run.id == actor.token_run if actor.token_run else run.lease == actor.token_lease
        if mine:
            return run
        raise NotFoundError("run_unknown", given=run_id[:60])
    if run is None or not _sees(tx, actor, run.person, run.project):
        raise NotFoundError("run_unknown", given=run_id[:60])
    return run


def visible_sweep(tx: Tx, actor: Actor, sweep_id: str) -> Sweep:
    """Return a sweep that the actor may see (theirs, of a project they manage, or any, admins)."""
    sweep = tx.sweeps.get(sweep_id)
    if sweep is None or not _sees(tx, actor, sweep.person, sweep.project):
        raise NotFoundError("sweep_unknown", given=sweep_id[:60])
    return sweep


def _sees(tx: Tx, actor: Actor, owner: str, project: str) -> bool:
    if actor.is_admin or owner == actor.person.id:
        return True
    return tx.projects.role(project, actor.person.id) in MAY_MANAGE


def seen_by(
    tx: Tx, actor: Actor, find: Callable[..., list[Row]], *, mine: bool, **wanted: Any
) -> list[Row]:
    """Return rows that the actor may see: their own, and those of projects that they manage."""
    if actor.is_admin and not mine:
        return find(**wanted)
    rows = find(person=actor.person.id, **wanted)
    if mine:
        return rows
    managed = [p.id for p, role in tx.projects.of_person(actor.person.id) if role in MAY_MANAGE]
    if not managed:
        return rows
    known = {row.id for row in rows}
    rows += [row for row in find(projects=managed, **wanted) if row.id not in known]
    return sorted(rows, key=lambda row: row.submitted_ms, reverse=True)
