"""A service whose use-cases keep a few things in memory, and a hub that knows a few tokens."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from madang.api.app import create_app
from madang.api.hub_client import HubClient
from madang.domain.project import Person
from madang.errors import ConflictError, MadangError, NotFoundError, UnauthenticatedError
from madang.services.requests import Actor
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.units import now_ms

API_TOKEN = "the-service-token"
API = "/services/madang/api/v1"
LEASE = "lease-01arz3ndektsv4rrffq69g5fav"
ENVIRONMENT = "environment-01arz3ndektsv4rrffq69g5fav"
CLUSTER = "cluster-01arz3ndektsv4rrffq69g5fav"
PROJECT = "project-01arz3ndektsv4rrffq69g5fav"
PERSON = "bora"
RUN = "run-01arz3ndektsv4rrffq69g5fav"
SWEEP = "sweep-01arz3ndektsv4rrffq69g5fav"
SCHEDULE = "schedule-01arz3ndektsv4rrffq69g5fav"


@dataclass(frozen=True, kw_only=True)
class KeptSession:
    person_name: str
    hub_token: str
    hub_session_id: str
    csrf: str
    checked_ms: int


class FakeSessions:
    def __init__(self) -> None:
        self.kept: dict[str, KeptSession] = {}

    async def create(
        self, person_name: str, hub_token: str, hub_session_id: str
    ) -> tuple[str, str]:
        session_id, csrf = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.kept[session_id] = KeptSession(
            person_name=person_name,
            hub_token=hub_token,
            hub_session_id=hub_session_id,
            csrf=csrf,
            checked_ms=now_ms(),
        )
        return session_id, csrf

    async def get(self, session_id: str) -> KeptSession | None:
        return self.kept.get(session_id)

    async def touch(self, session_id: str, checked_ms: int) -> None:
        self.kept[session_id] = replace(self.kept[session_id], checked_ms=checked_ms)

    async def drop(self, session_id: str) -> None:
        self.kept.pop(session_id, None)


class FakePeople:
    def __init__(self) -> None:
        self.seen: set[str] = set()

    async def resolve(self, hub_name: str, *, is_admin: bool) -> Person:
        self.seen.add(hub_name)
        return Person(id=f"person-{hub_name}", hub_name=hub_name, is_admin=is_admin)

    def known(self, hub_name: str, *, is_admin: bool) -> Person | None:
        if hub_name not in self.seen:
            return None
        return Person(id=f"person-{hub_name}", hub_name=hub_name, is_admin=is_admin)

    async def attempt_actor(self, token: str, lang: str) -> Actor:
        if token != "mat_good":
            raise UnauthenticatedError("token_unknown")
        person = Person(id="person-ada", hub_name="ada")
        return Actor(person=person, token_lease=LEASE, token_run=RUN, lang=lang)


class Things:
    """One noun: knows one id, remembers what it was asked."""

    def __init__(self, noun: str, known: str) -> None:
        self.noun = noun
        self.known = known
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.actors: list[Actor] = []
        self.changed = asyncio.Event()

    def _note(self, verb: str, actor: Actor, thing_id: str | None = None, **asked: Any) -> Any:
        if thing_id is not None and thing_id != self.known:
            raise NotFoundError(f"{self.noun}_unknown", given=thing_id)
        self.calls.append((verb, asked))
        self.actors.append(actor)
        return {"id": self.known, "version": "v1", "person": actor.person.hub_name}

    async def request(self, actor: Actor, request: Any, *, key: str | None) -> Any:
        return self._note("request", actor, request=request, key=key)

    submit = create = request

    async def list(self, actor: Actor, **asked: Any) -> Any:
        return [self._note("list", actor, **asked)]

    async def get(self, actor: Actor, thing_id: str) -> Any:
        return self._note("get", actor, thing_id)

    async def wait(self, actor: Actor, thing_id: str, *, seen: str, timeout_s: float) -> Any:
        view = self._note("wait", actor, thing_id, seen=seen, timeout_s=timeout_s)
        await self.changed.wait()
        return {**view, "version": "v2"}

    async def claim(self, actor: Actor, thing_id: str) -> Any:
        return self._note("claim", actor, thing_id)

    credentials = facts = claim

    async def retry(self, actor: Actor, thing_id: str, *, from_start: bool, key: str | None) -> Any:
        return self._note("retry", actor, thing_id, from_start=from_start, key=key)

    async def plan_rerun(self, actor: Actor, thing_id: str, request: Any) -> Any:
        return self._note("plan_rerun", actor, thing_id, request=request)

    async def rerun(self, actor: Actor, thing_id: str, request: Any, *, key: str | None) -> Any:
        return self._note("rerun", actor, thing_id, request=request, key=key)

    async def prioritize(self, actor: Actor, thing_id: str, priority: int) -> Any:
        return self._note("prioritize", actor, thing_id, priority=priority)

    async def cancel(self, actor: Actor, thing_id: str, *, why: str = "") -> Any:
        return self._note("cancel", actor, thing_id, why=why)

    async def scale(self, actor: Actor, thing_id: str, workers: int) -> Any:
        return self._note("scale", actor, thing_id, workers=workers)

    async def adapt(self, actor: Actor, thing_id: str, minimum: int, maximum: int) -> Any:
        return self._note("adapt", actor, thing_id, minimum=minimum, maximum=maximum)

    async def hold(self, actor: Actor, thing_id: str, held_back: bool) -> Any:
        return self._note("hold", actor, thing_id, held_back=held_back)

    async def end(self, actor: Actor, thing_id: str, *, why: str = "", **more: Any) -> Any:
        return self._note("end", actor, thing_id, why=why, **more)

    async def me(self, actor: Actor) -> Any:
        return self._note("me", actor)

    async def rename(self, actor: Actor, thing_id: str, name: str, *, reason: str) -> Any:
        return self._note("rename", actor, thing_id, name=name, reason=reason)

    async def off_board(self, actor: Actor, thing_id: str, *, reason: str) -> Any:
        return self._note("off_board", actor, thing_id, reason=reason)

    async def set_member(
        self, actor: Actor, thing_id: str, person: str, role: str, *, reason: str
    ) -> Any:
        return self._note("set_member", actor, thing_id, person=person, role=role, reason=reason)

    async def remove_member(self, actor: Actor, thing_id: str, person: str, *, reason: str) -> None:
        self._note("remove_member", actor, thing_id, person=person, reason=reason)

    async def grant(self, actor: Actor, thing_id: str, request: Any, *, key: str | None) -> Any:
        return self._note("grant", actor, thing_id, request=request, key=key)

    async def activity(self, actor: Actor, thing_id: str, body: Any) -> None:
        self._note("activity", actor, thing_id, body=body)

    async def output(self, actor: Actor, thing_id: str) -> bytes:
        self._note("output", actor, thing_id)
        return b'{"cells": []}'

    notebook = output

    async def log(self, actor: Actor, thing_id: str) -> str:
        self._note("log", actor, thing_id)
        return "hello \ud800 마당"


class FakeChanges(Things):
    async def change(self, actor: Actor, thing_id: str, request: Any, *, key: str | None) -> Any:
        return self._note("change", actor, thing_id, request=request, key=key)

    async def preview(self, actor: Actor, thing_id: str, request: Any) -> Any:
        return self._note("preview", actor, thing_id, request=request)

    async def extend(self, actor: Actor, thing_id: str, request: Any, *, key: str | None) -> Any:
        return self._note("extend", actor, thing_id, request=request, key=key)


class FakeSweeps(Things):
    async def plan(self, actor: Actor, request: Any) -> Any:
        return self._note("plan", actor, request=request)

    async def pilot(self, actor: Actor, request: Any, *, key: str | None) -> Any:
        return self._note("pilot", actor, request=request, key=key)

    async def rows(self, actor: Actor, thing_id: str, **asked: Any) -> Any:
        return self._note("rows", actor, thing_id, **asked)

    async def pause(self, actor: Actor, thing_id: str, *, is_paused: bool) -> Any:
        return self._note("pause", actor, thing_id, is_paused=is_paused)

    async def retry(
        self,
        actor: Actor,
        thing_id: str,
        *,
        with_cancelled: bool = False,
        from_start: bool,
        key: str | None,
    ) -> Any:
        asked = {"with_cancelled": with_cancelled, "from_start": from_start, "key": key}
        return self._note("retry", actor, thing_id, **asked)


class FakeFigures(Things):
    async def compare(self, actor: Actor, thing_id: str, other_id: str, **asked: Any) -> Any:
        return self._note("compare", actor, thing_id, other=other_id, **asked)


class FakeNotebooks(Things):
    async def parameters(self, actor: Actor, notebook: bytes) -> Any:
        return self._note("parameters", actor, notebook=notebook)


class FakeSchedules(Things):
    async def add(self, actor: Actor, request: Any, *, key: str | None) -> Any:
        return self._note("add", actor, request=request, key=key)

    async def repeat(self, actor: Actor, sweep_id: str, request: Any, *, key: str | None) -> Any:
        if sweep_id != SWEEP:
            raise NotFoundError("sweep_unknown", given=sweep_id)
        return self._note("repeat", actor, request=request, key=key)

    def times(self, actor: Actor, *, cron: str, zone: str) -> Any:
        return self._note("times", actor, cron=cron, zone=zone)

    async def pause(self, actor: Actor, thing_id: str) -> Any:
        return self._note("pause", actor, thing_id)

    async def resume(self, actor: Actor, thing_id: str) -> Any:
        return self._note("resume", actor, thing_id)

    async def run(self, actor: Actor, thing_id: str, *, key: str | None) -> Any:
        return self._note("run", actor, thing_id, key=key)

    async def delete(self, actor: Actor, thing_id: str) -> Any:
        return self._note("delete", actor, thing_id)


class FakeEnvironments(Things):
    async def create(self, actor: Actor, request: Any, *, key: str | None) -> Any:
        return self._note("create", actor, request=request, key=key)

    async def list(self, actor: Actor, *, project: str | None = None) -> Any:
        return self._note("list", actor, project=project)

    async def get(self, actor: Actor, thing_id: str, *, project: str = "") -> Any:
        return self._note("get", actor, thing_id, project=project)

    async def rebuild(
        self, actor: Actor, thing_id: str, *, project: str, spec: Any, python: Any, key: str | None
    ) -> Any:
        return self._note("rebuild", actor, thing_id, spec=spec, python=python, key=key)

    async def delete(self, actor: Actor, thing_id: str, *, project: str) -> Any:
        return self._note("delete", actor, thing_id)

    async def log(self, actor: Actor, thing_id: str, *, project: str) -> str:
        return await super().log(actor, thing_id)

    async def report(self, actor: Actor, thing_id: str, *, project: str) -> bytes:
        self._note("report", actor, thing_id)
        return b"{}"


class FakeNotices:
    def __init__(self) -> None:
        self.saved: list[Any] = []

    async def get(self, actor: Actor) -> Any:
        return {"person": actor.person.hub_name}

    test = get

    async def save(self, actor: Actor, request: Any) -> Any:
        self.saved.append(request)
        return await self.get(actor)


class FakeSecrets(Things):
    """Secrets of the one project."""

    async def list(self, actor: Actor, *asked: Any, **more: Any) -> Any:
        return [self._note("list", actor, *asked, **more)]

    async def set(
        self, actor: Actor, project: str, name: str, value: str, *, reason: str = ""
    ) -> Any:
        return self._note("set", actor, project, name=name, value=value, reason=reason)

    async def remove(self, actor: Actor, project: str, name: str, *, reason: str = "") -> Any:
        return self._note("remove", actor, project, name=name, reason=reason)


class FakeSlots(Things):
    answer: dict[str, Any] | MadangError | None = None

    async def next(self, actor: Actor, timeout_s: float, *, lane: int = 0) -> Any:
        self._note("next", actor, timeout_s=timeout_s, lane=lane)
        if isinstance(self.answer, MadangError):
            raise self.answer
        return self.answer

    async def progress(self, actor: Actor, run_id: str, body: Any) -> Any:
        self._note("progress", actor, run_id, body=body)
        return {"stop": False}

    async def put_output(self, actor: Actor, run_id: str, data: bytes) -> Any:
        return self._note("put_output", actor, run_id, data=data)

    async def finish(self, actor: Actor, run_id: str, body: Any) -> Any:
        return self._note("finish", actor, run_id, body=body)

    async def take_end(self, actor: Actor, run_id: str, body: Any) -> Any:
        return self._note("take_end", actor, run_id, body=body)


class FakeEvents:
    def __init__(self) -> None:
        self.listeners: set[asyncio.Queue[set[str]]] = set()
        self.has_listener = asyncio.Event()

    async def subscribe(self) -> AsyncIterator[set[str]]:
        queue: asyncio.Queue[set[str]] = asyncio.Queue()
        self.listeners.add(queue)
        self.has_listener.set()
        try:
            while True:
                yield await queue.get()
        finally:
            self.listeners.discard(queue)


class FakeServices:
    def __init__(self) -> None:
        self.people = FakePeople()
        self.sessions = FakeSessions()
        self.leases = Things("lease", LEASE)
        self.changes = FakeChanges("lease", LEASE)
        self.notices = FakeNotices()
        self.clusters = Things("cluster", CLUSTER)
        self.runs = Things("run", RUN)
        self.sweeps = FakeSweeps("sweep", SWEEP)
        self.sweep_figures = FakeFigures("sweep", SWEEP)
        self.schedules = FakeSchedules("schedule", SCHEDULE)
        self.notebooks = FakeNotebooks("notebook", "notebook-1")
        self.environments = FakeEnvironments("environment", ENVIRONMENT)
        self.slots = FakeSlots("run", RUN)
        self.events = FakeEvents()
        self.fault: Exception | None = None
        self.changes_seen = 0
        self.pool_looks = 0
        self.core = SimpleNamespace(mark=lambda: self.changes_seen)
        self.pool = SimpleNamespace(
            pool=self._pool, profiles=self._any, queue=self._any, queue_json=self._json
        )
        self.projects = Things("project", PROJECT)
        self.secrets = FakeSecrets("project", PROJECT)
        self.departures = Things("person", PERSON)
        self.administration = SimpleNamespace(
            overview=self._any, audit=self._any, audit_csv=self._text
        )
        self.waits = SimpleNamespace(by_day=self._any)
        self.usage = SimpleNamespace(
            usage=self._any, entries=self._any, verify=self._any, csv=self._text
        )

        self.told = ""
        self.outputs = SimpleNamespace(
            delete=self.runs.cancel,
            delete_of_sweep=self.sweeps.cancel,
            plan=self._any,
            enforce=self._any,
        )
        self.upkeep = SimpleNamespace(
            notice=lambda lang: {"text": f"{lang}: {self.told}"} if self.told else None,
            begin_maintenance=self._any,
            end_maintenance=self._any,
            devices=self._any,
            drain=self._any,
            put_back=self._any,
        )

    def attach_hub(self, hub: Any) -> None:
        self.hub = hub

    async def health(self) -> dict[str, Any]:
        return {"ok": self.fault is None}

    async def _pool(self, actor: Actor) -> Any:
        self.pool_looks += 1
        if self.fault is not None:
            raise self.fault
        return {"flavors": [], "lang": actor.lang}

    async def _json(self, actor: Actor, *_: Any) -> str:
        return json.dumps(await self._any(actor))

    async def _text(self, actor: Actor, **asked: Any) -> str:
        return "at_ms,person\n"

    async def _any(self, actor: Actor, *_: Any, **asked: Any) -> Any:
        return {"person": actor.person.hub_name, "asked": asked}


class FakeHub:
    """Answers as the hub's API does, and counts."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.models: dict[str, dict[str, Any]] = {
            "ada-token": _model("ada"),
            "root-token": {**_model("root"), "admin": True},
            "root-notebook-token": {
                **_model("root"),
                "admin": True,
                "scopes": [*_model("root")["scopes"], "access:servers!server=root/"],
            },
            "narrow-token": {**_model("ada"), "scopes": ["read:users!user=ada"]},
            "machine-token": {**_model("machine"), "kind": "service"},
            # The service itself asks with it whether this is its hub.
            API_TOKEN: {"name": "madang", "kind": "service"},
            "browser-token": {**_model("ada"), "session_id": "hub-session"},
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("refused")
        if request.url.path == "/hub/api/oauth2/token":
            self.forms.append(dict(httpx.QueryParams(request.content.decode())))
            if self.forms[-1]["code"] != "good-code":
                return httpx.Response(400, json={"error": "invalid_grant"})
            return httpx.Response(200, json={"access_token": "browser-token"})
        if request.method == "POST":
            self.bodies.append((request.url.raw_path.decode(), request.content))
            return httpx.Response(202)
        token = request.headers["authorization"].removeprefix("token ")
        self.asked.append(token)
        model = self.models.get(token)
        return httpx.Response(200, json=model) if model else httpx.Response(403, json={})


