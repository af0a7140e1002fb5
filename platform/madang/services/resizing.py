"""What work that is submitted again executes on: as it was, but for what somebody says anew."""

from typing import Any

from madang.domain.project import Project
from madang.domain.run import Run
from madang.domain.sweep import Sweep
from madang.services import environment_use
from madang.services.core import Core
from madang.services.requests import NewSize
from madang.store import Tx


def resized(core: Core, old: Run | Sweep, new: NewSize) -> dict[str, Any]:
    """Return the flavor, the devices and the limit of what repeats an old run or sweep.

    Raises
    ------
    InvalidError
        ``unknown_flavor``.
    """
    flavor, devices = old.flavor, old.devices
    if new.flavor is not None:
        flavor = core.flavor(new.flavor).name
        # What nobody said must fit the kind that was: a processor has no devices, all others have.
        devices = 0 if flavor == "cpu" else max(1, devices)
    return {
        "flavor": flavor,
        "devices": devices if new.devices is None else new.devices,
        "limit_ms": old.limit_ms if new.limit_ms is None else new.limit_ms,
    }


def environment(tx: Tx, project: Project, old: Run | Sweep, new: NewSize) -> str:
    """Return the id of the environment that it executes with, which must be usable now.

    Raises
    ------
    NotFoundError
        ``environment_unknown``.
    ConflictError
        ``environment_not_ready``.
    """
    named = old.environment if new.environment is None else new.environment
    return environment_use.usable(tx, project, named).id if named else ""
