"""Which environment work executes with: chosen by name when asked, by revision when it starts.

Used by the use-cases of leases, runs and clusters; and by the keeper of builds, which deletes a
revision only when nothing here needs it any more.
"""

import platform
from functools import cache
from importlib import metadata
from typing import Any

from madang.domain.environment import (
    BuildState,
    Environment,
    EnvironmentRef,
    Revision,
    newest_ready,
)
from madang.domain.lease import Lease, LeaseKind, LeaseState
from madang.domain.project import Project
from madang.domain.run import RunState
from madang.errors import ConflictError, NotFoundError
from madang.store import Tx

ENVIRONMENT = "environment"
"""Option of a lease: the id of its environment."""

REVISION = "environment_revision"
"""Option of a cluster's lease: the revision that it was started with."""

_UNFINISHED = tuple(state for state in LeaseState if state is not LeaseState.ENDED)


def usable(tx: Tx, project: Project, name_or_id: str) -> Environment:
    """Return an environment of a project that has something to execute with.

    Raises
    ------
    NotFoundError
        ``environment_unknown``; lists those of the project.
    ConflictError
        ``environment_not_ready`` while no build of it has succeeded.
    """
    found = tx.environments.find(project.id, name_or_id)
    if found is None:
        known = [item.name for item in tx.environments.of_project(project.id)]
        raise NotFoundError(
            "environment_unknown", given=name_or_id[:60], project=project.name, known=known or "-"
        )
    revisions = tx.environments.revisions(found.id)
    if newest_ready(revisions) is None:
        state = str(revisions[0].state) if revisions else ""
        raise ConflictError("environment_not_ready", given=found.name, state=state)
    return found


def option(tx: Tx, project: Project, name_or_id: str) -> dict[str, Any]:
    """Return the option of a lease that asks for an environment; none for the installation's."""
    return {ENVIRONMENT: usable(tx, project, name_or_id).id} if name_or_id else {}


def chosen(tx: Tx, environment: str) -> Revision | None:
    """Return the revision that what starts now executes with; None when there is none left."""
    return newest_ready(tx.environments.revisions(environment, BuildState.READY))


def ref_of(tx: Tx, environment: str, revision: int) -> EnvironmentRef | None:
    """Return the name of a revision's folder."""
    found = tx.environments.get(environment)
    if found is None:
        return None
    return EnvironmentRef(project=found.project, environment=found.id, revision=revision)


def of_cluster(tx: Tx, lease: Lease) -> tuple[EnvironmentRef | None, dict[str, Any]]:
    """Return what a cluster's lease starts with, and the options that keep it so.

    What the first lease was started with, all that join it are started with.

    Raises
    ------
    ConflictError
        ``environment_gone``: nothing is left of it.
    """
    environment = str(lease.options.get(ENVIRONMENT) or "")
    if not environment:
        return None, {}
    number = int(lease.options.get(REVISION) or 0)
    if not number:
        newest = chosen(tx, environment)
        if newest is None:
            raise ConflictError("environment_gone")
        number = newest.n
    return ref_of(tx, environment, number), {REVISION: number}


def is_needed(tx: Tx, environment: Environment, revision: Revision) -> bool:
    """Tell whether something that waits or runs may execute with a revision.

    What waits without a revision of its own takes the newest. Of a notebook server nobody knows
    which kernels it has: one that was admitted before a newer revision came may have an old one.
    """
    newest = chosen(tx, environment.id)
    is_newest = newest is not None and newest.n == revision.n
    for state, number in tx.runs.uses_of(environment.id, environment.project):
        if state is RunState.QUEUED and is_newest:
            return True
        if state is RunState.RUNNING and number == revision.n:
            return True
    since_ms = revision.superseded_ms
    for lease in tx.leases.find(state=_UNFINISHED, project=environment.project, limit=None):
        if lease.options.get(ENVIRONMENT) == environment.id:
            number = int(lease.options.get(REVISION) or 0)
            if number == revision.n or (not number and is_newest):
                return True
        was_there = lease.admitted_ms is not None and (
            since_ms is None or lease.admitted_ms <= since_ms
        )
        if lease.kind is LeaseKind.NOTEBOOK and was_there:
            return True
    return False


def named(lease: Lease) -> tuple[str, int]:
    """Return environment and revision as a lease's options have them; "" and 0 for none."""
    return str(lease.options.get(ENVIRONMENT) or ""), int(lease.options.get(REVISION) or 0)


def offered(tx: Tx, project: Project) -> list[dict[str, Any]]:
    """Return the environments of a project that a notebook may begin with."""
    return [
        {"name": item.name, "title": item.title or item.name}
        for item in tx.environments.of_project(project.id)
        if chosen(tx, item.id) is not None
    ]


def view(tx: Tx, environment: str, revision: int) -> dict[str, Any] | None:
    """Return what work says of its environment; None for the installation's own."""
    found = tx.environments.get(environment) if environment else None
    if found is None:
        return None
    return {"id": found.id, "name": found.name, "revision": revision}


def cluster_view(tx: Tx, lease: Lease) -> dict[str, Any]:
    """Return what a cluster says of its environment, and what its client must have too."""
    environment, revision = named(lease)
    shown = view(tx, environment, revision)
    if shown is None:
        return {"environment": None, "versions": _own_versions()}
    # Before a revision was chosen: of the one that would be.
    used = tx.environments.revision(environment, revision) or chosen(tx, environment)
    return {"environment": shown, "versions": dict(used.versions) if used is not None else {}}


@cache
def _own_versions() -> dict[str, str]:
    """Return the versions of the installation, which its own clusters run with."""
    return {
        "python": platform.python_version(),
        "dask": metadata.version("dask"),
        "distributed": metadata.version("distributed"),
    }
