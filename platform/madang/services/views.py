"""Rows as the JSON that API, pages and command line show. One function for each noun."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from madang.domain.lease import EndReason, Lease, LeaseState, Standing
from madang.domain.run import Run
from madang.engines.ports import Sample
from madang.i18n import text
from madang.policy.budget import reservation_microcredits
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx
from madang.units import cost_microcredits

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
        "reason_text": text(f"wait.{standing.reason}", lang),
        "expected_ms": standing.expected_ms,
        "earliest_ms": standing.earliest_ms,
        "latest_ms": standing.latest_ms,
        "devices_free": standing.devices_free,
    }


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


def held_device_ms(core: Core, tx: Tx, lease: Lease) -> int:
    """Return device time of all attempts: what the ledger holds and what has run since."""
    written = sum(
        entry.device_ms for entry in tx.ledger.entries(lease=lease.id) if entry.kind == "charge"
    )
    if lease.state not in (LeaseState.ACTIVE, LeaseState.ENDING) or lease.started_ms is None:
        return written
    since = max(lease.started_ms, lease.charged_to_ms or 0)
    return written + lease.devices * max(0, core.clock() - since)


def lease_view(
    core: Core, tx: Tx, actor: Actor, lease: Lease, standings: Mapping[str, Standing]
) -> dict[str, Any]:
    """Return one lease; the caller has checked that the actor may see it."""
    project = tx.projects.get(lease.project)
    person = tx.people.get(lease.person)
    standing = standings.get(lease.id) if lease.state is LeaseState.QUEUED else None
    held = held_device_ms(core, tx, lease)
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
        "project": project.name if project else "",
        "project_id": lease.project,
        "person": person.hub_name if person else "",
        "flavor": lease.flavor,
        "devices": lease.devices,
        "profile": str(lease.options.get("profile", "")),
        "state": str(lease.state),
        "target": str(lease.target),
        **reason_view(lease.reason, actor.lang),
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
        "held_device_ms": held,
        "charged_microcredits": cost_microcredits(held, core.rate(lease)),
        "standing": standing_view(standing, actor.lang),
        "cluster": str(lease.options.get("cluster", "")),
        "utilisation_percent": sum(metered) // len(metered) if metered else None,
        "samples": _use(samples),
        "can_manage": access.may_manage(tx, actor, lease.person, lease.project),
        "ready": lease.claimed_ms is not None and lease.holds_devices,
    }
    return view | {"version": version(view, standing)}


def reason_view(reason: EndReason | None, lang: str) -> dict[str, str]:
    """Return why something ended, in words and with the next step."""
    if reason is None:
        return {"reason": "", "reason_text": "", "reason_hint": ""}
    return {
        "reason": str(reason),
        "reason_text": text(f"reason.{reason}", lang),
        "reason_hint": text(f"reason.{reason}.hint", lang),
    }


def version(view: Mapping[str, Any], standing: Standing | None) -> str:
    """Return a mark that changes when somebody who waits would want to know."""
    keys = ("state", "target", "reason", "attempt", "claimed", "held_back", "started_ms")
    seen = [view[key] for key in keys]
    if standing is not None:
        seen += [standing.position, standing.waiting, str(standing.reason), standing.expected_ms]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def run_view(
    core: Core, tx: Tx, actor: Actor, run: Run, standings: Mapping[str, Standing]
) -> dict[str, Any]:
    """Return one run; the caller has checked that the actor may see it."""
    project = tx.projects.get(run.project)
    person = tx.people.get(run.person)
    live = core.live.progress.get(run.id)
    until = run.ended_ms if run.ended_ms is not None else core.clock()
    held = run.devices * max(0, until - run.started_ms) if run.started_ms is not None else 0
    slot = tx.leases.get(run.lease) if run.lease else None
    rate = core.rate(slot) if slot else core.policy.rate(run.flavor)
    waiting = run.state == "queued" and slot is not None
    view = {
        "id": run.id,
        "name": run.name,
        "project": project.name if project else "",
        "person": person.hub_name if person else "",
        "state": str(run.state),
        "reason": run.reason,
        "reason_text": text(f"run_reason.{run.reason}", actor.lang) if run.reason else "",
        "parameters": dict(run.parameters),
        "flavor": run.flavor,
        "devices": run.devices,
        "limit_ms": run.limit_ms,
        "submitted_ms": run.submitted_ms,
        "started_ms": run.started_ms,
        "ended_ms": run.ended_ms,
        "cells_done": live.cells_done if live else run.cells_done,
        "cells_total": live.cells_total if live else run.cells_total,
        "error": dict(run.error) if run.error else None,
        "lease": run.lease,
        "attempt": run.attempt,
        "has_output": bool(run.output_sha256),
        "held_device_ms": held,
        "charged_microcredits": cost_microcredits(held, rate),
        "standing": standing_view(standings.get(run.lease), actor.lang) if waiting else None,
        "can_manage": access.may_manage(tx, actor, run.person, run.project),
    }
    keys = ("state", "reason", "cells_done", "cells_total", "attempt", "has_output")
    seen = [view[key] for key in keys]
    return view | {"version": hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}


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
