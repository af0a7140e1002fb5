"""A whole installation in one process: real store and policy, and an engine that does its worst."""

from pathlib import Path
from typing import Any

from migrated import hurry, new_database

from madang.domain.profile import Flavor, Profile
from madang.engines.hostile import HostileEngine
from madang.engines.ports import Engine
from madang.pki.seal import Seal
from madang.services import Services, bootstrap
from madang.services.core import Core
from madang.services.requests import Actor, ClusterRequest, LeaseRequest, RunRequest
from madang.settings.files import Policy, load_policy, load_profiles
from madang.store import Store

ROOT = Path(__file__).parents[3]
POLICY = """
rates: {sim-h200: 1}
stop_grace: 5s
tiers:
  open: {max_devices_person: 2, max_hours: 8}
  research: {max_hours: 48, internet: allow-list}
projects:
  open: {tier: open, grant: 10}
  vision: {tier: research, grant: 50, members: {ada: owner, bora: member, vera: viewer}}
  language: {tier: research, grant: 50, members: {chan: owner, dana: member}}
  poor: {tier: research, grant: 0.3, members: {ada: owner}}
open_project: open
admins: [root]
"""
NOTEBOOK = b"""{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
 {"id": "a", "cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "x = 1",
  "outputs": [], "execution_count": null}]}"""


class House:
    """Services on a hostile engine; :meth:`turn` is the passing of time, :meth:`restart` a kill."""

    def __init__(self, folder: Path, engine: HostileEngine) -> None:
        self.folder = folder
        self.engine = engine
        (folder / "policy.yaml").write_text(POLICY)
        self.services = self._build()

    def _build(self) -> Services:
        policy, profiles = self.rules()
        flavors = [
            Flavor(name="sim-h200", title="H200", rate_microcredits=1_000_000, is_simulated=True),
            Flavor(name="cpu", title="CPU", rate_microcredits=0),
        ]
        core = Core(
            store=self.store(),
            engine=self.ports(),
            policy=policy,
            profiles=profiles,
            flavors={flavor.name: flavor for flavor in flavors},
            devices_total={"sim-h200": 4, "cpu": 0},
            service_url="http://127.0.0.1:1/services/madang",
            login_is_shared=True,
            seal=Seal("s" * 40),
            clock=self.engine.clock,
        )
        return Services(core)

    def rules(self) -> tuple[Policy, tuple[Profile, ...]]:
        """Read the two files of rules."""
        policy = load_policy(self.folder / "policy.yaml")
        return policy, load_profiles(ROOT / "hub_config" / "profiles.yaml")

    def store(self) -> Store:
        """Open the rows, as each start of a service does."""
        path = self.folder / "madang.sqlite"
        return hurry(Store(f"sqlite:///{path}" if path.exists() else new_database(path)))

    def ports(self) -> Engine:
        """Return the engine as services see it."""
        return self.engine.engine()

    async def open(self) -> None:
        """Start as a service does, but without the loop: tests turn it."""
        self.services.core.store.migrate()
        core = self.services.core
        await core.store.write(lambda tx: bootstrap.plant(core, tx))
        await self.services.reconciler.restore()

    async def restart(self) -> None:
        """Forget all that is only in memory, as kill -9 does."""
        self.services.core.store.close()
        self.services = self._build()
        await self.open()

    async def turn(self, times: int = 1, step_ms: int = 1_000) -> None:
        """Let the reconcile loop look, then let time pass."""
        for _ in range(times):
            await self.services.reconciler.look()
            self.engine.advance(step_ms)

    async def actor(self, name: str, **more: Any) -> Actor:
        """Return a person as the API would hand them over."""
        person = await self.services.people.resolve(name, is_admin=False)
        return Actor(person=person, is_admin=person.is_admin, **more)

    async def ask(self, person_name: str, /, **wanted: Any) -> dict[str, Any]:
        """Ask for a notebook."""
        key = wanted.pop("key", None)
        request = LeaseRequest(**{"project": "vision", "profile": "gpu-1", **wanted})
        return await self.services.leases.request(await self.actor(person_name), request, key=key)

    async def cluster(self, person_name: str, /, **wanted: Any) -> dict[str, Any]:
        """Ask for a cluster."""
        key = wanted.pop("key", None)
        request = ClusterRequest(**{"project": "vision", **wanted})
        return await self.services.clusters.create(await self.actor(person_name), request, key=key)

    async def submit(self, person_name: str, /, **wanted: Any) -> dict[str, Any]:
        """Submit a run."""
        key = wanted.pop("key", None)
        asked = {"project": "vision", "name": "r", "notebook": NOTEBOOK, "limit_ms": 600_000}
        request = RunRequest(**{**asked, **wanted})
        return await self.services.runs.submit(await self.actor(person_name), request, key=key)

    async def lease(self, lease_id: str) -> dict[str, Any]:
        """Return a lease as an administrator sees it."""
        return await self.services.leases.get(await self.actor("root"), lease_id)

    async def launch(self, lease_id: str) -> None:
        """Start the notebook server as the hub does once the lease is ready."""
        view = await self.lease(lease_id)
        assert view["ready"], view
        self.engine.launch_notebook(lease_id, view["attempt"])

    async def slot_worker(self, lease_id: str) -> Actor:
        """Return the worker that the engine started for a slot."""
        attempt = (await self.lease(lease_id))["attempt"]
        token = self.engine.launcher.specs[(lease_id, attempt)].token
        return await self.services.people.attempt_actor(token, "en")
