import asyncio
from types import SimpleNamespace

import pytest
from jupyterhub.spawner import Spawner
from tornado.web import HTTPError

from madang.errors import LocalError
from madang.hub import spawner as module
from madang.hub.service import RefusedError, UnreachableError
from madang.hub.spawner import LeasedMixin


class Service:
    """Answers from a script; what is an exception is raised."""

    def __init__(self):
        self.leases = {}
        self.requests = []
        self.withdrawn = []
        self.failed = []
        self.failing = 0
        self.refusal = None
        self.news = asyncio.Event()

    def answer(self):
        if self.failing:
            self.failing -= 1
            raise UnreachableError("away")
        if self.refusal:
            raise self.refusal

    async def request_lease(self, person, body, key):
        self.requests.append((body, key))
        self.answer()
        for lease in self.leases.values():
            if lease["state"] != "ended":
                return lease
        lease_id = f"lease-{len(self.leases) + 1}"
        self.leases[lease_id] = {"id": lease_id, "state": "queued", "attempt": 0, "version": "1"}
        return self.leases[lease_id]

    async def watch_lease(self, person, lease_id, seen):
        while True:
            self.answer()
            if self.leases[lease_id]["version"] != seen:
                return self.leases[lease_id]
            self.news.clear()
            await self.news.wait()

    async def withdraw_lease(self, person, lease_id, is_failed=False):
        self.answer()
        self.withdrawn.append(lease_id)
        self.failed.extend([lease_id] if is_failed else [])

    async def open_lease_of(self, person, server):
        return next((v for v in self.leases.values() if v["state"] != "ended"), None)

    async def profiles(self, person):
        profile = {"name": "cpu", "allowed": True}
        return {"projects": [{"name": "open", "profiles": [profile]}]}

    def update(self, lease_id, **news):
        lease = self.leases[lease_id]
        self.leases[lease_id] = {**lease, **news, "version": lease["version"] + "+"}
        self.news.set()


class Engine(LeasedMixin, Spawner):
    service: Service
    failure: Exception | None = None
    launched: list
    status: int | None = None
    spent: set

    async def launch(self, lease):
        self.launched.append((lease["id"], self.attempt))
        if self.failure:
            raise self.failure
        return "http://127.0.0.1:1"

    async def poll_server(self):
        return self.status

    async def stop_server(self, grace_ms):
        self.stopped = grace_ms

    async def is_spent(self, lease):
        return await super().is_spent(lease) or lease["attempt"] in self.spent

    @property
    def _service(self):
        return self.service


@pytest.fixture
async def spawner(monkeypatch):
    monkeypatch.setattr(module, "_BACKOFF_S", (0.0,))
    monkeypatch.setattr(module, "_WITHDRAW_PATIENCE_S", 0.05)
    made = Engine(
        user=SimpleNamespace(name="ada", db=SimpleNamespace(commit=lambda: None)),
        user_options={"project": "open", "profile": "cpu"},
    )
    made.orm_spawner = SimpleNamespace(name="", state={}, server=None)
    made.service, made.launched, made.spent = Service(), [], set()
    yield made
    for task in list(LeasedMixin._withdrawals.values()):
        task.cancel()
    LeasedMixin._withdrawals.clear()


async def turns_until(check):
    for _ in range(1000):
        if check():
            return
        await asyncio.sleep(0)
    raise AssertionError("never happened")


async def started(spawner):
    task = asyncio.create_task(spawner.start())
    await turns_until(lambda: spawner.lease_id or task.done())
    return task


async def test_waits_then_launches_and_remembers_before_the_launch(spawner):
    task = await started(spawner)
    assert await spawner.poll() is None
    spawner.failure = LocalError("process_not_started", record="r", why="w")
    spawner.service.update("lease-1", state="admitted", ready=True, attempt=1)
    with pytest.raises(HTTPError):
        await task
    assert spawner.orm_spawner.state == {"lease": "lease-1", "attempt": 1}
    # The hub now calls stop(), because poll() does not say that it is gone.
    assert await spawner.poll() is None
    await spawner.stop()
    assert spawner.service.withdrawn == spawner.service.failed == ["lease-1"]
    assert await spawner.poll() == 0


async def test_a_service_that_is_away_is_waited_for_with_the_same_key(spawner):
    spawner.service.failing = 3
    task = await started(spawner)
    assert len({key for _, key in spawner.service.requests}) == 1
    assert len(spawner.service.requests) == 4
    spawner.service.failing = 2
    spawner.service.update("lease-1", state="admitted", ready=True, attempt=1)
    assert await task == "http://127.0.0.1:1"
    assert await spawner.poll() is None


