"""The use-cases: the only layer that ties policy, store, ledger and an engine together.

Routes, pages and tests hold one :class:`Services` and call its parts; every method that answers a
person takes an :class:`~madang.services.requests.Actor` and checks what the actor may see.
"""

from typing import Any

from madang.services import bootstrap
from madang.services.bus import ChangeBus
from madang.services.clusters import Clusters
from madang.services.core import Core, HubPort
from madang.services.leases import Leases
from madang.services.people import People, Projects
from madang.services.pool import Pool
from madang.services.reconcile import Reconciler
from madang.services.runs import Runs
from madang.services.sessions import Sessions
from madang.services.slots import Slots
from madang.services.upkeep import Upkeep
from madang.services.usage import Usage

__all__ = ["Services"]


class Services:
    """All use-cases of one installation.

    Parameters
    ----------
    core
        Store, engine, rules and clock, as :mod:`madang.wiring` puts them together.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.leases = Leases(core)
        self.pool = Pool(core)
        self.clusters = Clusters(core)
        self.runs = Runs(core)
        self.slots = Slots(core)
        self.projects = Projects(core)
        self.people = People(core)
        self.sessions = Sessions(core)
        self.usage = Usage(core)
        self.upkeep = Upkeep(core)
        self.events: ChangeBus = core.bus
        self.reconciler = Reconciler(core)

    def attach_hub(self, hub: HubPort) -> None:
        """Give the use-cases a way to ask the hub for a server."""
        self.core.hub = hub

    async def start(self) -> None:
        """Bring the database up to date, fill a fresh one, and begin to reconcile."""
        self.core.store.migrate()
        await self.core.store.write(lambda tx: bootstrap.plant(self.core, tx))
        await self.reconciler.start()

    async def stop(self) -> None:
        """Stop reconciling and close the database; everything that runs goes on."""
        await self.reconciler.stop()
        self.core.store.close()

    async def health(self) -> dict[str, Any]:
        """Return whether the database answers, and how much runs and waits."""
        unfinished = await self.core.store.read(lambda tx: tx.leases.unfinished())
        return {
            "ok": True,
            "leases": len(unfinished),
            "waiting": sum(lease.state == "queued" for lease in unfinished),
            "engine": self.core.engine.name,
        }
