"""Results that are there already: found by what was executed, and only where somebody asks.

What decides is the notebook, its files, the parameters, the versions of its secrets, and the
revision of the environment that would execute them now. All but the last are one hash on each run,
so nothing is ever scanned.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run, RunState
from madang.services import access, environment_use
from madang.services.requests import Actor
from madang.store import Tx


def fingerprints(
    notebook_sha256: str,
    files: Mapping[str, str],
    points: Iterable[Mapping[str, Any]],
    secrets: Mapping[str, int],
) -> list[str]:
    """Return what tells runs of one snapshot apart: a hash for each set of parameters.

    Parameters
    ----------
    secrets
        Versions by name.
    """
    same = hashlib.sha256(
        _text([notebook_sha256, dict(files), *([dict(secrets)] if secrets else [])])
    )
    found = []
    for point in points:
        one = same.copy()
        one.update(_text(point))
        found.append(one.hexdigest())
    return found


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def known(
    tx: Tx, actor: Actor, project: Project, environment: str, prints: Sequence[str]
) -> Mapping[str, Run]:
    """Return by fingerprint the newest run that succeeded and whose output the actor may see.

    Parameters
    ----------
    environment
        Its id; empty for the installation's own.
    """
    revision = environment_use.chosen(tx, environment) if environment else None
    sees_all = access.may_manage(tx, actor, "", project.id)
    found = tx.runs.succeeded(
        prints,
        project=project.id,
        person=None if sees_all else actor.person.id,
        environment=environment,
        revision=revision.n if revision is not None else 0,
    )
    return {run.fingerprint: run for run in found}


def take_over(runs: Sequence[Run], found: Mapping[str, Run], at_ms: int) -> list[Run]:
    """Return the runs, with those that are there already as they ended; these cost nothing."""
    return [
        run if (old := found.get(run.fingerprint)) is None else _as_ended(run, old, at_ms)
        for run in runs
    ]


def _as_ended(run: Run, old: Run, at_ms: int) -> Run:
    return replace(
        run,
        state=RunState.SUCCEEDED,
        reused_from=old.id,
        recorded=old.recorded,
        output_sha256=old.output_sha256,
        cells_done=old.cells_done,
        cells_total=old.cells_total,
        environment_revision=old.environment_revision,
        ended_ms=at_ms,
    )
