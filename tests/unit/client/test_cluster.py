"""A cluster's life as its owner sees it; the connection itself is an integration test."""

import gc
import math
import sys
import time

import distributed
import pytest
from distributed.core import Status

from madang import errors
from madang.client import Cluster, panel
from madang.client.standing import lines
from madang.client.table import table, width

from .conftest import problem


def view(state="queued", ready=False, standing=None, reason_text=""):
    return {
        "id": "cluster-1",
        "name": "<b>mine</b>",
        "project": "lab",
        "workers": 2,
        "gpus_per_worker": 1,
        "threads_per_worker": 1,
        "state": state,
        "ready": ready,
        "dashboard_url": "http://127.0.0.1:9/status" if ready else "",
        "address": "tls://127.0.0.1:8" if ready else "",
        "version": f"{state}{ready}",
        "lease": {"state": state, "standing": standing, "reason_text": reason_text, "reason": ""},
    }


STANDING = {
    "position": 2,
    "waiting": 5,
    "reason_text": "all devices are busy",
    "expected_ms": 1_800_000_000_000,
    "earliest_ms": 1_800_000_000_000,
    "latest_ms": 1_800_003_600_000,
}


@pytest.fixture
def queue(service):
    service.on("POST", "clusters", (200, view(standing=STANDING)))
    service.on("DELETE", "clusters/cluster-1", (200, view("ended")))
    return service


def test_it_waits_shows_its_standing_and_is_closed(queue, client, capsys):
    queue.on("GET", "clusters/cluster-1", (200, view("admitted")), (200, view("active", True)))
    with Cluster(2, name="<b>mine</b>", project="lab", limit="2h", client=client) as cluster:
        assert cluster.state == "active"
        assert cluster.scheduler_address == "tls://127.0.0.1:8"
        assert cluster.dashboard_link == "http://127.0.0.1:9/status"
        assert "workers=0/2, gpus_per_worker=1, tls://127.0.0.1:8" in repr(cluster)
        assert "&lt;b&gt;mine" in cluster._repr_html_()
    cluster.close()
    assert len(queue.called("DELETE", "clusters/cluster-1")) == 1
    body = queue.called("POST", "clusters")[0]["body"]
    assert (body["workers"], body["limit_s"], body["project"]) == (2, 7200, "lab")
    said = capsys.readouterr().err
    assert "place 2 of 5 · all devices are busy · expected start" in said
    assert said.index("Starting") < said.index("Ready")


def test_a_refusal_leaves_nothing_behind(service, client):
    service.on(
        "POST",
        "clusters",
        (403, {"code": "no", "message": "m", "hint": "h", "details": {}, "status": 403}),
    )
    with pytest.raises(errors.RefusedError):
        Cluster(client=client)
    assert len(service.calls) == 1


def test_ended_before_it_was_ready(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, view("ended", reason_text="no budget")))
    with pytest.raises(errors.ConflictError, match="no budget"):
        Cluster(client=client)
    # There is nothing to let go of.
    assert not queue.called("DELETE", "clusters/cluster-1")


def test_waiting_a_while_keeps_the_place(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, view(standing=STANDING)))
    cluster = Cluster(wait=0.05, client=client)
    assert cluster.state == "queued"
    with pytest.raises(errors.UnavailableError, match="keeps its place"):
        cluster.wait(0.05)
    assert not queue.called("DELETE", "clusters/cluster-1")
    cluster.close()


def test_an_interrupt_gives_the_place_up(queue, client, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Cluster(client=client)
    assert queue.called("DELETE", "clusters/cluster-1")


def test_a_lost_cluster_is_let_go(queue, client):
    cluster = Cluster(wait=False, client=client)
    del cluster
    gc.collect()
    assert queue.called("DELETE", "clusters/cluster-1")


async def test_asynchronous(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, view("admitted")))
    queue.on("POST", "clusters/cluster-1/scale", (200, view("admitted")))
    queue.on("POST", "clusters/cluster-1/adapt", (409, problem("cluster_not_ready", 409)))
    cluster = Cluster(asynchronous=True, wait=False, client=client)
    assert queue.calls == []
    with pytest.raises(errors.ConflictError, match="async with"):
        _ = cluster.id
    async with cluster as same:
        assert same.id == "cluster-1"
        await same.scale(4)
        with pytest.raises(errors.ConflictError, match="cluster_not_ready"):
            await same.adapt(0, 4)
        assert (await same.refresh())["state"] == "admitted"
    assert queue.called("DELETE", "clusters/cluster-1")


def test_what_a_standing_says_in_korean(monkeypatch):
    monkeypatch.setenv("MADANG_LANG", "ko")
    said = lines(view(standing=STANDING | {"expected_ms": None}))
    assert said == [
        "GPU를 기다리는 중: 5명 중 2번째",
        "all devices are busy",
        "예상 시작 시각은 아직 알 수 없습니다",
    ]


def test_tables_are_aligned_in_korean_too():
    lines = table(["이름", "n"], [["가나다", 1], ["abc\x1b[2J", 100]], (1,)).splitlines()
    assert len({width(line) for line in lines}) == 1
    assert "\x1b" not in "".join(lines)


