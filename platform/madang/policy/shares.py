"""Decayed usage, and what the queue keeps of each project and its members.

Used by :mod:`madang.policy.fair_queue` only. Usage is a float because it only orders projects;
money never comes from here.
"""

import math

from madang.domain.queue import ProjectShare

AHEAD_MS = 900_000
"""Each held device counts this much in advance. Without it, whoever is first by a hair at one
instant would take every free device, because usage grows only while time passes."""


class Usage:
    """Device-milliseconds that accrue while devices are held and halve in each half-life.

    Reading never changes it, so asking more or less often cannot change an order.
    """

    __slots__ = ("at_ms", "device_ms", "held")

    def __init__(self, device_ms: float = 0.0, at_ms: int = 0, held: int = 0) -> None:
        self.device_ms = device_ms
        self.at_ms = at_ms
        self.held = held

    def read(self, now_ms: int, half_life_ms: int) -> float:
        """Return the decayed usage as of ``now_ms``."""
        passed = now_ms - self.at_ms
        if passed <= 0 or (self.held == 0 and self.device_ms == 0.0):
            return self.device_ms
        lost = -math.expm1(-math.log(2) * passed / half_life_ms)
        return self.device_ms * (1.0 - lost) + self.held * half_life_ms / math.log(2) * lost

    def hold(self, devices: int, now_ms: int, half_life_ms: int) -> None:
        """Hold more (or, negative, fewer) devices from now on."""
        self.device_ms = self.read(now_ms, half_life_ms)
        self.at_ms = max(self.at_ms, now_ms)
        self.held += devices

    def measure(self, now_ms: int, half_life_ms: int) -> float:
        """Return what orders projects and members: usage, and the devices held now in advance."""
        return self.read(now_ms, half_life_ms) + self.held * AHEAD_MS

    def copy(self) -> "Usage":
        """Return an independent copy."""
        return Usage(self.device_ms, self.at_ms, self.held)


class Account:
    """One project in the queue: its share, its usage, and the usage of each member."""

    __slots__ = ("members", "share", "usage")

    def __init__(self, share: ProjectShare) -> None:
        self.share = share
        self.usage = Usage()
        self.members: dict[str, Usage] = {}

    def member(self, person: str) -> Usage:
        """Return the usage of a member, starting one at zero."""
        usage = self.members.get(person)
        if usage is None:
            usage = self.members[person] = Usage()
        return usage

    def hold(self, person: str, devices: int, now_ms: int, half_life_ms: int) -> None:
        """Count devices that a member takes (or, negative, gives back)."""
        self.usage.hold(devices, now_ms, half_life_ms)
        self.member(person).hold(devices, now_ms, half_life_ms)

    def measure(self, now_ms: int, half_life_ms: int) -> float:
        """Return usage per weight; a project without weight comes last."""
        if self.share.weight <= 0:
            return math.inf
        return self.usage.measure(now_ms, half_life_ms) / self.share.weight

    def room(self, devices_max: int | None, held: int) -> int | float:
        """Return how many devices a cap still allows."""
        return math.inf if devices_max is None else devices_max - held

    @property
    def project_room(self) -> int | float:
        """Devices that the project may still take under its cap."""
        return self.room(self.share.max_devices_project, self.usage.held)

    def person_room(self, person: str) -> int | float:
        """Devices that a member may still take under the cap per person."""
        if self.share.max_devices_person is None:
            return math.inf
        usage = self.members.get(person)
        return self.share.max_devices_person - (usage.held if usage else 0)

    def copy(self) -> "Account":
        """Return an independent copy."""
        other = Account(self.share)
        other.usage = self.usage.copy()
        other.members = {person: usage.copy() for person, usage in self.members.items()}
        return other
