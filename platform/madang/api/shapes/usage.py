"""Statements from the ledger, its entries, and whether it adds up."""

from typing import Annotated

from pydantic import Field

from madang.api.shapes.base import Count, Day, DeviceMs, Micro, Shape, TimeMs
from madang.ledger.entry import EntryKind


class _Sums(Shape):
    held_device_ms: DeviceMs
    used_device_ms: DeviceMs
    unmetered_device_ms: DeviceMs
    microcredits: Micro


class UsageOfPerson(_Sums):
    """What one person used."""

    person: str


class DaysOfPerson(Shape):
    """Held device-milliseconds of one person by day."""

    person: str
    days: dict[str, Count]


class UsageOfKind(_Sums):
    """What one kind of lease used."""

    kind: str


class UsageOfDay(_Sums):
    """What was used on one day."""

    day: Day


class UsageOfProject(_Sums):
    """What a project was granted and used."""

    id: str
    name: str
    title: str
    granted: Micro
    used: Micro
    reserved: Micro
    left: Micro
    overrun: Micro
    by_person: list[UsageOfPerson]
    by_person_day: list[DaysOfPerson]
    by_kind: list[UsageOfKind]
    by_day: list[UsageOfDay]


class Usage(Shape):
    """What was held, used and charged in a span of time."""

    from_ms: TimeMs
    to_ms: TimeMs
    projects: list[UsageOfProject]
    head_seq: Count
    head_hash: str
    zone: str
    login_is_shared: bool


class Entry(Shape):
    """One line of the ledger."""

    seq: Count
    kind: EntryKind
    project: str
    person: str
    at_ms: TimeMs
    lease: str
    lease_kind: str
    attempt: Count
    segment: Count
    flavor: str
    devices: Count
    from_ms: TimeMs
    to_ms: TimeMs
    device_ms: DeviceMs
    used_device_ms: Annotated[int, Field(ge=-1, description="-1 where it was not metered.")]
    rate_microcredits: Micro
    amount_microcredits: Micro
    ref: str
    prev_hash: str
    hash: str


class Fault(Shape):
    """What does not add up at an entry."""

    seq: Count
    what: str


class Balance(Shape):
    """A project's balance, as kept and as computed anew."""

    project: str
    granted: Micro
    used: Micro
    recomputed_granted: Micro
    recomputed_used: Micro
    ok: bool


class Verified(Shape):
    """Whether chain, sums and balances of the ledger add up."""

    ok: bool
    entries: Count
    head_hash: str
    problems: list[Fault]
    balances: list[Balance]
