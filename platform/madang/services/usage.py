"""What was held, what of it was used, what it cost; and whether the ledger adds up."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from madang.domain.project import MAY_MANAGE, Project, Role
from madang.i18n import text
from madang.ledger.chain import verify
from madang.ledger.entry import Entry
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

DEFAULT_SPAN_MS = 30 * 24 * 3_600_000
MAX_ENTRIES = 1_000


class Usage:
    """Statements from the ledger."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def usage(
        self,
        actor: Actor,
        *,
        project: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> dict[str, Any]:
        """Return the use of each visible project in a span (default: the last 30 days).

        A plain member sees the project's totals and their own line; owners and managers see all.
        """
        access.require_person(actor)
        core = self._core
        until = core.clock() if to_ms is None else to_ms
        since = until - DEFAULT_SPAN_MS if from_ms is None else from_ms

        def work(tx: Tx) -> dict[str, Any]:
            chosen = access.visible_projects(tx, actor)
            if project is not None:
                named = access.visible_project(tx, actor, project)
                chosen = [pair for pair in chosen if pair[0].id == named.id]
            seq, head = tx.ledger.head()
            return {
                "from_ms": since,
                "to_ms": until,
                "projects": [self._project(tx, actor, p, r, since, until) for p, r in chosen],
                "head_seq": seq,
                "head_hash": head,
                "zone": core.policy.zone,
                "login_is_shared": core.login_is_shared,
            }

        return await core.store.read(work)

    def _project(
        self,
        tx: Tx,
        actor: Actor,
        project: Project,
        role: Role | None,
        since: int,
        until: int,
    ) -> dict[str, Any]:
        balance = tx.budget.balance(project.id)
        entries = [
            entry
            for entry in tx.ledger.entries(project=project.id, from_ms=since, to_ms=until)
            if entry.kind in ("charge", "refund")
        ]
        sees_all = actor.is_admin or role in MAY_MANAGE
        zone = ZoneInfo(self._core.policy.zone)
        people = _grouped("person", entries, lambda entry: entry.person)
        shown = [row for row in people if sees_all or row["person"] == actor.person.id]
        for row in shown:
            person = tx.people.get(row["person"])
            row["person"] = person.hub_name if person else row["person"]
        return {
            "id": project.id,
            "name": project.name,
            "title": project.title,
            "granted": balance.granted,
            "used": balance.used,
            "reserved": balance.reserved,
            "left": balance.left,
            "overrun": balance.overrun,
            **_sums(entries),
            "by_person": shown,
            "by_kind": _grouped("kind", entries, lambda entry: entry.lease_kind),
            "by_day": sorted(
                _grouped("day", entries, lambda entry: _day(entry.from_ms, zone)),
                key=lambda row: str(row["day"]),
            ),
        }

    async def entries(
        self, actor: Actor, *, project: str | None, after_seq: int, limit: int
    ) -> list[dict[str, Any]]:
        """Return ledger entries of the visible projects (all, for an administrator)."""
        access.require_person(actor)

        def work(tx: Tx) -> list[dict[str, Any]]:
            managed = [
                item.id
                for item, role in access.visible_projects(tx, actor)
                if actor.is_admin or role in MAY_MANAGE
            ]
            if project is not None:
                named = tx.projects.find(project)
                managed = [key for key in managed if named is not None and key == named.id]
            wanted = None if actor.is_admin and project is None else managed
            count = max(1, min(limit, MAX_ENTRIES))
            found = tx.ledger.entries(projects=wanted, after_seq=after_seq, limit=count)
            return [entry.to_json() for entry in found]

        return await self._core.store.read(work)

    async def verify(self, actor: Actor) -> dict[str, Any]:
        """Re-compute chain, sums and balances; anyone who is logged in may ask."""
        access.require_person(actor)

        def work(tx: Tx) -> dict[str, Any]:
            result = verify(tx.ledger.each())
            balances = [self._checked(tx, p, result.balances) for p in tx.projects.all()]
            visible = {p.id for p, _ in access.visible_projects(tx, actor)}
            agree = all(row["ok"] for row in balances)
            return {
                "ok": result.ok and agree,
                "entries": result.entries,
                "head_hash": result.head_hash,
                "problems": [
                    {
                        "seq": p.seq,
                        "what": text(f"ledger.problem.{p.code}", actor.lang, **p.details),
                    }
                    for p in result.problems
                ],
                "balances": [row for row in balances if row.pop("id") in visible],
            }

        return await self._core.store.read(work)

    def _checked(self, tx: Tx, project: Project, computed: dict[str, Any]) -> dict[str, Any]:
        balance = tx.budget.balance(project.id)
        again = computed.get(project.id)
        granted = again.granted if again else 0
        used = again.used if again else 0
        return {
            "id": project.id,
            "project": project.name,
            "granted": balance.granted,
            "used": balance.used,
            "recomputed_granted": granted,
            "recomputed_used": used,
            "ok": (balance.granted, balance.used) == (granted, used),
        }


def _sums(entries: Iterable[Entry]) -> dict[str, int]:
    held = used = unmetered = amount = 0
    for entry in entries:
        held += entry.device_ms
        amount -= entry.amount_microcredits
        if entry.used_device_ms >= 0:
            used += entry.used_device_ms
        else:
            unmetered += entry.device_ms
    return {
        "held_device_ms": held,
        "used_device_ms": used,
        "unmetered_device_ms": unmetered,
        "microcredits": amount,
    }


def _grouped(
    name: str, entries: Iterable[Entry], key: Callable[[Entry], str]
) -> list[dict[str, Any]]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    rows: list[dict[str, Any]] = [{name: value, **_sums(rows)} for value, rows in groups.items()]
    return sorted(rows, key=lambda row: -row["held_device_ms"])


def _day(at_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d")
