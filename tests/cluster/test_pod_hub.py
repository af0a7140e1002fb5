"""The story of notebooks as pods: a real hub and proxy, a real API server, kwok's nodes."""

import signal
import time
import uuid

import httpx
import pytest
from pod_hub import PodHub, PodService
from pod_people import People, Standin, until

from madang.settings.home import Home


@pytest.fixture
def people(cluster):
    made = People(cluster.plane, cluster.name(f"people-{uuid.uuid4().hex[:4]}"))
    cluster.nodes.add(made.name, 40, labels={"madang.test/pool": made.name})
    made.volumes(6)
    yield made
    cluster.nodes.remove(made.name)
    made.delete()


@pytest.fixture
def standin():
    made = Standin()
    yield made
    made.close()


@pytest.fixture
def service(people):
    made = PodService()
    made.labels = {"madang.test/pool": people.name}
    made.start()
    yield made
    made.close()


@pytest.fixture
def hub(tmp_path, service, people, standin):
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    made = PodHub(home, service, people, standin)
    made.start_proxy()
    try:
        yield made.start_hub()
    finally:
        made.close()


def the_lease(service, person):
    return until(lambda: service.of(person), "the lease")[0]


def test_a_turn_becomes_a_pod_and_survives_the_hub(hub, service, people):
    hub.add_user("ada")
    assert hub.spawn("ada").status_code in (201, 202)
    lease = the_lease(service, "ada")
    assert people.pods() == {}
    service.admit(lease["id"])
    began = time.monotonic()
    server = hub.ready_server("ada")
    print(f"admitted to ready: {time.monotonic() - began:.2f} s")
    pods = people.pods(lease=lease["id"], attempt="1", person="person-ada", kind="notebook")
    assert list(pods) == [f"nb-{lease['id']}-1"]
    pod = pods[f"nb-{lease['id']}-1"]
    assert pod["spec"]["nodeName"] == people.name
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "home-ada"
    # Its token opens what a notebook's token opens, and stands in its Secret alone.
    assert people.secrets() == {pod["metadata"]["name"]}
    token = people.token(pod["metadata"]["name"])
    who = httpx.get(
        f"http://127.0.0.1:{hub.hub_port}/hub/api/user",
        headers={"Authorization": f"token {token}"},
        trust_env=False,
    )
    assert who.json()["name"] == "ada"
    assert token not in str(pod)

    hub.end_hub(signal.SIGKILL)
    hub.start_hub()
    assert hub.ready_server("ada")["url"] == server["url"]
    assert {name: one["metadata"]["uid"] for name, one in people.pods().items()} == {
        pod["metadata"]["name"]: pod["metadata"]["uid"]
    }
    assert service.deleted == []

    assert hub.http.delete("/users/ada/server").status_code in (202, 204)
    until(lambda: not people.pods(), "the pod's end")
    until(lambda: lease["id"] in service.deleted, "the lease's end")
    # An earlier hub made the token, and it is revoked all the same.
    until(lambda: not is_good(hub, token), "the token's end")


def is_good(hub, token):
    address = f"http://127.0.0.1:{hub.hub_port}/hub/api/user"
    headers = {"Authorization": f"token {token}"}
    return httpx.get(address, headers=headers, trust_env=False).status_code == 200


def test_a_hub_that_is_killed_while_a_pod_comes_up_adopts_it(hub, service, people, standin):
    service.admits = True
    standin.is_up = False
    hub.add_user("bora")
    hub.spawn("bora")
    pods = until(people.pods, "the pod")
    hub.end_hub(signal.SIGKILL)
    hub.start_hub()
    # It has not answered yet, and the hub waits for it: by its lease the pod is theirs.
    assert not (hub.server("bora") or {}).get("ready")
    standin.is_up = True
    hub.ready_server("bora")
    after = people.pods()
    assert {k: v["metadata"]["uid"] for k, v in after.items()} == {
        k: v["metadata"]["uid"] for k, v in pods.items()
    }
    assert len(service.leases) == 1
    assert service.deleted == []


def test_a_hub_that_is_killed_while_thirty_wait_loses_nobody(hub, service, people):
    names = [f"p{number:02d}" for number in range(30)]
    for name in names:
        hub.add_user(name)
        assert hub.spawn(name).status_code == 202
    until(lambda: len(service.leases) == 30, "thirty leases")
    hub.end_hub(signal.SIGKILL)
    assert people.pods() == {}
    hub.start_hub()
    # What the service does when a turn comes: it asks the hub for the server.
    for name in names[:5]:
        service.admit(the_lease(service, name)["id"])
        assert hub.spawn(name).status_code in (201, 202)
    for name in names[:5]:
        hub.ready_server(name)
    assert len(people.pods()) == 5
    assert len(service.leases) == 30
    assert service.deleted == []


def test_a_pod_that_is_gone_is_noticed_and_told_on_the_next_page(hub, service, people):
    service.admits = True
    hub.add_user("ada")
    hub.spawn("ada")
    hub.ready_server("ada")
    [name] = people.pods()
    people.bury(name)
    until(lambda: not (hub.server("ada") or {}).get("ready"), "noticed", 60)
    browser = httpx.Client(trust_env=False, follow_redirects=True, timeout=20)
    base = f"http://127.0.0.1:{hub.port}"
    browser.get(f"{base}/hub/login")
    form = {"username": "ada", "password": "u" * 12, "_xsrf": browser.cookies["_xsrf"]}
    browser.post(f"{base}/hub/login?next=/hub/home", data=form)
    page = browser.get(f"{base}/hub/user/ada/lab")
    assert 'id="ending"' in page.text
    assert "서버의 파드가 삭제되었습니다" in page.text
    browser.close()
