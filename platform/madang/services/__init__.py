"""The use-cases: the only layer that ties policy, store, ledger and an engine together.

Routes, pages and tests hold one :class:`Services` and call its parts; every method that answers a
person takes an :class:`~madang.services.requests.Actor` and checks what the actor may see.
"""

import asyncio
from collections import Counter
from typing import Any

from madang.services import bootstrap
from madang.services.administration import Administration
from madang.services.bus import ChangeBus
from madang.services.changes import Changes
from madang.services.clusters import Clusters
from madang.services.core import Core, HubPort
from madang.services.dashboards import Dashboards
from madang.services.delivery import Delivery
from madang.services.departures import Departures
from madang.services.due import Due
from madang.services.environments import Environments
from madang.services.isolation import Isolation
from madang.services.leases import Leases
from madang.services.notebooks import Notebooks
from madang.services.notices import Notices
from madang.services.outputs import Outputs
from madang.services.people import People
from madang.services.pool import Pool
from madang.services.projects import Projects
from madang.services.reconcile import Reconciler
from madang.services.runs import Runs
from madang.services.schedules import Schedules
from madang.services.secrets import Secrets
from madang.services.sessions import Sessions
from madang.services.slots import Slots
from madang.services.sweep_figures import SweepFigures
from madang.services.sweeps import Sweeps
from madang.services.upkeep import Upkeep
from madang.services.usage import Usage
from madang.services.waits import Waits
from madang.store import Tx

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
        core.store.on_written = core.measures.writes.add
        self.leases = Leases(core)
        self.changes = Changes(core, self.leases.get)
        self.pool = Pool(core)
        self.clusters = Clusters(core)
        self.dashboards = Dashboards(core)
        self.notebooks = Notebooks()
        self.runs = Runs(core)
        self.slots = Slots(core)
        self.sweeps = Sweeps(core, self.runs)
        self.sweep_figures = SweepFigures(core)
        self.environments = Environments(core, self.runs)
        self.schedules = Schedules(core, self.runs, self.sweeps)
        self.outputs = Outputs(core)
        self.secrets = Secrets(core)
        self.projects = Projects(core)
        self.people = People(core)
        self.departures = Departures(core, self.people)
        self.sessions = Sessions(core)
        self.usage = Usage(core)
        self.waits = Waits(core)
        self.administration = Administration(core)
        self.upkeep = Upkeep(core)
        self.isolation = Isolation(core)
        self.events: ChangeBus = core.bus
        self.notices = Notices(core)
        self.reconciler = Reconciler(core, Due(core, self.runs, self.sweeps))
        self.delivery = Delivery(core)

    def attach_hub(self, hub: HubPort) -> None:
        """Give the use-cases a way to ask the hub for a server."""
        self.core.hub = hub

    async def start(self) -> None:
        """Bring the database up to date, fill a fresh one, and begin to reconcile."""
        self.core.store.migrate()
        await self.core.store.write(lambda tx: bootstrap.plant(self.core, tx))
        await self.core.engine.open()
        await self.reconciler.start()
        await self.delivery.start()

    async def stop(self) -> None:
        """Stop reconciling and close the database; everything that runs goes on."""
        await self.delivery.stop()
        await self.reconciler.stop()
        await self.core.engine.close()
        if self.core.leading is not None:
            await asyncio.to_thread(self.core.leading.give_back)
        self.core.store.close()

    async def standing_numbers(self) -> dict[str, Any]:
        """Return what there is and what waits, in numbers only, for the metrics."""
        core = self.core
        capacity = await core.engine.admission.capacity()
        devices = await core.engine.admission.devices()

        def work(tx: Tx) -> dict[str, Any]:
            leases = Counter((str(x.state), str(x.kind), x.flavor) for x in tx.leases.unfinished())
            left = {p.name: tx.budget.balance(p.id).left for p in tx.projects.all()}
            return {"leases": dict(leases), "left": left, "seq": tx.ledger.head()[0]}

        out = Counter(device.flavor for device in devices if not device.is_healthy)
        return {
            **await core.store.read(work),
            "flavors": {
                item.flavor: {
                    "total": core.devices_total.get(item.flavor, 0),
                    "free": item.devices_free,
                    "out": out[item.flavor],
                }
                for item in capacity
            },
            "maintenance": int(core.maintenance is not None),
        }

    async def health(self) -> dict[str, Any]:
        """Return whether the database answers, and how much runs and waits."""
        # Anybody may ask, so it is two counts.
        leases = await self.core.store.read(lambda tx: tx.leases.count())
        waiting = await self.core.store.read(lambda tx: tx.leases.count("queued"))
        return {
            "ok": True,
            "leases": leases,
            "waiting": waiting,
            "engine": self.core.engine.name,
        }
