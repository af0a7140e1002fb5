"""What all use-cases share: the store, the engine, the rules, the clock, and what is known live."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.environment_spec import Example
from madang.domain.lease import Lease, Standing
from madang.domain.notice import Channel
from madang.domain.profile import Flavor, Profile
from madang.domain.upkeep import Maintenance
from madang.engines.ports import Engine, Sample, Trouble
from madang.errors import InvalidError, MadangError
from madang.notices.ports import Notifier
from madang.pki.seal import Seal
from madang.policy.idle import Idling
from madang.services.bus import ChangeBus
from madang.services.held_artifacts import HeldArtifacts
from madang.services.leading import Leading
from madang.services.measures import Measures
from madang.services.paused import Paused
from madang.settings.files import Policy
from madang.store import Store
from madang.units import now_ms


class HubPort(Protocol):
    """What the use-cases ask of the hub."""

    async def ask_spawn(self, person: str, server: str, options: Mapping[str, Any]) -> None:
        """Ask for a person's server; harmless when it is pending or running already."""


@dataclass(slots=True)
class RunProgress:
    """Progress of a running run; kept in memory, since progress per cell is never a commit."""

    cells_done: int = 0
    cells_total: int = 0
    resumed_after: int = 0
    kept_cell: int = 0
    log: str = ""

    def counts(self) -> dict[str, int]:
        """Return what the run's row keeps of it when the run ends."""
        return {
            "cells_done": self.cells_done,
            "cells_total": self.cells_total,
            "resumed_after": self.resumed_after,
            "kept_cell": self.kept_cell,
        }


@dataclass(slots=True)
class Activity:
    """What the agent of a notebook said last."""

    at_ms: int
    is_busy: bool
    body: Mapping[str, Any]


SlotGroup = tuple[str, str, str, int]
"""Person, project, flavor and devices: what a slot and the runs that it may take have in common."""


@dataclass(slots=True)
class SlotFaults:
    """Why no slot is opened now for the runs of a group."""

    count: int = 0
    until_ms: int = 0


@dataclass(slots=True)
class Adapting:
    """What is known of one adaptive cluster between two questions to its scheduler."""

    asked_ms: int = 0
    wanted: int | None = None
    below_since_ms: int | None = None
    refused: MadangError | None = None
    refused_ms: int = 0
    task: "asyncio.Task[None] | None" = None


@dataclass(slots=True)
class Live:
    """Readings that may be lost with the process; no charge needs one of them.

    What was ``seen_alive_ms`` only ever makes a recorded end later: a record may have been tampered
    with.
    """

    activity: dict[str, Activity] = field(default_factory=dict)
    progress: dict[str, RunProgress] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    idle_since_ms: dict[str, int] = field(default_factory=dict)
    idling: dict[str, Idling] = field(default_factory=dict)
    watched_ms: dict[str, int] = field(default_factory=dict)
    asked_spawn_ms: dict[str, int] = field(default_factory=dict)
    asking: "set[asyncio.Task[None]]" = field(default_factory=set)
    adapting: dict[str, Adapting] = field(default_factory=dict)
    retiring: dict[tuple[str, int], "asyncio.Future[bool]"] = field(default_factory=dict)
    seen_alive_ms: dict[str, int] = field(default_factory=dict)
    limits: dict[str, tuple[int, int]] = field(default_factory=dict)
    slot_faults: dict[SlotGroup, SlotFaults] = field(default_factory=dict)
    handing: dict[str, object] = field(default_factory=dict)
    troubles: dict[str, tuple[Trouble, int]] = field(default_factory=dict)

    def forget(self, lease_id: str) -> None:
        """Drop what is known of a lease that ended."""
        for known in (
            self.activity,
            self.samples,
            self.idle_since_ms,
            self.idling,
            self.watched_ms,
            self.asked_spawn_ms,
            self.seen_alive_ms,
            self.limits,
            self.troubles,
        ):
            known.pop(lease_id, None)
        self.adapting.pop(lease_id, None)
        for key in [key for key in self.retiring if key[0] == lease_id]:
            del self.retiring[key]


