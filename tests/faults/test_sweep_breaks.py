"""What breaks under a sweep costs the running cells, and nothing else.

One installation lives through all tests of this file, in their order: two runs of one sweep at a
time, of which each stands in its third cell until the test lets it go on.
"""

import contextlib
import os
import signal
import time
from collections import Counter

import nbformat
import pytest
from audit import Rows, audit
from campaign import left_of
from faults import Hit
from installation import Installation
from processes import look
from promises import Promises

from madang.client import MadangClient, run, sweep
from madang.settings.config import SERVICE_PREFIX
from madang.stack.secret import load_secrets
from madang.stack.state import State

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

POLICY = """
stop_grace: 4s
rates: {sim-h200: 1}
tiers: {research: {max_devices_person: 4, max_hours: 8}}
projects:
  vision-lab: {tier: research, grant: 500, members: {ada: owner}}
  language-lab: {tier: research, grant: 500, quota: {sim-h200: 1}, members: {chan: owner}}
"""
RUNS = 10
# The second cell takes as long as the notebook wants between two saves.
CELLS = (
    "import os, time\nfrom pathlib import Path\n"
    "Path(folder, f'{seed}.pid').write_text(str(os.getpid()))\n"
    "def mark(n):\n    with open(f'{folder}/{seed}.marks', 'a') as file: file.write(f'{n}\\n')\n"
    "mark(1)\ntotal = [seed]",
    "mark(2)\ntime.sleep(1.2)\ntotal.append(2)\nprint('two')",
    "mark(3)\nwhile not Path(folder, f'{seed}.go').exists(): time.sleep(0.05)\ntotal.append(3)",
    "mark(4)\nprint('TOTAL', total)",
)
ONCE = ["1", "2", "3", "4"]
THIRD_TWICE = ["1", "2", "3", "3", "4"]


class World:
    """The installation, one sweep in it, and what its cells left on the disk."""

    def __init__(self, root):
        self.folder = root / "marks"
        self.folder.mkdir()
        self.house = Installation(root, devices=2, policy=POLICY)
        self.hits = []
        self.open_until_down = contextlib.ExitStack()

    def open(self):
        self.house.up()
        self.ada, self.chan = (self.person(name) for name in ("ada", "chan"))
        path = self.folder / "long.ipynb"
        cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
        given = nbformat.v4.new_code_cell("seed = 0\nfolder = ''")
        given.metadata["tags"] = ["parameters"]
        made = nbformat.v4.new_notebook(cells=[given, *cells])
        made.metadata["madang"] = {"checkpoint": 1}
        path.write_text(nbformat.writes(made))
        fixed = {"folder": str(self.folder)}
        grid = {"seed": range(RUNS)}
        self.job = sweep(path, grid, parameters=fixed, devices=1, max_parallel=2, **self.lab())

    def lab(self):
        return {"project": "vision-lab", "limit": "10m", "client": self.ada}

    def person(self, name):
        state = State.load(self.house.home)
        url = f"http://127.0.0.1:{state.ports['service']}{SERVICE_PREFIX}"
        token = load_secrets(self.house.home).service_token
        return self.open_until_down.enter_context(MadangClient(url, token, person=name))

    def marks(self, seed):
        path = self.folder / f"{seed}.marks"
        return path.read_text().split() if path.exists() else []

    def go(self, *seeds):
        for seed in seeds:
            (self.folder / f"{seed}.go").touch()

    def row(self, seed):
        return next(row for row in self.job.rows() if row["parameters"]["seed"] == seed)

    def slot(self, seed):
        """Return the lease that a run executes in, when it has one, as the service says it."""
        return self.ada.get(f"leases/{self.run(seed)['lease']}")

    def run(self, seed):
        return self.ada.get(f"runs/{self.row(seed)['id']}")

    def until_in_third_cell(self, *seeds):
        for seed in seeds:
            until(lambda seed=seed: self.marks(seed)[-1:] == ["3"], f"{seed} in its third cell")

    def until_succeeded(self, *seeds):
        for seed in seeds:
            until(lambda seed=seed: self.row(seed)["state"] == "succeeded", f"{seed} succeeded")

    def worker(self, lease):
        """Return the process of a slot, and the warm process below it."""
        mine = [seen for seen in look(self.house.home) if seen.lease == lease["id"]]
        (worker,) = (seen for seen in mine if seen.is_a("madang.runner.slot"))
        warm = [s for s in mine if s.is_a("runner.forked.nursery") and s.parent == worker.pid]
        return worker, *warm

    def output(self, seed):
        """Return the executed notebook of a run, once nbformat finds it valid."""
        data = self.ada.request("GET", f"runs/{self.row(seed)['id']}/output").content
        found = nbformat.reads(data.decode(), as_version=4)
        nbformat.validate(found)
        return found

    def check_went_on(self, seed, attempts=2):
        """The cells before the last good one were not executed again, and nothing differs."""
        found = self.output(seed)
        assert self.marks(seed) == THIRD_TWICE
        # The declared parameters and the given ones, and two cells of the notebook.
        resumed = [bool(cell.metadata.get("madang")) for cell in found.cells]
        assert resumed == [True] * 4 + [False] * 2
        assert self.run(seed)["attempt"] == attempts
        told = found.metadata["madang"]["provenance"]
        assert told["resumed"]["after_cell"] == 3
        assert found.cells[3].outputs[0].text == "two\n"
        assert found.cells[5].outputs[0].text == f"TOTAL [{seed}, 2, 3]\n"


