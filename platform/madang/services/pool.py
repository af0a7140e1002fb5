"""What there is and what is free: the pool, the queue, and what a person could start now."""

from collections.abc import Mapping
from typing import Any

from madang.domain.lease import Lease, LeaseState
from madang.domain.profile import FlavorCapacity, Profile
from madang.domain.project import MAY_USE, Project, Role
from madang.errors import MadangError
from madang.i18n import problem
from madang.services import access, environment_use, leasing, views
from madang.services.board import LINES, MANY, Board, Eyes, Lane, to_json
from madang.services.core import Core
from madang.services.isolation import is_unproved
from madang.services.once import Lately, Once
from madang.services.requests import Actor, LeaseRequest
from madang.services.upkeep import Upkeep
from madang.store import Tx
from madang.units import MS_PER_HOUR, cost_microcredits

MAX_LINES = 10_000


class Pool:
    """Reads of the pool; nothing here changes anything."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._board = Board(core)
        self._counted: Once[tuple[Mapping[str, int], int, bool]] = Once()
        self._lately = Lately(self._count_now)
        self._is_long = False

    async def pool(self, actor: Actor) -> dict[str, Any]:
        """Return the devices by flavor, and how many leases run and wait."""
        access.require_person(actor)
        core = self._core
        capacity = await core.engine.admission.capacity()
        waiting, active, is_not_proved = await self._counts()
        return {
            "flavors": [self._flavor(item, waiting) for item in capacity],
            "strategy": core.engine.admission.strategy,
            "active": active,
            "waiting": sum(waiting.values()),
            "now_ms": core.clock(),
            "login_is_shared": core.login_is_shared,
            "isolation_is_unproved": is_not_proved,
            "maintenance": Upkeep(core).notice(actor.lang),
        }

    async def _counts(self) -> tuple[Mapping[str, int], int, bool]:
        """Return who waits by flavor, how many hold devices, and whether isolation is unproved.

        Read once for each change; of very many they may be those of some seconds ago.
        """
        return await (self._lately.get() if self._is_long else self._count_now())

    async def _count_now(self) -> tuple[Mapping[str, int], int, bool]:
        core = self._core

        def work(tx: Tx) -> tuple[Mapping[str, int], int, bool]:
            return (*_count(tx), is_unproved(core, tx))

        found = await self._counted.get(core.mark(), lambda: core.store.reading(work))
        self._is_long = sum(found[0].values()) + found[1] > MANY
        return found

    def _flavor(self, item: FlavorCapacity, waiting: Mapping[str, int]) -> dict[str, Any]:
        flavor = self._core.flavors[item.flavor]
        return {
            "name": flavor.name,
            "title": flavor.title,
            "devices_total": item.devices_total,
            "devices_free": item.devices_free,
            "waiting": waiting.get(flavor.name, 0),
            "rate_microcredits": flavor.rate_microcredits,
            "is_simulated": flavor.is_simulated,
        }

    async def profiles(self, actor: Actor, project: str | None) -> dict[str, Any]:
        """Return what the person could pick in each project, and why not where they could not."""
        access.require_person(actor)
        core = self._core
        capacity = {item.flavor: item for item in await core.engine.admission.capacity()}
        waiting, _, _ = await self._counts()

        def work(tx: Tx) -> list[tuple[Project, dict[str, Any]]]:
            rows = []
            for item, role in tx.projects.of_person(actor.person.id):
                if project is None or project in (item.name, item.id):
                    balance = tx.budget.balance(item.id)
                    facts = {
                        "name": item.name,
                        "title": item.title,
                        "role": str(role),
                        "left_microcredits": balance.left,
                        "granted_microcredits": balance.granted,
                        "environments": environment_use.offered(tx, item),
                    }
                    rows.append((item, facts))
            return rows

        projects = []
        for item, facts in await core.store.read(work):
            role, left = Role(facts["role"]), facts["left_microcredits"]
            offers = [
                await self._offer(actor, item, role, profile, left, capacity, waiting)
                for profile in core.profiles
            ]
            projects.append({**facts, "profiles": offers})
        return {"person": actor.person.hub_name, "projects": projects}

    async def _offer(
        self,
        actor: Actor,
        project: Project,
        role: Role,
        profile: Profile,
        left: int,
        capacity: Mapping[str, FlavorCapacity],
        waiting: Mapping[str, int],
    ) -> dict[str, Any]:
        core = self._core
        why_not, lease = "", None
        try:
            request = LeaseRequest(project=project.name, profile=profile.name)
            lease = leasing.notebook_lease(core, actor, project, request)
        except MadangError as error:
            why_not = problem(error, actor.lang)["message"]
        if role not in MAY_USE:
            why_not = problem(_role_error(project, role), actor.lang)["message"]
        elif lease is not None and views.reserves(core, lease) > left:
            why_not = problem(_budget_error(core, project, lease, left), actor.lang)["message"]
        flavor = core.flavor(profile.flavor) if lease is None else core.flavors[lease.flavor]
        has = capacity.get(flavor.name)
        free = has.devices_free if has else 0
        waits = lease is not None and (free < profile.devices or waiting.get(flavor.name, 0) > 0)
        expected = None
        if lease is not None and waits and profile.devices:
            item = leasing.queue_item(core, project, lease, 1)
            expected = await core.engine.admission.estimate(item, core.clock())
        rate = core.policy.rate(flavor.name)
        return {
            "name": profile.name,
            "titles": dict(profile.titles),
            "flavor": flavor.name,
            "devices": profile.devices,
            "cpu_millis": profile.cpu_millis,
            "memory_bytes": profile.memory_bytes,
            "limit_ms": profile.limit_ms,
            "max_limit_ms": leasing.tier_of(core, project).max_hours * MS_PER_HOUR,
            "allowed": not why_not,
            "why_not": why_not,
            "devices_free": free,
            "expected_ms": expected,
            "waits": waits,
            "rate_microcredits": rate,
            "cost_per_hour_microcredits": cost_microcredits(profile.devices * MS_PER_HOUR, rate),
        }

    async def queue(self, actor: Actor, limit: int = LINES) -> dict[str, Any]:
        """Return who waits and who runs, by flavor; foreign people and ids are left out.

        Parameters
        ----------
        limit
            Lines of each list; the actor's own are there in any case, and the totals are of all.
        """
        access.require_person(actor)
        core = self._core
        lanes = await self._board.lanes(actor.lang)

        def work(tx: Tx) -> list[dict[str, Any]]:
            eyes = Eyes(tx, actor)
            return [
                {
                    **self._head(lane),
                    "waiting": eyes.rows(lane.next_in_line(tx, actor, limit)),
                    "running": eyes.rows(lane.in_use(tx, actor, limit)),
                }
                for lane in lanes
            ]

        return {
            "flavors": await core.store.read(work),
            "strategy": core.engine.admission.strategy,
            "now_ms": core.clock(),
        }

    async def queue_json(self, actor: Actor, limit: int = LINES) -> str:
        """Return the same as JSON, from lines that were written once for all."""
        access.require_person(actor)
        core = self._core
        lanes = await self._board.lanes(actor.lang)

        def work(tx: Tx) -> str:
            eyes = Eyes(tx, actor)
            return ",".join(
                f"{to_json(self._head(lane))[:-1]},"
                f'"waiting":{eyes.text(lane.next_in_line(tx, actor, limit))},'
                f'"running":{eyes.text(lane.in_use(tx, actor, limit))}}}'
                for lane in lanes
            )

        rest = {"strategy": core.engine.admission.strategy, "now_ms": core.clock()}
        return f'{{"flavors":[{await core.store.read(work)}],{to_json(rest)[1:]}'

    def _head(self, lane: Lane) -> dict[str, Any]:
        head = self._flavor(lane.capacity, {})
        del head["waiting"]
        return head | lane.totals()


def _count(tx: Tx) -> tuple[Mapping[str, int], int]:
    return tx.leases.waiting_by_flavor(), tx.leases.count(LeaseState.ACTIVE)


def _role_error(project: Project, role: Role) -> MadangError:
    return MadangError("role_cannot_use", project=project.name, role=str(role))


def _budget_error(core: Core, project: Project, lease: Lease, left: int) -> MadangError:
    return MadangError(
        "budget_too_small",
        project=project.name,
        needed=views.reserves(core, lease) / 1_000_000,
        left=left / 1_000_000,
        committed=0,
    )
