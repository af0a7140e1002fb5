"""A cluster's life as its owner sees it; the connection itself is an integration test."""

import gc

import pytest

from madang import errors
from madang.client import Cluster
from madang.client.standing import lines
from madang.client.table import table, width


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
        assert "2 workers x 1 GPUs tls://127.0.0.1:8" in repr(cluster)
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
    assert queue.called("DELETE", "clusters/cluster-1")


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
    queue.on("GET", "clusters/cluster-1", (200, view("active", True)))
    cluster = Cluster(asynchronous=True, client=client)
    assert queue.calls == []
    with pytest.raises(errors.ConflictError, match="async with"):
        _ = cluster.id
    async with cluster as same:
        assert same.id == "cluster-1"
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