def grown(**more):
    parts = [("lease-a", "active", ["worker-0", "worker-1"]), ("lease-b", "queued", ["b-1"])]
    return view("active", True) | {
        "parts": [
            {"lease": a, "state": b, "names": c, "workers": len(c), "is_wanted": True}
            for a, b, c in parts
        ],
        "workers_asked": 3,
        "workers_held": 2,
        "adapt": None,
        **more,
    }


def test_it_says_who_is_planned_and_who_is_held(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, grown()))
    queue.on("POST", "clusters/cluster-1/scale", (200, grown()))
    queue.on("POST", "clusters/cluster-1/adapt", (200, grown()))
    with Cluster(client=client) as cluster:
        assert isinstance(cluster, distributed.deploy.Cluster)
        assert cluster.scale(3) is None
        assert cluster.plan == {"worker-0", "worker-1", "b-1"}
        assert cluster.requested == {"worker-0", "worker-1"}
        assert cluster.workers["b-1"] == {"lease": "lease-b", "state": "queued"}
        assert cluster.status is Status.running
        handle = cluster.adapt(1, 5)
        assert (handle.minimum, handle.maximum) == (1, 5)
        cluster.adapt(maximum=math.inf)
        assert handle.stop() is None
        assert "workers=0/3" in repr(cluster)
        assert cluster == Cluster.from_id("cluster-1", client=client)
        assert cluster != Cluster(wait=False, client=client).name
    assert cluster.status is Status.closed
    bodies = [call["body"] for call in queue.called("POST", "clusters/cluster-1/adapt")]
    assert bodies == [
        {"minimum": 1, "maximum": 5},
        {"minimum": 0, "maximum": 64},
        {"minimum": 0, "maximum": 0},
    ]
    assert queue.called("POST", "clusters/cluster-1/scale")[0]["body"] == {"workers": 3}
    # Closed, it does not go to the service again.
    calls = len(queue.calls)
    assert handle.stop() is None
    assert cluster.close() is None
    assert len(queue.calls) == calls


def test_a_refused_scale_says_why(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, grown()))
    queue.on("POST", "clusters/cluster-1/scale", (403, problem("budget_too_small", 403)))
    with Cluster(client=client) as cluster, pytest.raises(errors.RefusedError, match="budget"):
        cluster.scale(9)


def test_one_that_outlives_its_object(queue, client):
    cluster = Cluster(wait=False, close_on_exit=False, client=client)
    del cluster
    gc.collect()
    assert not queue.called("DELETE", "clusters/cluster-1")
    queue.on("GET", "clusters/cluster-1", (200, view("active", True)))
    again = Cluster.from_id("cluster-1", client=client)
    assert again.status is Status.running
    again.close()
    assert queue.called("DELETE", "clusters/cluster-1")


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_panel_has_live_numbers_and_buttons(queue, client, monkeypatch, lang):
    monkeypatch.setenv("MADANG_LANG", lang)
    adapt = {"minimum": 1, "maximum": 5, "wanted": 9, "why_not": "<no budget>"}
    queue.on("GET", "clusters/cluster-1", (200, grown()))
    queue.on("POST", "clusters/cluster-1/scale", (403, problem("<budget>", 403)))
    queue.on("POST", "clusters/cluster-1/adapt", (200, grown(adapt=adapt)))
    with Cluster(client=client) as cluster:
        shown = panel.panel_of(cluster)
        assert shown is panel.panel_of(cluster)
        made = cluster.panel
        assert "3" in made.line.value
        made.workers.value = 7
        made.scale.click()
        assert queue.called("POST", "clusters/cluster-1/scale")[0]["body"] == {"workers": 7}
        assert "&lt;budget&gt; said" in made.said.value
        made.maximum.value = 5
        queue.on("GET", "clusters/cluster-1", (200, grown(adapt=adapt)))
        made.adapt.click()
        assert "&lt;no budget&gt;" in made.line.value
        assert ("adapting" if lang == "en" else "자동 조절") in made.line.value
        # It follows what the service says, without a click.
        queue.on("GET", "clusters/cluster-1", (200, grown(workers_asked=17)))
        deadline = time.monotonic() + 10
        while "17" not in made.line.value:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        queue.on("GET", "clusters/cluster-1", (200, view("ended")))
        while not made.scale.disabled:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_notebook_gets_the_panel_and_html(queue, client, monkeypatch):
    queue.on("GET", "clusters/cluster-1", (200, grown()))
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    with Cluster(client=client) as cluster:
        cluster._ipython_display_()
        assert "application/vnd.jupyter.widget-view+json" in shown[0]
        assert "&lt;b&gt;mine" in shown[0]["text/html"]
        assert shown[0]["text/plain"] == repr(cluster)
    # Without ipywidgets, HTML alone.
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with Cluster(client=client) as cluster:
        cluster._ipython_display_()
        assert set(shown[1]) == {"text/plain", "text/html"}


def test_a_shown_cluster_is_still_let_go(queue, client):
    queue.on("GET", "clusters/cluster-1", (200, grown()))
    cluster = Cluster(client=client)
    panel.panel_of(cluster)
    del cluster
    deadline = time.monotonic() + 10
    while not queue.called("DELETE", "clusters/cluster-1"):
        gc.collect()
        assert time.monotonic() < deadline
        time.sleep(0.02)
