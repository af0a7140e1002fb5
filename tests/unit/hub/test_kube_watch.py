"""A watch that died is noticed: an old copy of the pods is no proof that a server lives."""

import asyncio
import contextlib
import json
import time

import pytest

from madang.hub import kube_watch
from madang.hub.kube_watch import STALE_S, NotedPods, known_pods


class Reflector(NotedPods):
    """A reflector whose list can fail, without a cluster."""

    is_away = False

    def __init__(self, **given):
        super().__init__(**{"namespace": "people", **given})

    async def _list_and_update(self, resource_version=None):
        if type(self).is_away:
            raise ConnectionError("refused")
        return await super()._list_and_update(resource_version)


class Answer:
    """What the API server gives for a page of a list."""

    ok, status, reason = True, 200, "OK"

    def __init__(self, names=("nb-1",), rest=""):
        pods = [{"metadata": {"namespace": "people", "name": name}} for name in names]
        meta = {"resourceVersion": "7", **({"continue": rest} if rest else {})}
        self._body = json.dumps({"metadata": meta, "items": pods}).encode()

    async def read(self):
        return self._body


@pytest.fixture
async def spawner(make_spawner, monkeypatch):
    made = make_spawner()
    monkeypatch.setattr(kube_watch, "NotedPods", Reflector)
    monkeypatch.setattr("madang.hub.kube.NotedPods", Reflector)
    monkeypatch.setattr(Reflector, "is_away", False)
    lists, made.pages = [], {}

    async def answer(**given):
        lists.append(given)
        return made.pages.get(given.get("_continue", ""), Answer())

    monkeypatch.setattr("kubespawner.reflector.shared_client", lambda _kind: made.api)
    monkeypatch.setattr(made.api, "list_namespaced_pod", answer)

    async def silent(_self):
        await asyncio.Event().wait()

    # The watch itself hears nothing: that is what a dead one looks like.
    monkeypatch.setattr(Reflector, "_watch_and_update", silent)
    made.lists = lists
    for known in (kube_watch._renewals, kube_watch._renewed_s, made.reflectors):
        known.clear()
    yield made
    with contextlib.suppress(asyncio.CancelledError):
        await made._stop_all_reflectors()


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self):
        self.now_s = 1000.0

    def monotonic(self):
        return self.now_s


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(kube_watch, "time", made)
    return made


async def test_a_copy_is_shared_and_believed_while_it_is_fresh(spawner, clock):
    assert list(await known_pods(spawner)) == ["people/nb-1"]
    clock.now_s += STALE_S - 1
    assert await known_pods(spawner) is not None
    assert len(spawner.lists) == 1


async def test_a_long_list_is_read_in_pages(spawner):
    spawner.pages = {"": Answer(["nb-1"], rest="2"), "2": Answer(["nb-2"])}
    assert sorted(await known_pods(spawner)) == ["people/nb-1", "people/nb-2"]
    assert [given.get("_continue") for given in spawner.lists] == [None, "2"]
    assert all(given["limit"] for given in spawner.lists)


async def test_a_list_that_ends_in_the_middle_is_none(spawner):
    gone = Answer([])
    gone.ok, gone.status, gone.reason = False, 410, "Gone"
    spawner.pages = {"": Answer(["nb-1"], rest="2"), "2": gone}
    assert await known_pods(spawner) is None


async def test_a_silent_watch_is_begun_anew(spawner, clock):
    await known_pods(spawner)
    first = spawner.pod_reflector
    clock.now_s += STALE_S + 1
    assert list(await known_pods(spawner)) == ["people/nb-1"]
    assert spawner.pod_reflector is not first
    assert len(spawner.lists) == 2


async def test_while_the_cluster_is_away_nothing_is_known_and_one_asks_for_all(spawner, clock):
    await known_pods(spawner)
    clock.now_s += STALE_S + 1
    Reflector.is_away = True
    spawner.lease_id, spawner.attempt = "lease-1", 1
    found = await asyncio.gather(*(spawner.poll_server() for _ in range(20)))
    # Neither dead nor, by an old copy, proven alive: unsure, which the hub takes as alive.
    assert found == [None] * 20
    assert await known_pods(spawner) is None
    tries = spawner.pod_reflector
    await asyncio.gather(*(known_pods(spawner) for _ in range(20)))
    assert spawner.pod_reflector is tries
    # A first list that failed leaves a reflector that never watches; it must not stay.
    Reflector.is_away = False
    clock.now_s += 6
    assert list(await known_pods(spawner)) == ["people/nb-1"]


async def test_what_the_copy_lacks_is_looked_up_before_it_is_called_dead(spawner, clock):
    spawner.lease_id, spawner.attempt = "lease-1", 1
    # The API server is nowhere, so nobody can say that it is gone.
    assert await spawner.poll_server() is None
    spawner.pod_reflector.resources["people/nb-lease-1-1"] = {
        "status": {
            "phase": "Failed",
            "containerStatuses": [{"name": "notebook", "state": {"terminated": {"exitCode": 9}}}],
        }
    }
    assert await spawner.poll_server() == 9


def test_the_clock_of_the_copy_is_the_machine_s():
    assert kube_watch.time is time
