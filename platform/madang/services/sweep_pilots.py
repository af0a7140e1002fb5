"""The one run that is tried before a sweep, and what the sweep is expected to take after it.

A pilot is an ordinary run: it waits, is paid and is kept as any other. A sweep is not tied to it;
whoever plans names the run whose time is to be taken.
"""

from collections.abc import Mapping
from typing import Any

from madang.domain.run import RunState
from madang.domain.sweep import Sweep
from madang.i18n import text
from madang.services import access, leasing
from madang.services.core import Core
from madang.services.requests import Actor, RunRequest, SweepRequest
from madang.store import Tx
from madang.units import cost_microcredits

_EXPECTED = ("measured_ms", "expected_ms", "expected_device_ms", "expected_microcredits")


def pilot_request(actor: Actor, request: SweepRequest, point: Mapping[str, Any]) -> RunRequest:
    """Return the run of a sweep's first point, named so that nobody takes it for the sweep."""
    name = request.name or "notebook"
    said = text("services.sweep.pilot_name", actor.lang, name="")
    return RunRequest(
        project=request.project,
        name=name[: leasing.MAX_NAME_CHARS - len(said)] + said,
        notebook=request.notebook,
        parameters=point,
        files=request.files,
        flavor=request.flavor,
        devices=request.devices,
        limit_ms=request.limit_ms,
        environment=request.environment,
        secrets=request.secrets,
        checkpoint_after_ms=request.checkpoint_after_ms,
    )


def device_time_ms(sweep: Sweep, count: int, each_ms: int) -> int:
    """Return for how long devices are held if so many runs take as long as each other."""
    return -(-count // sweep.runs_per_device) * sweep.devices * each_ms


def expected(
    core: Core, tx: Tx, actor: Actor, pilot: str, sweep: Sweep, count: int
) -> dict[str, int | None]:
    """Return what so many runs take if each takes as long as the pilot did.

    ``expected_ms`` is the time that passes while as many run together as may.

    None where that cannot be known: no pilot was named, it has not succeeded (yet), or it ran on
    another size than the sweep asks for.
    """
    run = access.visible_run(tx, actor, pilot) if pilot else None
    took_ms = None
    if (
        run is not None
        and run.state is RunState.SUCCEEDED
        and run.started_ms is not None
        and run.ended_ms is not None
        and (run.flavor, run.devices) == (sweep.flavor, sweep.devices)
    ):
        took_ms = max(0, run.ended_ms - run.started_ms)
    if took_ms is None:
        return dict.fromkeys(_EXPECTED)
    device_ms = device_time_ms(sweep, count, took_ms)
    cost = cost_microcredits(device_ms, core.policy.rate(sweep.flavor))
    rounds = -(-count // (sweep.max_parallel * sweep.runs_per_device))
    return dict(zip(_EXPECTED, (took_ms, rounds * took_ms, device_ms, cost), strict=True))
