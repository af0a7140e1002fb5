"""Services, identity and an application for tests of the pages, without store or hub."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException
from pages_views import (
    MINUTE,
    audit,
    cluster,
    compared,
    environment,
    lease,
    me,
    notices,
    overview,
    people,
    pool,
    project,
    public,
    queue,
    queued,
    run,
    schedule,
    standing,
    sweep,
    sweep_page,
    usage,
    waits,
)

from madang.api.pages import build, error_page
from madang.domain.environment import EnvironmentKind
from madang.domain.environment_spec import Example
from madang.domain.project import Person
from madang.errors import NotFoundError
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.home import Home
from madang.store.sweep_values import Point
from madang.units import MS_PER_HOUR, now_ms

OFFERED = {"name": "rate", "type": "float", "default": "1", "help": "", "old": "", "count": 500}


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
        self.sweeps = [sweep(self.now, 1), sweep(self.now, 2, state="queued", runs_done=0)]
        self.sweep_page = sweep_page(self.now)
        self.schedules = [schedule(self.now, 1)]
        self.offered = {"parameters": [{**OFFERED, "old": "0.1, <0.01>"}, OFFERED]}
        self.points = [Point(0.1, 2.0), Point(0.01, 1.0), Point(0.001, 4.0)]
        self.asked_points: dict[str, str] = {}
        self.compared = compared()
        self.pool = pool()
        self.queue = queue(self.now)
        self.usage = usage(self.now)
        self.me = me()
        self.waits, self.public = waits(self.now), public(self.now)
        self.project, self.projects = project(self.now), [project(self.now)]
        states = ("ready", "building", "failed")
        self.environments = [environment(self.now, state) for state in states]
        self.examples = [
            Example(name="torch", title="t", kind=EnvironmentKind.UV, spec="torch==2.13.*\n")
        ]
        self.cluster, self.clusters = cluster(self.now), [cluster(self.now)]
        self.overview, self.people = overview(self.now), people(self.now)
        self.audit = audit(self.now)
        self.tiers = ("open", "research")
        self.is_admin = False
        self.notices = notices(self.now)
        self.logs = "epoch 1 loss 0.91\nepoch 2 loss 0.72\n"
        self.notice: dict[str, Any] | None = None
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

        async def get_sweep(actor: Actor, sweep_id: str) -> dict[str, Any]:
            return self._find(actor, self.sweeps, sweep_id, "sweep_unknown")

        async def sweep_rows(_actor: Actor, sweep_id: str, **asked: Any) -> dict[str, Any]:
            self.calls.append((sweep_id, repr(asked)))
            return self.sweep_page

        async def sweep_points(_actor: Actor, sweep_id: str, **asked: str) -> list[Point]:
            self.asked_points = asked
            return self.points

        async def compare(actor: Actor, *both: str, **_asked: Any) -> dict[str, Any]:
            sweeps = [await get_sweep(actor, one) for one in both]
            return {"sweeps": sweeps, **self.compared}

        def answers(name: str) -> Any:
            async def answer(*_asked: Any, **_more: Any) -> Any:
                return getattr(self, name)

            return answer

        return SimpleNamespace(
            leases=SimpleNamespace(get=get_lease, list=list_leases),
            pool=SimpleNamespace(pool=answers("pool"), queue=answers("queue")),
            runs=SimpleNamespace(list=answers("runs"), get=get_run, log=answers("logs")),
            sweeps=SimpleNamespace(
                list=answers("sweeps"),
                get=get_sweep,
                rows=sweep_rows,
                offered=answers("offered"),
            ),
            sweep_figures=SimpleNamespace(points=sweep_points, compare=compare),
            schedules=SimpleNamespace(list=answers("schedules"), times=self._times),
            projects=SimpleNamespace(
                me=answers("me"),
                list=answers("projects"),
                get=answers("project"),
                tiers=answers("tiers"),
            ),
            environments=SimpleNamespace(
                list=answers("environments"), examples=lambda: self.examples
            ),
            secrets=SimpleNamespace(list=self._secrets),
            clusters=SimpleNamespace(list=answers("clusters"), facts=answers("cluster")),
            waits=SimpleNamespace(by_day=answers("waits"), public=answers("public")),
            administration=SimpleNamespace(overview=answers("overview"), audit=answers("audit")),
            departures=SimpleNamespace(list=answers("people")),
            usage=SimpleNamespace(usage=answers("usage"), span=lambda _month: (0, 1)),
            notices=SimpleNamespace(get=answers("notices")),
            upkeep=SimpleNamespace(notice=lambda _lang: self.notice),
        )

    def _times(self, _actor: Actor, *, cron: str) -> dict[str, Any]:
        next_text = ["Tue 2026-09-22 02:00 KST"]
        return {"cron": cron, "timezone": "Asia/Seoul", "next_text": next_text}

    async def _secrets(self, _actor: Actor, _project: str) -> list[dict[str, Any]]:
        return [{"name": "HF_TOKEN", "version": 2, "set_by": "ada", "set_ms": 1_790_000_000_000}]

    def _find(self, actor: Actor, rows: list[dict[str, Any]], key: str, code: str) -> Any:
        self.actors.append(actor)
        for row in rows:
            if row["id"] == key:
                return row
        raise NotFoundError(code, given=key)

    async def page_actor(self, _request: Any) -> Actor:
        if not self.is_logged_in:
            raise HTTPException(302, headers={"Location": "/hub/login"})
        person = Person(id="person-1", hub_name="jimin", is_admin=self.is_admin)
        return Actor(person=person, is_admin=self.is_admin)

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

    async def error(self, path: str) -> httpx.Response:
        """Ask an application for an address that nothing answers."""
        app = self.app()
        identity = SimpleNamespace(lang=lambda _request: self.lang)
        settings = SimpleNamespace(public_url="http://127.0.0.1:8000/")
        app.state.house = SimpleNamespace(identity=identity, settings=settings)
        shape = {"code": "nowhere", "message": "Nothing is here.", "status": 404}
        shape["hint"] = "Look elsewhere <b>."

        async def handle(request: Any, _error: Any) -> Any:
            return error_page(request, shape)

        app.add_exception_handler(404, handle)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as client:
            return await client.get(path)
