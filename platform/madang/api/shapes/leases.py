"""Leases and what the waiting ones are told."""

from typing import Any, Literal

from pydantic import Field

from madang.api.shapes.base import Count, DeviceMs, Inside, Micro, Percent, Shape, TimeMs
from madang.domain.lease import (
    EndReason,
    LeaseClass,
    LeaseKind,
    LeaseState,
    Target,
    WaitReason,
)
from madang.domain.project import Internet


class Standing(Shape):
    """Where a waiting lease stands, and when it is expected to start."""

    position: Count
    waiting: Count
    reason: WaitReason
    reason_text: str
    expected_ms: TimeMs | None
    earliest_ms: TimeMs | None
    latest_ms: TimeMs | None
    devices_free: Count


class Reading(Shape):
    """How busy the devices of a lease were together; null where nothing was measured."""

    at_ms: TimeMs
    percent: Percent | None


class AskedBefore(Shape):
    """What a waiting notebook asked for before its latest change."""

    profile: str
    flavor: str
    devices: Count
    limit_ms: Count
    keeps_place: bool


class Alternative(Shape):
    """What a waiting notebook could have instead."""

    profile: str
    flavor: str
    devices: Count
    limit_ms: Count
    expected_ms: TimeMs | None
    cost_per_hour_microcredits: Micro
    keeps_place: bool
    title: str
    text: str


class Placement(Shape):
    """What the hub needs to start the pod of a notebook; null for everybody else."""

    person_id: str
    cpu_millis: Count
    memory_bytes: Count
    image: str
    env: dict[str, str]
    resource: str
    node_labels: dict[str, str]
    tolerations: list[dict[str, Any]]
    may_write: bool
    internet: Internet
    longest_ms: Count


class Lease(Shape):
    """The right to hold devices, from request to end."""

    id: str
    kind: LeaseKind
    lease_class: LeaseClass = Field(alias="class")
    name: str
    project: str
    project_id: str
    person: str
    flavor: str
    devices: Count
    profile: str
    state: LeaseState
    target: Target
    reason: EndReason | Literal[""]
    reason_text: str
    reason_hint: str
    why: str
    attempt: Count
    submitted_ms: TimeMs
    admitted_ms: TimeMs | None
    started_ms: TimeMs | None
    ended_ms: TimeMs | None
    limit_ms: Count
    expires_ms: TimeMs | None
    claim_by_ms: TimeMs | None
    claimed: bool
    held_back: bool
    turns_missed: Count
    rate_microcredits: Micro
    device_ids: list[str]
    is_simulated: bool
    reserved_microcredits: Micro
    held_device_ms: DeviceMs
    charged_microcredits: Micro
    standing: Standing | None
    cluster: str
    environment: Inside | None
    utilisation_percent: Percent | None
    samples: list[Reading]
    can_manage: bool
    ready: bool
    start_without_me: bool
    asked_before: AskedBefore | None
    alternatives: list[Alternative]
    placement: Placement | None
    version: str


class ChangedLease(Lease):
    """A lease after a change, and whether it kept its place."""

    kept_place: bool


class Preview(Shape):
    """What a change would mean."""

    keeps_place: bool
    starts_now: bool
    standing_after: Standing | None
    profile: str
    flavor: str
    devices: Count
    limit_ms: Count
    cost_per_hour_microcredits: Micro
