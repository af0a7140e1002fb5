"""What a schedule submits, read from where it is kept; used at its times and when asked for now."""

import json
from typing import Any

from madang.domain.schedule import Schedule
from madang.services.core import Core
from madang.services.requests import RunRequest, SweepRequest

_RUN_FIELDS = (
    *("parameters", "flavor", "devices", "limit_ms", "environment"),
    *("priority", "is_reusing", "after", "secrets", "checkpoint_after_ms"),
)


async def request_of(core: Core, schedule: Schedule) -> RunRequest | SweepRequest:
    """Return the request of a schedule."""
    get = core.artifacts.get
    asked = json.loads(await get(schedule.request_sha256))
    asked["after"] = tuple(asked["after"])
    asked["secrets"] = tuple(asked.get("secrets", ()))  # older schedules know none
    same: dict[str, Any] = {
        "project": schedule.project,
        "name": schedule.name,
        "notebook": await get(schedule.notebook_sha256),
        "files": {name: await get(sha256) for name, sha256 in schedule.files.items()},
    }
    if schedule.is_sweep:
        return SweepRequest(**same, **asked)
    return RunRequest(**same, **{name: asked[name] for name in _RUN_FIELDS if name in asked})
