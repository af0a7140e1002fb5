"""Starts what an admitted lease stands for; notebooks are started by the hub, at our asking."""

import asyncio

from madang.domain.lease import Lease, LeaseState, deadline_ms
from madang.engines.ports import LaunchSpec
from madang.errors import MadangError
from madang.services import environment_use, scaling, tokens
from madang.services.core import Core, HubPort
from madang.services.leasing import tier_of
from madang.store import Tx
from madang.units import is_due

ASK_AGAIN_MS = 5_000
FIRST_ASK_MS = 2_000
"""The hub's own waiting start is given this long before it is asked."""

ASKED_AT_ONCE = 4
"""Who is not among them is asked for at the next look."""


async def launch(core: Core, waiting: Lease) -> None:
    """Start the processes of a cluster or slot; repeating changes nothing.

    Workers that join a scheduler wait until it lives.
    """

    def work(tx: Tx) -> LaunchSpec | None:
        lease = tx.leases.get(waiting.id)
        if lease is None or lease.attempt != waiting.attempt or not lease.holds_devices:
            return None
        project = tx.projects.get(lease.project)
        person = tx.people.get(lease.person)
        if project is None or person is None:
            return None
        joins = None
        if scaling.JOINS in lease.options:
            first = tx.leases.get(str(lease.options[scaling.JOINS]))
            if first is None or first.state is not LeaseState.ACTIVE:
                return None
            joins = (first.id, first.attempt)
        inside, kept = environment_use.of_cluster(tx, lease)
        if kept:
            tx.leases.change(lease.id, lease.state, options={**lease.options, **kept})
        return LaunchSpec(
            lease_id=lease.id,
            attempt=lease.attempt,
            kind=lease.kind,
            person_name=person.hub_name,
            project_name=project.name,
            person_id=lease.person,
            project_id=lease.project,
            flavor=lease.flavor,
            device_ids=lease.device_ids,
            limit_ms=lease.limit_ms,
            service_url=core.service_url,
            token=tokens.mint(tx, lease, core.clock()),
            workers=int(lease.options.get("workers", 0)),
            gpus_per_worker=int(lease.options.get("gpus_per_worker", 0)),
            threads_per_worker=int(lease.options.get("threads_per_worker", 1)),
            joins=joins,
            environment=inside,
            internet=tier_of(core, project).internet,
            deadline_ms=deadline_ms(lease.limit_ms, core.policy.stop_grace_ms),
            grace_ms=core.policy.stop_grace_ms,
        )

    spec = await core.store.write(work)
    if spec is not None:
        await core.engine.launcher.start(spec)
        core.wake.set()


async def hold_to_limit(core: Core, lease: Lease) -> None:
    """Tell the keepers of a running attempt its limit once, and again when it was extended.

    So a limit holds while the service is down, also one that a notebook was not launched with.
    """
    limit = (lease.attempt, lease.limit_ms)
    if core.live.limits.get(lease.id) != limit:
        due_ms = deadline_ms(lease.limit_ms, core.policy.stop_grace_ms)
        await core.engine.launcher.set_deadline(lease.id, lease.attempt, due_ms)
        core.live.limits[lease.id] = limit


async def ask_hub(core: Core, lease: Lease) -> None:
    """Ask the hub for a claimed notebook that it has not started by itself.

    The hub's waiting start is only in its memory; after a restart of the hub the lease still waits
    here, and the server is asked for when its turn is taken.
    """
    now = core.clock()
    asked = core.live.asked_spawn_ms.get(lease.id)
    if core.hub is None or not is_due(lease.claimed_ms or now, FIRST_ASK_MS, now):
        return
    if asked is not None and not is_due(asked, ASK_AGAIN_MS, now):
        return
    # Half of them is for those whom nobody has asked for yet.
    if len(core.live.asking) >= (ASKED_AT_ONCE if asked is None else ASKED_AT_ONCE // 2):
        return
    core.live.asked_spawn_ms[lease.id] = now
    # Beside the look: a hub that is busy with a crowd answers late, and admissions go on meanwhile.
    task = asyncio.create_task(_ask_spawn(core, core.hub, lease))
    core.live.asking.add(task)
    task.add_done_callback(core.live.asking.discard)


async def _ask_spawn(core: Core, hub: HubPort, lease: Lease) -> None:
    def names(tx: Tx) -> tuple[str, str]:
        person, project = tx.people.get(lease.person), tx.projects.get(lease.project)
        return (person.hub_name if person else "", project.name if project else "")

    try:
        person, project = await core.store.read(names)
        options = {"project": project, "profile": str(lease.options.get("profile", ""))}
        await hub.ask_spawn(person, lease.name, options)
    except MadangError:
        # The hub is down: the lease keeps its devices until its turn ends, and we ask again.
        return
