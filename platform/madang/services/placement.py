"""What the hub must know to start the pod of a notebook; told to the hub alone.

The service knows policy and profiles, and the engine places by the same flavors. So the hub keeps
neither file, cannot disagree with the queue, and need not be started again when one changes.
"""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease
from madang.domain.profile import Profile
from madang.domain.project import MAY_USE, Internet
from madang.services.core import Core
from madang.services.leasing import tier_of
from madang.store import Tx
from madang.units import MS_PER_HOUR


def placement(core: Core, tx: Tx, lease: Lease) -> dict[str, Any]:
    """Return size, image and nodes of a notebook, and what its person may do in the project."""
    profile = _profile(core, lease)
    flavor = core.cluster_flavors.get(lease.flavor)
    project = tx.projects.get(lease.project)
    tier = tier_of(core, project) if project is not None else None
    tier_ms = tier.max_hours * MS_PER_HOUR if tier is not None else 0
    return {
        "person_id": lease.person,
        "cpu_millis": profile.cpu_millis,
        "memory_bytes": profile.memory_bytes,
        "image": profile.image,
        "env": dict(profile.env),
        "resource": flavor.resource if flavor is not None and lease.devices else "",
        "node_labels": dict(flavor.node_labels) if flavor is not None else {},
        "tolerations": [dict(one) for one in flavor.tolerations] if flavor is not None else [],
        "may_write": tx.projects.role(lease.project, lease.person) in MAY_USE,
        "internet": str(tier.internet if tier is not None else Internet.OFF),
        # A limit may be made longer while the server runs, what bounds its pod may not.
        "longest_ms": max(lease.limit_ms, tier_ms),
    }


def _profile(core: Core, lease: Lease) -> Profile:
    """Return the lease's profile; ordinary sizes for one that names none, or one that is gone."""
    options: Mapping[str, Any] = lease.options
    name = str(options.get("profile", ""))
    for profile in core.profiles:
        if profile.name == name:
            return profile
    return Profile(name=name, titles={}, flavor=lease.flavor, devices=lease.devices)