def until(condition, what, limit_s=90):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("breaks"))
    try:
        made.open()
        yield made
    finally:
        made.open_until_down.close()
        made.house.down()


def test_a_killed_slot_loses_the_running_cell_alone(world):
    world.until_in_third_cell(0, 1)
    lease = world.slot(0)
    worker, _ = world.worker(lease)
    at_ms = time.time_ns() // 1_000_000
    os.kill(worker.pid, signal.SIGKILL)
    world.hits.append(Hit(0, "slot", at_ms, at_ms, lease["id"], lease["attempt"]))
    until(lambda: world.marks(0) == [*ONCE[:3], "3"], "the run goes on")
    assert world.slot(0)["id"] != lease["id"]
    world.go(0)
    world.until_succeeded(0)
    world.check_went_on(0)


def test_a_killed_warm_parent_loses_the_running_cell_alone(world):
    lease = world.slot(1)
    _, warm = world.worker(lease)
    os.kill(warm.pid, signal.SIGKILL)
    until(lambda: world.marks(1) == [*ONCE[:3], "3"], "the run goes on")
    world.go(1)
    world.until_succeeded(1)
    world.check_went_on(1)


def test_a_killed_service_loses_nothing(world):
    world.until_in_third_cell(2, 3)
    part = world.house.part("service")
    os.kill(part.pid, signal.SIGKILL)
    world.go(2)
    until(lambda: world.marks(2) == ONCE, "the run goes on without the service")
    until(lambda: not world.house.unwell(), "the service is back")
    world.go(3)
    world.until_succeeded(2, 3)
    for seed in (2, 3):
        assert world.marks(seed) == ONCE
        assert world.run(seed)["attempt"] == 1


def test_a_slot_that_is_asked_back_for_others_loses_the_running_cell_alone(world):
    world.until_in_third_cell(4, 5)
    path = world.folder / "short.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    lab = {"project": "language-lab", "devices": 1, "limit": "1m", "client": world.chan}
    run(path, **lab).wait(90).check()
    world.go(4, 5)
    world.until_succeeded(4, 5)
    asked_back, other = sorted((4, 5), key=lambda seed: world.run(seed)["attempt"], reverse=True)
    world.check_went_on(asked_back)
    assert world.marks(other) == ONCE


def test_a_kernel_that_is_killed_fails_its_run_alone_and_a_retry_goes_on(world):
    world.until_in_third_cell(6, 7)
    os.kill(int((world.folder / "6.pid").read_text()), signal.SIGKILL)
    until(lambda: world.row(6)["state"] == "failed", "the run has failed")
    assert world.run(6)["reason"] == "kernel_died"
    assert world.output(6).cells[3].outputs[0].text == "two\n"
    world.go(6, 7)  # the slot of the killed one has taken the next run meanwhile
    world.job.retry()
    world.until_succeeded(6, 7)
    world.check_went_on(6, attempts=1)
    assert world.marks(7) == ONCE


def test_everything_at_once_and_the_sweep_ends_whole(world):
    world.until_in_third_cell(8, 9)
    lease = world.slot(8)
    at_ms = time.time_ns() // 1_000_000
    world.hits.append(Hit(1, "slot", at_ms, at_ms, lease["id"], lease["attempt"]))
    for pid in (world.worker(lease)[0].pid, world.house.part("service").pid):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not world.house.unwell(), "the service is back")
    until(lambda: world.marks(8) == [*ONCE[:3], "3"], "the run goes on")
    world.go(8, 9)
    world.job.wait(120, progress=False).check()
    world.check_went_on(8)
    assert world.job.status()["succeeded"] == RUNS


def test_it_was_paid_once_and_nothing_is_left(world):
    def leases():
        return world.ada.get("leases") + world.chan.get("leases")

    until(lambda: all(lease["state"] == "ended" for lease in leases()), "all leases ended")
    assert world.ada.get("ledger/verify")["ok"]
    records = world.house.records()
    world.house.down()
    rows = Rows(world.house.home.database_url)
    findings = audit(rows, Promises(), world.hits, records, {})
    assert [found for found in findings.all() if "kernel_died" not in found] == []
    assert [run["reason"] for run in rows.runs if str(run["state"]) == "failed"] == ["kernel_died"]
    # Slots overlap by two at the most, so that is what a moment may cost.
    assert max(Counter(_moments(rows)).values()) <= 2
    assert left_of(world.house.home) == []


def _moments(rows):
    """Yield each second of each charge."""
    for entry in rows.entries:
        if str(entry["kind"]) == "charge":
            yield from range(entry["from_ms"] // 1000 + 1, entry["to_ms"] // 1000)
