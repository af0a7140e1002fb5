"""The whole story on a real node: from `helm install` to `helm uninstall`, with people between."""

import asyncio
import json
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from installed import DEVICES, PEOPLE, PLATFORM, RELEASE, URL, VALUES, Installed
from people import Person, free_devices, quietly
from release import clear

from madang.stack.demo.look import until
from madang.units import cost_microcredits

pytestmark = pytest.mark.timeout(1500)
RUNS = 20
CLUSTER_CELL = """
import madang
cluster = madang.Cluster(workers=2)
client = cluster.get_client()
print(client.submit(sum, range(1000)).result(), cluster.scheduler_address)
"""
KNOCK_CELL = """
import socket
try:
    socket.create_connection(("{host}", {port}), 5)
    print("open")
except OSError as error:
    print("closed", type(error).__name__)
"""
SWEEP_CELL = f"""
import nbformat
cells = [
    nbformat.v4.new_code_cell("seed = 0", metadata={{"tags": ["parameters"]}}),
    nbformat.v4.new_code_cell("import madang; madang.record(double=seed * 2); print(seed * 2)"),
]
nbformat.write(nbformat.v4.new_notebook(cells=cells), "train.ipynb")
sweep = madang.sweep("train.ipynb", {{"seed": range({RUNS})}}, limit="5m", max_parallel=2)
sweep.wait(600, progress=False).check()
frame = sweep.to_frame()
print(len(frame), int(frame["double"].sum()))
"""


class Step:
    """Says how long each part took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, title: str) -> None:
        now = time.monotonic()
        print(f"{now - self._began:7.1f} s  {title}", flush=True)
        self._began = now


@pytest.fixture(scope="module")
def installed(node_cluster, tmp_path_factory):
    made = Installed(node_cluster, tmp_path_factory.mktemp("values"))
    made.prepare()
    clear(made)
    return made


def status_of(url: str) -> int:
    """Return what a page answers."""
    return httpx.get(url, timeout=10).status_code


async def test_from_install_to_uninstall(installed):
    step = Step()
    await asyncio.to_thread(installed.put, "install")
    await until(
        lambda: asyncio.to_thread(status_of, f"{URL}/services/madang/healthz"), (200).__eq__
    )
    step("helm install, all pods and pages answer")
    ada, chan = Person(installed, "ada", "vision-lab"), Person(installed, "chan", "language-lab")
    lease = await ada.start("gpu-2")
    assert (lease["state"], lease["devices"]) == ("active", 2)
    step("ada logs in, has a notebook with 2 GPUs and a kernel")
    printed = await ada.kernel.execute(
        "import os; x = 41; print(os.environ['MADANG_SIMULATED_GPUS'], os.getuid())"
    )
    assert printed.split()[1] == "1000", printed
    assert len(printed.split()[0].split(",")) == 2, printed
    await check_cluster(installed, ada, chan, step)
    printed = await ada.kernel.execute(SWEEP_CELL)
    assert printed.split()[-2:] == [str(RUNS), str(sum(2 * n for n in range(RUNS)))], printed
    step(f"ada's sweep of {RUNS} runs")
    await check_upgrade(installed, ada, step)
    await check_bill(ada, chan)
    for person in (ada, chan):
        await person.kernel.leave()
        await person.visitor.close()
    step("both stop; the statement adds up")
    await check_uninstall(installed, ada)
    step("helm uninstall leaves volumes")


async def check_cluster(installed, ada, chan, step):
    """Ada's cluster computes, shows its dashboard to her, and lets nobody else in."""
    printed = await ada.kernel.execute(CLUSTER_CELL)
    assert printed.split()[0] == "499500", printed
    address = urlsplit(printed.split()[1])
    assert address.scheme == "tls"
    step("ada's Dask cluster of 2 workers computes")
    [cluster] = await ada.visitor.api("GET", "clusters")
    free = await free_devices(ada)
    assert free == DEVICES - 4, free
    page = await ada.visitor.http.get(f"/services/madang/clusters/{cluster['id']}/dashboard")
    assert page.status_code == 200, page.text[:500]
    assert page.url.host == "dash.madang.test"
    assert "Dask" in page.text
    step("its dashboard opens on an origin of its own")
    lease = await chan.start("cpu")
    assert lease["devices"] == 0
    knock = KNOCK_CELL.format(host=address.hostname, port=address.port)
    printed = await chan.kernel.execute(knock)
    assert printed.startswith("closed"), printed
    refused_by_tls(installed, address.port)
    step("chan's pod does not reach it, and who has no key is refused")
    await ada.kernel.execute("client.close(); cluster.close()")
    await until(lambda: free_devices(ada), lambda free: free == DEVICES - 2, timeout_s=90)
    step("closed: its devices are free again")


