"""Services, identity and an application for tests of the pages, without store or hub."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException

from madang.api.pages import build
from madang.domain.project import Person
from madang.errors import NotFoundError
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.home import Home
from madang.units import MS_PER_HOUR, now_ms

CREDIT = 1_000_000
MINUTE = 60_000


def standing(now: int, position: int = 3, waiting: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "position": position,
        "waiting": waiting,
        "reason": "devices_busy",
        "reason_text": "All H200 are in use; the next is expected back in 25 minutes.",
        "expected_ms": now + 25 * MINUTE,
        "earliest_ms": now + 10 * MINUTE,
        "latest_ms": now + 50 * MINUTE,
        "devices_free": 0,
    } | changes


def lease(now: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"lease-{number:026d}",
        "kind": "notebook",
        "class": "interactive",
        "name": "",
        "project": "vision",
        "project_id": "project-1",
        "person": "jimin",
        "flavor": "sim-h200",
        "devices": 1,
        "profile": "one",
        "state": "active",
        "target": "run",
        "reason": None,
        "reason_text": "",
        "reason_hint": "",
        "attempt": 1,
        "submitted_ms": now - 90 * MINUTE,
        "admitted_ms": now - 80 * MINUTE,
        "started_ms": now - 78 * MINUTE,
        "ended_ms": None,
        "limit_ms": 4 * MS_PER_HOUR,
        "expires_ms": now + 162 * MINUTE,
        "claim_by_ms": None,
        "claimed": True,
        "held_back": False,
        "turns_missed": 0,
        "rate_microcredits": CREDIT,
        "device_ids": ["sim-0"],
        "is_simulated": True,
        "reserved_microcredits": CREDIT // 4,
        "held_device_ms": 78 * MINUTE,
        "charged_microcredits": 1_300_000,
        "standing": None,
        "cluster": "",
        "utilisation_percent": 72,
        "can_manage": True,
        "ready": True,
        "version": "7",
    } | changes


def queued(now: int, number: int, **changes: Any) -> dict[str, Any]:
    fresh = {
        "state": "queued",
        "attempt": 0,
        "admitted_ms": None,
        "started_ms": None,
        "expires_ms": None,
        "claimed": False,
        "held_device_ms": 0,
        "charged_microcredits": 0,
        "utilisation_percent": None,
        "ready": False,
        "standing": standing(now),
    }
    return lease(now, number, **(fresh | changes))


def run(now: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"run-{number:026d}",
        "name": f"lr-sweep {number}",
        "project": "vision",
        "person": "jimin",
        "state": "running",
        "reason": "",
        "reason_text": "",
        "parameters": {"learning_rate": 0.01, "epochs": 20, "seed": number, "data": "cifar10"},
        "flavor": "sim-h200",
        "devices": 1,
        "limit_ms": MS_PER_HOUR,
        "submitted_ms": now - 30 * MINUTE,
        "started_ms": now - 12 * MINUTE,
        "ended_ms": None,
        "cells_done": 7,
        "cells_total": 18,
        "error": None,
        "lease": "lease-1",
        "attempt": 1,
        "has_output": False,
        "held_device_ms": 12 * MINUTE,
        "charged_microcredits": 200_000,
        "standing": None,
        "can_manage": True,
    } | changes


def pool(**changes: Any) -> dict[str, Any]:
    return {
        "flavors": [
            flavor("sim-h200", "NVIDIA H200 (simulated)", 8, 2, 3, CREDIT),
            flavor("cpu", "CPU only", 0, 0, 0, 0),
        ],
        "strategy": "madang",
        "active": 3,
        "waiting": 3,
        "now_ms": now_ms(),
        "login_is_shared": True,
    } | changes


def flavor(name: str, title: str, total: int, free: int, waiting: int, rate: int) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "devices_total": total,
        "devices_free": free,
        "waiting": waiting,
        "rate_microcredits": rate,
        "is_simulated": name.startswith("sim"),
    }


def queue(now: int) -> dict[str, Any]:
    def waiting(position: int, **changes: Any) -> dict[str, Any]:
        return {
            "position": position,
            "mine": False,
            "lease_id": "",
            "project": "climate",
            "person": "",
            "devices": 2,
            "kind": "cluster",
            "class": "interactive",
            "reason": "devices_busy",
            "reason_text": "Waits until 2 GPUs are free together.",
            "submitted_ms": now - position * 9 * MINUTE,
            "expected_ms": now + position * 22 * MINUTE,
            "earliest_ms": now + position * 12 * MINUTE,
            "latest_ms": now + position * 48 * MINUTE,
        } | changes

    def running(person: str, hours: float, **changes: Any) -> dict[str, Any]:
        return {
            "project": "vision",
            "person": person,
            "devices": 1,
            "kind": "notebook",
            "started_ms": now - 40 * MINUTE,
            "expires_ms": now + int(hours * MS_PER_HOUR),
            "mine": person == "jimin",
        } | changes

    return {
        "flavors": [
            {
                "name": "sim-h200",
                "title": "NVIDIA H200 (simulated)",
                "devices_total": 8,
                "devices_free": 2,
                "waiting": [
                    waiting(1),
                    waiting(
                        2,
                        mine=True,
                        lease_id=f"lease-{2:026d}",
                        project="vision",
                        person="jimin",
                        kind="notebook",
                        devices=4,
                    ),
                    waiting(3, kind="slot", **{"class": "batch"}, expected_ms=None),
                ],
                "running": [
                    running("jimin", 2.7),
                    running("seoyeon", 0.4),
                    running("", 1.5, project="climate", kind="cluster", devices=4),
                ],
            },
            {
                "name": "cpu",
                "title": "CPU only",
                "devices_total": 0,
                "devices_free": 0,
                "waiting": [],
                "running": [],
            },
        ],
        "strategy": "madang",
        "now_ms": now,
    }


def usage(now: int) -> dict[str, Any]:
    hour = MS_PER_HOUR
    shape = [3, 6, 0, 9, 14, 11, 2, 1, 12, 16, 18, 9, 13, 4]
    days = [
        {
            "day": _day(now, len(shape) - 1 - index),
            "held_device_ms": hours * hour,
            "used_device_ms": int(hours * hour * (0.35 + 0.04 * (index % 9))),
            "microcredits": hours * CREDIT,
        }
        for index, hours in enumerate(shape)
        if hours
    ]
    held = sum(row["held_device_ms"] for row in days)
    used = sum(row["used_device_ms"] for row in days)
    return {
        "from_ms": now - 13 * 24 * hour,
        "to_ms": now,
        "projects": [
            {
                "id": "project-1",
                "name": "vision",
                "title": "Vision Lab",
                "granted": 200 * CREDIT,
                "used": 118 * CREDIT,
                "reserved": 9_250_000,
                "left": 72_750_000,
                "overrun": 0,
                "held_device_ms": held,
                "used_device_ms": used,
                "unmetered_device_ms": 3 * hour,
                "by_person": [
                    {
                        "person": person,
                        "held_device_ms": held * share // 100,
                        "used_device_ms": used * share // 100,
                        "microcredits": 118 * CREDIT * share // 100,
                    }
                    for person, share in (("seoyeon", 31), ("jimin", 55), ("minjun", 14))
                ],
                "by_kind": [
                    {"kind": "notebook", "held_device_ms": held // 2, "microcredits": 59 * CREDIT},
                    {"kind": "cluster", "held_device_ms": held // 3, "microcredits": 40 * CREDIT},
                    {"kind": "slot", "held_device_ms": held // 6, "microcredits": 19 * CREDIT},
                ],
                "by_day": days,
            },
            {
                "id": "project-2",
                "name": "open",
                "title": "",
                "granted": 10 * CREDIT,
                "used": 0,
                "reserved": 0,
                "left": 10 * CREDIT,
                "overrun": 0,
                "held_device_ms": 0,
                "used_device_ms": 0,
                "unmetered_device_ms": 0,
                "by_person": [],
                "by_kind": [],
                "by_day": [],
            },
        ],
        "head_hash": "9f2c4e1ab7d05836e1f09c7714ad2bb35ce06cf2b6b40b0ce0d4a1790d6c8aa1",
        "head_seq": 1482,
        "zone": "Asia/Seoul",
        "login_is_shared": True,
    }


def _day(now: int, ago: int) -> str:
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    today = datetime.fromtimestamp(now / 1000, ZoneInfo("Asia/Seoul")).date()
    return (today - timedelta(days=ago)).isoformat()


def me() -> dict[str, Any]:
    def project(name: str, title: str, role: str, left: int, granted: int) -> dict[str, Any]:
        return {
            "name": name,
            "title": title,
            "role": role,
            "tier": "research",
            "left_microcredits": left,
            "granted_microcredits": granted,
        }

    return {
        "person": "jimin",
        "is_admin": False,
        "projects": [
            project("vision", "Vision Lab", "member", 72_750_000, 200 * CREDIT),
            project("audit", "Audit", "auditor", 400_000, 10 * CREDIT),
        ],
    }


class House:
    """Data of one installation that a test changes, and the pages served from it."""

    def __init__(self) -> None:
        self.now = now_ms()
        self.leases = [
            lease(self.now, 1, name="train"),
            queued(self.now, 2, name="big", devices=4),
            lease(
                self.now,
                3,
                name="yesterday",
                state="ended",
                reason="reclaimed",
                reason_text="The GPU was idle for 30 minutes and was given back.",
                reason_hint="Your files are kept; start the server again when you need it.",
                ended_ms=self.now - 26 * MS_PER_HOUR,
            ),
        ]
        self.runs = [
            run(self.now, 1),
            run(
                self.now,
                2,
                state="failed",
                ended_ms=self.now - 5 * MINUTE,
                has_output=True,
                error={"cell": 8, "name": "ValueError", "value": "batch must be > 0"},
            ),
            run(
                self.now,
                3,
                state="succeeded",
                cells_done=18,
                ended_ms=self.now - 50 * MINUTE,
                submitted_ms=self.now - 100 * MINUTE,
                has_output=True,
            ),
            run(
                self.now,
                4,
                state="queued",
                started_ms=None,
                cells_done=0,
                standing=standing(self.now),
                charged_microcredits=0,
                submitted_ms=self.now - MINUTE,
            ),
        ]
        self.pool = pool()
        self.queue = queue(self.now)
        self.usage = usage(self.now)
        self.me = me()
        self.logs = "epoch 1 loss 0.91\nepoch 2 loss 0.72\n"
        self.lang = "en"
        self.is_logged_in = True
        self.actors: list[Actor] = []
        self.calls: list[tuple[str, str]] = []

    @property
    def services(self) -> SimpleNamespace:
        async def get_lease(actor: Actor, lease_id: str) -> dict[str, Any]:
            return self._find(actor, self.leases, lease_id, "lease_unknown")

        async def list_leases(actor: Actor, mine: bool = False) -> list[dict[str, Any]]:
            assert mine
            self.actors.append(actor)
            return self.leases

        async def get_run(actor: Actor, run_id: str) -> dict[str, Any]:
            return self._find(actor, self.runs, run_id, "run_unknown")

        def answers(name: str) -> Any:
            async def answer(_actor: Actor, *_rest: Any) -> Any:
                return getattr(self, name)

            return answer

        return SimpleNamespace(
            leases=SimpleNamespace(get=get_lease, list=list_leases),
            pool=SimpleNamespace(pool=answers("pool"), queue=answers("queue")),
            runs=SimpleNamespace(list=answers("runs"), get=get_run, log=answers("logs")),
            projects=SimpleNamespace(me=answers("me")),
            usage=SimpleNamespace(usage=answers("usage")),
        )

    def _find(self, actor: Actor, rows: list[dict[str, Any]], key: str, code: str) -> Any:
        self.actors.append(actor)
        for row in rows:
            if row["id"] == key:
                return row
        raise NotFoundError(code, given=key)

    async def page_actor(self, _request: Any) -> Actor:
        if not self.is_logged_in:
            raise HTTPException(302, headers={"Location": "/hub/login"})
        return Actor(person=Person(id="person-1", hub_name="jimin"))

    async def csrf(self, _request: Any) -> str:
        return "csrf-token"

    def app(self, public_url: str = "http://127.0.0.1:8000/") -> FastAPI:
        settings = ServiceSettings(
            home=Home(Path("/nowhere")),
            database_url="",
            bind_host="127.0.0.1",
            bind_port=1,
            public_url=public_url,
            hub_api_url="",
            api_token="",
            policy_path=Path("/nowhere"),
            profiles_path=Path("/nowhere"),
        )
        identity = SimpleNamespace(
            page_actor=self.page_actor, csrf=self.csrf, lang=lambda _request: self.lang
        )
        app = FastAPI()
        app.include_router(build(self.services, settings, identity))
        return app

    async def get(self, path: str, app: FastAPI | None = None, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app or self.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
            shown = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(SERVICE_PREFIX + path, headers=shown)
