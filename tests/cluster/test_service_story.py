"""A sweep through the whole service on a cluster: Kueue admits, Jobs run, the bill adds up."""

import asyncio
import json
import os
import sys

import nbformat
import pytest
from story_house import PERSON, Service, people, until

from madang.engines.kubernetes import workloads

pytestmark = pytest.mark.timeout(240)
RUNS = 20


@pytest.fixture
def pods(monkeypatch):
    monkeypatch.setenv("MADANG_POD_IMAGE", "example.org/user:1")


async def madang(url, *words, home):
    """Run the command line as a person; return what it printed."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "MADANG_URL": url}
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "madang.cli.main", *words),
        env=env | {"MADANG_TOKEN": f"tok-{PERSON}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await made.communicate()
    assert made.returncode == 0, (words, out.decode(), err.decode())
    return json.loads(out) if "--json" in words else out.decode()


def notebook(path):
    cells = [
        nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            "import os\nprint(seed * 2, os.environ['MADANG_SIMULATED_GPUS'])"
        ),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def sweep_of(url, path, home):
    """Submit a sweep and watch it to its end."""
    return madang(
        url,
        *("sweep", str(path), "--grid", f"seed=0..{RUNS - 1}", "--project", "vision"),
        *("--flavor", "sim-h200", "--limit", "5m", "--max-parallel", "2", "--watch", "--json"),
        home=home,
    )


async def all_given_back(cluster, name):
    """Wait until slots have given their devices back and no Workload is left."""
    path = workloads.workloads(name)
    await until(lambda: cluster.plane.ask(path)["items"] == [], 90)


async def check_bill(url, home, kubelet):
    """What the slots held is charged once, to the second, and nothing is reserved any more."""
    usage = await madang(url, "usage", "--json", home=home)
    verified = await madang(url, "ledger", "verify", "--json", home=home)
    assert verified["ok"], verified
    [project] = usage["projects"]
    assert project["reserved"] == project["overrun"] == 0
    held_ms = sum(ended - begun for begun, ended in kubelet.spans_ms())
    # A pod tells its start and end in whole seconds.
    assert project["held_device_ms"] == pytest.approx(held_ms, abs=1_000 * len(kubelet.processes))
    assert project["microcredits"] == pytest.approx(project["held_device_ms"] / 3.6, abs=2)
    # Nobody measures simulated devices of a cluster; that is told as unknown, never as idle.
    assert project["unmetered_device_ms"] == project["held_device_ms"]


async def test_a_sweep_runs_in_jobs_that_kueue_admitted(cluster, tmp_path, pods):
    name = cluster.name("story")
    async with people(cluster, name, tmp_path) as kubelet:
        service = Service(tmp_path / "house", cluster, name)
        await service.start()
        try:
            path = notebook(tmp_path / "train.ipynb")
            sweep = await sweep_of(service.url, path, tmp_path)
            assert sweep["counts"]["succeeded"] == RUNS, sweep
            # Two slots of one device each ran all of them, one pod for each slot.
            assert len(kubelet.processes) == 2
            await all_given_back(cluster, name)
            await check_bill(service.url, tmp_path, kubelet)
        finally:
            await service.stop()


async def test_a_service_that_ends_under_a_sweep_finds_it_again(cluster, tmp_path, pods):
    name = cluster.name("break")
    async with people(cluster, name, tmp_path) as kubelet:
        service = Service(tmp_path / "house", cluster, name)
        await service.start()
        try:
            path = notebook(tmp_path / "train.ipynb")
            watching = asyncio.create_task(sweep_of(service.url, path, tmp_path))
            await until(lambda: kubelet.processes, 90)
            await service.stop()
            service = Service(tmp_path / "house", cluster, name, service.port)
            await service.start()
            sweep = await watching
            assert sweep["counts"]["succeeded"] == RUNS, sweep
            await all_given_back(cluster, name)
            names = [name.rsplit("-", 1)[0] for name in kubelet.processes]
            assert len(names) == len({*names}), f"a Job started twice: {names}"
            await check_bill(service.url, tmp_path, kubelet)
        finally:
            await service.stop()
