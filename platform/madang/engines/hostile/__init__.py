"""An engine in memory that does everything a port allows and nobody hopes for. For tests.

It admits late, tells events twice, in another order or much later, asks devices back, fails between
making a process and recording it, and loses processes. All by a seeded generator and a clock that
the test moves, so that a failure can be repeated. What services survive here they survive on any
engine.
"""

from collections.abc import Mapping
from random import Random

from madang.engines.hostile.admission import HostileAdmission
from madang.engines.hostile.environments import MemoryEnvironments
from madang.engines.hostile.faults import Faults, World
from madang.engines.hostile.launcher import HostileLauncher
from madang.engines.hostile.memory import MemoryArtifacts, MemoryMeter
from madang.engines.ports import Engine

__all__ = ["Faults", "HostileEngine"]


class HostileEngine:
    """The engine and the knobs of a test.

    Parameters
    ----------
    seed
        Of all that happens at random.
    capacity
        Devices by flavor; ``cpu`` is always there. Ids are ``<flavor>-<n>``.
    faults
        How hostile it is; without, everything happens at once and in order.
    now_ms
        Where the clock starts.
    """

    def __init__(
        self,
        seed: int,
        capacity: Mapping[str, int] | None = None,
        faults: Faults | None = None,
        now_ms: int = 1_700_000_000_000,
    ) -> None:
        random = Random(seed)  # noqa: S311 - a test must be able to repeat it
        self._world = World(random, faults or Faults(), now_ms)
        self.admission = HostileAdmission(self._world, capacity or {"sim-h200": 4})
        self.launcher = HostileLauncher(self._world)
        self.meter = MemoryMeter()
        self.artifacts = MemoryArtifacts()
        self.environments = MemoryEnvironments(self._world)

    def engine(self) -> Engine:
        """Return the five ports."""
        return Engine(
            name="hostile",
            admission=self.admission,
            launcher=self.launcher,
            meter=self.meter,
            artifacts=self.artifacts,
            environments=self.environments,
        )

    def clock(self) -> int:
        """Return the time of this world in UTC milliseconds."""
        return self._world.now_ms

    def advance(self, by_ms: int) -> int:
        """Move the clock and return it; what is due happens at the next call of a port."""
        self._world.now_ms += by_ms
        return self._world.now_ms

    def calm(self) -> None:
        """End all faults: from here on rows and reality must come together."""
        self._world.faults = Faults()

    def ask_back(self, lease_id: str, grace_ms: int = 1_000) -> None:
        """Ask the devices of a lease back."""
        self.admission.ask_back(lease_id, grace_ms)

    def lose_events(self) -> None:
        """Lose all events that were decided and not fetched; they are sent again later."""
        self.admission.lose_events()

    def finish(self, lease_id: str, exit_code: int = 0, at_ms: int | None = None) -> None:
        """Let the processes of a lease end by themselves; the record may say another time."""
        self.launcher.finish(lease_id, exit_code, at_ms)

    def run_out_of_memory(self, lease_id: str) -> None:
        """Let the processes of a lease be ended for using more memory than they have."""
        self.launcher.run_out_of_memory(lease_id)

    def evict(self, lease_id: str) -> None:
        """Let the processes of a lease be ended by the machine, through no fault of theirs."""
        self.launcher.evict(lease_id)

    def vanish(self, lease_id: str, at_ms: int | None = None) -> None:
        """Let the processes of a lease end without a record, as when a tenant killed them all."""
        self.launcher.vanish(lease_id, at_ms)

    def forget_record(self, lease_id: str) -> None:
        """Do what a tenant can: end the processes of a lease and delete their record."""
        self.launcher.forget_record(lease_id)

    def date_start(self, lease_id: str, at_ms: int) -> None:
        """Do what a tenant can: write another start into the record."""
        self.launcher.date_start(lease_id, at_ms)

    def crash_machine(self) -> None:
        """Lose all processes, as a power loss does; the machine is up again at once."""
        self.launcher.vanish_all()
        self._world.now_ms += 1_000
        self._world.machine_since_ms = self._world.now_ms

    def launch_notebook(self, lease_id: str, attempt: int) -> None:
        """Do what the hub does: start a notebook server for an attempt."""
        self.launcher.launch_notebook(lease_id, attempt)
