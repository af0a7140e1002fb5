"""What was held, what of it was used, what it cost; and whether the ledger adds up."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from madang.domain.project import MAY_MANAGE, Project, Role
from madang.domain.spreadsheet import to_csv
from madang.errors import InvalidError
from madang.i18n import text
from madang.ledger.chain import Verification, verify
from madang.ledger.entry import EntryKind
from madang.ledger.statement import DAY_MS, UsageSum
from madang.services import access
from madang.services.core import Core
from madang.services.requests import Actor
from madang.store import Tx

DEFAULT_SPAN_MS = 30 * 24 * 3_600_000
MAX_ENTRIES = 1_000
CSV_COLUMNS = (
    *("project", "day", "person", "kind", "held_device_ms", "used_device_ms"),
    *("unmetered_device_ms", "microcredits"),
)
QUARTER_MS = 900_000
FIRST_YEAR, LAST_YEAR = 1970, 2100
"""Months outside are mistakes, and some calendars end."""

KINDS = (EntryKind.CHARGE, EntryKind.REFUND)

VERIFY_SHARE = 5
"""A verification reads the whole ledger, and anybody may ask: it takes a fifth of the time at most,
and what it found is shown until the next."""

_Verified = tuple[Verification, dict[str, dict[str, Any]]]


class Usage:
    """Statements from the ledger."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._verifying: asyncio.Task[_Verified] | None = None
        self._verify_again_s = 0.0

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
        zone = ZoneInfo(self._core.policy.zone)
        sums = _day_sums(tx, project.id, since, until, zone)
        sees_all = actor.is_admin or role in MAY_MANAGE
        people = _grouped("person", sums, lambda item: item.person)
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
            **_sums(sums),
            "by_person": shown,
            "by_person_day": self._by_person_day(tx, actor, sums, sees_all),
            "by_kind": _grouped("kind", sums, lambda item: item.lease_kind),
            "by_day": sorted(
                _grouped("day", sums, lambda item: _day(item.day_index)),
                key=lambda row: str(row["day"]),
            ),
        }

    def _by_person_day(
        self, tx: Tx, actor: Actor, sums: Sequence[UsageSum], sees_all: bool
    ) -> list[dict[str, Any]]:
        """Return held time by person and day, the largest first; others' only to managers."""
        held: dict[str, Counter[str]] = defaultdict(Counter)
        for item in sums:
            if sees_all or item.person == actor.person.id:
                held[item.person][_day(item.day_index)] += item.device_ms
        rows = sorted(held.items(), key=lambda item: -item[1].total())
        return [{"person": _hub_name(tx, key), "days": dict(days)} for key, days in rows]

    def span(self, month: str) -> tuple[int, int]:
        """Return the first and the next first moment of a month (``YYYY-MM``) in the zone.

        Raises
        ------
        InvalidError
            ``month_unreadable``.
        """
        zone = ZoneInfo(self._core.policy.zone)
        try:
            first = datetime.strptime(month, "%Y-%m").replace(tzinfo=zone)
        except ValueError as error:
            raise InvalidError("month_unreadable", given=month[:20]) from error
        if not FIRST_YEAR <= first.year < LAST_YEAR:
            raise InvalidError("month_unreadable", given=month[:20])
        after = (first + timedelta(days=32)).replace(day=1)
        return int(first.timestamp() * 1000), int(after.timestamp() * 1000)

    async def csv(
        self,
        actor: Actor,
        *,
        project: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> str:
        """Return held, used and charged by project, day, person and kind, as CSV.

        As on the page, a plain member gets their own lines only.
        """
        access.require_person(actor)
        core = self._core
        until = core.clock() if to_ms is None else to_ms
        since = until - DEFAULT_SPAN_MS if from_ms is None else from_ms

        def work(tx: Tx) -> list[dict[str, Any]]:
            chosen = access.visible_projects(tx, actor)
            if project is not None:
                named = access.visible_project(tx, actor, project)
                chosen = [pair for pair in chosen if pair[0].id == named.id]
            return [
                row
                for item, role in chosen
                for row in self._lines(tx, actor, item, role, since, until)
            ]

        return to_csv(CSV_COLUMNS, await core.store.read(work))

    def _lines(
        self,
        tx: Tx,
        actor: Actor,
        project: Project,
        role: Role | None,
        since: int,
        until: int,
    ) -> list[dict[str, Any]]:
        sees_all = actor.is_admin or role in MAY_MANAGE
        zone = ZoneInfo(self._core.policy.zone)
        sums = _day_sums(tx, project.id, since, until, zone)
        seen = [item for item in sums if sees_all or item.person == actor.person.id]
        groups: dict[tuple[str, str, str], list[UsageSum]] = defaultdict(list)
        for item in seen:
            groups[_day(item.day_index), item.person, item.lease_kind].append(item)
        return [
            {
                "project": project.name,
                "day": day,
                "person": _hub_name(tx, person),
                "kind": kind,
                **_sums(rows),
            }
            for (day, person, kind), rows in sorted(groups.items())
        ]

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
                named = access.visible_project(tx, actor, project)
                managed = [key for key in managed if key == named.id]
            wanted = None if actor.is_admin and project is None else managed
            count = max(1, min(limit, MAX_ENTRIES))
            found = tx.ledger.entries(projects=wanted, after_seq=after_seq, limit=count)
            return [entry.to_json() for entry in found]

        return await self._core.store.read(work)

    async def verify(self, actor: Actor) -> dict[str, Any]:
        """Re-compute chain, sums and balances; anyone who is logged in may ask."""
        access.require_person(actor)

        result, checked = await self._verification()

        def visible(tx: Tx) -> set[str]:
            return {p.id for p, _ in access.visible_projects(tx, actor)}

        shown = await self._core.store.read(visible)
        return {
            "ok": result.ok and all(row["ok"] for row in checked.values()),
            "entries": result.entries,
            "head_hash": result.head_hash,
            "problems": [
                {
                    "seq": p.seq,
                    "what": text(f"ledger.problem.{p.code}", actor.lang, **p.details),
                }
                for p in result.problems
            ],
            "balances": [row for key, row in checked.items() if key in shown],
        }

    async def _verification(self) -> _Verified:
        """Verify once for all who ask at the same time, or soon after a long one."""
        task = self._verifying
        if task is None or (task.done() and time.monotonic() >= self._verify_again_s):
            self._verifying = task = asyncio.create_task(self._core.store.read(self._verify))
        return await asyncio.shield(task)

    def _verify(self, tx: Tx) -> _Verified:
        begin = time.monotonic()
        result = verify(tx.ledger.each())
        checked = {p.id: self._checked(tx, p, result.balances) for p in tx.projects.all()}
        now = time.monotonic()
        self._verify_again_s = now + (VERIFY_SHARE - 1) * (now - begin)
        return result, checked

    def _checked(self, tx: Tx, project: Project, computed: dict[str, Any]) -> dict[str, Any]:
        balance = tx.budget.balance(project.id)
        again = computed.get(project.id)
        granted = again.granted if again else 0
        used = again.used if again else 0
        return {
            "project": project.name,
            "granted": balance.granted,
            "used": balance.used,
            "recomputed_granted": granted,
            "recomputed_used": used,
            "ok": (balance.granted, balance.used) == (granted, used),
        }


def _hub_name(tx: Tx, person: str) -> str:
    found = tx.people.get(person)
    return found.hub_name if found else person


def _day_sums(tx: Tx, project: str, since: int, until: int, zone: tzinfo) -> list[UsageSum]:
    """Return sums by person, kind and day of the zone; cut where the zone changes its offset."""
    found: list[UsageSum] = []
    at = since
    while at < until:
        offset = _offset_ms(at, zone)
        cut = min(until, at + DAY_MS)
        while cut < until and _offset_ms(cut, zone) == offset:
            cut = min(until, cut + DAY_MS)
        while _offset_ms(cut - 1, zone) != offset:
            # Zones change at full quarters of an hour, and not twice a day.
            cut = (cut - 1) // QUARTER_MS * QUARTER_MS
        found += tx.ledger.sums([project], at, cut, offset, kinds=KINDS)
        at = cut
    return found


def _offset_ms(at_ms: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(at_ms / 1000, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)


def _sums(sums: Iterable[UsageSum]) -> dict[str, int]:
    held = used = unmetered = cost = 0
    for item in sums:
        held += item.device_ms
        used += item.used_device_ms
        unmetered += item.unmetered_device_ms
        cost += item.microcredits
    return {
        "held_device_ms": held,
        "used_device_ms": used,
        "unmetered_device_ms": unmetered,
        "microcredits": cost,
    }


def _grouped(
    name: str, sums: Iterable[UsageSum], key: Callable[[UsageSum], str]
) -> list[dict[str, Any]]:
    groups: dict[str, list[UsageSum]] = defaultdict(list)
    for item in sums:
        groups[key(item)].append(item)
    rows: list[dict[str, Any]] = [{name: value, **_sums(group)} for value, group in groups.items()]
    return sorted(rows, key=lambda row: -row["held_device_ms"])


def _day(index: int) -> str:
    return datetime.fromtimestamp(index * DAY_MS / 1000, UTC).strftime("%Y-%m-%d")