def refused_by_tls(installed, port):
    """Knock without a key from the node itself, which no policy keeps out."""
    [pod] = installed.pods(kind="cluster", role="scheduler")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection((pod["status"]["podIP"], port), 10)
    with plain, pytest.raises((ssl.SSLError, ConnectionError)):
        say_something(context, plain)


def say_something(context, plain):
    with context.wrap_socket(plain) as secured:
        # In TLS 1.3 the server says no after the client thinks that it is in.
        if not secured.recv(1):
            raise ConnectionError("it hung up")


async def check_upgrade(installed, ada, step):
    """An upgrade and a rollback are not noticed by a kernel, nor by its open connection."""
    before = installed.names("pods", PEOPLE)
    hub = {"config": {"JupyterHub": {"shutdown_on_logout": False}}}
    changes = {"hub": {**VALUES["hub"], **hub}}
    changes["service"] = {**VALUES["service"], "environmentSecret": ""}
    changes["policy"] = {**VALUES["policy"], "stop_grace": "6s"}
    for said, change in (
        ("helm upgrade", lambda: installed.put("upgrade", changes)),
        ("helm rollback", lambda: installed.helm("rollback", RELEASE, "1", "--wait")),
    ):
        await asyncio.to_thread(change)
        printed = await ada.kernel.execute("x += 1; print(x)")
        assert int(printed) in (42, 43), printed
        lease = await until(lambda: quietly(ada.visitor.notebook_lease), bool, timeout_s=60)
        assert lease["state"] == "active", lease
        assert before <= installed.names("pods", PEOPLE)
        step(f"{said}; ada's kernel answers on the same connection")
    assert int(await ada.kernel.execute("print(x)")) == 43


async def check_bill(ada, chan):
    """What was held is charged, to the millisecond, once."""
    for person in (ada, chan):
        await person.visitor.stop_server()
        await until(person.visitor.notebook_lease, lambda found: not found, timeout_s=60)

    async def unfinished() -> list[Any]:
        leases = await ada.visitor.api("GET", "leases") + await chan.visitor.api("GET", "leases")
        return [lease for lease in leases if lease["state"] != "ended"]

    await until(unfinished, lambda leases: not leases, timeout_s=120)
    for person in (ada, chan):
        leases = await person.visitor.api("GET", "leases")
        mine = [lease for lease in leases if lease["project"] == person.project]
        held = {
            lease["id"]: lease["devices"] * (lease["ended_ms"] - lease["started_ms"])
            for lease in mine
            if lease["started_ms"] is not None
        }
        usage = await person.visitor.api("GET", "usage", params={"project": person.project})
        [project] = usage["projects"]
        assert project["held_device_ms"] == sum(held.values()), (project, held)
        assert project["reserved"] == 0, project
        rates = {lease["id"]: lease["rate_microcredits"] for lease in mine}
        cost = sum(cost_microcredits(ms, rates[name]) for name, ms in held.items())
        assert project["used"] == cost, (project["used"], cost)
    verified = await ada.visitor.api("GET", "ledger/verify")
    assert verified["ok"], verified


async def check_uninstall(installed, ada):
    """Volumes stay, and nothing else of the release."""

    def running() -> list[Any]:
        # What has ended is kept for those who ask for its log.
        return [p for p in installed.pods() if p["status"]["phase"] in ("Pending", "Running")]

    await until(lambda: asyncio.to_thread(running), lambda pods: not pods, timeout_s=120)
    volumes = {name: installed.names("pvc", name) for name in (PLATFORM, PEOPLE)}
    assert len(volumes[PLATFORM]) == 3, volumes
    assert len(volumes[PEOPLE]) == 2, volumes
    await asyncio.to_thread(installed.helm, "uninstall", RELEASE, "--wait")
    assert {name: installed.names("pvc", name) for name in (PLATFORM, PEOPLE)} == volumes
    kinds = (
        "deployments,statefulsets,daemonsets,jobs,pods,services,networkpolicies,roles,rolebindings"
    )
    left = json.loads(installed.kubectl("-n", PLATFORM, "get", kinds, "-o", "json"))["items"]
    assert [(one["kind"], one["metadata"]["name"]) for one in left] == []
    whole = "clusterroles,clusterrolebindings,clusterqueues,cohorts,resourceflavors"
    for item in json.loads(installed.kubectl("get", whole, "-o", "json"))["items"]:
        assert "madang" not in item["metadata"]["name"], item["metadata"]
