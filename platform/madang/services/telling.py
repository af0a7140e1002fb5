"""Puts notices into the outbox, in the transaction of what they tell.

A kill after the commit loses nothing: the row is there, and :mod:`madang.services.delivery` finds
it. A kill before it leaves nothing to tell.
"""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import EndReason, Lease, LeaseKind
from madang.domain.notice import Channel, Notice, NoticeKind
from madang.domain.run import Run, RunState
from madang.domain.sweep import Sweep, SweepState
from madang.policy.idle import Idling
from madang.store import Tx
from madang.units import MS_PER_HOUR, new_id

KEEP_MS = 24 * MS_PER_HOUR
"""For how long it is tried to tell what has no end of its own."""

TOLD_ENDS = frozenset(EndReason) - {EndReason.COMPLETED, EndReason.CANCELLED}
"""Ends that a person did not bring about."""

TOLD_RUNS = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.EXPIRED})


def tell(
    tx: Tx,
    person: str,
    kind: NoticeKind,
    dedupe: str,
    data: Mapping[str, Any],
    at_ms: int,
    until_ms: int | None = None,
    wish: bool | None = None,
) -> bool:
    """Tell a person something on each channel that they want it on; False if all was told.

    Parameters
    ----------
    wish
        Whether they want just this by mail and webhook; None as their settings say. The list on our
        page has everything.
    """
    settings = tx.notices.settings(person)
    channels = [Channel.PAGE]
    is_wanted = settings is not None and (kind is NoticeKind.TEST or kind in settings.kinds)
    if settings is not None and (is_wanted if wish is None else wish):
        channels += [Channel.MAIL] if settings.mail else []
        channels += [Channel.WEBHOOK] if settings.webhook_url else []
    is_new = False
    for channel in channels:
        notice = Notice(
            id=new_id("notice", at_ms),
            person=person,
            kind=kind,
            channel=channel,
            dedupe=dedupe,
            at_ms=at_ms,
            until_ms=at_ms + KEEP_MS if until_ms is None else until_ms,
            due_ms=at_ms,
            data=dict(data),
        )
        is_new = tx.notices.put(notice) or is_new
    return is_new


def turn(tx: Tx, lease: Lease, at_ms: int) -> None:
    """Tell that devices are kept for a person who must take them now."""
    if lease.needs_claim and lease.claim_by_ms is not None:
        data = {**_lease(tx, lease), "claim_by_ms": lease.claim_by_ms}
        dedupe = f"turn:{lease.id}:{lease.attempt}"
        tell(tx, lease.person, NoticeKind.TURN, dedupe, data, at_ms, lease.claim_by_ms)


def ended(tx: Tx, lease: Lease, at_ms: int) -> None:
    """Tell why a lease ended, unless its person ended it; slots are told of as runs."""
    if lease.is_ended and lease.reason in TOLD_ENDS and lease.kind is not LeaseKind.SLOT:
        data = {**_lease(tx, lease), "reason": str(lease.reason)}
        tell(tx, lease.person, NoticeKind.ENDED, f"ended:{lease.id}", data, at_ms)


def ending(tx: Tx, lease: Lease, minutes: int, at_ms: int) -> bool:
    """Tell that a lease comes to its limit; once for each limit, as it may be extended."""
    data = {**_lease(tx, lease), "minutes": minutes, "expires_ms": lease.expires_ms}
    dedupe = f"ending:{lease.id}:{lease.attempt}:{lease.expires_ms}:{minutes}"
    return tell(tx, lease.person, NoticeKind.ENDING, dedupe, data, at_ms, lease.expires_ms)


def idle(tx: Tx, lease: Lease, here: Idling, ends_ms: int, at_ms: int) -> bool:
    """Tell that a notebook leaves its devices unused; once for each step of the ladder."""
    data = {**_lease(tx, lease), "since_ms": here.since_ms, "ends_ms": ends_ms}
    dedupe = f"idle:{lease.id}:{lease.attempt}:{here.since_ms}:{here.step}"
    return tell(tx, lease.person, NoticeKind.IDLE, dedupe, data, at_ms, ends_ms)


def run_ended(tx: Tx, run: Run, at_ms: int) -> None:
    """Tell that a run has ended, unless its person cancelled it; sweeps are told of as a whole."""
    if run.state in TOLD_RUNS and not run.sweep:
        project = tx.projects.get(run.project)
        data = {
            "run": run.id,
            "name": run.name,
            "project": project.name if project else "",
            "state": str(run.state),
        }
        tell(tx, run.person, NoticeKind.RUN, f"run:{run.id}:{run.state}", data, at_ms)


def sweep_ended(tx: Tx, sweep: Sweep, state: SweepState, at_ms: int) -> None:
    """Tell that all runs of a sweep have ended, unless its person cancelled it."""
    if state is SweepState.CANCELLED:
        return
    project = tx.projects.get(sweep.project)
    data = {
        "sweep": sweep.id,
        "name": sweep.name,
        "project": project.name if project else "",
        "state": str(state),
    }
    # Once more after each time that failed runs were tried again.
    dedupe = f"sweep:{sweep.id}:{at_ms}"
    tell(tx, sweep.person, NoticeKind.RUN, dedupe, data, at_ms, wish=sweep.notify)


def waited_in_vain(tx: Tx, item: Run | Sweep, waited_for: str, at_ms: int) -> None:
    """Tell that work was cancelled since what it waited for has not succeeded."""
    project = tx.projects.get(item.project)
    data = {
        "sweep" if isinstance(item, Sweep) else "run": item.id,
        "name": item.name,
        "project": project.name if project else "",
        "state": str(RunState.CANCELLED),
        "why": "after_failed",
        "waited_for": waited_for,
    }
    wish = item.notify if isinstance(item, Sweep) else None
    tell(tx, item.person, NoticeKind.RUN, f"after:{item.id}", data, at_ms, wish=wish)


def _lease(tx: Tx, lease: Lease) -> dict[str, Any]:
    project = tx.projects.get(lease.project)
    return {
        "lease": lease.id,
        "lease_kind": str(lease.kind),
        "name": lease.name,
        "project": project.name if project else "",
        "devices": lease.devices,
        "flavor": lease.flavor,
    }
