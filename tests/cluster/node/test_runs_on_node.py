"""Runs on a real node: told while they go, short of memory, taken away in every way there is."""

import asyncio
import base64
import re
import time
from pathlib import Path

import pytest
from installed import PEOPLE, PRODUCT, Installed
from runs_house import GATE, KEY, SECRET, SPEND, VOLUMES, Runs, install, said, storage
from second_node import SecondNode

from images import archives
from madang.stack.demo.look import until

pytestmark = pytest.mark.timeout(600)
GIB = 1024**3


@pytest.fixture(scope="module")
def released(node_cluster, tmp_path_factory):
    """Install a release for the tests of this module, and take away all of it."""
    s3 = storage()
    made = Installed(node_cluster, tmp_path_factory.mktemp("values"))
    made.prepare()
    install(made, s3)
    yield made, s3
    made.remove()
    s3.stop()


@pytest.fixture
async def ada(released):
    made = Runs(released[0])
    await made.visitor.log_in()
    yield made
    await made.visitor.close()


async def test_a_run_is_told_while_it_goes_and_no_key_of_the_storage_is_in_a_pod(ada, released):
    _, s3 = released
    show = "import os; print('keys', sorted(n for n in os.environ if n.startswith('AWS')))"
    limit = "print(open('/sys/fs/cgroup/memory/memory.limit_in_bytes').read())"
    run = await ada.submit(f"print('epoch 1'); {limit}", GATE, show)
    view = await ada.until(run, lambda view: view["cells_done"] == 1)
    assert (view["state"], view["cells_total"]) == ("running", 3)
    log = await until(lambda: ada.log(run), lambda log: "epoch 1" in log)
    # The node enforces what the pod was given.
    assert str(GIB) in log
    partly = await until(lambda: ada.get(run), lambda view: view["has_output"])
    assert partly["state"] == "running"
    assert "epoch 1" in said(await ada.output(run))
    written = ada.everything()
    assert partly["lease"] in written
    for secret in (KEY, SECRET):
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert form not in written
    ada.open_gate(run)
    assert (await ada.ended(run))["state"] == "succeeded"
    assert "keys []" in said(await ada.output(run))
    # All of it lies in the storage: the service has no volume.
    assert len(s3.files().glob("artifacts/madang/*/*")) >= 3
    claims = released[0].names("pvc", "madang")
    assert not any("service" in name for name in claims), claims


async def test_a_kernel_that_is_ended_for_want_of_memory_leaves_its_slot(ada):
    short = await ada.submit("print('before')", SPEND)
    view = await ada.ended(short)
    assert (view["state"], view["reason"], view["attempt"]) == ("failed", "out_of_memory", 1)
    assert view["error"]["cell"] == 2
    assert "1.0 GiB" in view["error"]["value"]
    assert "before" in said(await ada.output(short))
    after = await ada.submit("print('after')")
    again = await ada.ended(after)
    assert (again["state"], again["lease"]) == ("succeeded", view["lease"])
    lease = await ada.lease_ended(view["lease"])
    assert lease["reason"] == "completed"


async def test_a_slot_that_is_ended_for_want_of_memory_says_so_with_its_limit(ada):
    run = await ada.submit("print('before')", GATE, SPEND)
    view = await ada.until(run, lambda view: view["cells_done"] == 1 and view["has_output"])
    [pod] = ada.pods(view)
    # On cgroup v2 the whole container goes at once; on v1 somebody has to be first.
    offer(worker_pid(pod["metadata"]["uid"]))
    ada.open_gate(run)
    view = await ada.ended(run)
    assert (view["state"], view["reason"], view["attempt"]) == ("failed", "out_of_memory", 1)
    assert "1.0 GiB" in view["error"]["value"]
    lease = await ada.lease_ended(view["lease"])
    assert lease["reason"] == "out_of_memory"
    assert "1 GiB" in lease["reason_text"]
    assert "before" in said(await ada.output(run))
    assert "before" in await ada.log(run)
    [pod] = ada.pods(view)
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "OOMKilled"
    # The next one would end the same way: nothing was tried again.
    leases = await ada.visitor.api("GET", "leases", params={"kind": "slot"})
    assert all(one["state"] == "ended" for one in leases), leases