async def test_cancelled_by_the_hub_s_end_nothing_is_withdrawn(spawner):
    task = await started(spawner)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spawner.service.withdrawn == []
    # Cancelled by Stop, the hub asks poll() and then calls stop().
    assert await spawner.poll() is None
    await spawner.stop()
    assert spawner.service.withdrawn == ["lease-1"]


async def test_a_refusal_is_said_in_both_languages(spawner):
    spawner.service.refusal = RefusedError(
        403, {"code": "spawn_option", "details": {"option": "<b>", "given": "1"}, "hint": "h"}
    )
    with pytest.raises(HTTPError) as caught:
        await spawner.start()
    assert caught.value.status_code == 403
    assert "&lt;b&gt;" in caught.value.jupyterhub_html_message
    assert "서버를 시작할 수 없습니다" in caught.value.jupyterhub_message
    assert await spawner.poll() == 0


async def test_a_lease_that_ends_while_waiting_ends_the_spawn(spawner):
    task = await started(spawner)
    spawner.service.update(
        "lease-1", state="ended", reason="odd", reason_text="Not claimed.", reason_hint="Again."
    )
    with pytest.raises(HTTPError) as caught:
        await task
    assert "Not claimed." in caught.value.jupyterhub_message
    assert await spawner.poll() == 0


async def test_an_attempt_that_had_its_server_is_not_launched_again(spawner):
    spawner.spent = {1}
    spawner.service.leases["lease-1"] = {
        "id": "lease-1",
        "state": "active",
        "attempt": 1,
        "ready": True,
        "version": "1",
    }
    task = await started(spawner)
    await asyncio.sleep(0)
    assert spawner.launched == []
    spawner.service.update("lease-1", state="ended", reason="failed", ready=False)
    await turns_until(lambda: len(spawner.service.requests) == 2)
    spawner.service.update("lease-2", state="admitted", ready=True, attempt=2)
    await task
    assert spawner.launched == [("lease-2", 2)]


async def test_nothing_chosen_takes_the_first_that_is_allowed(spawner):
    spawner.user_options = {}
    task = await started(spawner)
    body, _ = spawner.service.requests[0]
    assert (body["project"], body["profile"]) == ("open", "cpu")
    task.cancel()


async def test_stop_goes_on_withdrawing_when_the_service_is_away(spawner):
    task = await started(spawner)
    task.cancel()
    spawner.service.failing = 10**6
    await spawner.stop()
    assert spawner.service.withdrawn == []
    assert ("ada", "") in LeasedMixin._withdrawals
    # A new start means that the place is wanted after all.
    spawner.service.failing = 0
    task = await started(spawner)
    assert LeasedMixin._withdrawals == {}
    task.cancel()


async def test_stop_finds_a_lease_whose_answer_never_came(spawner):
    await spawner.service.request_lease("ada", {}, "k")
    spawner.is_starting = True
    await spawner.stop()
    assert spawner.service.withdrawn == ["lease-1"]


async def test_state_survives_and_clears(spawner):
    spawner.load_state({"lease": "lease-9", "attempt": 3})
    assert spawner.get_state() == {"lease": "lease-9", "attempt": 3}
    spawner.status = 1
    assert await spawner.poll() == 1
    spawner.clear_state()
    assert spawner.get_state() == {}


async def test_progress_follows_the_standing(spawner):
    task = await started(spawner)
    said = []

    async def follow():
        async for message in spawner.progress():
            said.append(message)

    follower = asyncio.create_task(follow())
    await asyncio.sleep(0)
    for position in (3, 1):
        standing = {"position": position, "waiting": 5}
        spawner.service.update("lease-1", standing=standing)
        await asyncio.sleep(0.01)
    spawner.service.update("lease-1", state="admitted", ready=True, attempt=1)
    await task
    await asyncio.wait_for(follower, 5)
    texts = [message["message"] for message in said]
    assert any("Position 3 of 5" in text for text in texts)
    assert any("Position 1 of 5" in text for text in texts)
    assert said[-1]["progress"] == 80


class UnreadableUser:
    """A person whose name the hub's database does not give any more."""

    db = SimpleNamespace(commit=lambda: None)
    is_broken = False

    @property
    def name(self):
        if self.is_broken:
            raise OSError("this session's transaction has been rolled back")
        return "ada"


async def test_who_waits_needs_no_database_of_the_hub(spawner):
    spawner.user = UnreadableUser()
    task = await started(spawner)
    spawner.user.is_broken = True
    spawner.service.update("lease-1", state="queued")
    spawner.service.update("lease-1", state="admitted", ready=True, attempt=1)
    assert await task == "http://127.0.0.1:1"
    await spawner.stop()
    assert spawner.service.withdrawn == ["lease-1"]