def _model(name: str) -> dict[str, Any]:
    scopes = ["access:services!service=madang"]
    return {"name": name, "kind": "user", "session_id": None, "scopes": scopes}


class Bench:
    """The application with everything around it in reach of a test."""

    def __init__(self, tmp_path: Path) -> None:
        self.now_s = 1000.0
        self.hub = FakeHub()
        self.services = FakeServices()
        self.settings = ServiceSettings(
            home=Home(tmp_path),
            database_url="sqlite://",
            bind_host="127.0.0.1",
            bind_port=1,
            public_url="http://testserver/",
            hub_api_url="http://hub/hub/api",
            api_token=API_TOKEN,
            policy_path=tmp_path,
            profiles_path=tmp_path,
        )
        self.hub_client = HubClient(
            self.settings.hub_api_url,
            API_TOKEN,
            http=httpx.AsyncClient(transport=httpx.MockTransport(self.hub)),
            clock=lambda: self.now_s,
        )
        services: Any = self.services
        self.app = create_app(services, self.settings, self.hub_client)

    def client(self, token: str | None = "ada-token", **headers: str) -> httpx.AsyncClient:
        auth = {"Authorization": f"token {token}"} if token else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://testserver",
            headers={**auth, **headers},
        )

    async def browser(self) -> httpx.AsyncClient:
        """A browser in which ada has logged in, with the proof in ``csrf``."""
        session_id, csrf = await self.services.sessions.create(
            "ada", "browser-token", "hub-session"
        )
        client = self.client(None, **{"X-Madang-CSRF": csrf, "Sec-Fetch-Site": "same-origin"})
        client.cookies.set("madang-session", session_id)
        client.cookies.set("jupyterhub-session-id", "hub-session")
        return client


SLOT_OVER = ConflictError("slot_over")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One bench for a whole table of requests that leave nothing behind."""
    return Bench(tmp_path_factory.mktemp("shared"))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.hub_client.aclose()
