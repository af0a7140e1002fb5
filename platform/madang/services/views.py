"""Rows as the JSON that API, pages and command line show. One function for each noun."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from madang.domain.lease import HAD_BYTES, EndReason, Lease, LeaseState, Standing
from madang.domain.project import MAY_MANAGE
from madang.domain.run import Run
from madang.engines.ports import Sample
from madang.i18n import text
from madang.policy.budget import reservation_microcredits
from madang.policy.changing import Size, keeps_place
from madang.services import after, environment_use
from madang.services.core import Core
from madang.services.held_artifacts import AWAY
from madang.services.requests import Actor
from madang.store import Tx
from madang.units import GIB, cost_microcredits

SAMPLES_SHOWN = 60
"""Readings in a view: a quarter of an hour at the usual pace."""


def standing_view(standing: Standing | None, lang: str) -> dict[str, Any] | None:
    """Return a standing with its reason in words."""
    if standing is None:
        return None
    return {
        "position": standing.position,
        "waiting": standing.waiting,
        "reason": str(standing.reason),
        "reason_text": _wait_text(standing, lang),
        "expected_ms": standing.expected_ms,
        "earliest_ms": standing.earliest_ms,
        "latest_ms": standing.latest_ms,
        "devices_free": standing.devices_free,
    }


def _wait_text(standing: Standing, lang: str) -> str:
    if not standing.details:
        return _plain_wait_text(str(standing.reason), lang)
    key = "wait.{}.until" if standing.details.get("until") else "wait.{}"
    return text(key.format(standing.reason), lang, **standing.details)


@cache
def _plain_wait_text(reason: str, lang: str) -> str:
    return text(f"wait.{reason}", lang)


def reserves(core: Core, lease: Lease) -> int:
    """Return what one admission of the lease would set aside."""
    return reservation_microcredits(
        lease.kind,
        lease.devices,
        lease.limit_ms,
        core.policy.stop_grace_ms,
        core.policy.block_ms,
        core.rate(lease),
    )


def waits_for(core: Core, lang: str) -> dict[str, Any] | None:
    """Return which part of the house what is not over waits for, in words; None for none."""
    since_ms = core.artifacts.away_since_ms
    if since_ms is None:
        return None
    return {"code": AWAY, "text": text(f"waits_for.{AWAY}", lang), "since_ms": since_ms}


def trouble_view(core: Core, lease_id: str, lang: str) -> dict[str, Any] | None:
    """Return what a lease has met that may pass by itself, in words; None for nothing."""
    found = core.live.troubles.get(lease_id)
    if found is None:
        return None
    trouble, since_ms = found
    return {"code": str(trouble), "text": text(f"waits_for.{trouble}", lang), "since_ms": since_ms}


class Names:
    """What the views of one transaction look up again and again: a list asks for each thing once.

    Parameters
    ----------
    leases
        Those that will be shown; what the ledger holds of them is read in one go.
    """

    def __init__(self, tx: Tx, actor: Actor, leases: Iterable[Lease] = ()) -> None:
        self._actor = actor
        self._totals = tx.ledger.totals([x.id for x in leases if x.attempt])
        self.project = cache(lambda key: ((found := tx.projects.get(key)) and found.name) or "")
        self.person = cache(lambda key: ((found := tx.people.get(key)) and found.hub_name) or "")
        self.role = cache(lambda key: tx.projects.role(key, actor.person.id))
        self.lease = cache(tx.leases.get)

    def totals(self, lease: Lease) -> tuple[int, int]:
        """Return device-milliseconds that were charged for a lease, and what they cost."""
        return self._totals.get(lease.id, (0, 0))

    def may_manage(self, owner: str, project: str) -> bool:
        """Answer as :func:`madang.services.access.may_manage` does."""
        if self._actor.is_admin or owner == self._actor.person.id:
            return True
        return self.role(project) in MAY_MANAGE


def _running_device_ms(core: Core, lease: Lease) -> int:
    """Return device time that has run and is not in the ledger yet."""
    if lease.state not in (LeaseState.ACTIVE, LeaseState.ENDING) or lease.started_ms is None:
        return 0
    since = max(lease.started_ms, lease.charged_to_ms or 0)
    return lease.devices * max(0, core.clock() - since)


def lease_view(
    core: Core,
    tx: Tx,
    actor: Actor,
    lease: Lease,
    standings: Mapping[str, Standing],
    names: Names | None = None,
) -> dict[str, Any]:
    """Return one lease; the caller has checked that the actor may see it."""
    names = names or Names(tx, actor, [lease])
    standing = standings.get(lease.id) if lease.state is LeaseState.QUEUED else None
    charged_ms, cost = names.totals(lease)
    running_ms = _running_device_ms(core, lease)
    samples = core.live.samples.get(lease.id, [])
    known = [s.utilisation_percent for s in samples[-max(1, lease.devices) :]]
    metered = [value for value in known if value is not None]
    is_waiting = lease.state is LeaseState.QUEUED
    reserved = (
        reserves(core, lease) if is_waiting else tx.budget.reservation(lease.id, lease.attempt)
    )
    view: dict[str, Any] = {
        "id": lease.id,
        "kind": str(lease.kind),
        "class": str(lease.lease_class),
        "name": lease.name,
        "project": names.project(lease.project),
        "project_id": lease.project,
        "person": names.person(lease.person),
        "flavor": lease.flavor,
        "devices": lease.devices,
        "profile": str(lease.options.get("profile", "")),
        "state": str(lease.state),
        "target": str(lease.target),
        **reason_view(lease.reason, actor.lang, int(lease.options.get(HAD_BYTES, 0))),
        "why": str(lease.options.get("why", "")),
        "attempt": lease.attempt,
        "submitted_ms": lease.submitted_ms,
        "admitted_ms": lease.admitted_ms,
        "started_ms": lease.started_ms,
        "ended_ms": lease.ended_ms,
        "limit_ms": lease.limit_ms,
        "expires_ms": lease.expires_ms,
        "claim_by_ms": lease.claim_by_ms,
        "claimed": lease.claimed_ms is not None,
        "held_back": lease.held_back,
        "turns_missed": lease.turns_missed,
        "rate_microcredits": core.rate(lease),
        "device_ids": list(lease.device_ids),
        "is_simulated": _is_simulated(core, lease.flavor),
        "reserved_microcredits": reserved,
        "held_device_ms": charged_ms + running_ms,
        "charged_microcredits": cost + cost_microcredits(running_ms, core.rate(lease)),
        "standing": standing_view(standing, actor.lang),
        "cluster": str(lease.options.get("cluster", "")),
        "environment": environment_use.view(tx, *environment_use.named(lease)),
        "utilisation_percent": sum(metered) // len(metered) if metered else None,
        "samples": _use(samples),
        "can_manage": names.may_manage(lease.person, lease.project),
        "ready": lease.claimed_ms is not None and lease.holds_devices,
        "start_without_me": bool(lease.options.get("start_without_me")),
        "asked_before": _before(lease),
        "alternatives": [],
        "placement": None,
    }
    return view | {"version": version(view, standing)}


def _before(lease: Lease) -> dict[str, Any] | None:
    """Return what a waiting lease asked for before its latest change, and what it would cost."""
    before = lease.options.get("asked_before")
    if not isinstance(before, Mapping) or lease.state is not LeaseState.QUEUED:
        return None
    now = Size(flavor=lease.flavor, devices=lease.devices, limit_ms=lease.limit_ms)
    then = Size(**{key: before[key] for key in ("flavor", "devices", "limit_ms")})
    return {**before, "keeps_place": keeps_place(now, then)}


def reason_view(reason: EndReason | None, lang: str, had_bytes: int = 0) -> dict[str, str]:
    """Return why something ended, in words and with the next step.

    Parameters
    ----------
    had_bytes
        How much memory it had that ran out of it; 0 where that is not known.
    """
    if reason is None:
        return {"reason": "", "reason_text": "", "reason_hint": ""}
    said = f"reason.{reason}{'.of' if had_bytes else ''}"
    return {
        "reason": str(reason),
        "reason_text": text(said, lang, **({"gib": had_bytes / GIB} if had_bytes else {})),
        "reason_hint": text(f"reason.{reason}.hint", lang),
    }


def version(view: Mapping[str, Any], standing: Standing | None) -> str:
    """Return a mark that changes when somebody who waits would want to know."""
    keys = (
        "state",
        "target",
        "reason",
        "attempt",
        "claimed",
        "held_back",
        "started_ms",
        "limit_ms",
    )
    seen = [view[key] for key in keys]
    if view.get("environment"):
        seen.append(view["environment"]["name"])
    if standing is not None:
        seen += [standing.position, standing.waiting, str(standing.reason), standing.expected_ms]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def run_view(
    core: Core,
    tx: Tx,
    actor: Actor,
    run: Run,
    standings: Mapping[str, Standing],
    names: Names | None = None,
) -> dict[str, Any]:
    """Return one run; the caller has checked that the actor may see it."""
    names = names or Names(tx, actor)
    live = core.live.progress.get(run.id)
    until = run.ended_ms if run.ended_ms is not None else core.clock()
    took = max(0, until - run.started_ms) if run.started_ms is not None else 0
    held = run.device_time_ms(took)
    slot = names.lease(run.lease) if run.lease else None
    rate = core.rate(slot) if slot else core.policy.rate(run.flavor)
    waiting = run.state == "queued" and slot is not None
    view = {
        "id": run.id,
        "name": run.name,
        "project": names.project(run.project),
        "person": names.person(run.person),
        "state": str(run.state),
        "reason": run.reason,
        "reason_text": text(f"run_reason.{run.reason}", actor.lang) if run.reason else "",
        "parameters": dict(run.parameters),
        "recorded": dict(run.recorded),
        "secrets": list(run.secrets),
        "flavor": run.flavor,
        "devices": run.devices,
        "limit_ms": run.limit_ms,
        "notebook_sha256": run.notebook_sha256,
        "submitted_ms": run.submitted_ms,
        "started_ms": run.started_ms,
        "ended_ms": run.ended_ms,
        "cells_done": live.cells_done if live else run.cells_done,
        "cells_total": live.cells_total if live else run.cells_total,
        "resumed_after": live.resumed_after if live else run.resumed_after,
        "kept_cell": live.kept_cell if live else run.kept_cell,
        "error": dict(run.error) if run.error else None,
        "lease": run.lease,
        "sweep": run.sweep,
        "origin": run.origin,
        "reused_from": run.reused_from,
        "priority": run.priority,
        "after": after.view(tx, names, run),
        "attempt": run.attempt,
        "environment": environment_use.view(tx, run.environment, run.environment_revision),
        "has_output": bool(run.output_sha256),
        "output_deleted_ms": run.output_deleted_ms,
        "output_deleted_text": _output_deleted(core, run, actor.lang),
        "held_device_ms": held,
        "charged_microcredits": cost_microcredits(held, rate),
        "standing": standing_view(standings.get(run.lease), actor.lang) if waiting else None,
        "waits_for": None if run.is_final else _waits_for(core, run, actor.lang),
        "can_manage": names.may_manage(run.person, run.project),
    }
    keys = ("state", "reason", "cells_done", "cells_total", "attempt", "has_output", "priority")
    seen = [view[key] for key in (*keys, "kept_cell", "output_deleted_ms")] + [run.is_held]
    seen.append(view["waits_for"] is not None)
    return view | {"version": hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}


def _waits_for(core: Core, run: Run, lang: str) -> dict[str, Any] | None:
    return waits_for(core, lang) or trouble_view(core, run.lease, lang)


def _output_deleted(core: Core, run: Run, lang: str) -> str:
    if run.output_deleted_ms is None:
        return ""
    key = "output.expired" if run.output_kept_days else "output.deleted"
    return text(key, lang, date=core.day_text(run.output_deleted_ms), days=run.output_kept_days)


def _use(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return how busy the devices of a lease were together, a point for each reading."""
    readings: dict[int, list[int]] = {}
    for sample in samples:
        known = readings.setdefault(sample.at_ms, [])
        if sample.utilisation_percent is not None:
            known.append(sample.utilisation_percent)
    points = [
        {"at_ms": at_ms, "percent": sum(known) // len(known) if known else None}
        for at_ms, known in sorted(readings.items())
    ]
    return points[-SAMPLES_SHOWN:]


def _is_simulated(core: Core, flavor: str) -> bool:
    known = core.flavors.get(flavor)
    return known is not None and known.is_simulated