def offer(pid: int) -> None:
    """Let a process be the first that the kernel ends for want of memory."""
    Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def worker_pid(uid: str) -> int:
    """Return the first process of a pod's container, as this namespace sees it."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            group, argv = (folder / "cgroup").read_text(), (folder / "cmdline").read_bytes()
            if uid in group and b"madang.runner.slot" in argv:
                return int(folder.name)
    raise AssertionError(f"no process of pod {uid}")


async def test_evicted_again_and_again_a_run_goes_on_from_its_last_good_cell(ada):
    """More often than a run may be lost: preempted is not failed."""
    times = 4
    cells = ["import os; first = os.environ['MADANG_ATTEMPT']; print('began in', first)"]
    cells += ["import time; time.sleep(1.5)", GATE, "print(first, os.environ['MADANG_ATTEMPT'])"]
    run = await ada.submit(*cells, checkpoint_after_s=1)
    leases = []
    for attempt in range(1, times + 1):
        view = await ada.until(run, at_gate(attempt), 90)
        leases.append(view["lease"])
        [pod] = ada.pods(view)
        ada.evict(pod)
        after = await ada.until(run, has_left(attempt))
        # Saved on the way out: what was stopped in the middle is a notebook all the same.
        assert "began in 1" in said(await ada.output(run)), after
    view = await ada.until(run, at_gate(times + 1), 90)
    assert view["resumed_after"] == 2
    ada.open_gate(run)
    view = await ada.ended(run)
    assert (view["state"], view["attempt"]) == ("succeeded", times + 1)
    printed = said(await ada.output(run))
    assert printed.count("began in 1") == 1
    assert f"1 {times + 1}" in printed
    for lease in leases:
        ended = await ada.lease_ended(lease)
        assert ended["reason"] == "lost", ended
        # Charged up to its end, and paid back by an entry that everybody sees.
        assert ended["held_device_ms"] == ended["ended_ms"] - ended["started_ms"]
        assert ended["charged_microcredits"] == 0
    verified = await ada.visitor.api("GET", "ledger/verify")
    assert verified["ok"], verified


def has_left(attempt: int):
    """Tell when a run is not in an attempt any more."""
    return lambda view: view["state"] == "queued" or view["attempt"] > attempt


def at_gate(attempt: int):
    """Tell when an attempt has all behind it that is before the gate, and has saved it."""

    def fits(view) -> bool:
        is_here = (view["state"], view["attempt"]) == ("running", attempt)
        return is_here and view["cells_done"] == 2 and view["kept_cell"] == 2

    return fits


@pytest.mark.parametrize("kind", ["pod", "job"])
async def test_what_an_administrator_deletes_is_charged_and_tried_again(ada, kind):
    run = await ada.submit("print('here')", GATE)
    view = await ada.until(run, lambda view: view["cells_done"] == 1)
    [pod] = ada.pods(view)
    name = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
    what = ("pod", pod["metadata"]["name"]) if kind == "pod" else ("job", name)
    ada.installed.kubectl("-n", PEOPLE, "delete", *what, "--wait=false")
    lease = await ada.lease_ended(view["lease"])
    assert lease["reason"] == "completed", lease
    assert lease["charged_microcredits"] > 0
    again = await ada.until(run, lambda view: view["attempt"] == 2 and view["cells_done"] == 1)
    assert again["lease"] != view["lease"]
    assert len(ada.living_pods()) == 1
    await ada.visitor.api("DELETE", f"runs/{run}")
    ended = await ada.ended(run)
    assert (ended["state"], ended["reason"]) == ("cancelled", "cancelled")


async def test_an_image_that_is_away_is_told_costs_nothing_and_comes_late(ada, node_cluster):
    await until(lambda: asyncio.to_thread(ada.living_pods), lambda pods: not pods)
    runtime = node_cluster.node.runtime
    [image] = [name for name in runtime.image_names() if "/user:" in name]
    runtime.remove_image(image)
    try:
        given_up = await ada.submit("print('never')")
        view = await ada.until(given_up, lambda view: view["waits_for"])
        assert (view["state"], view["waits_for"]["code"]) == ("queued", "image_away")
        assert "image" in view["waits_for"]["text"]
        page = await ada.visitor.page(f"runs/{given_up}")
        assert view["waits_for"]["text"] in re.sub(r"&#39;", "'", page)
        await ada.visitor.api("DELETE", f"runs/{given_up}")
        assert (await ada.ended(given_up))["state"] == "cancelled"
        lease = await ada.lease_ended(view["lease"])
        assert (lease["charged_microcredits"], lease["held_device_ms"]) == (0, 0)
        assert not ada.living_pods()
        waiting = await ada.submit("print('at last')")
        view = await ada.until(waiting, lambda view: view["waits_for"])
    finally:
        await asyncio.to_thread(node_cluster.import_image, archives()["user"])
    ended = await ada.ended(waiting, 90)
    assert (ended["state"], ended["lease"]) == ("succeeded", view["lease"])
    lease = await ada.lease(view["lease"])
    # What was waited for the image is nobody's cost.
    assert lease["started_ms"] - lease["admitted_ms"] > 1000
    assert (
        lease["held_device_ms"]
        <= (await ada.lease_ended(view["lease"]))["ended_ms"] - lease["started_ms"]
    )


@pytest.fixture
def second(node_cluster):
    """Start another node, alone in taking pods, and controllers that are soon sure of a loss."""
    made = SecondNode(node_cluster.plane, [archives()["user"]])
    made.start()
    made.set_devices(2, PRODUCT)
    controllers = node_cluster.plane.programs["kube-controller-manager"]
    controllers.restart("--node-monitor-grace-period=16s", "--node-monitor-period=1s")
    node_cluster.node.cordon(True)
    yield made
    node_cluster.node.cordon(False)
    made.lose()
    made.remove()
    controllers.restart()


async def test_a_lost_node_starts_nothing_twice_and_its_run_goes_on_elsewhere(
    ada, second, node_cluster
):
    counted = "import os; print('began in', os.environ['MADANG_ATTEMPT'])"
    run = await ada.submit(
        counted, "import time; time.sleep(1.5)", GATE, "print('end')", checkpoint_after_s=1
    )
    view = await ada.until(run, at_gate(1), 90)
    [pod] = ada.pods(view)
    assert pod["spec"]["nodeName"] == second.name
    await asyncio.to_thread(node_cluster.node.cordon, False)
    began = time.monotonic()
    second.silence()
    view = await ada.until(run, lambda view: view["waits_for"], 120)
    print(f"told after {time.monotonic() - began:.0f} s")
    assert view["waits_for"]["code"] == "machine_silent"
    # It may live, and it does: it still reports, and nothing is started beside it.
    assert (view["state"], view["attempt"]) == ("running", 1)
    assert [one["metadata"]["name"] for one in ada.living_pods()] == [pod["metadata"]["name"]]
    second.lose()
    second.remove()
    # Only what this attempt says of itself.
    view = await ada.until(run, lambda v: at_gate(2)(v) and v["resumed_after"], 150)
    print(f"goes on after {time.monotonic() - began:.0f} s")
    assert (view["resumed_after"], view["waits_for"]) == (2, None)
    [again] = ada.pods(view)
    assert again["spec"]["nodeName"] == node_cluster.node.name
    ada.open_gate(run)
    view = await ada.ended(run)
    assert (view["state"], view["attempt"]) == ("succeeded", 2)
    assert "began in 1" in said(await ada.output(run))
    leases = await ada.visitor.api("GET", "leases", params={"kind": "slot"})
    lost = next(one for one in leases if one["reason"] == "lost")
    assert lost["charged_microcredits"] == 0
    verified = await ada.visitor.api("GET", "ledger/verify")
    assert verified["ok"], verified


def test_checkpoints_lie_apart(ada):
    """One folder for each person on the shared volume; a slot sees its own alone."""
    [volume] = VOLUMES.glob("*checkpoints*")
    assert [folder.name.split("-")[0] for folder in volume.iterdir()] == ["person"]
