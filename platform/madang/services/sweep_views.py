"""Sweeps, and the rows of their tables, as the JSON that API, pages and command line show."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from madang.domain.lease import LeaseKind, LeaseState, Standing
from madang.domain.run import FINAL_RUN_STATES, Run, RunState
from madang.domain.sweep import Sweep, expected_end_ms, sweep_state
from madang.i18n import text
from madang.services import after, environment_use
from madang.services.core import Core
from madang.services.requests import Actor
from madang.services.views import Names, standing_view, waits_for
from madang.store import Tx
from madang.units import cost_microcredits


def summary(core: Core, tx: Tx, sweep: Sweep, now_ms: int) -> dict[str, Any]:
    """Return how many runs are in each state, and what they took and cost so far."""
    held = cost = 0
    shares = sweep.runs_per_device > 1
    taken = tx.sweeps.spent_together if shares else tx.sweeps.spent
    for spent in taken(sweep.id, now_ms):
        slot = tx.leases.get(spent.lease) if spent.lease else None
        device_ms = sweep.devices * spent.ms
        held += device_ms
        rate = core.rate(slot) if slot else core.policy.rate(sweep.flavor)
        cost += cost_microcredits(device_ms, rate)
    counts = tx.sweeps.counts([sweep.id])[sweep.id]
    return {
        "counts": counts,
        "held_device_ms": held,
        "charged_microcredits": cost,
        "shared": asdict(tx.sweeps.inherited(sweep.id)),
        "fresh": tx.sweeps.fresh(sweep.id),
    }


def sweep_view(
    core: Core,
    tx: Tx,
    actor: Actor,
    sweep: Sweep,
    standings: Mapping[str, Standing],
    names: Names | None = None,
) -> dict[str, Any]:
    """Return one sweep; the caller has checked that the actor may see it."""
    names = names or Names(tx, actor)
    now = core.clock()
    known = dict(sweep.summary or summary(core, tx, sweep, now))
    counts = {str(state): known["counts"].get(state, 0) for state in RunState}
    expected = None
    if sweep.ended_ms is None and not sweep.is_paused:
        expected = expected_end_ms(counts, tx.sweeps.took_ms(sweep.id), now, sweep.reused)
    view = {
        "id": sweep.id,
        "name": sweep.name,
        "project": names.project(sweep.project),
        "person": names.person(sweep.person),
        "state": str(sweep_state(counts, sweep.is_paused)),
        "is_paused": sweep.is_paused,
        "counts": counts,
        "runs": sum(counts.values()),
        "runs_done": sum(counts[state] for state in FINAL_RUN_STATES),
        "max_parallel": sweep.max_parallel,
        "runs_per_device": sweep.runs_per_device,
        "priority": sweep.priority,
        "origin": sweep.origin,
        "reused": sweep.reused,
        "after": after.view(tx, names, sweep),
        "secrets": list(sweep.secrets),
        "notify": sweep.notify,
        "flavor": sweep.flavor,
        "devices": sweep.devices,
        "limit_ms": sweep.limit_ms,
        "notebook_sha256": sweep.notebook_sha256,
        "environment": environment_use.view(tx, sweep.environment, 0),
        "submitted_ms": sweep.submitted_ms,
        "ended_ms": sweep.ended_ms,
        "expected_end_ms": expected,
        "held_device_ms": known["held_device_ms"],
        "charged_microcredits": known["charged_microcredits"],
        "shared": known.get("shared") or {"runs": 0, "times": 0, "saved_ms": 0},
        "fresh": _fresh(known.get("fresh") or {}, actor.lang),
        "standing": _standing(tx, actor, sweep, counts, standings),
        "waits_for": waits_for(core, actor.lang) if sweep.ended_ms is None else None,
        "can_manage": names.may_manage(sweep.person, sweep.project),
        "is_mine": sweep.person == actor.person.id,
    }
    told = (sweep.priority, sweep.is_held, view["waits_for"] is not None)
    seen = (counts, sweep.is_paused, sweep.ended_ms, *told)
    return view | {"version": hashlib.sha256(repr(seen).encode()).hexdigest()[:16]}


def fresh_text(reason: str, lang: str) -> str:
    """Return in words why a kernel was a fresh one; empty where it was none."""
    code, _, detail = reason.partition(" ")
    return text(f"fresh_kernel.{code}", lang, detail=detail) if code else ""


def _fresh(found: Mapping[str, int], lang: str) -> list[dict[str, Any]]:
    """Return the reasons, each once with an example, the commonest first."""
    reasons: dict[str, dict[str, Any]] = {}
    for reason, runs in found.items():
        code = reason.partition(" ")[0]
        row = reasons.setdefault(
            code, {"reason": code, "reason_text": fresh_text(reason, lang), "runs": 0}
        )
        row["runs"] += runs
    return sorted(reasons.values(), key=lambda row: -row["runs"])


def _standing(
    tx: Tx,
    actor: Actor,
    sweep: Sweep,
    counts: Mapping[str, int],
    standings: Mapping[str, Standing],
) -> dict[str, Any] | None:
    """Return what the first waiting slot of a sweep is told, while no run is executed."""
    if sweep.ended_ms is not None or counts[RunState.RUNNING] or sweep.is_paused:
        return None
    slots = tx.leases.find(state=LeaseState.QUEUED, kind=LeaseKind.SLOT, person=sweep.person)
    first = next((slot for slot in slots if slot.options.get("sweep") == sweep.id), None)
    return standing_view(standings.get(first.id), actor.lang) if first else None


def row_view(core: Core, actor: Actor, sweep: Sweep, run: Run, names: Names) -> dict[str, Any]:
    """Return one run as a row of its sweep's table."""
    live = core.live.progress.get(run.id)
    until = run.ended_ms if run.ended_ms is not None else core.clock()
    took = max(0, until - run.started_ms) if run.started_ms is not None else None
    slot = names.lease(run.lease) if run.lease else None
    rate = core.rate(slot) if slot else core.policy.rate(sweep.flavor)
    return {
        "id": run.id,
        "position": run.position,
        "state": str(run.state),
        "reason": run.reason,
        "reason_text": text(f"run_reason.{run.reason}", actor.lang) if run.reason else "",
        "parameters": dict(run.parameters),
        "recorded": dict(run.recorded),
        "cells_done": live.cells_done if live else run.cells_done,
        "cells_total": live.cells_total if live else run.cells_total,
        "attempt": run.attempt,
        "started_ms": run.started_ms,
        "ended_ms": run.ended_ms,
        "duration_ms": took,
        "charged_microcredits": cost_microcredits(run.device_time_ms(took or 0), rate),
        "error": dict(run.error) if run.error else None,
        "fresh_text": fresh_text(run.fresh_reason, actor.lang),
        "has_output": bool(run.output_sha256),
        "reused_from": run.reused_from,
    }
