"""Two replicas of the service on a cluster: no Workload and no Job twice, whoever leads.

The leader is stopped in the middle of a sweep and goes on after the other one has taken over. Kueue
and API server are real; a node is played, as in the story.
"""

import asyncio
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from story_house import POLICY, RESOURCE, people, until

from madang.client import MadangClient
from madang.engines.kubernetes import workloads

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from replica_work import Work
from replicas import TOKEN, Replicas

from madang.api.standby import EXIT_LOST

pytestmark = pytest.mark.timeout(1200)
NAME = "replicas"


@asynccontextmanager
async def replicas(cluster, folder):
    """Start both; they have ended before their namespace goes, or they would make queues anew."""
    policy = POLICY.format(name=NAME, resource=RESOURCE)
    made = Replicas(folder, policy, engine="kubernetes", kubeconfig=cluster.kubeconfig)
    try:
        await asyncio.to_thread(made.up)
        yield made
    finally:
        await asyncio.to_thread(made.down)


def jobs_of(cluster):
    """Return name and uid of each Job; one that was made twice has two uids."""
    jobs = cluster.plane.ask(f"/apis/batch/v1/namespaces/{NAME}/jobs")["items"]
    return {(one["metadata"]["name"], one["metadata"]["uid"]) for one in jobs}


async def watch(cluster, jobs):
    """Note every Job that there ever is."""
    while True:
        jobs |= await asyncio.to_thread(jobs_of, cluster)
        await asyncio.sleep(0.2)


async def test_no_job_is_made_twice_whoever_leads(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("MADANG_POD_IMAGE", "example.org/user:1")
    jobs = set()
    async with people(cluster, NAME, tmp_path) as kubelet, replicas(cluster, tmp_path) as house:
        watching = asyncio.create_task(watch(cluster, jobs))
        with MadangClient(house.url, TOKEN, person="bora") as bora:
            size = {"project": "vision", "flavor": "sim-h200"}
            work = await asyncio.to_thread(Work, tmp_path / "work", bora, 4, **size)
            await asyncio.to_thread(stop_and_resume, house, work)
            await asyncio.to_thread(work.finish)
            await until(lambda: cluster.plane.ask(workloads.workloads(NAME))["items"] == [], 120)
            assert (await asyncio.to_thread(bora.get, "ledger/verify"))["ok"]
            [usage] = (await asyncio.to_thread(bora.get, "usage"))["projects"]
        watching.cancel()
        assert jobs
        assert max(Counter(name for name, _ in jobs).values()) == 1, jobs
        names = [name.rsplit("-", 1)[0] for name in kubelet.processes]
        assert len(names) == len({*names}), f"a Job ran twice: {names}"
        held_ms = sum(ended - begun for begun, ended in kubelet.spans_ms())
        assert usage["held_device_ms"] == pytest.approx(held_ms, abs=1_000 * len(names))
        assert usage["reserved"] == usage["overrun"] == 0


def stop_and_resume(house, work):
    leader, other = house.settled()
    leader.tell(signal.SIGSTOP)
    (work.folder / f"{work.begun()[work.done]}.go").touch()
    work.done += 1
    work.begins(2 + work.done)
    assert other.leads
    leader.tell(signal.SIGCONT)
    assert leader.ended() == EXIT_LOST