@dataclass(slots=True, kw_only=True)
class Core:
    """Handed to every use-case by :class:`madang.services.Services`.

    Attributes
    ----------
    cluster_flavors
        How nodes offer each flavor; empty where leases are carried out on this machine.
    leading
        The leadership among replicas; None where the database is a file.
    isolation_rules
        See :class:`madang.services.isolation.Isolation`; empty where nothing need be proved.
    """

    store: Store
    engine: Engine
    policy: Policy
    profiles: tuple[Profile, ...]
    flavors: Mapping[str, Flavor]
    devices_total: Mapping[str, int]
    service_url: str
    login_is_shared: bool
    seal: Seal
    isolation_rules: str = ""
    clock: Callable[[], int] = now_ms
    bus: ChangeBus = field(default_factory=ChangeBus)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    live: Live = field(default_factory=Live)
    hub: HubPort | None = None
    public_url: str = ""
    notifiers: Mapping[Channel, Notifier] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    maintenance: Maintenance | None = None
    measures: Measures = field(default_factory=Measures)
    cluster_flavors: Mapping[str, ClusterFlavor] = field(default_factory=dict)
    leading: Leading | None = None
    artifacts: HeldArtifacts = field(init=False)

    def __post_init__(self) -> None:
        # Whoever stores bytes does it through what holds them until their row is there.
        self.artifacts = HeldArtifacts(
            self.engine.artifacts, lambda: self.clock(), lambda: self.changed("runs", "queue")
        )

    @property
    def may_act(self) -> bool:
        """Whether loops may look and act: no other replica can lead now."""
        return self.leading is None or self.leading.is_sure

    def changed(self, *topics: str) -> None:
        """Tell listeners and let the reconcile loop look at once."""
        self.bus.publish(*topics)
        self.wake.set()

    def mark(self) -> object:
        """Return a value that differs once anything was written to the store, or told."""
        return self.store.writes, self.bus.changes

    async def standings(self) -> Mapping[str, Standing]:
        """Return what each waiting lease is told, by its id."""
        return self.told(await self.engine.admission.standings(self.clock()))

    def told(self, standings: Mapping[str, Standing]) -> Mapping[str, Standing]:
        """Return what is told of these standings: in a pause nobody's turn comes."""
        pause = self.maintenance
        if pause is None:
            return standings
        return Paused(standings, pause, self.until_text(pause), self.clock())

    def day_text(self, at_ms: int) -> str:
        """Return a day by the calendar of the site."""
        at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(self.policy.zone))
        return at.strftime("%Y-%m-%d")

    def until_text(self, pause: Maintenance) -> str:
        """Return when a pause is expected to be over, by the clock of the site; empty if unsaid."""
        if pause.until_ms is None:
            return ""
        at = datetime.fromtimestamp(pause.until_ms / 1000, ZoneInfo(self.policy.zone))
        return at.strftime("%Y-%m-%d %H:%M %Z")

    def flavor(self, name: str) -> Flavor:
        """Return a flavor; ``gpu`` means the first GPU flavor of the pool.

        Raises
        ------
        InvalidError
            ``unknown_flavor`` with the flavors that there are.
        """
        if name == "gpu":
            name = next((key for key in self.flavors if key != "cpu"), "gpu")
        if name not in self.flavors:
            raise InvalidError("unknown_flavor", given=name[:60], known=sorted(self.flavors))
        return self.flavors[name]

    def profile(self, name: str) -> Profile:
        """Return a profile; ``InvalidError`` ``unknown_profile`` when there is none."""
        for profile in self.profiles:
            if profile.name == name:
                return profile
        known = [profile.name for profile in self.profiles]
        raise InvalidError("unknown_profile", given=name[:60], known=known)

    def rate(self, lease: Lease) -> int:
        """Return the price of a device-hour: that of the admission, or of now before it."""
        return lease.rate_microcredits or self.policy.rate(lease.flavor)

    async def until_changed(
        self,
        look: Callable[[], Awaitable[dict[str, Any]]],
        topics: set[str],
        *,
        seen: str,
        timeout_s: float,
        pause_s: Callable[[dict[str, Any]], float | None] = lambda _view: None,
        pace_s: float = 0.0,
    ) -> dict[str, Any]:
        """Return a view as soon as its version differs from ``seen``, or when time is over.

        Parameters
        ----------
        look
            Reads the view; called again after each change of the topics.
        pause_s
            Look again after so many seconds even if nothing was told (None: only then).
        pace_s
            At least so long between two looks of who waits, for what changes all the time.
        """
        until_ms = self.clock() + int(timeout_s * 1000)
        if seen and pace_s:
            await asyncio.sleep(min(pace_s, timeout_s))
        with self.bus.listen() as listener:
            while True:
                view = await look()
                left_s = (until_ms - self.clock()) / 1000
                if view["version"] != seen or left_s <= 0:
                    return view
                pause = pause_s(view)
                wait_s = left_s if pause is None else min(pause, left_s)
                if await listener.heard(topics, wait_s):
                    await asyncio.sleep(min(pace_s, wait_s))
